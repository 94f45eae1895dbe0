"""The mails of a plan: of its breach, of what somebody did with it, of what is due.

Who is told is said here, what they read stands in `rtm.notify`. All mails of one breach are one
thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, text

from rtm.notify import Mail, queue_mails, words
from rtm.recipients import coordinators, name_of, on_duty, people, team_leaders
from rtm.recovery.due import read_due
from rtm.recovery.lifecycle import Action
from rtm.settings import Language, Settings
from rtm.speech import Speech


def tell_of_breach(
    connection: Connection, settings: Settings, plan: RowMapping, as_of: datetime
) -> None:
    """To the coordinators and the real-time function on duty, who writes the plan. Where no
    coordinator can get it, detection has raised an incident."""
    kind = "breach" if plan["roster_date"] is None else "roster_breach"
    service, number = plan["service_code"], plan["breach_id"]
    told = coordinators(connection, settings, service)
    _queue(connection, settings, plan, kind, f"breach:{number}", told, {}, as_of)
    others = [to for to in on_duty(connection, service, as_of) if to not in told]
    _queue(connection, settings, plan, kind, f"duty:{number}", others, {}, as_of)


TOLD_OF = text("select distinct recipient from ops.outbox where thread = :thread")


def tell_of_worse(
    connection: Connection,
    settings: Settings,
    plan: RowMapping,
    observed: float,
    since: datetime,
    as_of: datetime,
) -> None:
    """To those who were told of the breach at first, and who writes its plan: it is critical since
    then, and what the KPI shows now."""
    service = plan["service_code"]
    told = {*coordinators(connection, settings, service), *on_duty(connection, service, as_of)}
    told |= set(people(connection, plan["contributors"]))
    facts = {
        "now_text": Speech(settings.language).kpi(plan["kpi"], observed),
        "since_text": _moment(plan, since),
    }
    key = f"worse:{plan['breach_id']}"
    _queue(connection, settings, plan, "breach_worse", key, sorted(told), facts, as_of)


def tell_of_no_effect(
    connection: Connection, settings: Settings, plan: RowMapping, as_of: datetime
) -> None:
    """To all who have to do with a plan that had no effect."""
    service = plan["service_code"]
    told = {*team_leaders(connection, service), *coordinators(connection, settings, service)}
    told |= set(people(connection, [plan["responsible"], *plan["contributors"]]))
    key = f"ineffective:{plan['plan_id']}:{plan['revision']}"
    # It is to be reopened: whatever is due meanwhile is not what is asked for.
    facts = {"next_text": ""}
    _queue(connection, settings, plan, "plan_ineffective", key, sorted(told), facts, as_of)


def tell_of_change(
    connection: Connection,
    settings: Settings,
    plan: RowMapping,
    action: Action,
    actor: str,
    note: str | None,
    at: datetime,
) -> None:
    """To those who have the next step: a plan that is submitted, returned, verified or reopened.
    That it is withdrawn is told to all who were told of its breach."""
    service = plan["service_code"]
    if action is Action.SUBMIT:
        told = set(team_leaders(connection, service)) | set(
            coordinators(connection, settings, service)
        )
        told -= set(people(connection, plan["contributors"]))
    elif action is Action.RETURN:
        told = set(people(connection, plan["contributors"]) or on_duty(connection, service, at))
    elif action is Action.REOPEN:
        told = set(people(connection, plan["contributors"]) + team_leaders(connection, service))
    elif action is Action.VERIFY:
        told = set(people(connection, [plan["responsible"], plan["author"]]))
    elif action is Action.WITHDRAW:
        thread = f"breach-{plan['breach_id']}"
        told = set(connection.execute(TOLD_OF, {"thread": thread}).scalars())
    else:
        return
    facts: dict[str, Any] = {"actor_name": name_of(connection, actor), "note": note or ""}
    if action is Action.VERIFY:
        facts["action"] = _action(connection, plan, Speech(settings.language))
    _queue(
        *(connection, settings, plan, f"plan_{action.value}"),
        f"plan:{plan['plan_id']}:{plan['revision']}",
        sorted(told),
        facts,
        at,
    )


def tell_of_due(
    connection: Connection,
    settings: Settings,
    plan: RowMapping,
    due: RowMapping,
    recipients: Iterable[str],
    waits_for: Iterable[str],
    as_of: datetime,
) -> int:
    """A reminder of what is due, or its escalation (`kind`, `step`, `step_due_at`), once under the
    key `told_as`, with the addresses of those whose step it is. Returns how many mails that
    were."""
    facts = {
        "step_name": words("plan_steps", settings.language)[due["step"]],
        "step_due_text": _moment(plan, due["step_due_at"]),
        "waits_for": ", ".join(waits_for),
    }
    return _queue(connection, settings, plan, due["kind"], due["told_as"], recipients, facts, as_of)


def _queue(
    connection: Connection,
    settings: Settings,
    plan: RowMapping,
    kind: str,
    key: str,
    recipients: Iterable[str],
    facts: dict[str, Any],
    now: datetime,
) -> int:
    told = {**_facts(plan, settings), **facts}
    if "next_text" not in told:
        told["next_text"] = _next_step(connection, plan, settings.language)
    mails = [
        Mail(kind, key, address, told, f"breach-{plan['breach_id']}") for address in recipients
    ]
    return queue_mails(connection, mails, settings.language, now)


def _next_step(connection: Connection, plan: RowMapping, language: Language) -> str:
    """What is to be done next and by when; empty where nothing is."""
    due = read_due(connection, plan["plan_id"])
    if due is None or due.due_at is None:
        return ""
    step = words("plan_steps", language)[due.step]
    told = words("common", language)["next_step_text"]
    return told.format(step=step, due=_moment(plan, due.due_at))


def _action(connection: Connection, plan: RowMapping, speech: Speech) -> list[tuple[str, str]]:
    """What is to be carried out, by whom and until when: each with its label."""
    told = {
        "responsible": name_of(connection, plan["responsible"]),
        "correction": plan["correction"],
        "corrective_action": plan["corrective_action"],
        "due_at": _moment(plan, plan["due_at"]),
    }
    return [(speech.say(f"field.{name}"), value) for name, value in told.items()]


def _moment(plan: RowMapping, instant: datetime) -> str:
    """On the clock of the service."""
    return f"{instant.astimezone(ZoneInfo(plan['timezone'])):%d/%m/%Y %H:%M %Z}"


def _facts(plan: RowMapping, settings: Settings) -> dict[str, Any]:
    """What every mail of a plan can say."""
    facts, kpi = plan["facts"], plan["kpi"]
    speech = Speech(settings.language)
    zone = ZoneInfo(plan["timezone"])
    began, ended = (plan[at].astimezone(zone) for at in ("breach_started_at", "detected_at"))
    return {
        "plan_id": plan["plan_id"],
        "service_name": plan["service_name"],
        "channel": speech.channel(plan["channel"]),
        "formula": facts.get("formula", kpi),
        "severity_name": speech.severity(plan["severity"]),
        "kpi_name": speech.say(f"kpi.{kpi}"),
        "target_text": speech.target(kpi, plan["comparator"], plan["target"]),
        "observed_text": speech.kpi(kpi, plan["observed"]),
        "gap_text": speech.gap(kpi, plan["observed"], plan["target"]),
        "volume_text": speech.counted(
            *(kpi, plan["numerator"], plan["denominator"], plan["at_risk"])
        ),
        "window_text": f"{began:%d/%m/%Y %H:%M} – {ended:%H:%M %Z}",
        "missing_text": f"{facts.get('agents_absent', 0)} / {facts.get('agents_late', 0)}",
        "roster_date": f"{plan['roster_date']:%d/%m/%Y}" if plan["roster_date"] else "",
        "due_text": _moment(plan, began),
        "link": settings.desk_page(f"/plans/{plan['plan_id']}"),
    }
