"""The figures of a month, read from the marts in one snapshot, as `rtm_reader`.

What is counted is counted in SQL, on the calendar of each service; nothing is judged or worded
here. No statement asks for an agent.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, text

from rtm.report.month import Month
from rtm.warehouse import Role, Warehouse

Rows = Sequence[Row[Any]]

SERVICES = text(
    """
    select service.service_code, service.service_name, service.client_name, service.timezone,
        service.as_of
    from marts.dim_service as service
    order by service.service_code
    """
)

DAYS = text(
    """
    select day.service_code, day.channel, day.kpi, day.local_date, day.formula, day.numerator,
        day.denominator, day.value, day.comparator, day.target, day.is_met, day.is_provisional
    from marts.rpt_kpi_day as day
    where day.month = :first
    order by day.service_code, day.channel, day.kpi, day.local_date
    """
)

FORMULAS_BEFORE = text(
    """
    select distinct day.service_code, day.channel, day.kpi, day.formula
    from marts.rpt_kpi_day as day
    where day.month = :before and day.denominator > 0
    order by 1, 2, 3, 4
    """
)

ROSTERS = text(
    """
    select roster.service_code,
        count(*) filter (where roster.status = 'on_time') as on_time,
        count(*) filter (where roster.status = 'late') as late,
        count(*) filter (where roster.status = 'missing') as missing,
        count(*) filter (where roster.status <> 'awaited') as due,
        array_agg(roster.roster_date order by roster.roster_date)
            filter (where roster.status in ('late', 'missing')) as not_kept
    from marts.rpt_roster_date_history as roster
    where roster.roster_date between :first and :last
    group by roster.service_code
    order by roster.service_code
    """
)

VERSIONS = text(
    """
    select roster.service_code,
        count(*) as received,
        count(*) filter (where roster.verdict = 'valid') as valid,
        count(*) filter (where roster.is_on_time) as on_time
    from marts.fct_roster_validity as roster
    where roster.service_code is not null
        and roster.period_start <= :last and roster.period_end >= :first
    group by roster.service_code
    order by roster.service_code
    """
)

ATTENDANCE = text(
    """
    select shift.service_code,
        count(*) filter (where shift.status = 'present') as present,
        count(*) filter (where shift.status = 'late') as late,
        count(*) filter (where shift.status in ('absent', 'no_show')) as absent,
        count(*) filter (where shift.status = 'excused') as excused,
        count(*) filter (where shift.status = 'unscheduled') as unscheduled
    from marts.fct_attendance as shift
    where shift.service_code = any(:services) and shift.roster_date between :first and :last
    group by shift.service_code
    order by shift.service_code
    """
)

AUX = text(
    """
    select spent.service_code, spent.aux_code, spent.aux_formula as formula,
        count(*) as shifts,
        count(*) filter (where spent.excess_s > 0) as shifts_over,
        sum(spent.aux_s) as aux_s,
        sum(spent.excess_s) as excess_s
    from marts.fct_aux_usage as spent
    where spent.service_code = any(:services) and spent.roster_date between :first and :last
    group by spent.service_code, spent.aux_code, spent.aux_formula
    order by spent.service_code, spent.aux_code
    """
)

BREACHES = text(
    """
    select breach.service_code, breach.channel, breach.kpi,
        count(*) as opened,
        count(*) filter (where breach.severity = 'critical') as critical,
        count(*) filter (where breach.cleared_because = 'met') as met,
        count(*) filter (where breach.cleared_because <> 'met') as withdrawn,
        count(*) filter (where breach.cleared_at is null) as still_open,
        percentile_cont(0.5) within group (
            order by extract(epoch from breach.cleared_at - breach.started_at)
        ) filter (where breach.cleared_because = 'met') as median_s
    from marts.fct_breach as breach
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where breach.scope = 'service'
        and breach.detected_at >= cast(:first as timestamp) at time zone service.timezone
        and breach.detected_at < cast(:end as timestamp) at time zone service.timezone
    group by breach.service_code, breach.channel, breach.kpi
    order by breach.service_code, breach.channel, breach.kpi
    """
)

PLANS = text(
    """
    select breach.service_code,
        count(*) as drafted,
        count(*) filter (where plan.status = 'withdrawn') as withdrawn,
        count(*) filter (where plan.status = 'closed') as closed,
        count(*) filter (where plan.closed_at is null) as still_open,
        count(*) filter (where plan.is_effective) as effective,
        count(*) filter (where not plan.is_effective) as not_effective
    from marts.fct_recovery_plan as plan
    inner join marts.fct_breach as breach
        on breach.breach_id = plan.breach_id and breach.scope = 'service'
    inner join marts.dim_service as service on service.service_code = breach.service_code
    where plan.created_at >= cast(:first as timestamp) at time zone service.timezone
        and plan.created_at < cast(:end as timestamp) at time zone service.timezone
    group by breach.service_code
    order by breach.service_code
    """
)

INDICATORS = text(
    """
    select indicator.service_code, indicator.sop_code, indicator.aspect, indicator.indicator,
        indicator.formula, indicator.numerator, indicator.denominator, indicator.value,
        indicator.p50_s, indicator.p90_s, indicator.sla_s, indicator.lowest_day_pct,
        indicator.is_provisional
    from marts.rpt_procedure_kpi as indicator
    where indicator.month = :first
    order by indicator.sop_code, indicator.indicator, indicator.service_code
    """
)

COACHING = text(
    """
    select coaching.service_code,
        count(*) filter (where coaching.proposed_at >= bounds.first_at
            and coaching.proposed_at < bounds.end_at) as proposed,
        count(*) filter (where coaching.step is not null and coaching.decided_at >= bounds.first_at
            and coaching.decided_at < bounds.end_at) as issued,
        count(*) filter (where coaching.status = 'dismissed'
            and coaching.decided_at >= bounds.first_at
            and coaching.decided_at < bounds.end_at) as dismissed,
        count(*) filter (where coaching.followed_up_at >= bounds.first_at
            and coaching.followed_up_at < bounds.end_at) as followed_up
    from marts.fct_coaching as coaching
    inner join marts.dim_service as service on service.service_code = coaching.service_code
    cross join lateral (
        select cast(:first as timestamp) at time zone service.timezone as first_at,
            cast(:end as timestamp) at time zone service.timezone as end_at
    ) as bounds
    group by coaching.service_code
    order by coaching.service_code
    """
)

# Over all services: of one alone a step is soon a person
STEPS = text(
    """
    select coaching.step,
        coalesce(max(ladder.step_name), coaching.step) as step_name,
        coalesce(max(ladder.step_name_indonesian), max(ladder.step_name), coaching.step)
            as step_name_indonesian,
        count(*) as issued
    from marts.fct_coaching as coaching
    inner join marts.dim_service as service on service.service_code = coaching.service_code
    left join marts.rpt_coaching_step as ladder
        on ladder.service_code = coaching.service_code and ladder.step_code = coaching.step
    where coaching.step is not null
        and coaching.decided_at >= cast(:first as timestamp) at time zone service.timezone
        and coaching.decided_at < cast(:end as timestamp) at time zone service.timezone
    group by coaching.step
    order by max(coaching.step_no), coaching.step
    """
)

# A target that begins, ends, or comes to say something else in the month; the first version of one
# is no change of it, however late it was delivered
TARGETS = text(
    """
    select target.service_code, target.channel, target.kpi, target.formula, target.comparator,
        target.target, target.threshold_s, target.valid_from, target.valid_to,
        target.known_from_at, target.version,
        before.formula as formula_before, before.comparator as comparator_before,
        before.target as target_before, before.threshold_s as threshold_s_before,
        before.valid_to as valid_to_before,
        target.version > 1
            and target.known_from_at >= cast(:first as timestamp) at time zone service.timezone
            and target.known_from_at < cast(:end as timestamp) at time zone service.timezone
            as is_corrected,
        target.is_current and target.valid_from between :first and :last as begins,
        target.is_current and target.valid_to between :first and :last as ends
    from marts.dim_kpi_target_history as target
    inner join marts.dim_service as service on service.service_code = target.service_code
    left join marts.dim_kpi_target_history as before
        on before.service_code = target.service_code
        and before.channel = target.channel
        and before.kpi = target.kpi
        and before.valid_from = target.valid_from
        and before.version = target.version - 1
    order by target.service_code, target.channel, target.kpi, target.valid_from, target.version
    """
)

SERVICE_CHANGES = text(
    """
    select service.service_code, service.known_from_at, change.attribute, change.value_before,
        change.value_after
    from marts.dim_service_history as service
    inner join marts.dim_service_history as before
        on before.service_code = service.service_code and before.version = service.version - 1
    cross join lateral (values
        ('service_name', before.service_name, service.service_name),
        ('timezone', before.timezone, service.timezone),
        ('short_abandon_s', before.short_abandon_s::text, service.short_abandon_s::text),
        ('counts_self_service', before.counts_self_service::text,
            service.counts_self_service::text),
        ('login_tolerance_s', before.login_tolerance_s::text, service.login_tolerance_s::text),
        ('logout_tolerance_s', before.logout_tolerance_s::text, service.logout_tolerance_s::text),
        ('no_show_after_s', before.no_show_after_s::text, service.no_show_after_s::text),
        ('opening_hours', before.opening_hours, service.opening_hours),
        ('roster_cutoff', before.roster_cutoff::text, service.roster_cutoff::text)
    ) as change (attribute, value_before, value_after)
    where change.value_before is distinct from change.value_after
        and service.known_from_at >= cast(:first as timestamp) at time zone service.timezone
        and service.known_from_at < cast(:end as timestamp) at time zone service.timezone
    order by service.service_code, service.known_from_at, change.attribute
    """
)


@dataclass(frozen=True)
class Figures:
    """What the marts say of one month; without a service there is nothing to say."""

    month: Month
    services: Rows
    days: Rows
    formulas_before: Rows
    rosters: Rows
    versions: Rows
    attendance: Rows
    aux: Rows
    breaches: Rows
    plans: Rows
    indicators: Rows
    coaching: Rows
    steps: Rows
    targets: Rows
    service_changes: Rows

    @property
    def as_of(self) -> datetime:
        """Up to when the marts were computed."""
        as_of: datetime = self.services[0].as_of
        return as_of

    @cached_property
    def zone(self) -> str:
        """In which moments are told that belong to no service: that of most services."""
        zones: Counter[str] = Counter(service.timezone for service in self.services)
        return min(zones, key=lambda zone: (-zones[zone], zone))

    @cached_property
    def names(self) -> dict[str, str]:
        return {
            service.service_code: service.service_name or service.service_code
            for service in self.services
        }

    @property
    def is_over(self) -> bool:
        """Whether the month has ended for every service."""
        return local_today(self.services) > self.month.last

    @property
    def is_provisional(self) -> bool:
        """Whether something of it can still change without a correction."""
        rows = [*self.days, *self.indicators]
        return not self.is_over or any(row.is_provisional for row in rows)

    @cached_property
    def formulas(self) -> list[str]:
        """Every formula, with its version, by which a figure was computed."""
        rows = [*self.days, *self.indicators, *self.aux]
        return sorted({row.formula for row in rows if row.formula})

    @cached_property
    def sha256(self) -> str:
        """Of all figures, whatever the clock: equal figures have an equal checksum."""
        told = {
            field.name: [
                {name: _plain(value) for name, value in row._mapping.items() if name != "as_of"}
                for row in getattr(self, field.name)
            ]
            for field in fields(self)
            if field.name != "month"
        }
        content = json.dumps(told, default=str, sort_keys=True)
        return hashlib.sha256(f"{self.month} {content}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A value for the checksum: in whatever order the database adds seconds, their sum is equal."""
    return round(value, 6) if isinstance(value, float) else value


