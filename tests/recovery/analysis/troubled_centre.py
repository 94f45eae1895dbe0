"""One simulated morning of many services, in each of which one known thing goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rtm.simulator.presets import labelled_scenario
from rtm.simulator.scenario import Fault, FaultKind, Scenario, ServiceModel

MORNING_SHIFT = timedelta(hours=7)
BEGINS, ENDS = timedelta(hours=10, minutes=45), timedelta(hours=13)
LOOKED_AT = timedelta(hours=11, minutes=30, seconds=10)
"""As the files of the last five minutes have come in."""


@dataclass(frozen=True)
class Trouble:
    """What befalls the service of this number, and which cause has to be found for it."""

    number: int
    channel: str
    cause: str | None
    kind: FaultKind | None = None
    amount: float = 0.0

    @property
    def service_code(self) -> str:
        return f"HARI{self.number:03d}"


TROUBLES = {
    "healthy": Trouble(100, "voice", None),
    "voice_left": Trouble(101, "voice", "absent_or_late", FaultKind.SHORTFALL, 0.6),
    "voice_absent": Trouble(102, "voice", "absent_or_late", FaultKind.ABSENT, 0.7),
    "voice_aux": Trouble(103, "voice", "aux_over_allowance", FaultKind.AUX_OVER, 10800),
    "voice_slow": Trouble(104, "voice", "aht_above_forecast", FaultKind.SLOW_HANDLING, 2.5),
    "voice_surge": Trouble(105, "voice", "volume_above_forecast", FaultKind.SURGE, 2.5),
    "voice_outage": Trouble(106, "voice", "lines", FaultKind.OUTAGE),
    "chat_left": Trouble(107, "chat", "absent_or_late", FaultKind.SHORTFALL, 0.7),
    "chat_slow": Trouble(108, "chat", "aht_above_forecast", FaultKind.SLOW_HANDLING, 3.0),
    "chat_surge": Trouble(109, "chat", "volume_above_forecast", FaultKind.SURGE, 2.5),
    # Conversations lie there though agents are free: nothing that was read tells why.
    "chat_outage": Trouble(110, "chat", "unexplained", FaultKind.OUTAGE),
}


def troubled_scenario(seed: int = 5) -> Scenario:
    services = {t.number: labelled_scenario(t.number, seed).services[0] for t in TROUBLES.values()}
    base = labelled_scenario(100, seed)
    faults = [
        fault
        for trouble in TROUBLES.values()
        for fault in _faults(trouble, services[trouble.number], base.start)
    ]
    return replace(base, services=tuple(services.values()), faults=tuple(faults), slice_s=300)


def _faults(trouble: Trouble, service: ServiceModel, midnight: datetime) -> Iterator[Fault]:
    kind = trouble.kind
    if kind is None:
        return
    if kind in (FaultKind.ABSENT, FaultKind.AUX_OVER):
        crew = [a for a in service.agents if a.crew_shift and trouble.channel in a.channels]
        share = trouble.amount if kind is FaultKind.ABSENT else 1.0
        begins = midnight + MORNING_SHIFT
        for number, agent in enumerate(crew):
            if number % 10 < share * 10:
                yield Fault(kind, agent.agent_id, begins, amount=trouble.amount)
        return
    subject = f"{trouble.service_code}/{trouble.channel}"
    begins = midnight + (LOOKED_AT - timedelta(minutes=20) if kind is FaultKind.OUTAGE else BEGINS)
    yield Fault(kind, subject, begins, midnight + ENDS, trouble.amount)
