"""How far powers can go: what the connection leaves for a battery, and what the home can ask of the connection.

Bounds that hold anyway cost nothing and make the program smaller to search: they are the big-M of every direction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..site import Battery, Grid
from ..steps import Floats
from .components import BatteryModel, HybridModel, PvModel
from .components.battery import Room
from .components.dc_bus import DcSun
from .components.grid import Reach
from .consumers import Consumers
from .given import Given

# Room for rounding between a bound and what the bus balance asks for. [kW]
_MARGIN_KW: Final = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounds:
    """What is known of a home before its stores and its connection are in the program.

    arrays : What can be held back and is behind no inverter.
    """

    grid: Grid
    given: Given
    arrays: Mapping[str, PvModel]
    consumers: Consumers

    def room(self, spec: Battery, energy_kwh: float, own: DcSun | None) -> Room:
        """Return what the connection, the load, the sun and the cars leave for a battery, at its terminal.

        own : What is behind the same inverter; None: the battery has none.
        """
        charge = self.given.import_max_kw - self.given.fixed_kw + self._sun_kw(beside=own)
        charge = charge + self.consumers.feeds_kw
        discharge = self.given.export_max_kw - self.given.surplus_kw + self.consumers.most_kw
        charge_kw, discharge_kw = np.maximum(charge, 0), np.maximum(discharge, 0)
        return Room(
            charge_kw=charge_kw if own is None else own.for_charging_kw(charge_kw),
            discharge_kw=discharge_kw if own is None else own.for_discharging_kw(discharge_kw),
            floor_may_break=energy_kwh < spec.soc_min * spec.capacity_kwh or self._is_import_short(),
            ceiling_may_break=energy_kwh > spec.soc_max * spec.capacity_kwh or self._is_export_short(),
        )

    def reach(self, on_bus: Iterable[BatteryModel | PvModel | HybridModel]) -> Reach:
        """Return the most the home can draw and give: the grid's own bounds, and its big-M."""
        draw = self.given.fixed_kw + self.consumers.most_kw
        give = self.consumers.feeds_kw - self.given.fixed_kw
        for part in on_bus:
            match part:
                case PvModel():
                    draw = draw - np.minimum(part.available_kw, 0)
                    give = give + np.maximum(part.available_kw, 0)
                case BatteryModel():
                    draw, give = draw + part.charge.upper, give + part.discharge.upper
                case HybridModel():
                    draw, give = draw + part.draw.upper, give + part.give.upper
        return Reach(import_kw=np.maximum(draw, 0) + _MARGIN_KW, export_kw=np.maximum(give, 0) + _MARGIN_KW)

    def _sun_kw(self, *, beside: DcSun | None) -> Floats:
        """Return the most that sun to be decided, but for one inverter's own, can give the home, shape (n,)."""
        most = np.zeros_like(self.given.fixed_kw)
        for array in self.arrays.values():
            most += np.maximum(array.available_kw, 0)
        for sun in self.given.suns.values():
            if sun is not beside:
                most += sun.most_ac_kw
        return most

    def _is_import_short(self) -> bool:
        """Return whether the connection cannot carry what nobody can move: a battery may have to help."""
        forced_kw = self.consumers.forced_kw
        each = any(np.any(kw + forced_kw > self.grid.phase_max_kw) for kw in self.given.by_phase)
        return each or bool(np.any(self.given.fixed_kw + forced_kw > self.given.import_max_kw))

    def _is_export_short(self) -> bool:
        each = any(np.any(-kw > self.grid.phase_max_kw) for kw in self.given.by_phase)
        return each or bool(np.any(self.given.surplus_kw > self.given.export_max_kw))
