"""What the yml of a mart promises is whole, in both languages, and is what is built."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.dictionary import LANGUAGES, UNITS, Mart

GRAIN = {"en": "One row per ", "id": "Satu baris per "}


def faults(mart: Mart, built: list[str]) -> list[str]:
    """What is wrong with a mart whose table has the columns `built`."""
    names = [column.name for column in mart.columns]
    found = [
        f"{mart.name}: the {language} description does not begin with the grain"
        for language in LANGUAGES
        if not mart.texts[language].startswith(GRAIN[language])
    ]
    found += [
        f"{column.name}: no {language} description"
        for column in mart.columns
        for language in LANGUAGES
        if not column.texts[language]
    ]
    found += [
        f"{column.name}: unit {column.unit} has no Indonesian"
        for column in mart.columns
        if column.unit and column.unit not in UNITS
    ]
    if not mart.is_enforced:
        found.append("the contract is not enforced")
    if not mart.key or not set(mart.key) <= set(names):
        found.append("no test of the key")
    if sorted(names) != sorted(built):
        found.append(f"listed and built differ: {sorted(set(names) ^ set(built))}")
    return found


def test_every_mart_is_described_whole_and_is_what_is_built(marts: list[Mart], query):
    tables: dict[str, list[str]] = {}
    for row in query(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = 'marts'"
    ):
        tables.setdefault(row["table_name"], []).append(row["column_name"])
    assert len(tables) > 15
    assert set(tables) == {mart.name for mart in marts}
    assert [(mart.name, fault) for mart in marts for fault in faults(mart, tables[mart.name])] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda mart: replace(mart, is_enforced=False), "the contract is not enforced"),
        (lambda mart: replace(mart, key=()), "no test of the key"),
        (lambda mart: replace(mart, key=("gone",)), "no test of the key"),
        (
            lambda mart: replace(mart, texts={**mart.texts, "id": "Layanan."}),
            "dim_service: the id description does not begin with the grain",
        ),
        (
            lambda mart: replace(
                mart,
                columns=(replace(mart.columns[0], texts={"en": "x", "id": ""}), *mart.columns[1:]),
            ),
            "service_code: no id description",
        ),
        (
            lambda mart: replace(
                mart, columns=(replace(mart.columns[0], unit="miles"), *mart.columns[1:])
            ),
            "service_code: unit miles has no Indonesian",
        ),
        (
            lambda mart: replace(mart, columns=mart.columns[:-1]),
            "listed and built differ: ['is_provisional']",
        ),
    ],
)
def test_each_fault_is_seen(marts: list[Mart], change, fault):
    mart = next(mart for mart in marts if mart.name == "dim_service")
    built = [column.name for column in mart.columns]
    assert faults(mart, built) == []
    assert faults(change(mart), built) == [fault]


def test_the_formula_in_a_row_is_one_that_its_mart_describes(marts, late_week, query):
    seen = 0
    for mart in marts:
        described = {formula for column in mart.columns for formula in column.formulas}
        for column in mart.columns:
            if column.name.endswith("_formula"):
                rows = query(f"select distinct {column.name} as formula from marts.{mart.name}")
                assert {row["formula"] for row in rows} <= described, (mart.name, column.name)
                seen += len(rows)
    assert seen >= 10
