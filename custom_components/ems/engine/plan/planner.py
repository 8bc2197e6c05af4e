"""From a question to a plan. There is always one."""

from time import perf_counter, time

from ..problem import Problem
from .baseline import self_consumption
from .fallback import by_rule, last_valid
from .home import Home
from .inputs import Inputs, judge
from .objective import strategy_used
from .publish import publish
from .result import Plan, PlanStatus, Reason, SolveStats
from .search import Search, search
from .solvers import Solver, Verdict, open_solver

# A re-plan is due every five minutes and takes a fraction of a second; what needs ten is stuck.
DEFAULT_TIME_LIMIT_S = 10.0


def solve(
    problem: Problem,
    *,
    solver: str | Solver = "highs",
    time_limit_s: float = DEFAULT_TIME_LIMIT_S,
    previous: Plan | None = None,
    now_s: float | None = None,
) -> Plan:
    """Return the plan for a problem: the cheapest, leaning to where its site's strategy and preference say.

    Parameters
    ----------
    solver : "highs", or "cvxpy" (optionally "cvxpy:CLARABEL") where CVXPY can be imported; or a solver itself, named by its `str`.
    time_limit_s : For all solves together; what was found by then is published as degraded. [s]
    previous : What to fall back on when the solver has no answer.
    now_s : When this plan is made, the wall clock unless told. [s since epoch]

    Raises
    ------
    PlanError : Prices or load are unusable (not finite, wrong length). A device in trouble never raises.
    """
    now_s, began = time() if now_s is None else now_s, perf_counter()
    inputs = judge(problem)
    home = Home(inputs)
    assembled_ms = (perf_counter() - began) * 1000
    found = search(home, open_solver(solver) if isinstance(solver, str) else solver, time_limit_s)
    found.build_ms += assembled_ms
    extracting = perf_counter()
    if found.verdict in (Verdict.OPTIMAL, Verdict.INCUMBENT):
        return _published(home, found, solver, now_s, began=began, extracting=extracting)
    reasons = (*inputs.reasons, _why_failed(found, time_limit_s))
    kept = last_valid(previous, inputs, reasons, now_s)
    if kept is not None:
        return kept
    rule = self_consumption(inputs, home.end_values)
    stats = _stats(found, solver, extract_ms=0.0, total_ms=(perf_counter() - began) * 1000)
    return by_rule(inputs, rule, home.end_values, reasons=reasons, stats=stats, now_s=now_s)


def _published(
    home: Home, found: Search, solver: str | Solver, now_s: float, *, began: float, extracting: float
) -> Plan:
    inputs, parts = home.inputs, publish(home, found)
    problem, rule = inputs.problem, self_consumption(inputs, home.end_values)
    reasons = _reasons(inputs, found)
    ended = perf_counter()
    stats = _stats(found, solver, extract_ms=(ended - extracting) * 1000, total_ms=(ended - began) * 1000)
    return Plan(
        status=PlanStatus.DEGRADED if reasons else PlanStatus.OK,
        reasons=reasons,
        created_at_s=now_s,
        currency=problem.site.currency,
        steps=problem.steps,
        import_kw=parts.import_kw,
        export_kw=parts.export_kw,
        load_kw=problem.load_kw,
        import_price_per_kwh=problem.import_price_per_kwh,
        export_price_per_kwh=problem.export_price_per_kwh,
        marginal_value_per_kwh=parts.marginal_value_per_kwh,
        devices=parts.devices,
        slacks=parts.slacks,
        costs=parts.costs,
        baseline=rule.costs,
        stats=stats,
        strategy=strategy_used(problem),
        preference=problem.site.preference,
    )


def _reasons(inputs: Inputs, found: Search) -> tuple[Reason, ...]:
    if found.verdict is Verdict.OPTIMAL:
        return inputs.reasons
    stopped = Reason(key="stopped_early", placeholders={"gap": round(found.gap_abs, 4)})
    return (*inputs.reasons, stopped)


def _why_failed(found: Search, time_limit_s: float) -> Reason:
    if found.verdict is Verdict.TIMEOUT:
        return Reason(key="solver_timeout", placeholders={"seconds": time_limit_s})
    return Reason(key="solver_failed", placeholders={"detail": found.detail})


def _stats(found: Search, solver: str | Solver, *, extract_ms: float, total_ms: float) -> SolveStats:
    return SolveStats(
        solver=str(solver),
        variables=found.model.n_columns,
        rows=found.model.n_rows,
        binaries=found.model.n_integers,
        build_ms=found.build_ms,
        highs_ms=found.highs_ms,
        extract_ms=extract_ms,
        total_ms=total_ms,
        objective=found.objective,
        gap_abs=found.gap_abs,
        solves=found.solves,
    )
