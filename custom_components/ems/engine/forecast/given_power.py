"""Power that somebody else has computed for the same modules: Forecast.Solar, Solcast, PVGIS, Renewables.ninja."""

from dataclasses import dataclass

import numpy as np

from ..steps import Floats, Steps
from .series import closed_series

HOUR_S = 3600.0


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenPower:
    """Mean power per interval, any order, with gaps (NaN or None).

    Attributes
    ----------
    starts_s : Starts of the intervals, shape (m,). [s since epoch, UTC]
    power_kw : Of the whole installation, shape (m,). [kW]
    interval_s : Width of the intervals; None: the commonest distance of the starts. [s]
    """

    starts_s: Floats
    power_kw: Floats
    interval_s: float | None = None

    def hourly_kw(self, first_hour: int, count: int) -> Floats:
        """Return means over UTC hours, NaN where an hour is not known as a whole, shape (count,). [kW]."""
        return hourly_means(self.starts_s, self.power_kw, self.interval_s, first_hour, count)


def hourly_means(
    starts_s: Floats, values: Floats, interval_s: float | None, first_hour: int, count: int
) -> Floats:
    """Return the means over UTC hours of a series as it comes, NaN where one is not known as a whole."""
    edges = HOUR_S * np.arange(first_hour, first_hour + count + 1, dtype=np.float64)
    at_s, known = closed_series(starts_s, np.asarray(values, dtype=np.float64), interval_s)
    if len(at_s) == 0 or count == 0:
        return np.full(count, np.nan)
    near = slice(
        max(int(np.searchsorted(at_s, edges[0], side="right")) - 1, 0),
        int(np.searchsorted(at_s, edges[-1])) + 1,
    )
    return Steps(edges_s=edges).mean_of(at_s[near], known[near])


def hour_span(starts_s: Floats, interval_s: float | None) -> tuple[int, int]:
    """Return the first UTC hour that a series touches, and how many hours it reaches over."""
    at_s, _ = closed_series(starts_s, np.zeros(len(starts_s)), interval_s)
    if len(at_s) == 0:
        return 0, 0
    first = int(at_s[0] // HOUR_S)
    return first, int(-(-at_s[-1] // HOUR_S)) - first
