-- One row per delivered call of the research file. AGENT was answered; HANG left, in the queue if
-- it had reached it, else in the voice menu; PHANTOM is no call at all.
select
    'anonymous_bank' as feed,
    bank.date || '/' || bank.vru_line || '/' || bank.call_id as call_id,
    default_service.service_code,
    'inbound' as direction,
    {{ bank_instant('vru_entry') }} as arrived_at,
    case when bank.q_start <> '0:00:00' then {{ bank_instant('q_start') }} end as queued_at,
    case when lower(bank.outcome) = 'agent' then {{ bank_reached('ser_start') }} end as answered_at,
    -- The file's own waiting time: for two callers it differs by a second from q_exit - q_start
    case
        when lower(bank.outcome) = 'hang' and bank.q_start <> '0:00:00'
            then {{ bank_instant('q_start') }} + make_interval(secs => {{ number('bank.q_time') }})
        when lower(bank.outcome) = 'hang' then {{ bank_instant('vru_exit') }}
    end as left_at,
    case
        when lower(bank.outcome) = 'agent' then {{ bank_reached('ser_exit') }}
        else {{ bank_reached('q_exit') }}
    end as ended_at,
    null::text as source,
    nullif(bank.server, 'NO_SERVER') as external_agent_id,
    case lower(bank.outcome)
        when 'agent' then 'answered'
        when 'hang' then 'abandoned'
        else 'closed'
    end as outcome,
    case when lower(bank.outcome) = 'agent' then {{ number('bank.ser_time') }} end as talk_s,
    null::numeric as hold_s,
    null::numeric as acw_s,
    null::timestamptz as updated_at,
    -- Delivery
    ledger.arrived_at as delivered_at,
    ledger.file_name as delivered_file,
    bank._row as delivered_row,
    bank._load_id
from {{ source('raw', 'anonymous_bank') }} as bank
inner join {{ source('ops', 'file_ledger') }} as ledger on ledger.file_id = bank._file_id
cross join {{ ref('stg_anonymous_bank__service') }} as default_service
left join {{ source('raw', 'service') }} as service
    on service.service_code = default_service.service_code
