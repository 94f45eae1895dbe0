"""README.md says what is so: its commands exist, its map is whole, its board is what is printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from rtm.cycle import System
from rtm.settings import REPOSITORY
from scripts.readme import README, with_board

TEXT = README.read_text(encoding="utf-8")
UNLISTED = {"help", "install", "lock", "readme", "dashboards", "dictionary", "screenshots"}
"""Targets for those who work on the product; `make` lists them."""


def test_its_make_targets_are_those_of_the_makefile():
    named = set(re.findall(r"\bmake ([a-z]+)", TEXT))
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert named <= targets
    assert targets - UNLISTED <= named


def test_its_commands_exist():
    for command in set(re.findall(r"`\./rtm ([a-z]+)", TEXT)):
        done = subprocess.run(
            [REPOSITORY / "rtm", command, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (REPOSITORY / target).exists(), target


def test_its_map_names_every_room_and_nothing_else():
    rows = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", TEXT.partition("## Map")[2], re.MULTILINE)
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    for name in named:
        assert (REPOSITORY / name).exists() or (REPOSITORY / "plugins/rtm" / name).exists(), name
    assert _folders(REPOSITORY) <= named
    inside = {f"plugins/rtm/{name}" for name in _folders(REPOSITORY / "plugins" / "rtm")}
    assert inside <= named


def test_its_board_is_what_the_board_prints(system: System):
    assert with_board(TEXT, system) == TEXT, "run make readme"


def _folders(parent: Path) -> set[str]:
    """Folders that are kept in git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."],
        cwd=parent,
        capture_output=True,
        text=True,
        check=True,
    )
    folders = {line.split("/")[0] for line in listed.stdout.splitlines() if "/" in line}
    return {name for name in folders if not name.startswith(".")} - {"plugins"}
