"""Slow quantities worked out an hour at a time, because one array costs as little as one number."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

BLOCK_S = 3600
GRAIN_S = 10  # clouds take minutes, voltages too


class Trace:
    """A function of time, cached by the hour and read between its grains."""

    def __init__(self, of: Callable[[Floats], Floats]) -> None:
        """Take a function from instants (n,) to rows (n, k)."""
        self._of = of
        self._block: int | None = None
        self._rows: Floats = np.empty((0, 0))

    def at(self, at_s: float) -> list[float]:
        """Return the k values at an instant, linear between grains."""
        block = int(at_s // BLOCK_S)
        if block != self._block:
            grains = block * BLOCK_S + GRAIN_S * np.arange(BLOCK_S // GRAIN_S + 1, dtype=np.float64)
            self._rows, self._block = self._of(grains), block
        position = (at_s - block * BLOCK_S) / GRAIN_S
        left = int(position)
        w = position - left
        row: list[float] = ((1 - w) * self._rows[left] + w * self._rows[left + 1]).tolist()
        return row
