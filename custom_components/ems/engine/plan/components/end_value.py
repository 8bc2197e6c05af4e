"""What stored energy is worth when the horizon ends: concave, piecewise linear, instead of an end target."""

from dataclasses import dataclass

import numpy as np

from ...problem import Problem
from ...site import Battery
from ...steps import Floats

# Energy for half a day of ordinary net consumption replaces dear imports; what is stored beyond waits for a
# cheap hour.
_NEEDED_SOON_H = 12.0
_CHEAP_SHARE = 25.0  # percentile of prices at which a patient home refills


@dataclass(frozen=True, kw_only=True, eq=False)
class EndValue:
    """Widths of the segments of stored energy and what a kWh in each is worth, never rising.

    [kWh], [currency/kWh].
    """

    widths_kwh: Floats
    per_kwh: Floats

    def of(self, energy_kwh: float) -> float:
        """Return the value of a stored energy; the outer slopes hold beyond the segments."""
        filled = np.clip(energy_kwh - np.cumsum(self.widths_kwh) + self.widths_kwh, 0.0, self.widths_kwh)
        rest = energy_kwh - float(filled.sum())
        return float(filled @ self.per_kwh) + rest * float(self.per_kwh[0 if rest < 0 else -1])


def end_value(battery: Battery, problem: Problem, top_kwh: float) -> EndValue:
    """Value stored energy at what replacing it would cost.

    What is needed soon is worth (mean import price - wear)·η_d, the rest what a cheap hour asks for it.

    The mean price less wear, times the efficiency, earned on real homes what finer shapes did. The second
    slope is what refilling costs in a cheap hour; without it a full battery would be worth as much per kWh as
    a half-full one.
    """
    prices, eta = problem.import_price_per_kwh, battery.discharge_efficiency
    hours = problem.steps.hours
    soon = max((float(prices @ hours / hours.sum()) - battery.wear_per_kwh) * eta, 0.0)
    cheap = max(float(np.percentile(prices, _CHEAP_SHARE)) / battery.charge_efficiency, 0.0)
    consumption_kw = max(float(problem.load_kw @ hours / hours.sum()), 0.0)
    needed = min(consumption_kw * _NEEDED_SOON_H / eta, top_kwh)
    return EndValue(
        widths_kwh=np.array([needed, max(top_kwh - needed, 0.0)]), per_kwh=np.array([soon, min(soon, cheap)])
    )
