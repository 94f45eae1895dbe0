"""Runs the expectations of a table over one delivered roster, and tells apart what they say: the
roster breaks a rule, or the check itself is broken. Lays before the rules all that they may see,
and can tell whether that is still what it was.
"""

from __future__ import annotations

import importlib.util
import io
import logging
from contextlib import redirect_stderr
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import cache
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from rtm.roster_limits import RosterLimits
from rtm.settings import REPOSITORY, Language
from rtm.warehouse import Role, Warehouse


class CheckBrokenError(RuntimeError):
    """A rule could not be evaluated; the message names it and gives the database's words."""


@dataclass(frozen=True)
class Finding:
    """One place where a roster breaks a rule."""

    rule: str
    severity: str
    row_number: int | None
    agent_id: str | None
    roster_date: date | None
    message: str
    place: str | None = None
    """The cell of the delivered workbook, as `Sheet!F12`."""


DAYS_AROUND = 7
"""How far the rules see beyond the first and last date: a week is counted whole."""

PLANNED = """
select
    roster.file_id,
    roster.row_number,
    roster.service_code,
    roster.agent_id,
    roster.roster_date,
    roster.shift_code,
    roster.function,
    service.timezone,
    shift.kind,
    coalesce(shift.break_min, 0) as break_min,
    coalesce(shift.is_overtime, false) as is_overtime,
    agent.role,
    agent.work_pattern,
    coalesce(agent.night_shift_allowed, true) as night_shift_allowed,
    coalesce(
        roster.roster_date between agent.active_from and coalesce(agent.active_to, 'infinity'),
        false
    ) as is_agent_active,
    begun.planned_start_at,
    ended.planned_end_at,
    extract(epoch from ended.planned_end_at - begun.planned_start_at)
    - coalesce(shift.break_min, 0) * 60 as work_s
from staging.stg_canonical__roster as roster
inner join raw.service as service on service.service_code = roster.service_code
left join staging.stg_canonical__shift as shift on shift.shift_code = roster.shift_code
left join staging.stg_canonical__agent as agent on agent.agent_id = roster.agent_id
cross join lateral (
    select coalesce(
        roster.start_at, (roster.roster_date + shift.start_time) at time zone service.timezone
    ) as planned_start_at
) as begun
cross join lateral (
    select coalesce(
        roster.end_at,
        case
            when (roster.roster_date + shift.end_time) at time zone service.timezone
                > begun.planned_start_at
                then (roster.roster_date + shift.end_time) at time zone service.timezone
            else (roster.roster_date + 1 + shift.end_time) at time zone service.timezone
        end
    ) as planned_end_at
) as ended
"""
"""Rows of rosters with their planned times and the person they name; one per delivered row."""

ROWS = PLANNED + "where roster.file_id = {file_id}"

