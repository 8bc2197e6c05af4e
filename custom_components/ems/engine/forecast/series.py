"""Measured series as they come: out of order, twice, with holes."""

import numpy as np
from numpy.typing import ArrayLike

from ..steps import Floats

HOUR_S = 3600.0


def _common_width_s(starts_s: Floats) -> float:
    """Return the commonest distance of starts; an hour, as in long-term statistics, when there is but one."""
    if len(starts_s) < 2:
        return HOUR_S
    widths, counts = np.unique(np.diff(starts_s), return_counts=True)
    return float(widths[np.argmax(counts)])


def closed_series(
    starts_s: ArrayLike, values: ArrayLike, interval_s: float | None = None
) -> tuple[Floats, Floats]:
    """Return a step function in order: values hold until the next start, NaN begins where nothing is known.

    Parameters
    ----------
    starts_s : Starts of the intervals, any order, shape (m,). [s since epoch]
    values : One per interval, NaN (or infinite) where it is not known, shape (m,).
    interval_s : Width of the intervals; by default the commonest distance of the starts. [s]
    """
    starts, known = np.asarray(starts_s, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if starts.shape != known.shape or starts.ndim != 1:
        raise ValueError("starts_s, values: need one value per start")
    # Of two values for one start the later one counts; `unique` keeps the first, hence the reversal.
    starts, index = np.unique(starts[::-1], return_index=True)
    known = np.where(np.isfinite(known), known, np.nan)[::-1][index]
    ends = starts + (interval_s or _common_width_s(starts))
    stops = np.append(ends[:-1] < starts[1:], np.ones(min(1, len(starts)), dtype=bool))
    at_s = np.concatenate([starts, ends[stops]])
    order = np.argsort(at_s, kind="stable")
    return at_s[order], np.concatenate([known, np.full(int(stops.sum()), np.nan)])[order]
