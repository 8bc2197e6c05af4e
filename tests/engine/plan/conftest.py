"""A second opinion on every linear program that is solved here: Clarabel, an interior-point method, through CVXPY.

Property tests solve hundreds of homes each; of those the first few of a test are checked, and all with --long.
"""

import numpy as np
import pytest

from custom_components.ems.engine.plan import solvers
from custom_components.ems.engine.plan.program import Model
from custom_components.ems.engine.plan.solvers import Outcome, Verdict, solve_with_highs
from custom_components.ems.engine.plan.solvers.cvxpy import cvxpy_solver

# Beyond this a program takes Clarabel seconds; what is large is large by repetition.
LARGEST = 4000
FIRST = 3
# Interior points are accurate to about 1e-8 of the size of the numbers in the objective.
RELATIVE, ABSOLUTE = 1e-6, 2e-5


class SecondOpinion:
    """HiGHS, and Clarabel looking over its shoulder."""

    def __init__(self, most: float) -> None:
        """Check as many programs as this."""
        self.left, self.checked = most, 0
        self._clarabel = cvxpy_solver("CLARABEL")

    def __call__(self, model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
        """Solve with HiGHS; compare where both can."""
        outcome = solve_with_highs(model, time_limit_s=time_limit_s, gap_abs=gap_abs)
        wanted = not model.n_integers and model.n_columns <= LARGEST and self.left > 0
        if wanted and outcome.verdict is Verdict.OPTIMAL:
            self.left -= 1
            self._compare(model, outcome)
        return outcome

    def _compare(self, model: Model, outcome: Outcome) -> None:
        other = self._clarabel(model, time_limit_s=60, gap_abs=0)
        size = RELATIVE * float(np.abs(model.cost) @ np.abs(outcome.x)) + ABSOLUTE
        assert other.verdict is Verdict.OPTIMAL, other.detail
        assert other.objective == pytest.approx(outcome.objective, abs=size)
        self.checked += 1


@pytest.fixture(autouse=True)
def second_opinion(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> SecondOpinion:
    """Have every linear program of a test solved twice."""
    is_property = hasattr(request.function, "hypothesis")
    unlimited = request.config.getoption("--long") or not is_property
    opinion = SecondOpinion(np.inf if unlimited else FIRST)
    monkeypatch.setattr(solvers, "solve_with_highs", opinion)
    return opinion
