"""Takes files in: one transaction a file, from its ledger row to its last quarantined row.

A delimited file that needs no repair is copied into its table as it is, at the database's own
speed; what cannot be read or was there before is then taken out again, by set. Only a file that
PostgreSQL refuses or might misread is read record by record. Nothing of a file is visible before
all of it is, and no file keeps others from being taken in.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import islice
from typing import IO, TYPE_CHECKING, Any, cast

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from upath import UPath

from rtm.landing import deliveries, repeats
from rtm.landing.arrivals import Arrival, beginning, fetched, list_landing, pending_arrivals
from rtm.landing.cells import cells_record, declared_cells, named_cells
from rtm.landing.checks import common_lines, reason_expression
from rtm.landing.containers import (
    Record,
    Table,
    UnreadableFileError,
    container,
    delimited_records,
    json_records,
    log_records,
    read_header,
    unpacked,
)
from rtm.landing.documents import document_records
from rtm.landing.growing import read_on
from rtm.landing.lines import (
    NO_QUOTE,
    SEPARATOR,
    AmbiguousLinesError,
    PassingLines,
    separated_lines,
)
from rtm.landing.mapped import converted, mapped_records
from rtm.landing.places import GoneError, LandingError, place_name
from rtm.sources import FEEDS, Feed, Layout
from rtm.sources import Role as FeedRole
from rtm.sources.feed import PLACE, READ_AS
from rtm.sources.mapping.cells import MappedFeed
from rtm.warehouse import Role, Warehouse

if TYPE_CHECKING:
    from rtm.landing.rosters import RosterFile

logger = logging.getLogger(__name__)

ARRIVING = "landing_rows"
"""Temporary table in which reference rows wait for the upsert."""

MOST_UNKNOWN_VALUES = 100
"""Of one column and file; a file with more of them is another kind of file."""

MAPPED_AT_ONCE = 10_000
"""Rows of a mapped file that are in memory."""

Cursor = psycopg.Cursor[tuple[Any, ...]]


@dataclass
class LandedFile:
    """What came of one file."""

    feed: str
    name: str
    outcome: str
    rows_read: int = 0
    rows_quarantined: int = 0
    unknown_columns: list[str] = field(default_factory=list)
    unknown_values: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rows that are kept and count for nothing, by column and value."""
    message: str | None = None
    layout: str | None = None
    """Of a roster that is not in the long form: how it is laid out."""


@dataclass
class LandingReport:
    """What one landing took in."""

    files: list[LandedFile] = field(default_factory=list)
    unreachable: dict[str, str] = field(default_factory=dict)
    """Why a file could not be opened, by feed and name; it is tried again next time."""
    unlisted: dict[str, str] = field(default_factory=dict)
    """Why a folder could not be listed, by its name; it is tried again next time."""
    is_cut_off: bool = False
    """Whether the server of the landing folder was out of reach, at first or on the way."""

    @property
    def rows(self) -> int:
        return sum(file.rows_read - file.rows_quarantined for file in self.files)

    @property
    def quarantined(self) -> int:
        return sum(file.rows_quarantined for file in self.files)

    @property
    def feeds(self) -> set[str]:
        return {file.feed for file in self.files}


def land_files(
    warehouse: Warehouse,
    landing: UPath,
    as_of: datetime,
    feeds: Mapping[str, Feed] = FEEDS,
    progress: Callable[[LandedFile], None] | None = None,
) -> LandingReport:
    """Takes in every file of the feeds that arrived up to `as_of`, in the order of delivery.

    What cannot be listed or opened is in the report and is taken in by a later call.
    """
    with warehouse.exclusive("landing"):
        listed = list_landing(landing, as_of, feeds)
        report = LandingReport(unlisted=listed.unlisted, is_cut_off=listed.is_cut_off)
        with warehouse.transaction(Role.LOADER) as connection:
            arrivals = pending_arrivals(connection, listed.arrivals)
        for arrival in arrivals:
            try:
                with fetched(arrival) as at_hand:
                    landed = land_file(warehouse, at_hand)
            except GoneError:
                continue  # If it was renamed, it is taken in under its new name.
            except OSError as error:
                if isinstance(error, LandingError) and error.is_server:
                    report.unlisted[place_name(landing)] = str(error)
                    report.is_cut_off = True
                    break
                report.unreachable[f"{arrival.feed.name}/{arrival.name}"] = str(error)
                continue
            report.files.append(landed)
            if progress:
                progress(landed)
    return report


