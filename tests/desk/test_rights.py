"""Who may do what: each position at its own services and at others."""

from __future__ import annotations

import pytest

from rtm.desk.rights import GRANTS, Position, Right, Team, Visitor, may
from rtm.settings import REPOSITORY

EVERYTHING = set(Right)
OWN = {
    Position.TEAM_LEADER: EVERYTHING - {Right.HOLD_PLAN},
    Position.COORDINATOR: EVERYTHING,
    Position.WFM: {Right.READ_SERVICE, Right.UPLOAD_ROSTER},
    Position.ADMINISTRATOR: {Right.READ_SERVICE, Right.READ_AUDIT},
    Position.RTFM: {Right.READ_SERVICE, Right.WRITE_PLAN, Right.VERIFY_PLAN},
}


def visitor(*positions: Position) -> Visitor:
    return Visitor("user", "A1", "Ani", {"OWN": frozenset(positions)} if positions else {})


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("position", Position)
def test_a_position_grants_its_rights_at_its_own_service_and_none_at_another(position, right):
    assert may(visitor(position), right, "OWN") is (right in OWN[position])
    assert may(visitor(position), right, "OTHER") is False
    assert visitor(position).services(right) == (["OWN"] if right in OWN[position] else [])


@pytest.mark.parametrize("right", Right)
def test_an_agent_has_no_right_anywhere(right):
    assert not may(visitor(), right, "OWN")


def test_two_positions_at_a_service_add_up():
    both = visitor(Position.WFM, Position.ADMINISTRATOR)
    assert both.services(Right.UPLOAD_ROSTER) == both.services(Right.READ_AUDIT) == ["OWN"]
    assert both.services(Right.WRITE_PLAN) == []


def test_a_coordinator_of_one_team_acts_for_the_service_in_the_day_and_for_that_team_in_person():
    teams = (
        Team("LED", "ONE", is_led=True, is_coordinated=False),
        Team("OTHER", "ONE", is_led=False, is_coordinated=False),
        Team("COORDINATED", "TWO", is_led=False, is_coordinated=True),
        Team("BESIDE", "TWO", is_led=False, is_coordinated=False),
    )
    both = Visitor("user", "A1", "Ani", {}, teams)
    assert both.teams_of_the_day() == ["LED", "COORDINATED", "BESIDE"]
    assert both.own_teams() == ["LED", "COORDINATED"]
    assert visitor().teams_of_the_day() == visitor().own_teams() == []


def test_the_document_shows_the_rights_as_they_are():
    text = (REPOSITORY / "docs" / "desk.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    told = {
        right: {position for position, cell in zip(Position, cells, strict=True) if cell == "✓"}
        for right, *cells in (
            (row[0].strip("`"), *row[1:]) for row in rows if len(row) == 1 + len(Position)
        )
    }
    assert told == {
        str(right): {position for position in Position if right in GRANTS[position]}
        for right in Right
    }
