select
    rostered.agent_id,
    rostered.service_code,
    rostered.roster_date,
    rostered.shift_code,
    rostered.login_late_s::double precision as login_late_s,
    rostered.logout_early_s::double precision as logout_early_s,
    rostered.gap_s::double precision as gap_s,
    rostered.overtime_s::double precision as overtime_s,
    rostered.auto_closed,
    rostered.is_compliant,
    -- Login compliance rate
    (rostered.is_over and coalesce(rostered.is_compliant, false))::int::bigint
        as login_compliance_numerator,
    (rostered.is_over and rostered.status <> 'excused')::int::bigint
        as login_compliance_denominator,
    'login_compliance/1' as login_compliance_formula,
    -- Conformance
    rostered.logged_in_s::double precision as conformance_numerator,
    rostered.expected_s::double precision as conformance_denominator,
    {{ percent('rostered.logged_in_s', 'rostered.expected_s') }} as conformance_pct,
    'conformance/1' as conformance_formula,
    -- Clock
    {{ built_as_of() }} as as_of,
    rostered.is_provisional
from {{ ref('int_shift_attendance') }} as rostered
where rostered.kind = 'work'