def local_today(services: Rows) -> date:
    """The date at the clock of the marts, where it is still the earliest."""
    dates: list[date] = [row.as_of.astimezone(ZoneInfo(row.timezone)).date() for row in services]
    return min(dates)


@contextmanager
def snapshot(warehouse: Warehouse) -> Iterator[Connection]:
    """What every statement sees is one moment of the marts, whatever cycle ends meanwhile."""
    engine = warehouse.engine(Role.READER).execution_options(isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        yield connection


def read_services(connection: Connection) -> Rows:
    """Services with the clock of the marts; none as long as no cycle has ended well."""
    services = connection.execute(SERVICES).all()
    return [service for service in services if service.as_of is not None]


def read_figures(connection: Connection, services: Rows, month: Month) -> Figures:
    """All figures of a month, of services that `read_services` gave in the same snapshot."""
    asked = {
        "first": month.first,
        "last": month.last,
        "end": month.next.first,
        "before": month.previous.first,
        "services": [service.service_code for service in services],
    }

    def read(statement: Any) -> Rows:
        return connection.execute(statement, asked).all()

    changes = [row for row in read(TARGETS) if row.is_corrected or row.begins or row.ends]
    return Figures(
        *(month, services, read(DAYS), read(FORMULAS_BEFORE), read(ROSTERS), read(VERSIONS)),
        *(read(ATTENDANCE), read(AUX), read(BREACHES), read(PLANS), read(INDICATORS)),
        *(read(COACHING), read(STEPS), changes, read(SERVICE_CHANGES)),
    )
