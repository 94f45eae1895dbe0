"""Sees to the programs that tests run and pip does not bring: `python3 scripts/system_packages.py`.

They are Debian's own, so that no binary is fetched from anywhere else. Where this may not install
them, it says the command and goes on; what the tests do without them is theirs to say.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

APT = ("apt-get", "install", "--yes", "--no-install-recommends")


@dataclass(frozen=True)
class SystemProgram:
    """A program of a Debian package; the variable names another one."""

    names: tuple[str, ...]
    packages: tuple[str, ...]
    variable: str
    needed_for: str

    def find(self) -> str | None:
        """Its path, if there is one."""
        return os.environ.get(self.variable) or next(
            filter(None, map(shutil.which, self.names)), None
        )

    @property
    def command(self) -> str:
        """What installs it."""
        return " ".join(("sudo", *APT, *self.packages))


CHROMIUM = SystemProgram(
    ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    ("chromium", "fonts-dejavu-core"),
    "RTM_CHROMIUM",
    "the pages of the desk",
)
REDIS = SystemProgram(
    ("redis-server",), ("redis-server",), "RTM_REDIS", "workers on several machines"
)
PROGRAMS = (CHROMIUM, REDIS)


def main() -> None:
    missing = [program for program in PROGRAMS if not program.find()]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [package for program in missing for package in program.packages]
        print(f"installing {', '.join(packages)} with apt-get", file=sys.stderr)
        # Run level 1: what comes as a service is not started.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(["apt-get", "update", "--quiet"], stdout=subprocess.DEVNULL, env=environment)
        subprocess.run((*APT, *packages), stdout=subprocess.DEVNULL, env=environment)
    for program in missing:
        if not program.find():
            print(
                f"{program.names[0]} is missing for the tests of {program.needed_for}; run:"
                f" {program.command}",
                file=sys.stderr,
            )


if __name__ == "__main__":
    main()
