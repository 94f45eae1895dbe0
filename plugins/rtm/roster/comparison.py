"""What differs between two versions of a roster, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

VERSIONS = text(
    """
    select
        version.*,
        ledger.file_name,
        (
            select count(*) from ops.roster_day as day
            where day.version_id = version.version_id
        ) as dates_held
    from ops.roster_version as version
    inner join ops.file_ledger as ledger on ledger.file_id = version.file_id
    where cast(:service_code as text) is null or version.service_code = :service_code
    order by version.service_code, version.version
    """
)

# Two rows of one agent and date are a finding of the gate; here the first of them counts.
DIFFERENCES = text(
    """
    with entries as (
        select distinct on (file_id, agent_id, roster_date)
            file_id,
            agent_id,
            roster_date,
            concat_ws(
                ' ',
                shift_code,
                '(' || nullif(function, 'agent') || ')',
                to_char(start_at at time zone service.timezone, 'HH24:MI')
                || '–' || to_char(end_at at time zone service.timezone, 'HH24:MI')
            ) as entry
        from staging.stg_canonical__roster
        inner join raw.service as service using (service_code)
        where file_id in (:old, :new)
        order by file_id, agent_id, roster_date, row_number
    )

    select
        agent_id,
        roster_date,
        coalesce(agent.agent_name, agent_id) as agent_name,
        before.entry as before,
        after.entry as after
    from (select * from entries where file_id = :old) as before
    full join (select * from entries where file_id = :new) as after
        using (agent_id, roster_date)
    left join staging.stg_canonical__agent as agent using (agent_id)
    where before.entry is distinct from after.entry
    order by roster_date, agent_id
    """
)


class UnknownVersionError(ValueError):
    """There is no such version; the message says which there are."""


def versions(connection: Connection, service_code: str | None = None) -> Sequence[Row[Any]]:
    """All versions, or those of one service, the oldest first."""
    return connection.execute(VERSIONS, {"service_code": service_code}).all()


def find_version(connection: Connection, service_code: str, number: int | None) -> Row[Any]:
    """A version of a service by its number, or the newest; raises UnknownVersionError."""
    known = versions(connection, service_code)
    if not known:
        services = sorted({v.service_code for v in versions(connection) if v.service_code})
        raise UnknownVersionError(
            f"no roster of {service_code!r} was delivered; there are rosters of"
            f" {', '.join(services) or 'no service'}"
        )
    if number is None:
        return known[-1]
    for version in known:
        if version.version == number:
            return version
    raise UnknownVersionError(
        f"{service_code} has no version {number}; there are"
        f" {', '.join(str(version.version) for version in known)}"
    )


def differences(connection: Connection, old: Row[Any], new: Row[Any]) -> Sequence[Row[Any]]:
    """One row per agent and date whose entry differs: `before` and `after`, null where none is."""
    return connection.execute(DIFFERENCES, {"old": old.file_id, "new": new.file_id}).all()
