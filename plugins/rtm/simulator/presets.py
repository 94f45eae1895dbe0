"""Ready-made scenarios: the demonstration, the benchmark, and a small healthy one.

Arrivals are made to fit the staff, so that a day without faults meets its targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np

from rtm.simulator.people import EVENING, MIDDAY, MORNING, NIGHT, SHIFTS, Crew, pic_shifts, staff
from rtm.simulator.plan import Assignment, Plan
from rtm.simulator.scenario import (
    VOICE,
    ChannelModel,
    Fault,
    FaultKind,
    RosterDefect,
    Scenario,
    ServiceModel,
    TargetModel,
)
from rtm.simulator.workload import agent_share, fitting_arrivals, rostered_by_hour

WIB = "Asia/Jakarta"
WITA = "Asia/Makassar"

_DAY_SHAPE = (
    *(0.24, 0.22, 0.20, 0.20, 0.22, 0.24, 0.30, 0.45, 0.75, 0.95, 1.00, 0.98),
    *(0.90, 0.92, 0.97, 0.95, 0.88, 0.80, 0.72, 0.70, 0.62, 0.48, 0.36, 0.28),
)

_VOICE_TARGETS = (
    TargetModel("scr", ">=", 95, critical=85, min_volume=10),
    TargetModel("abandon_rate", "<=", 5, critical=15, min_volume=10),
    TargetModel("service_level", ">=", 80, critical=60, threshold_s=20, min_volume=10),
    TargetModel("aht", "<=", 300, critical=420, min_volume=10),
    TargetModel("asa", "<=", 20, critical=60, min_volume=10),
)
_CHAT_TARGETS = (
    TargetModel("response_time", ">=", 90, critical=70, threshold_s=60, min_volume=4),
    TargetModel("waiting_list", "<=", 15, critical=40, min_volume=0),
)


def _voice(trunks: int, *, window_min: int = 30) -> ChannelModel:
    targets = tuple(replace(target, window_min=window_min) for target in _VOICE_TARGETS)
    return ChannelModel(VOICE, (0.0,) * 24, targets, trunks=trunks)


def _chat(channel: str) -> ChannelModel:
    return ChannelModel(
        channel,
        (0.0,) * 24,
        _CHAT_TARGETS,
        talk_s=420,
        patience_s=2400,
        first_reply_s=22,
        concurrency=3,
    )


def _with_arrivals(scenario: Scenario) -> Scenario:
    """Fills in the arrivals that the staff of each channel can take."""

    def fitted(service: ServiceModel, model: ChannelModel) -> ChannelModel:
        rostered = rostered_by_hour(scenario, service, model.channel)
        arrivals = fitting_arrivals(rostered, _DAY_SHAPE, model.handling_s, agent_share(model))
        if service.opening_hours:
            # Some try outside the hours; they hear that the service is closed.
            arrivals = tuple(rate or 2.0 for rate in arrivals)
        return replace(model, arrivals_per_hour=arrivals)

    services = tuple(
        replace(service, channels=tuple(fitted(service, model) for model in service.channels))
        for service in scenario.services
    )
    return replace(scenario, services=services)


def _service(
    code: str,
    name: str,
    prefix: str,
    first_name: int,
    channels: Sequence[ChannelModel],
    crews: Sequence[Crew],
    **details: str,
) -> ServiceModel:
    teams, agents = staff(prefix, code, first_name, crews)
    return ServiceModel(
        service_code=code,
        service_name=name,
        client_name="Bank Nusantara Contoh",
        timezone=details.get("timezone", WIB),
        channels=tuple(channels),
        teams=teams,
        agents=agents,
        shifts=SHIFTS,
        opening_hours=details.get("opening_hours", ""),
        pic_shifts=tuple(pic_shifts(crews)),
        roster_delimiter=details.get("roster_delimiter", ","),
    )


def _card_service() -> ServiceModel:
    return _service(
        "KARTU",
        "Layanan Kartu",
        "KRT",
        0,
        (_voice(40), _chat("chat")),
        (
            Crew(MORNING, 10, (VOICE,), six_day=2),
            Crew(MIDDAY, 3, (VOICE,)),
            Crew(EVENING, 10, (VOICE,)),
            Crew(NIGHT, 6, (VOICE,)),
            Crew(MORNING, 5, ("chat",)),
            Crew(EVENING, 3, ("chat",)),
            Crew(NIGHT, 3, ("chat",)),
        ),
    )


def _digital_service() -> ServiceModel:
    sizes = ((MORNING, 5), (EVENING, 5), (NIGHT, 3))
    return _service(
        "DIGITAL",
        "Layanan Digital Banking",
        "DGT",
        200,
        (_voice(25, window_min=60), _chat("whatsapp")),
        tuple(
            Crew(shift, size, (channel,))
            for channel in (VOICE, "whatsapp")
            for shift, size in sizes
        ),
    )


def _priority_service() -> ServiceModel:
    return _service(
        "PRIORITAS",
        "Layanan Nasabah Prioritas",
        "PRI",
        400,
        (_voice(12, window_min=60),),
        (Crew(MORNING, 6, (VOICE,)), Crew(EVENING, 6, (VOICE,))),
        timezone=WITA,
        opening_hours="Mo-Su 07:00-23:00",
        roster_delimiter=";",
    )


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(ZoneInfo(WIB)).date(), time(), ZoneInfo(WIB))


def demo_scenario(now: datetime, seed: int = 2026) -> Scenario:
    """Yesterday and today of three services, with trouble that is under way at `now`.

    Since 45 minutes, for two hours: on KARTU most of the voice agents are missing while more
    customers call, and on DIGITAL's WhatsApp more customers write and replies are slow. Both are a
    rush also at night, when few would come. In between the lines of KARTU were out for 12 minutes.
    An agent of DIGITAL left calls ringing as the shift began. Tomorrow's roster of PRIORITAS has a
    shift without PIC; the other two are valid.
    """
    # In one zone, so that the scenario is the same however the caller wrote the moment.
    now = now.astimezone(UTC)
    today = _midnight(now)
    tomorrow = today + timedelta(days=1)
    # Tomorrow's rosters are in by now, and before the cut-off, at whatever hour this is.
    lead = max(timedelta(hours=8, minutes=30), tomorrow - (now - timedelta(minutes=25)))
    scenario = _with_arrivals(
        Scenario(
            name="demo",
            seed=seed,
            start=today - timedelta(days=1),
            services=(_card_service(), _digital_service(), _priority_service()),
            history_until=now - timedelta(hours=3),
            first_period_days=2,
            roster_lead=lead,
            leave_share=0.04,
            anchor=now,
        )
    )
    faults = (
        *_demo_trouble(scenario, now, tomorrow),
        *_faults_around(scenario, now),
        *drawn_faults(scenario, days=2),
    )
    return scenario.with_faults(*faults, _negligence(scenario, now, faults))


def _demo_trouble(scenario: Scenario, now: datetime, tomorrow: datetime) -> Iterator[Fault]:
    """What befalls whole services."""
    begins = now - timedelta(minutes=45)
    ends = begins + timedelta(hours=2)
    yield Fault(FaultKind.SHORTFALL, "KARTU/voice", begins, ends, 0.7)
    yield _rush(scenario, "KARTU", VOICE, (begins, ends), times=1.8, per_hour=80)
    # Over early enough that the queue has filled again: the first calls after it find agents free.
    out, back = (now - timedelta(minutes=minutes) for minutes in (32, 20))
    yield Fault(FaultKind.OUTAGE, "KARTU/voice", out, back)
    yield Fault(FaultKind.SLOW_HANDLING, "DIGITAL/whatsapp", begins, ends, 3.5)
    yield _rush(scenario, "DIGITAL", "whatsapp", (begins, ends), times=3.0, per_hour=45)
    out, back = (scenario.start + timedelta(minutes=minutes) for minutes in (600, 625))
    yield Fault(FaultKind.OUTAGE, "PRIORITAS/voice", out, back)
    noon_tomorrow = tomorrow + timedelta(hours=12)
    defect = RosterDefect.MISSING_PIC.value
    yield Fault(FaultKind.BROKEN_ROSTER, "PRIORITAS", noon_tomorrow, detail=defect)


def _rush(
    scenario: Scenario,
    service_code: str,
    channel: str,
    span: tuple[datetime, datetime],
    *,
    times: float,
    per_hour: float,
) -> Fault:
    """So many times the usual contacts, and at least `per_hour` in the quietest hour of `span`."""
    service, (begins, ends) = scenario.service(service_code), span
    hours = {
        (begins + timedelta(minutes=minutes)).astimezone(service.zone).hour
        for minutes in range(round((ends - begins).total_seconds() / 60))
    }
    rates = service.channel(channel).arrivals_per_hour
    amount = max(times, round(per_hour / min(rates[hour] for hour in hours), 2))
    return Fault(FaultKind.SURGE, f"{service_code}/{channel}", begins, ends, amount)


def _faults_around(scenario: Scenario, now: datetime) -> Iterator[Fault]:
    """People of the shifts that began last, so that the board shows them whatever the hour is.

    Spread over the crews, and fewer in a smaller service: none shall miss its target by this alone.
    """
    kinds = (
        *((FaultKind.LATE, 900.0), (FaultKind.AUX_OVER, 1200.0), (FaultKind.ABSENT, 0.0)),
        *((FaultKind.LATE, 1500.0), (FaultKind.FORGOT_LOGOUT, 0.0)),
    )
    for service in scenario.services:
        staff_size = sum(agent.role == "agent" for agent in service.agents)
        chosen = kinds[: max(2, staff_size // 8)]
        started = [
            (assignment.start, assignment.agent.agent_id)
            for assignment in _working(scenario, service, days=2)
            if assignment.start and assignment.start < now - timedelta(hours=1)
            if assignment.function == "agent"
        ]
        latest = sorted(started)[-2 * len(chosen) :: 2]
        for (kind, amount), (start, agent_id) in zip(chosen, reversed(latest), strict=False):
            yield Fault(kind, agent_id, start, amount=amount)


def _negligence(scenario: Scenario, now: datetime, faults: Sequence[Fault]) -> Fault:
    """On DIGITAL, where the telephones have no other trouble, someone lets four calls ring."""
    spared = {fault.subject for fault in faults}
    start, agent_id = max(
        (assignment.start, assignment.agent.agent_id)
        for assignment in _working(scenario, scenario.service("DIGITAL"), days=2)
        if assignment.start and assignment.start < now - timedelta(hours=1)
        if VOICE in assignment.agent.channels and assignment.agent.agent_id not in spared
    )
    return Fault(FaultKind.LEFT_RINGING, agent_id, start, amount=4)


def _working(scenario: Scenario, service: ServiceModel, days: int) -> Iterator[Assignment]:
    """Working assignments of agents on the dates of the traffic."""
    plan = Plan(scenario, service)
    for n in range(days):
        for assignment in plan.on(plan.first_traffic_date + timedelta(days=n)):
            if assignment.start and assignment.agent.role == "agent":
                yield assignment


def drawn_faults(scenario: Scenario, days: int) -> Iterator[Fault]:
    """What goes wrong with people on any day, at random, at most one thing per shift."""
    for service in scenario.services:
        random = np.random.default_rng([scenario.seed, crc32(service.service_code.encode()), 5])
        for assignment in _working(scenario, service, days):
            chance, size = random.random(), random.random()
            assert assignment.start is not None
            agent_id, start = assignment.agent.agent_id, assignment.start
            if chance < 0.035:
                yield Fault(FaultKind.LATE, agent_id, start, amount=round(400 + 1600 * size))
            elif chance < 0.055:
                yield Fault(FaultKind.ABSENT, agent_id, start)
            elif chance < 0.070:
                yield Fault(FaultKind.FORGOT_LOGOUT, agent_id, start)
            elif chance < 0.105:
                yield Fault(FaultKind.AUX_OVER, agent_id, start, amount=round(180 + 1500 * size))
            elif chance < 0.115:
                end = start + timedelta(minutes=60 + round(60 * size))
                yield Fault(FaultKind.EXCUSED, agent_id, start, end, detail="Kontrol kesehatan")
            elif chance < 0.130 and VOICE in assignment.agent.channels:
                yield Fault(FaultKind.LEFT_RINGING, agent_id, start, amount=round(1 + 3 * size))


def bench_scenario(
    agents: int = 300,
    days: int = 7,
    seed: int = 2026,
    *,
    start: datetime | None = None,
    slice_s: int = 300,
) -> Scenario:
    """Services of about fifty agents around the clock, with everyday faults."""
    first = start or datetime(2026, 11, 2, tzinfo=ZoneInfo(WIB))
    count = max(1, round(agents / 50))
    sizes = [agents // count + (1 if n < agents % count else 0) for n in range(count)]
    scenario = _with_arrivals(
        Scenario(
            name="bench",
            seed=seed,
            start=first,
            services=tuple(_bench_service(n, size) for n, size in enumerate(sizes, start=1)),
            slice_s=slice_s,
            first_period_days=7,
            leave_share=0.05,
            anchor=first,
        )
    )
    return scenario.with_faults(*drawn_faults(scenario, days))


def _bench_service(number: int, agents: int) -> ServiceModel:
    whatsapp = max(1, agents // 5)
    shares = ((MORNING, 0.36), (MIDDAY, 0.2), (EVENING, 0.28))
    voice = agents - whatsapp
    crews = [Crew(shift, round(voice * share), (VOICE,)) for shift, share in shares]
    crews.append(Crew(NIGHT, voice - sum(crew.size for crew in crews), (VOICE,)))
    morning, evening = whatsapp - whatsapp * 3 // 5, whatsapp * 3 // 10
    crews += [
        Crew(MORNING, morning, ("whatsapp",)),
        Crew(EVENING, evening, ("whatsapp",)),
        Crew(NIGHT, whatsapp - morning - evening, ("whatsapp",)),
    ]
    return _service(
        f"SVC{number:02d}",
        f"Layanan {number}",
        f"S{number:02d}",
        number * 97,
        (_voice(agents * 2), _chat("whatsapp")),
        crews,
    )


TROUBLES = (
    *(None, (FaultKind.OUTAGE, VOICE, 0.0), (FaultKind.SHORTFALL, VOICE, 0.7)),
    *((FaultKind.SURGE, VOICE, 3.0), (FaultKind.SLOW_HANDLING, VOICE, 3.5), None),
    *((FaultKind.OUTAGE, "chat", 0.0), (FaultKind.SHORTFALL, "chat", 0.7)),
    *((FaultKind.SURGE, "chat", 2.5), (FaultKind.SLOW_HANDLING, "chat", 3.0)),
    *((FaultKind.MISROUTING, VOICE, 0.75), (FaultKind.MISROUTING, "chat", 0.75)),
)
"""What befalls the days of `labelled_scenario` in turn: kind, channel and amount."""


def labelled_scenario(number: int, seed: int, crew: int = 30) -> Scenario:
    """One day of one service in which one known thing goes wrong, or nothing but everyday faults.

    `number` decides what, when and for how long; `seed` only which customers come; `crew` is how
    many agents of a channel begin in the morning, and again in the evening.
    """
    code = f"HARI{number:03d}"
    crews = (
        *(Crew(MORNING, crew, (VOICE,)), Crew(MIDDAY, crew * 2 // 5, (VOICE,))),
        *(Crew(EVENING, crew, (VOICE,)), Crew(MORNING, crew, ("chat",))),
        Crew(EVENING, crew, ("chat",)),
    )
    channels = (_voice(3 * crew), _chat("chat"))
    service = _service(
        *(code, f"Hari {number}", f"H{number:03d}", number * 7, channels, crews),
        opening_hours="Mo-Su 07:00-23:00",
    )
    midnight = datetime(2026, 11, 17, tzinfo=ZoneInfo(WIB))
    scenario = _with_arrivals(
        Scenario(
            *("labelled", seed, midnight, (service,)),
            slice_s=3600,
            writes_empty_slices=False,
            anchor=midnight,
        )
    )
    scenario = replace(scenario, services=(_with_spare_staff(scenario.services[0]),))
    everyday = tuple(drawn_faults(replace(scenario, seed=number), days=1))
    trouble = TROUBLES[number % len(TROUBLES)]
    if trouble is None:
        return scenario.with_faults(*everyday)
    kind, channel, amount = trouble
    random = np.random.default_rng([number, 11])
    begins = midnight + timedelta(minutes=int(random.integers(8 * 60, 20 * 60)))
    ends = begins + timedelta(minutes=int(random.integers(30, 120)))
    return scenario.with_faults(*everyday, Fault(kind, f"{code}/{channel}", begins, ends, amount))


def _with_spare_staff(service: ServiceModel) -> ServiceModel:
    """Fewer contacts than the staff can take, so that a day without trouble has none by chance.

    Chats last long and are few at a time: with 0.85 of them, on one day of ten a quarter of an hour
    around noon had half of them late although nothing was wrong.
    """

    def spared(model: ChannelModel) -> ChannelModel:
        share = 0.85 if model.channel == VOICE else 0.7
        return replace(
            model,
            arrivals_per_hour=tuple(round(share * rate, 2) for rate in model.arrivals_per_hour),
        )

    return replace(service, channels=tuple(spared(model) for model in service.channels))


def healthy_scenario(
    start: date | datetime = date(2026, 11, 16), seed: int = 1, *, timezone: str = WIB
) -> Scenario:
    """One small voice service, twelve agents in two shifts, and nothing wrong."""
    zone = ZoneInfo(timezone)
    midnight = start if isinstance(start, datetime) else datetime.combine(start, time(), zone)
    service = _service(
        "UJI",
        "Layanan Uji",
        "UJI",
        600,
        (_voice(15),),
        (Crew(MORNING, 6, (VOICE,)), Crew(EVENING, 6, (VOICE,))),
        timezone=timezone,
        opening_hours="Mo-Su 07:00-23:00",
    )
    return _with_arrivals(
        Scenario(name="healthy", seed=seed, start=midnight, services=(service,), anchor=midnight)
    )
