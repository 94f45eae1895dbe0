"""A step of coaching from its proposal to its follow-up, by two people, as they would do it."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from sqlalchemy import text

from rtm.coaching import follow_coaching
from rtm.warehouse import Role
from scripts.readme import CLOCK
from tests.browser.test_plan import checked
from tests.coaching.conftest import add_matter
from tests.desk_centre import COORDINATOR, TEAM_LEADER

NEVER_COACHED = text(
    """
    select agent.agent_id
    from marts.dim_agent as agent
    inner join marts.dim_team as team on team.team_code = agent.team_code
    where team.team_leader_id = :leader and team.coordinator_id = :coordinator
        and agent.role = 'agent'
        and not exists (
            select from ops.coaching as known where known.agent_id = agent.agent_id
        )
    order by agent.agent_id
    limit 1
    """
)
AGREED = "Uses one account; the second one is closed"


def test_a_proposal_becomes_a_step_that_is_followed_up_by_two_people(visit, centre):
    with centre.transaction(Role.APP) as connection:
        asked = {"leader": TEAM_LEADER, "coordinator": COORDINATOR}
        agent_id = connection.execute(NEVER_COACHED, asked).scalar_one()
    add_matter(centre, "rotg", 1, agent_id, subject="two_stations")
    assert follow_coaching(centre, CLOCK).proposed == 1
    leader, coordinator = visit("id", 390), visit("en", 1280)

    # A team leader, on a phone, from the list to the agent
    page = leader.sign_in(TEAM_LEADER, "/rtm/coaching")
    checked(leader, "coaching-id-390")
    page.get_by_role("link", name=re.compile(agent_id)).first.click()
    page.wait_for_url(f"**/rtm/coaching/agents/{agent_id}")
    expect(page.get_by_text("Login di dua tempat sekaligus")).to_be_visible()
    checked(leader, "coaching-agent-id-390")

    # A lower step needs a reason, and what was chosen stays
    page.get_by_label("Langkah yang diberikan").select_option("reminder")
    page.get_by_role("button", name="Berikan langkah ini").click()
    expect(page.get_by_role("alert")).to_contain_text("Alasan atau catatan perlu ditulis")
    expect(page.get_by_label("Langkah yang diberikan")).to_have_value("reminder")
    checked(leader, "coaching-lacking-id-390")
    # The browser itself notes that it was refused.
    (refused,) = leader.complaints
    assert "422" in refused
    leader.complaints.clear()
    page.get_by_label("Catatan").fill("Baru pertama kali")
    page.get_by_role("button", name="Berikan langkah ini").click()
    expect(page.get_by_role("status").filter(has_text="Diberikan")).to_be_visible()
    checked(leader, "coaching-issued-id-390")

    # The coordinator, at a desk, follows it up
    page = coordinator.sign_in(COORDINATOR, "/rtm/coaching")
    checked(coordinator, "coaching-en-1280")
    page.get_by_role("link", name=re.compile(agent_id)).first.click()
    expect(page.get_by_text("Baru pertama kali")).to_be_visible()
    page.get_by_label("What was agreed or seen").fill(AGREED)
    page.get_by_role("button", name="Record the follow-up").click()
    expect(page.get_by_role("status").filter(has_text="Followed up")).to_be_visible()
    expect(page.get_by_text(AGREED)).to_be_visible()
    checked(coordinator, "coaching-followed-up-en-1280")
    assert leader.complaints == coordinator.complaints == []
