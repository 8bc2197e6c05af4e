"""A home with one load of each kind: what can wait, with something to do each day."""

from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.homes import clock_hours
from custom_components.ems.engine.flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.steps import Bools, Floats

_DAY_H: Final = 24.0
# From and to which hour of each day (UTC), and how much. [h], [kWh]
_LOADS: Final = (
    (FlexibleLoad(id="boiler", name="Boiler", kind=LoadKind.CONTINUOUS, power_kw=3.0), 6, 22, 5.0),
    (
        FlexibleLoad(
            id="pool",
            name="Pool pump",
            kind=LoadKind.INTERRUPTIBLE,
            power_kw=1.1,
            min_on_h=0.5,
            min_off_h=0.5,
        ),
        8,
        20,
        5.5,
    ),
    (FlexibleLoad(id="dryer", name="Dryer", kind=LoadKind.BLOCK, power_kw=2.2), 8, 22, 2.2),
    (
        FlexibleLoad(
            id="dishwasher",
            name="Dishwasher",
            kind=LoadKind.PROGRAMME,
            profile_kw=(0.1, 2.0, 2.0, 0.2, 0.1, 1.8, 0.1, 0.1),
        ),
        0,
        24,
        0.0,
    ),
)


def with_chores(problem: Problem) -> Problem:
    """Return a home with four loads that can wait."""
    clock = clock_hours(problem.steps)
    states = {load.id: LoadState(tasks=_tasks(clock, first, last, kwh)) for load, first, last, kwh in _LOADS}
    site = replace(problem.site, loads=tuple(load for load, *_ in _LOADS))
    return replace(problem, site=site, loads=states)


def _tasks(clock: Floats, first: float, last: float, kwh: float) -> tuple[LoadTask, ...]:
    """Return one task per day that is whole or still leaves half of its hours."""
    days = np.unique(np.floor(clock / _DAY_H))
    windows = [_window(clock, day, first, last) for day in days.tolist()]
    least = max(np.count_nonzero(one) for one in windows) / 2
    return tuple(LoadTask(allowed=one, energy_kwh=kwh) for one in windows if np.count_nonzero(one) >= least)


def _window(clock: Floats, day: float, first: float, last: float) -> Bools:
    hour = clock - day * _DAY_H
    return np.asarray((hour >= first) & (hour < last))
