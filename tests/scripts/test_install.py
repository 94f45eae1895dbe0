"""What somebody sees whose installation cannot go on. The installer runs as it does for them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rtm.settings import REPOSITORY


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The two files that an installation reads."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(REPOSITORY / "scripts" / "install.py", tmp_path / "scripts")
    shutil.copy(REPOSITORY / "requirements.lock", tmp_path)
    return tmp_path


def install(clone: Path, environment: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys._base_executable, str(clone / "scripts" / "install.py"), str(environment)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )


def test_without_a_network_it_says_so_and_goes_on_from_there_next_time(clone: Path, tmp_path: Path):
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "0",
    }
    done = install(clone, tmp_path / "venv", **nowhere)
    assert done.returncode == 1
    assert "packages cannot be fetched; check the network" in done.stderr.splitlines()[-1]
    assert (tmp_path / "venv" / "bin" / "python").exists()
    assert not (tmp_path / "venv" / "installed").exists()


def test_a_package_that_is_not_the_locked_one_is_refused(clone: Path, tmp_path: Path):
    lock = clone / "requirements.lock"
    found = re.search(r"^uv==.*(?:\n[ \t].*)*", lock.read_text(), re.MULTILINE)
    assert found
    forged = re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, found[0])
    lock.write_text(lock.read_text().replace(found[0], forged))
    done = install(clone, tmp_path / "venv")
    assert done.returncode == 1
    assert "a package is not the one that requirements.lock names" in done.stderr.splitlines()[-1]


def test_a_full_disk_is_said_before_anything_is_written(clone: Path, tmp_path: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this container may not mount")
    try:
        done = install(clone, disk / "home" / "venv")
        assert done.returncode == 1
        assert "the disk is full" in done.stderr
        assert not (disk / "home" / "venv").exists()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_folder_that_cannot_be_made_is_named(clone: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = install(clone, tmp_path / "file" / "home" / "venv")
    assert done.returncode == 1
    assert "set RTM_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_installed_environment_is_left_alone():
    """The one that runs this test."""
    if not (Path(sys.prefix) / "installed").exists():
        pytest.skip("these tests run in an environment that make install has not made")
    before = (Path(sys.prefix) / "installed").stat().st_mtime_ns
    done = install(REPOSITORY, Path(sys.prefix))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (Path(sys.prefix) / "installed").stat().st_mtime_ns == before
