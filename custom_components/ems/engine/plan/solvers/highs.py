"""HiGHS through highspy: the whole model in one call, the whole answer in one read.

References
----------
Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical Programming
Computation 10(1), 2018.
"""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import highspy
import numpy as np

from ...steps import Floats
from ..program import Ints, Model
from .outcome import Outcome, Verdict

_OPTIONS: Final[dict[str, bool | int | float | str]] = {
    "output_flag": False,
    # One thread: the second core belongs to Home Assistant, and a plan must be the same twice.
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    # The gap is wanted in currency; a share of the objective means nothing where the objective passes zero.
    "mip_rel_gap": 0.0,
    # What finds the answers of homes is fixing what the linear program leaves whole (RENS). The others cost as much
    # again and found nothing better: a car under `load_balancing` takes 110 to 170 ms without them, 210 to 340 with.
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_heuristic_run_feasibility_jump": False,
}
# Linear programs of homes are solved in less time than presolve takes. Along one path of many steps the primal
# simplex is four times faster than the dual (48 h × 5 min: 18 ms against 77), on a tree of scenarios as much
# slower. Integers need presolve.
_DUAL_SIMPLEX: Final = 1
_PRIMAL_SIMPLEX: Final = 4
_NOTHING: Final = np.zeros(0)


def solve_with_highs(model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
    """Solve a model with HiGHS."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call] # its stub leaves the constructor bare
    for option, value in (
        *_OPTIONS.items(),
        ("time_limit", max(time_limit_s, 0.0)),
        ("mip_abs_gap", gap_abs),
    ):
        highs.setOptionValue(option, value)
    if not model.n_integers:
        highs.setOptionValue("presolve", "off")
        highs.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX if model.is_long_path else _DUAL_SIMPLEX)
    if _pass(highs, model) == highspy.HighsStatus.kError:
        return _failure("the model was refused", 0.0)
    status, run_ms = _run(highs)
    if status == highspy.HighsStatus.kError:
        return _failure("run ended with an error", run_ms)
    outcome = _read(highs, model, run_ms)
    return replace(outcome, again=_Again(highs, model)) if outcome.row_dual is not None else outcome


@dataclass(frozen=True, eq=False)
class _Again:
    """The solver with its basis: after a small change of the right-hand side it needs a few steps, not a solve."""

    highs: highspy.Highs
    model: Model

    def __call__(self, rows: Ints, lower: Floats, upper: Floats) -> Outcome:
        self.highs.changeRowsBounds(len(rows), rows, lower, upper)  # type: ignore[attr-defined] # not in its stub
        # The old answer still prices everything right and only breaks the new bounds: a case for the dual.
        self.highs.setOptionValue("simplex_strategy", _DUAL_SIMPLEX)
        status, run_ms = _run(self.highs)
        if status == highspy.HighsStatus.kError:
            return _failure("run ended with an error", run_ms)
        return _read(self.highs, self.model, run_ms)


def _run(highs: highspy.Highs) -> tuple[highspy.HighsStatus, float]:
    began = perf_counter()
    status = highs.run()
    if status == highspy.HighsStatus.kError:
        # Another user of HiGHS may have started this thread's scheduler with more threads than our one, and
        # HiGHS then refuses to run. The scheduler belongs to the thread, so nobody else is using it now.
        highspy.Highs.resetGlobalScheduler(True)
        began = perf_counter()
        status = highs.run()
    return status, (perf_counter() - began) * 1000


def _pass(highs: highspy.Highs, model: Model) -> highspy.HighsStatus:
    """Hand everything over at once: no per-row calls, no model file."""
    return highs.passModel(
        model.n_columns,
        model.n_rows,
        len(model.value),
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        model.offset,
        model.cost,
        model.lower,
        model.upper,
        model.row_lower,
        model.row_upper,
        model.start,
        model.index,
        model.value,
        model.integer.astype(np.int32),
    )


def _read(highs: highspy.Highs, model: Model, run_ms: float) -> Outcome:
    info, status = highs.getInfo(), highs.getModelStatus()
    verdict = _verdict(status, info)
    if verdict in (Verdict.TIMEOUT, Verdict.FAILED):
        return _failure(highs.modelStatusToString(status), run_ms, verdict)
    solution = highs.getSolution()
    duals = None if model.n_integers or not solution.dual_valid else _floats(solution.row_dual)
    objective = info.objective_function_value
    return Outcome(
        verdict=verdict,
        x=_floats(solution.col_value),
        row_dual=duals,
        objective=objective,
        gap_abs=max(objective - info.mip_dual_bound, 0.0) if model.n_integers else 0.0,
        run_ms=run_ms,
        detail=highs.modelStatusToString(status),
    )


def _verdict(status: highspy.HighsModelStatus, info: highspy.HighsInfo) -> Verdict:
    if status == highspy.HighsModelStatus.kOptimal:
        return Verdict.OPTIMAL
    # A time-out without an incumbent can look like a cost of 0 with all zeros: only the primal status tells.
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if status == highspy.HighsModelStatus.kTimeLimit:
        return Verdict.INCUMBENT if feasible else Verdict.TIMEOUT
    return Verdict.FAILED


def _floats(values: list[float]) -> Floats:
    """Highspy answers with a Python list; numpy reads it faster when told type and length."""
    return np.fromiter(values, dtype=np.float64, count=len(values))


def _failure(detail: str, run_ms: float, verdict: Verdict = Verdict.FAILED) -> Outcome:
    return Outcome(
        verdict=verdict,
        x=_NOTHING,
        row_dual=None,
        objective=np.nan,
        gap_abs=np.nan,
        run_ms=run_ms,
        detail=detail,
    )
