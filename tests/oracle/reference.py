"""The marts as the definitions want them, computed from a world of delivered files."""

from __future__ import annotations

from typing import Any

from .adherence import adherence_intervals
from .attendance import attendance
from .aux_usage import aux_usage
from .calls_in_row import calls_in_row
from .compliance import login_compliance
from .duty import duty
from .freshness import feed_freshness
from .histories import histories
from .nonvoice import response_time_intervals
from .quality import counted, defects
from .reference_data import read_reference_data
from .roster_evaluation import roster_evaluation
from .voice import scr_intervals
from .world import World

Mart = list[dict[str, Any]]


def marts(world: World) -> dict[str, Mart]:
    """Every mart the reference knows, by name."""
    data = read_reference_data(world)
    known = duty(world, data)
    odd = defects(world, data, known)
    return {
        "fct_scr_interval": scr_intervals(world, data),
        "fct_response_time_interval": response_time_intervals(world, data),
        "fct_attendance": attendance(world, data, known),
        "fct_login_compliance": login_compliance(known),
        "fct_aux_usage": aux_usage(data, known),
        "fct_rotg_violation": calls_in_row(world, data, known),
        "fct_adherence_interval": adherence_intervals(world, data, known),
        "fct_roster_evaluation": roster_evaluation(world, data, known),
        "rpt_data_quality_row": odd,
        "rpt_data_quality": counted(odd),
        "rpt_feed_freshness": feed_freshness(world, data),
        **histories(world),
    }
