"""What a cycle does with recovery plans: drafts, withdraws, judges, tells and reminds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rtm.recovery.drafting import draft_plans
from rtm.recovery.effect import judge_effects
from rtm.recovery.reminding import remind
from rtm.recovery.withdrawing import withdraw_corrected
from rtm.recovery.worsening import tell_of_worsened
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
    """Drafts a plan for each breach that has none, and follows the others.

    One transaction each: a row of the audit keeps all other writers of it waiting until its
    transaction ends, so nothing that takes long, and no lock of a plan that a person may hold,
    comes after it.
    """
    with warehouse.transaction(Role.APP) as connection:
        drafted = draft_plans(connection, settings, as_of)
    withdrawn = withdraw_corrected(warehouse, settings, as_of)
    with warehouse.transaction(Role.APP) as connection:
        judged = judge_effects(connection, settings, as_of)
    with warehouse.transaction(Role.APP) as connection:
        tell_of_worsened(connection, settings, as_of)
        reminded = remind(connection, settings, as_of)
    return Followed(drafted, withdrawn, judged, reminded)
