-- One row per service: those that the site describes, and the one of the research file.
{{ config(materialized='view') }}

with

described as (
    select * from {{ ref('stg_canonical__service') }}
),

undescribed as (
    select * from {{ ref('stg_anonymous_bank__service') }} as bank
    where exists (select from {{ source('raw', 'anonymous_bank') }})
        and not exists (
            select from described
            where described.service_code = bank.service_code
        )
),

final as (
    select
        described.service_code,
        described.service_name,
        described.client_name,
        described.timezone,
        described.short_abandon_s,
        described.counts_self_service,
        described.login_tolerance_s,
        described.logout_tolerance_s,
        described.no_show_after_s,
        described.opening_hours,
        coalesce(trim(described.opening_hours), '24/7') <> '24/7' as has_opening_hours,
        described.roster_cutoff,
        described._load_id
    from described
    union all
    select
        undescribed.service_code,
        undescribed.service_name,
        undescribed.client_name,
        undescribed.timezone,
        5,
        true,
        300,
        300,
        1800,
        null,
        false,
        time '17:00',
        0
    from undescribed
)

select * from final
