"""What a load does without a plan: it runs as soon as its hours begin."""

from typing import Final, NamedTuple

import numpy as np

from ..flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ..steps import Bools, Floats, Steps
from .held import held_off, held_on
from .run_shape import begun, run_from_now, runs_within, shape_of, under_way

_IN_ONE_PIECE: Final = (LoadKind.BLOCK, LoadKind.PROGRAMME)


class AtOnce(NamedTuple):
    """Power, and where it is on (a programme may draw nothing for a while), shape (n,) each. [kW]."""

    power_kw: Floats
    is_on: Bools


def at_once(spec: FlexibleLoad, state: LoadState, steps: Steps) -> AtOnce:
    """Return what a load does.

    Full power from the start of each window until the energy is reached, the last step in part; a load that runs
    in one piece begins where that first fits. Tasks with a reward are done as well: nobody is there to weigh it.
    """
    if spec.kind in _IN_ONE_PIECE:
        return _in_one_piece(spec, state, steps)
    power = spec.power_kw * held_on(spec, state, steps)
    usable = ~held_off(spec, state, steps)
    for task in state.tasks:
        power = np.maximum(power, _until_done(spec, task, task.allowed & usable, steps.hours))
    return AtOnce(power, power > 0)


def _in_one_piece(spec: FlexibleLoad, state: LoadState, steps: Steps) -> AtOnce:
    """Return the run that has begun, and the first that fits of each task that has not."""
    shape, at = under_way(spec, state), begun(state)
    found = [] if shape is None else [run_from_now(steps, shape)]
    found += [
        runs_within(task.allowed, steps, shape_of(spec, task.energy_kwh))
        for task in state.tasks
        if task is not at and task.energy_kwh > 0
    ]
    power, on = np.zeros(len(steps)), np.zeros(len(steps), dtype=np.bool_)
    on[0] = state.is_on and spec.kind is LoadKind.PROGRAMME  # it ends by itself
    for runs in found:
        own = runs.run == 0
        power[runs.step[own]] += runs.power_kw[own]
        on[runs.step[own]] = True
    return AtOnce(power, on)


def is_done(spec: FlexibleLoad, state: LoadState, steps: Steps, power_kw: Floats) -> bool:
    """Return whether a power does all that is asked of a load; what has begun is taken to end well."""
    at = begun(state) if spec.kind in _IN_ONE_PIECE else None
    return all(
        float((power_kw * steps.hours)[task.allowed].sum()) >= task.energy_kwh - 1e-9
        for task in state.tasks
        if task is not at
    )


def _until_done(spec: FlexibleLoad, task: LoadTask, usable: Bools, hours: Floats) -> Floats:
    least = spec.power_kw * spec.min_on_h if task.energy_kwh > 0 else 0.0
    offered = np.where(usable, spec.power_kw * hours, 0.0)
    taken = np.minimum(np.cumsum(offered), max(task.energy_kwh, least))
    return np.asarray(np.diff(taken, prepend=0.0) / hours)
