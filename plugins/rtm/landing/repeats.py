"""What was delivered before: reference rows that replace, records that change nothing.

Deliveries are ordered by arrival time, then file name, then row, whichever was loaded first.
"""

from __future__ import annotations

from typing import Any

import psycopg

from rtm.sources import Feed

Cursor = psycopg.Cursor[tuple[Any, ...]]

DELIVERED = ["_arrived_at", "_file_name", "_row"]
"""The order of deliveries."""


def upsert_reference(cursor: Cursor, feed: Feed, arriving: str) -> None:
    """Puts the waiting rows in place of the rows of the same key that were delivered earlier.

    `_load_id` moves only where a cell changed, or where another version may have held meanwhile: a
    repeated delivery rebuilds nothing.
    """
    names = [f'"{name}"' for name in feed.column_names]
    cells = ", ".join(names)
    key = ", ".join(f"({expression})" for expression in feed.key)
    latest = ", ".join(f"{rank} desc" for rank in DELIVERED)
    old, new = (_list(DELIVERED, prefix) for prefix in ("old.", "excluded."))
    changed = f"({_list(names, 'old.')}) is distinct from ({_list(names, 'excluded.')})"
    if feed.versions_of:
        changed = f"""exists (
            select from {feed.table} as other
            where other.{feed.versions_of} = old.{feed.versions_of}
                and ({_list(names, "other.")}) is distinct from ({_list(names, "old.")})
        )"""
    replaced = ", ".join(
        f"{name} = excluded.{name}"
        for name in [*names, "_row", "_file_id", "_arrived_at", "_file_name"]
    )
    cursor.execute(
        f"""
        insert into {feed.table} as old
            ({cells}, _row, _file_id, _load_id, _arrived_at, _file_name)
        select distinct on ({key})
            {cells}, _row, _file_id, _load_id, _arrived_at, _file_name
        from (
            select arriving.*, ledger.arrived_at as _arrived_at, ledger.file_name as _file_name
            from {arriving} as arriving
            inner join ops.file_ledger as ledger on ledger.file_id = arriving._file_id
        ) as ordered
        order by {key}, {latest}
        on conflict ({key}) do update set
            {replaced},
            _load_id = case when {changed} then excluded._load_id else old._load_id end
        where ({old}) < ({new})
        """
    )


def drop_repeats(cursor: Cursor, feed: Feed, load_id: int, is_distinct: bool = False) -> None:
    """Of equal records of one source, cell for cell, keeps the one that was delivered first.

    `is_distinct`: no two of this load are equal.
    """
    if not is_distinct:
        _drop_within_load(cursor, feed, load_id)
    _drop_known_before(cursor, feed, load_id)


def _drop_within_load(cursor: Cursor, feed: Feed, load_id: int) -> None:
    names = ", ".join(f'"{name}"' for name in feed.column_names)
    qualified = ", ".join(f'fresh."{name}"' for name in feed.column_names)
    repeated = cursor.execute(
        f"""
        select hash_record_extended(row({names}), 0) from {feed.table}
        where _load_id = {load_id} group by 1 having count(*) > 1
        """
    ).fetchall()
    if repeated:
        cursor.execute(
            f"""
            delete from {feed.table} where ctid in (
                select place from (
                    select
                        fresh.ctid as place,
                        row_number() over (
                            partition by ledger.feed, {qualified} order by _file_id, _row
                        ) as nth
                    from {feed.table} as fresh
                    inner join ops.file_ledger as ledger on ledger.file_id = fresh._file_id
                    where _load_id = {load_id}
                        and hash_record_extended(row({qualified}), 0) = any(%s)
                ) as numbered where nth > 1
            )
            """,
            ([value for (value,) in repeated],),
        )


def _drop_known_before(cursor: Cursor, feed: Feed, load_id: int) -> None:
    """Compares with earlier loads: by key, or where rows are dense, with loads of the same time."""
    names = [f'"{name}"' for name in feed.column_names]
    equal = f"({_list(names, 'new.')}) is not distinct from ({_list(names, 'old.')})"
    if feed.dense_in:
        # Only the blocks of these loads are read, whatever the planner thinks of block ranges.
        cursor.execute("set local enable_seqscan = off")
        loads = _loads_of_the_same_time(cursor, feed, load_id)
        if not loads:
            return
        matched = f"old.{feed.dense_in} = new.{feed.dense_in} and old._load_id = any(%(loads)s)"
    else:
        if not _is_after_another(cursor, feed, load_id):
            return
        loads = []
        matched = " and ".join(f"old.{name} = new.{name}" for name in feed.key)
    cursor.execute(
        f"""
        with pairs as (
            select
                new.ctid as new_place,
                old.ctid as old_place,
                (old_file.arrived_at, old_file.file_name, old._row)
                    <= (new_file.arrived_at, new_file.file_name, new._row) as is_old_first
            from {feed.table} as new
            inner join {feed.table} as old
                on {matched} and {equal} and old._load_id < {load_id}
            inner join ops.file_ledger as new_file on new_file.file_id = new._file_id
            -- The same words of two sources are told of two things
            inner join ops.file_ledger as old_file
                on old_file.file_id = old._file_id and old_file.feed = new_file.feed
            where new._load_id = {load_id}
        )
        delete from {feed.table} where ctid in (
            select case when is_old_first then new_place else old_place end from pairs
        )
        """,
        {"loads": loads},
    )


def _is_after_another(cursor: Cursor, feed: Feed, load_id: int) -> bool:
    found = cursor.execute(
        "select exists (select from ops.file_ledger where lands_in = %s and file_id < %s)",
        (feed.lands_in, load_id),
    ).fetchone()
    return found == (True,)


def _loads_of_the_same_time(cursor: Cursor, feed: Feed, load_id: int) -> list[int]:
    """The earlier loads whose span of time meets the span of this one, by what the ledger keeps."""
    cursor.execute(
        f"""
        update ops.file_ledger as ledger
        set span_from = span.lowest, span_to = span.highest
        from (
            select min({feed.dense_in}) as lowest, max({feed.dense_in}) as highest
            from {feed.table} where _load_id = %(load_id)s
        ) as span
        where ledger.file_id = %(load_id)s
        """,
        {"load_id": load_id},
    )
    met = cursor.execute(
        """
        select old.file_id from ops.file_ledger as old
        inner join ops.file_ledger as new on new.file_id = %s
        where old.feed = new.feed and old.file_id < new.file_id
            and old.span_from <= new.span_to and old.span_to >= new.span_from
        """,
        (load_id,),
    )
    return [file_id for (file_id,) in met]


def _list(names: list[str], prefix: str) -> str:
    return ", ".join(prefix + name for name in names)
