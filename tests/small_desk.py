"""The small centre with a desk: two teams of one service and another service, under one clock."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from rtm.cycle import System, run_cycle
from rtm.desk.app import create_desk
from rtm.desk.parts import Desk, Doors
from tests.conftest import Begin
from tests.desk.test_plan_pages import Reader, identify
from tests.small_centre import DAY, MORNING, REFERENCE, deliver_reference, roster

MORE = {
    "service": "LAIN,Layanan Lain,Bank,Asia/Jakarta\n",
    "team": "T2,Tim Dua,KARTU,L2,K1\nT9,Tim Lain,LAIN,L9,K9\n",
    "agent": "L2,Lukman,lukman@bank.example,team_leader,T2,2026-01-01\n"
    "D1,Dedi,dedi@bank.example,team_leader,T1,2026-01-01\n"
    "A3,Cici,cici@bank.example,agent,T2,2026-01-01\n"
    "L9,Lina,lina@bank.example,team_leader,T9,2026-01-01\n"
    "A9,Doni,doni@bank.example,agent,T9,2026-01-01\n",
}
EVERYBODY = (None, "A1", "L1", "D1", "L2", "K1", "W1", "L9", "admin")
"""Nobody; an agent; the team leader of T1, its second one, whom the feed `team` does not name, and
that of T2; their coordinator; workforce management of the
service; a team leader of another service; an administrator."""

EVENING = MORNING + timedelta(hours=10)
"""The day of the roster is over."""

DELIVERED = ("exception/desk-*", "roster/2*T*")
"""What the desk has put into the landing folder."""


def whole_roster(first=DAY, days=1) -> str:
    """A valid roster of the service with its two teams."""
    dates = [first + timedelta(days=n) for n in range(days)]
    return roster(days, first) + "".join(f"KARTU,A3,{day},P,agent\n" for day in dates)


class SmallDesk:
    """The centre as people at the desk work on it; time passes only here."""

    def __init__(self, system: System, landing: Path) -> None:
        self.system = system
        self.landing = landing
        self.now = EVENING
        self.dated: set[Path] = set()
        doors = Doors(lambda path: f"/auth/login?next={path}", "/auth/logout")
        desk = Desk(system.settings, b"secret", doors, lambda: system.warehouse, lambda: self.now)
        self.app = create_desk(desk, identify)

    def prepare(self, deliver: Callable[..., object], begin: Begin, stage: str) -> None:
        """People, shifts, and the roster of the day; `stage` names that with what else is there."""
        opens = self.now + timedelta(minutes=1)

        def act() -> None:
            deliver_reference(deliver)
            for feed, rows in MORE.items():
                deliver(feed, "more.csv", REFERENCE[feed] + rows, MORNING - timedelta(days=2))
            deliver("roster", "roster.csv", whole_roster(), MORNING - timedelta(days=1))
            run_cycle(self.system, opens)

        begin(stage, act)
        self.now = opens

    def cycle(self, after: timedelta = timedelta(minutes=1)) -> datetime:
        """A cycle later on. What the desk delivered meanwhile arrived when that was."""
        for path in {path for ours in DELIVERED for path in self.landing.glob(ours)} - self.dated:
            os.utime(path, (self.now.timestamp(), self.now.timestamp()))
            self.dated.add(path)
        self.now += after
        run_cycle(self.system, self.now)
        return self.now

    def reader(self, name: str | None, language: str = "id") -> Reader:
        return Reader(self.app, name, language)

    def token(self, name: str | None) -> str:
        """None for those who see no page."""
        return self.reader(name).token() if name not in (None, "A1") else ""
