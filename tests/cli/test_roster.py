"""`rtm roster`: versions, what differs between two, how one covers what is needed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pyworkforce.queuing import ErlangC

from rtm.cli.roster import roster_commands
from rtm.cycle import gate_rosters, land_feeds
from rtm.roster.evaluation import Target, expected_pct, required_agents
from tests.small_centre import DAY, MORNING, deliver_reference, roster

DAY_BEFORE = MORNING - timedelta(days=1)
NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def deliver_roster(system, deliver):
    deliver_reference(deliver)

    def run(content, minutes=0, name=None):
        at = DAY_BEFORE + timedelta(minutes=minutes)
        deliver("roster", name or f"roster_{minutes}.csv", content, at)
        land_feeds(system, at)
        gate_rosters(system, at)

    return run


@pytest.fixture
def rtm(system, monkeypatch):
    """Runs a command against the warehouse of the test; gives what it printed, without lines."""
    url = system.warehouse.url.render_as_string(hide_password=False)
    monkeypatch.setenv("RTM_HOME", str(system.settings.home))
    monkeypatch.setenv("RTM_DATABASE_URL", url)
    monkeypatch.setenv("RTM_LANDING_URL", system.settings.landing_url)

    def run(*arguments, fails=False):
        done = CliRunner().invoke(roster_commands, list(map(str, arguments)))
        assert (done.exit_code != 0) == fails, done.output
        return [" ".join(line.replace("│", " ").split()) for line in done.output.splitlines()]

    return run


def needs(*rows):
    header = "service_code,interval_start,required_agents,forecast_offered,forecast_aht_s\n"
    return header + "".join(
        f"KARTU,{(MORNING + timedelta(minutes=30 * n)).isoformat()},{row}\n"
        for n, row in enumerate(rows)
    )


# Versions


def test_versions_are_listed_with_their_verdicts(deliver_roster, rtm):
    deliver_roster(roster(), 0)
    deliver_roster(roster().replace(",pic", ",agent"), 1)
    printed = "\n".join(rtm("list"))
    assert f"KARTU 1 {DAY} – {DAY} valid 0 0 1" in printed
    assert f"KARTU 2 {DAY} – {DAY} invalid 1 0 0" in printed


def test_a_difference_tells_each_entry_before_and_after(deliver_roster, rtm):
    deliver_roster(roster(days=2), 0)
    changed = roster(days=2).replace(f"A2,{DAY},P", f"A2,{DAY},OFF")
    deliver_roster(changed.replace(f"KARTU,A1,{NEXT_DAY},P,pic\n", ""), 1)
    printed = rtm("diff", "KARTU")
    assert printed[0] == (
        "KARTU: version 1 (roster_0.csv) → version 2 (roster_1.csv): 2 entries differ, of 2 agents"
    )
    assert f"{DAY} A2 Budi P OFF" in printed
    assert f"{NEXT_DAY} A1 Ani P (pic) -" in printed
    assert rtm("diff", "KARTU", 2, 2) == [
        "KARTU: version 2 (roster_1.csv) → version 2 (roster_1.csv): 0 entries differ, of 0 agents"
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("KRATU",), "no roster of 'KRATU' was delivered; there are rosters of KARTU"),
        (("KARTU",), "KARTU has one version only; nothing to compare"),
        (("KARTU", 1, 7), "KARTU has no version 7; there are 1"),
    ],
)
def test_a_version_that_is_not_there_is_named(deliver_roster, rtm, arguments, says):
    deliver_roster(roster())
    assert any(says in line for line in rtm("diff", *arguments, fails=True))


# Evaluation


def test_gaps_are_told_with_what_they_cost(deliver, deliver_roster, rtm):
    """Two agents for a load of 2 Erlang answer nobody in time."""
    deliver("staffing_requirement", "needs.csv", needs("2,10,180", "3,20,180"), DAY_BEFORE)
    deliver_roster(roster())
    printed = rtm("evaluate", "KARTU")
    assert printed[0] == f"KARTU, what is published, {DAY} – {DAY}; service level 80 % in 20 s"
    assert f"{DAY} 2 1 80.0% 1" in " ".join(printed)
    (gap,) = (line for line in printed if line.startswith(f"{DAY} 08:30"))
    assert gap.startswith(f"{DAY} 08:30 20 3 2 1 0.0 %")
    assert not any(line.startswith(f"{DAY} 08:00") for line in printed)
    assert any(line.startswith(f"{DAY} 08:00") for line in rtm("evaluate", "KARTU", "--all"))


def test_a_forecast_alone_is_turned_into_agents_by_erlang_c(deliver, deliver_roster, rtm):
    """100 calls of 180 s in half an hour take 14 agents for 80 % in 20 s."""
    deliver("staffing_requirement", "needs.csv", needs(",100,180"), DAY_BEFORE)
    deliver_roster(roster())
    (gap,) = (line for line in rtm("evaluate", "KARTU") if line.startswith(f"{DAY} 08:00"))
    assert gap == f"{DAY} 08:00 100 14 (Erlang C) 2 12 0.0 % 88.8 % 88.8"


def test_a_version_can_be_evaluated_before_it_is_published(deliver, deliver_roster, rtm):
    deliver("staffing_requirement", "needs.csv", needs("2,,"), DAY_BEFORE)
    deliver_roster(roster().replace(",pic", ",agent"))
    assert any(line.startswith(f"{DAY} 08:00 - 2 0 2") for line in rtm("evaluate", "KARTU"))
    assert "every interval is covered" in rtm("evaluate", "KARTU", "--version", 1)


def test_without_a_requirement_there_is_nothing_to_evaluate(deliver_roster, rtm):
    deliver_roster(roster())
    (line,) = rtm("evaluate", "KARTU", fails=True)
    assert "nobody says what KARTU needs" in line


@given(st.floats(1, 400), st.floats(30, 900), st.floats(50, 99))
def test_the_agents_required_are_the_fewest_that_meet_the_target(offered, aht_s, percent):
    queue = ErlangC(transactions=offered, aht=aht_s / 60, asa=20 / 60, interval=30)
    target = Target(percent, 20)
    required = required_agents(queue, target)
    assert expected_pct(queue, required) >= percent - 1e-9
    assert expected_pct(queue, required - 1) < percent
