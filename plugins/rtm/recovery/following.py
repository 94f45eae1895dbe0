"""What a cycle does with recovery plans: drafts, withdraws, judges and reminds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rtm.recovery.drafting import draft_plans
from rtm.recovery.effect import judge_effects
from rtm.recovery.reminding import remind
from rtm.recovery.withdrawing import withdraw_corrected
from rtm.settings import Settings
from rtm.warehouse import Role, Warehouse


@dataclass(frozen=True)
class Followed:
    """What one cycle did with the plans."""

    drafted: int
    withdrawn: int
    judged: int
    reminded: int


def follow_plans(warehouse: Warehouse, settings: Settings, as_of: datetime) -> Followed:
    """Drafts a plan for each breach that has none, and follows the others, in one transaction."""
    with warehouse.transaction(Role.APP) as connection:
        return Followed(
            draft_plans(connection, settings, as_of),
            withdraw_corrected(connection, settings, as_of),
            judge_effects(connection, as_of),
            remind(connection, settings, as_of),
        )
