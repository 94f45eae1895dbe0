"""The migrations end in exactly the tables that the models in Python describe."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text

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


@pytest.mark.parametrize("older", ["drop table raw.ring", "alter table raw.call drop queue"])
def test_a_database_that_lacks_a_feed_of_this_version_is_prepared_again(system: System, older):
    assert is_prepared(system.warehouse)
    with system.warehouse.engine().begin() as connection:
        connection.execute(text(f"{older} cascade"))
    assert not is_prepared(system.warehouse)
    prepare(system.warehouse)
    assert is_prepared(system.warehouse)