def land_file(warehouse: Warehouse, arrival: Arrival) -> LandedFile:
    """Takes one file in, or puts it into quarantine as a whole."""
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(_digest, arrival)
        try:
            with _cursor(warehouse) as cursor:
                return _Load(cursor, arrival, digest).run()
        except UnreadableFileError as error:
            reason = str(error)
        except (OSError, psycopg.OperationalError):
            # The file system's or the database's trouble, not the file's: it is tried again.
            raise
        except Exception as error:
            # A file that we fail to read must not keep the others out, minute after minute.
            logger.exception("%s/%s", arrival.feed.name, arrival.name)
            reason = f"not read because of an error in this program: {error!r}"
        with _cursor(warehouse) as cursor:
            return _Load(cursor, arrival, digest).quarantine_whole(reason)


@dataclass(frozen=True)
class Covered:
    """What a roster says of one service."""

    service_code: str
    first_date: str
    last_date: str
    people: int


@dataclass(frozen=True)
class Refused:
    """Rows of a file that would be quarantined for one reason; the first of them stands for all."""

    reason: str
    rows: int
    first_row: int | None
    """None: the file as a whole."""
    first_text: str | None


@dataclass(frozen=True)
class Trial:
    """What would come of a file."""

    landed: LandedFile
    rows_new: int
    """Rows that would be kept; others say nothing new."""
    quarantined: list[Refused]
    """By reason, in the order of the file."""
    covers: list[Covered] = field(default_factory=list)
    """Of a roster: what it says, for each service."""


def try_file(warehouse: Warehouse, arrival: Arrival, most: int = 20) -> Trial:
    """Loads one file and takes all of it back; tells at most so many reasons of quarantine."""
    with ThreadPoolExecutor(1) as beside, warehouse.exclusive("landing"):
        digest = beside.submit(_digest, arrival)
        with warehouse.engine(Role.LOADER).connect() as connection:
            connection.exec_driver_sql("select 1")  # Begins the transaction.
            driver = cast(
                psycopg.Connection[tuple[Any, ...]], connection.connection.driver_connection
            )
            try:
                return _Load(driver.cursor(), arrival, digest).trial(most)
            except UnreadableFileError as error:
                landed = LandedFile(arrival.feed.name, arrival.name, "quarantined")
                return Trial(landed, 0, [Refused(str(error), 1, None, None)])
            finally:
                connection.rollback()


def _digest(arrival: Arrival) -> str:
    """Of as many bytes as were listed; a log may have grown since."""
    digest = hashlib.sha256()
    with arrival.open() as content:
        for chunk in beginning(content, arrival.size_bytes):
            digest.update(chunk)
    return digest.hexdigest()


