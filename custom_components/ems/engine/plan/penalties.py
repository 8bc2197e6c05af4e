"""What a broken wish costs, derived from the day's own prices so that it means the same in any currency.

The order is what matters: a kWh at the dearest price < the battery's band < a car not ready < the
connection's limit.
"""

from dataclasses import dataclass

import numpy as np

from ..problem import Problem
from .at_stake import prices_at_stake

# Prices of zero all day must not make wishes free.
_SMALLEST_YARDSTICK = 0.1  # currency/kWh
# Leaving the band by one kWh costs twice the dearest kWh, so that no price makes it worthwhile ...
_BAND_LEAVING = 2.0
# ... and staying outside for five hours as much as one: recovery waits for a cheaper hour, not a day.
_BAND_STAYING_PER_H = 0.2
# Dipping into a reserve that people asked for costs one and a half times the dearest kWh: no price is worth that,
# and where energy is short it is given before the band.
RESERVE_OF_BAND = 0.75
# Ties are broken by a cost too small to be seen: 0.01 ct per kWh over the whole horizon.
TIE_PER_KWH = 1e-4
# More than what any use of a kWh is burdened with, so that what is equally good later is done now.
KEEPING_PER_KWH = 2 * TIE_PER_KWH


@dataclass(frozen=True, kw_only=True)
class Penalties:
    """Prices of broken wishes. [currency/kWh, and per hour where said]."""

    band_leaving: float
    band_staying_per_h: float
    limit: float  # import and export above what the connection may carry


def dearest_price(problem: Problem) -> float:
    """Return the size of the dearest price of the horizon, the yardstick of all that is not a bill."""
    return max(
        float(np.abs(problem.import_price_per_kwh).max()),
        float(np.abs(problem.export_price_per_kwh).max()),
        _SMALLEST_YARDSTICK,
    )


def penalties_for(problem: Problem, beside_price: float = 0.0) -> Penalties:
    """Derive penalties from the dearest price, the dearest missing kWh of a car and the horizon.

    beside_price : The most that a kWh can count for beside its price, by strategy: no strategy is worth a
        broken wish either. [currency/kWh]
    """
    dearest = dearest_price(problem)
    shortfalls = [car.shortfall_price_per_kwh for car in problem.cars.values() if car.available]
    shortfalls += prices_at_stake(problem)
    staying = _BAND_STAYING_PER_H * dearest
    # Keeping the connection may cost a battery its band for the whole horizon and a car its deadline twice
    # over.
    leaving = _BAND_LEAVING * (dearest + beside_price)
    band = leaving + staying * float(problem.steps.hours.sum())
    if any(battery.reserve_soc > battery.soc_min for battery in problem.site.batteries):
        band *= 1 + RESERVE_OF_BAND
    return Penalties(
        band_leaving=leaving,
        band_staying_per_h=staying,
        limit=2 * max(band, *shortfalls, 0.0) + 2 * (dearest + beside_price),
    )
