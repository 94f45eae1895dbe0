-- One row per rule of floor discipline (ROTG), as this version of the product knows it. A site
-- moves a threshold by the feed rotg_rule; a rule that comes to mean something else gets a new
-- version.
--
-- A violation is a measured value that is `comparator` the threshold. `limit_s` is what a rule
-- needs to know besides: a call is short when it talks for less, and was left to ring when it rang
-- for as long.
with

final (
    rule_code,
    rule_version,
    comparator,
    threshold,
    unit,
    limit_s,
    severity,
    rule_name,
    rule_name_indonesian
) as (
    values
    (
        'login_without_roster', 'rotg/1', '>', 900, 's', null, 'warning',
        'Logged in without a roster', 'Login tanpa jadwal roster'
    ),
    (
        'two_stations', 'rotg/1', '>', 60, 's', null, 'critical',
        'Logged in at two stations at once', 'Login di dua tempat sekaligus'
    ),
    -- On top of the limit of the AUX code
    (
        'aux_over_occurrence', 'rotg/1', '>', 0, 's', null, 'warning',
        'AUX longer than its limit for one occurrence', 'AUX melebihi batas satu kali pemakaian'
    ),
    (
        'aux_unmapped', 'rotg/1', '>', 0, 's', null, 'warning',
        'AUX code that nobody has defined', 'Kode AUX yang tidak terdaftar'
    ),
    (
        'short_calls_in_row', 'rotg/1', '>=', 3, 'calls', 10, 'critical',
        'Short calls in a row (call avoidance)',
        'Panggilan singkat berturut-turut (menghindari panggilan)'
    ),
    -- A telephone that is out of order leaves calls ringing as well
    (
        'ringing_unanswered', 'rotg/1', '>=', 3, 'rings', 5, 'warning',
        'Calls left ringing in a row', 'Panggilan berdering berturut-turut tanpa dijawab'
    ),
    (
        'acw_over_limit', 'rotg/1', '>', 180, 's', null, 'warning',
        'After-call work over its limit', 'After-call work melebihi batas'
    ),
    (
        'left_with_waiting', 'rotg/1', '>=', 1, 'conversations', null, 'warning',
        'Left the shift with work waiting', 'Meninggalkan shift saat pekerjaan masih menunggu'
    )
)

select
    final.rule_code,
    final.rule_version,
    final.comparator,
    final.threshold::numeric as threshold,
    final.unit,
    final.limit_s::numeric as limit_s,
    final.severity,
    final.rule_name,
    final.rule_name_indonesian
from final
