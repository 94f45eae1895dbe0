"""Documents are told apart however they are written; what is none costs no other."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime

import pytest

from rtm.cycle import land_feeds
from rtm.landing import documents
from rtm.landing.documents import document_records
from rtm.sources import FEEDS, Column, Feed, Kind, Layout, Role

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
FEED = Feed(
    "things",
    (
        Column("id", required=True, path=("id",), or_paths=(("inner", "id"), ("name",))),
        Column("body", Kind.DOCUMENT),
    ),
    Role.RECORD,
    key=("id",),
    layout=Layout.DOCUMENTS,
    listed_in="payload",
)


def read(content):
    """The ids of the documents in a text, and the texts that are none."""
    records = list(document_records(FEED, io.BytesIO(content.encode())))
    assert [record.number for record in records] == list(range(1, len(records) + 1))
    return (
        [record.cells["id"] for record in records if record.cells],
        [record.raw_text.strip() for record in records if record.cells is None],
    )


A, B, C = ({"id": name, "told": [{"deep": [1, {"}": "]{"}]}]} for name in "abc")
WHOLE = {
    "lines": "\n".join(map(json.dumps, (A, B, C))),
    "without a break": "".join(map(json.dumps, (A, B, C))),
    "indented": "\n".join(json.dumps(thing, indent=2) for thing in (A, B, C)),
    "a list": json.dumps([A, B, C]),
    "an indented list": json.dumps([A, B, C], indent=1),
    "an answer": json.dumps({"meta": {}, "payload": [A, B, C], "more": 1}),
    "an indented answer": json.dumps({"payload": [A, B, C]}, indent=1),
    "an answer with lines that are not indented": '{"payload": [\n'
    + ",\n".join(map(json.dumps, (A, B, C)))
    + "\n]}",
    "an answer without any indent": json.dumps({"payload": [A, B, C]}, indent=0),
    "a list without any indent": json.dumps([A, B, C], indent=0),
    "commas first": "[\n" + "\n,".join(map(json.dumps, (A, B, C))) + "\n]",
    "values in the next line": '[\n{"id":\n"a"}\n,\n{"inner":\n{"id": "b"}},{"name": "c"}]',
}


@pytest.mark.parametrize("written", WHOLE)
def test_documents_may_be_written_in_many_ways(written):
    assert read(WHOLE[written]) == (["a", "b", "c"], [])
    assert read(WHOLE[written] + "\n" + WHOLE[written]) == (["a", "b", "c"] * 2, [])
    assert read(WHOLE[written].replace("\n", "\r\n")) == (["a", "b", "c"], [])


CUT = '{"id": "x", "text": "ab'


@pytest.mark.parametrize(
    "content",
    [
        # Lines
        CUT + '\n{"id": "a"}\n{"id": "b"}',
        '{"id": "a"}\n' + CUT + '\n   {"id": "b"}',
        '{"id": "a"}\n' + CUT + '\n[{"id": "b"}]',
        '{"id": "a"}\n{"id": "b"}\n' + CUT,
        '{"id": "x",\n{"id": "a"}\n{"id": "b"}',
        '{"id":\n{"id": "a"}\n{"id": "b"}',
        '{"id": "x", "of": [1,\n{"id": "a"}\n{"id": "b"}\n',
        '{"id": "a"}\n{"id": "x",}\n{"id": "b"}',
        # Indented
        '{\n "id": "a"\n}\n{\n "id": "x\n}\n{\n "id": "b"\n}',
        '{\n "id": "a"\n}\n{\n "id": "x",\n "of": {\n{\n "id": "b"\n}',
        # Lists
        '[{"id": "a"}, {"id": "b"}, ' + CUT,
        '[\n{"id": "a"},\n' + CUT + '\n{"id": "b"}\n]',
        '[\n  {"id": "a"},\n  ' + CUT + '\n  {"id": "b"}\n]\n',
        '[\n  {"id": "a"},\n  {"id": "x", "of": \n  {"id": "b"}\n]\n',
        '[\n  {\n    "id": "a"\n  },\n  {\n    "id": "b"\n  },\n  {\n    "id',
        '{"payload": [{"id": "a"}, {"id": "b"}, ' + CUT,
        '{"payload": [\n{"id": "a"},\n' + CUT + '\n{"id": "b"}\n]}',
        # A list that ends too early, though all that it holds is whole
        '[{"id": "a"}, {"id": "b"}',
        '{"payload": [\n{"id": "a"},\n{"id": "b"},\n',
    ],
)
def test_what_is_cut_off_costs_itself_alone(content):
    found, refused = read(content)
    assert found == ["a", "b"]
    assert len(refused) == 1


def test_a_piece_of_a_broken_document_is_no_document():
    inner = {"id": "x", "of": [{"id": "y"}, {"id": "z"}]}
    cut = json.dumps(inner)[:-3]
    assert read(cut + '\n{"id": "a"}') == (["a"], [cut])
    indented = json.dumps([inner, {"id": "a"}], indent=2).replace('"x",', '"x,')
    found, refused = read(indented)
    assert found == ["a"]
    assert refused


def test_what_is_no_json_at_all_is_told_once_for_each_line():
    assert read("hello\n\nworld\n") == ([], ["hello", "world"])


@pytest.mark.parametrize("line", ["[\n", '{"a":\n', '{"id": "x\n', "{\n", "]\n", '[{"a":1},\n'])
def test_the_cost_of_what_is_broken_grows_with_its_size(line):
    def spent(lines):
        start = time.process_time()
        list(document_records(FEED, io.BytesIO((line * lines).encode())))
        return time.process_time() - start

    spent(1000)
    assert spent(40_000) < 5


def test_what_never_ends_is_given_up(monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 1000)
    lines = "[\n" + '{"id": "a"},\n' * 200 + "]"
    assert read(lines) == (["a"] * 200, [])


def test_the_reason_does_not_repeat_the_whole_document(system, deliver, query):
    body = {"event": "message_created", "id": 1, "content": "x" * 5000, "created_at": "y" * 5000}
    feed = FEEDS["chatwoot"]
    deliver(feed.name, "hooks", json.dumps(body), NOON)
    land_feeds(system, NOON)
    (row,) = query("select reason, raw_text from ops.quarantine")
    assert row["reason"].startswith("created_at: 'yyy")
    assert "…' is not a time" in row["reason"]
    assert len(row["reason"]) < 200
    assert json.loads(row["raw_text"]) == body
