"""When the miss of a KPI becomes a breach, and when a breach is over: by how long each has lasted.

What is missed at one moment is said by `marts.rpt_kpi_watch`; this module alone remembers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping


@dataclass(frozen=True)
class Verdict:
    """What the windows of one KPI show at one moment, and for how long that must last."""

    is_missed: bool
    is_recovered: bool
    missed_for: timedelta
    clear_for: timedelta

    @classmethod
    def of(cls, row: RowMapping) -> Verdict:
        """The verdict of a row of `marts.rpt_kpi_watch`."""
        return cls(
            row["is_missed"],
            row["is_recovered"],
            timedelta(minutes=float(row["missed_for_min"])),
            timedelta(minutes=float(row["clear_for_min"])),
        )


@dataclass(frozen=True)
class Watch:
    """Since when a KPI has been missed, or back on target, without a break."""

    missed_since: datetime | None = None
    recovered_since: datetime | None = None

    def at(self, moment: datetime, verdict: Verdict) -> Watch:
        """The watch after one more look. A second look at the same moment changes nothing."""
        return Watch(
            (self.missed_since or moment) if verdict.is_missed else None,
            (self.recovered_since or moment)
            if verdict.is_recovered and not verdict.is_missed
            else None,
        )

    def opens(self, moment: datetime, verdict: Verdict) -> bool:
        """Whether the miss has lasted long enough for a breach."""
        since = self.missed_since
        return since is not None and moment - since >= verdict.missed_for

    def clears(self, moment: datetime, verdict: Verdict) -> bool:
        """Whether the KPI has been back for long enough to end a breach."""
        since = self.recovered_since
        return since is not None and moment - since >= verdict.clear_for
