"""The alert rules for what the pipeline cannot say of itself: each stays quiet, and each fires."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from rtm.cycle import System, run_cycle
from tests.grafana.test_dashboards import PROVISIONING, boards
from tests.small_centre import MORNING, deliver_reference

ALERTING = yaml.safe_load((PROVISIONING / "alerting" / "rtm.yml").read_text())
RULES = [rule for group in ALERTING["groups"] for rule in group["rules"]]

# What a pipeline on time looks like; the wall clock is years from that of the small centre.
ON_TIME = (
    "update ops.clock set built_as_of = now()",
    "update ops.cycle set finished_at = now()",
    "delete from ops.outbox",
)
MAIL = """
    insert into ops.outbox (dedupe_key, kind, recipient, subject, body_text, body_html, state,
        created_at, next_attempt_at)
    values ('x', 'breach', 'a@bank.example', 'x', 'x', 'x', :state, now(), now() + :due)
"""
LATE = {
    "rtm-data-too-old": ("update ops.clock set built_as_of = now() - interval '11 minutes'", {}),
    "rtm-cycle-not-running": ("update ops.cycle set finished_at = now() - interval '1 hour'", {}),
    "rtm-outbox-stuck": (MAIL, {"state": "queued", "due": timedelta(minutes=-11)}),
}


@pytest.fixture
def centre(system: System, deliver) -> System:
    deliver_reference(deliver)
    run_cycle(system, MORNING)
    return system


def write(system: System, statement: str, **parameters: Any) -> None:
    with system.warehouse.engine().begin() as connection:
        connection.execute(text(statement), parameters)


def fires(system: System, rule: dict[str, Any]) -> bool:
    """As Grafana decides: one row with one number, held against the threshold."""
    query, condition = rule["data"]
    (evaluator,) = (told["evaluator"] for told in condition["model"]["conditions"])
    assert condition["refId"] == rule["condition"] and evaluator["type"] == "gt"
    assert condition["model"]["expression"] == query["refId"]
    with system.warehouse.engine().connect() as connection:
        connection.execute(text("set role rtm_reader"))
        ((value,),) = connection.execute(text(query["model"]["rawSql"])).all()
    assert isinstance(value, float)
    return value > evaluator["params"][0]


def test_there_is_a_rule_for_each_and_no_more():
    assert {rule["uid"] for rule in RULES} == set(LATE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_a_rule_fires_when_it_should_and_only_then(rule, centre: System):
    for statement in ON_TIME:
        write(centre, statement)
    assert not fires(centre, rule)
    write(centre, MAIL, state="queued", due=timedelta(minutes=20))
    assert not fires(centre, rule), "a mail that is not due yet is not late"
    write(centre, "delete from ops.outbox")
    statement, parameters = LATE[rule["uid"]]
    write(centre, statement, **parameters)
    assert [told["uid"] for told in RULES if fires(centre, told)] == [rule["uid"]]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_a_rule_that_gets_no_answer_fires_and_leads_to_a_panel(rule):
    assert rule["noDataState"] == rule["execErrState"] == "Alerting"
    told = rule["annotations"]
    panels = {board["uid"]: {panel["id"] for panel in board["panels"]} for board in boards()}
    assert int(told["__panelId__"]) in panels[told["__dashboardUid__"]]
    assert {query["datasourceUid"] for query in rule["data"]} == {"rtm-warehouse", "__expr__"}


def test_whoever_runs_the_pipeline_is_told():
    (operators,) = ALERTING["contactPoints"]
    (receiver,) = operators["receivers"]
    assert (receiver["type"], receiver["settings"]["addresses"]) == ("email", "$RTM_OPERATORS")
    assert {rule["notification_settings"]["receiver"] for rule in RULES} == {operators["name"]}


def test_before_the_first_cycle_the_rules_have_no_data(system: System):
    with system.warehouse.engine().connect() as connection:
        answers = {
            rule["uid"]: connection.execute(text(rule["data"][0]["model"]["rawSql"])).all()
            for rule in RULES
        }
    assert answers["rtm-data-too-old"] == answers["rtm-cycle-not-running"] == []
