"""The panel that every board begins with: a pipeline that stands still must not look like a quiet
floor."""

from __future__ import annotations

from grafana.source.panels import Tiles

AGE = """
select concat_ws(
    '|',
    case
        when now() - pipeline.as_of > pipeline.stale_after_s * interval '1 second' then 'behind'
        else 'met'
    end,
    to_char(pipeline.as_of at time zone service.timezone, 'DD/MM HH24:MI')
) as told
from marts.rpt_pipeline_now as pipeline
cross join (select min(timezone) as timezone from marts.dim_service) as service
"""


def age(width: int = 4, height: int = 4) -> Tiles:
    return Tiles(
        id=1,
        name="age",
        sql=AGE,
        width=width,
        height=height,
        states="age",
        is_titled=False,
    )
