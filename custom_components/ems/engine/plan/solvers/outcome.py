"""What a solver answers, whichever it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ...steps import Floats
from ..program import Ints, Model


class Verdict(StrEnum):
    """How a solve ended."""

    OPTIMAL = "optimal"  # within the gap that was asked for
    INCUMBENT = "incumbent"  # stopped by the clock with a feasible answer in hand
    TIMEOUT = "timeout"  # stopped by the clock with nothing
    FAILED = "failed"  # infeasible, unbounded or broken: should not happen, and is never published


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """The answer, read once.

    Attributes
    ----------
    x : Values of the variables, shape (columns,). Empty where there is no answer.
    row_dual : Change of the minimum per unit of a row's right-hand side, shape (rows,); None with integers.
    run_ms : Time inside the solver's own run. [ms]
    gap_abs : Objective less the best bound. [currency]
    detail : The solver's own word for how it ended.
    again : Solves a linear program once more with other row bounds, from where this answer stands; None where
        the solver cannot. It holds on to the solver, so it is for the same breath, not for later.
    """

    verdict: Verdict
    x: Floats
    row_dual: Floats | None
    objective: float
    gap_abs: float
    run_ms: float
    detail: str = ""
    again: Again | None = None

    @property
    def has_answer(self) -> bool:
        """Return whether there is something to publish."""
        return self.verdict in (Verdict.OPTIMAL, Verdict.INCUMBENT)


class Again(Protocol):
    """Solves the same linear program with other bounds on some rows."""

    def __call__(self, rows: Ints, lower: Floats, upper: Floats) -> Outcome:
        """Return the new answer. Bounds stay as they were given until the next call changes them."""


class Solver(Protocol):
    """Solves one model."""

    def __call__(self, model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
        """Return the best answer found within the time."""
