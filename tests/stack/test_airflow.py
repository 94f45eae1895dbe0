"""The home folder of the embedded Airflow: its users and their passwords."""

from __future__ import annotations

import dataclasses

import pytest

from rtm.settings import Settings
from rtm.stack.airflow import airflow_environment, password_of, set_up_airflow_home
from rtm.stack.demo import DESK_USERS, demo_settings

USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"


@pytest.fixture
def settings(tmp_path) -> Settings:
    environment = {"RTM_HOME": str(tmp_path), "RTM_DESK_USERS": " TL01, co@bank.example,TL01,"}
    return Settings.from_environment(environment)


def test_users_of_the_desk_are_viewers_with_passwords_of_their_own(settings, postgres):
    set_up_airflow_home(settings)
    users = airflow_environment(settings, postgres, 8080, 8793)[USERS]
    assert users == "admin:admin,TL01:viewer,co@bank.example:viewer"
    passwords = {password_of(settings, user) for user in ("admin", "TL01", "co@bank.example")}
    assert None not in passwords and len(passwords) == 3


def test_a_password_stays_when_users_come_and_go(settings, postgres):
    set_up_airflow_home(settings)
    before = password_of(settings, "TL01")
    fewer = dataclasses.replace(settings, desk_users=())
    set_up_airflow_home(fewer)
    assert airflow_environment(fewer, postgres, 8080, 8793)[USERS] == "admin:admin"
    set_up_airflow_home(settings)
    assert password_of(settings, "TL01") == before
    assert password_of(settings, "nobody") is None


def test_the_demo_has_two_users_unless_others_are_named(settings, tmp_path):
    assert demo_settings(settings).desk_users == ("TL01", "co@bank.example")
    plain = Settings.from_environment({"RTM_HOME": str(tmp_path)})
    assert demo_settings(plain).desk_users == DESK_USERS
