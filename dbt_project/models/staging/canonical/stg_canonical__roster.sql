-- One row per row of a delivered roster, published or not. People write a shift as its code, its
-- name or its start, and exports write only from when to when; what means no shift, or several,
-- stays as it was delivered.
with

shifts as (
    select
        shift.shift_code,
        lower(btrim(shift.shift_code)) as code_word,
        lower(btrim(shift.shift_name)) as name_word,
        to_char(shift.start_time::time, 'HH24:MI') as start_word,
        to_char(shift.start_time::time, 'HH24:MI')
        || '-' || to_char(shift.end_time::time, 'HH24:MI') as span_word,
        lower(shift.kind) = 'work' as is_work
    from {{ source('raw', 'shift') }} as shift
),

words as (
    select shifts.shift_code, word.word, word.precedence
    from shifts
    cross join
        lateral (
            values
            (shifts.code_word, 1, true),
            (shifts.name_word, 2, true),
            (shifts.start_word, 3, shifts.is_work),
            (shifts.span_word, 3, shifts.is_work)
        ) as word (word, precedence, applies)
    where word.applies and word.word is not null
),

-- The strongest meaning of a word, if it is only one
meanings as (
    select word, min(shift_code) as shift_code
    from (
        select words.*, rank() over (partition by word order by precedence) as place
        from words
    ) as words
    where place = 1
    group by word
    having count(distinct shift_code) = 1
),

rosters as (
    select
        roster.*,
        service.timezone,
        {{ instant('roster.start_at', 'service.timezone') }} as starts_at,
        {{ instant('roster.end_at', 'service.timezone') }} as ends_at,
        substring(
            roster.shift_code from '^\s*''?([0-9]{1,2}[:.][0-9]{2})([:.]00)?\s*$'
        ) as start_time
    from {{ source('raw', 'roster') }} as roster
    inner join {{ source('raw', 'service') }} as service
        on service.service_code = roster.service_code
),

worded as (
    select
        rosters.*,
        case
            when rosters._layout in ('cxone', 'iex', 'genesys')
                then
                to_char(rosters.starts_at at time zone rosters.timezone, 'HH24:MI') || '-'
                || to_char(rosters.ends_at at time zone rosters.timezone, 'HH24:MI')
            when rosters.start_time is not null
                then lpad(replace(rosters.start_time, '.', ':'), 5, '0')
            else lower(btrim(rosters.shift_code))
        end as word
    from rosters
),

final as (
    select
        rosters._file_id as file_id,
        rosters._row as row_number,
        rosters._place as place,
        rosters.service_code,
        rosters.agent_id,
        rosters.roster_date::date as roster_date,
        coalesce(exact.shift_code, meanings.shift_code, rosters.shift_code) as shift_code,
        coalesce(lower(rosters.function), 'agent') as function,
        rosters.starts_at as start_at,
        rosters.ends_at as end_at,
        -- Its meaning hangs on what other shifts are called, not on one code alone
        exact.shift_code is null as is_worded
    from worded as rosters
    left join {{ source('raw', 'shift') }} as exact on exact.shift_code = rosters.shift_code
    left join meanings on meanings.word = rosters.word
)

select * from final
