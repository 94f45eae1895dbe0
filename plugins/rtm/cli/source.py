"""Commands about the sources of rows: which there are, and what would come of a file."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click
from fsspec.implementations.local import LocalFileSystem
from rich.markup import escape
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from rtm.cli.consoles import open_console
from rtm.cycle import System
from rtm.landing import Arrival, try_file
from rtm.landing.containers import UnreadableFileError, read_header, unpacked
from rtm.landing.documents import document_records
from rtm.landing.load import Trial
from rtm.landing.mapped import mapped_records
from rtm.settings import Settings
from rtm.sources import CANONICAL, FEEDS, Feed, Layout, Sources, read_sources
from rtm.sources import Role as FeedRole
from rtm.sources.mapping.cells import NAME, SUFFIXES, Dialect, MappedFeed
from rtm.warehouse import Role, Warehouse

MOST_REASONS = 20
LOG_TIME_DIGITS = (9, 10)
MOST_SAMPLED = 1000
DRAWN_ROSTER = 4.0
"""As good as this many known columns: a roster by date has dates in the place of column names."""
LAYOUTS = {
    None: "the long form",
    "matrix": "by date: one row a person, one column a date",
    "blocks": "two rows a person, start times below the days",
    "cxone": "export of NICE CXone",
    "iex": "Agent Schedule Detail of NICE IEX",
    "genesys": "shifts of Genesys Cloud",
}


@click.group()
def source_commands() -> None:
    """Sources: the known formats, and the exports that mapping files describe.

    A mapping file is one YAML file in $RTM_HOME/mappings (or RTM_MAPPINGS); docs/mappings.md tells
    what stands in it.
    """


@source_commands.command("list")
def list_command() -> None:
    """List every source: its kind, where its rows end, its folder, its latest arrival."""
    settings = Settings.from_environment()
    sources = read_sources(settings.mappings_dir)
    arrivals = _latest_arrivals(settings)
    table = Table("source", "kind", "ends in", "folder", "latest arrival")
    for name, feed in sources.feeds.items():
        latest = arrivals.get(name)
        table.add_row(
            *(name, _kind(feed), feed.lands_in, f"{settings.landing_url}/{name}"),
            latest.isoformat(timespec="seconds") if latest else "-",
        )
    for name in sources.broken:
        table.add_row(name, "broken mapping", "-", "-", "-")
    open_console().print(table)
    for why in sources.broken.values():
        click.echo(why)


@source_commands.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "name", help="The source it is (default: told by its header or first line).")
def check_command(file: Path, name: str | None) -> None:
    """Say which source FILE is and what would come of it, loading nothing.

    The file is loaded as it would be after delivery, and all of it is taken back. The exit status
    is 1 if nobody reads the file, or if a row would go to quarantine.
    """
    settings = Settings.from_environment()
    sources = read_sources(settings.mappings_dir)
    for problem in sources.broken.values():
        click.echo(problem, err=True)
    feed = _chosen(sources, file, name)
    trial = try_file(System.open(settings).warehouse, _arrival(file, feed), MOST_REASONS)
    console = open_console()
    console.print(_summary(feed, trial, settings))
    if trial.quarantined:
        console.print(_quarantined(trial))
    if trial.quarantined or trial.landed.rows_quarantined:
        sys.exit(1)


def _kind(feed: Feed) -> str:
    if isinstance(feed, MappedFeed):
        return "mapping"
    return "canonical" if feed in CANONICAL else "vendor"


def _latest_arrivals(settings: Settings) -> Mapping[str, datetime]:
    """By source; empty where the warehouse does not run, for to list is no reason to start it."""
    from rtm.warehouse.embedded import EmbeddedPostgres

    if not settings.database_url and not EmbeddedPostgres(settings.home).is_running():
        return {}
    warehouse = Warehouse.open(settings)
    try:
        with warehouse.engine(Role.APP).connect() as connection:
            if connection.execute(text("select to_regclass('ops.file_ledger')")).scalar() is None:
                return {}
            rows = connection.execute(
                text("select feed, max(arrived_at) as latest from ops.file_ledger group by feed")
            )
            return {row.feed: row.latest for row in rows}
    except OperationalError:
        return {}


def _arrival(file: Path, feed: Feed) -> Arrival:
    path = str(file.absolute())
    return Arrival(feed, LocalFileSystem(), path, datetime.now(UTC), file.stat().st_size)


def _chosen(sources: Sources, file: Path, name: str | None) -> Feed:
    if name is not None:
        if name not in sources.feeds:
            raise click.ClickException(
                f"there is no source {name!r}; see rtm source list, or write a mapping"
            )
        return sources.feeds[name]
    ranks = {name: _rank(file, feed) for name, feed in sources.feeds.items()}
    best = max(ranks.values())
    found = [name for name, rank in ranks.items() if rank == best]
    if best == 0:
        raise click.ClickException(
            f"{file.name}: no source reads this file; write a mapping for it (docs/mappings.md),"
            " or say which it is with --as"
        )
    if len(found) > 1:
        raise click.ClickException(f"{file.name}: may be {' or '.join(found)}; say which with --as")
    return sources.feeds[found[0]]


def _rank(file: Path, feed: Feed) -> float:
    """How much of the file the feed knows: 0 if it cannot read it."""
    arrival = _arrival(file, feed)
    try:
        if isinstance(feed, MappedFeed):
            first = next(mapped_records(arrival, feed), None)
            # What a mapping names by the words of the file is surer than a header of the contract.
            cells = first.cells if first and first.cells else {}
            names = {name.casefold() for name in cells}
            needed = [name for name in feed.needed_columns if name.casefold() in names]
            return len(needed) + 0.5 if len(needed) == len(feed.needed_columns) else 0
        with unpacked(arrival) as content:
            match feed.layout:
                case Layout.DOCUMENTS:
                    record = next(document_records(feed, content), None)
                    return _document_rank(feed, record.raw_text) if record else 0
                case Layout.LOG:
                    return _log_rank(feed, content.readline(1 << 16))
                case _:
                    return _table_rank(arrival, feed)
    except (UnreadableFileError, UnicodeError, OSError):
        return 0


def _table_rank(arrival: Arrival, feed: Feed) -> float:
    if feed.role is FeedRole.ROSTER and (drawn := _drawn_roster(arrival)):
        return drawn
    names = set(_names(arrival))
    needed = {column.name for column in feed.columns if column.required}
    if not needed <= names:
        return 0
    return len(names & {column.name for column in feed.columns})


def _drawn_roster(arrival: Arrival) -> float:
    """Above 0 for a roster that people have drawn by date, or that a program has exported."""
    from rtm.landing.rosters import LONG, People, RosterFile

    return DRAWN_ROSTER if RosterFile(arrival, People).layout != LONG else 0


def _names(arrival: Arrival) -> Iterator[str]:
    """The names of the columns of a table, in lower case."""
    lower = arrival.name.lower().removesuffix(".gz")
    with unpacked(arrival) as content:
        if lower.endswith(".xlsx"):
            from rtm.landing.workbooks import cell_text, sheet_rows

            _, values = next(sheet_rows(content), (0, ()))
            yield from ((cell_text(value) or "").strip().lower() for value in values)
        elif lower.endswith(".jsonl"):
            try:
                first = json.loads(content.readline(1 << 20))
            except ValueError:
                return
            yield from (name.strip().lower() for name in first if isinstance(first, dict))
        else:
            yield from read_header(arrival, content).columns


def _log_rank(feed: Feed, line: bytes) -> float:
    cells = line.decode("utf-8", "replace").rstrip("\r\n").split("|", len(feed.columns) - 1)
    if len(cells) < sum(column.required for column in feed.columns):
        return 0
    for column, cell in zip(feed.columns, cells, strict=False):
        if column.known and cell.upper() not in column.known:
            return 0
    whole = cells[0].split(".")[0]
    return len(cells) if whole.isdigit() and len(whole) in LOG_TIME_DIGITS else 0


def _document_rank(feed: Feed, document: str) -> float:
    try:
        thing = json.loads(document)
    except ValueError:
        return 0
    known = thing.keys() & feed.known_fields if isinstance(thing, dict) else set()
    return len(known) if known and 2 * len(known) >= len(thing) else 0


def _summary(feed: Feed, trial: Trial, settings: Settings) -> Table:
    landed = trial.landed
    repeated = max(0, landed.rows_read - landed.rows_quarantined - trial.rows_new)
    table = Table(show_header=False)
    table.add_row("source", f"{feed.name} ({_kind(feed)}), ends in {feed.lands_in}")
    table.add_row("put it in", f"{settings.landing_url}/{feed.name}/")
    if feed.role is FeedRole.ROSTER and not isinstance(feed, MappedFeed):
        table.add_row("laid out", LAYOUTS[landed.layout])
    for covered in trial.covers:
        period = f"{covered.first_date} – {covered.last_date}"
        told = f"{covered.service_code}, {period}, {covered.people} people"
        table.add_row("covers", escape(told))
    table.add_row("rows read", str(landed.rows_read))
    table.add_row("would load", str(trial.rows_new))
    table.add_row("say nothing new", str(repeated))
    table.add_row("would be quarantined", str(landed.rows_quarantined))
    if landed.message:
        table.add_row("note", escape(landed.message))
    if landed.unknown_columns:
        table.add_row("unknown columns", escape(", ".join(landed.unknown_columns)))
    for column, values in landed.unknown_values.items():
        told = ", ".join(f"{value} ({rows} rows)" for value, rows in values.items())
        table.add_row(f"unknown in {column}", escape(told))
    return table


def _quarantined(trial: Trial) -> Table:
    told = sum(refused.rows for refused in trial.quarantined)
    more = max(0, trial.landed.rows_quarantined - told)
    table = Table(
        *("rows", "first", "reason", "text of the first"),
        caption=f"and {more} rows for other reasons" if more else None,
    )
    for refused in trial.quarantined:
        first = "-" if refused.first_row is None else str(refused.first_row)
        text = escape((refused.first_text or "")[:80])
        table.add_row(str(refused.rows), first, escape(refused.reason), text)
    return table


@source_commands.command("add")
@click.argument("name")
@click.argument("sample", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--feed", "feed_name", help="The feed that the rows end in (default: guessed).")
def add_command(name: str, sample: Path, feed_name: str | None) -> None:
    """Write a first mapping NAME from the csv or xlsx file SAMPLE.

    Columns, times and values are guessed from their names; each guess is marked. Correct the file,
    then look at it with rtm source check. A mapping that is there is never overwritten.
    """
    from rtm.sources.mapping.guess import guessed_feed, guessed_mapping

    settings = Settings.from_environment()
    feeds = {feed.name: feed for feed in CANONICAL}
    if not re.fullmatch(NAME, name) or name in FEEDS:
        raise click.ClickException(
            f"{name!r} cannot be a name: small letters, digits, _ and -, and no known feed's"
        )
    if feed_name is not None and feed_name not in feeds:
        raise click.ClickException(f"{feed_name!r} is no feed; there are {', '.join(feeds)}")
    dialect = _dialect(sample)
    as_it_is = MappedFeed(name, (), CANONICAL[0].role, (), dialect=dialect, suffixes=SUFFIXES)
    try:
        records = list(islice(mapped_records(_arrival(sample, as_it_is), as_it_is), MOST_SAMPLED))
    except UnreadableFileError as error:
        raise click.ClickException(f"{sample.name}: {error}") from error
    rows = [record.cells for record in records if record.cells]
    if not rows:
        raise click.ClickException(f"{sample.name}: there is no row to guess from")
    feed = feeds[feed_name] if feed_name else guessed_feed(rows[0], feeds.values())
    told = {} if dialect.encoding == "utf-8" else {"encoding": dialect.encoding}
    written = guessed_mapping(name, feed, told, rows)
    path = settings.mappings_dir / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(written)
    except FileExistsError as error:
        raise click.ClickException(f"{path} is there already; it is not overwritten") from error
    click.echo(f"{path}: a mapping to {feed.name}, guessed from {len(rows)} rows")
    for problem in read_sources(settings.mappings_dir).broken.get(path.name, "").splitlines():
        click.echo(f"  to correct: {problem}")
    click.echo(f"look at every guess, then: rtm source check {sample} --as {name}")


def _dialect(sample: Path) -> Dialect:
    """The encoding of a text; a sheet has its own."""
    content = sample.read_bytes()[:1_000_000]
    if sample.suffix.lower() != ".xlsx":
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return Dialect(encoding="utf-16")
        try:
            codecs.getincrementaldecoder("utf-8")().decode(content)
        except UnicodeDecodeError:
            return Dialect(encoding="cp1252")
    return Dialect()
