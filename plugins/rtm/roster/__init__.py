"""Rosters: the gate at H-1, versions and their publication, distribution to the team leaders.

The rules themselves are data in `expectations/`; what a published roster means for attendance is in
the models.
"""

from rtm.roster.distribution import distribute_published
from rtm.roster.judgement import Verdict, judge_pending

__all__ = ["Verdict", "distribute_published", "judge_pending"]
