"""How time grows with finer steps and with more devices."""

from collections.abc import Iterator
from typing import Any, Final

from benchmarks.facility import facility
from benchmarks.homes import HOURS, START_S, home
from benchmarks.measure import shape_of, solve_some, times_of
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.steps import even_steps

# The same 48 hours, from half-hours to a minute and a quarter.
STEPS: Final = (96, 192, 288, 576, 1152, 2304)
DEVICES: Final = (1, 2, 5, 10, 20, 50)
ROUNDS: Final = 9
# The curve is wanted within a coffee.
_SLOW_MS: Final = 300.0


def instances() -> Iterator[tuple[str, int, Problem]]:
    """Return axis, size and instance of every point. All are linear: cars come home in the evening."""
    for n in STEPS:
        yield "steps", n, home(HOURS * 60 / n, car_now=False)
    for n in DEVICES:
        yield "devices", n, facility(even_steps(START_S, HOURS, 15), n, cars_now=False)


def growth() -> Iterator[dict[str, Any]]:
    """Measure every point."""
    for axis, n, problem in instances():
        solved = solve_some(problem, ROUNDS, _SLOW_MS)
        yield {
            "axis": axis,
            "n": n,
            **shape_of(solved[-1].plan),
            **times_of(solved),
            "rounds": len(solved),
        }
