"""Ways the next two days may go: as past days went beside what was expected of them.

Each scenario takes the load's error of one past stretch as it was, hour by hour. The sun of the same stretch comes
as a rank: where it lay, hour by hour, in the band that had been forecast for it, as far as the archive of forecasts
knows; before there are four weeks of that, how bright its days were among the days known. It takes that place in the
band that the solar forecast gives for the days to come. So each keeps its own calibrated spread, and what belongs
together stays together: a dark day on which everybody was at home.
"""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..local_time import DAY_S, local_day_and_second
from ..problem import Scenario
from ..steps import Floats, Steps
from .places import LEVELS as _LEVELS, Places
from .result import Forecast

# Fourteen earn what twenty-eight do on most homes, in half the time; from fewer than five there is nothing to learn.
MANY: Final = 14
FEWEST: Final = 5
# Of a past stretch: with more unknown it tells little.
_KNOWN_SHARE: Final = 0.9


class RemembersErrors(Protocol):
    """A forecaster that can say how wrong it was."""

    def past_error(self, issued_at_s: float, steps: Steps, days_ago: int) -> Floats:
        """Return by how much consumption differed from what was expected of it, some days ago. [kW]."""


def make_scenarios(
    issued_at_s: float,
    steps: Steps,
    load: RemembersErrors,
    load_kw: Floats,
    pv: Mapping[str, Forecast],
    production_kwh: Mapping[int, float],
    zone: tzinfo,
    *,
    many: int = MANY,
    places: Places | None = None,
) -> tuple[Scenario, ...]:
    """Return scenarios around the forecasts, newest past day first; none where too few days are known.

    Parameters
    ----------
    load_kw : The mean forecast that the scenarios lie around, shape (n,). [kW]
    production_kwh : What all arrays produced on past days, by local day (`local_day_and_second`).
    places : Where the sun lay in the bands of past forecasts; None where the archive is too young.
    """
    # The youngest stretch that is over as a whole began as long ago as the horizon is long.
    ages = np.arange(many) + int(np.ceil((steps.edges_s[-1] - issued_at_s) / DAY_S))
    errors = [load.past_error(issued_at_s, steps, int(age)) for age in ages]
    known = [i for i, error in enumerate(errors) if np.isfinite(error).mean() >= _KNOWN_SHARE]
    if len(known) < FEWEST:
        return ()
    load_table = np.stack([np.nan_to_num(errors[i]) for i in known])
    load_table = np.maximum(load_kw + load_table - load_table.mean(axis=0), 0.0)
    ranks = day_ranks(steps, ages[known], production_kwh, zone)
    if places is not None:
        ranks = _placed(ranks, places, issued_at_s, steps, ages[known])
    suns = {id_: sun_by_rank(forecast, ranks) for id_, forecast in pv.items()}
    return tuple(
        Scenario(load_kw=load_table[i], pv_available_kw={id_: sun[i] for id_, sun in suns.items()})
        for i in range(len(known))
    )


def _placed(
    ranks: Floats, places: Places, issued_at_s: float, steps: Steps, ages: NDArray[np.intp]
) -> Floats:
    """Return the ranks with those that the archive knows hour by hour in their place, shape (ages, n)."""
    found = ranks.copy()
    for row, age in zip(found, ages, strict=True):
        place = places.on(steps, issued_at_s, int(age))
        if place is not None:
            row[:] = np.where(np.isfinite(place), place, row)
    return found


def day_ranks(
    steps: Steps, ages: NDArray[np.intp], production_kwh: Mapping[int, float], zone: tzinfo
) -> Floats:
    """Return how bright each step's counterpart was among all known days, 0 to 1, shape (ages, n).

    A day nobody knows the production of takes a place of its own by its number, so that the whole band is used
    all the same.
    """
    day = local_day_and_second(steps.starts_s, zone)[0][None, :] - ages[:, None]
    numbers, position = np.unique(day, return_inverse=True)
    amounts = np.array([production_kwh.get(int(number), np.nan) for number in numbers])
    # The golden ratio's multiples spread evenly whatever their number.
    filler = numbers * 0.618_033_988_75 % 1.0
    known = np.isfinite(amounts)
    order = np.argsort(np.argsort(np.where(known, amounts, np.inf), kind="stable"), kind="stable")
    rank = np.where(known, (order + 0.5) / max(int(known.sum()), 1), filler)
    ranks: Floats = rank[position.reshape(day.shape)]
    return ranks


def sun_by_rank(forecast: Forecast, ranks: Floats) -> Floats:
    """Return production at each rank within a forecast's band, shape as `ranks`. [kW].

    Straight lines through p10, p50 and p90 and on beyond them; shifted so that the mean of all is the forecast's.
    """
    low, middle, high = forecast.p10, forecast.p50, forecast.p90
    below = middle + (ranks - _LEVELS[1]) * (middle - low) / (_LEVELS[1] - _LEVELS[0])
    above = middle + (ranks - _LEVELS[1]) * (high - middle) / (_LEVELS[2] - _LEVELS[1])
    drawn = np.maximum(np.where(ranks < _LEVELS[1], below, above), 0.0)
    dark = forecast.p90 <= 0
    scale = np.divide(
        forecast.mean, drawn.mean(axis=0), out=np.ones_like(low), where=drawn.mean(axis=0) > 1e-9
    )
    return np.where(dark, forecast.mean, drawn * scale)
