"""Whether a battery is better off with the plan or with plain self-consumption, by what four weeks have cost.

Both sides are virtual batteries alike (shadow.py), so that losses nobody knows of speak for neither. On real homes
this guard cut the worst loss of a controller to under 2 EUR a year and cost the good ones next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from .shadow_ledger import PLAN, RULE, Day, but_for

JUDGED_DAYS: Final = 28
TRIAL_DAYS: Final = 14  # of a plan that is better again
# A restart takes minutes, a router an hour. A day that lacks more says nothing about its night or its noon.
WHOLE_H: Final = 18.0
ENOUGH: Final = 0.75  # of the days of a window have to be whole
# Of what the rule pays and earns. Less is what stored energy is revalued by from one day to the next.
MARGIN: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Contest:
    """What some days have cost by the plan and by the rule. [currency]. turnover : What the rule paid and earned."""

    days: int
    plan: float
    rule: float
    turnover: float

    @property
    def lost(self) -> float:
        """Return by how much the plan was dearer."""
        return self.plan - self.rule

    @property
    def margin(self) -> float:
        """Return what a difference has to exceed to mean anything."""
        return MARGIN * self.turnover


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a battery follows.

    Attributes
    ----------
    since : Local date since which that is so; older days speak no more.
    lost, days : By how much the plan was dearer when the rule took over, and in how many days. [currency]
    """

    since: str
    follows_rule: bool = False
    lost: float = 0.0
    days: int = 0


def contest(days: Sequence[Day], battery_id: str, many: int) -> Contest:
    """Add up the whole days among the last ones that were planned for the smallest bill."""
    first = _days_before(days[-1].day, many - 1) if days else ""
    # What its plan was worth beside the others' plans; with one battery that is the rule.
    found = [
        (day, day.cost[PLAN], day.cost.get(but_for(battery_id), day.cost[RULE]))
        for day in days
        if day.day >= first and day.for_money and day.hours >= WHOLE_H and PLAN in day.cost
    ]
    return Contest(
        days=len(found),
        plan=sum(plan for _, plan, _ in found),
        rule=sum(rule for _, _, rule in found),
        turnover=sum(day.turnover for day, _, _ in found),
    )


def lost_to_shadow(days: Sequence[Day], battery_id: str) -> bool:
    """Return whether the plan was dearer than the rule over the last 28 days, by more than a hundredth of all money."""
    found = contest(days, battery_id, JUDGED_DAYS)
    return found.days >= ENOUGH * JUDGED_DAYS and found.lost > found.margin


def is_better_again(days: Sequence[Day], battery_id: str) -> bool:
    """Return whether the plan was cheaper than the rule over the last 14 days, by more than the same margin."""
    found = contest(days, battery_id, TRIAL_DAYS)
    return found.days >= ENOUGH * TRIAL_DAYS and -found.lost > found.margin


def judged(verdict: Verdict, days: Sequence[Day], battery_id: str) -> Verdict:
    """Return the verdict after a day is over. Who changes sides is judged by the days from then on."""
    if not days:
        return verdict
    # No window reaches back beyond the change: before a verdict may fall, as many days have to be over.
    age = _age_days(verdict.since, days[-1].day)
    next_day = _days_before(days[-1].day, -1)
    if verdict.follows_rule:
        is_over = age >= TRIAL_DAYS and is_better_again(days, battery_id)
        return Verdict(since=next_day) if is_over else verdict
    if age < JUDGED_DAYS or not lost_to_shadow(days, battery_id):
        return verdict
    found = contest(days, battery_id, JUDGED_DAYS)
    return Verdict(since=next_day, follows_rule=True, lost=found.lost, days=found.days)


def _days_before(day: str, many: int) -> str:
    return (date.fromisoformat(day) - timedelta(days=many)).isoformat()


def _age_days(since: str, until: str) -> int:
    """Return how many days there are from the first to the last, both included."""
    return (date.fromisoformat(until) - date.fromisoformat(since)).days + 1
