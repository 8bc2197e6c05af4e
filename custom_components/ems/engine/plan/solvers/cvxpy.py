"""The same arrays through CVXPY, which opens every solver CVXPY knows.

The only file that may import cvxpy, and nothing imports this file until it is asked for: CVXPY has no wheels
for Home Assistant's own systems. It serves as a second opinion in the tests, and to whoever has it installed.
"""

from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import cvxpy as cp
import numpy as np
from scipy import sparse  # type: ignore[import-untyped] # CVXPY brings it, without types

from ...steps import Bools, Floats
from ..program import Model
from .outcome import Outcome, Solver, Verdict

# A mixed-integer program needs a solver that can; a linear one is best checked by an unrelated method
# (interior point).
_DEFAULT: Final = {True: "HIGHS", False: "CLARABEL"}
_ANSWERS: Final = {
    "optimal": Verdict.OPTIMAL,
    "optimal_inaccurate": Verdict.OPTIMAL,
    "user_limit": Verdict.INCUMBENT,
}


@dataclass(frozen=True, eq=False)
class _Written:
    """A model in CVXPY's words. Bounds and rows are kept apart because every one of them has its own dual."""

    problem: Any
    x: Any
    rows: list[tuple[Bools, Any, float]]  # which rows, the constraint, the sign of its dual


def cvxpy_solver(backend: str = "") -> Solver:
    """Return a solver that goes through CVXPY to a backend, or to a fitting one if none is named."""

    def solve(model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
        name = backend or _DEFAULT[bool(model.n_integers)]
        written = _write(model)
        began = perf_counter()
        try:
            written.problem.solve(solver=name, **_options(name, model, time_limit_s, gap_abs))
        except cp.SolverError as err:
            return _failure(str(err), (perf_counter() - began) * 1000, time_limit_s)
        run_ms = (written.problem.solver_stats.solve_time or 0.0) * 1000
        return _read(model, written, run_ms, gap_abs)

    return solve


def _write(model: Model) -> _Written:
    matrix, x = _matrix(model), cp.Variable(model.n_columns)
    constraints, rows = _integers(model, x), []
    low, high, equal = (
        np.isfinite(model.row_lower),
        np.isfinite(model.row_upper),
        model.row_lower == model.row_upper,
    )
    for mask, bound, sign in (
        (equal, model.row_lower, 0.0),
        (low & ~equal, model.row_lower, 1.0),
        (high & ~equal, model.row_upper, -1.0),
    ):
        if mask.any():
            constraint = _relation(matrix[mask] @ x, bound[mask], sign)
            constraints.append(constraint)
            # CVXPY prices a·x == b with the sign of its Lagrangian, f + y·(a·x - b): the opposite of d f / d
            # b.
            rows.append((mask, constraint, sign or -1.0))
    below, above = np.isfinite(model.lower), np.isfinite(model.upper)
    constraints += [x[below] >= model.lower[below], x[above] <= model.upper[above]]
    return _Written(cp.Problem(cp.Minimize(model.cost @ x + model.offset), constraints), x, rows)


def _integers(model: Model, x: Any) -> list[Any]:
    places = np.flatnonzero(model.integer)
    return [x[places] == cp.Variable(len(places), integer=True)] if len(places) else []


def _relation(left: Any, bound: Floats, sign: float) -> Any:
    if sign == 0:
        return left == bound
    return left >= bound if sign > 0 else left <= bound


def _matrix(model: Model) -> Any:
    """Return A as it is stored, by column."""
    return sparse.csc_array(
        (model.value, model.index, model.start), shape=(model.n_rows, model.n_columns)
    ).tocsr()


def _options(name: str, model: Model, time_limit_s: float, gap_abs: float) -> dict[str, Any]:
    if name != "HIGHS":
        return {}
    options: dict[str, Any] = {"time_limit": max(time_limit_s, 0.0)}
    return {**options, "mip_abs_gap": gap_abs, "mip_rel_gap": 0.0} if model.n_integers else options


def _read(model: Model, written: _Written, run_ms: float, gap_abs: float) -> Outcome:
    verdict = _ANSWERS.get(written.problem.status, Verdict.FAILED)
    if verdict is Verdict.FAILED or written.x.value is None:
        return _failure(str(written.problem.status), run_ms, np.inf)
    return Outcome(
        verdict=verdict,
        # Interior-point solvers stop a hair outside bounds; nothing downstream should see a power of -1e-9
        # kW.
        x=np.clip(np.asarray(written.x.value, dtype=np.float64), model.lower, model.upper),
        row_dual=None if model.n_integers else _duals(model, written),
        objective=float(written.problem.value),
        gap_abs=gap_abs if model.n_integers else 0.0,
        run_ms=run_ms,
        detail=str(written.problem.status),
    )


def _duals(model: Model, written: _Written) -> Floats:
    dual = np.zeros(model.n_rows)
    for mask, constraint, sign in written.rows:
        dual[mask] += sign * np.asarray(constraint.dual_value, dtype=np.float64).reshape(-1)
    return dual


def _failure(detail: str, run_ms: float, time_limit_s: float) -> Outcome:
    verdict = Verdict.TIMEOUT if run_ms >= time_limit_s * 1000 else Verdict.FAILED
    nothing = np.zeros(0)
    return Outcome(
        verdict=verdict,
        x=nothing,
        row_dual=None,
        objective=np.nan,
        gap_abs=np.nan,
        run_ms=run_ms,
        detail=detail,
    )
