-- One row per outside id and agent for whom it stands or ever stood: when an alias moves, the agent
-- who loses it is judged anew as well.
{{
    config(
        meta={'touched': 'int_outside_id_arrived', 'by': ['external_id', 'agent_id']},
        indexes=[{'columns': ['external_id', 'agent_id'], 'unique': true}],
    )
}}

select * from {{ ref('int_outside_id_arrived') }}
