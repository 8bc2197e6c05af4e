"""Puts a home together: every component on one bus, in one program."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from ..problem import Problem
from ..site import HybridInverter
from ..steps import Floats
from .bounds import Bounds
from .components import (
    BatteryModel,
    ChargerModel,
    Choice,
    Component,
    GridModel,
    HybridModel,
    LoadModel,
    PhaseLimits,
    PvModel,
)
from .components.charger_energy import CarBattery
from .components.component import horizon_of
from .components.dc_bus import inverters_by_device, seen_from_home
from .components.end_value import EndValue, end_value
from .consumers import Consumers
from .future import Future, expected
from .given import given
from .guide import Aim, Guide, add_aims, add_stay, said_before, stay_price
from .inputs import Inputs
from .objective import Leaning, Shape, lean
from .program import Program
from .result import Plan
from .tree import Tree
from .wiring import branches_of

BUS: Final = "bus.balance"
# From about here on the primal simplex is the faster one on a single path; below they are equal.
_LONG_PATH = 300


class Home:
    """All components of a site in one program, joined by the bus.

        g[k] + Σ pv[k] + Σ (d[k] - c[k]) + Σ (out[k] - in[k]) - Σ ev[k] - Σ load[k] - Σ guest[k] = l[k]

    What hangs behind a hybrid inverter is on a bus of its own; here only the inverter counts (out, in).
    The dual of row k is what one more kWh of consumption in that step would cost, times the step's hours.
    """

    def __init__(
        self,
        inputs: Inputs,
        future: Future | None = None,
        *,
        guide: Guide | None = None,
        previous: Plan | None = None,
    ) -> None:
        """Build the program of a judged problem, on the mean or on a tree of scenarios.

        guide, previous : What the scenarios and the last plan say of the first hour; see `guide.py`.
        """
        future, leaning = future or expected(inputs), lean(inputs.problem)
        problem = leaning.cared(inputs.problem)
        site = problem.site
        self.inputs, self.inverter_of = inputs, inverters_by_device(site)
        self.program = Program(is_long_path=_is_long_path(future.tree))
        self.horizon = horizon_of(
            problem,
            future.tree,
            import_extra=leaning.import_per_kwh,
            beside_price=leaning.most_per_kwh,
        )
        self.given = given(problem, future, self.horizon)
        self.pvs = self._arrays()
        self.consumers = self._consumers(problem)
        self.end_values = end_values(inputs)
        bounds = self._bounds()
        self.batteries = self._batteries(end_values(inputs, leaning.beyond_per_kwh), bounds)
        self.hybrids = {one.id: self._hybrid(one) for one in site.inverters}
        reach = bounds.reach(self._on_bus)
        self.grid = GridModel(
            self.program,
            self.horizon,
            reach,
            import_max_kw=self.given.import_max_kw,
            export_max_kw=self.given.export_max_kw,
        )
        self.shape = self._shape(problem, leaning, future)
        self.phases = self._phases()
        self._join()
        if guide is not None:
            add_aims(self.program, self._aims(guide), self.horizon.penalties.band_leaving / 2)
        self._stay_near(said_before(previous, problem), stay_price(problem))

    @property
    def chargers(self) -> dict[str, ChargerModel]:
        """Return the chargers that have a car, by id."""
        return self.consumers.chargers

    @property
    def loads(self) -> dict[str, LoadModel]:
        """Return the loads of which something is asked, by id."""
        return self.consumers.loads

    def _arrays(self) -> dict[str, PvModel]:
        """Return every array whose production is to be decided: it can be held back, or an inverter may clip it."""
        arrays = {}
        for spec in self.inputs.problem.site.pvs:
            inverter = self.inverter_of.get(spec.id)
            if inverter is not None:
                sun = self.given.suns[inverter.id]
                arrays[spec.id] = PvModel(
                    self.program,
                    spec,
                    self.horizon,
                    sun.available[spec.id],
                    least_kw=sun.least_kw(spec.id),
                    at_home=inverter.dc_to_ac_efficiency,
                )
            elif spec.curtailable:
                arrays[spec.id] = PvModel(self.program, spec, self.horizon, self.given.pv_kw[spec.id])
        return arrays

    def _consumers(self, problem: Problem) -> Consumers:
        return Consumers(
            self.program,
            problem,
            self.horizon,
            guests=self.inputs.guests,
            arrays=list(self._free_arrays.values()),
            unmoved_kw=self.given.unmoved_kw,
        )

    def _bounds(self) -> Bounds:
        grid = self.inputs.problem.site.grid
        return Bounds(grid=grid, given=self.given, arrays=self._free_arrays, consumers=self.consumers)

    def _hybrid(self, spec: HybridInverter) -> HybridModel:
        return HybridModel(
            self.program,
            spec,
            self.horizon,
            batteries=[self.batteries[id_] for id_ in spec.battery_ids if id_ in self.batteries],
            arrays=[self.pvs[id_] for id_ in spec.pv_ids],
            sun=self.given.suns[spec.id],
        )

    def _batteries(self, worth: Mapping[str, EndValue], bounds: Bounds) -> dict[str, BatteryModel]:
        models = {}
        for spec in self.inputs.problem.site.batteries:
            if spec.id not in self.inputs.batteries:
                continue
            energy, inverter = self.inputs.batteries[spec.id], self.inverter_of.get(spec.id)
            room = bounds.room(spec, energy, self.given.suns[inverter.id] if inverter else None)
            models[spec.id] = BatteryModel(self.program, spec, self.horizon, energy, worth[spec.id], room)
        return models

    def _shape(self, problem: Problem, leaning: Leaning, future: Future) -> Shape:
        return Shape(
            self.program,
            leaning,
            problem,
            self.horizon,
            future=future,
            grid=self.grid,
            pvs=[array for array in self.pvs.values() if array.curtailable],
            batteries=self.batteries,
        )

    def _phases(self) -> PhaseLimits | None:
        site = self.inputs.problem.site
        if not site.grid.limits_each_phase:
            return None
        branches = branches_of(site, self._flowing, self.inputs.guests)
        return PhaseLimits(self.program, site.grid, self.horizon, self.given.by_phase, branches)

    def _join(self) -> None:
        """Join all flows on the bus, and tell the connection of them."""
        fixed_kw = self.given.fixed_kw
        flows = [term for part in self.components if part is not self.grid for term in part.into_bus()]
        self.program.rows(BUS, fixed_kw, fixed_kw, *self.grid.into_bus(), *flows)
        self.grid.beside(flows, fixed_kw)

    def _aims(self, guide: Guide) -> list[Aim]:
        """Return what the scenarios want in each store, and brought to each consumer, when they part."""
        last = slice(guide.end - 1, guide.end)
        stores = [
            Aim(columns=battery.energy[last], coefficients=np.ones(1), target=guide.energy_kwh[id_])
            for id_, battery in self.batteries.items()
            if id_ in guide.energy_kwh
        ]
        return stores + self.consumers.aims(guide)

    def _stay_near(self, said_kw: Mapping[str, Floats], price_per_kwh: float) -> None:
        """Ask devices to do in the next hour what they were told before, as far as that is free."""
        steered = [*((store, 1) for store in self.batteries.values()), *((one, -1) for one in self.consumers)]
        for part, sign in steered:
            said = said_kw.get(part.id)
            if said is not None:
                add_stay(self.program, part.name, part.into_bus(), sign * said, self.horizon, price_per_kwh)

    @property
    def balances(self) -> dict[str, str]:
        """Return the rows in which each store keeps its energy, by device id."""
        batteries = {id_: battery.balance for id_, battery in self.batteries.items()}
        cars = {id_: car.energy for id_, car in self.chargers.items()}
        giving = {id_: car.balance for id_, car in cars.items() if isinstance(car, CarBattery)}
        return {**batteries, **giving}

    @property
    def components(self) -> list[Component]:
        """Return every component on the home bus, the grid first."""
        return [*self._flowing, *([] if self.phases is None else [self.phases])]

    @property
    def _flowing(self) -> list[Component]:
        return [self.grid, *self._on_bus, *self.consumers.components]

    @property
    def _free_arrays(self) -> dict[str, PvModel]:
        """Return the arrays to be decided that are behind no inverter."""
        return {id_: array for id_, array in self.pvs.items() if id_ not in self.inverter_of}

    @property
    def _on_bus(self) -> list[BatteryModel | PvModel | HybridModel]:
        """Return stores and sources; inverters speak for what is behind them."""
        stores = [battery for id_, battery in self.batteries.items() if id_ not in self.inverter_of]
        return [*stores, *self._free_arrays.values(), *self.hybrids.values()]

    @property
    def choices(self) -> list[Choice]:
        """Return every choice that may need integers."""
        return [choice for component in self.components for choice in component.choices()]


def _is_long_path(tree: Tree) -> bool:
    return tree.n_scenarios == 1 and len(tree.step) > _LONG_PATH


def end_values(inputs: Inputs, import_extra: float = 0.0) -> dict[str, EndValue]:
    """Return what stored energy is worth at the horizon's end, per usable battery.

    import_extra : What an import counts for on top of its price, by strategy; energy that replaces imports
        counts for as much after the horizon as within it. [currency/kWh]
    """
    problem = inputs.problem
    problem = replace(problem, import_price_per_kwh=problem.import_price_per_kwh + import_extra)
    behind = inverters_by_device(problem.site)
    specs = {spec.id: seen_from_home(spec, behind.get(spec.id)) for spec in problem.site.batteries}
    return {
        id_: end_value(specs[id_], problem, max(specs[id_].capacity_kwh, energy))
        for id_, energy in inputs.batteries.items()
    }
