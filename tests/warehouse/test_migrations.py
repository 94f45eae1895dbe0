"""The migrations end in exactly the tables that the models in Python describe."""

from __future__ import annotations

from alembic import command

from rtm.cycle import System
from rtm.warehouse.prepare import alembic_config, is_prepared, prepare


def test_migrations_and_models_agree(system: System):
    command.check(alembic_config(system.warehouse))


def test_preparing_again_changes_nothing(system: System, query):
    objects = "select relname, relkind::text as kind from pg_class order by 1, 2"
    before = query(objects)
    prepare(system.warehouse)
    assert query(objects) == before
    assert is_prepared(system.warehouse)
