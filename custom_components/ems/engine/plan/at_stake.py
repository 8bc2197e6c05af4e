"""What an overloaded connection is weighed against where a load draws all of its power or none."""

from collections.abc import Iterator

from ..flexible_load import FlexibleLoad, LoadKind, LoadTask
from ..problem import Problem

# The smallest overload worth leaving a whole run out for: 40 W for a quarter of an hour, which no fuse notices.
_OVERLOAD_KWH = 0.01


def prices_at_stake(problem: Problem) -> list[float]:
    """Return what each task of the loads has at stake per kWh of overload. [currency/kWh].

    A continuous load draws a kWh less to save a kWh. One that is on or off, or runs in one piece, may have to
    leave out a whole run for the last bit of an overload, so that its price counts by the size of that run.
    """
    return [
        price_of_leaving(task) * max(_piece_kwh(spec, task) / _OVERLOAD_KWH, 1.0)
        for spec, task in _tasks(problem)
    ]


def _tasks(problem: Problem) -> Iterator[tuple[FlexibleLoad, LoadTask]]:
    for spec in problem.site.loads:
        if spec.id in problem.loads and problem.loads[spec.id].available:
            yield from ((spec, task) for task in problem.loads[spec.id].tasks)


def price_of_leaving(task: LoadTask) -> float:
    """Return what a kWh of a task costs that stays undone: its shortfall, or the reward it does not earn.

    [currency/kWh].
    """
    if task.reward is None:
        return task.shortfall_price_per_kwh
    return task.reward / task.energy_kwh if task.energy_kwh > 0 else 0.0


def _piece_kwh(spec: FlexibleLoad, task: LoadTask) -> float:
    """Return the least that can be left out. [kWh]."""
    if spec.kind is LoadKind.CONTINUOUS:
        return spec.power_min_kw * 0.25
    if spec.kind is LoadKind.INTERRUPTIBLE:
        return spec.power_kw * max(spec.min_on_h, 0.25)
    return task.energy_kwh
