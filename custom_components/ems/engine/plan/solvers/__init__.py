"""Solvers behind one small protocol: arrays in, arrays out."""

from ...errors import PlanError
from .highs import solve_with_highs
from .outcome import Outcome, Solver, Verdict

__all__ = ["Outcome", "Solver", "Verdict", "open_solver"]


def open_solver(name: str) -> Solver:
    """Return a solver by name: "highs", "cvxpy" (its default), or "cvxpy:CLARABEL" and the like."""
    if name == "highs":
        return solve_with_highs
    kind, _, backend = name.partition(":")
    if kind != "cvxpy":
        raise PlanError("unknown_solver", solver=name)
    # CVXPY is no requirement of EMS (it has no wheels for Home Assistant's own systems): opened only when
    # asked for.
    try:
        from .cvxpy import cvxpy_solver
    except ImportError as err:
        raise PlanError("solver_unavailable", solver=name) from err
    return cvxpy_solver(backend)
