"""Which strategy `auto` plans by: every candidate on one yardstick, and the one in force until another is much better.

    score = E[bill + wear + peak charge - gain of stored energy] + preference + broken wishes

In the currency, less is better. E is the mean over the scenarios where there are some (`replay.py`), else what is
planned. What the preference weighs on imports, and every broken wish (`wishes.py`), counts the same whoever made the
plan: as for `arbitrage`, whose objective this is. So nothing beats `arbitrage` on a day that goes as planned; others
win by losing less on days that do not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..site import Strategy
from .home import end_values
from .inputs import Inputs
from .objective import lean
from .replay import expected_cost
from .result import Plan
from .wishes import broken_wishes

CANDIDATES: Final = (
    Strategy.ARBITRAGE,
    Strategy.SELF_CONSUMPTION,
    Strategy.PEAK_SHAVING,
    Strategy.LOAD_BALANCING,
)
# The cheapest bill needs no reason: the others have to be better by the threshold from the start.
_FIRST: Final = Strategy.ARBITRAGE
# What a person cannot tell apart is equal: a hundredth of a cent. [currency]
_EQUAL: Final = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """What `auto` decided: a strategy, and what each candidate scored. [currency]."""

    strategy: Strategy
    scores: Mapping[str, float]


def choose(
    inputs: Inputs, previous: Plan | None, plan_by: Callable[[Strategy], Plan | None]
) -> Chosen | None:
    """Score a plan of every candidate and pick one; None where none has a plan.

    plan_by : Returns the plan by a strategy, or None. Linear and on the mean is good enough here: integers and
        scenarios cost every candidate the same few cents.
    """
    plans = {each: plan for each in CANDIDATES if (plan := plan_by(each)) is not None}
    if not plans:
        return None
    yardstick = Yardstick(inputs)
    scores = {each: yardstick.score(plan) for each, plan in plans.items()}
    picked = _picked(scores, plans, _in_force(previous), inputs.problem.site.switch_threshold)
    return Chosen(strategy=picked, scores={str(each): round(value, 4) for each, value in scores.items()})


class Yardstick:
    """Scores plans of one problem."""

    def __init__(self, inputs: Inputs) -> None:
        """Keep the problem with imports as the preference weighs them, and what stored energy is worth then."""
        problem = inputs.problem
        plain = lean(replace(problem, site=replace(problem.site, strategy=Strategy.ARBITRAGE)))
        price = problem.import_price_per_kwh + plain.import_per_kwh
        self._asked, self._weighed = problem, replace(problem, import_price_per_kwh=price)
        self._end_values = end_values(inputs, plain.beyond_per_kwh)

    def score(self, plan: Plan) -> float:
        """Return what a plan is worth; less is better. [currency]."""
        return expected_cost(self._weighed, plan, self._end_values) + broken_wishes(self._asked, plan)


def _in_force(previous: Plan | None) -> Strategy | None:
    """Return what `auto` chose last; what people chose is no choice of its own."""
    return previous.strategy if previous is not None and previous.scores else None


def _picked(
    scores: Mapping[Strategy, float],
    plans: Mapping[Strategy, Plan],
    in_force: Strategy | None,
    threshold: float,
) -> Strategy:
    """Return the strategy in force unless another scores better by the threshold."""
    best = min(scores, key=lambda each: scores[each])
    stays = _FIRST if in_force is None else in_force
    if stays not in scores:  # no draft is no reason to leave
        return stays
    needed = threshold * max(abs(scores[stays]), _turnover(plans[stays]))
    return best if scores[stays] - scores[best] > max(needed, _EQUAL) else stays


def _turnover(plan: Plan) -> float:
    """Return what passes the connection, bought and sold, at its price. [currency].

    A score near zero, where what is sold pays for what is bought, is no measure of what is much better.
    """
    bought = np.abs(plan.import_price_per_kwh) * plan.import_kw
    sold = np.abs(plan.export_price_per_kwh) * plan.export_kw
    return float((bought + sold) @ plan.steps.hours)
