"""What becomes of tests whose program of the system is not there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts.system_packages import CHROMIUM, PROGRAMS, REDIS
from tests.system_programs import required


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.names[0])
def test_a_missing_program_fails_in_ci_and_is_a_skipped_test_elsewhere(
    program, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(program.variable, raising=False)
    for ci, ending in (("true", pytest.fail.Exception), ("", pytest.skip.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(ending, match="apt-get install"):
            required(program)


def test_who_may_not_install_them_is_told_the_commands(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scripts.system_packages"],
        env={"PATH": str(tmp_path)},
        cwd=os.getcwd(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert CHROMIUM.command in done.stderr
    assert REDIS.command in done.stderr
