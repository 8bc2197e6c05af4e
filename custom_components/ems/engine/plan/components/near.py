"""The near window: where a plan becomes setpoints, and integers may be asked for."""

import numpy as np
from numpy.typing import NDArray

from ..tree import TRUNK
from .component import Horizon

# Setpoints come from the near window only; beyond it a mean power over the step (a duty cycle) is all a plan
# needs.
NEAR_H = 4.0
NEAR_MAX_STEPS = 24  # 2 h at 5 min


def near_nodes(horizon: Horizon) -> NDArray[np.intp]:
    """Return the nodes of the near window that all futures share: steps 0, 1, … in a row."""
    near = (horizon.begins_h < NEAR_H - 1e-9) & (horizon.tree.step < NEAR_MAX_STEPS)
    return np.flatnonzero(near & (horizon.tree.branch == TRUNK))
