"""What a simulated contact centre is: services, people, shifts, targets, and what goes wrong.

Frozen values only. Ready-made scenarios are in `presets`; `floor` and `shift` let time pass.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

VOICE = "voice"


class FaultKind(StrEnum):
    """What can be put in on purpose. The subject and the amount of each are given beside it."""

    LATE = "late"
    """Agent; seconds after the planned start."""
    ABSENT = "absent"
    """Agent."""
    FORGOT_LOGOUT = "forgot_logout"
    """Agent."""
    AUX_OVER = "aux_over"
    """Agent; seconds above the allowance of the break."""
    LEFT_RINGING = "left_ringing"
    """Agent; as many calls, the first of the shift, ring at the desk and are not answered."""
    EXCUSED = "excused"
    """Agent; away from start to end with an approved exception."""
    SHORTFALL = "shortfall"
    """Service; share of the agents on shift that leave from start to end."""
    OUTAGE = "outage"
    """Service/channel; from start to end calls are rejected, conversations are not assigned."""
    MISROUTING = "misrouting"
    """Service/channel; share of the agents to whom the routing gives nothing, though they are
    ready."""
    SURGE = "surge"
    """Service/channel; contacts arrive this many times as often (1 or more)."""
    SLOW_HANDLING = "slow_handling"
    """Service/channel; talking and first replies take this many times as long."""
    FEED_DELAY = "feed_delay"
    """Feed; its files of start to end arrive at end."""
    BROKEN_ROSTER = "broken_roster"
    """Service; the roster of the period that holds `start` has the defect of `detail`. With `end`
    a corrected roster is delivered at that moment."""


AGENT_FAULTS = (
    FaultKind.LATE,
    FaultKind.ABSENT,
    FaultKind.FORGOT_LOGOUT,
    FaultKind.AUX_OVER,
    FaultKind.LEFT_RINGING,
    FaultKind.EXCUSED,
)


class RosterDefect(StrEnum):
    MISSING_PIC = "missing_pic"
    UNKNOWN_AGENT = "unknown_agent"
    MISSING_ENTRIES = "missing_entries"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong. Of an agent: in the shift whose window holds `start`."""

    kind: FaultKind
    subject: str
    start: datetime
    end: datetime | None = None
    amount: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class TargetModel:
    kpi: str
    comparator: str
    target: float
    critical: float | None = None
    threshold_s: int | None = None
    window_min: int = 30
    min_volume: int = 5


@dataclass(frozen=True)
class ChannelModel:
    """How contacts of one channel arrive, wait and are handled. Durations are means."""

    channel: str
    arrivals_per_hour: tuple[float, ...]
    """24 rates, from local midnight."""
    targets: tuple[TargetModel, ...] = ()
    talk_s: float = 210.0
    """Talking, or what a conversation takes from the first reply to its end."""
    hold_s: float = 45.0
    hold_share: float = 0.2
    acw_s: float = 25.0
    patience_s: float = 270.0
    max_wait_s: float = 240.0
    """The queue itself gives up here."""
    menu_s: float = 22.0
    self_served_share: float = 0.05
    left_in_menu_share: float = 0.03
    trunks: int = 60
    """Lines: calls in the menu, in the queue and with an agent together."""
    first_reply_s: float = 22.0
    concurrency: int = 1
    """Conversations that one agent handles at a time."""

    @property
    def is_voice(self) -> bool:
        return self.channel == VOICE

    @property
    def handling_s(self) -> float:
        """Agent time per contact, as one agent slot sees it."""
        if self.is_voice:
            return self.talk_s + self.hold_s * self.hold_share + self.acw_s
        return (self.first_reply_s + self.talk_s) / self.concurrency


@dataclass(frozen=True)
class ShiftModel:
    shift_code: str
    shift_name: str
    start: time | None = None
    end: time | None = None
    break_min: int = 0
    kind: str = "work"

    @property
    def is_work(self) -> bool:
        return self.kind == "work"

    @property
    def is_overnight(self) -> bool:
        return self.start is not None and self.end is not None and self.end <= self.start


@dataclass(frozen=True)
class AgentModel:
    """A person. The crew shift is the one worked on working days, rest days turn weekly."""

    agent_id: str
    agent_name: str
    email: str
    role: str
    team_code: str
    work_pattern: str = "5x8"
    night_shift_allowed: bool = True
    channels: tuple[str, ...] = ()
    crew_shift: str = ""
    """Empty: not rostered."""
    short_shift: str = ""
    """The short day of a 6x7 week, which keeps it at 40 hours."""
    rest_offset: int = 0
    external_id: str = ""
    """The id in the telephone system, where it differs."""


@dataclass(frozen=True)
class TeamModel:
    team_code: str
    team_name: str
    team_leader_id: str
    coordinator_id: str


@dataclass(frozen=True)
class ServiceModel:
    service_code: str
    service_name: str
    client_name: str
    timezone: str
    channels: tuple[ChannelModel, ...]
    teams: tuple[TeamModel, ...]
    agents: tuple[AgentModel, ...]
    shifts: tuple[ShiftModel, ...]
    opening_hours: str = ""
    """Empty, or one span for every day: `Mo-Su 07:00-23:00`."""
    pic_shifts: tuple[str, ...] = ()
    """Shifts that together cover every rostered moment; each needs a PIC."""
    roster_delimiter: str = ","
    short_abandon_s: int = 5

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def rostered(self) -> tuple[AgentModel, ...]:
        return tuple(agent for agent in self.agents if agent.crew_shift)

    def channel(self, name: str) -> ChannelModel:
        return next(model for model in self.channels if model.channel == name)

    def shift(self, shift_code: str) -> ShiftModel:
        return next(shift for shift in self.shifts if shift.shift_code == shift_code)

    def open_span(self) -> tuple[time, time] | None:
        """The daily span of `opening_hours`; None is around the clock."""
        if not self.opening_hours:
            return None
        opens, closes = self.opening_hours.removeprefix("Mo-Su ").split("-")
        return time.fromisoformat(opens), time.fromisoformat(closes)


@dataclass(frozen=True)
class Scenario:
    """All that determines the files: the same scenario always gives the same bytes."""

    name: str
    seed: int
    start: datetime
    """First contact; the overnight crews of the evening before are at work already."""
    services: tuple[ServiceModel, ...]
    faults: tuple[Fault, ...] = ()
    slice_s: int = 60
    """Every slice of this length is one file per event feed."""
    history_slice_s: int = 300
    """Length of the slices before `history_until`, to keep a long past in fewer files."""
    history_until: datetime | None = None
    first_period_days: int = 7
    """Days from `start` in the first roster; the later ones are weeks."""
    roster_lead: timedelta = timedelta(hours=8, minutes=30)
    """Rosters are delivered this long before the local midnight at which their period starts."""
    leave_share: float = 0.0
    """Chance that a crew has someone on planned leave on a date."""
    writes_empty_slices: bool = True
    """A slice without rows is a file with a header alone, which shows that the export is alive."""
    compress: bool = False
    anchor: datetime | None = None
    """The moment a preset was built for; with name and seed it rebuilds the scenario."""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("Scenario.start needs a time zone")

    def with_faults(self, *faults: Fault) -> Scenario:
        return replace(self, faults=(*self.faults, *faults))

    def without_faults(self) -> Scenario:
        return replace(self, faults=())

    def service(self, service_code: str) -> ServiceModel:
        return next(s for s in self.services if s.service_code == service_code)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()
