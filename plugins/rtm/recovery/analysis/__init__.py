"""Why a target was missed and what would bring it back: numbers for a recovery plan.

Reads the warehouse and writes nothing. Plans and their texts are `rtm.recovery`'s.
"""

from rtm.recovery.analysis.explaining import Explanation, Share, explain_gap

__all__ = ["Explanation", "Share", "explain_gap"]
