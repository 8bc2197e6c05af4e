"""As yesterday: the simplest forecaster, and the one that every other has to beat."""

from datetime import tzinfo
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import DAY_S, HOUR_S, Ints, local_day_and_second, utc_offsets_s
from ..steps import Floats, Steps
from .result import Forecast

BASIS: Final = "persistence"
# An hour that was not measured yesterday is looked for on the days before it.
_REACH_DAYS: Final = 14
# By how much days differ from the day before, at the same hour and its neighbours, over the last four weeks.
_BAND_DAYS: Final = 28
_LEVELS: Final = (0.1, 0.5, 0.9)


class PersistenceForecaster:
    """The same hour of the local clock on the youngest day that is known, with the spread of day against day.

    Parameters
    ----------
    zone : The home's time zone.
    starts_s, values_kw : Mean power of whole hours, NaN where it is not known, shape (m,). Never below 0.
    """

    def __init__(self, zone: tzinfo, starts_s: ArrayLike, values_kw: ArrayLike) -> None:
        """Lay the hours out in a row without holes."""
        starts, values = np.asarray(starts_s, dtype=np.float64), np.asarray(values_kw, dtype=np.float64)
        hours = (starts // HOUR_S).astype(np.int64)
        self._zone = zone
        self._first = int(hours.min()) if len(hours) else 0
        self._kw = np.full(int(hours.max()) - self._first + 1 if len(hours) else 0, np.nan)
        self._kw[hours - self._first] = values

    def is_usable(self, issued_at_s: float) -> bool:
        """Tell whether every time of the day was seen in the days before an instant."""
        now = int(issued_at_s // HOUR_S)
        return bool(np.isfinite(self._same_hour(np.arange(now, now + 24), now)).all())

    def forecast(self, issued_at_s: float, steps: Steps) -> Forecast:
        """Answer with mean and band, shape (n,) each, from hours that ended before `issued_at_s`. [kW].

        Raises ValueError where not even one hour of the last two weeks is known at some time of the day.
        """
        hours = _hours_of(steps)
        mean = self._same_hour(hours, int(issued_at_s // HOUR_S))
        if np.isnan(mean).any():
            raise ValueError("history: too little is known for saying as yesterday")
        spread = self._spread(hours, int(issued_at_s // HOUR_S))
        low, middle, high = np.maximum(mean + spread, 0.0)
        starts_s = HOUR_S * hours.astype(np.float64)
        rows = (mean, np.minimum(low, mean), middle, np.maximum(high, mean))
        values = [steps.mean_of(starts_s, row) for row in rows]
        return Forecast(
            issued_at_s=issued_at_s,
            steps=steps,
            mean=values[0],
            p10=values[1],
            p50=values[2],
            p90=values[3],
            basis=BASIS,
        )

    def past_error(self, issued_at_s: float, steps: Steps, days_ago: int) -> Floats:
        """Return by how much a stretch of time some days ago differed from the day before it, shape (n,). [kW]."""
        hours = _hours_of(steps) - days_ago * DAY_S // HOUR_S
        known = np.where((hours + 1) * HOUR_S <= issued_at_s, self._at(hours), np.nan)
        error = known - self._at(self._back(hours, 1))
        return steps.mean_of(HOUR_S * (hours + days_ago * DAY_S // HOUR_S).astype(np.float64), error)

    def _at(self, hours: Ints) -> Floats:
        at = hours - self._first
        inside = (at >= 0) & (at < len(self._kw))
        padded = np.append(self._kw, np.nan)
        found: Floats = padded[np.where(inside, at, -1)]
        return found

    def _back(self, hours: Ints, days: int) -> Ints:
        """Return the same time of the local clock some days earlier."""
        past = hours - days * DAY_S // HOUR_S
        moved_s = utc_offsets_s(hours * HOUR_S, self._zone) - utc_offsets_s(past * HOUR_S, self._zone)
        shifted: Ints = past + np.rint(moved_s / HOUR_S).astype(np.int64)
        return shifted

    def _same_hour(self, hours: Ints, now: int) -> Floats:
        """Return the youngest known value of each hour's time of day, NaN where there is none, shape (n,)."""
        reach = range(1, _REACH_DAYS + int((hours[-1] - now) * HOUR_S // DAY_S) + 1)
        back = np.stack([self._back(hours, days) for days in reach])
        values = np.where(back < now, self._at(back), np.nan)
        youngest = np.argmax(np.isfinite(values), axis=0)
        found: Floats = values[youngest, np.arange(len(hours))]
        return found

    def _spread(self, hours: Ints, now: int) -> Floats:
        """Return quantiles of day against day at each hour's time of day, shape (3, n); 0 where nothing is known."""
        past = np.arange(now - _BAND_DAYS * DAY_S // HOUR_S, now)
        change = self._at(past) - self._at(self._back(past, 1))
        slot = local_day_and_second(past * HOUR_S, self._zone)[1] // HOUR_S
        asked = local_day_and_second(hours * HOUR_S, self._zone)[1] // HOUR_S
        found = np.zeros((len(_LEVELS), 24))
        for each in np.unique(asked):
            near = np.isin(slot, (each - 1, each, each + 1)) & np.isfinite(change)
            if near.any():
                found[:, each] = np.quantile(change[near], _LEVELS)
        chosen: Floats = found[:, asked]
        return chosen


def _hours_of(steps: Steps) -> Ints:
    """Return the whole hours that steps touch."""
    first, last = int(steps.edges_s[0] // HOUR_S), int(-(-steps.edges_s[-1] // HOUR_S))
    return np.arange(first, last)
