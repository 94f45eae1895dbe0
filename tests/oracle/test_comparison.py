"""The comparison sees what differs, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from .comparison import SHAPES, differences, mart_differences
from .reference import marts
from .worlds import random_world

MOMENT = datetime(2026, 11, 16, 2, tzinfo=UTC)


def found(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    key = {"agent_id": "A1"}
    columns = [*expected]
    return differences([key | expected], [key | actual], ["agent_id"], columns)


@pytest.mark.parametrize(
    ("column", "expected", "actual"),
    [
        ("offered", 3, Decimal(3)),
        ("scr_pct", 81.904, Decimal("81.90")),
        ("aht_s", 100.0, 100.9),
        ("wait_s_sum", 100.0, 99.5),
        ("first_login_at", MOMENT, MOMENT + timedelta(milliseconds=400)),
        ("status", "late", "late"),
        ("auto_closed", False, False),
        ("aht_s", None, None),
    ],
)
def test_values_within_the_promised_precision_are_equal(
    column: str, expected: Any, actual: Any
) -> None:
    assert found({column: expected}, {column: actual}) == []


@pytest.mark.parametrize(
    ("column", "expected", "actual"),
    [
        ("offered", 3, 4),
        ("scr_pct", 81.90, 81.95),
        ("aht_s", 100.0, 101.5),
        ("first_login_at", MOMENT, MOMENT + timedelta(seconds=1)),
        ("status", "late", "Late"),
        ("auto_closed", False, None),
        ("auto_closed", False, 0),
        ("aht_s", None, 0.0),
        ("aht_s", 0.0, None),
    ],
)
def test_a_difference_names_the_row_the_column_and_both_values(
    column: str, expected: Any, actual: Any
) -> None:
    (difference,) = found({column: expected}, {column: actual})
    assert difference.startswith(f"agent_id=A1: {column} is ")


def test_missing_surplus_and_double_rows_are_told() -> None:
    rows = [{"agent_id": name, "offered": 1} for name in ("A1", "A2")]
    actual = [rows[1], rows[1], {"agent_id": "A3", "offered": 1}]
    assert differences(rows, actual, ["agent_id"], ["offered"]) == [
        "actual has 2 rows for agent_id=A2",
        "missing: agent_id=A1",
        "not expected: agent_id=A3",
    ]


def test_a_mart_equals_itself_and_differs_from_another_world() -> None:
    one, other = marts(random_world(1)), marts(random_world(2))
    assert set(one) == set(SHAPES)
    for mart in SHAPES:
        assert one[mart], f"nothing was compared in {mart}"
        assert mart_differences(mart, one[mart], one[mart]) == []
        assert mart_differences(mart, one[mart], other[mart])


def test_every_column_of_a_mart_is_key_or_measure() -> None:
    for mart, rows in marts(random_world(1)).items():
        shape = SHAPES[mart]
        assert set(rows[0]) == {*shape.key, *shape.measures}
