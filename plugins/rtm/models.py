"""Runs the dbt models: once for a cycle, whole for a deployment or a rebuild.

The clock row in `ops` tells the models what is new. It moves on only when all of them have ended
well, so a run that was killed is simply done again. What the models compute is in `dbt_project/`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from rtm.running_dbt import run_dbt
from rtm.settings import Settings
from rtm.sources import VENDORS
from rtm.warehouse import Role, Warehouse

# Views stand since the deployment; making one again would lock and drop what depends on it. Nobody
# reads the description of the whole project that dbt would write down after each run, and of the
# schemas that it only reads it need not know what stands in them.
CYCLE = (
    *("run", "--no-write-json", "--cache-selected-only"),
    *("--select", "models/intermediate", "--exclude", "config.materialized:view"),
)

# Models stay as deployed, without a row, where none of these feeds has ever been delivered: what
# puts contacts together from vendors' events, and what becomes of conversations, whoever tells of
# them.
_VENDORS = frozenset(feed.name for feed in VENDORS)
MODELS_OF_FEEDS = {
    "models/intermediate/vendors": _VENDORS,
    "models/intermediate/nonvoice": _VENDORS | {"conversation"},
}

# What is expected of a model changes nothing that it computes: the lines below `unit_tests:`.
UNIT_TESTS = re.compile(rb"^unit_tests:\n(?:(?:[ #-].*)?\n)*", re.MULTILINE)


@dataclass(frozen=True)
class ModelRun:
    """What one run of the models did."""

    as_of: datetime
    built: int
    rebuilt_everything: bool


def build_marts(warehouse: Warehouse, settings: Settings, as_of: datetime) -> ModelRun:
    """Brings the marts to `as_of`: takes in what arrived since the last run that ended well.

    Everything is computed anew at first use, after a change of the interval or of a time zone, and
    when `as_of` lies before the clock.
    """
    with warehouse.exclusive("models"):
        clock = _set_clock(warehouse, settings, as_of)
        if clock["load_from"] == 0:
            _tell_planner(warehouse)
        values = json.dumps({"clock": clock})
        built = run_dbt(warehouse, settings, *CYCLE, *_unneeded(warehouse), "--vars", values)
        _accept_run(warehouse)
    return ModelRun(as_of, built, rebuilt_everything=clock["load_from"] == 0)


def deploy_models(warehouse: Warehouse, settings: Settings) -> None:
    """Makes the views and empty tables of all models, as this version describes them."""
    with warehouse.exclusive("models"):
        with warehouse.transaction(Role.APP) as connection:
            connection.execute(text("insert into ops.clock default values on conflict do nothing"))
        # Tables of another shape are made anew; the rebuild that follows fills them.
        run_dbt(warehouse, settings, "run", "--full-refresh")
        with warehouse.transaction(Role.APP) as connection:
            connection.execute(
                text("update ops.clock set models = :models, needs_rebuild = true"),
                {"models": _fingerprint(settings.dbt_project)},
            )


def is_deployed(warehouse: Warehouse, settings: Settings) -> bool:
    """Whether the models in the database are those of this version."""
    with warehouse.engine(Role.APP).connect() as connection:
        found = connection.execute(text("select models from ops.clock")).scalar_one_or_none()
    return found == _fingerprint(settings.dbt_project)


def built_as_of(warehouse: Warehouse) -> datetime | None:
    """The clock of the last run that ended well."""
    with warehouse.engine(Role.APP).connect() as connection:
        found: datetime | None = connection.execute(
            text("select max(built_as_of) from ops.clock")
        ).scalar_one()
    return found


def _fingerprint(project: Path) -> str:
    """A hash over the project's sources, without the unit tests."""
    digest = hashlib.sha256()
    for path in sorted(project.rglob("*")):
        if path.suffix in (".sql", ".yml") and "target" not in path.parts:
            source = path.read_bytes()
            if path.suffix == ".yml":
                source = UNIT_TESTS.sub(b"", source)
            if source.strip():
                digest.update(str(path.relative_to(project)).encode() + b"\0" + source)
    return digest.hexdigest()


def _set_clock(warehouse: Warehouse, settings: Settings, as_of: datetime) -> dict[str, Any]:
    """Says what this run looks at, and gives it as the models read it."""
    # A load has its number before it is visible; none may be under way while they are counted.
    with warehouse.exclusive("landing"), warehouse.transaction(Role.APP) as connection:
        connection.execute(text("insert into ops.clock default values on conflict do nothing"))
        row = connection.execute(
            text(
                """
                update ops.clock set
                    needs_rebuild = needs_rebuild
                        or previous_as_of > :as_of
                        or interval_min <> :interval_min
                        or exists (
                            select from raw.service
                            where service.timezone <> clock.zones ->> service.service_code
                        ),
                    zones = coalesce(
                        (select jsonb_object_agg(service_code, timezone) from raw.service), '{}'
                    ),
                    as_of = :as_of,
                    interval_min = :interval_min,
                    stale_after = :stale_after,
                    load_to = coalesce(
                        pg_sequence_last_value(
                            pg_get_serial_sequence('ops.file_ledger', 'file_id')
                        ),
                        0
                    )
                returning needs_rebuild
                """
            ),
            {
                "as_of": as_of,
                "interval_min": settings.interval_min,
                "stale_after": settings.stale_after,
            },
        ).one()
        if row.needs_rebuild:
            connection.execute(
                text("update ops.clock set load_from = 0, previous_as_of = '-infinity'")
            )
        clock = connection.execute(
            text(
                "select as_of::text, previous_as_of::text, load_from, load_to, interval_min"
                " from ops.clock"
            )
        ).one()
        return dict(clock._mapping)


def _tell_planner(warehouse: Warehouse) -> None:
    """Has what was landed counted, where autovacuum has not yet come to it: all of it is read."""
    # As the owner of these tables: no other may.
    with warehouse.engine().connect() as connection:
        grown: Sequence[str] = (
            connection.execute(
                text(
                    "select relid::regclass::text from pg_stat_user_tables"
                    " where schemaname = 'raw' and n_mod_since_analyze > n_live_tup / 10"
                )
            )
            .scalars()
            .all()
        )
        for table in grown:
            connection.execute(text(f"analyze {table}"))
        connection.commit()


def _unneeded(warehouse: Warehouse) -> list[str]:
    """The folders of models none of whose feeds has ever been delivered."""
    with warehouse.engine(Role.APP).connect() as connection:
        delivered: set[str] = set(
            connection.execute(
                text(
                    "select asked.feed from unnest(cast(:feeds as text[])) as asked (feed)"
                    " where exists ("
                    "     select from ops.file_ledger as file where file.lands_in = asked.feed"
                    " )"
                ),
                {"feeds": sorted(frozenset().union(*MODELS_OF_FEEDS.values()))},
            ).scalars()
        )
    return [folder for folder, feeds in MODELS_OF_FEEDS.items() if not feeds & delivered]


def _accept_run(warehouse: Warehouse) -> None:
    with warehouse.transaction(Role.APP) as connection:
        connection.execute(
            text(
                "update ops.clock set built_as_of = as_of, previous_as_of = as_of,"
                " load_from = load_to, needs_rebuild = false"
            )
        )
