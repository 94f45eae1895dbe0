"""KPIs of services: where they stand now, and interval by interval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from rtm.recovery.effect import ATTENDANCE

Rows = Sequence[Row[Any]]

NOW = text(
    """
    select
        told.service_code,
        service.service_name,
        service.timezone,
        told.channel,
        told.kpi,
        told.comparator,
        told.target,
        told.observed,
        told.numerator,
        told.denominator,
        told.is_met,
        told.is_critical,
        told.is_feed_behind,
        date_trunc('day', told.as_of, service.timezone) as day_start
    from marts.rpt_kpi_today as told
    inner join marts.dim_service as service on service.service_code = told.service_code
    where told.service_code = any(:services)
    order by service.service_name, told.channel <> 'voice', told.channel, told.place
    """
)

INTERVALS = text(
    f"""
    with

    voice as (
        select
            calls.service_code,
            calls.channel,
            calls.interval_start,
            told.kpi,
            told.value,
            told.numerator,
            told.denominator,
            calls.offered as volume
        from marts.fct_scr_interval as calls
        cross join lateral (
            values
                ('scr', calls.scr_pct, calls.scr_numerator, calls.scr_denominator),
                ('abandon_rate', calls.abandon_pct, calls.abandon_numerator,
                    calls.scr_denominator),
                ('service_level', calls.service_level_pct, calls.service_level_numerator,
                    calls.service_level_denominator),
                ('aht', calls.aht_s, calls.handle_s_sum, calls.handled),
                ('asa', calls.asa_s, calls.wait_s_sum, calls.answered)
        ) as told (kpi, value, numerator, denominator)
        where calls.service_code = any(:services)
            and calls.interval_start >= :since and calls.interval_start < :until
    ),

    nonvoice as (
        select
            contacts.service_code,
            contacts.channel,
            contacts.interval_start,
            told.kpi,
            told.value,
            told.numerator,
            told.denominator,
            contacts.received as volume
        from marts.fct_response_time_interval as contacts
        cross join lateral (
            values
                ('response_time', contacts.response_time_pct, contacts.response_time_numerator,
                    contacts.response_time_denominator),
                ('waiting_list', contacts.waiting_list, contacts.waiting_list, 1),
                ('oldest_waiting', coalesce(contacts.oldest_waiting_s, 0),
                    coalesce(contacts.oldest_waiting_s, 0), 1)
        ) as told (kpi, value, numerator, denominator)
        where contacts.service_code = any(:services)
            and contacts.interval_start >= :since and contacts.interval_start < :until
    ),

    -- Of the service as a whole, and only where one of the two is asked for: agents on average of
    -- those required, and of the shifts that ran at its beginning those whose agent had come
    staff as (
        select
            staff.service_code,
            cast(:channel as text) as channel,
            staff.interval_start,
            cast(:kpi as text) as kpi,
            100.0 * told.numerator / nullif(told.denominator, 0) as value,
            told.numerator,
            told.denominator,
            told.denominator as volume
        from marts.fct_roster_evaluation as staff
        inner join marts.dim_service as service on service.service_code = staff.service_code
        cross join lateral (
            select staff.present as numerator, staff.required as denominator
            where cast(:kpi as text) = 'staffing' and staff.required is not null
            union all
            select shifts.came, shifts.known
            from {ATTENDANCE} as shifts
            where cast(:kpi as text) = 'attendance'
        ) as told
        where cast(:kpi as text) in ('attendance', 'staffing')
            and staff.service_code = any(:services)
            and staff.interval_start >= :since and staff.interval_start < :until
    )

    select
        service_code,
        channel,
        interval_start,
        kpi,
        value::double precision as value,
        numerator::double precision as numerator,
        denominator::double precision as denominator,
        volume::double precision as volume
    from (
        select * from voice
        union all
        select * from nonvoice
        union all
        select * from staff
    ) as told
    where (cast(:channel as text) is null or channel = :channel)
        and (cast(:kpi as text) is null or kpi = :kpi)
    order by service_code, channel, kpi, interval_start
    """
)


def read_now(connection: Connection, services: list[str]) -> Rows:
    """The KPIs that have a target, each in the window of its target."""
    return connection.execute(NOW, {"services": services}).all()


def read_intervals(
    connection: Connection,
    services: list[str],
    since: datetime,
    until: datetime,
    channel: str | None = None,
    kpi: str | None = None,
) -> Rows:
    """The intervals that begin in a span, of all KPIs of contacts, or of one of any kind."""
    return connection.execute(
        INTERVALS,
        {"services": services, "since": since, "until": until, "channel": channel, "kpi": kpi},
    ).all()
