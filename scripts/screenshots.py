"""Takes the pictures of docs/procedure.md anew: runs the tests in the browser, which keep a picture
of each page, and makes those of the procedure's steps small enough for a repository.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

from rtm.settings import REPOSITORY

SHOTS = Path(os.environ.get("RTM_HOME") or REPOSITORY / ".rtm") / "screenshots"
PICTURES = REPOSITORY / "docs" / "steps"
STEPS = {
    "1-rosters": "rosters-en-1280",
    "2-distribution": "roster-version-en-1280",
    "3-verification": "plan-submitted-en-1280",
    "4-today": "today-id-1280",
    "5-breach": "breach-id-1280",
    "6-draft": "plan-draft-id-390",
    "7-coaching": "coaching-en-1280",
    "8-rotg": "rotg-new-id-390",
    "9-closed": "plan-closed-en-1280",
}
"""Of each picture of the document the one that the tests keep."""
WIDEST, TALLEST, COLOURS = 960, 1600, 64


def main() -> int:
    tests = [sys.executable, "-m", "pytest", "-q", "tests/browser"]
    if code := subprocess.run(tests, cwd=REPOSITORY, check=False).returncode:
        return code
    PICTURES.mkdir(exist_ok=True)
    for name, shot in STEPS.items():
        with Image.open(SHOTS / f"{shot}.png") as picture:
            reduced = picture.convert("RGB")
        reduced.thumbnail((WIDEST, reduced.height))
        reduced = reduced.crop((0, 0, reduced.width, min(reduced.height, TALLEST)))
        path = PICTURES / f"{name}.png"
        reduced.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"written: {path.relative_to(REPOSITORY)}, {path.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
