"""A reserve: energy that a home would rather keep, above the battery's floor."""

import numpy as np

from ...steps import Floats
from ..components import BatteryModel
from ..components.component import Horizon, slack_over
from ..program import Program, Term
from ..result import Slack


class Reserve:
    """Energy r missing from what a home wants to keep, priced per kWh and hour.

    r[k] ≥ reserve - e[k]        cost = Σ h[k]·price·r[k]
    """

    def __init__(
        self,
        program: Program,
        battery: BatteryModel,
        horizon: Horizon,
        *,
        reserve_kwh: float,
        price_per_kwh_h: float,
    ) -> None:
        """Add the wish to a program."""
        self._battery, self._hours, self._price = battery, horizon.counted_h, price_per_kwh_h
        name = f"{battery.name}.reserve"
        self._missing = program.variables(f"{name}.missing", horizon.n, cost=self._hours * price_per_kwh_h)
        wish = np.full(horizon.n, reserve_kwh)
        program.rows(f"{name}.kept", wish, np.inf, Term(battery.energy, 1.0), Term(self._missing, 1.0))

    def slacks(self, x: Floats) -> list[Slack]:
        """Return where the plan dips into the reserve."""
        missing = x[self._missing]
        cost, deepest = self._price * float(missing @ self._hours), float(missing.max())
        return slack_over(missing, "reserve", self._battery.id, amount=deepest, unit="kWh", cost=cost)
