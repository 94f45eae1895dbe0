"""Recovery plans: drafted for every breach, with its numbers filled in.

Detection is in `rtm.breach`; mails are written here because a plan and its mail are one fact.
"""

from rtm.recovery.drafting import draft_plans

__all__ = ["draft_plans"]
