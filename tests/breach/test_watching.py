"""A breach opens and clears by how long a miss, or the way back, has lasted without a break."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rtm.breach.watching import Verdict, Watch

START = datetime(2026, 11, 23, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def followed(looks, missed_for, clear_for):
    """Whether a breach is open after each look, given as (minutes since the last, missed, back)."""
    watch, moment, is_open, states = Watch(), START, False, []
    for minutes, is_missed, is_recovered in looks:
        moment += minutes * MINUTE
        verdict = Verdict(is_missed, is_recovered, missed_for * MINUTE, clear_for * MINUTE)
        watch = watch.at(moment, verdict)
        if not is_open and watch.opens(moment, verdict):
            is_open = True
        elif is_open and watch.clears(moment, verdict):
            is_open = False
        states.append(is_open)
    return states


looks = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), min_size=1, max_size=40
)


def lasted(looks, index, wanted):
    """Minutes for which `wanted` has held up to this look; None if it does not hold now."""
    minutes = 0
    for position in range(index, -1, -1):
        if not wanted(looks[position]):
            return minutes if position < index else None
        if position and wanted(looks[position - 1]):
            minutes += looks[position][0]
    return minutes


@given(looks, st.integers(0, 6), st.integers(0, 6))
def test_a_breach_is_open_from_a_lasting_miss_to_a_lasting_return(looks, missed_for, clear_for):
    expected, is_open = [], False
    for index in range(len(looks)):
        missed = lasted(looks, index, lambda look: look[1])
        back = lasted(looks, index, lambda look: look[2] and not look[1])
        if not is_open and missed is not None and missed >= missed_for:
            is_open = True
        elif is_open and back is not None and back >= clear_for:
            is_open = False
        expected.append(is_open)
    assert followed(looks, missed_for, clear_for) == expected


@given(looks, st.integers(0, 6), st.integers(0, 6))
def test_a_second_look_at_the_same_moment_changes_nothing(looks, missed_for, clear_for):
    twice = [look for minutes, *verdict in looks for look in ((minutes, *verdict), (0, *verdict))]
    assert followed(twice, missed_for, clear_for)[1::2] == followed(looks, missed_for, clear_for)
