"""Energy sold out of a store: what flows out beyond what the sun has left over."""

from collections.abc import Callable

import numpy as np

from ...steps import Floats
from ..components.component import Flow, Horizon
from ..program import Program, Term

ROWS = "grid.sold.above"


class SoldFromStore:
    """Exports s beyond the sun's surplus, priced per kWh.

        s[k] ≥ x[k] - max(Σ available[k] - l[k], 0)        cost = Σ h[k]·price·s[k]

    What is surplus is known beforehand, so that neither curtailing sunshine nor burning it makes s smaller.
    """

    def __init__(
        self, program: Program, exports: Flow, horizon: Horizon, surplus_kw: Floats, price_per_kwh: float
    ) -> None:
        """Add what is sold to a program."""
        self._hours, n = horizon.hours, horizon.n
        sold = program.variables("grid.sold", n, cost=horizon.counted_h * price_per_kwh)
        surplus = np.maximum(surplus_kw, 0)
        program.rows(ROWS, -np.inf, surplus, *exports.terms(1.0), Term(sold, -1.0))

    def per_kwh(self, dual_of: Callable[[str], Floats]) -> Floats:
        """Return what a kWh exported loses by being sold from a store, shape (n,). [currency/kWh]."""
        lost: Floats = -dual_of(ROWS) / self._hours
        return lost
