"""How long a plan takes: build, HiGHS' own run, extract.

Medians, warm, one thread; with --json one object on the last line of stdout.
"""

import argparse
import json
from pathlib import Path
from statistics import median
import subprocess
import sys
from typing import Any, Final

from benchmarks.cases import Case, cases
from benchmarks.export import export
from benchmarks.growth import growth
from benchmarks.measure import TIMES, shape_of, solve_some, times_of
from benchmarks.strategies import real_days, table as table_of_weeks

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 11
_FEWEST_ROUNDS: Final = 9
# What design §8 grants to all that is not the solver: so many milliseconds, or this share of its run.
_BESIDE_MS: Final = 3.0
_BESIDE_SHARE: Final = 0.3
_CASE_COLUMNS: Final = (
    "name",
    "steps",
    "variables",
    "rows",
    "binaries",
    "solves",
    *TIMES,
    "cpu_ms",
    "fastest_ms",
    "budget_ms",
    "beside_ms",
    "beside_budget_ms",
    "gap_abs",
    "status",
    "rounds",
)
_GROWTH_COLUMNS: Final = (
    "axis",
    "n",
    "variables",
    "rows",
    *TIMES,
    "cpu_ms",
    "fastest_ms",
    "beside_ms",
    "rounds",
)
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


def measure(case: Case, rounds: int = ROUNDS) -> dict[str, Any]:
    """Solve one case some times and return its shape, its medians and what it was granted."""
    problem = case.problem()
    solved = solve_some(problem, rounds)
    plan, times = solved[-1].plan, times_of(solved)
    if len(problem.scenarios) != plan.stats.scenarios:
        _say(f"{case.name}: asked for {len(problem.scenarios)} scenarios, planned on the mean: no such time")
    granted = {
        "budget_ms": case.budget_ms,
        "beside_budget_ms": round(max(_BESIDE_MS, _BESIDE_SHARE * times["highs_ms"]), 3),
    }
    return {"name": case.name, **shape_of(plan), **times, **granted, "rounds": len(solved)}


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


def table(entries: list[dict[str, Any]], columns: tuple[str, ...] = _CASE_COLUMNS) -> str:
    """Return entries for a person."""
    rows = [columns, *(tuple(_cell(entry[column]) for column in columns) for entry in entries)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows)


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def main() -> None:
    """Write or measure what was asked for, and print."""
    options = _options()
    chosen = [case for case in cases() if not options.only or case.name in options.only]
    if options.export:
        for case in chosen:
            export(case.name, case.problem(), options.export)
            _say(f"{case.name}: written")
        if not options.json:
            return
    found: dict[str, Any] = {
        "cases": [_measured(case, max(options.rounds, _FEWEST_ROUNDS)) for case in chosen],
        "growth": [] if options.only else list(growth()),
        **import_cost(),
    }
    if options.data:
        found["real_days"] = real_days(options.data)
    print(json.dumps(found) if options.json else _for_a_person(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench plan", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--data", type=Path, help="folder of recorded homes: plan their weeks too")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="solves per case (at least 9)")
    names = [case.name for case in cases()]
    parser.add_argument("--only", nargs="+", choices=names, metavar="CASE", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--export", type=Path, metavar="DIR", help="write instances and answers; measure only with --json"
    )
    options = parser.parse_args()
    if options.data and not (options.data / "load" / "homes.csv").is_file():
        parser.error(f"--data: {options.data} has no load/homes.csv; name a folder of recorded homes")
    return options


def _measured(case: Case, rounds: int) -> dict[str, Any]:
    entry = measure(case, rounds)
    _say(f"{case.name}: {entry['total_ms']} ms")
    return entry


def _for_a_person(found: dict[str, Any]) -> str:
    paragraphs = [
        table(found["cases"]),
        table(found["growth"], _GROWTH_COLUMNS) if found["growth"] else "",
        table_of_weeks(found["real_days"]) if "real_days" in found else "",
        f"importing the planner in a fresh process: {found['import_ms']} ms, {found['import_rss_mb']} MB",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _say(text: str) -> None:
    """Show progress where it does not disturb who reads the answer."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
