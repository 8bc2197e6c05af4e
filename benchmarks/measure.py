"""Solves an instance some times and takes medians."""

from statistics import median
from typing import Any, Final

from custom_components.ems.engine.plan import Plan, solve
from custom_components.ems.engine.problem import Problem

TIMES: Final = ("build_ms", "highs_ms", "extract_ms", "total_ms")
# Beyond any budget by far: nine rounds of it would say no more, and take minutes.
SLOW_MS: Final = 2500.0
_ROUNDS_IF_SLOW: Final = 3


def plans_of(problem: Problem, rounds: int, slow_ms: float = SLOW_MS) -> list[Plan]:
    """Return the plans of some solves, after a first one that does not count: it warms caches and imports.

    slow_ms : Where the first takes longer, three have to do. What takes so long is its own average. [ms]
    """
    first = solve(problem)
    return [solve(problem) for _ in range(_ROUNDS_IF_SLOW if first.stats.total_ms > slow_ms else rounds)]


def times_of(plans: list[Plan]) -> dict[str, float]:
    """Return medians, and the fastest of all. [ms].

    `beside_ms` is all that is not HiGHS' run(): build, hand-over, read-out, extract. `fastest_ms` is what is left
    of `total_ms` on a machine with other work: nothing but waiting makes a solve slower than it.
    """
    times = {key: round(median(getattr(plan.stats, key) for plan in plans), 3) for key in TIMES}
    beside = median(plan.stats.total_ms - plan.stats.highs_ms for plan in plans)
    fastest = min(plan.stats.total_ms for plan in plans)
    return {**times, "beside_ms": round(beside, 3), "fastest_ms": round(fastest, 3)}


def shape_of(plan: Plan) -> dict[str, Any]:
    """Return what was solved, and what came out."""
    stats = plan.stats
    return {
        "steps": len(plan.steps),
        "variables": stats.variables,
        "rows": stats.rows,
        "binaries": stats.binaries,
        "scenarios": stats.scenarios,
        "solves": stats.solves,
        "objective": round(stats.objective, 6),
        "gap_abs": round(stats.gap_abs, 6),
        "status": str(plan.status),
        "expected_cost": round(plan.expected_cost, 4),
        "baseline_cost": round(plan.baseline_cost, 4),
    }
