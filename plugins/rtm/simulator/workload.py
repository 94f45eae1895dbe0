"""How many contacts a staff can take, and how many people contacts need.

One formula for both, so that a preset's arrivals fit its staff on a healthy day and the delivered
requirement is what the roster was made for. The simulation itself never reads these numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import count
from statistics import median

from rtm.simulator.plan import Plan
from rtm.simulator.scenario import AgentModel, ChannelModel, Scenario, ServiceModel

AT_WORK_SHARE = 0.8
"""Of the rostered time; the rest is breaks, prayer and other AUX."""
HEADROOM = 1.45
"""Agents above the load, in units of its square root: the square-root staffing rule."""


def at_work(rostered: int) -> float:
    """Agents that can be counted on; of a few, one is always on a break."""
    return min(AT_WORK_SHARE * rostered, max(rostered - 1, AT_WORK_SHARE))


def load_of(agents: float) -> float:
    """Erlangs that so many agents at work carry with good service."""
    root = (-HEADROOM + math.sqrt(HEADROOM**2 + 4 * agents)) / 2
    return root**2


def rostered_for(load: float) -> int:
    """The fewest rostered agents that carry this load; the inverse of `load_of`."""
    # What arrivals were rounded up by is not worth another agent.
    return next(n for n in count(1) if load_of(at_work(n)) >= load * 0.99)


def rostered_by_hour(scenario: Scenario, service: ServiceModel, channel: str) -> list[int]:
    """The fewest rostered agents of a channel in each local hour, over a full turn of rest days."""
    plan = Plan(scenario, service)
    first = plan.first_traffic_date + timedelta(days=7)
    counts = [[0] * 24 for _ in range(9)]
    for n in range(9):
        for assignment in plan.on(first + timedelta(days=n)):
            if channel not in assignment.agent.channels or not assignment.start:
                continue
            assert assignment.end is not None
            hour = assignment.start
            while hour < assignment.end:
                day = (hour.date() - first).days
                if day < 9:
                    counts[day][hour.hour] += 1
                hour += timedelta(hours=1)
    return [min(counts[day][hour] for day in range(1, 8)) for hour in range(24)]


def fitting_arrivals(
    rostered: Sequence[int], shape: Sequence[float], handling_s: float, reached_share: float
) -> tuple[float, ...]:
    """Arrivals per hour in the given shape, as many as the staff of each hour can take.

    `reached_share` is the part of the arrivals that asks for an agent.
    """
    limits = [
        load_of(at_work(agents)) * 3600 / handling_s / reached_share if agents else 0.0
        for agents in rostered
    ]
    # Where shifts overlap there is more staff than the customers' day has a reason for.
    busiest = median(
        limit / weight for limit, weight in zip(limits, shape, strict=True) if weight >= 0.7
    )
    return tuple(
        round(min(limit, busiest * weight), 2) for limit, weight in zip(limits, shape, strict=True)
    )


def agent_share(model: ChannelModel) -> float:
    """The part of the contacts that asks for an agent."""
    return 1 - model.self_served_share - model.left_in_menu_share if model.is_voice else 1.0


def channel_agents(service: ServiceModel, channel: str) -> list[AgentModel]:
    return [agent for agent in service.rostered if channel in agent.channels]


def requirement(service: ServiceModel, roster_date: date) -> list[tuple[datetime, int, float, int]]:
    """Interval start, required agents, forecast offered and forecast AHT, per half hour."""
    rows = []
    opens, closes = service.open_span() or (time(), time.max)
    for half_hour in range(48):
        clock = time(half_hour // 2, half_hour % 2 * 30)
        start = datetime.combine(roster_date, clock)
        required, offered, handled_s, asked = 0, 0.0, 0.0, 0.0
        for model in service.channels if opens <= clock < closes else ():
            expected = model.arrivals_per_hour[half_hour // 2] / 2
            reaching = expected * agent_share(model)
            load = reaching * model.handling_s / 1800
            required += rostered_for(load) if load else 0
            offered += expected
            asked += reaching
            handled_s += reaching * model.handling_s
        aht_s = round(handled_s / asked) if asked else 0
        rows.append((start.replace(tzinfo=service.zone), required, round(offered, 1), aht_s))
    return rows
