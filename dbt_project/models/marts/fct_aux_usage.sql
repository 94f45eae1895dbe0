select
    spent.agent_id,
    spent.service_code,
    spent.roster_date,
    spent.shift_code,
    case
        when aux_code.aux_code is null then 'UNMAPPED:' || spent.aux_code
        else spent.aux_code
    end as aux_code,
    -- Time in the code
    spent.aux_s::double precision as aux_s,
    spent.occurrences,
    spent.longest_s::double precision as longest_s,
    -- Against the allowance
    coalesce(aux_code.allowance_s, 0)::double precision as allowance_s,
    greatest(spent.aux_s - coalesce(aux_code.allowance_s, 0), 0)::double precision as excess_s,
    coalesce(spent.longest_s > aux_code.max_occurrence_s, false) as is_over_occurrence,
    'aux/1' as aux_formula,
    -- Clock
    {{ built_as_of() }} as as_of,
    spent.is_provisional
from {{ ref('int_shift_aux') }} as spent
left join {{ ref('stg_canonical__aux_code') }} as aux_code on aux_code.aux_code = spent.aux_code
