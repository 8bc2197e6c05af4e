"""What a leaning adds to a home's program, and what a kWh counts for under it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ...problem import Problem
from ...site import Battery
from ...steps import Bools, Floats
from ..components import BatteryModel, GridModel, PvModel
from ..components.battery import asked_reserve_kwh
from ..components.component import Horizon
from ..future import Future
from ..program import Program
from ..result import Slack
from .leaning import Leaning, reserve_kwh
from .peak import Peak
from .ramps import Ramps
from .reserve import Reserve
from .sold import SoldFromStore

# Duals are exact to the solver's tolerance; what is smaller shapes nothing. [currency/kWh]
_NOTHING_PER_KWH = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed:
    """What a kWh imported costs and one exported earns once peak, ramps and weights are counted in.

    Series have shape (n,). [currency/kWh]. `shaped` is where the grid's power is held to a line: there a
    battery has to keep to its planned power, for following the load would overshoot it.
    """

    import_price: Floats
    export_price: Floats
    shaped: Bools


class Shape:
    """The terms of a leaning. Nothing is added for a weight of zero: the cheapest bill costs no row more."""

    def __init__(
        self,
        program: Program,
        leaning: Leaning,
        problem: Problem,
        horizon: Horizon,
        *,
        future: Future,
        grid: GridModel,
        pvs: Iterable[PvModel],
        batteries: Mapping[str, BatteryModel],
    ) -> None:
        """Add what is weighed to a program."""
        self._leaning, self._problem = leaning, problem
        self._terms: list[Peak | Ramps] = []
        self._reserves: list[Reserve] = []
        self._sold: SoldFromStore | None = None
        if leaning.peak_per_kw:
            self._terms.append(Peak(program, grid.imports, horizon, problem, leaning.peak_per_kw))
        if leaning.ramp_per_kw:
            self._terms.append(Ramps(program, grid, pvs, horizon, leaning.ramp_per_kw))
        if leaning.sold_per_kwh:
            surplus = sum(future.pv_kw.values(), -future.load_kw)
            self._sold = SoldFromStore(program, grid.exports, horizon, surplus, leaning.sold_per_kwh)
        if leaning.reserve_per_kwh_h:
            self._reserves = [
                Reserve(
                    program,
                    batteries[spec.id],
                    horizon,
                    reserve_kwh=reserve_kwh(spec),
                    price_per_kwh_h=leaning.reserve_per_kwh_h,
                )
                for spec in problem.site.batteries
                if spec.id in batteries and reserve_kwh(spec) > asked_reserve_kwh(spec)
            ]

    def floor_kwh(self, battery: Battery) -> float:
        """Return the energy below which a battery is brought back up for its own sake."""
        comfort = reserve_kwh(battery) if self._leaning.reserve_per_kwh_h else 0.0
        return max(comfort, asked_reserve_kwh(battery), battery.soc_min * battery.capacity_kwh)

    def weighed(self, dual_of: Callable[[str], Floats]) -> Weighed:
        """Return what a kWh counts for under a solution's duals."""
        found = [term.per_kwh(dual_of) for term in self._terms]
        none = np.zeros(len(self._problem.steps))
        imported, exported = (sum(parts, none) for parts in zip(*found, (none, none), strict=True))
        lost = none if self._sold is None else self._sold.per_kwh(dual_of)
        return Weighed(
            import_price=self._problem.import_price_per_kwh + self._leaning.import_per_kwh + imported,
            export_price=self._problem.export_price_per_kwh + exported - lost,
            shaped=(np.abs(imported) > _NOTHING_PER_KWH) | (np.abs(exported) > _NOTHING_PER_KWH),
        )

    def slacks(self, x: Floats) -> list[Slack]:
        """Return the wishes of the leaning that a solution breaks."""
        return [slack for reserve in self._reserves for slack in reserve.slacks(x)]
