"""What a forecaster remembers: two to three years of mean power, quarter-hour by quarter-hour."""

import base64
from typing import Any, Final
import zlib

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import DAY_S, Ints
from ..steps import Floats, Steps
from .series import closed_series

BIN_S = 900
# Memory ends at the border of a block of 52 weeks, counted from 1970: what is remembered follows from the newest
# value alone, not from when the others came, and all that was learned from it need not be learned anew each day.
BLOCK_BINS = 364 * DAY_S // BIN_S
MEMORY_BINS = 3 * BLOCK_BINS
# 0.1 W: keeps the stored state short, and what is restored equal to what was stored.
DECIMALS = 4
_UNKNOWN: Final = np.iinfo(np.int32).min


class History:
    """A table in UTC quarter-hours, NaN where nothing is known.

    What is learned twice counts once, and the order of learning does not matter within the memory's reach.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._first_bin = 0
        self._kw: Floats = np.zeros(0)

    def add(self, starts_s: ArrayLike, values_kw: ArrayLike, interval_s: float | None = None) -> float:
        """Take in mean power per interval, and return the first instant at which that changed something. [s].

        Infinite if it changed nothing; minus infinite if the memory has moved on and forgot its oldest year.

        Parameters
        ----------
        starts_s : Starts of the intervals, any order, shape (m,). [s since epoch]
        values_kw : Mean power, NaN where it is not known, shape (m,). [kW]
        interval_s : Width of the intervals; by default the commonest distance of the starts. [s]
        """
        at_s, values = closed_series(starts_s, values_kw, interval_s)
        if not np.isfinite(values).any():
            return np.inf
        recent = at_s > at_s[-1] - (MEMORY_BINS + 1) * BIN_S
        return self._write(at_s[recent], values[recent])

    def _write(self, at_s: Floats, values: Floats) -> float:
        first, last = int(at_s[0] // BIN_S), int(-(-at_s[-1] // BIN_S))
        means = Steps(edges_s=BIN_S * np.arange(first, last + 1, dtype=np.float64)).mean_of(at_s, values)
        forgot = self._reach(last)
        bins = np.arange(first, last) - self._first_bin
        news = np.isfinite(means) & (bins >= 0)
        bins, means = bins[news], np.round(means[news], DECIMALS)
        changed = bins[self._kw[bins] != means]
        self._kw[bins] = means
        if forgot:
            return -np.inf
        return float(BIN_S * (self._first_bin + changed[0])) if len(changed) else np.inf

    def _reach(self, end_bin: int) -> bool:
        """Make room for everything before `end_bin`, and return whether something known was forgotten for it."""
        first_bin = ((end_bin - 1) // BLOCK_BINS + 1) * BLOCK_BINS - MEMORY_BINS
        if not len(self._kw):
            self._first_bin, self._kw = first_bin, np.full(MEMORY_BINS, np.nan)
        shift = min(first_bin - self._first_bin, MEMORY_BINS)
        if shift <= 0:
            return False
        forgot = bool(np.isfinite(self._kw[:shift]).any())
        self._kw = np.concatenate([self._kw[shift:], np.full(shift, np.nan)])
        self._first_bin = first_bin
        return forgot

    def between(self, since_s: float, until_s: float) -> tuple[Ints, Floats]:
        """Return starts [s] and values [kW] of the known quarter-hours that lie between two instants as a whole."""
        first = int(np.clip(np.ceil(since_s / BIN_S) - self._first_bin, 0, len(self._kw)))
        last = int(np.clip(np.floor(until_s / BIN_S) - self._first_bin, first, len(self._kw)))
        known = first + np.flatnonzero(np.isfinite(self._kw[first:last]))
        return BIN_S * (self._first_bin + known), self._kw[known]

    def state(self) -> dict[str, Any]:
        """Return what is remembered in a form that JSON can hold: tenths of a watt, packed."""
        known = np.flatnonzero(np.isfinite(self._kw))
        if not len(known):
            return {"start_s": 0, "packed": ""}
        kept = self._kw[known[0] : known[-1] + 1]
        whole = np.where(np.isfinite(kept), np.round(np.nan_to_num(kept) * 10**DECIMALS), _UNKNOWN)
        packed = zlib.compress(whole.astype("<i4").tobytes(), 6)
        return {
            "start_s": int(BIN_S * (self._first_bin + known[0])),
            "packed": base64.b64encode(packed).decode("ascii"),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> History:
        """Return what a stored state remembers."""
        history = cls()
        if state["packed"]:
            whole = np.frombuffer(zlib.decompress(base64.b64decode(state["packed"])), dtype="<i4")
            values = np.where(whole == _UNKNOWN, np.nan, whole / 10**DECIMALS)
            history.add(state["start_s"] + BIN_S * np.arange(len(values), dtype=np.float64), values, BIN_S)
        return history
