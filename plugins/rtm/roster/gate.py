"""Runs the expectations of a table over one delivered roster, and tells apart what they say: the
roster breaks a rule, or the check itself is broken.
"""

from __future__ import annotations

import importlib.util
import io
import logging
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import ModuleType
from typing import Any

from sqlalchemy.engine import URL

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


ROWS = """
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
    lower(agent.role) as role,
    coalesce(
        roster.roster_date
        between agent.active_from::date and coalesce(agent.active_to::date, 'infinity'),
        false
    ) as is_agent_active,
    planned.start_at as planned_start_at,
    coalesce(
        roster.end_at,
        case
            when (roster.roster_date + shift.end_time) at time zone service.timezone
                > planned.start_at
                then (roster.roster_date + shift.end_time) at time zone service.timezone
            else (roster.roster_date + 1 + shift.end_time) at time zone service.timezone
        end
    ) as planned_end_at
from staging.stg_canonical__roster as roster
inner join raw.service as service on service.service_code = roster.service_code
left join staging.stg_canonical__shift as shift on shift.shift_code = roster.shift_code
left join raw.agent as agent on agent.agent_id = roster.agent_id
cross join lateral (
    select coalesce(
        roster.start_at, (roster.roster_date + shift.start_time) at time zone service.timezone
    ) as start_at
) as planned
where roster.file_id = {file_id}
"""
"""The rows of one delivered roster as the rules see them; one per delivered row."""

PREFACE = "with entries as (select * from {batch})"
"""Gives the delivered rows the name under which the rules read them."""


@cache
def suite(table: str) -> ModuleType:
    """The rules of a table, from `expectations/<table>.py`."""
    path = REPOSITORY / "expectations" / f"{table}.py"
    spec = importlib.util.spec_from_file_location(f"expectations.{table}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def judge(warehouse: Warehouse, file_id: int, language: Language) -> list[Finding]:
    """See `_judge`; without the progress bars that Great Expectations draws wherever it runs."""
    with redirect_stderr(io.StringIO()):
        return _judge(warehouse, file_id, language)


def _judge(warehouse: Warehouse, file_id: int, language: Language) -> list[Finding]:
    """All findings on the roster of one file; an empty roster is a finding of its own.

    Raises CheckBrokenError if a rule could not be evaluated: that says nothing of the roster.
    """
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
    rules = suite("roster")
    context = gx.get_context(mode="ephemeral")
    batch = (
        context.data_sources.add_postgres("warehouse", connection_string=_login(warehouse))
        .add_query_asset("roster", query=ROWS.format(file_id=file_id))
        .add_batch_definition_whole_table("delivered")
    )
    expected = gx.ExpectationSuite("roster")
    expected.add_expectation(
        ExpectTableRowCountToBeBetween(min_value=1, meta={"rule": "not_empty"})
    )
    for rule in rules.RULES:
        expected.add_expectation(
            UnexpectedRowsExpectation(
                unexpected_rows_query=PREFACE + rule.query, meta={"rule": rule.code}
            )
        )
    context.suites.add(expected)
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name="gate", data=batch, suite=expected)
    )
    results = validation.run(result_format="COMPLETE").results
    by_code = {rule.code: rule for rule in rules.RULES}
    findings: list[Finding] = []
    for expectation, result in zip(expected.expectations, results, strict=True):
        code = (expectation.meta or {})["rule"]
        _refuse_broken(code, result)
        if result.success:
            continue
        if code == "not_empty":
            return [_empty(language)]
        rows = validation.get_unexpected_rows(expectation)
        findings += [_finding(by_code[code], row, language) for row in rows]
    return findings


def _refuse_broken(code: str, result: Any) -> None:
    """Great Expectations reports a query that failed as an expectation that was not met."""
    raised = result.exception_info or {}
    told = [raised] if "raised_exception" in raised else list(raised.values())
    for information in told:
        if isinstance(information, dict) and information.get("raised_exception"):
            raise CheckBrokenError(f"{code}: {information.get('exception_message')}")


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
