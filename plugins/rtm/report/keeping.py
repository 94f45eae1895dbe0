"""Which reports were made (`ops.report`): their figures by checksum, their run, their files by
hash.

So a report on somebody's desk can be named again, and compared with what the marts say later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, text

from rtm import __version__
from rtm.report.figures import Figures
from rtm.report.month import Month
from rtm.warehouse import Role, Warehouse

Record = Row[Any]
"""A row of `ops.report`."""

RUN = text(
    """
    select clock.models, run.cycle_id
    from ops.clock as clock
    left join lateral (
        select cycle.cycle_id
        from ops.cycle as cycle
        where cycle.as_of = :as_of and cycle.step = 'build_marts' and cycle.error is null
        order by cycle.cycle_id desc
        limit 1
    ) as run on true
    """
)
MAKE = text(
    """
    insert into ops.report
        (month, as_of, figures_sha256, product_version, models, cycle_id, is_provisional, formulas,
         made_at, made_by)
    values
        (:month, :as_of, :figures_sha256, :product_version, :models, :cycle_id, :is_provisional,
         :formulas, :made_at, :made_by)
    on conflict (month, as_of, figures_sha256, product_version, models) do nothing
    """
)
READ = text(
    """
    select * from ops.report
    where month = :month and as_of = :as_of and figures_sha256 = :figures_sha256
        and product_version = :product_version and models = :models
    """
)
KEEP_FILES = text("update ops.report set files = files || :files where report_id = :report_id")
KEEP_MAILED = text(
    "update ops.report set mailed_at = :now where report_id = :report_id and mailed_at is null"
)
MAILED = text(
    "select exists (select from ops.report where month = :month and mailed_at is not null)"
)


def record(warehouse: Warehouse, figures: Figures, by: str, now: datetime) -> Record:
    """The record of these figures: the one that is there, or a new one made by somebody now."""
    with warehouse.transaction(Role.APP) as connection:
        run = connection.execute(RUN, {"as_of": figures.as_of}).one()
        facts = {
            "month": figures.month.first,
            "as_of": figures.as_of,
            "figures_sha256": figures.sha256,
            "product_version": __version__,
            "models": run.models or "",
            "cycle_id": run.cycle_id,
            "is_provisional": figures.is_provisional,
            "formulas": figures.formulas,
            "made_at": now,
            "made_by": by,
        }
        # One that is there already takes no number; the key decides between two at one moment
        if connection.execute(READ, facts).one_or_none() is None:
            connection.execute(MAKE, facts)
        return connection.execute(READ, facts).one()


def record_files(warehouse: Warehouse, made: Record, contents: Mapping[str, bytes]) -> None:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(KEEP_FILES, {"files": Jsonb(hashes), "report_id": made.report_id})


def is_mailed(warehouse: Warehouse, month: Month) -> bool:
    """Whether any report of the month has gone to the coordinators."""
    with warehouse.transaction(Role.APP) as connection:
        found: bool = connection.execute(MAILED, {"month": month.first}).scalar_one()
        return found


def record_mailed(connection: Connection, made: Record, now: datetime) -> None:
    """Notes that the report goes out, in the transaction that queues its mails."""
    connection.execute(KEEP_MAILED, {"now": now, "report_id": made.report_id})
