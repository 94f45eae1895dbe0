"""Random small worlds, nasty on purpose: boundaries, repeats, late files, missing ends.

Rosters pass the gate by construction: whoever works is covered by a PIC and a team leader of
the same band, a band lasts eight hours with a break of one, and nobody changes band within a
roster. Agent events never fall on `as_of` itself, and a local time that the end of summer time
makes ambiguous is written with its offset: the definitions leave both open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from .cells import local_moment
from .landing import write_world
from .world import Cells, Delivery, World

__all__ = ["minimal", "random_world", "worlds", "write_world"]

INDONESIA = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")
NETHERLANDS = "Europe/Amsterdam"
CLOCK_CHANGES = (date(2026, 3, 28), date(2026, 10, 24))
SERVICE_CODES = ("CARE", "SALES")

BANDS = {
    "M": (time(7), time(15)),
    "E": (time(14), time(22)),
    "N": (time(22), time(6)),
    "O": (time(8), time(16)),
}
ABSENCES = ("OFF", "LEAVE", "SICK", "HOL", "TRAIN")

CORRECTIONS = {
    "service": {"service_name": ("Care", "Help"), "client_name": ("Client", "Bank")},
    "team": {"team_name": ("Team", "Crew"), "coordinator_id": ("K1", "K2")},
    "agent": {"agent_name": ("Ani", "Budi"), "email": ("", "a@example.com")},
    "kpi_target": {"target": ("80", "90"), "critical": ("60", "60,0")},
}
"""Cells that may change in a later delivery, and what they then hold."""

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass
class Person:
    agent_id: str
    role: str
    band: str
    function: str
    source: str | None = None
    external_id: str | None = None


@dataclass
class Team:
    """A service with its people."""

    service_code: str
    zone: ZoneInfo
    people: list[Person] = field(default_factory=list)


@dataclass
class Row:
    """Cells on their way into a file, and the earliest time that file may arrive."""

    cells: Cells
    not_before: datetime


class Builder:
    def __init__(self, rng: Random, size: int, zones: list[str], first: date, days: int) -> None:
        self.rng = rng
        self.size = size
        self.dates = [first + timedelta(days=step) for step in range(days)]
        self.teams = [
            Team(code, ZoneInfo(zone)) for code, zone in zip(SERVICE_CODES, zones, strict=False)
        ]
        zone = self.teams[0].zone
        self.opens = local_moment(first, time(0), zone)
        self.closes = local_moment(self.dates[-1] + timedelta(days=1), time(0), zone)
        self.deliveries: list[Delivery] = []
        self.serial = 0
        self.idless: set[tuple[str, datetime]] = set()
        self.build_people()
        self.as_of = self.some_as_of()

    # Small dice

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def some_as_of(self) -> datetime:
        """A tick of five minutes or some second; one in three near the start of a shift."""
        reach = int((self.closes - self.opens) / MINUTE)
        if self.chance(0.35):
            day = self.rng.choice(self.dates)
            team = self.rng.choice(self.teams)
            start, end = self.planned(self.rng.choice(team.people).band, day, team.zone)
            near = self.rng.choice((start, start, start, end))
            return near + self.rng.choice((-30, 0, 2, 5, 10, 20, 29, 30, 60, 240)) * MINUTE
        minutes = self.rng.randrange(reach // 4, reach + 120)
        at = self.opens + minutes // 5 * 5 * MINUTE
        if self.chance(0.3):
            at += self.rng.randrange(300) * SECOND
        return at

    def written(self, at: datetime, zone: ZoneInfo) -> str:
        """An instant in one of the forms a file may hold it in."""
        local = at.astimezone(zone)
        wall = local.replace(tzinfo=None)
        first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        is_ambiguous = first.utcoffset() != second.utcoffset()
        form = self.rng.choice(("naive", "naive", "offset", "utc", "elsewhere"))
        if form == "naive" and not is_ambiguous:
            return wall.isoformat(sep=self.rng.choice("T "))
        if form == "utc":
            return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if form == "elsewhere":
            return at.astimezone(ZoneInfo("Asia/Tokyo")).isoformat()
        return local.isoformat()

    def optional(self, at: datetime | None, zone: ZoneInfo) -> str:
        return "" if at is None else self.written(at, zone)

    # Files

    def deliver(self, feed: str, rows: list[Cells], arrived_at: datetime) -> None:
        suffix = self.rng.choice((".csv", ".csv", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz"))
        # The name does not follow the time: order is by arrival first.
        name = f"{feed}_{self.rng.randrange(100):02d}_{self.next_serial():04d}{suffix}"
        separator = self.rng.choice((",", ",", ";"))
        self.deliveries.append(Delivery(feed, name, arrived_at, tuple(rows), separator))

    def arrival(self, not_before: datetime) -> datetime:
        """Mostly soon, sometimes much later, now and then not yet at `as_of`."""
        delay = self.rng.choice((1, 5, 30, 240, 1440)) * MINUTE
        at = not_before + self.rng.randrange(1, 61) * delay / 60
        if at > self.as_of and self.chance(0.9):
            at = self.as_of - self.rng.randrange(0, 3600) * SECOND
        return at.replace(microsecond=0)

    def deliver_scattered(self, feed: str, rows: list[Row]) -> None:
        """The rows in random files; some twice, whole files again too."""
        shuffled = rows + [row for row in rows if self.chance(0.08)]
        self.rng.shuffle(shuffled)
        while shuffled:
            count = self.rng.randrange(1, max(2, len(rows) // 2))
            batch, shuffled = shuffled[:count], shuffled[count:]
            arrived_at = self.arrival(max(row.not_before for row in batch))
            cells = [row.cells for row in batch]
            self.deliver(feed, cells, arrived_at)
            if self.chance(0.1):
                self.deliver(feed, cells, self.arrival(arrived_at))

    # Reference data

    def build_reference_data(self) -> None:
        start = self.opens - 48 * HOUR
        late = self.opens + self.rng.randrange(1, 20) * HOUR

        def at_start(feed: str, rows: list[Cells], late_share: float = 0.0) -> None:
            on_time = [row for row in rows if not self.chance(late_share)]
            delayed = [row for row in rows if row not in on_time]
            if on_time:
                self.deliver(feed, on_time, start)
            if delayed:
                self.deliver(feed, delayed, late)

        services = [self.service_row(team) for team in self.teams]
        at_start("service", services, late_share=0.05)
        if self.chance(0.2):
            again = self.service_row(self.teams[0]) | {"roster_cutoff": "18:00"}
            self.deliver("service", [again], late)

        at_start("team", [self.team_row(team) for team in self.teams])
        people = [(team, person) for team in self.teams for person in team.people]
        at_start("agent", [self.agent_row(team, person) for team, person in people])
        at_start("shift", self.shift_rows())
        at_start("aux_code", self.aux_rows(), late_share=0.1)
        if self.chance(0.2):
            self.deliver("aux_code", self.rng.sample(self.aux_rows(), 1), late)

        aliases = [
            {
                "source": person.source,
                "external_id": person.external_id,
                "agent_id": person.agent_id,
            }
            for _, person in people
            if person.source is not None and person.external_id is not None
        ]
        if aliases:
            at_start("agent_alias", aliases, late_share=0.15)
        targets = [row for team in self.teams for row in self.target_rows(team)]
        if targets:
            at_start("kpi_target", targets, late_share=0.1)
        needs = [row for team in self.teams for row in self.requirement_rows(team)]
        if needs:
            at_start("staffing_requirement", needs, late_share=0.1)
        holidays = [
            {
                "date": self.rng.choice(self.dates).isoformat(),
                "holiday_name": "Feast",
                "service_code": self.rng.choice(["", *(t.service_code for t in self.teams)]),
            }
            for _ in range(self.rng.randrange(2))
        ]
        if holidays:
            at_start("holiday", holidays, late_share=0.2)

    def service_row(self, team: Team) -> Cells:
        pick = self.rng.choice
        return {
            "service_code": team.service_code,
            "service_name": team.service_code.title(),
            "client_name": "Client",
            "timezone": team.zone.key,
            "short_abandon_s": pick(("", "", "0", "10", "2,5")),
            "counts_self_service": pick(("", "", "no", "ya", "tidak", "1")),
            "login_tolerance_s": pick(("", "", "0", "60", "600")),
            "logout_tolerance_s": pick(("", "", "0", "60", "1200")),
            "no_show_after_s": pick(("", "", "600", "3600")),
            "opening_hours": pick(
                (
                    "",
                    "",
                    "Mo-Fr 08:00-17:00; Sa 08:00-12:00",
                    "Mo-Su 08:00-20:00",
                    "Mo-Fr 09:00-12:00,13:00-17:30; Sa-Su 10:00-14:00",
                )
            ),
            "roster_cutoff": "",
        }

    def team_row(self, team: Team) -> Cells:
        leaders = [person for person in team.people if person.role == "team_leader"]
        return {
            "team_code": f"T-{team.service_code}",
            "team_name": "Team",
            "service_code": team.service_code,
            "team_leader_id": leaders[0].agent_id,
            "coordinator_id": leaders[0].agent_id,
        }

    def agent_row(self, team: Team, person: Person) -> Cells:
        return {
            "agent_id": person.agent_id,
            "agent_name": f"Name of {person.agent_id}",
            "email": f"{person.agent_id.lower()}@example.com",
            "role": person.role,
            "team_code": f"T-{team.service_code}",
            "work_pattern": "5x8",
            "night_shift_allowed": "yes",
            "active_from": "2025-01-01",
            "active_to": "",
        }

    def shift_rows(self) -> list[Cells]:
        rows = [
            {
                "shift_code": code,
                "shift_name": f"Band {code}",
                "start_time": f"{start:%H:%M}",
                "end_time": f"{end:%H:%M}",
                "break_min": "60",
                "kind": "work",
                "overtime": "",
            }
            for code, (start, end) in BANDS.items()
        ]
        kinds = {
            "OFF": "off",
            "LEAVE": "leave",
            "SICK": "sick",
            "HOL": "holiday",
            "TRAIN": "training",
        }
        rows += [
            {
                "shift_code": code,
                "shift_name": kind,
                "start_time": "",
                "end_time": "",
                "break_min": "",
                "kind": kind,
                "overtime": "",
            }
            for code, kind in kinds.items()
        ]
        rows.append(
            {
                "shift_code": "LEAVE8",
                "shift_name": "Leave with times",
                "start_time": "08:00",
                "end_time": "15:00",
                "break_min": "60",
                "kind": "leave",
                "overtime": "",
            }
        )
        return rows

    def aux_rows(self) -> list[Cells]:
        pick = self.rng.choice
        return [
            {
                "aux_code": code,
                "aux_name": code.title(),
                "category": "rest",
                "allowance_min_per_shift": pick(("0", "15", "30", "60", "7,5")),
                "max_min_per_occurrence": pick(("", "10", "20")),
                "is_productive": pick(("", "no", "yes")),
            }
            for code in ("BREAK", "PRAYER", "MEETING")
        ]

    def target_rows(self, team: Team) -> list[Cells]:
        pick = self.rng.choice
        rows = []
        for channel, kpi, thresholds in (
            ("voice", "service_level", ("", "0", "10", "20", "30")),
            ("chat", "response_time", ("60", "300", "3600")),
            ("email", "response_time", ("1800", "14400")),
        ):
            for _ in range(self.rng.randrange(3)):
                version = pick(("", "/1", "/2", "/3", "/4")) if channel == "voice" else ""
                begins = pick([self.dates[0] - timedelta(days=200), *self.dates])
                ends = pick([None, None, None, begins, self.dates[-1]])
                rows.append(
                    {
                        "service_code": team.service_code,
                        "channel": channel,
                        "kpi": f"{kpi}{version}",
                        "comparator": ">=",
                        "target": "80",
                        "critical": "60",
                        "threshold_s": pick(thresholds),
                        "window_min": "",
                        "min_volume": "",
                        "effective_from": begins.isoformat(),
                        "effective_to": "" if ends is None or ends < begins else ends.isoformat(),
                    }
                )
        return rows

    def requirement_rows(self, team: Team) -> list[Cells]:
        """A forecast of every quarter of an hour, hour, or in between; with gaps and a restart."""
        pick = self.rng.choice
        rows = []
        at = self.opens + pick((0, 5, 7 * 60)) * MINUTE
        while at < self.closes and self.chance(0.97):
            step = pick((15, 30, 60))
            for _ in range(self.rng.randrange(1, 12)):
                agents = pick(("1", "2", "2,5", "0", ""))
                rows.append(self.requirement_row(team, at, agents))
                at += step * MINUTE
            at += pick((0, 0, 30, 61, 600)) * MINUTE
        # Again, with the instant written in another way perhaps
        again = [
            self.requirement_row(team, at, "3")
            for at in (self.opens + step * HOUR for step in range(24))
            if self.chance(0.1)
        ]
        return rows + again

    def requirement_row(self, team: Team, at: datetime, agents: str) -> Cells:
        return {
            "service_code": team.service_code,
            "interval_start": self.written(at, team.zone),
            "required_agents": agents,
            "forecast_offered": self.rng.choice(("", "0", "10", "25", "40.5")),
            "forecast_aht_s": self.rng.choice(("", "180", "240,5")),
        }

    # Reference data that is corrected, delivered again, or of a service that appears late

    def build_corrections(self) -> None:
        """Nothing that a fact depends on, but what the histories tell of."""
        if self.chance(0.6):
            self.build_strangers()
        for feed, changes in CORRECTIONS.items():
            delivered = [d for d in self.deliveries if d.feed == feed]
            for _ in range(self.rng.randrange(5) if delivered else 0):
                known = self.rng.choice(delivered)
                rows = self.rng.sample(known.rows, self.rng.randrange(1, len(known.rows) + 1))
                arrived_at = self.any_moment()
                rows = [
                    row | {column: self.rng.choice(values) for column, values in changes.items()}
                    for row in rows
                ]
                self.deliver(feed, rows, arrived_at)
                while self.chance(0.4):
                    if self.chance(0.7):
                        arrived_at = self.any_moment()
                    self.deliver(feed, self.rng.choice((rows, list(known.rows))), arrived_at)

    def build_strangers(self) -> None:
        """A team and a coordinator that belong now to one service, now to another."""
        service = self.service_row(self.teams[0]) | {"service_code": "LATE", "timezone": "UTC"}
        self.deliver("service", [service], self.any_moment() + 12 * HOUR)
        team = self.team_row(self.teams[0])
        person = self.agent_row(self.teams[0], Person("C900", "coordinator", "M", "agent"))
        for _ in range(self.rng.randrange(1, 6)):
            code = self.rng.choice(("LATE", "LATE", self.teams[0].service_code))
            row = team | {"team_code": "T-STRANGE", "service_code": code}
            self.deliver("team", [row], self.any_moment())
            row = person | {"team_code": self.rng.choice(("T-STRANGE", team["team_code"]))}
            self.deliver("agent", [row], self.any_moment())

    def any_moment(self) -> datetime:
        """One of few, so that deliveries meet; some lie before the first, none after `as_of`."""
        first = self.opens - 60 * HOUR
        at = first + self.rng.randrange(9) * (self.as_of - first) / 8
        return at.replace(microsecond=0)

    # People and rosters

    def build_people(self) -> None:
        for team in self.teams:
            bands = self.rng.sample(list(BANDS), self.rng.choice((1, 1, 2)))
            for band in bands:
                self.add_person(team, "agent", band, "pic")
                self.add_person(team, "team_leader", band, "rtfm")
            for _ in range(self.rng.randrange(1, 3)):
                self.add_person(team, "agent", self.rng.choice(bands), "agent")

    def add_person(self, team: Team, role: str, band: str, function: str) -> None:
        number = self.next_serial()
        person = Person(f"A{number:03d}", role, band, function)
        if self.chance(0.5):
            person.source = self.rng.choice(("acd", "crm"))
            # An outside id may look like the id of somebody else.
            person.external_id = self.rng.choice((f"90{number}", f"90{number}", "A001"))
            taken = {
                (other.source, other.external_id) for one in self.teams for other in one.people
            }
            if (person.source, person.external_id) in taken:
                person.source = person.external_id = None
        team.people.append(person)

    def build_rosters(self) -> None:
        for team in self.teams:
            rows = self.roster_rows(team, self.dates)
            arrived_at = self.opens - self.rng.choice((30, 8, 2, -6)) * HOUR
            self.deliver("roster", rows, arrived_at)
            if self.chance(0.5):
                later = arrived_at + self.rng.randrange(1, 40) * HOUR
                dates = self.dates
                if self.chance(0.5):
                    dates = dates[self.rng.randrange(len(dates)) :]
                self.deliver("roster", self.roster_rows(team, dates), later)
                if self.chance(0.25):
                    self.deliver("roster", rows, later + self.rng.randrange(1, 20) * HOUR)

    def roster_rows(self, team: Team, dates: list[date]) -> list[Cells]:
        rows = [self.roster_row(team, person, day) for day in dates for person in team.people]
        self.rng.shuffle(rows)
        return rows

    def roster_row(self, team: Team, person: Person, day: date) -> Cells:
        shift_code, starts, ends = person.band, "", ""
        covers = person.function != "agent"
        if not covers and self.chance(0.3):
            shift_code = self.rng.choice(ABSENCES)
            if shift_code == "LEAVE" and person.band in ("M", "O") and self.chance(0.5):
                shift_code = "LEAVE8"
        elif not covers and self.chance(0.25):
            start, end = self.planned(person.band, day, team.zone)
            starts = self.written(start + self.rng.choice((0, 30, 60)) * MINUTE, team.zone)
            ends = self.written(end - self.rng.choice((0, 30, 75)) * MINUTE, team.zone)
        function = "" if person.function == "agent" else person.function
        return {
            "service_code": team.service_code,
            "agent_id": person.agent_id,
            "roster_date": day.isoformat(),
            "shift_code": shift_code,
            "function": function,
            "start_at": starts,
            "end_at": ends,
        }

    def planned(self, band: str, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        start, end = BANDS[band]
        last_day = day + timedelta(days=1) if end <= start else day
        return local_moment(day, start, zone), local_moment(last_day, end, zone)

    # Exceptions

    def build_exceptions(self) -> None:
        rows: list[Row] = []
        for team in self.teams:
            for person in team.people:
                for day in self.dates:
                    if self.chance(0.15):
                        rows += self.exception_versions(team, person, day)
        if rows:
            self.deliver_scattered("exception", rows)

    def exception_versions(self, team: Team, person: Person, day: date) -> list[Row]:
        start, end = self.planned(person.band, day, team.zone)
        shape = self.rng.choice(("whole", "morning", "middle", "end", "wide", "backwards"))
        if shape == "morning":
            end = start + self.rng.randrange(10, 120) * MINUTE
        elif shape == "middle":
            start += self.rng.randrange(30, 240) * MINUTE
            end = start + self.rng.randrange(5, 90) * MINUTE
        elif shape == "end":
            start = end - self.rng.randrange(10, 90) * MINUTE
            end += 30 * MINUTE
        elif shape == "backwards":
            end = start - self.rng.choice((0, 40)) * MINUTE
        elif shape == "wide":
            start, end = start - 3 * HOUR, end + 5 * HOUR
        exception_id = f"X{self.next_serial()}"
        versions = []
        for step in range(self.rng.choice((1, 1, 2))):
            updated_at = self.opens + (self.rng.randrange(60) + 100 * step) * MINUTE
            row = {
                "exception_id": exception_id,
                "agent_id": person.agent_id,
                "start_at": self.written(start, team.zone),
                "end_at": self.written(end, team.zone),
                "reason": "errand",
                "approved_by": self.rng.choice(("TL1", "TL1", "")),
                "updated_at": self.written(updated_at, team.zone),
            }
            versions.append(Row(row, updated_at))
            end += 20 * MINUTE
        return versions

    # Agent events

    def build_events(self) -> None:
        rows: list[Row] = []
        for team in self.teams:
            for person in team.people:
                for day in self.dates:
                    if self.chance(0.85):
                        start, end = self.planned(person.band, day, team.zone)
                        rows += self.working_day(team, person, start, end)
                for _ in range(self.rng.choice((0, 0, 1, 3))):
                    reach = int((self.closes - self.opens) / MINUTE)
                    at = self.opens + self.rng.randrange(reach) * MINUTE
                    kind = self.rng.choice(("login", "logout", "state", "state"))
                    rows += self.event(team, person, at, kind)
        if self.chance(0.3):
            nobody = Person("GHOST", "agent", "M", "agent")
            rows += self.event(self.teams[0], nobody, self.opens + HOUR, "login")
        self.deliver_scattered("agent_event", rows)

    def working_day(self, team: Team, person: Person, start: datetime, end: datetime) -> list[Row]:
        rng = self.rng
        rows: list[Row] = []
        at = start + rng.choice((-150, -10, -1, 0, 0, 3, 5, 6, 31, 90)) * MINUTE
        if self.chance(0.2):
            at += rng.randrange(60) * SECOND
        if self.chance(0.85):
            rows += self.event(team, person, at, "login")
        stop = end + rng.choice((-90, -6, -5, 0, 0, 2, 20, 100, 230, 260)) * MINUTE
        if self.chance(0.1):
            # Nothing in between: the session may close itself before its logout.
            stop = end + rng.choice((60, 61, 299, 300, 301, 350)) * MINUTE
            return rows + self.event(team, person, stop, "logout")
        for _ in range(rng.randrange(2, 5 + 2 * self.size)):
            at += rng.choice((0, 5, 10, 10, 20, 30, 60, 90, 150)) * MINUTE
            if at >= stop:
                break
            what = rng.choice(("state",) * 8 + ("login", "pause", "twins"))
            if what == "pause":
                back = at + rng.choice((0, 2, 5, 6, 30)) * MINUTE
                rows += self.event(team, person, at, "logout")
                rows += self.event(team, person, back, rng.choice(("login", "state")))
            elif what == "twins":
                rows += self.event(team, person, at, "state", has_id=True)
                rows += self.event(team, person, at, "state", has_id=True)
            else:
                rows += self.event(team, person, at, what)
        if self.chance(0.75):
            rows += self.event(team, person, stop, "logout")
            if self.chance(0.1):
                rows += self.event(team, person, stop, "state")
        return rows

    def event(
        self, team: Team, person: Person, at: datetime, kind: str, has_id: bool = False
    ) -> list[Row]:
        """One event in every version of it that is delivered."""
        if at == self.as_of:
            at += SECOND
        source, agent_id = "", person.agent_id
        if person.source is not None and person.external_id is not None and self.chance(0.7):
            source, agent_id = person.source, person.external_id
            if self.chance(0.2):
                source = ""
        event_id = ""
        if has_id or self.chance(0.7) or (person.agent_id, at) in self.idless:
            # Upper and lower case, so that order by bytes is not order of a dictionary.
            event_id = f"{self.rng.choice('aBzZ9_')}{self.next_serial()}"
        elif kind != "logout":
            self.idless.add((person.agent_id, at))
        cells = {
            "event_id": event_id,
            "occurred_at": self.written(at, team.zone),
            "agent_id": agent_id,
            "event": kind,
            "state": "",
            "aux_code": "",
            "source": source,
        }
        if kind == "state":
            cells["state"] = self.rng.choice(("ready", "busy", "acw", "aux", "aux", "aux"))
            if cells["state"] == "aux":
                codes = ("BREAK", "BREAK", "PRAYER", "MEETING", "COFFEE")
                cells["aux_code"] = self.rng.choice(codes)
        rows = [Row(cells, at)]
        if event_id and kind == "state" and self.chance(0.04):
            corrected = cells | {"state": "aux", "aux_code": "PRAYER"}
            rows.append(Row(corrected, at + 5 * MINUTE))
        return rows

    # Calls

    def build_calls(self) -> None:
        rows: list[Row] = []
        for team in self.teams:
            for _ in range(self.rng.randrange(6, 12 * self.size + 8)):
                rows += self.call_versions(team, self.some_time(team))
        for row in list(rows):
            if self.chance(0.03):
                # Newer, but it cannot be read: the other versions of the call hold.
                column = self.rng.choice(("outcome", "arrived_at", "talk_s", "direction"))
                newest = self.written(self.closes, self.teams[0].zone)
                unreadable = {column: "unreadable", "updated_at": newest}
                rows.append(Row(row.cells | unreadable, row.not_before))
        if self.chance(0.2):
            stray = self.call_versions(self.teams[0], self.some_time(self.teams[0]))
            rows += [Row(row.cells | {"service_code": "NOWHERE"}, row.not_before) for row in stray]
        self.deliver_scattered("call", rows)

    def some_time(self, team: Team) -> datetime:
        """Anywhere in the period, but often near `as_of`, on a boundary, or just lost."""
        # A clock may stand before the period begins
        reach = max(1, int((self.as_of - self.opens) / SECOND))
        where = self.rng.randrange(10)
        if where == 0:
            return self.as_of + self.rng.choice((-1, 0, 1, 60, 1800)) * SECOND
        if where == 1:
            hours = self.rng.choice((4, 4, 3.5, 5))
            return self.as_of - hours * HOUR + self.rng.choice((-1, 0, 1)) * SECOND
        if where == 2:
            return self.opens + self.rng.randrange(max(1, reach // 900)) * 15 * MINUTE
        at = self.opens + self.rng.randrange(reach) * SECOND
        if self.chance(0.1):
            at += timedelta(milliseconds=self.rng.randrange(1000))
        return at

    def call_versions(self, team: Team, arrived_at: datetime) -> list[Row]:
        rng, zone = self.rng, team.zone
        outcome = rng.choice(
            ("answered",) * 5
            + ("abandoned",) * 4
            + ("self_served", "blocked", "timed_out", "closed", "open", "open")
        )
        queued_at: datetime | None = arrived_at + rng.choice((0, 3, 10, 45, -2)) * SECOND
        if outcome in ("self_served", "blocked") or self.chance(0.15):
            queued_at = None
        offered_at = queued_at or arrived_at
        wait = rng.choice((-3, 0, 1, 2, 2.5, 5, 6, 10, 11, 19, 20, 21, 30, 31, 90, 700, 15000))
        done_at = offered_at + wait * SECOND
        answered_at = left_at = ended_at = None
        talk_s = hold_s = acw_s = ""
        if outcome == "answered":
            answered_at = None if self.chance(0.07) else done_at
            ended_at = done_at + rng.choice((-1, 0, 30, 185.5, 600, 7200)) * SECOND
            if self.chance(0.1):
                ended_at = None
            talk_s = rng.choice(("", "", "9", "30", "171,5", "9.5", "-3"))
            hold_s = rng.choice(("", "0", "14", "400", "-0,5"))
            acw_s = rng.choice(("", "0", "25", "-7"))
        elif outcome == "abandoned":
            left_at = None if self.chance(0.3) else done_at
            ended_at = None if self.chance(0.3) else done_at + rng.choice((0, 0, 2)) * SECOND
        elif outcome in ("timed_out", "blocked"):
            left_at = None if self.chance(0.4) else done_at
        elif outcome == "self_served":
            ended_at = None if self.chance(0.4) else done_at
        updated_at = max(time for time in (arrived_at, done_at, ended_at) if time is not None)
        cells = {
            "call_id": f"C{self.next_serial()}",
            "service_code": team.service_code,
            "queue": rng.choice(("", "main")),
            "direction": "outbound" if self.chance(0.07) else "inbound",
            "arrived_at": self.written(arrived_at, zone),
            "queued_at": self.optional(queued_at, zone),
            "answered_at": self.optional(answered_at, zone),
            "left_at": self.optional(left_at, zone),
            "ended_at": self.optional(ended_at, zone),
            "agent_id": self.answerer(team) if outcome == "answered" else "",
            "outcome": outcome,
            "talk_s": talk_s,
            "hold_s": hold_s,
            "acw_s": acw_s,
            "updated_at": "" if self.chance(0.2) else self.written(updated_at, zone),
        }
        rows = [Row(cells, updated_at)]
        blank = {
            "answered_at": "",
            "left_at": "",
            "ended_at": "",
            "talk_s": "",
            "hold_s": "",
            "acw_s": "",
            "outcome": "open",
        }
        if self.chance(0.35):
            # The call as it was reported while it still waited, by itself or with no rank.
            older = self.written(offered_at, zone) if self.chance(0.7) else ""
            rows.append(Row(cells | blank | {"updated_at": older}, offered_at))
        if self.chance(0.1):
            # A correction under the same `updated_at`: the later delivery holds.
            other = {"outcome": rng.choice(("blocked", "timed_out")), "answered_at": ""}
            rows.append(Row(cells | blank | other, updated_at))
        return rows

    def answerer(self, team: Team) -> str:
        """One of two, and without a die: who answers changes nothing else in a world."""
        return team.people[self.serial % 2].agent_id

    # Rings

    def build_rings(self) -> None:
        rows: list[Row] = []
        for team in self.teams:
            for person in team.people:
                for day in self.dates:
                    if self.chance(0.7):
                        start, _ = self.planned(person.band, day, team.zone)
                        rows += self.rings(team, person, start)
        if self.chance(0.2):
            stray = self.rings(self.teams[0], self.teams[0].people[0], self.opens)
            rows += [Row(row.cells | {"service_code": "NOWHERE"}, row.not_before) for row in stray]
        if rows:
            self.deliver_scattered("ring", rows)

    def rings(self, team: Team, person: Person, start: datetime) -> list[Row]:
        """Some rings, mostly left, one after the other or at once; one in three near `as_of`."""
        at = start + self.rng.randrange(-120, 600) * MINUTE
        if self.chance(0.35):
            at = self.as_of - self.rng.randrange(20) * MINUTE
        rows: list[Row] = []
        for _ in range(self.rng.randrange(2, 7)):
            at += self.rng.choice((0, 20, 60, 60, 300, 3600)) * SECOND
            rows += self.ring_versions(team, person, at)
        return rows

    def ring_versions(self, team: Team, person: Person, rang_at: datetime) -> list[Row]:
        rng, zone = self.rng, team.zone
        lasted = rng.choice((None, -3, 4.9, 5, 20, 20, 20, 20, 20, 20, 90))
        stopped_at = None if lasted is None else rang_at + lasted * SECOND
        source, agent_id = "", person.agent_id
        if person.source is not None and person.external_id is not None and self.chance(0.7):
            source, agent_id = person.source, person.external_id
            if self.chance(0.2):
                source = ""
        elif self.chance(0.2):
            source = rng.choice(("acd", "crm"))
        known_at = stopped_at or rang_at
        cells = {
            "ring_id": f"R{self.next_serial()}" if self.chance(0.4) else "",
            "call_id": f"C{rng.randrange(1, 60)}",
            "service_code": team.service_code,
            "agent_id": agent_id,
            "source": source,
            "rang_at": self.written(rang_at, zone),
            "stopped_at": self.optional(stopped_at, zone),
            "was_answered": rng.choice(("no",) * 8 + ("tidak", "0", "yes", "")),
            "updated_at": "" if self.chance(0.2) else self.written(known_at, zone),
        }
        rows = [Row(cells, known_at)]
        if self.chance(0.3):
            # As it was reported while it still rang; the same ring, however its start is written
            older = self.written(rang_at, zone) if self.chance(0.7) else ""
            began = {"rang_at": self.written(rang_at, zone), "updated_at": older}
            rows.append(Row(cells | began | {"stopped_at": "", "was_answered": ""}, rang_at))
        if cells["ring_id"] and self.chance(0.2):
            # A correction that moves it: to another desk, or to another time
            other = {"agent_id": rng.choice(team.people).agent_id, "source": ""}
            if self.chance(0.5):
                other = {"rang_at": self.written(rang_at - MINUTE, zone)}
            rows.append(Row(cells | other, known_at))
        return rows

    # Conversations

    def build_conversations(self) -> None:
        rows: list[Row] = []
        for team in self.teams:
            for _ in range(self.rng.randrange(3, 6 * self.size + 5)):
                received_at = self.some_time(team)
                if self.chance(0.03):
                    away = self.rng.choice((-1, 0, 1, 1800))
                    received_at = self.as_of - timedelta(days=30) + away * SECOND
                rows += self.conversation_versions(team, received_at)
        self.deliver_scattered("conversation", rows)

    def conversation_versions(self, team: Team, received_at: datetime) -> list[Row]:
        rng, zone = self.rng, team.zone
        waits = (-5, 0, 1, 59, 60, 61, 299, 300, 301, 1800, 3600, 3601, 14400, 50000)
        assigned_at = received_at + 30 * SECOND if self.chance(0.4) else None
        replied_at = received_at + rng.choice(waits) * SECOND if self.chance(0.6) else None
        closed_at = None
        if self.chance(0.5):
            closed_at = (replied_at or received_at) + rng.choice(waits) * SECOND
        known = (received_at, assigned_at, replied_at, closed_at)
        updated_at = max(time for time in known if time is not None)
        cells = {
            "conversation_id": f"V{self.next_serial()}",
            "service_code": team.service_code,
            "channel": rng.choice(("chat", "chat", "email", "whatsapp")),
            "received_at": self.written(received_at, zone),
            "assigned_at": self.optional(assigned_at, zone),
            "first_response_at": self.optional(replied_at, zone),
            "closed_at": self.optional(closed_at, zone),
            "agent_id": "",
            "updated_at": "" if self.chance(0.3) else self.written(updated_at, zone),
        }
        rows = [Row(cells, updated_at)]
        if self.chance(0.4):
            older = self.written(received_at, zone) if self.chance(0.7) else ""
            blank = {"assigned_at": "", "first_response_at": "", "closed_at": ""}
            rows.append(Row(cells | blank | {"updated_at": older}, received_at))
        return rows


def build_world(
    rng: Random, size: int, zones: list[str], first: date, days: int, interval_minutes: int
) -> World:
    builder = Builder(rng, size, zones, first, days)
    builder.build_reference_data()
    builder.build_rosters()
    builder.build_exceptions()
    builder.build_events()
    builder.build_calls()
    builder.build_conversations()
    builder.build_rings()
    builder.build_corrections()
    return World(tuple(builder.deliveries), builder.as_of, interval_minutes)


def random_world(seed: int, size: int = 1, interval_minutes: int = 30) -> World:
    """The same world for the same arguments; about 100 rows of facts per unit of size."""
    rng = Random(seed)
    is_clock_change = rng.random() < 0.25
    first = date(2026, 11, 16) + timedelta(days=rng.randrange(7))
    zones = [rng.choice(INDONESIA) for _ in range(rng.choice((1, 2)))]
    if is_clock_change:
        first = rng.choice(CLOCK_CHANGES)
        zones[0] = NETHERLANDS
    return build_world(rng, size, zones, first, rng.choice((2, 3)), interval_minutes)


@st.composite
def worlds(draw: st.DrawFn, size: int = 1) -> World:
    """Worlds whose frame shrinks; what happens in them hangs on the seed (see `minimal`)."""
    zones = draw(st.lists(st.sampled_from((*INDONESIA, NETHERLANDS)), min_size=1, max_size=2))
    first = draw(st.sampled_from((date(2026, 11, 16), date(2026, 11, 20), *CLOCK_CHANGES)))
    days = draw(st.sampled_from((2, 3)))
    interval_minutes = draw(st.sampled_from((30, 15, 60)))
    seed = draw(st.integers(min_value=0, max_value=2**32))
    return build_world(Random(seed), size, zones, first, days, interval_minutes)


FACT_FEEDS = (
    *("call", "ring", "conversation", "agent_event", "exception", "holiday", "kpi_target"),
    "staffing_requirement",
)


def without_delivery(world: World, place: int) -> World:
    kept = world.deliveries[:place] + world.deliveries[place + 1 :]
    return replace(world, deliveries=kept)


def with_rows(world: World, place: int, rows: tuple[Cells, ...]) -> World:
    changed = replace(world.deliveries[place], rows=rows)
    return replace(
        world, deliveries=(*world.deliveries[:place], changed, *world.deliveries[place + 1 :])
    )


def minimal(world: World, fails: Callable[[World], bool]) -> World:
    """A smaller world that still fails: fewer files, then fewer rows; rosters stay valid."""
    for place in reversed(range(len(world.deliveries))):
        if world.deliveries[place].feed in (*FACT_FEEDS, "roster", "agent_alias", "aux_code"):
            smaller = without_delivery(world, place)
            if fails(smaller):
                world = smaller
    for place in range(len(world.deliveries)):
        if world.deliveries[place].feed not in FACT_FEEDS:
            continue
        step = max(1, len(world.deliveries[place].rows) // 2)
        while step >= 1:
            start = 0
            while start < len(world.deliveries[place].rows):
                rows = world.deliveries[place].rows
                smaller = with_rows(world, place, rows[:start] + rows[start + step :])
                if fails(smaller):
                    world = smaller
                else:
                    start += step
            step //= 2
    return world
