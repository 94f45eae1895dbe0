"""Alembic's entry: runs the migrations of `ops` as the role that owns it."""

from alembic import context

from rtm.warehouse.engine import Role
from rtm.warehouse.tables import Base

warehouse = context.config.attributes["warehouse"]
with warehouse.engine(Role.APP).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table_schema="ops",
        include_schemas=True,
        include_name=lambda name, kind, parents: kind != "schema" or name == "ops",
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()
