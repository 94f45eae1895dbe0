"""Shapley values: they add up exactly, are fair, and are the same from all orders or some."""

from __future__ import annotations

from itertools import chain, combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtm.recovery.analysis.sharing import games_of, shapley

PLAYERS = "abcde"


def subsets(players):
    return chain.from_iterable(combinations(players, n) for n in range(len(players) + 1))


@st.composite
def games(draw):
    players = PLAYERS[: draw(st.integers(1, 5))]
    number = st.integers(-1000, 1000)
    return players, {frozenset(joined): draw(number) for joined in subsets(players)}


@given(games(), st.one_of(st.none(), st.integers(1, 3)))
@settings(deadline=None)
def test_the_shares_add_up_to_what_all_reach_together(game, orders):
    players, values = game
    shares = shapley(players, values.__getitem__, orders, np.random.default_rng(1))
    reached = values[frozenset(players)] - values[frozenset()]
    assert sum(shares.values()) == pytest.approx(reached, abs=1e-9)


@given(games())
@settings(deadline=None)
def test_a_share_is_the_weighted_mean_of_what_the_player_adds(game):
    players, values = game
    shares = shapley(players, values.__getitem__)
    for player in players:
        others = [other for other in players if other != player]
        expected = sum(
            factorial(len(joined))
            * factorial(len(players) - len(joined) - 1)
            / factorial(len(players))
            * (values[frozenset(joined) | {player}] - values[frozenset(joined)])
            for joined in subsets(others)
        )
        assert shares[player] == pytest.approx(expected, abs=1e-6)


def test_who_changes_nothing_gets_nothing_and_equals_get_the_same():
    shares = shapley("abc", lambda joined: 10.0 if joined & {"a", "b"} else 0.0)
    assert shares == {"a": 5.0, "b": 5.0, "c": 0.0}


@pytest.mark.parametrize(("players", "orders"), [(5, 2), (5, None), (1, 2), (3, 1)])
def test_no_more_games_are_played_than_said(players, orders):
    played = []

    def game(joined):
        played.append(joined)
        return float(len(joined))

    shapley(PLAYERS[:players], game, orders, np.random.default_rng(3))
    assert len(played) <= games_of(players, orders)
