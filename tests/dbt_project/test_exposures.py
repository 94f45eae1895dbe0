"""The readers of the marts are those that `exposures.yml` names, with just the tables they read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from rtm.settings import REPOSITORY

READ = re.compile(r"\b(?:from|join)\s+marts\.(\w+)", re.IGNORECASE)
NOT_READERS = {"plugins/rtm/stack", "plugins/rtm/warehouse"}
"""The demo prints what it has made, a migration ran over the marts of its time: who changes a mart
need not ask them."""


def tables_read(places: Iterable[Path]) -> set[str]:
    """The marts in the statements below some folders, or in some files."""
    files = [file for place in places for file in (place.rglob("*") if place.is_dir() else [place])]
    # The dashboards are JSON, where a line ends in a backslash and an n.
    texts = (
        file.read_text(encoding="utf-8").replace("\\n", "\n")
        for file in files
        if file.suffix in {".py", ".json", ".md", ".yml"}
    )
    return {table for text in texts for table in READ.findall(text)}


def difference(named: set[str], places: Iterable[Path]) -> dict[str, set[str]]:
    read = tables_read(places)
    return {"read but not named": read - named, "named but not read": named - read}


@pytest.fixture(scope="session")
def exposures(project) -> dict[str, tuple[set[str], list[str]]]:
    """Of each reader, the tables that it names and where its code is."""
    return {
        exposure.name: (
            {project.nodes[node].name for node in exposure.depends_on.nodes},
            exposure.config.meta["code"],
        )
        for exposure in project.exposures.values()
    }


def test_a_reader_names_the_tables_that_it_reads_and_no_other(exposures):
    assert {"printed_board", "grafana_board", "breach_detection", "analysts"} <= set(exposures)
    for name, (tables, places) in exposures.items():
        found = difference(tables, [REPOSITORY / place for place in places])
        assert len(tables) > 1 and not any(found.values()), (name, found)


def test_whoever_reads_a_mart_is_named(exposures):
    named = {place for _, places in exposures.values() for place in places} | NOT_READERS
    rooms = [*(REPOSITORY / "plugins" / "rtm").iterdir(), *(REPOSITORY / "dags").iterdir()]
    readers = {
        room.relative_to(REPOSITORY).as_posix()
        for room in [*rooms, REPOSITORY / "grafana" / "dashboards"]
        if tables_read([room])
    }
    assert len(readers) > 4
    assert readers - named == set(), "name them in dbt_project/models/exposures.yml"


def test_a_table_too_many_and_one_too_few_are_seen(exposures, tmp_path: Path):
    tables, places = exposures["printed_board"]
    board = [REPOSITORY / place for place in places]
    (tmp_path / "new.py").write_text('"select 1 from marts.dim_team\\ninner join marts.fct_other"')
    (tmp_path / "new.json").write_text(r'"select 1\nfrom\nmarts.fct_drawn"')
    (tmp_path / "new.yml").write_text("rawSql: |\n  select 1\n  from marts.fct_watched")
    assert difference(tables, [*board, tmp_path])["read but not named"] == {
        "fct_other",
        "fct_drawn",
        "fct_watched",
    }
    assert difference(tables | {"fct_gone"}, board)["named but not read"] == {"fct_gone"}
