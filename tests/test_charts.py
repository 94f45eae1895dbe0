"""Where lines, bars and marks are placed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rtm.charts import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Day,
    Point,
    breach_chart,
    days_chart,
    spark,
)

BEGIN = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def chart(values, target=95.0, window=(0, 1), is_percent=True):
    points = [Point(BEGIN + n * HALF_HOUR, value, 10 * n) for n, value in enumerate(values)]
    began, ended = (BEGIN + n * HALF_HOUR for n in window)
    return breach_chart(points, HALF_HOUR, target, (began, ended), is_percent)


def test_a_missing_value_interrupts_the_line():
    drawn = chart([90, 91, None, 92, 93, None, 94])
    assert [line.count(",") for line in drawn.lines] == [2, 2]
    assert len(drawn.dots) == 5


def test_everything_lies_in_the_field():
    drawn = chart([40, 100, 73.5, 99], window=(-3, 99))
    ys = [y for _, y in drawn.dots] + [drawn.target_y] + [y for y, _ in drawn.value_ticks]
    assert all(TOP <= y <= BOTTOM for y in ys)
    assert drawn.window_x == LEFT and drawn.window_x + drawn.window_width == WIDTH - RIGHT


def test_a_share_ends_at_a_hundred_percent_and_begins_at_zero():
    values = [value for _, value in chart([0, 3, 100], target=5).value_ticks]
    assert (min(values), max(values)) == (0, 100)


@pytest.mark.parametrize("values", [[95.0, 95.0], [0, 0], [1e6, 2e6], [0.1]])
def test_flat_and_large_lines_have_round_ticks(values):
    drawn = chart(values, target=values[0], is_percent=False)
    assert len(drawn.value_ticks) >= 2


def test_nothing_is_drawn_of_nothing():
    assert chart([None, None]) is None
    assert breach_chart([], HALF_HOUR, 1, (BEGIN, BEGIN), True) is None


def test_a_sparkline_fits_and_marks_the_last_value():
    drawn = spark([90, None, 95, 97], 95)
    assert drawn.last is not None and drawn.last[0] > 90
    assert len(drawn.lines) == 1
    assert spark([95, 95], 95).target_y == 14


def days(values, targets):
    return [
        Day(date(2026, 11, number), value, target, 0 if value is None else 10)
        for number, (value, target) in enumerate(zip(values, targets, strict=True), 1)
    ]


def test_a_day_without_a_value_interrupts_the_line_of_days():
    drawn = days_chart(days([90, 92, None, 94, 95], [95] * 5), is_percent=True)
    assert [len(line) for line in drawn.lines] == [2, 2]
    assert len(drawn.dots) == 4
    assert len(drawn.bars) == 4
    assert drawn.most_volume == 10


def test_each_target_is_a_line_over_its_days():
    drawn = days_chart(days([90, 92, 94, 96], [95, 95, 90, None]), is_percent=True)
    (first, second) = drawn.targets
    assert first[0][0] == LEFT
    assert first[1][0] == second[0][0]
    assert second[1][0] < WIDTH - RIGHT
    assert first[0][1] == first[1][1] < second[0][1]
    assert all(TOP <= y <= BOTTOM for line in drawn.targets for _, y in line)


def test_days_without_any_value_are_not_drawn():
    assert days_chart(days([None, None], [95, 95]), is_percent=True) is None
