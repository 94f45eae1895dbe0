"""The embedded server finds a port and a user even where another program takes them first."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from rtm.machine import free_port
from rtm.warehouse import embedded
from rtm.warehouse.embedded import EmbeddedPostgres


def test_a_port_that_is_taken_at_the_last_moment_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        # Found free twice, when the server is made and when it starts, and taken afterwards.
        found = iter([taken, taken])
        monkeypatch.setattr(
            embedded, "free_port", lambda preferred=0: next(found, None) or free_port(preferred)
        )
        server = EmbeddedPostgres(tmp_path)
        url = server.start().warehouse_url
        try:
            assert url.port != taken
            with psycopg.connect(
                url.set(drivername="postgresql").render_as_string(hide_password=False)
            ) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            assert EmbeddedPostgres(tmp_path).start().warehouse_url == url
        finally:
            server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a system user")
def test_servers_that_start_at_once_agree_on_the_system_user():
    """Each useradd gives another id, and the later one holds."""
    name = f"rtm-test-{os.getpid()}"
    said = (
        "from rtm.warehouse import embedded;"
        f"embedded.SYSTEM_USER = {name!r};"
        "print(embedded._server_user().pw_uid)"
    )
    try:
        starting = [
            subprocess.Popen([sys.executable, "-c", said], stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        found = {process.communicate()[0] for process in starting}
        assert found == {f"{pwd.getpwnam(name).pw_uid}\n"}
    finally:
        subprocess.run(["userdel", name], capture_output=True)
