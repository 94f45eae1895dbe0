-- One row per line of a queue_log about an agent, under the person it belongs to.
{{
    config(
        meta={'touched': 'int_asterisk_line_replaced', 'by': ['line_key']},
        indexes=[
            {'columns': ['line_key'], 'unique': true},
            {'columns': ['person', 'occurred_at']},
            {'columns': ['external_id']},
            {'columns': ['occurred_at']},
        ],
    )
}}

select * from {{ ref('int_asterisk_line_replaced') }}
