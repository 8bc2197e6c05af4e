"""What a load does without a plan: it runs as soon as its hours begin."""

import numpy as np

from ..flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ..steps import Bools, Floats, Steps
from .held import held_off, held_on
from .run_shape import Runs, begun, run_from_now, runs_within, shape_of, under_way


def at_once(spec: FlexibleLoad, state: LoadState, steps: Steps) -> Floats:
    """Return its power, shape (n,). [kW].

    Full power from the start of each window until the energy is reached, the last step in part; a load that runs
    in one piece begins where that first fits. Tasks with a reward are done as well: nobody is there to weigh it.
    """
    power = spec.power_kw * held_on(spec, state, steps)
    shape, at = under_way(spec, state), begun(state)
    if shape is not None:
        power += _drawn(run_from_now(steps, shape), 0, len(steps))
    in_one_piece = spec.kind in (LoadKind.BLOCK, LoadKind.PROGRAMME)
    usable = ~held_off(spec, state, steps)
    for task in state.tasks:
        if not in_one_piece:
            power = np.maximum(power, _until_done(spec, task, task.allowed & usable, steps.hours))
        elif task is not at:
            runs = runs_within(task.allowed, steps, shape_of(spec, task.energy_kwh))
            power += _drawn(runs, 0, len(steps)) if len(runs.begin) else 0.0
    return power


def is_done(spec: FlexibleLoad, state: LoadState, steps: Steps, power_kw: Floats) -> bool:
    """Return whether a power does all that is asked of a load; what has begun is taken to end well."""
    at = begun(state) if under_way(spec, state) is not None else None
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


def _drawn(runs: Runs, which: int, n: int) -> Floats:
    """Return the power of one of some runs, shape (n,). [kW]."""
    power, own = np.zeros(n), runs.run == which
    power[runs.step[own]] = runs.power_kw[own]
    return power
