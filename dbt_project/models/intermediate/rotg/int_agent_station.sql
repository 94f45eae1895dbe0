-- One row per agent and station (source and outside id) at which the agent was ever seen. Most
-- agents have one, and need not be looked at for being at two at once.
{{
    config(
        meta={
            'touched': 'int_agent_station_arrived',
            'by': ['agent_id', 'source', 'external_id'],
        },
        indexes=[{'columns': ['agent_id', 'source', 'external_id'], 'unique': true}],
    )
}}

select * from {{ ref('int_agent_station_arrived') }}
