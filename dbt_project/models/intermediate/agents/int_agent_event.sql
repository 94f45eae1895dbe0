-- One row per agent event, in the version that was delivered last, under the agent it belongs to.
-- An event of an id that nobody has mapped yet waits here without an agent.
{{
    config(
        meta={'touched': 'int_agent_event_replaced', 'by': ['event_key']},
        indexes=[
            {'columns': ['event_key'], 'unique': true},
            {'columns': ['agent_id', 'occurred_at']},
            {'columns': ['external_id', 'occurred_at']},
            {'columns': ['occurred_at']},
        ],
        post_hook=(
            "create index if not exists int_agent_event_early on {{ this }} (occurred_at)"
            " where is_early"
        ),
    )
}}

select * from {{ ref('int_agent_event_replaced') }}
where not is_gone
