"""`rtm coaching`: what waits and what is in force, and what one step rests on."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from rtm.cli.coaching import coaching_commands
from rtm.coaching.lifecycle import Action
from tests.coaching.conftest import (  # noqa: F401 (fixtures)
    decide,
    floor,
    follow,
    matter,
    steps,
)


@pytest.fixture
def rtm(floor, monkeypatch):  # noqa: F811
    """Runs a command against the warehouse of the test; gives what it printed, without lines."""
    url = floor.warehouse.url.render_as_string(hide_password=False)
    monkeypatch.setenv("RTM_HOME", str(floor.settings.home))
    monkeypatch.setenv("RTM_DATABASE_URL", url)

    def run(*arguments, fails=False):
        done = CliRunner().invoke(coaching_commands, list(map(str, arguments)))
        assert (done.exit_code != 0) == fails, done.output
        return "\n".join(
            " ".join(line.replace("│", " ").split()) for line in done.output.splitlines()
        )

    return run


def test_steps_are_listed_by_agent_and_status_and_shown_with_their_ground(
    rtm,
    matter,  # noqa: F811
    follow,  # noqa: F811
    decide,  # noqa: F811
):
    assert rtm("list") == "no such step of coaching"
    matter("rotg", subject="two_stations")
    matter("no_show", agent="A2")
    follow()
    assert "1 KARTU A1 proposed coaching (proposed) 1 2026-11-23 08:00 - - -" in rtm("list")
    decide(Action.DISMISS, note="Sakit, surat menyusul")
    assert "A2" not in rtm("list")
    assert "2 KARTU A2 dismissed reminder (proposed)" in rtm("list", "--agent", "A2")
    assert "A2" in rtm("list", "--status", "dismissed", "--service", "KARTU")
    assert rtm("list", "--service", "LAIN") == "no such step of coaching"
    shown = rtm("show", 2)
    assert "2026-11-23 P no_show 900 <= 300 s over" in shown
    assert "2026-11-23 08:00 L1 dismiss Sakit, surat menyusul" in shown
    assert "there is no step of coaching 9" in rtm("show", 9, fails=True)
