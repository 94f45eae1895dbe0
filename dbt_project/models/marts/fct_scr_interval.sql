select
    voice.service_code,
    voice.channel,
    voice.interval_start,
    -- Outcomes of the calls offered in the interval
    voice.offered,
    voice.answered,
    voice.self_served,
    voice.abandoned,
    voice.short_abandoned,
    voice.left_in_menu,
    voice.blocked,
    voice.timed_out,
    voice.still_open,
    -- Success call rate
    voice.scr_numerator,
    voice.scr_denominator,
    {{ percent('voice.scr_numerator', 'voice.scr_denominator') }} as scr_pct,
    'scr/1' as scr_formula,
    -- Abandonment
    voice.abandon_numerator,
    voice.scr_denominator as abandon_denominator,
    {{ percent('voice.abandon_numerator', 'voice.scr_denominator') }} as abandon_pct,
    'abandon_rate/1' as abandon_formula,
    -- Service level
    voice.answered_in_threshold,
    voice.service_level_threshold_s::double precision as service_level_threshold_s,
    voice.service_level_numerator,
    voice.service_level_denominator,
    {{ percent('voice.service_level_numerator', 'voice.service_level_denominator') }}
        as service_level_pct,
    'service_level/' || voice.service_level_version as service_level_formula,
    -- Waiting
    voice.wait_s_sum,
    voice.wait_s_sum / nullif(voice.answered, 0) as asa_s,
    'asa/1' as asa_formula,
    -- Handling
    voice.handle_s_sum,
    voice.handled,
    voice.handle_s_sum / nullif(voice.handled, 0) as aht_s,
    'aht/1' as aht_formula,
    -- Clock
    {{ built_as_of() }} as as_of,
    voice.is_provisional
from {{ ref('int_voice_interval') }} as voice
