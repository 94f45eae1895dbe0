"""Makes an empty database ready, or brings an older one up to date. Safe to call at any time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, text

from rtm.warehouse.engine import Role, Warehouse, WarehouseError
from rtm.warehouse.roles import ensure_roles, ensure_schemas, grant_ledger_to_loader

MIGRATIONS = Path(__file__).with_name("migrations")
OLDEST_SERVER = 160000


def alembic_config(warehouse: Warehouse) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["warehouse"] = warehouse
    return config


def is_prepared(warehouse: Warehouse) -> bool:
    """Whether this version of the product has prepared the database before."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from rtm.landing.tables import has_raw_tables

    with warehouse.engine().connect() as connection:
        if not inspect(connection).has_table("alembic_version", schema="ops"):
            return False
        context = MigrationContext.configure(connection, opts={"version_table_schema": "ops"})
        heads = ScriptDirectory.from_config(alembic_config(warehouse)).get_heads()
        is_migrated = set(context.get_current_heads()) == set(heads)
        return is_migrated and has_raw_tables(connection)


def prepare(warehouse: Warehouse) -> None:
    """Roles, schemas, the tables of `ops` and `raw`. The models are dbt's (`rtm.models`)."""
    from rtm.landing.tables import ensure_raw_tables

    with warehouse.exclusive("prepare"):
        with warehouse.engine().begin() as connection:
            version = int(connection.execute(text("show server_version_num")).scalar_one())
            if version < OLDEST_SERVER:
                raise WarehouseError(
                    f"the warehouse is PostgreSQL {version // 10000}; version 16 or later is needed"
                )
            ensure_roles(connection)
            ensure_schemas(connection)
        command.upgrade(alembic_config(warehouse), "head")
        with warehouse.transaction(Role.APP) as connection:
            grant_ledger_to_loader(connection)
        with warehouse.transaction(Role.LOADER) as connection:
            ensure_raw_tables(connection)
