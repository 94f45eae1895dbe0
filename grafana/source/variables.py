"""What readers choose above a board, and the address of the desk."""

from __future__ import annotations

from grafana.source.panels import Variable

SERVICE = Variable(
    "service",
    """
select service_name as __text, service_code as __value
from marts.dim_service
order by service_name
""",
    is_multi=True,
)

# One team or several, and not all at first: a bar per person is drawn of them.
TEAM = Variable(
    "team",
    """
select team_name as __text, team_code as __value
from marts.dim_team
where service_code in ($service)
order by service_code, team_code
""",
)

# The local dates of the services, today first.
DATE = Variable(
    "date",
    """
select ((service.as_of at time zone service.timezone)::date - days_back)::text as __value
from marts.dim_service as service
cross join generate_series(0, 31) as days_back
group by __value
order by __value desc
""",
)

# A dashboard cannot read its environment, but the database can be told:
# alter role rtm_reader set rtm.desk_url = 'https://rtm.bank.example/rtm'
DESK = Variable(
    "desk",
    """
select coalesce(
    nullif(current_setting('rtm.desk_url', true), ''),
    'http://127.0.0.1:8080/rtm'
) as __value
""",
    is_hidden=True,
)
