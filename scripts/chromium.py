"""Sees to the browser of the tests: `python3 scripts/chromium.py`.

Debian's own Chromium, so that no binary is fetched from anywhere else. Where this may not install
it, it says the command and goes on; what the tests do without a browser is theirs to say.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = (
    "apt-get",
    "install",
    "--yes",
    "--no-install-recommends",
    "chromium",
    "fonts-dejavu-core",
)
COMMAND = "sudo " + " ".join(INSTALL)


def find() -> str | None:
    """The path of the browser; RTM_CHROMIUM names another one."""
    return os.environ.get("RTM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def main() -> None:
    if find():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"no Chromium for the tests of the desk; run: {COMMAND}", file=sys.stderr)
        return
    print("installing chromium with apt-get", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], stdout=subprocess.DEVNULL, env=environment)
    subprocess.run(INSTALL, stdout=subprocess.DEVNULL, env=environment)
    if not find():
        print(f"chromium could not be installed; run: {COMMAND}", file=sys.stderr)


if __name__ == "__main__":
    main()
