"""The command that prints the board."""

from __future__ import annotations

import dataclasses

import click
from rich.console import Console

from rtm.board.content import read_board
from rtm.board.printing import render_board
from rtm.cycle import System
from rtm.settings import Settings

WIDTH_WITHOUT_TERMINAL = 120


@click.command()
@click.option(
    "--language", type=click.Choice(["id", "en"]), help="Language (default: RTM_LANGUAGE, or id)."
)
def board_command(language: str | None) -> None:
    """Print the board: services against target, people, rosters, breaches, mails."""
    settings = Settings.from_environment()
    if language:
        settings = dataclasses.replace(settings, language=language)  # type: ignore[arg-type]
    print_board(System.open(settings))


def print_board(system: System) -> None:
    """Prints what the marts say now."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    for part in render_board(read_board(system.warehouse), system.settings.language):
        console.print(part)
