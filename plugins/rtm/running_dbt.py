"""Runs dbt in this process: its commands, and what keeps a process that runs it every minute fast.

What is run when is `rtm.models`' matter.
"""

from __future__ import annotations

import gc
import io
import json
import os
from contextlib import redirect_stdout, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtm.settings import Settings
from rtm.warehouse import Warehouse

if TYPE_CHECKING:
    from dbt.adapters.base.connections import BaseConnectionManager
    from dbt.adapters.contracts.connection import Connection
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest


class ModelError(RuntimeError):
    """A model could not be built; the message names it and gives the database's words."""


def run_dbt(warehouse: Warehouse, settings: Settings, *arguments: str) -> int:
    """One dbt invocation in this process; returns how many nodes succeeded, raises ModelError."""
    result = _invoke(warehouse, settings, *arguments)
    nodes: list[Any] = list(getattr(result.result, "results", []))
    failed = [node for node in nodes if node.status in ("error", "fail")]
    if failed:
        told = "; ".join(f"{node.node.name}: {(node.message or '').strip()}" for node in failed)
        raise ModelError(f"dbt {arguments[0]}: {told}")
    if not result.success:
        raise ModelError(f"dbt {arguments[0]}: {result.exception}")
    return len(nodes)


def compile_inline(
    warehouse: Warehouse, settings: Settings, template: str, clock: dict[str, Any] | None = None
) -> str:
    """The SQL of a template that names macros and models, as a view would have it; with a clock,
    as a run has it that is given this one."""
    given = ("--vars", json.dumps({"clock": clock})) if clock else ()
    # What it compiles, dbt prints as well.
    with redirect_stdout(io.StringIO()):
        result = _invoke(warehouse, settings, "compile", "--inline", template, *given)
    if not result.success:
        raise ModelError(f"dbt compile: {result.exception}")
    nodes: list[Any] = list(getattr(result.result, "results", []))
    return str(nodes[0].node.compiled_code)


def _invoke(warehouse: Warehouse, settings: Settings, *arguments: str) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner

    _forget_behavior_flags()
    _keep_connections()
    os.environ.update(warehouse.libpq)
    folders = (settings.dbt_project, _state(settings))
    manifest = _manifest(*folders, warehouse.url.database or "")
    return dbtRunner(manifest=manifest).invoke([*arguments, *_options(*folders)])


def _forget_behavior_flags() -> None:
    """Keeps a process that has run dbt often as fast as a new one.

    Every adapter that dbt makes adds its flags to one list of the process, and for every flag in it
    walks up the stack through all imported modules, to name a module in a message. In a process
    that had imported much, a run of three seconds came to take twenty.
    """
    from dbt.adapters.base import impl
    from dbt_common.behavior_flags import BehaviorFlagRendered

    flags = impl.DEFAULT_BASE_BEHAVIOR_FLAGS
    flags[:] = {flag["name"]: flag for flag in flags}.values()
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]


@cache
def _keep_connections() -> None:
    """Has each thread of a run keep its connection until the run ends.

    dbt closes it after each model. For the next one it signs in again, and a new server process
    reads from the catalogue whatever it plans with, which takes longer than most models of a
    minute.
    """
    from dbt.adapters.postgres.connections import PostgresConnectionManager

    sign_in, close = PostgresConnectionManager.open, PostgresConnectionManager.release

    def open_(cls: type[BaseConnectionManager], connection: Connection) -> Connection:
        opened: Connection = sign_in(connection)  # type: ignore[no-untyped-call]
        # dbt takes its role in a transaction, and a model that fails would give it back.
        opened.handle.commit()
        return opened

    def release(self: BaseConnectionManager) -> None:
        connection = self.get_if_exists()
        if connection and connection.state == "open" and not connection.transaction_open:
            # What cannot be kept, for whatever reason, is closed.
            with suppress(Exception):
                # A read begins a transaction of which dbt does not know.
                connection.handle.commit()
                return
        close(self)

    PostgresConnectionManager.open = classmethod(open_)  # type: ignore[method-assign,assignment]
    PostgresConnectionManager.release = release  # type: ignore[method-assign]


@lru_cache(maxsize=4)
def _manifest(project: Path, state: Path, database: str) -> Manifest:
    """The parsed project, of which nothing else in the settings says anything; parsing costs more
    than a whole incremental run."""
    from dbt.cli.main import dbtRunner

    parsed = dbtRunner().invoke(["parse", "--no-write-json", *_options(project, state)])
    if not parsed.success:
        raise ModelError(f"the dbt project cannot be read: {parsed.exception}")
    manifest: Manifest = parsed.result  # type: ignore[assignment]
    # It stays: the collector of garbage need not look through its objects in every run.
    gc.freeze()
    return manifest


def _options(project: Path, state: Path) -> list[str]:
    return [
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(state / "target"), "--log-path", str(state / "logs")),
        *("--quiet", "--no-use-colors", "--log-level-file", "none"),
    ]


def _state(settings: Settings) -> Path:
    return settings.home / "dbt"
