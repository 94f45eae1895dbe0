"""Airflow connections that stand in for settings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import cast
from urllib.parse import quote

from airflow.sdk import BaseHook, ObjectStoragePath
from airflow.sdk.definitions.connection import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.io import has_fs
from upath import UPath

from rtm.landing import places
from rtm.settings import Settings

MAIL_CONNECTION = "smtp_default"


def with_mail_server(settings: Settings) -> Settings:
    """The settings with the mail server of the connection `smtp_default`, where there is one."""
    try:
        connection = BaseHook.get_connection(MAIL_CONNECTION)
    except AirflowNotFoundException:
        return settings
    return dataclasses.replace(
        settings,
        smtp_url=smtp_url(connection),
        mail_from=connection.extra_dejson.get("from_email") or settings.mail_from,
    )


def smtp_url(connection: Connection) -> str:
    """The connection as a URL; as in Airflow's own SMTP hook, TLS unless `disable_ssl` says so."""
    scheme = "smtp" if connection.extra_dejson.get("disable_ssl") else "smtps"
    user = ""
    if connection.login:
        user = f"{quote(connection.login, safe='')}:{quote(connection.password or '', safe='')}@"
    port = f":{connection.port}" if connection.port else ""
    return f"{scheme}://{user}{connection.host}{port}"


def open_landing(url: str) -> UPath:
    """The landing folder, opened with the Airflow connection that its URL names (s3://conn@…).

    A provider that brings this kind of file system comes first. Without one, Airflow's
    ObjectStoragePath knows local folders only; then the connection is handed to the file system
    itself. Raises LandingError if there is no such connection, or it cannot be used.
    """
    if "://" not in url:
        return cast(UPath, ObjectStoragePath(Path(url).absolute().as_uri()))
    place = places.Place.of(url)
    if has_fs(place.protocol):
        return cast(UPath, ObjectStoragePath(url))
    # A user with a password stands for itself.
    named = place.user if place.protocol in places.S3 + places.SFTP and not place.password else None
    return places.open_landing(url, _login(named) if named else None)


def _login(name: str) -> places.Login:
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise places.LandingError(
            f"there is no Airflow connection {name!r}, which RTM_LANDING_URL names; make it in"
            " Airflow's pages under Admin, Connections"
        ) from None
    return places.Login(
        name,
        connection.host or None,
        connection.port,
        connection.login or None,
        connection.password or None,
        connection.extra_dejson,
    )
