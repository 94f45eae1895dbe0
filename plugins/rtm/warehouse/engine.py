"""Connections to the warehouse, each under the role that may do its work.

One login opens every connection; `SET ROLE` at connection time narrows it to the one schema that
the caller writes. So a bug in a model cannot change `raw`, and one in landing cannot change marts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.engine import URL

from rtm.settings import Settings


class Role(StrEnum):
    """Database roles; all but the reader cannot log in by themselves."""

    LOADER = "rtm_loader"
    TRANSFORMER = "rtm_transformer"
    APP = "rtm_app"
    READER = "rtm_reader"


class WarehouseError(RuntimeError):
    """The warehouse cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Warehouse:
    """A PostgreSQL database, embedded or outside, and the engines that reach it."""

    url: URL
    engines: dict[Role | None, Engine] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, settings: Settings) -> Warehouse:
        """The warehouse of the settings; starts the embedded one if it is down."""
        if settings.database_url:
            return cls(with_driver(make_url(settings.database_url)))
        from rtm.warehouse.embedded import EmbeddedPostgres

        return cls(EmbeddedPostgres(settings.home).start().warehouse_url)

    def engine(self, role: Role | None = None) -> Engine:
        """An engine whose every connection acts as `role` (None: as the login itself), in UTC."""
        if role not in self.engines:
            options = "-c timezone=UTC -c datestyle=ISO" + (f" -c role={role}" if role else "")
            self.engines[role] = create_engine(
                self.url, connect_args={"options": options}, pool_size=2, pool_pre_ping=True
            )
        return self.engines[role]

    @contextmanager
    def transaction(self, role: Role) -> Iterator[Connection]:
        """One transaction under `role`: committed at the end, rolled back on an exception."""
        with self.engine(role).begin() as connection:
            yield connection

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Only one process at a time does the work called `name`; the others wait for it."""
        with self.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            key = {"name": f"rtm:{name}"}
            connection.execute(text("select pg_advisory_lock(hashtextextended(:name, 0))"), key)
            try:
                yield
            finally:
                connection.execute(
                    text("select pg_advisory_unlock(hashtextextended(:name, 0))"), key
                )

    def close(self) -> None:
        for engine in self.engines.values():
            engine.dispose()
        self.engines.clear()

    @cached_property
    def libpq(self) -> dict[str, str]:
        """The parts of the URL under the names that dbt's profile reads."""
        return {
            "RTM_PG_HOST": self.url.host or str(self.url.query.get("host", "localhost")),
            "RTM_PG_PORT": str(self.url.port or 5432),
            "RTM_PG_USER": self.url.username or "",
            "DBT_ENV_SECRET_RTM_PG_PASSWORD": self.url.password or "",
            "RTM_PG_DATABASE": self.url.database or "",
            "RTM_PG_SSLMODE": str(self.url.query.get("sslmode", "prefer")),
        }


def with_driver(url: URL) -> URL:
    """The URL with psycopg 3 named as its driver, whichever way PostgreSQL was spelled."""
    backend = url.get_backend_name()
    if backend not in ("postgresql", "postgres"):
        raise WarehouseError(
            f"the warehouse must be PostgreSQL 16 or later, not {backend!r} "
            "(RTM_DATABASE_URL=postgresql://user:password@host:5432/database)"
        )
    return url.set(drivername="postgresql+psycopg")
