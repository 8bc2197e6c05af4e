"""Where a load that switches on and off is held to what it does now, by the shortest times it keeps."""

import numpy as np

from ..flexible_load import FlexibleLoad, LoadKind, LoadState
from ..steps import Bools, Floats, Steps


def held_on(spec: FlexibleLoad, state: LoadState, steps: Steps) -> Floats:
    """Return the share of each step in which it still has to stay on, 0 to 1, shape (n,)."""
    left_h = _left_h(spec, state, spec.min_on_h) if state.is_on else 0.0
    begins = np.cumsum(steps.hours) - steps.hours
    return np.clip((left_h - begins) / steps.hours, 0.0, 1.0)


def held_off(spec: FlexibleLoad, state: LoadState, steps: Steps) -> Bools:
    """Return the steps in which it may not be on yet, shape (n,); a step begun off stays off."""
    left_h = 0.0 if state.is_on else _left_h(spec, state, spec.min_off_h)
    begins = np.cumsum(steps.hours) - steps.hours
    return np.asarray(begins < left_h - 1e-9)


def _left_h(spec: FlexibleLoad, state: LoadState, least_h: float) -> float:
    """Return how much of a shortest time is still to come; none where nobody knows since when. [h]."""
    if spec.kind is not LoadKind.INTERRUPTIBLE or state.since_h is None:
        return 0.0
    return max(least_h - max(state.since_h, 0.0), 0.0)
