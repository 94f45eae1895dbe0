"""Airflow connections that stand in for settings."""

from __future__ import annotations

import dataclasses
from urllib.parse import quote

from airflow.sdk import BaseHook
from airflow.sdk.definitions.connection import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

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
