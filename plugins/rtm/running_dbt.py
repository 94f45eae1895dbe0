"""Runs dbt in this process: its commands, and what keeps a process that runs it every minute fast.

What is run when is `rtm.models`' matter.
"""

from __future__ import annotations

import gc
import json
import os
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rtm.settings import Settings
from rtm.warehouse import Warehouse

if TYPE_CHECKING:
    from types import CodeType

    from dbt.adapters.base.connections import BaseConnectionManager
    from dbt.adapters.contracts.connection import Connection
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest
    from jinja2 import Template


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
    result = _invoke(warehouse, settings, "compile", "--inline", template, *given)
    if not result.success:
        raise ModelError(f"dbt compile: {result.exception}")
    nodes: list[Any] = list(getattr(result.result, "results", []))
    return str(nodes[0].node.compiled_code)


def _invoke(warehouse: Warehouse, settings: Settings, *arguments: str) -> dbtRunnerResult:
    from dbt.cli.main import dbtRunner

    _forget_behavior_flags()
    _keep_connections()
    _keep_templates()
    _hear_trouble_only()
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


@cache
def _keep_templates() -> None:
    """Has a template compiled once: dbt does it anew for each model of each run, and what stands in
    a model changes with the project alone."""
    from dbt.clients import jinja as core
    from dbt_common.clients import jinja

    @lru_cache(maxsize=1024)
    def code_of(source: str, native: bool) -> CodeType:
        return jinja.get_environment(native=native).compile(source)

    def get_template(
        string: str,
        ctx: dict[str, Any],
        node: Any = None,
        capture_macros: bool = False,
        native: bool = False,
    ) -> Template:
        with jinja.catch_jinja(node):
            environment = jinja.get_environment(node, capture_macros, native=native)
            code, names = code_of(str(string), native), environment.make_globals(ctx)
            return environment.template_class.from_code(environment, code, names)

    core.get_template = get_template  # type: ignore[attr-defined]


@cache
def _hear_trouble_only() -> None:
    """Has dbt put together what it tells of a run only where it is trouble, or would be.

    It does so for all that it could write into a log, of which next to nothing is kept here: a
    message and its envelope for each statement, each relation that it remembers, each step.
    """
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager

    put_together = BaseEvent.__init__

    def keep(self: BaseEvent, *args: Any, **told: Any) -> None:
        self.__dict__["told"] = (args, told)

    def read(self: BaseEvent) -> Any:
        if "pb_msg" not in self.__dict__:
            args, told = self.__dict__["told"]
            put_together(self, *args, **told)
        return self.__dict__["pb_msg"]

    def write(self: BaseEvent, message: Any) -> None:
        self.__dict__["pb_msg"] = message

    class OfTrouble(EventManager):
        def fire_event(
            self,
            e: BaseEvent,
            level: EventLevel | None = None,
            node: Any = None,
            force_warn_or_error_handling: bool = False,
        ) -> None:
            is_trouble = (level or e.level_tag()) in (EventLevel.WARN, EventLevel.ERROR)
            if is_trouble or force_warn_or_error_handling:
                super().fire_event(e, level, node, force_warn_or_error_handling)

    BaseEvent.__init__ = keep  # type: ignore[method-assign]
    BaseEvent.pb_msg = property(read, write)
    ctx_set_event_manager(OfTrouble())


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
