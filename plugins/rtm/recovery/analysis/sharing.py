"""Shares an effect among causes that work on each other: Shapley values.

Each cause gets what it adds when it joins the others, averaged over the orders in which they can
join. The shares always add up to the effect of all together; whose effect is nil gets nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import permutations
from math import factorial
from typing import TypeVar

import numpy as np

Player = TypeVar("Player", bound=Hashable)

Game = Callable[[frozenset[Player]], float]
"""The effect of some of the causes together."""


def shapley(
    players: Sequence[Player],
    game: Game[Player],
    orders: int | None = None,
    random: np.random.Generator | None = None,
) -> dict[Player, float]:
    """The share of each player in what all of them reach beyond none.

    With `orders`, over so many orders drawn at random, each with its reverse; else over all. No set
    of players is played twice.
    """
    known: dict[frozenset[Player], float] = {}

    def value(joined: frozenset[Player]) -> float:
        if joined not in known:
            known[joined] = game(joined)
        return known[joined]

    shares = dict.fromkeys(players, 0.0)
    count = 0
    for order in _orders(players, orders, random):
        joined: frozenset[Player] = frozenset()
        for player in order:
            before = value(joined)
            joined |= {player}
            shares[player] += value(joined) - before
        count += 1
    return {player: share / count for player, share in shares.items()}


def games_of(players: int, orders: int | None) -> int:
    """How many sets of players are played, at most."""
    every: int = 2**players
    return every if orders is None else min(every, 2 + 2 * orders * max(players - 1, 0))


def _orders(
    players: Sequence[Player], orders: int | None, random: np.random.Generator | None
) -> Iterator[Sequence[Player]]:
    if orders is None or factorial(len(players)) <= 2 * orders:
        yield from permutations(players)
        return
    assert random is not None
    for _ in range(orders):
        order = [players[n] for n in random.permutation(len(players))]
        yield order
        yield order[::-1]
