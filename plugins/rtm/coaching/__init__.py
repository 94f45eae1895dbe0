"""Coaching: steps of the ladder, proposed from what agents did not keep to, decided by people.

What was not kept to is found in `rtm.breach`; the ladder and its rules are data (`stg_coaching__`).
"""

from rtm.coaching.deciding import Change, change_coaching, read_coaching, read_history
from rtm.coaching.proposing import Followed, follow_coaching

__all__ = [
    "Change",
    "Followed",
    "change_coaching",
    "follow_coaching",
    "read_coaching",
    "read_history",
]
