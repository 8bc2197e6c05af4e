"""How long a plan takes: build, HiGHS' own run, extract.

Medians, warm, one thread; JSON on the last line of stdout.
"""

import argparse
import json
from pathlib import Path
from statistics import median
import subprocess
import sys
from typing import Any, Final

from benchmarks.export import export
from benchmarks.homes import home
from custom_components.ems.engine.plan import Plan, solve
from custom_components.ems.engine.problem import Problem

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 11
# Name, minutes per step, car plugged in now (then the near window needs integers).
CASES: Final = (
    ("lp-48h-15min", 15, False),
    ("near-48h-15min", 15, True),
    ("lp-48h-5min", 5, False),
    ("near-48h-5min", 5, True),
)
_TIMES: Final = ("build_ms", "highs_ms", "extract_ms", "total_ms")
# A process of its own with nothing but the engine on its path: what Home Assistant would pay, without Home
# Assistant.
_IMPORT: Final = """
import resource, sys, time
def rss_mb():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1024
before, began = rss_mb(), time.perf_counter()
import engine.plan
print((time.perf_counter() - began) * 1000, rss_mb() - before)
assert "homeassistant" not in sys.modules
"""


def measure(name: str, problem: Problem, rounds: int = ROUNDS) -> dict[str, Any]:
    """Solve one case some times and return its medians, after a first solve that does not count."""
    solve(problem)
    plans = [solve(problem) for _ in range(rounds)]
    times = {key: round(median(getattr(plan.stats, key) for plan in plans), 3) for key in _TIMES}
    return {"name": name, **_shape(plans[-1]), **times, "rounds": rounds}


def _shape(plan: Plan) -> dict[str, Any]:
    stats = plan.stats
    return {
        "steps": len(plan.steps),
        "variables": stats.variables,
        "rows": stats.rows,
        "binaries": stats.binaries,
        "solves": stats.solves,
        "objective": round(stats.objective, 6),
        "gap_abs": round(stats.gap_abs, 6),
        "status": str(plan.status),
        "expected_cost": round(plan.expected_cost, 4),
        "baseline_cost": round(plan.baseline_cost, 4),
    }


def import_cost(rounds: int = 9) -> dict[str, float]:
    """Return what importing the planner costs a fresh process, median of some. [ms], [MB]."""
    path = str(ROOT / "custom_components" / "ems")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{_IMPORT}"]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        for _ in range(rounds)
    ]
    return {
        "import_ms": round(median(float(ms) for ms, _ in runs), 1),
        "import_rss_mb": round(median(float(mb) for _, mb in runs), 1),
    }


def table(cases: list[dict[str, Any]]) -> str:
    """Return the cases for a person."""
    columns = ("name", "steps", "variables", "rows", "binaries", "solves", *_TIMES, "gap_abs", "status")
    rows = [columns, *(tuple(str(case[column]) for column in columns) for case in cases)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)


def main() -> None:
    """Measure every case and print."""
    parser = argparse.ArgumentParser(prog="script/bench plan", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--data", type=Path, help="folder of recorded homes")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="solves per case (at least 9)")
    parser.add_argument(
        "--export", type=Path, help="write every instance and its answer into this folder instead"
    )
    options = parser.parse_args()
    if options.data:
        print("no case of this benchmark reads recorded homes yet: --data changes nothing", file=sys.stderr)
    if options.export:
        for name, minutes, now in CASES:
            export(name, home(minutes, car_now=now), options.export)
        return
    cases = [
        measure(name, home(minutes, car_now=now), max(options.rounds, 9)) for name, minutes, now in CASES
    ]
    cost = import_cost()
    if options.json:
        print(json.dumps({"cases": cases, **cost}))
        return
    print(table(cases))
    print(f"importing the planner in a fresh process: {cost['import_ms']} ms, {cost['import_rss_mb']} MB")


if __name__ == "__main__":
    main()
