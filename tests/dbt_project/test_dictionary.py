"""The data dictionary is what the descriptions say, and `make check` sees it when it is not."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rtm.settings import REPOSITORY
from scripts.dictionary import Mart, pages, read_marts, read_project, stale

ENGLISH = "data-dictionary.en.md"
INDONESIAN = "data-dictionary.id.md"


def test_the_pages_are_what_the_project_generates(marts: list[Mart]):
    assert len(marts) > 15
    assert stale(marts) == [], "run make dictionary"


def test_make_check_looks_at_the_pages():
    planned = subprocess.run(
        ["make", "-n", "check"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert Path(__file__).relative_to(REPOSITORY).as_posix() in planned.stdout


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the project, to be changed."""
    return Path(shutil.copytree(REPOSITORY / "dbt_project", tmp_path / "dbt_project"))


@pytest.mark.parametrize(
    ("told", "page"),
    [("Rejected for capacity.", ENGLISH), ("Ditolak karena kapasitas penuh.", INDONESIAN)],
)
def test_a_changed_description_makes_the_page_of_its_language_stale(
    marts, copied, tmp_path, told, page
):
    for path, content in pages(marts, tmp_path).items():
        path.write_text(content, encoding="utf-8")
    assert stale(marts, tmp_path) == []
    yml = copied / "models" / "marts" / "fct_scr_interval.yml"
    before = yml.read_text(encoding="utf-8")
    assert told in before
    yml.write_text(before.replace(told, "Something else."), encoding="utf-8")
    changed = read_marts(read_project(tmp_path / "state", copied))
    assert stale(changed, tmp_path) == [tmp_path / page]


def test_a_new_mart_and_a_changed_shared_column_are_taken_up(copied, tmp_path):
    marts = copied / "models" / "marts"
    (marts / "fct_new.sql").write_text("select 1 as new_s")
    (marts / "fct_new.yml").write_text(
        """
        models:
          - name: fct_new
            description: 'One row per test. More.'
            config: {meta: {id: 'Satu baris per tes. Lebih.'}}
            data_tests: [{is_unique_by: {arguments: {columns: [new_s]}}}]
            columns:
              - name: new_s
                data_type: integer
                description: 'Less | than <one>, new/1.'
                config: {meta: {id: 'Kurang dari satu.'}}
        """
    )
    shared = copied / "models" / "shared_columns.md"
    shared.write_text(shared.read_text(encoding="utf-8").replace("Service, as", "Client, as"))
    page = pages(read_marts(read_project(tmp_path / "state", copied)), tmp_path)[tmp_path / ENGLISH]
    assert "| [fct_new](#fct_new) | One row per test. |" in page
    assert "| `new_s` | integer | seconds | new/1 | Less \\| than \\<one>, new/1. |" in page
    assert "Key: `new_s`" in page
    assert page.count("Client, as the site names it.") > 5
