"""Roles, schemas and grants: who may read and write which schema. Idempotent.

| schema | writer | readers |
|---|---|---|
| raw | rtm_loader | rtm_transformer, rtm_app |
| ops | rtm_app; rtm_loader for the file ledger and the quarantine | rtm_loader, rtm_transformer |
| staging | rtm_transformer | rtm_app (the roster gate) |
| intermediate | rtm_transformer | - |
| marts | rtm_transformer | rtm_app, rtm_reader |
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from rtm.warehouse.engine import Role, WarehouseError

SCHEMAS = {
    "raw": Role.LOADER,
    "ops": Role.APP,
    "staging": Role.TRANSFORMER,
    "intermediate": Role.TRANSFORMER,
    "marts": Role.TRANSFORMER,
    "snapshots": Role.TRANSFORMER,
}
READS = {
    "raw": (Role.TRANSFORMER, Role.APP),
    "ops": (Role.LOADER, Role.TRANSFORMER),
    "staging": (Role.APP,),
    "marts": (Role.APP, Role.READER),
}


def ensure_roles(connection: Connection) -> None:
    """Makes the roles that are missing and lets the login act as each of them."""
    for role in Role:
        known = connection.execute(
            text("select from pg_roles where rolname = :role"), {"role": role}
        ).first()
        try:
            if known is None:
                connection.execute(text(f"create role {role}"))
            connection.execute(text(f"grant {role} to current_user"))
        except ProgrammingError as error:
            names = ", ".join(Role)
            raise WarehouseError(
                f"this login may not make the database roles {names}: have an administrator create "
                f"them and grant them to this login, then start again ({error.orig})"
            ) from error
    connection.execute(text(f"alter role {Role.READER} set default_transaction_read_only = on"))
    connection.execute(text(f"alter role {Role.READER} set statement_timeout = '30s'"))


def ensure_schemas(connection: Connection) -> None:
    """Makes the schemas and says who reads what is in them now and later."""
    for schema, owner in SCHEMAS.items():
        connection.execute(text(f"create schema if not exists {schema} authorization {owner}"))
    for schema, readers in READS.items():
        names = ", ".join(readers)
        connection.execute(text(f"grant usage on schema {schema} to {names}"))
        connection.execute(text(f"grant select on all tables in schema {schema} to {names}"))
        connection.execute(
            text(
                f"alter default privileges for role {SCHEMAS[schema]} in schema {schema} "
                f"grant select on tables to {names}"
            )
        )


def grant_ledger_to_loader(connection: Connection) -> None:
    """A file's rows and its ledger row are one transaction, so the loader writes both."""
    connection.execute(
        text(f"grant insert, update on ops.file_ledger, ops.quarantine to {Role.LOADER}")
    )