SIGHT = f"""
with

entries as (
    select * from {{batch}}
),

delivery as (
    select
        mode() within group (order by service_code) as service_code,
        min(roster_date) as first_date,
        max(roster_date) as last_date
    from entries
),

refused as (
    select row_number, reason, cells, waits_for
    from ops.quarantine
    where file_id = {{file_id}} and released_at is null
),

staff as (
    select
        agent.agent_id,
        agent.active_from::date as active_from,
        coalesce(agent.active_to::date, 'infinity') as active_to
    from delivery
    inner join raw.team as team on team.service_code = delivery.service_code
    inner join raw.agent as agent
        on agent.team_code = team.team_code and lower(agent.role) = 'agent'
),

-- The dates before and after, and those that a version delivered later holds: this roster, once
-- valid, replaces all others
standing as (
    select day.service_code, day.roster_date, day.file_id
    from delivery
    inner join ops.roster_day as day
        on day.service_code = delivery.service_code
        and day.roster_date
        between delivery.first_date - {DAYS_AROUND} and delivery.last_date + {DAYS_AROUND}
    inner join ops.file_ledger as holder on holder.file_id = day.file_id
    inner join ops.file_ledger as own on own.file_id = {{file_id}}
    where day.roster_date not between delivery.first_date and delivery.last_date
        or (holder.arrived_at, holder.file_name) > (own.arrived_at, own.file_name)
),

neighbours as (
    {PLANNED}
    inner join standing
        on standing.file_id = roster.file_id
        and standing.service_code = roster.service_code
        and standing.roster_date = roster.roster_date
),

-- Two rows of one agent and date are a rule's matter: here the first of them stands for the date
timeline as (
    select
        own.row_number, own.agent_id, own.roster_date, own.shift_code, own.function, own.kind,
        own.is_overtime, own.work_pattern, own.timezone, own.planned_start_at, own.planned_end_at,
        own.work_s, true as is_own
    from (
        select distinct on (agent_id, roster_date) *
        from entries
        order by agent_id, roster_date, row_number
    ) as own
    where own.roster_date not in (select standing.roster_date from standing)
    union all
    select
        null, around.agent_id, around.roster_date, around.shift_code, around.function, around.kind,
        around.is_overtime, around.work_pattern, around.timezone, around.planned_start_at,
        around.planned_end_at, around.work_s, false
    from neighbours as around
),

-- Materialized: PostgreSQL would count them anew for every interval
crews as materialized (
    select timeline.planned_start_at, timeline.planned_end_at, count(*) as agents
    from timeline
    where timeline.kind = 'work' and timeline.function <> 'rtfm'
    group by timeline.planned_start_at, timeline.planned_end_at
),

required as materialized (
    select
        need.interval_start as start_at,
        need.interval_end as end_at,
        need.required_agents,
        (need.interval_start at time zone service.timezone)::date as roster_date,
        service.timezone
    from delivery
    inner join raw.service as service on service.service_code = delivery.service_code
    inner join staging.stg_canonical__staffing_requirement as need
        on need.service_code = delivery.service_code
    where need.required_agents > 0
        and (need.interval_start at time zone service.timezone)::date
        between delivery.first_date and delivery.last_date
        -- The first morning belongs to the night shift of a date of which nothing is published
        and not (
            (need.interval_start at time zone service.timezone)::date = delivery.first_date
            and delivery.first_date - 1 not in (select standing.roster_date from standing)
            and need.interval_start
            < (select min(planned_start_at) from entries where kind = 'work')
            and exists (
                select from entries
                where kind = 'work'
                    and (planned_end_at at time zone entries.timezone)::date > roster_date
            )
        )
),

limits as (
    select {{limits}}
)

"""
"""All that the rules may read; what each name means stands in `expectations/roster.py`."""

FINGERPRINT = """
select md5(concat_ws(
    '/',
    (select string_agg(seen::text, ',' order by seen.row_number) from entries as seen),
    (select string_agg(seen::text, ',' order by seen::text) from refused as seen),
    (select string_agg(seen::text, ',' order by seen::text) from staff as seen),
    (select string_agg(seen::text, ',' order by seen::text) from standing as seen),
    (select string_agg(seen::text, ',' order by seen::text) from neighbours as seen),
    (select string_agg(seen::text, ',' order by seen.start_at) from required as seen),
    (select seen::text from limits as seen)
))
"""


def _sight(file_id: int, limits: RosterLimits, batch: str) -> str:
    values = ", ".join(f"{value}::numeric as {name}" for name, value in asdict(limits).items())
    return SIGHT.format(file_id=file_id, batch=batch, limits=values)


PLACES = text(
    """
    select row_number, place
    from staging.stg_canonical__roster
    where file_id = :file_id and row_number = any(:numbers)
    union all
    select row_number, cells ->> '_place'
    from ops.quarantine
    where file_id = :file_id and row_number = any(:numbers) and released_at is null
    """
)


