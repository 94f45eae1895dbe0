"""Every setting of the product, read once from the environment into one frozen object.

Nothing else reads the environment. What belongs to a service (tolerances, targets, opening hours)
is not a setting: it is delivered as reference data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from rtm.roster_limits import RosterLimits

REPOSITORY = Path(__file__).resolve().parents[2]

Language = Literal["id", "en"]

USER_NAME = re.compile(r"[\w.@+-]+")


class SettingError(ValueError):
    """A setting has a value that cannot be used; the message names it and says what is allowed."""


@dataclass(frozen=True)
class Settings:
    """Where things are and how the pipeline behaves."""

    home: Path
    """Everything the embedded system writes: environment, databases, logs, mails."""
    landing_url: str = field(repr=False)
    """Folder or fsspec URL below which sources deliver, one folder per feed.
    An SFTP URL may hold a password."""
    database_url: str | None = field(repr=False)
    """SQLAlchemy URL of an outside warehouse; None means the embedded one."""
    mappings: Path | None = None
    """Folder of the mapping files; None means `mappings` in the home folder."""
    interval_min: int = 30
    """Length of a KPI interval in minutes: 15, 30 or 60."""
    language: Language = "id"
    """Language of mails and the printed board."""
    stale_after: timedelta = timedelta(minutes=10)
    """A feed that has delivered nothing for longer than this is behind."""
    smtp_url: str | None = field(default=None, repr=False)
    """smtp://[user:password@]host:port, or smtps:// for TLS from the start; None: mails wait.
    Special characters of a password are percent-encoded."""
    mail_from: str = "rtm@localhost"
    operators: tuple[str, ...] = field(default=())
    """Addresses that get incidents of the pipeline itself."""
    roster_limits: RosterLimits = field(default_factory=RosterLimits)
    """What the gate holds rosters against, beside the reference data."""
    roster_warning: timedelta = timedelta(hours=2)
    """So long before the cut-off of H-1, who makes a roster is warned that it is not there."""
    desk_url: str = ""
    """Address of the desk as people reach it, for the links in mails; empty: mails have none."""
    airflow_port: int | None = None
    """Port of Airflow's pages on loopback; None: 8080, or a free one where that is taken."""
    desk_users: tuple[str, ...] = field(default=())
    """Who may sign in to the embedded Airflow beside its administrator, to work at the desk."""

    @property
    def mappings_dir(self) -> Path:
        return self.mappings or self.home / "mappings"

    @property
    def dbt_project(self) -> Path:
        return REPOSITORY / "dbt_project"

    def desk_page(self, path: str) -> str:
        """The address of a page of the desk for a mail; empty where none is known."""
        return f"{self.desk_url}{path}" if self.desk_url else ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Reads `RTM_*`; raises SettingError with the name of the variable that is wrong."""
        home = Path(environment.get("RTM_HOME") or REPOSITORY / ".rtm").resolve()
        return cls(
            home=home,
            landing_url=environment.get("RTM_LANDING_URL") or str(home / "landing"),
            database_url=environment.get("RTM_DATABASE_URL") or None,
            mappings=Path(environment["RTM_MAPPINGS"]).resolve()
            if environment.get("RTM_MAPPINGS")
            else None,
            interval_min=_choice_int(environment, "RTM_INTERVAL_MIN", 30, (15, 30, 60)),
            language=_language(environment.get("RTM_LANGUAGE") or "id"),
            stale_after=timedelta(seconds=_positive(environment, "RTM_FEED_STALE_S", 600)),
            smtp_url=environment.get("RTM_SMTP_URL") or None,
            mail_from=environment.get("RTM_MAIL_FROM") or "rtm@localhost",
            operators=tuple(
                address.strip()
                for address in environment.get("RTM_OPERATORS", "").split(",")
                if address.strip()
            ),
            roster_limits=_roster_limits(environment.get("RTM_ROSTER_LIMITS", "")),
            roster_warning=timedelta(seconds=_positive(environment, "RTM_ROSTER_WARNING_S", 7200)),
            desk_url=_web_address(environment, "RTM_DESK_URL"),
            airflow_port=_port(environment, "RTM_AIRFLOW_PORT"),
            desk_users=_user_names(environment, "RTM_DESK_USERS"),
        )


def _roster_limits(text: str) -> RosterLimits:
    try:
        return RosterLimits.read(text)
    except ValueError as error:
        raise SettingError(f"RTM_ROSTER_LIMITS: {error}") from None


def _positive(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdigit() or int(text) == 0:
        raise SettingError(f"{name}={text!r}: give a whole number above 0")
    return int(text)


def _user_names(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    names = [user.strip() for user in environment.get(name, "").split(",")]
    for user in filter(None, names):
        # What Airflow's list of users is written with, and its own administrator.
        if not USER_NAME.fullmatch(user) or user == "admin":
            raise SettingError(
                f"{name}: {user!r} cannot be a user; give agent ids or addresses of the agent feed,"
                " separated by commas"
            )
    return tuple(dict.fromkeys(filter(None, names)))


def _port(environment: Mapping[str, str], name: str) -> int | None:
    if not environment.get(name):
        return None
    port = _positive(environment, name, 1)
    if port > 65535:
        raise SettingError(f"{name}={port}: give a TCP port, at most 65535")
    return port


def _web_address(environment: Mapping[str, str], name: str) -> str:
    address = (environment.get(name) or "").rstrip("/")
    if address and not address.startswith(("http://", "https://")):
        raise SettingError(f"{name}={address!r}: give an address, as https://rtm.bank.example/rtm")
    return address


def _choice_int(
    environment: Mapping[str, str], name: str, default: int, allowed: tuple[int, ...]
) -> int:
    value = _positive(environment, name, default)
    if value not in allowed:
        raise SettingError(f"{name}={value}: give one of {', '.join(map(str, allowed))}")
    return value


def _language(text: str) -> Language:
    if text == "id":
        return "id"
    if text == "en":
        return "en"
    raise SettingError(f"RTM_LANGUAGE={text!r}: give id or en")
