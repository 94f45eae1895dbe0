"""The re-run queue and the formulas of Erlang agree on a steady load, and with a slow reckoning."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyworkforce.queuing import ErlangC

from rtm.recovery.analysis.erlang import Load, agents_for, served
from rtm.recovery.analysis.queue import changes_of, serve, serve_on_lines

HANDLING_S = 240.0


def simulated(load, agents, contacts=60_000, seed=1):
    """The waits of a long run, infinite for those who gave up."""
    random = np.random.default_rng(seed)
    arrives = np.cumsum(random.exponential(1 / load.per_s, contacts))
    handling = random.exponential(load.handling_s, contacts)
    patience = (
        np.full(contacts, inf)
        if load.patience_s == inf
        else random.exponential(load.patience_s, contacts)
    )
    starts = serve(arrives.tolist(), handling.tolist(), patience.tolist(), [(0.0, agents)])
    return np.array(starts) - arrives


@pytest.mark.parametrize("erlangs", [3.0, 12.0, 40.0])
@pytest.mark.parametrize("spare", [-0.25, 0.0, 0.15])
def test_a_steady_queue_of_people_who_give_up_is_erlang_a(erlangs, spare):
    load = Load(erlangs / HANDLING_S, HANDLING_S, 180.0)
    agents = max(1, round(erlangs * (1 + spare)))
    waits, expected = simulated(load, agents), served(load, agents)
    assert np.mean(waits == inf) == pytest.approx(expected.abandoned_share, abs=0.012)
    assert np.mean(waits <= 20) == pytest.approx(expected.served_in_s(20), abs=0.02)
    assert np.mean(waits > 0) == pytest.approx(expected.waits_share, abs=0.02)


@pytest.mark.parametrize(("erlangs", "agents"), [(3.0, 5), (12.0, 15), (40.0, 45)])
def test_a_steady_queue_of_endless_patience_is_erlang_c(erlangs, agents):
    load = Load(erlangs / HANDLING_S, HANDLING_S)
    library = ErlangC(transactions=erlangs, aht=1, asa=20 / HANDLING_S, interval=1)
    expected = served(load, agents)
    assert expected.served_in_s(20) == pytest.approx(library.service_level(agents), abs=1e-3)
    assert expected.waits_share == pytest.approx(library.waiting_probability(agents), abs=1e-3)
    waits = simulated(load, agents, 200_000)
    assert np.mean(waits <= 20) == pytest.approx(expected.served_in_s(20), abs=0.03)
    assert np.mean(waits) == pytest.approx(expected.mean_wait_s, rel=0.15)


@given(st.floats(0.2, 200), st.floats(20, 600), st.floats(0.5, 0.99))
@settings(max_examples=60, deadline=None)
def test_the_agents_found_are_the_fewest(erlangs, patience_s, wanted):
    load = Load(erlangs / HANDLING_S, HANDLING_S, patience_s)
    found = agents_for(load, lambda result: result.served_in_s(20) >= wanted)
    assert served(load, found).served_in_s(20) >= wanted
    assert found == 1 or served(load, found - 1).served_in_s(20) < wanted


@pytest.mark.parametrize("erlangs", [0.001, 1.0, 900.0])
@pytest.mark.parametrize("agents", [1, 30, 300, 2000])
@pytest.mark.parametrize("patience_s", [1.0, 300.0, 20_000.0, inf])
def test_no_load_is_too_light_or_too_heavy(erlangs, agents, patience_s):
    result = served(Load(erlangs / HANDLING_S, HANDLING_S, patience_s), agents)
    shares = (result.waits_share, result.abandoned_share, result.served_in_s(20))
    assert all(0 <= share <= 1 + 1e-9 for share in shares), shares


def test_where_nobody_comes_nobody_is_needed():
    assert agents_for(Load(0.0, HANDLING_S), lambda result: result.served_in_s(20) > 0.8) == 0


def test_what_no_number_of_agents_reaches_is_none():
    assert agents_for(Load(0.1, HANDLING_S, 60.0), lambda result: False) is None


# By hand


def test_contacts_are_served_in_the_order_of_arrival_by_whoever_is_free_first():
    assert serve([0, 0, 1, 2], [10, 4, 3, 5], [inf] * 4, [(0, 2)]) == [0, 0, 4, 7]


def test_one_who_gives_up_keeps_nobody_waiting():
    assert serve([0, 1, 2], [10, 5, 5], [inf, 5, inf], [(0, 1)]) == [0, inf, 10]


def test_a_server_who_comes_takes_the_first_and_one_who_goes_ends_the_present_contact():
    assert serve([0, 1, 2], [100] * 3, [inf] * 3, [(0, 1), (30, 1)]) == [0, 30, 100]
    assert serve([0, 1, 2], [100, 50, 50], [inf] * 3, [(0, 2), (30, -1)]) == [0, 1, 100]
    assert serve([0, 1], [10, 10], [inf] * 2, [(0, 1), (5, -1)]) == [0, inf]
    assert serve([0, 50], [10, 10], [inf] * 2, [(0, 1), (30, -1), (60, 1)]) == [0, 60]


def test_who_finds_no_line_is_refused_while_they_are_taken():
    starts, refused = serve_on_lines(
        [0, 1, 2, 12], [10, 10, 10, 10], [inf] * 4, [(0, 1)], [True] * 4, 2
    )
    assert (starts, refused) == ([0, 10, inf, 20], [False, False, True, False])


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90), st.integers(0, 200)), max_size=25),
    st.lists(st.integers(0, 4), min_size=1, max_size=12),
)
def test_the_queue_is_that_of_a_reckoning_second_by_second(contacts, servers):
    arrives = np.cumsum([gap for gap, _, _ in contacts]).tolist()
    handling, patience = [c[1] for c in contacts], [c[2] for c in contacts]
    starts = serve(arrives, handling, patience, changes_of(servers))
    assert starts == second_by_second(arrives, handling, patience, servers)


def second_by_second(arrives, handling, patience, servers):
    """Looks at every second who is free; who leaves is somebody idle, else the next to be so."""
    starts, free_at = [inf] * len(arrives), []
    for second in range(int(max(arrives, default=0)) + 300):
        minute = second // 60
        if second % 60 == 0 and minute < len(servers):
            wanted = servers[minute] - (servers[minute - 1] if minute else 0)
            free_at = sorted([*free_at, *[second] * wanted])[max(-wanted, 0) :]
        for n, arrived in enumerate(arrives):
            is_waiting = starts[n] == inf and arrived <= second <= arrived + patience[n]
            if is_waiting and free_at and min(free_at) <= second:
                free_at.remove(min(free_at))
                free_at.append(second + handling[n])
                starts[n] = second
    return starts


@given(st.lists(st.floats(0, 30), max_size=200))
def test_whole_servers_are_on_average_as_many_as_wanted(wanted):
    standing, upcoming, total = 0, changes_of(wanted), 0.0
    for minute, number in enumerate(wanted):
        if upcoming and upcoming[0][0] == minute * 60:
            standing += upcoming.pop(0)[1]
        total += standing - number
        assert abs(total) <= 0.5 + 1e-6
