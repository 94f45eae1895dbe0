"""Recovery plans: drafted for every breach with its numbers filled in, taken through their life by
people, and followed to the proof of their effect.

Detection is in `rtm.breach`; mails are written here because a plan and its mail are one fact.
"""

from rtm.recovery.changing import Change, change_plan, read_history, read_plan
from rtm.recovery.following import follow_plans
from rtm.recovery.retention import remove_expired

__all__ = [
    "Change",
    "change_plan",
    "follow_plans",
    "read_history",
    "read_plan",
    "remove_expired",
]
