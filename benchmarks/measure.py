"""Solves an instance some times and takes medians."""

from statistics import median
from time import process_time
from typing import Any, Final, NamedTuple

from custom_components.ems.engine.plan import Plan, solve
from custom_components.ems.engine.problem import Problem

TIMES: Final = ("build_ms", "highs_ms", "extract_ms", "total_ms")
# Beyond any budget by far: nine rounds of it would say no more, and take minutes.
SLOW_MS: Final = 2500.0
_ROUNDS_IF_SLOW: Final = 3


class Solved(NamedTuple):
    """A plan, and how long a processor worked for it. [ms]."""

    plan: Plan
    cpu_ms: float


def solve_some(problem: Problem, rounds: int, slow_ms: float = SLOW_MS) -> list[Solved]:
    """Solve a problem some times, after a first one that does not count: it warms caches and imports.

    slow_ms : Where the first takes longer, three have to do. What takes so long is its own average. [ms]
    """
    first = solve(problem)
    return [_once(problem) for _ in range(_ROUNDS_IF_SLOW if first.stats.total_ms > slow_ms else rounds)]


def _once(problem: Problem) -> Solved:
    began = process_time()
    plan = solve(problem)
    return Solved(plan, (process_time() - began) * 1000)


def times_of(solved: list[Solved]) -> dict[str, float]:
    """Return medians. [ms].

    `beside_ms` is all that is not HiGHS' run(): build, hand-over, read-out, extract. `cpu_ms` and `fastest_ms`, the
    only one that is no median, tell what other work on the machine adds: neither counts the time others had.
    """
    stats = [plan.stats for plan, _ in solved]
    times = {key: median(getattr(each, key) for each in stats) for key in TIMES}
    times["beside_ms"] = median(each.total_ms - each.highs_ms for each in stats)
    times["cpu_ms"] = median(each.cpu_ms for each in solved)
    times["fastest_ms"] = min(each.total_ms for each in stats)
    return {key: round(value, 3) for key, value in times.items()}


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
