"""Which cause cost how much of a missed target: the queue of the window, run again without it.

Causes work on each other, so each is shared by what it adds in every order (Shapley). The shares
and what is left unexplained always add up to the gap. Texts are for templates: here are codes and
numbers alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isnan
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from rtm.recovery.analysis.circumstances import Circumstances, Finding, read_circumstances
from rtm.recovery.analysis.measures import MEASURED, POINTS, UNITS
from rtm.recovery.analysis.rerun import Cause, Rerun
from rtm.recovery.analysis.service import Breach, Rules, read_rules
from rtm.recovery.analysis.sharing import games_of, shapley

METHOD = "queue_rerun/1"
STEPS = 800_000
"""Contacts served over all runs of one explanation, about: what a second or so is enough for."""
MOST_REPLICATIONS, LEAST_REPLICATIONS = 40, 3
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Share:
    """What one cause explains of the gap, in the unit of the KPI; nulls where it is not known."""

    cause: str
    share: float | None
    low: float | None
    high: float | None
    """The middle 90 % of what chance may have made of it."""
    reason: str | None
    """Why it is unknown, or nil though there was a deviation (`within_chance`)."""
    amount: float | None
    expected: float | None


@dataclass(frozen=True)
class Explanation:
    """The gap of one breach and its causes, largest first, what is unexplained last."""

    method: str
    kpi: str
    unit: str
    target: float
    observed: float
    gap: float
    """By how much the target is missed; positive whichever way it points."""
    is_explained: bool
    reason: str | None
    """Why nothing could be run."""
    causes: tuple[Share, ...]
    as_it_was: float | None
    """The KPI of the queue run again with nothing put right: how well it is understood."""
    put_right: float | None
    """The KPI with every known cause put right."""
    replications: int

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def explain_gap(
    connection: Connection, breach: Row[Any] | Mapping[str, Any], as_of: datetime
) -> Explanation:
    """How much of the gap of a row of ops.breach each cause explains. The same rows give the same
    answer."""
    told = Breach.of(breach)
    rules = read_rules(connection, told)
    reason = _why_not(told, rules)
    if reason or rules is None:
        return _unexplained(told, reason or "unknown_service", {})
    found = read_circumstances(connection, told, rules, as_of)
    if len(found.situation.contacts) == 0:
        return _unexplained(told, "no_contacts", found.findings)
    if not found.situation.servers.any() and not any(
        added.any() for added in found.situation.added.values()
    ):
        return _unexplained(told, "no_agent_states", found.findings)
    return explain(told, found)


def explain(breach: Breach, found: Circumstances) -> Explanation:
    """The same of what was read: pure, and bounded in what it costs."""
    rerun = Rerun(found.situation, found.usual, found.ended)
    orders, replications = _effort(len(found.situation.contacts), len(found.at_work))
    random = np.random.default_rng(_seed(breach))
    shares: dict[Cause, list[float]] = {cause: [] for cause in found.at_work}
    as_it_was, put_right = [], []
    for _ in range(replications):
        draw = rerun.draw(random)
        values: dict[frozenset[Cause], float] = {}

        def value(righted: frozenset[Cause], draw: Any = draw, values: Any = values) -> float:
            if righted not in values:
                values[righted] = rerun.value(draw, righted)
            return float(values[righted])

        def closes(righted: frozenset[Cause], value: Any = value) -> float:
            """So much of the gap is closed; what goes beyond the target is nobody's."""
            gained = breach.sign * (value(righted) - value(frozenset()))
            return 0.0 if isnan(gained) else float(min(gained, breach.gap))

        for cause, share in shapley(found.at_work, closes, orders, random).items():
            shares[cause].append(share)
        as_it_was.append(value(frozenset()))
        put_right.append(value(frozenset(found.at_work)))
    if all(isnan(told) for told in as_it_was):
        return _unexplained(breach, "no_contacts", found.findings)
    causes = _shared(breach, found.findings, shares, replications)
    return _told_of(breach, None, causes, _mean(as_it_was), _mean(put_right), replications)


def _why_not(breach: Breach, rules: Rules | None) -> str | None:
    if breach.gap <= 0:
        return "no_gap"
    if breach.kpi == "aht":
        # Handling time is what the queue is made of, not what comes out of it.
        return "not_a_queue"
    if breach.kpi not in MEASURED:
        return "unknown_kpi"
    if rules is not None and rules.threshold_s is None and breach.kpi == "response_time":
        return "no_threshold"
    return None


def _effort(contacts: int, causes: int) -> tuple[int | None, int]:
    """Over how many orders of the causes, None for all, and how often with other draws."""
    for orders in (None, 2, 1):
        games = games_of(causes, orders)
        replications = STEPS // max(games * contacts, 1)
        if replications >= 10:
            break
    return orders, min(max(replications, LEAST_REPLICATIONS), MOST_REPLICATIONS)


def _seed(breach: Breach) -> int:
    """The same breach always has the same chances."""
    started_at, detected_at = (at.timestamp() for at in (breach.started_at, breach.detected_at))
    told = f"{breach.service_code}|{breach.channel}|{breach.kpi}|{started_at}|{detected_at}"
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big")


def _shared(
    breach: Breach,
    findings: Mapping[Cause, Finding],
    shares: Mapping[Cause, list[float]],
    replications: int,
) -> tuple[Share, ...]:
    told = [_share(cause, finding, shares.get(cause)) for cause, finding in findings.items()]
    told.sort(key=lambda share: (share.share is None, -(share.share or 0.0), share.cause))
    rest = breach.gap - sum(share.share or 0.0 for share in told)
    rests = [breach.gap - sum(by[n] for by in shares.values()) for n in range(replications)]
    low, high = np.quantile(rests, INTERVAL).tolist() if rests else (rest, rest)
    return (*told, Share(Cause.UNEXPLAINED.value, rest, low, high, None, None, None))


def _share(cause: Cause, finding: Finding, shares: list[float] | None) -> Share:
    told = (cause.value, finding.reason, finding.amount, finding.expected)
    if finding.is_unknown:
        return Share(told[0], None, None, None, *told[1:])
    if not shares:
        return Share(told[0], 0.0, 0.0, 0.0, *told[1:])
    low, high = np.quantile(shares, INTERVAL).tolist()
    return Share(told[0], float(np.mean(shares)), low, high, *told[1:])


def _unexplained(breach: Breach, reason: str, findings: Mapping[Cause, Finding]) -> Explanation:
    causes = [
        Share(
            *(cause.value, None, None, None, finding.reason or reason),
            *(finding.amount, finding.expected),
        )
        for cause, finding in findings.items()
    ]
    rest = Share(Cause.UNEXPLAINED.value, breach.gap, breach.gap, breach.gap, reason, None, None)
    return _told_of(breach, reason, (*causes, rest), None, None, 0)


def _told_of(
    breach: Breach,
    reason: str | None,
    causes: tuple[Share, ...],
    as_it_was: float | None,
    put_right: float | None,
    replications: int,
) -> Explanation:
    return Explanation(
        method=METHOD,
        kpi=breach.kpi,
        unit=UNITS.get(breach.kpi, POINTS),
        target=breach.target,
        observed=breach.observed,
        gap=breach.gap,
        is_explained=reason is None,
        reason=reason,
        causes=causes,
        as_it_was=as_it_was,
        put_right=put_right,
        replications=replications,
    )


def _mean(values: list[float]) -> float | None:
    known = [value for value in values if not isnan(value)]
    return float(np.mean(known)) if known else None
