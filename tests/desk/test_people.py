"""Whom of the centre a signed-in user is, by the feeds agent and team."""

from __future__ import annotations

import pytest

from rtm.desk.identity import SignedIn
from rtm.desk.people import NoPositionError, UnknownPersonError, find_visitor
from rtm.desk.rights import Position
from rtm.warehouse import Role
from scripts.readme import CLOCK
from tests.desk_centre import (
    AGENT,
    COORDINATOR,
    DEPUTY,
    GONE,
    IDLE,
    MARKED,
    OFFICE,
    OTHER_LEADER,
    TEAM_LEADER,
    WFM,
)


@pytest.fixture
def find(centre):
    def find(user_name, email=None, is_administrator=False):
        with centre.transaction(Role.APP) as connection:
            return find_visitor(connection, SignedIn(user_name, email, is_administrator), CLOCK)

    return find


@pytest.mark.parametrize(
    ("user", "positions"),
    [
        (TEAM_LEADER, {"KARTU": {Position.TEAM_LEADER}}),
        (OTHER_LEADER, {"DIGITAL": {Position.TEAM_LEADER}}),
        (DEPUTY, {"MARKED": {Position.TEAM_LEADER}}),
        (COORDINATOR, {"KARTU": {Position.COORDINATOR}, "MARKED": {Position.COORDINATOR}}),
        (WFM, {"KARTU": {Position.WFM}}),
        (
            OFFICE,
            {code: {Position.WFM} for code in ("DIGITAL", "KARTU", "MARKED", "PRIORITAS")},
        ),
    ],
)
def test_the_feeds_say_who_has_which_position_where(find, user, positions):
    found = find(user)
    assert found.agent_id == user
    assert found.positions == {code: frozenset(held) for code, held in positions.items()}


def test_an_address_is_matched_whatever_its_case_as_told_or_as_the_name_of_the_user(find):
    assert find("somebody", email="MARKED.leader@bank.example ").agent_id == MARKED
    assert find("marked.leader@bank.example").agent_id == MARKED


def test_who_is_nobody_of_the_feed_is_unknown(find):
    for user, email in (("nobody", None), ("", ""), ("nobody", "nobody@bank.example")):
        with pytest.raises(UnknownPersonError) as error:
            find(user, email)
        assert error.value.matches == 0


def test_who_has_left_is_unknown(find):
    with pytest.raises(UnknownPersonError):
        find(GONE)


def test_an_address_of_two_people_is_nobody_and_an_administrator_does_not_become_one_of_them(find):
    for is_administrator in (False, True):
        with pytest.raises(UnknownPersonError) as error:
            find("user", "shared@bank.example", is_administrator)
        assert error.value.matches == 2


def test_two_people_by_name_and_by_address_are_ambiguous_too(find):
    with pytest.raises(UnknownPersonError):
        find(TEAM_LEADER, "marked.leader@bank.example")


@pytest.mark.parametrize(("user", "role"), [(AGENT, "agent"), (IDLE, "team_leader")])
def test_an_agent_and_a_leader_without_a_team_have_no_position(find, user, role):
    with pytest.raises(NoPositionError) as error:
        find(user)
    assert error.value.role == role


def test_an_administrator_who_is_no_person_has_that_position_everywhere(find):
    found = find("admin", is_administrator=True)
    assert not found.is_person
    assert set(found.positions) == {"DIGITAL", "KARTU", "MARKED", "PRIORITAS"}
    assert set(found.positions.values()) == {frozenset({Position.ADMINISTRATOR})}


def test_an_administrator_who_is_a_person_is_that_person(find):
    assert find(TEAM_LEADER, is_administrator=True).positions == find(TEAM_LEADER).positions
