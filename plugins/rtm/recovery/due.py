"""Which step of a plan comes next, and when it is due: by `marts.rpt_plan_due`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

DUE = text("select step, due_at from marts.rpt_plan_due where plan_id = :plan_id")


def read_due(connection: Connection, plan_id: int) -> Row[Any] | None:
    """`step` and `due_at`; none of a plan that has ended, or whose effect has yet to show."""
    return connection.execute(DUE, {"plan_id": plan_id}).one_or_none()
