"""Why a target was missed and what would bring it back: numbers for a recovery plan.

Reads the warehouse and writes nothing. Plans and their texts are `rtm.recovery`'s.
"""

from rtm.recovery.analysis.explaining import Explanation, Share, explain_gap
from rtm.recovery.analysis.people import Candidate
from rtm.recovery.analysis.way_back import RemainingInterval, WayBack, find_way_back

__all__ = [
    "Candidate",
    "Explanation",
    "RemainingInterval",
    "Share",
    "WayBack",
    "explain_gap",
    "find_way_back",
]
