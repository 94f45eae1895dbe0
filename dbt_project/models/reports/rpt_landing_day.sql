with

arrived as (
    select
        ledger.feed,
        count(*) as files,
        count(*) filter (where ledger.outcome = 'repeated') as files_repeated,
        count(*) filter (where ledger.outcome = 'quarantined') as files_quarantined,
        sum(ledger.rows_read)::bigint as rows_read,
        sum(ledger.rows_quarantined)::bigint as rows_quarantined
    from {{ source('ops', 'file_ledger') }} as ledger
    where ledger.arrived_at > {{ built_as_of() }} - interval '1 day'
        and ledger.arrived_at <= {{ built_as_of() }}
    group by ledger.feed
),

waiting as (
    select
        quarantine.feed,
        count(*) as rows_waiting
    from {{ source('ops', 'quarantine') }} as quarantine
    where quarantine.released_at is null and quarantine.waits_for is not null
    group by quarantine.feed
)

select
    coalesce(arrived.feed, waiting.feed) as feed,
    coalesce(arrived.files, 0) as files,
    coalesce(arrived.files_repeated, 0) as files_repeated,
    coalesce(arrived.files_quarantined, 0) as files_quarantined,
    coalesce(arrived.rows_read, 0) as rows_read,
    coalesce(arrived.rows_quarantined, 0) as rows_quarantined,
    coalesce(waiting.rows_waiting, 0) as rows_waiting,
    -- Clock
    {{ built_as_of() }} as as_of,
    true as is_provisional
from arrived
full join waiting on waiting.feed = arrived.feed
