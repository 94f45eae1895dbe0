"""`requirements.lock` belongs to `pyproject.toml` and says nothing of where packages come from."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rtm.settings import REPOSITORY

LOCK = (REPOSITORY / "requirements.lock").read_text()


def requirements() -> list[Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    return [
        Requirement(line)
        for line in project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    ]


@pytest.fixture(scope="module")
def pinned() -> dict[str, str]:
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE)
    }


@pytest.mark.parametrize("requirement", requirements(), ids=lambda r: r.name)
def test_every_requirement_is_locked_at_a_version_that_it_allows(requirement, pinned):
    version = pinned.get(canonicalize_name(requirement.name))
    assert version, "run make lock"
    assert requirement.specifier.contains(version, prereleases=True), "run make lock"


def test_every_package_has_hashes():
    blocks = re.findall(r"^[A-Za-z0-9].*(?:\n[ \t].*)*", LOCK, re.MULTILINE)
    assert len(blocks) > 100
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_no_address_of_an_index_is_in_it():
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links| @ ", LOCK)
