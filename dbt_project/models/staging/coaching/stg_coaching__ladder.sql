-- One row per step of the ladder of coaching, as this version of the product knows it. A site
-- states its own by the feed coaching_ladder.
--
-- A step lapses so many days after it was issued, and is followed up before that. A warning letter
-- holds for six months unless company rules say otherwise (docs/coaching.md); six months are 181
-- days or more, so 180 never outlast them.
with

final (
    step_code,
    step_no,
    step_name,
    step_name_indonesian,
    lapses_after_days,
    follow_up_days
) as (
    values
    ('reminder', 1, 'Verbal reminder', 'Teguran lisan', 30, 7),
    ('coaching', 2, 'Coaching', 'Pembinaan', 90, 14),
    ('warning_1', 3, 'First warning letter', 'Surat Peringatan I', 180, 30),
    ('warning_2', 4, 'Second warning letter', 'Surat Peringatan II', 180, 30),
    ('warning_3', 5, 'Third warning letter', 'Surat Peringatan III', 180, 30)
)

select
    final.step_code,
    final.step_no::bigint as step_no,
    final.step_name,
    final.step_name_indonesian,
    final.lapses_after_days::bigint as lapses_after_days,
    final.follow_up_days::bigint as follow_up_days
from final
