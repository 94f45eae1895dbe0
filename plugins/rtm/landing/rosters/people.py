"""What the warehouse knows of services and agents when a roster arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg


@dataclass(frozen=True)
class People:
    """Services by code and name, agents by their own and by outside ids."""

    service_names: dict[str, str] = field(default_factory=dict)
    """Code by name or code, in lower case."""
    timezones: dict[str, str] = field(default_factory=dict)
    """By service code."""
    services: dict[str, str | None] = field(default_factory=dict)
    """Service code by agent id; None where the team or its service is not known."""
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    """Agent id by source and outside id, both in lower case."""

    def service_code(self, name: str) -> str | None:
        """The code of the service with this code or name, if one is known."""
        return self.service_names.get(" ".join(name.casefold().split()))

    def agent_id(self, source: str, *external_ids: str | None) -> str | None:
        """The agent whom an outside id names: by alias, else an agent's own id."""
        for external_id in filter(None, external_ids):
            alias = self.aliases.get((source, external_id.casefold()))
            if alias is not None:
                return alias
        return next((i for i in external_ids if i in self.services), None)


def known_people(cursor: psycopg.Cursor[tuple[Any, ...]]) -> People:
    """All that is known inside the transaction of the cursor."""
    services = cursor.execute("select service_code, service_name, timezone from raw.service")
    people = People()
    for code, name, timezone in services.fetchall():
        people.timezones[code] = timezone
        people.service_names.setdefault(" ".join((name or "").casefold().split()), code)
    # A code goes before a name that is spelled like it.
    people.service_names.update({code.casefold(): code for code in people.timezones})
    agents = cursor.execute(
        """
        select agent.agent_id, team.service_code from raw.agent as agent
        left join raw.team as team on team.team_code = agent.team_code
        """
    )
    people.services.update(dict(agents.fetchall()))
    aliases = cursor.execute(
        "select lower(source), lower(external_id), agent_id from raw.agent_alias"
    )
    people.aliases.update({(s, i): agent for s, i, agent in aliases.fetchall()})
    return people
