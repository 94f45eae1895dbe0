"""Who is what to a service: conditions in SQL about a `person` of `marts.dim_agent`, a `team` and
the person's own `service`, under these names.

The desk gives rights by them and the mails go by them, so that whoever is told of something can
act on it. What a position may do is said in `rtm.desk.rights`, who is told of what in
`rtm.recipients`.
"""

from __future__ import annotations

LEADS = """
    (
        (person.role in ('team_leader', 'coordinator') and team.team_leader_id = person.agent_id)
        or (person.role = 'team_leader' and team.team_code = person.team_code)
    )
"""
"""Of a team there can be several: a team leader leads the team that they are of, also where the
feed `team` names another. A deputy, or the second of two, gets the same mails and the same work."""

COORDINATES = """
    (person.role in ('team_leader', 'coordinator') and team.coordinator_id = person.agent_id)
"""

IS_WFM = """
    (person.role = 'wfm' and (person.team_code is null or team.team_code = person.team_code))
"""
"""Workforce management of the service of the team; who is of no team is that of all services, also
of those without a team."""


def here_at(moment: str) -> str:
    """That the person has come and not left, by the date of their service at the moment; where the
    moment is null, nobody is known to have left."""
    return f"""
    (
        ({moment} at time zone coalesce(service.timezone, 'UTC'))::date
        between coalesce(person.valid_from, '-infinity') and coalesce(person.valid_to, 'infinity')
    ) is not false
    """
