"""The command line as a person or a script uses it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import click
import psycopg
import pytest

from rtm.cli import commands
from rtm.settings import REPOSITORY
from tests.small_centre import CALL_HEADER, MORNING, call, deliver_reference, roster


def rtm(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RTM_")}
    return subprocess.run(
        [str(REPOSITORY / "rtm"), *arguments],
        env={**environment, **variables},
        capture_output=True,
        text=True,
    )


def every_command(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += every_command(command, (*path, name))
    return found


@pytest.mark.parametrize("path", every_command(commands), ids=" ".join)
def test_every_command_and_option_is_explained(path: tuple[str, ...]):
    command: click.Command | None = commands
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None and command.help, path
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{' '.join(path)} {parameter.opts[0]}"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"RTM_LANGUAGE": "nl"}, "rtm: RTM_LANGUAGE='nl': give id or en"),
        ({"RTM_INTERVAL_MIN": "20"}, "rtm: RTM_INTERVAL_MIN=20: give one of 15, 30, 60"),
        ({"RTM_FEED_STALE_S": "soon"}, "rtm: RTM_FEED_STALE_S='soon': give a whole number above 0"),
        ({"RTM_AIRFLOW_PORT": "99999"}, "rtm: RTM_AIRFLOW_PORT=99999: give a TCP port"),
        ({"RTM_DESK_USERS": "TL01,a:admin"}, "rtm: RTM_DESK_USERS: 'a:admin' cannot be a user"),
        ({"RTM_DESK_USERS": "admin"}, "rtm: RTM_DESK_USERS: 'admin' cannot be a user"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(variables, message, tmp_path):
    done = rtm("board", RTM_HOME=_installed(tmp_path), **variables)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_warehouse_that_does_not_answer_is_one_line(tmp_path):
    url = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    done = rtm("board", RTM_HOME=_installed(tmp_path), RTM_DATABASE_URL=url)
    assert done.returncode == 1
    assert done.stderr.startswith("rtm: the warehouse does not answer: ")
    assert "Traceback" not in done.stderr


def test_a_replay_prepares_an_empty_database_and_always_ends_in_the_same_marts(
    postgres, deliver, tmp_path
):
    deliver_reference(deliver)
    deliver("roster", "today.csv", roster(), MORNING - timedelta(days=1))
    for minute in range(0, 60, 10):
        at = MORNING + timedelta(minutes=minute)
        answered = ["answered" if n % 4 else "abandoned" for n in range(8)]
        calls = [call(f"c{minute}-{n}", at, outcome, 35) for n, outcome in enumerate(answered)]
        deliver("call", f"calls_{minute}.csv", CALL_HEADER + "".join(calls), at)
    marts = []

    def replay(url, every, end=MORNING + timedelta(hours=1)):
        return rtm(
            *("replay", "--landing", str(tmp_path / "landing")),
            *("--start", MORNING.isoformat(), "--every", every, "--end", end.isoformat()),
            *("--database-url", url.render_as_string(hide_password=False)),
            RTM_HOME=_installed(tmp_path),
        )

    for name, every in (("replay_a", "10m"), ("replay_b", "30m"), ("replay_a", "10m")):
        url = postgres.warehouse_url.set(database=name)
        if len(marts) < 2:
            _make_database(postgres, name)
        done = replay(url, every)
        assert done.returncode == 0, done.stderr
        assert "marts as of 2026-11-23T02:00:00+00:00" in done.stdout
        with psycopg.connect(
            url.set(drivername="postgresql").render_as_string(False)
        ) as connection:
            marts.append(
                (
                    connection.execute(
                        "select * from marts.fct_scr_interval order by interval_start"
                    ).fetchall(),
                    connection.execute("select * from marts.fct_breach").fetchall(),
                )
            )
    assert len(marts[0][0]) > 1
    assert marts[0][0] == marts[1][0]
    # The same ticks over the same warehouse: done before, but for the last
    assert "1 ticks (6 done before)" in done.stdout
    assert marts[2] == marts[0]
    refused = replay(url, "5m", MORNING + timedelta(minutes=30))
    assert refused.returncode == 1
    assert refused.stderr.startswith("rtm: the warehouse stands at 2026-11-23T02:00:00+00:00")


def test_an_end_before_the_start_is_refused(tmp_path):
    done = rtm(
        *("replay", "--landing", str(tmp_path), "--start", "2026-11-22T08:00:00+07:00"),
        *("--end", "2026-11-22T07:00:00+07:00"),
        RTM_HOME=_installed(tmp_path),
    )
    assert done.returncode == 2
    assert "END lies before START" in done.stderr


def test_an_instant_without_offset_is_refused_with_an_example(tmp_path):
    done = rtm("cycle", "--as-of", "2026-11-22T08:00:00", RTM_HOME=_installed(tmp_path))
    assert done.returncode == 2
    assert "2026-11-22T08:00:00+07:00" in done.stderr


def _installed(tmp_path: Path) -> str:
    """A home of its own with the environment that runs these tests."""
    home = tmp_path / "home"
    if not home.exists():
        home.mkdir()
        (home / "venv").symlink_to(sys.prefix)
    return str(home)


def _make_database(postgres, name: str) -> None:
    url = postgres.warehouse_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")  # type: ignore[arg-type]