@cache
def suite(table: str) -> ModuleType:
    """The rules of a table, from `expectations/<table>.py`."""
    path = REPOSITORY / "expectations" / f"{table}.py"
    spec = importlib.util.spec_from_file_location(f"expectations.{table}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fingerprint(connection: Connection, file_id: int, limits: RosterLimits) -> str:
    """Stands for all that the rules may see of a roster: the same fingerprint, the same verdict."""
    seen = _sight(file_id, limits, f"({ROWS.format(file_id=file_id)}) as delivered")
    return str(connection.execute(text(seen + FINGERPRINT)).scalar_one())


def judge(
    warehouse: Warehouse, file_id: int, limits: RosterLimits, language: Language
) -> list[Finding]:
    """All findings on the roster of one file; a roster without any row is a finding of its own.

    Raises CheckBrokenError if a rule could not be evaluated: that says nothing of the roster.
    """
    # Great Expectations draws progress bars wherever it runs.
    with redirect_stderr(io.StringIO()):
        validation = _validation(warehouse, file_id, limits)
        results = validation.run(result_format="COMPLETE").results
        # Results of expectations that could not be evaluated come first, not in their place.
        said = {result.expectation_config.meta["rule"]: result for result in results}
        for code, result in said.items():
            _refuse_broken(code, result)
        expected = {e.meta["rule"]: e for e in validation.suite.expectations}
        findings: list[Finding] = []
        for rule in suite("roster").RULES:
            if not said[rule.code].success:
                rows = validation.get_unexpected_rows(expected[rule.code])
                findings += sorted((_finding(rule, row, language) for row in rows), key=_place)
    findings = _placed(warehouse, file_id, findings)
    # A roster whose rows were all refused has its reasons already.
    if not said["not_empty"].success and not findings:
        findings = [_empty(language)]
    return findings


def _placed(warehouse: Warehouse, file_id: int, findings: list[Finding]) -> list[Finding]:
    """With the cell of the row that each finding is about."""
    numbers = sorted({finding.row_number for finding in findings if finding.row_number})
    if not numbers:
        return findings
    with warehouse.transaction(Role.APP) as connection:
        rows = connection.execute(PLACES, {"file_id": file_id, "numbers": numbers})
        places = {row.row_number: row.place for row in rows}
    return [replace(finding, place=places.get(finding.row_number or 0)) for finding in findings]


def _validation(warehouse: Warehouse, file_id: int, limits: RosterLimits) -> Any:
    """The rules as expectations of the delivered rows, ready to run."""
    import great_expectations as gx
    from great_expectations.expectations.core.expect_table_row_count_to_be_between import (
        ExpectTableRowCountToBeBetween,
    )
    from great_expectations.expectations.core.unexpected_rows_expectation import (
        UnexpectedRowsExpectation,
    )

    # The second sets its own level, and tells of a folder for a page that is never made.
    for name in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(name).setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_postgres(
            "warehouse", connection_string=_login(warehouse), create_temp_table=True
        )
        .add_query_asset("roster", query=ROWS.format(file_id=file_id))
        .add_batch_definition_whole_table("delivered")
    )
    expected = gx.ExpectationSuite("roster")
    expected.add_expectation(
        ExpectTableRowCountToBeBetween(min_value=1, meta={"rule": "not_empty"})
    )
    # The other placeholder is for Great Expectations.
    sight = _sight(file_id, limits, "{batch}")
    for rule in suite("roster").RULES:
        expected.add_expectation(
            UnexpectedRowsExpectation(
                unexpected_rows_query=sight + rule.query, meta={"rule": rule.code}
            )
        )
    context.suites.add(expected)
    return context.validation_definitions.add(
        gx.ValidationDefinition(name="gate", data=batch, suite=expected)
    )


def _place(finding: Finding) -> tuple[int, date, str]:
    return finding.row_number or 0, finding.roster_date or date.min, finding.agent_id or ""


def _refuse_broken(code: str, result: Any) -> None:
    """Great Expectations reports a query that failed as an expectation that was not met."""
    raised = result.exception_info or {}
    told = [raised] if "raised_exception" in raised else list(raised.values())
    for information in told:
        if isinstance(information, dict) and information.get("raised_exception"):
            # Below its first line stands the whole query, which tells the reader of a mail nothing.
            told_first = str(information.get("exception_message")).partition("\n")[0]
            raise CheckBrokenError(f"{code}: {told_first}")


def _finding(rule: Any, row: dict[str, Any], language: Language) -> Finding:
    number = row.get("row_number")
    day = row.get("roster_date")
    return Finding(
        rule.code,
        rule.severity,
        None if number is None else int(number),
        row.get("agent_id"),
        day.date() if isinstance(day, datetime) else day,
        rule.message[language].replace("%", str(row.get("detail"))),
    )


def _empty(language: Language) -> Finding:
    message = {"id": "roster tidak berisi satu baris pun", "en": "the roster holds no row at all"}
    return Finding("not_empty", "error", None, None, None, message[language])


def _login(warehouse: Warehouse) -> str:
    """The warehouse as the application role, by TCP."""
    url: URL = warehouse.url.update_query_dict({"options": f"-c role={Role.APP} -c timezone=UTC"})
    return url.render_as_string(hide_password=False)
