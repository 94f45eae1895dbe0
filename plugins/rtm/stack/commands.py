"""The commands of the stack, for the product's command line to mount."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from rtm.cli.parameters import Duration
from rtm.settings import Settings
from rtm.stack.airflow import ADMIN, password_of
from rtm.stack.running import Ports, Stack, run_airflow


@click.group()
def stack_commands() -> None:
    """Start and stop the embedded system: PostgreSQL, Airflow, and for the demo a mail server and
    a simulated centre."""


@stack_commands.command("up")
def up_command() -> None:
    """Start the system, without data. A running one is left as it is."""
    settings = Settings.from_environment()
    stack = Stack(settings)
    if stack.is_running():
        click.echo("already running")
        ports = stack.ports
    else:
        stack.prepare()
        ports = stack.start()
    _print_addresses(settings, ports)
    click.echo(f"Landing folder   {settings.landing_url}")


@stack_commands.command("demo")
def demo_command() -> None:
    """Start the system with a simulated day and live traffic; print the board once complete."""
    from rtm.board import print_board
    from rtm.stack.demo import demo_settings, mailbox, start_demo

    settings = demo_settings(Settings.from_environment())
    system, ports = start_demo(settings)
    print_board(system)
    _print_addresses(settings, ports)
    click.echo(f"Mails            {mailbox(settings)}/new, ./rtm outbox list, ./rtm outbox show ID")
    click.echo("The board again  ./rtm board")
    click.echo("Stop everything  make down")


@stack_commands.command("down")
def down_command() -> None:
    """Stop everything that was started."""
    Stack(Settings.from_environment()).stop()
    click.echo("stopped")


@stack_commands.command("status")
def status_command() -> None:
    """Print the state of every part; exit status 1 if one is not well."""
    stack = Stack(Settings.from_environment())
    states = {"postgresql": "RUNNING" if stack.postgres.is_running() else "STOPPED"}
    states |= stack.supervisor.states() or {"supervisor": "STOPPED"}
    if stack.is_running():
        health = stack.health(stack.ports)
        states |= {f"airflow {name}": state for name, state in health.items()}
    for name, state in states.items():
        click.echo(f"{name:<24}{state}")
    if not set(states.values()) <= {"RUNNING", "healthy"}:
        sys.exit(1)


@stack_commands.command("clean")
@click.option(
    "--older-than", default="7d", show_default=True, type=Duration(), help="What is removed."
)
@click.option("--every", type=Duration(), help="Go on for ever, with this pause (default: once).")
def clean_command(older_than: timedelta, every: timedelta | None) -> None:
    """Remove old rows and logs of Airflow. A started system does it daily by itself."""
    from rtm.stack.cleaning import clean, clean_every

    settings = Settings.from_environment()
    if every:
        clean_every(settings, older_than, every)
    cleaned = clean(settings, older_than)
    click.echo(f"removed: {cleaned.log_folders} folders of logs, {cleaned.steps} records of steps")


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def airflow_command(arguments: tuple[str, ...]) -> None:
    """Airflow's own command line against the embedded system, as in: rtm airflow dags list."""
    sys.exit(run_airflow(Settings.from_environment(), arguments))


def _print_addresses(settings: Settings, ports: Ports) -> None:
    click.echo(f"Airflow          {ports.airflow_address}  ({_login(settings, ADMIN)})")
    click.echo(f"Desk             {ports.desk_address}  ({_logins_of_desk(settings)})")
    click.echo("Warehouse        ./rtm warehouse url")


def _logins_of_desk(settings: Settings) -> str:
    if not settings.desk_users:
        return "users: RTM_DESK_USERS"
    return ", ".join(_login(settings, user) for user in settings.desk_users)


def _login(settings: Settings, user: str) -> str:
    password = password_of(settings, user)
    return f"{user} / {password}" if password else f"{user}: after make down and up"
