"""Months, and the first working day of one."""

from __future__ import annotations

from datetime import date

import pytest

from rtm.report.month import Month, MonthError, first_working_day

NOVEMBER = Month(date(2026, 11, 1))


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026", "11-2026", "2026-1", "0000-01", "x"]
)
def test_what_is_no_month_is_refused_with_the_form_that_is_expected(text):
    with pytest.raises(MonthError, match="such as 2026-11"):
        Month.read(text)


def test_a_month_knows_its_ends_and_its_neighbours():
    assert Month.read("2026-11") == NOVEMBER == Month.of(date(2026, 11, 30))
    assert NOVEMBER.last == date(2026, 11, 30)
    assert (str(NOVEMBER.previous), str(NOVEMBER), str(NOVEMBER.next)) == (
        *("2026-10", "2026-11", "2026-12"),
    )
    assert Month.read("2028-02").last == date(2028, 2, 29)
    assert str(Month.read("2026-12").next) == "2027-01"


@pytest.mark.parametrize(
    ("month", "holidays", "day"),
    [
        # A Tuesday; a Sunday; a Friday that is New Year
        ("2026-12", [], 1),
        ("2026-11", [], 2),
        ("2027-01", [date(2027, 1, 1)], 4),
        ("2026-12", [date(2026, 12, 1), date(2026, 12, 2)], 3),
    ],
)
def test_the_first_working_day_is_neither_weekend_nor_holiday(month, holidays, day):
    found = first_working_day(Month.read(month), holidays)
    assert found is not None and found.day == day


def test_a_month_of_holidays_has_no_working_day():
    every_day = [date(2026, 11, day) for day in range(1, 31)]
    assert first_working_day(NOVEMBER, every_day) is None
