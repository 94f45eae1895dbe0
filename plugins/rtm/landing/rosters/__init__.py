"""Rosters as people make them, and as workforce management programs export them.

Which layout a file has is told by what stands in it, never by its name: a sheet by date (`matrix`),
two rows a person (`blocks`), an export (`exports`), or the long form of the contract. Each reader
yields the rows that the long form would have, and in which cell each of them stands. Nothing of
what a shift code means is decided here.
"""

from rtm.landing.rosters.people import People, known_people
from rtm.landing.rosters.reading import LONG, RosterFile

__all__ = ["LONG", "People", "RosterFile", "known_people"]
