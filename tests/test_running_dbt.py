"""What a process that runs dbt every minute keeps from one model to the next."""

from __future__ import annotations

from datetime import timedelta

import psycopg2
import pytest
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.events import base_types
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager_client import get_event_manager
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note

from rtm.running_dbt import ModelError, run_dbt
from tests.conftest import maintenance
from tests.small_centre import MORNING

CONNECTIONS = 4
"""A thread each for the models, of which there are two; two look at what stands before."""


@pytest.fixture
def connected(monkeypatch):
    """The connections that dbt opens from now on; each counts after how many models it was kept."""
    opened = []

    class Connection(psycopg2.extensions.connection):
        kept = 0

        def commit(self):
            super().commit()
            self.kept += 1
            cut(self)

    def cut(connection):
        """A test may say when the server ends one."""

    connect = psycopg2.connect

    def open_counted(*args, **kwargs):
        opened.append(connect(*args, **kwargs, connection_factory=Connection))
        return opened[-1]

    def set_cut(function):
        nonlocal cut
        cut = function

    monkeypatch.setattr(psycopg2, "connect", open_counted)
    return opened, set_cut


def test_what_dbt_warns_of_fails_a_run_with_its_words(system):
    with pytest.raises(ModelError, match="models/nowhere"):
        run_dbt(system.warehouse, system.settings, "run", "--select", "models/nowhere")


def test_a_run_signs_in_once_a_thread_and_out_at_its_end(fill, connected):
    opened, _ = connected
    fill(MORNING)
    assert len(opened) <= CONNECTIONS
    assert sum(connection.kept for connection in opened) > 10 * CONNECTIONS
    assert all(connection.closed for connection in opened)


def test_a_connection_that_is_cut_fails_its_run_and_not_the_next(fill, connected, template, query):
    opened, set_cut = connected

    def once(connection):
        if connection.kept == 10 and len(opened) == CONNECTIONS:
            with maintenance(template) as server:
                server.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])

    set_cut(once)
    with pytest.raises(ModelError, match="closed the connection"):
        fill(MORNING)
    assert len(opened) > CONNECTIONS, "the models after it had one of their own"
    set_cut(lambda connection: None)
    fill(MORNING + timedelta(minutes=1))
    assert query("select count(*) as shifts from marts.fct_attendance") == [{"shifts": 3}]


def test_no_template_is_compiled_again_in_the_next_run(fill, monkeypatch):
    compile_ = MacroFuzzEnvironment.compile
    compiled = []

    def counted(self, source, *args, **kwargs):
        compiled.append(source)
        return compile_(self, source, *args, **kwargs)

    # The first builds everything, the second is one as of every minute.
    fill(MORNING)
    fill(MORNING + timedelta(minutes=1))
    monkeypatch.setattr(MacroFuzzEnvironment, "compile", counted)
    fill(MORNING + timedelta(minutes=2))
    # What names the model in each statement is compiled once a connection.
    assert [source for source in compiled if "query_comment_macro" not in source] == []


def test_what_nobody_hears_is_not_put_together_and_trouble_is(fill, monkeypatch):
    put_together = []

    def counted(told, message, *args, **kwargs):
        put_together.append(type(message).__name__)
        return parse(told, message, *args, **kwargs)

    fill(MORNING)
    parse = base_types.ParseDict
    monkeypatch.setattr(base_types, "ParseDict", counted)
    fill(MORNING + timedelta(minutes=1))
    assert put_together == []
    heard = []
    monkeypatch.setattr(get_event_manager(), "callbacks", [heard.append])
    fire_event(Note(msg="all is well"))
    fire_event(Note(msg="this is not"), level=EventLevel.WARN)
    assert [(message.info.level, message.data.msg) for message in heard] == [
        ("warn", "this is not")
    ]
