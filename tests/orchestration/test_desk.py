"""The desk as Airflow finds it in its plugins folder."""

from __future__ import annotations

import subprocess
import sys

from rtm.settings import REPOSITORY

LOADED = """
import sys
sys.path.insert(0, {plugins!r})
from airflow._shared.module_loading import find_path_from_directory
print([path for path in find_path_from_directory({plugins!r}, ".airflowignore", "glob")
       if path.endswith(".py")])
import rtm_desk
plugin = rtm_desk.DeskPlugin
print(plugin.fastapi_apps[0]["url_prefix"], plugin.external_views[0]["href"])
print(sorted(name for name in sys.modules if name in ("rtm.desk.app", "jinja2", "babel")))
"""


def test_airflow_finds_one_file_which_mounts_the_desk_and_imports_none_of_it_yet(tmp_path):
    plugins = str(REPOSITORY / "plugins")
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(plugins=plugins)],
        env={"AIRFLOW_HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    files, mounted, imported = done.stdout.strip().splitlines()[-3:]
    assert files == str([f"{plugins}/rtm_desk.py"])
    assert mounted == "/rtm rtm/"
    assert "rtm.desk.app" not in imported
