"""`rtm report`: the files that it writes, what it says, and what it refuses."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from rtm.cli.report import report_command
from tests.report.conftest import months, run  # noqa: F401 (fixtures)


@pytest.fixture
def rtm(run, monkeypatch):  # noqa: F811
    """Runs the command against the warehouse of the test on the first of December."""
    system = run("2026-12-01T08:00:00+07:00")
    url = system.warehouse.url.render_as_string(hide_password=False)
    monkeypatch.setenv("RTM_HOME", str(system.settings.home))
    monkeypatch.setenv("RTM_DATABASE_URL", url)

    def execute(*arguments, fails=False):
        done = CliRunner().invoke(report_command, list(map(str, arguments)))
        assert (done.exit_code != 0) == fails, done.output
        return done.output

    return execute


def test_it_writes_the_files_that_are_asked_for_and_names_them(rtm, tmp_path):
    out = tmp_path / "reviews"
    told = rtm("--month", "2026-11", "--out", out)
    names = [f"rtm-report-2026-11-id.{form}" for form in ("html", "pdf", "xlsx")]
    assert sorted(path.name for path in out.iterdir()) == names
    for name in names:
        assert f"written: {out / name}" in told
    assert "report 1, settled, data as of 2026-12-01 01:00 UTC" in told
    told = rtm("--month", "2026-11", "--out", tmp_path, "--format", "pdf", "--language", "en")
    assert (tmp_path / "rtm-report-2026-11-en.pdf").read_bytes().startswith(b"%PDF")
    assert not list(tmp_path.glob("*.html"))
    assert "provisional" in rtm("--month", "2026-12", "--out", tmp_path)


def test_it_mails_once(rtm, tmp_path, query):
    asked = ("--month", "2026-11", "--out", tmp_path, "--format", "xlsx", "--mail")
    assert "mails queued: 1" in rtm(*asked)
    assert "has this report already" in rtm(*asked)
    assert len(query("select from ops.outbox where kind = 'month_report'")) == 1
    assert "still running" in rtm("--month", "2026-12", "--out", tmp_path, "--mail", fails=True)


def test_what_cannot_be_made_is_said(rtm, tmp_path):
    assert "such as 2026-11" in rtm("--month", "November", fails=True)
    assert "2028-01 has not begun" in rtm("--month", "2028-01", "--out", tmp_path, fails=True)
    (tmp_path / "file").write_text("")
    told = rtm("--month", "2026-11", "--out", tmp_path / "file" / "below", fails=True)
    assert "cannot write into" in told
