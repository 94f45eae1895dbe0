"""What a roster may ask of people, and what a company asks of its rosters, as numbers.

The defaults are the law's where there is one. `RTM_ROSTER_LIMITS` replaces any of them, by name:
`RTM_ROSTER_LIMITS="rest_h=12, consecutive_nights=4"`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True)
class RosterLimits:
    rest_h: float = 11
    """Hours between two shifts, at least. The law names none; a company does."""
    five_day_h: float = 8
    """Hours of work a day, at most, of those who work 5 days a week (UU 13/2003 art. 77 as amended,
    PP 35/2021 art. 21). Breaks are not work (UU 13/2003 art. 79)."""
    six_day_h: float = 7
    """The same of those who work 6 days a week."""
    week_h: float = 40
    """Hours of work a week, Monday to Sunday, at most, without overtime (the same articles)."""
    overtime_day_h: float = 4
    """Hours of overtime a day, at most (PP 35/2021 art. 26)."""
    overtime_week_h: float = 18
    """Hours of overtime a week, at most (PP 35/2021 art. 26)."""
    break_after_h: float = 4
    """A shift that is longer has a break (UU 13/2003 art. 79)."""
    break_min: float = 30
    """Minutes of that break, at least (UU 13/2003 art. 79)."""
    consecutive_days: float = 6
    """Days of work one after the other, at most, overtime included; more is a warning."""
    consecutive_nights: float = 5
    """Nights of work one after the other, at most; more is a warning."""
    coverage_pct: float = 0
    """Agents rostered of those required in an interval, in percent, of which fewer are an error;
    fewer than all of them are a warning in any case."""

    @classmethod
    def read(cls, text: str) -> RosterLimits:
        """Reads `name=number, …`; raises ValueError that says what is wrong and what there is."""
        names = [field.name for field in fields(cls)]
        given: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, number = (word.strip() for word in part.partition("="))
            if name not in names:
                raise ValueError(f"there is no limit {name!r}; there are {', '.join(names)}")
            try:
                given[name] = float(number)
            except ValueError:
                raise ValueError(f"{part!r}: give a number, as in {name}=12") from None
            if not 0 <= given[name] <= 1000:
                raise ValueError(f"{part!r}: give a number from 0 to 1000")
        return replace(cls(), **given)
