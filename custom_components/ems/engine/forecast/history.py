"""What a forecaster remembers: the last weeks of mean power, quarter-hour by quarter-hour."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import DAY_S, Ints
from ..steps import Floats, Steps
from .series import closed_series

BIN_S = 900
# Eight of each weekday. With a half-life of 4.5 days nothing older would weigh anything.
MEMORY_BINS = 56 * DAY_S // BIN_S
# 0.1 W: keeps the stored state short, and what is restored equal to what was stored.
DECIMALS = 4


class RecentHistory:
    """A table in UTC quarter-hours that ends with the newest one learned.

    What is learned twice counts once, and the order of learning does not matter within the memory's reach.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._first_bin: int
        self._kw: Floats
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._first_bin = 0
        self._kw = np.full(MEMORY_BINS, np.nan)

    def add(self, starts_s: ArrayLike, values_kw: ArrayLike, interval_s: float | None = None) -> None:
        """Take in mean power per interval.

        Parameters
        ----------
        starts_s : Starts of the intervals, any order, shape (m,). [s since epoch]
        values_kw : Mean power, NaN where it is not known, shape (m,). [kW]
        interval_s : Width of the intervals; by default the commonest distance of the starts. [s]
        """
        at_s, values = closed_series(starts_s, values_kw, interval_s)
        if len(at_s):
            recent = at_s > at_s[-1] - (MEMORY_BINS + 1) * BIN_S
            self._write(at_s[recent], values[recent])

    def _write(self, at_s: Floats, values: Floats) -> None:
        first, last = int(at_s[0] // BIN_S), int(-(-at_s[-1] // BIN_S))
        means = Steps(edges_s=BIN_S * np.arange(first, last + 1, dtype=np.float64)).mean_of(at_s, values)
        self._reach(last)
        bins = np.arange(first, last) - self._first_bin
        known = np.isfinite(means) & (bins >= 0)
        self._kw[bins[known]] = np.round(means[known], DECIMALS)

    def _reach(self, end_bin: int) -> None:
        """Move the table forward so that it holds everything before `end_bin`."""
        if np.isnan(self._kw).all():
            self._first_bin = end_bin - MEMORY_BINS
        shift = end_bin - (self._first_bin + MEMORY_BINS)
        if shift > 0:
            kept = self._kw[min(shift, MEMORY_BINS) :]
            self._kw = np.concatenate([kept, np.full(MEMORY_BINS - len(kept), np.nan)])
            self._first_bin += shift

    def before(self, instant_s: float) -> tuple[Ints, Floats]:
        """Return starts [s] and values [kW] of the known quarter-hours that end no later than an instant."""
        starts = BIN_S * (self._first_bin + np.arange(MEMORY_BINS))
        known = np.isfinite(self._kw) & (starts + BIN_S <= instant_s)
        return starts[known], self._kw[known]

    def state(self) -> dict[str, Any]:
        """Return what is remembered in a form that JSON can hold."""
        known = np.flatnonzero(np.isfinite(self._kw))
        first = int(known[0]) if len(known) else 0
        kept = self._kw[first : known[-1] + 1] if len(known) else self._kw[:0]
        return {
            "start_s": BIN_S * (self._first_bin + first),
            "kw": [None if np.isnan(kw) else float(kw) for kw in kept],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Replace what is remembered by a stored state."""
        self.clear()
        values = np.array(state["kw"], dtype=np.float64)
        self.add(state["start_s"] + BIN_S * np.arange(len(values), dtype=np.float64), values, BIN_S)
