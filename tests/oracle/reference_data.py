"""Services, agents, aliases, codes, targets, requirements, holidays and exceptions in force.

Rosters are in `shifts`; what happened is read where it is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from fractions import Fraction
from zoneinfo import ZoneInfo

from . import cells
from .deliveries import delivered_rows, latest_holds, newest_holds, readable
from .spans import Span, merged
from .world import Cells, World


@dataclass(frozen=True)
class Service:
    service_code: str
    zone: ZoneInfo
    short_abandon_s: Fraction
    counts_self_service: bool
    login_tolerance_s: Fraction
    logout_tolerance_s: Fraction
    no_show_after_s: Fraction
    opening_hours: str | None


@dataclass(frozen=True)
class ShiftCode:
    shift_code: str
    kind: str
    start_time: time | None
    end_time: time | None


@dataclass(frozen=True)
class AuxCode:
    aux_code: str
    allowance_s: Fraction
    longest_allowed_s: Fraction | None
    is_productive: bool


@dataclass(frozen=True)
class Requirement:
    service_code: str
    start: datetime
    agents: Fraction | None
    offered: Fraction | None
    aht_s: Fraction | None


@dataclass(frozen=True)
class Target:
    service_code: str
    channel: str
    kpi: str
    version: int
    threshold_s: Fraction | None
    effective_from: date
    effective_to: date | None


@dataclass(frozen=True)
class Holiday:
    day: date
    service_code: str | None


@dataclass(frozen=True)
class ApprovedException:
    exception_id: str
    agent_id: str
    start: datetime
    end: datetime
    is_approved: bool
    updated_at: datetime
    delivered: Cells = field(default_factory=dict, compare=False, repr=False)


@dataclass
class ReferenceData:
    services: dict[str, Service] = field(default_factory=dict)
    service_of_agent: dict[str, Service | None] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    shift_codes: dict[str, ShiftCode] = field(default_factory=dict)
    aux_codes: dict[str, AuxCode] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    holidays: list[Holiday] = field(default_factory=list)
    exceptions: list[ApprovedException] = field(default_factory=list)

    def target_in_force(self, service_code: str, channel: str, kpi: str, on: date) -> Target | None:
        """The target with the latest `effective_from` among those that hold on the day."""
        holding = [
            target
            for target in self.targets
            if (target.service_code, target.channel, target.kpi) == (service_code, channel, kpi)
            and target.effective_from <= on
            and (target.effective_to is None or on <= target.effective_to)
        ]
        return max(holding, key=lambda target: target.effective_from, default=None)

    def agent_named(self, source: str | None, external_id: str) -> str | None:
        """The agent behind an id of an outside system, `None` if nobody is known by it."""
        if source is not None and (source, external_id) in self.aliases:
            return self.aliases[source, external_id]
        if external_id in self.service_of_agent:
            return external_id
        if source is None:
            named = {
                agent_id
                for (_, other_id), agent_id in self.aliases.items()
                if other_id == external_id
            }
            if len(named) == 1:
                return named.pop()
        return None

    def approved_time(self, agent_id: str) -> list[Span]:
        return merged(
            (exception.start, exception.end)
            for exception in self.exceptions
            if exception.agent_id == agent_id and exception.is_approved
        )

    def is_holiday(self, service_code: str, day: date) -> bool:
        return any(
            holiday.day == day and holiday.service_code in (None, service_code)
            for holiday in self.holidays
        )


def read_service(row: Cells) -> Service:
    return Service(
        service_code=cells.required_text(row, "service_code"),
        zone=ZoneInfo(cells.required_text(row, "timezone")),
        short_abandon_s=cells.number_or(row, "short_abandon_s", 5),
        counts_self_service=cells.boolean_or(row, "counts_self_service", True),
        login_tolerance_s=cells.number_or(row, "login_tolerance_s", 300),
        logout_tolerance_s=cells.number_or(row, "logout_tolerance_s", 300),
        no_show_after_s=cells.number_or(row, "no_show_after_s", 1800),
        opening_hours=cells.text(row, "opening_hours"),
    )


def read_shift_code(row: Cells) -> ShiftCode:
    kinds = ("work", "off", "leave", "sick", "training", "holiday")
    return ShiftCode(
        shift_code=cells.required_text(row, "shift_code"),
        kind=cells.one_of(row, "kind", *kinds),
        start_time=cells.clock_time(row, "start_time"),
        end_time=cells.clock_time(row, "end_time"),
    )


def read_aux_code(row: Cells) -> AuxCode:
    longest_min = cells.number(row, "max_min_per_occurrence")
    return AuxCode(
        aux_code=cells.required_text(row, "aux_code"),
        allowance_s=cells.required_number(row, "allowance_min_per_shift") * 60,
        longest_allowed_s=None if longest_min is None else longest_min * 60,
        is_productive=cells.boolean_or(row, "is_productive", False),
    )


def read_target(row: Cells) -> Target:
    kpi, _, version = cells.required_text(row, "kpi").partition("/")
    return Target(
        service_code=cells.required_text(row, "service_code"),
        channel=cells.required_text(row, "channel"),
        kpi=kpi,
        version=int(version or 1),
        threshold_s=cells.number(row, "threshold_s"),
        effective_from=cells.required_day(row, "effective_from"),
        effective_to=cells.day(row, "effective_to"),
    )


def read_holiday(row: Cells) -> Holiday:
    return Holiday(cells.required_day(row, "date"), cells.text(row, "service_code"))


def read_reference_data(world: World) -> ReferenceData:
    """Everything but rosters and facts, as the latest deliveries leave it."""
    data = ReferenceData()

    services = readable(delivered_rows(world, "service"), read_service)
    data.services = {service.service_code: service for service in services}

    service_of_team = {
        row["team_code"]: data.services.get(row["service_code"])
        for row in delivered_rows(world, "team")
    }
    data.service_of_agent = {
        row["agent_id"]: service_of_team.get(row["team_code"])
        for row in delivered_rows(world, "agent")
    }
    data.aliases = {
        (row["source"], row["external_id"]): row["agent_id"]
        for row in delivered_rows(world, "agent_alias")
    }
    shift_codes = readable(delivered_rows(world, "shift"), read_shift_code)
    data.shift_codes = {code.shift_code: code for code in shift_codes}

    aux_codes = readable(delivered_rows(world, "aux_code"), read_aux_code)
    data.aux_codes = {code.aux_code: code for code in aux_codes}

    data.targets = latest_holds(
        readable(delivered_rows(world, "kpi_target"), read_target),
        lambda target: (
            target.service_code,
            target.channel,
            target.kpi,
            target.effective_from,
        ),
    )

    def read_requirement(row: Cells) -> Requirement | None:
        service = data.services.get(cells.required_text(row, "service_code"))
        if service is None:
            return None
        return Requirement(
            service_code=service.service_code,
            start=cells.required_moment(row, "interval_start", service.zone),
            agents=cells.number(row, "required_agents"),
            offered=cells.number(row, "forecast_offered"),
            aht_s=cells.number(row, "forecast_aht_s"),
        )

    data.requirements = latest_holds(
        readable(delivered_rows(world, "staffing_requirement"), read_requirement),
        lambda requirement: (requirement.service_code, requirement.start),
    )
    data.holidays = latest_holds(
        readable(delivered_rows(world, "holiday"), read_holiday),
        lambda holiday: (holiday.day, holiday.service_code),
    )

    def read_exception(row: Cells) -> ApprovedException | None:
        agent_id = cells.required_text(row, "agent_id")
        service = data.service_of_agent.get(agent_id)
        if service is None:
            return None
        return ApprovedException(
            exception_id=cells.required_text(row, "exception_id"),
            agent_id=agent_id,
            start=cells.required_moment(row, "start_at", service.zone),
            end=cells.required_moment(row, "end_at", service.zone),
            is_approved=cells.text(row, "approved_by") is not None,
            updated_at=cells.required_moment(row, "updated_at", service.zone),
            delivered=row,
        )

    data.exceptions = newest_holds(
        readable(delivered_rows(world, "exception"), read_exception),
        lambda exception: exception.exception_id,
        lambda exception: exception.updated_at,
    )
    return data
