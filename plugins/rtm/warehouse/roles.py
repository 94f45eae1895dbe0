"""Roles, schemas and grants: who may read and write which schema. Idempotent.

| schema | writer | readers |
|---|---|---|
| raw | rtm_loader | rtm_transformer, rtm_app |
| ops | rtm_app; rtm_loader for the file ledger and the quarantine | rtm_loader, rtm_transformer |
| staging | rtm_transformer | rtm_app (the roster gate, the desk) |
| intermediate | rtm_transformer | rtm_app (the analysis of breaches) |
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
}
READS = {
    "raw": (Role.TRANSFORMER, Role.APP),
    "ops": (Role.LOADER, Role.TRANSFORMER),
    "staging": (Role.APP,),
    "intermediate": (Role.APP,),
    "marts": (Role.APP, Role.READER),
}

READER_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "1min",
}
READER_CONNECTIONS = 20
"""Whoever reads must not use up the connections of those who write."""


def ensure_roles(connection: Connection) -> None:
    """Makes the roles that are missing and lets the login act as each of them.

    A login that may not make roles finds them made by an administrator, or raises WarehouseError
    with the statements for one.
    """
    login: str = connection.execute(text("select current_user")).scalar_one()
    try:
        for role in Role:
            if not _exists(connection, role):
                connection.execute(text(f"create role {role}"))
            if not _may_become(connection, role):
                connection.execute(text(f"grant {role} to current_user"))
        for setting, value in READER_SETTINGS.items():
            if not _has_setting(connection, Role.READER, setting, value):
                connection.execute(text(f"alter role {Role.READER} set {setting} = '{value}'"))
        if not _has_connection_limit(connection, Role.READER):
            connection.execute(text(_limit_connections(Role.READER)))
    except ProgrammingError as error:
        raise WarehouseError(
            f"this login may not make the database roles; have an administrator run:"
            f" {'; '.join(role_statements(login))}; then start again ({error.orig})"
        ) from error


def role_statements(login: str) -> list[str]:
    """What an administrator runs for a login that may not make roles itself."""
    return [
        *(f"create role {role}" for role in Role),
        *(f'grant {role} to "{login}"' for role in Role),
        *(f"alter role {Role.READER} set {name} = '{v}'" for name, v in READER_SETTINGS.items()),
        _limit_connections(Role.READER),
    ]


def _exists(connection: Connection, role: Role) -> bool:
    known = connection.execute(
        text("select from pg_roles where rolname = :role"), {"role": role}
    ).first()
    return known is not None


def _may_become(connection: Connection, role: Role) -> bool:
    may: bool = connection.execute(
        text("select pg_has_role(current_user, :role, 'set')"), {"role": role}
    ).scalar_one()
    return may


def _has_setting(connection: Connection, role: Role, name: str, value: str) -> bool:
    found: bool = connection.execute(
        text(
            """
            select exists (
                select from pg_db_role_setting
                where setrole = cast(:role as regrole) and setdatabase = 0
                    and :setting = any(setconfig)
            )
            """
        ),
        {"role": role, "setting": f"{name}={value}"},
    ).scalar_one()
    return found


def _has_connection_limit(connection: Connection, role: Role) -> bool:
    """A limit of the site's own is left as it is."""
    limit: int = connection.execute(
        text("select rolconnlimit from pg_roles where rolname = :role"), {"role": role}
    ).scalar_one()
    return limit >= 0


def _limit_connections(role: Role) -> str:
    return f"alter role {role} connection limit {READER_CONNECTIONS}"


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
