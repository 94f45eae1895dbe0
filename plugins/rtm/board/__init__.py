"""The printed board: services against target, people, rosters, breaches with their plans, mails.

Reads marts (and the outbox) and computes nothing that a mart says; the boards that refresh by
themselves are Grafana's.
"""

from rtm.board.commands import board_command, print_board

__all__ = ["board_command", "print_board"]
