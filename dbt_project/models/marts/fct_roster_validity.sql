with

services as (
    select * from {{ ref('int_service') }}
),

-- Distributed when the mail server has accepted the last of the mails to the team leaders. What
-- was refused and then written anew to who leads now is judged by the new mail.
distributions as (
    select
        mail.thread,
        case when bool_and(mail.state = 'sent') then max(mail.sent_at) end as distributed_at
    from {{ source('ops', 'outbox') }} as mail
    where mail.kind = 'roster_distribution' and mail.replaced_at is null
    group by mail.thread
),

versions as (
    select
        version.*,
        ledger.file_name,
        distributions.distributed_at,
        -- The day before the period starts, at the cut-off of the service
        (version.period_start - 1 + services.roster_cutoff) at time zone services.timezone
            as due_at
    from {{ source('ops', 'roster_version') }} as version
    inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = version.file_id
    left join services on services.service_code = version.service_code
    left join distributions on distributions.thread = 'roster-' || version.version_id
),

final as (
    select
        versions.service_code,
        versions.period_start,
        versions.period_end,
        versions.version,
        versions.received_at,
        versions.verdict,
        versions.errors,
        versions.warnings,
        versions.distributed_at,
        coalesce(
            versions.verdict = 'valid'
            and versions.received_at <= versions.due_at
            and versions.distributed_at <= versions.due_at,
            false
        ) as is_on_time,
        versions.due_at,
        versions.file_name,
        -- Clock
        {{ built_as_of() }} as as_of,
        versions.verdict <> 'valid' or versions.distributed_at is null as is_provisional
    from versions
)

select * from final
