"""What counts as found, missed and false when breaches are held against what was true."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.detection import MINUTES, score
from benchmarks.labelled_days import Episode, Truth


def truth(*lows, rate=80.0):
    """On target all day, but for these stretches of minutes."""
    rates = np.full(MINUTES, 99.0)
    for start, end in lows:
        rates[start:end] = rate
    return Truth(rates, rates.copy(), 95.0)


def opened(start, end=MINUTES):
    return Episode(start, end)


@pytest.mark.parametrize(
    ("breaches", "found", "missed", "false"),
    [
        ([opened(603, 700)], 1, 0, 0),
        ([], 0, 1, 0),
        # One that was open before tells of it as well, one that comes long after does not
        ([opened(590, 700)], 1, 0, 0),
        ([opened(720)], 0, 1, 1),
        ([opened(300, 320), opened(603)], 1, 0, 1),
    ],
)
def test_a_stretch_well_below_target_must_be_found(breaches, found, missed, false):
    told = score([(truth((600, 640)), breaches)])
    assert (told.found, told.missed, told.false) == (found, missed, false)


def test_the_delay_counts_from_the_first_minute_that_is_low_by_itself():
    rates = truth((600, 640))
    rates.rate[597:600] = 88.0
    told = score([(rates, [opened(603)])])
    assert rates.episodes == [Episode(600, 640)]
    assert told.delays == [3]


def test_what_is_short_or_near_the_target_need_not_be_found_and_is_not_false_either():
    near = score([(truth((600, 640), rate=92.0), [opened(610, 620)]), (truth((300, 305)), [])])
    assert (near.found, near.missed, near.false, near.between) == (0, 0, 0, 1)


def test_two_dips_close_to_each_other_are_one_stretch():
    assert truth((600, 612), (618, 630)).episodes == [Episode(600, 630)]
    assert truth((600, 612), (640, 652)).episodes == [Episode(600, 612), Episode(640, 652)]
