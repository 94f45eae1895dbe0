"""A program of the system that a test cannot do without."""

from __future__ import annotations

import os

import pytest

from scripts.system_packages import SystemProgram


def required(program: SystemProgram) -> str:
    """Its path. Where it is missing, the test is skipped on somebody's machine and fails in CI."""
    if found := program.find():
        return found
    message = f"{program.names[0]} is not installed; run: {program.command}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
