"""What becomes of the tests of the desk where there is no browser."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from scripts.chromium import COMMAND
from tests.browser import conftest


def test_a_missing_browser_fails_in_ci_and_is_a_skipped_test_elsewhere(monkeypatch):
    monkeypatch.setattr(conftest, "find", lambda: None)
    for ci, ending in (("true", pytest.fail.Exception), ("", pytest.skip.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(ending, match="apt-get install"):
            conftest.required_browser()


def test_who_may_not_install_the_browser_is_told_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "scripts.chromium"],
        env={"PATH": str(tmp_path)},
        cwd=os.getcwd(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert COMMAND in done.stderr
