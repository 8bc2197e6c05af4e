"""A relay switched by its own rules towards a wished power: what is left where there is no time for integers."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats

_ROUNDING = 1e-6


@dataclass(kw_only=True)
class Relay:
    """What a relay is and does; `lasted_h` is how long, at least as long as it has to where nobody knows. [h]."""

    power_kw: float
    min_on_h: float
    min_off_h: float
    is_on: bool
    lasted_h: float = field(default=np.inf)


def settled(
    relay: Relay,
    *,
    hours: Floats,
    wished_kw: Floats,
    held_kw: Floats,
    task: NDArray[np.intp],
    may_start: Bools,
    asked_kwh: Floats,
) -> Floats:
    """Return 0 or full power for each of a few steps, so that the energy given follows the one wished for.

    Less than full power is given only where it completes a task. Nothing is begun that could not be ended.

    Parameters
    ----------
    wished_kw, held_kw : What a linear program would like, and what cannot be refused, shape (m,). [kW]
    task : Which of `asked_kwh` a step works on, -1 for none, shape (m,).

    Returns
    -------
    Power, shape (m,). [kW]
    """
    left = {i: float(kwh) for i, kwh in enumerate(asked_kwh)}
    behind, power = dict.fromkeys(left, 0.0), np.zeros(len(hours))
    for k, h in enumerate(hours.tolist()):
        i, full = int(task[k]), relay.power_kw * h
        if i in left:
            behind[i] += float(wished_kw[k]) * h
        given = _given(relay, full, left.get(i, 0.0), behind.get(i, 0.0), may_start=bool(may_start[k]))
        if held_kw[k] > 0:
            # On in any case: at work until the task is done, if there is one.
            given = max(given, float(held_kw[k]) * h, min(full, left.get(i, 0.0)))
        if i in left:
            left[i], behind[i] = max(left[i] - given, 0.0), behind[i] - given
        power[k] = given / h
        is_on = given > _ROUNDING
        relay.lasted_h = relay.lasted_h + h if is_on == relay.is_on else h
        relay.is_on = is_on
    return power


def _given(relay: Relay, full_kwh: float, left_kwh: float, behind_kwh: float, *, may_start: bool) -> float:
    """Return the energy of one step. [kWh]."""
    if relay.is_on and relay.lasted_h < relay.min_on_h - _ROUNDING:
        return full_kwh
    if not relay.is_on and (relay.lasted_h < relay.min_off_h - _ROUNDING or not may_start):
        return 0.0
    needed = min(full_kwh, left_kwh)
    if needed <= _ROUNDING or behind_kwh < needed / 2:
        return 0.0
    return needed if relay.is_on else max(needed, min(full_kwh, relay.power_kw * relay.min_on_h))
