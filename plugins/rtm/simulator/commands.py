"""The commands of the simulator, for the product's command line to mount."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from rtm.cli.parameters import Instant
from rtm.simulator.centre import SimulationSummary
from rtm.simulator.presets import bench_scenario, demo_scenario, healthy_scenario
from rtm.simulator.running import Live, progress_of, simulate
from rtm.simulator.scenario import Scenario

PRESETS = ("demo", "healthy")


_landing = click.option(
    "--landing",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder that receives the feeds, one folder each.",
)
_truth = click.option(
    "--truth",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for what was put in on purpose. [default: truth, beside the landing folder]",
)
_seed = click.option("--seed", default=2026, show_default=True, help="Same seed, same files.")


@click.group("simulate")
def simulate_commands() -> None:
    """Run a simulated contact centre that delivers its feeds into a landing folder."""


@simulate_commands.command("day")
@_landing
@_truth
@_seed
@click.option("--until", type=Instant(), help="Last arrival of a file. [default: now]")
@click.option("--now", "anchor", type=Instant(), help="The moment the trouble is built around.")
@click.option(
    "--scenario",
    "preset",
    type=click.Choice(PRESETS),
    default="demo",
    show_default=True,
    help="demo: three services with trouble; healthy: one small service without.",
)
def simulate_day(
    landing: Path,
    truth: Path | None,
    seed: int,
    until: datetime | None,
    anchor: datetime | None,
    preset: str,
) -> None:
    """Land yesterday and today, up to a moment, at once."""
    end = until or datetime.now(UTC).replace(microsecond=0)
    scenario = _preset(preset, anchor or end, seed)
    _refuse_mixture(scenario, landing, truth)
    _print(simulate(scenario, landing, end, truth=truth))


@simulate_commands.command("live")
@_landing
@_truth
@_seed
@click.option("--interval", "interval_s", default=15.0, show_default=True, help="Seconds.")
@click.option("--once", is_flag=True, help="Catch up with the clock and stop.")
def simulate_live(
    landing: Path, truth: Path | None, seed: int, interval_s: float, once: bool
) -> None:
    """Go on in real time, from where `day` or an earlier `live` ended, until SIGTERM."""
    now = datetime.now(UTC).replace(microsecond=0)
    scenario = noted_scenario(landing, truth) or _preset("demo", now, seed)
    live = Live(scenario, landing, truth=truth)
    with live.stopped_by_signals():
        _print(live.catch_up(now))
        if not once:
            live.run_forever(interval_s)


@simulate_commands.command("bench")
@_landing
@_truth
@_seed
@click.option(
    "--agents", default=300, show_default=True, type=click.IntRange(min=20), help="All services."
)
@click.option(
    "--days", default=7, show_default=True, type=click.IntRange(min=1), help="Length of the record."
)
@click.option("--start", type=Instant(), help="First contact. [default: 2026-11-02, WIB]")
@click.option("--slice", "slice_s", default=300, show_default=True, help="Seconds per file.")
def simulate_bench(
    landing: Path,
    truth: Path | None,
    seed: int,
    agents: int,
    days: int,
    start: datetime | None,
    slice_s: int,
) -> None:
    """Land a large centre over several days, for measurements."""
    scenario = bench_scenario(agents, days, seed, start=start, slice_s=slice_s)
    _refuse_mixture(scenario, landing, truth)
    began = time.monotonic()
    _print(simulate(scenario, landing, bench_end(scenario, days), truth=truth))
    click.echo(f"{time.monotonic() - began:.1f} s")


def bench_end(scenario: Scenario, days: int) -> datetime:
    """When the last slice of the last day has arrived."""
    return scenario.start + timedelta(days=days, minutes=1)


def _preset(name: str, now: datetime, seed: int) -> Scenario:
    return demo_scenario(now, seed) if name == "demo" else healthy_scenario(now.date(), seed)


def noted_scenario(landing: Path, truth: Path | None = None) -> Scenario | None:
    """The scenario that filled this landing folder so far."""
    progress = progress_of(landing, truth)
    noted = progress.read()
    if noted is None:
        return None
    if noted["scenario"] not in PRESETS:
        raise click.ClickException(
            f"{landing} was filled by the scenario {noted['scenario']!r}, which has an end; "
            "give another folder"
        )
    anchor = datetime.fromisoformat(str(noted["anchor"]))
    return _preset(str(noted["scenario"]), anchor, int(str(noted["seed"])))


def _refuse_mixture(scenario: Scenario, landing: Path, truth: Path | None) -> None:
    """Two scenarios in one folder would contradict each other about the same people."""
    noted = progress_of(landing, truth).read()
    if noted is not None and noted["fingerprint"] != scenario.fingerprint:
        raise click.ClickException(
            f"{landing} holds another scenario, up to {noted['delivered_until']}: "
            "go on with `simulate live`, or give an empty folder"
        )


def _print(summary: SimulationSummary) -> None:
    click.echo(
        f"up to {summary.until.isoformat(timespec='seconds')}: {summary.calls} calls, "
        f"{summary.conversations} conversations, {summary.agent_events} agent events, "
        f"{summary.facts} facts, {summary.files_written} files written"
    )
