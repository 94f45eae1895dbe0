"""The boards, one module each: which panels they have, and the statement on marts behind each.

The statements choose and order; what has to be computed is computed in a mart.
"""

from __future__ import annotations

from grafana.source.board import Board
from grafana.source.boards import (
    attendance,
    breaches,
    contacts,
    discipline,
    pipeline,
    procedure,
    rosters,
    wall,
)

BOARDS: tuple[Board, ...] = (
    wall.BOARD,
    contacts.BOARD,
    attendance.BOARD,
    breaches.BOARD,
    rosters.BOARD,
    discipline.BOARD,
    procedure.BOARD,
    pipeline.BOARD,
)
"""In the order in which a reader goes from the whole to the detail."""