class _Load:
    """The loading of one file, inside one transaction."""

    def __init__(self, cursor: Cursor, arrival: Arrival, digest: Future[str]) -> None:
        self.cursor = cursor
        self.arrival = arrival
        self.feed = arrival.feed
        self.landed = LandedFile(self.feed.name, arrival.name, "loaded")
        # What is known without asking the database: every row can be read; no two are equal.
        self.is_readable = False
        self.is_distinct = False
        self.digest = digest
        self.roster: RosterFile | None = None
        self.file_id = self._write_ledger()

    def run(self) -> LandedFile:
        if self._was_loaded_before():
            return self._finish("repeated", "the same content was delivered before")
        if self.feed.layout is Layout.LOG:
            self.arrival = read_on(self.arrival, self._delivered_last())
        self.roster = self._roster()
        if isinstance(self.feed, MappedFeed):
            self._copy_mapped(self.feed)
        elif self.roster is not None and not self.roster.is_plain:
            self._copy_records(tuple(c.name for c in self.feed.columns), self._records())
        elif container(self.arrival) == "delimited":
            self._copy_delimited()
        else:
            self._copy_records(tuple(c.name for c in self.feed.columns), self._records())
        self._summarize_new_rows()
        if not self.is_readable:
            self._quarantine_unreadable()
        self._note_unknown_values()
        if self.feed.keeps_deliveries:
            # Also of rows that wait for their service: they count from the arrival of their file.
            deliveries.keep_deliveries(self.cursor, self.feed, self.file_id, ARRIVING)
        self._quarantine_unknown_services()
        self._merge(self.feed, self.is_distinct)
        if isinstance(self.feed, MappedFeed) and self.feed.role is FeedRole.RECORD:
            self._drop_repeated_originals()
        if self.feed.lands_in == "service":
            self._release_waiting_rows()
        return self._finish("loaded", None)

    def trial(self, most: int) -> Trial:
        """What `run` does, for a transaction that is rolled back."""
        landed = self.run()
        rows = self.cursor.execute(
            """
            select
                reason, count(*), min(row_number),
                (array_agg(raw_text order by row_number nulls first))[1]
            from ops.quarantine where file_id = %s
            group by reason order by min(row_number) nulls first, reason limit %s
            """,
            (self.file_id, most),
        ).fetchall()
        kept = self.cursor.execute(
            f"select count(*) from {self.feed.table} where _load_id = %s and _file_id = %s",
            (self.file_id, self.file_id),
        ).fetchone()
        assert kept is not None
        return Trial(landed, kept[0], [Refused(*row) for row in rows], self._covered())

    def _covered(self) -> list[Covered]:
        if self.feed.role is not FeedRole.ROSTER:
            return []
        rows = self.cursor.execute(
            f"""
            select service_code, min(roster_date), max(roster_date), count(distinct agent_id)
            from {self.feed.table} where _file_id = {self.file_id}
            group by service_code order by service_code
            """
        ).fetchall()
        return [Covered(*row) for row in rows]

    def quarantine_whole(self, reason: str) -> LandedFile:
        self._quarantine([(None, reason, None, None, None)])
        self.landed.rows_quarantined = 0
        return self._finish("quarantined", reason)

    # Ledger

    def _write_ledger(self) -> int:
        """The digest follows at the end: it is made while the rows are copied."""
        arrival = self.arrival
        row = self.cursor.execute(
            """
            insert into ops.file_ledger
                (
                    feed, lands_in, mapping_digest, file_name, arrived_at, size_bytes,
                    content_sha256, outcome
                )
            values (%s, %s, %s, %s, %s, %s, '', 'loaded') returning file_id
            """,
            (
                *(self.feed.name, self.feed.lands_in, self._mapping_digest),
                *(arrival.name, arrival.arrived_at, arrival.size_bytes),
            ),
        ).fetchone()
        assert row is not None
        self.cursor.execute("select set_config('rtm.file_id', %s, true)", (str(row[0]),))
        return int(row[0])

    @property
    def _mapping_digest(self) -> str | None:
        return self.feed.digest if isinstance(self.feed, MappedFeed) else None

    def _was_loaded_before(self) -> bool:
        """Reference data and rosters delivered again hold again, so they are never skipped; nor is
        a file that another version of its mapping has read."""
        if self.feed.role is not FeedRole.RECORD:
            return False
        earlier = """
            select from ops.file_ledger
            where feed = %s and size_bytes = %s and outcome = 'loaded' and file_id <> %s
                and arrived_at <= %s and mapping_digest is not distinct from %s
        """
        file = (
            *(self.feed.name, self.arrival.size_bytes, self.file_id, self.arrival.arrived_at),
            self._mapping_digest,
        )
        # Only a file of the same size is worth waiting for the digest.
        if self.cursor.execute(f"{earlier} limit 1", file).fetchone() is None:
            return False
        same = self.cursor.execute(
            f"{earlier} and content_sha256 = %s limit 1", (*file, self.digest.result())
        )
        return same.fetchone() is not None

    def _delivered_last(self) -> tuple[int, str] | None:
        """Size and digest of what was delivered under the same name before."""
        found = self.cursor.execute(
            """
            select size_bytes, content_sha256 from ops.file_ledger
            where feed = %s and file_name = %s and outcome = 'loaded'
                and arrived_at <= %s and file_id <> %s
            order by arrived_at desc, file_id desc limit 1
            """,
            (self.feed.name, self.arrival.name, self.arrival.arrived_at, self.file_id),
        ).fetchone()
        return (found[0], found[1]) if found else None

    def _finish(self, outcome: str, message: str | None) -> LandedFile:
        landed = self.landed
        landed.outcome, landed.message = outcome, message
        self.cursor.execute(
            """
            update ops.file_ledger
            set outcome = %s, message = %s, rows_read = %s, rows_quarantined = %s,
                unknown_columns = %s, unknown_values = %s, content_sha256 = %s
            where file_id = %s
            """,
            (
                *(outcome, message, landed.rows_read, landed.rows_quarantined),
                *(landed.unknown_columns, Jsonb(landed.unknown_values)),
                *(self.digest.result(), self.file_id),
            ),
        )
        return landed

    # Rows in

    @property
    def target(self) -> str:
        """Where rows are copied to: their table, or the waiting place of reference rows."""
        return ARRIVING if self.feed.role is FeedRole.REFERENCE else self.feed.table

    def _make_arriving(self, feed: Feed) -> None:
        self.cursor.execute(f"drop table if exists {ARRIVING}")
        self.cursor.execute(
            f"""
            create temporary table {ARRIVING} (
                _load_id integer default {self.file_id},
                _file_id integer default {self.file_id},
                _row integer generated by default as identity,
                {declared_cells(feed)}
            ) on commit drop
            """
        )

    def _copy_delimited(self) -> None:
        with unpacked(self.arrival) as content:
            table = read_header(self.arrival, content)
            self._note_unknown_columns(table.columns)
            copy = self._copy_as_it_is if table.has_header else self._copy_log
            if not self.landed.unknown_columns and copy(table, content):
                return
        self._copy_records(table.columns, self._records())

    def _copy_as_it_is(self, table: Table, content: IO[bytes]) -> bool:
        """One COPY of the whole file; False if PostgreSQL refuses a row or might misread one."""
        known = self._known(table.columns)
        columns = [sql.Identifier(column.sql_name) for column in known]
        statement = sql.SQL(
            "copy {} ({}) from stdin (format csv, delimiter {}, null '', force_null ({}),"
            " encoding 'UTF8')"
        ).format(
            sql.SQL(self.target),
            sql.SQL(", ").join(columns),
            sql.Literal(table.delimiter),
            sql.SQL(", ").join(columns),
        )
        if self.feed.role is FeedRole.REFERENCE:
            self._make_arriving(self.feed)
        # The header was row 1.
        self.cursor.execute("select setval(pg_get_serial_sequence(%s, '_row'), 1)", (self.target,))
        lines = PassingLines(content, table.delimiter, common_lines(known, table.delimiter))
        try:
            with self.cursor.connection.transaction(), self.cursor.copy(statement) as copy:
                for chunk in lines.chunks():
                    copy.write(chunk)
        except (psycopg.DataError, AmbiguousLinesError):
            return False
        self.landed.rows_read = self.cursor.rowcount
        self.is_readable = lines.are_readable
        self.is_distinct = lines.are_distinct(self.landed.rows_read)
        return True

    def _copy_log(self, table: Table, content: IO[bytes]) -> bool:
        """One COPY of a whole log; False if PostgreSQL refuses a line or might misread one."""
        columns = [sql.Identifier(column.sql_name) for column in self._known(table.columns)]
        statement = sql.SQL(
            "copy {} ({}) from stdin (format csv, delimiter {}, quote {}, null '', encoding 'UTF8')"
        ).format(
            sql.SQL(self.target),
            sql.SQL(", ").join(columns),
            sql.Literal(SEPARATOR),
            sql.Literal(NO_QUOTE),
        )
        self.cursor.execute(
            "select setval(pg_get_serial_sequence(%s, '_row'), %s, false)",
            (self.target, self.arrival.lines_before + 1),
        )
        chunks = separated_lines(content, table.delimiter, len(columns))
        try:
            with self.cursor.connection.transaction(), self.cursor.copy(statement) as copy:
                for chunk in chunks:
                    copy.write(chunk)
        except (psycopg.DataError, AmbiguousLinesError):
            return False
        self.landed.rows_read = self.cursor.rowcount
        return True

    def _copy_records(self, names: Iterable[str], records: Iterator[Record]) -> None:
        """Record by record: what cannot be read goes to quarantine, the rest is copied."""
        if self.feed.role is FeedRole.REFERENCE:
            self._make_arriving(self.feed)
        known = self._known(tuple(names))
        columns = ", ".join(f'"{column.sql_name}"' for column in known)
        is_roster = self.feed.role is FeedRole.ROSTER
        layout = self.landed.layout
        if is_roster:
            columns += f", {PLACE}, {READ_AS}"
        unreadable: list[tuple[int, str, str]] = []
        unknown: set[str] = set(self.landed.unknown_columns)
        described = {column.name for column in self.feed.columns}
        with self.cursor.copy(f"copy {self.target} ({columns}, _row) from stdin") as copy:
            for record in records:
                self.landed.rows_read += 1
                if record.cells is None:
                    unreadable.append((record.number, record.error or "", record.raw_text))
                    continue
                unknown |= (record.cells.keys() - described) | record.unknown
                told = [record.place, layout] if is_roster else []
                copy.write_row([record.cells.get(c.name) for c in known] + told + [record.number])
        self.landed.unknown_columns = sorted(unknown)
        self._quarantine([(number, why, text, None, None) for number, why, text in unreadable])

    def _copy_mapped(self, feed: MappedFeed) -> None:
        """Some rows at a time: as they were delivered, and as the mapping reads them."""
        if feed.role is FeedRole.REFERENCE:
            self._make_arriving(feed)
        names = [cell.column.name for cell in feed.cells]
        columns = ", ".join(f'"{cell.column.sql_name}"' for cell in feed.cells)
        described = {name.casefold() for name in feed.needed_columns} | feed.unused
        unknown: set[str] = set()
        rows = converted(feed, mapped_records(self.arrival, feed))
        while batch := list(islice(rows, MAPPED_AT_ONCE)):
            self.landed.rows_read += len(batch)
            with self.cursor.copy(f"copy {self.target} ({columns}, _row) from stdin") as copy:
                for row in batch:
                    if row.cells is not None:
                        copy.write_row([row.cells[name] for name in names] + [row.record.number])
            originals = "copy raw.mapped_row (_row, mapping, cells) from stdin"
            with self.cursor.copy(originals) as copy:
                for row in batch:
                    if row.record.cells is not None:
                        original = Jsonb(row.record.cells)
                        copy.write_row([row.record.number, feed.name, original])
                        unknown |= {
                            name
                            for name, cell in row.record.cells.items()
                            if name.casefold() not in described
                            and (cell or not name.startswith("#"))
                        }
            self._quarantine(
                [
                    (row.record.number, row.error, row.record.raw_text, None, None)
                    for row in batch
                    if row.error is not None
                ]
            )
        self.landed.unknown_columns = sorted(unknown)

    def _drop_repeated_originals(self) -> None:
        """What a source says again, word for word, is kept once."""
        self.cursor.execute(
            """
            delete from raw.mapped_row as again
            where again._load_id = %(load_id)s and exists (
                select from raw.mapped_row as said
                where said.mapping = again.mapping
                    and jsonb_hash_extended(said.cells, 0) = jsonb_hash_extended(again.cells, 0)
                    and said.cells = again.cells
                    and (said._load_id, said._row) < (again._load_id, again._row)
            )
            """,
            {"load_id": self.file_id},
        )

    def _roster(self) -> RosterFile | None:
        if self.feed.role is not FeedRole.ROSTER or isinstance(self.feed, MappedFeed):
            return None
        # Not at the top: few files are rosters, and openpyxl is slow to import.
        from rtm.landing.rosters import LONG, RosterFile, known_people

        people = cache(lambda: known_people(self.cursor))
        roster = RosterFile(self.arrival, people)
        if roster.layout != LONG:
            self.landed.layout = roster.layout
            people()  # Before the COPY, during which the connection answers nothing else.
        return roster

    def _records(self) -> Iterator[Record]:
        if isinstance(self.feed, MappedFeed):
            yield from mapped_records(self.arrival, self.feed)
            return
        if self.roster is not None and not self.roster.is_plain:
            yield from self.roster.records()
            return
        with unpacked(self.arrival) as content:
            match container(self.arrival):
                case "jsonl":
                    yield from json_records(content)
                case "documents":
                    yield from document_records(self.feed, content)
                case "workbook":
                    # Not at the top: few files are workbooks, and openpyxl is slow to import.
                    from rtm.landing.workbooks import workbook_records

                    yield from workbook_records(self.arrival, content)
                case _:
                    table = read_header(self.arrival, content)
                    if table.has_header:
                        yield from delimited_records(table, content)
                    else:
                        yield from log_records(table, content, self.arrival.lines_before)

    def _known(self, names: tuple[str, ...]) -> list[Any]:
        return [column for name in names if (column := self.feed.column(name))]

    def _note_unknown_columns(self, names: tuple[str, ...]) -> None:
        self.landed.unknown_columns = [name for name in names if not self.feed.column(name)]

    def _note_unknown_values(self) -> None:
        for column in self.feed.columns:
            if column.known:
                rows = self.cursor.execute(
                    f"""
                    select "{column.sql_name}", count(*) from {self.target}
                    where _load_id = {self.file_id} and upper("{column.sql_name}") <> all(%s)
                    group by 1 order by 2 desc, 1 limit {MOST_UNKNOWN_VALUES}
                    """,
                    (list(column.known),),
                ).fetchall()
                if rows:
                    self.landed.unknown_values[column.name] = dict(rows)

    def _summarize_new_rows(self) -> None:
        """A block-range index learns of new rows when told; untold, every look-up reads them."""
        self.cursor.execute(
            """
            select brin_summarize_new_values(index.indexrelid)
            from pg_index as index
            inner join pg_class as class on class.oid = index.indexrelid
            inner join pg_am as method on method.oid = class.relam and method.amname = 'brin'
            where index.indrelid = %s::regclass
            """,
            (self.feed.table,),
        )

    # Rows out

    def _quarantine_unreadable(self) -> None:
        rows = self.cursor.execute(
            f"""
            select _row, reason, to_jsonb(cells) from (
                select _row, {reason_expression(self.feed)} as reason,
                    {cells_record(self.feed)} as cells
                from {self.target} as target where _load_id = {self.file_id}
            ) as checked where reason is not null
            """
        ).fetchall()
        self._take_out(
            [(number, _placed(reason, cells), cells, None) for number, reason, cells in rows]
        )

    def _quarantine_unknown_services(self) -> None:
        column = self.feed.service_column
        if column is None:
            return
        rows = self.cursor.execute(
            f"""
            select _row, {column}, {cells_record(self.feed)} from {self.target} as target
            where _load_id = {self.file_id} and {column} is not null and not exists (
                select from raw.service where service.service_code = target.{column}
            )
            """
        ).fetchall()
        self._take_out(
            [
                (
                    number,
                    _placed(f"{column}: the service {code!r} is not known (yet)", cells),
                    cells,
                    code,
                )
                for number, code, cells in rows
            ]
        )

    def _take_out(self, rows: list[tuple[int, str, dict[str, Any], str | None]]) -> None:
        """Moves rows from the target to quarantine, with the text they had in the file."""
        if not rows:
            return
        numbers = {number for number, *_ in rows}
        texts = {r.number: r.raw_text for r in self._records() if r.number in numbers}
        self._quarantine(
            [(number, why, texts.get(number), cells, code) for number, why, cells, code in rows]
        )
        self.cursor.execute(
            f"delete from {self.target} where _load_id = %s and _row = any(%s)",
            (self.file_id, list(numbers)),
        )

    def _quarantine(
        self,
        rows: list[tuple[int | None, str, str | None, dict[str, Any] | None, str | None]],
    ) -> None:
        self.landed.rows_quarantined += len(rows)
        self.cursor.executemany(
            """
            insert into ops.quarantine
                (file_id, feed, row_number, reason, raw_text, cells, waits_for)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (self.file_id, self.feed.name, number, why, text, cells and Jsonb(cells), code)
                for number, why, text, cells, code in rows
            ],
        )

    # Rows kept

    def _merge(self, feed: Feed, is_distinct: bool = False) -> None:
        """Reference rows replace older ones; records that were there before are dropped."""
        if feed.role is FeedRole.REFERENCE:
            repeats.upsert_reference(self.cursor, feed, ARRIVING)
        elif feed.role is FeedRole.RECORD:
            repeats.drop_repeats(self.cursor, feed, self.file_id, is_distinct)

    def _release_waiting_rows(self) -> None:
        """Takes in the rows that waited for a service which has now appeared."""
        waiting = self.cursor.execute(
            """
            select distinct quarantine.feed, ledger.lands_in
            from ops.quarantine
            inner join ops.file_ledger as ledger using (file_id)
            where released_at is null
                and waits_for in (select service_code from raw.service)
            """
        ).fetchall()
        for name, lands_in in waiting:
            # Also where the mapping that brought them is there no more.
            feed = FEEDS[lands_in]
            target = feed.table
            if feed.role is FeedRole.REFERENCE:
                self._make_arriving(feed)
                target = ARRIVING
            self.cursor.execute(
                f"""
                insert into {target} ({named_cells(feed)}, _row, _file_id, _load_id)
                select {named_cells(feed)}, row_number, file_id, {self.file_id}
                from ops.quarantine, jsonb_to_record(cells) as cell ({declared_cells(feed)})
                where feed = %s and released_at is null
                    and waits_for in (select service_code from raw.service)
                order by file_id, row_number
                """,
                (name,),
            )
            self._merge(feed)
            self.cursor.execute(
                """
                update ops.quarantine set released_at = now()
                where feed = %s and released_at is null
                    and waits_for in (select service_code from raw.service)
                """,
                (name,),
            )


def _placed(reason: str, cells: dict[str, Any]) -> str:
    """The reason, after the cell of the workbook in which the entry stands."""
    place = cells.get(PLACE)
    return f"{place}: {reason}" if place else reason


class _cursor:  # noqa: N801 (reads as a verb where it is used)
    """A psycopg cursor in one transaction of the loader."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._transaction = warehouse.transaction(Role.LOADER)

    def __enter__(self) -> Cursor:
        connection = self._transaction.__enter__()
        driver = cast(psycopg.Connection[tuple[Any, ...]], connection.connection.driver_connection)
        # SQLAlchemy begins lazily; a savepoint needs a transaction to be in.
        connection.exec_driver_sql("select 1")
        return driver.cursor()

    def __exit__(self, *exception: Any) -> None:
        self._transaction.__exit__(*exception)
