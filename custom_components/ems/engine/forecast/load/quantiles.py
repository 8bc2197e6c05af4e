"""Quantiles of values that do not count alike."""

from collections.abc import Sequence

import numpy as np

from ...steps import Floats


def weighted_quantiles(values: Floats, weights: Floats, levels: Sequence[float]) -> Floats:
    """Return the quantiles of each column, shape (levels, columns).

    Each value stands at the middle of its own share of the column's weight, with straight lines in between: so a
    day more or less moves a quantile a little, never by a jump.

    Parameters
    ----------
    values, weights : Shape (rows, columns); a column's weights must not all be 0.
    levels : Between 0 and 1.
    """
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    shares = np.take_along_axis(weights, order, axis=0)
    below = np.cumsum(shares, axis=0)
    middle = (below - shares / 2) / below[-1]
    return np.stack([_at_level(ordered, middle, level) for level in levels])


def _at_level(ordered: Floats, middle: Floats, level: float) -> Floats:
    upper = np.clip((middle < level).sum(axis=0), 1, len(ordered) - 1)[None]
    (m0, m1), (v0, v1) = (
        [np.take_along_axis(table, upper - back, axis=0)[0] for back in (1, 0)] for table in (middle, ordered)
    )
    share = np.clip((level - m0) / np.maximum(m1 - m0, 1e-12), 0, 1)
    between: Floats = v0 + share * (v1 - v0)
    return between


def smoothed(table: Floats, share: float) -> Floats:
    """Return a table whose last axis, the hours of a day, gives `share` to either neighbour; the day's ends meet."""
    return (1 - 2 * share) * table + share * (np.roll(table, 1, axis=-1) + np.roll(table, -1, axis=-1))
