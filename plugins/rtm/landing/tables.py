"""The tables of `raw`, made from the feeds: every cell as text, plus where it came from.

`_file_id` and `_row` say which row of which delivery this is (the header is row 1). `_load_id` is
the ledger number of the load that brought a row in or changed it; models ask for what is above the
last one they have seen.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from rtm.sources import FEEDS, Feed, Role

SETTING = "current_setting('rtm.file_id')::bigint"


def ensure_raw_tables(connection: Connection) -> None:
    """Makes missing tables, and adds the columns that a newer feed description has."""
    connection.execute(text("create sequence if not exists raw.row_number cache 1000"))
    for feed in FEEDS.values():
        for statement in _statements(feed):
            connection.execute(text(statement))


def _statements(feed: Feed) -> list[str]:
    name = feed.name
    cells = ",\n".join(f'"{column}" text' for column in feed.column_names)
    is_reference = feed.role is Role.REFERENCE
    order = "_arrived_at timestamptz not null, _file_name text not null," if is_reference else ""
    statements = [
        f"""create table if not exists raw.{name} (
            {cells},
            {order}
            _row bigint not null default nextval('raw.row_number'),
            _file_id bigint not null default {SETTING},
            _load_id bigint not null default {SETTING}
        )""",
        *(
            f'alter table raw.{name} add column if not exists "{column}" text'
            for column in feed.column_names
        ),
    ]
    key = ", ".join(f"({expression})" for expression in feed.key)
    by_load = "brin (_load_id) with (pages_per_range = 16)"
    if is_reference:
        statements += [
            f"create unique index if not exists {name}_key on raw.{name} ({key})"
            " nulls not distinct",
        ]
    elif feed.role is Role.ROSTER:
        statements += [f"create index if not exists {name}_file on raw.{name} (_file_id)"]
    elif feed.dense_in:
        statements += [
            f"create index if not exists {name}_load on raw.{name} using {by_load}",
            f"create index if not exists {name}_time on raw.{name} using "
            f"brin ({feed.dense_in}) with (pages_per_range = 16)",
        ]
    else:
        statements += [
            f"create index if not exists {name}_load on raw.{name} using {by_load}",
            f"create index if not exists {name}_key on raw.{name} ({key})",
        ]
    return statements
