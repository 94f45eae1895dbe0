"""The deliveries of the reference feeds whose history the models tell; `repeats` keeps what holds.

A word is what one file says of one key. A word that equals the one before it, in the order of
delivery, is not kept, for it changes nothing: until a late file brings another word that belongs
between the two. Then the second one says again what had been replaced, and is needed:

    08:00 A, 08:01 A, 08:02 A    kept: 08:00 A
    found later: 08:01:30 B      kept: 08:00 A, 08:01:30 B, 08:02 A

So of every file it is known which words it had, as a set of hashes that all files with the same
words share. A late file looks there for the first file after it that repeats the word it replaces,
and that one is kept as well. What is kept then says at every moment the same as all deliveries
together, in whatever order they are found. A file without a new word, its rows in any order, costs
one row of the ledger; a file with one costs 8 bytes for each key in it.
"""

from __future__ import annotations

from typing import Any

import psycopg

from rtm.landing.cells import cells_record, named_cells
from rtm.sources import Feed

Cursor = psycopg.Cursor[tuple[Any, ...]]


def keep_deliveries(cursor: Cursor, feed: Feed, load_id: int, arriving: str) -> None:
    """Keeps the words of the waiting rows that differ from the words before them."""
    cursor.execute(
        f"""
        with spoken as materialized ({_spoken(feed, load_id, arriving)}),

        words as (
            select coalesce(array_agg(distinct _word), '{{}}') as words from spoken
        ),

        noted as (
            insert into raw.delivered_words (words_digest, feed, words)
            select md5(words::text), %(feed)s, words from words
            on conflict do nothing
        ),

        this_file as (
            update ops.file_ledger set words_digest = md5(words::text)
            from words where file_id = {load_id}
            returning arrived_at, file_name
        )

        insert into {feed.delivery_table}
            ({named_cells(feed)}, _word, _row, _file_id, _load_id, _arrived_at, _file_name)
        select {named_cells(feed)}, _word, _row, _file_id, _load_id, arrived_at, file_name
        from spoken cross join this_file
        where _word is distinct from (
            select _word from {feed.delivery_table} as old
            where {_same_key(feed, "spoken")}
                and (_arrived_at, _file_name) < (this_file.arrived_at, this_file.file_name)
            order by _arrived_at desc, _file_name desc limit 1
        )
        """,
        {"feed": feed.lands_in},
    )
    if cursor.rowcount and _is_late(cursor, load_id):
        _keep_what_is_said_again(cursor, feed, load_id)


def word(said: str) -> str:
    """The hash of what is said of a key, an array of rows."""
    return f"('x' || left(md5({said}::text), 16))::bit(64)::bigint"


def said(feed: Feed) -> str:
    """What a row says: its cells that are not empty, whatever columns the feed may gain."""
    return f"jsonb_strip_nulls({cells_record(feed)})"


def _spoken(feed: Feed, load_id: int, arriving: str) -> str:
    """The rows of the file with their keys and words: of each key the last row, or where a row may
    wait for its service, the last row for each service."""
    keys = _keys(feed)
    apart = f"{keys}, {feed.service_column}" if feed.service_column else keys
    return f"""
        select last_said.*, {
        word(
            f"jsonb_agg(_said) over (partition by {keys} order by _row"
            " rows between unbounded preceding and unbounded following)"
        )
    } as _word
        from (
            select distinct on ({apart}) *
            from (
                select arriving.*, {_named_keys(feed)}, {said(feed)} as _said
                from {arriving} as arriving where _load_id = {load_id}
            ) as arrived
            order by {apart}, _row desc
        ) as last_said
    """


def _is_late(cursor: Cursor, load_id: int) -> bool:
    found = cursor.execute(
        """
        select from ops.file_ledger as late
        inner join ops.file_ledger as other on other.lands_in = late.lands_in
            and other.arrived_at >= late.arrived_at
            and (other.arrived_at, other.file_name) > (late.arrived_at, late.file_name)
        where late.file_id = %s and other.words_digest is not null limit 1
        """,
        (load_id,),
    )
    return found.fetchone() is not None


def _keep_what_is_said_again(cursor: Cursor, feed: Feed, load_id: int) -> None:
    """Of each key, the first word after this late file that repeats the word before it.

    Only up to the next word that is kept: what lies between was left out as a repetition. Where its
    rows stand in their file is not known; their numbers, 0 and below, keep them in their order.
    """
    deliveries = feed.delivery_table
    keys = _keys(feed)
    cursor.execute(
        f"""
        with late as (
            select distinct {_named_keys(feed)}, _arrived_at, _file_name
            from {deliveries} where _load_id = {load_id}
        ),

        replaced as (
            select late.*, before._word, before._file_id, later._until_at, later._until_name
            from late
            cross join lateral (
                select _word, _file_id from {deliveries} as old
                where {_same_key(feed, "late")}
                    and (_arrived_at, _file_name) < (late._arrived_at, late._file_name)
                order by _arrived_at desc, _file_name desc limit 1
            ) as before
            left join lateral (
                select _arrived_at as _until_at, _file_name as _until_name
                from {deliveries} as new
                where {_same_key(feed, "late")}
                    and (_arrived_at, _file_name) > (late._arrived_at, late._file_name)
                order by _arrived_at, _file_name limit 1
            ) as later on true
        ),

        again as (
            select distinct on ({keys}) replaced.*, repeating.*
            from raw.delivered_words as delivered
            cross join unnest(delivered.words) as said (word)
            inner join replaced on replaced._word = said.word
            cross join lateral (
                select file_id, arrived_at, file_name from ops.file_ledger
                where words_digest = delivered.words_digest
                    and (arrived_at, file_name) > (replaced._arrived_at, replaced._file_name)
                    and (
                        replaced._until_at is null
                        or (arrived_at, file_name) < (replaced._until_at, replaced._until_name)
                    )
                order by arrived_at, file_name limit 1
            ) as repeating
            where delivered.feed = %(feed)s
            order by {keys}, repeating.arrived_at, repeating.file_name
        )

        insert into {deliveries}
            ({named_cells(feed)}, _word, _row, _file_id, _load_id, _arrived_at, _file_name)
        select {named_cells(feed)}, repeated._word,
            1 - row_number() over (partition by {keys} order by _row desc),
            file_id, {load_id}, arrived_at, file_name
        from again
        cross join lateral (
            select * from {deliveries} as old
            where {_same_key(feed, "again")} and old._file_id = again._file_id
        ) as repeated
        """,
        {"feed": feed.lands_in},
    )


def _keys(feed: Feed) -> str:
    return ", ".join(f"_key_{number}" for number in range(len(feed.key)))


def _named_keys(feed: Feed) -> str:
    return ", ".join(f"({expression}) as _key_{n}" for n, expression in enumerate(feed.key))


def _same_key(feed: Feed, other: str) -> str:
    """For a query over the deliveries alone: those of the key of a row around it."""
    return " and ".join(f"({key}) = {other}._key_{n}" for n, key in enumerate(feed.key))
