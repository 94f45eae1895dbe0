"""Makes the models' descriptions, lineage and readers into one static page: `make docs`.

The page is dbt's own, with everything in it: it is read without a server and without a network.
What it says about columns and rows comes from the warehouse, which is started if it is down.
"""

from __future__ import annotations

import os
from pathlib import Path

from rtm.cycle import System
from rtm.settings import Settings


def main() -> None:
    print(write_page(System.open(Settings.from_environment())))


def write_page(system: System) -> Path:
    """The page, below the home folder."""
    from dbt.cli.main import dbtRunner

    # A target folder of its own: the minute's run of the models may be under way.
    folder = system.settings.home / "docs"
    project = str(system.settings.dbt_project)
    os.environ.update(system.warehouse.libpq)
    done = dbtRunner().invoke(
        [
            *("docs", "generate", "--static", "--quiet"),
            *("--project-dir", project, "--profiles-dir", project),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ]
    )
    if not done.success:
        raise SystemExit(f"the page could not be made: {done.exception or 'see the log above'}")
    return (folder / "target" / "static_index.html").replace(folder / "index.html")


if __name__ == "__main__":
    main()
