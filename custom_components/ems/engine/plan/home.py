"""Puts a home together: every component on one bus, in one program."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from ..site import Battery, HybridInverter
from ..steps import Floats
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
    SurplusModel,
    load_model,
    net_of_what_cannot_move,
    surplus_kw,
)
from .components.battery import Room
from .components.charger_energy import CarBattery
from .components.component import horizon_of
from .components.dc_bus import DcSun, dc_sun, inverters_by_device, seen_from_home
from .components.end_value import EndValue, end_value
from .components.grid import Reach, export_limits_kw
from .future import Future, expected
from .guide import Aim, Guide, add_aims, add_stay, said_before, stay_price, used_until
from .inputs import Inputs
from .objective import Shape, lean
from .program import Program
from .result import Plan
from .tree import Tree
from .wiring import branches_of, fixed_by_phase

BUS: Final = "bus.balance"
# Room for rounding between a bound and what the bus balance asks for. [kW]
_MARGIN_KW = 1e-3
# From about here on the primal simplex is the faster one on a single path; below they are equal.
_LONG_PATH = 300


class Home:
    """All components of a site in one program, joined by the bus.

        g[k] + Σ pv[k] + Σ (d[k] - c[k]) + Σ (out[k] - in[k]) - Σ ev[k] - Σ load[k] = l[k]

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
        future = future or expected(inputs)
        leaning, steps = lean(inputs.problem), inputs.problem.steps
        self.cars = {id_: leaning.cared_for(car, inputs.problem) for id_, car in inputs.cars.items()}
        self.tasks = {id_: leaning.kept_at(load, inputs.problem) for id_, load in inputs.loads.items()}
        problem = replace(inputs.problem, cars=self.cars, loads=self.tasks)
        site = problem.site
        self.inputs = inputs
        self.program = Program(is_long_path=_is_long_path(future.tree))
        self.horizon = horizon_of(
            problem,
            future.tree,
            import_extra=leaning.import_per_kwh,
            beside_price=leaning.most_per_kwh,
        )
        self.inverter_of = inverters_by_device(site)
        fixed = [future.pv_kw[a.id] for a in site.pvs if not (a.curtailable or a.id in self.inverter_of)]
        self.fixed_kw = net_of_what_cannot_move(future.load_kw, fixed)
        self._fixed_by_phase = fixed_by_phase(problem, future) if site.grid.limits_each_phase else []
        self.phases: PhaseLimits | None = None
        self.export_max_kw = self.horizon.on_nodes(export_limits_kw(site.grid, problem.export_price_per_kwh))

        self.suns = {one.id: dc_sun(one, site, future.pv_kw, self.horizon.n) for one in site.inverters}
        self.pvs = self._arrays(future)
        # Sun behind an inverter cannot be held back for a price: to cars that live on surplus it is simply there.
        unmoved_kw = sum((-sun.most_ac_kw for sun in self.suns.values()), self.fixed_kw)
        on_bus = [array for array in self.pvs.values() if array.id not in self.inverter_of]
        self.surplus_kw = surplus_kw(unmoved_kw, on_bus)
        self.chargers = {
            spec.id: ChargerModel(
                self.program,
                spec,
                self.horizon,
                self.cars[spec.id],
                steps,
                surplus_kw=self.surplus_kw,
                tells_phases=site.grid.limits_each_phase,
            )
            for spec in site.chargers
            if spec.id in self.cars
        }
        self.loads: dict[str, LoadModel] = {
            spec.id: load_model(self.program, spec, self.horizon, self.tasks[spec.id], steps)
            for spec in site.loads
            if spec.id in self.tasks
        }
        self.surplus = self._surplus(on_bus, unmoved_kw)
        self.end_values = end_values(inputs)
        self.batteries = self._batteries(end_values(inputs, leaning.beyond_per_kwh))
        self.hybrids = {one.id: self._hybrid(one) for one in site.inverters}
        self.grid = GridModel(self.program, site.grid, self.horizon, self._reach(), self.export_max_kw)
        self.shape = Shape(
            self.program,
            leaning,
            problem,
            self.horizon,
            future=future,
            grid=self.grid,
            pvs=[array for array in self.pvs.values() if array.curtailable],
            batteries=self.batteries,
        )
        if site.grid.limits_each_phase:
            branches = branches_of(site, self.components)
            self.phases = PhaseLimits(self.program, site.grid, self.horizon, self._fixed_by_phase, branches)
        flows = [term for part in self.components if part is not self.grid for term in part.into_bus()]
        self.program.rows(BUS, self.fixed_kw, self.fixed_kw, *self.grid.into_bus(), *flows)
        self.grid.beside(flows, self.fixed_kw)
        if guide is not None:
            add_aims(self.program, self._aims(guide), self.horizon.penalties.band_leaving / 2)
        self._stay_near(said_before(previous, problem), stay_price(problem))

    def _arrays(self, future: Future) -> dict[str, PvModel]:
        """Return every array whose production is to be decided: it can be held back, or an inverter may clip it."""
        arrays = {}
        for spec in self.inputs.problem.site.pvs:
            inverter = self.inverter_of.get(spec.id)
            if inverter is not None:
                sun = self.suns[inverter.id]
                arrays[spec.id] = PvModel(
                    self.program,
                    spec,
                    self.horizon,
                    sun.available[spec.id],
                    least_kw=sun.least_kw(spec.id),
                    at_home=inverter.dc_to_ac_efficiency,
                )
            elif spec.curtailable:
                arrays[spec.id] = PvModel(self.program, spec, self.horizon, future.pv_kw[spec.id])
        return arrays

    def _hybrid(self, spec: HybridInverter) -> HybridModel:
        return HybridModel(
            self.program,
            spec,
            self.horizon,
            batteries=[self.batteries[id_] for id_ in spec.battery_ids if id_ in self.batteries],
            arrays=[self.pvs[id_] for id_ in spec.pv_ids],
            sun=self.suns[spec.id],
        )

    def _surplus(self, arrays: list[PvModel], unmoved_kw: Floats) -> SurplusModel | None:
        patient = [charger for charger in self.chargers.values() if charger.car.surplus_only]
        if not patient:
            return None
        return SurplusModel(self.program, self.horizon, patient, arrays, unmoved_kw)

    def _batteries(self, worth: Mapping[str, EndValue]) -> dict[str, BatteryModel]:
        models = {}
        for spec in self.inputs.problem.site.batteries:
            if spec.id not in self.inputs.batteries:
                continue
            energy = self.inputs.batteries[spec.id]
            room = self._room(spec, energy)
            models[spec.id] = BatteryModel(self.program, spec, self.horizon, energy, worth[spec.id], room)
        return models

    def _aims(self, guide: Guide) -> list[Aim]:
        """Return what the scenarios want in each store, and brought to each car and load, when they part."""
        aims, hours, last = [], self.horizon.hours, guide.end - 1
        for id_, energy in guide.energy_kwh.items():
            if (battery := self.batteries.get(id_)) is not None:
                aims.append(
                    Aim(columns=battery.energy[last : last + 1], coefficients=np.ones(1), target=energy)
                )
            elif (charger := self.chargers.get(id_)) is not None:
                columns = charger.columns_until(guide.end)
                signed_h = np.concatenate([sign * hours[: guide.end] for sign in charger.signs])
                aims.append(Aim(columns=columns, coefficients=signed_h, target=energy))
            elif (load := self.loads.get(id_)) is not None:
                aims.append(used_until(load.into_bus(), guide.end, hours, energy))
        return aims

    def _stay_near(self, said_kw: Mapping[str, Floats], price_per_kwh: float) -> None:
        """Ask devices to do in the next hour what they were told before, as far as that is free."""
        steered: list[tuple[BatteryModel | ChargerModel | LoadModel, int]] = [
            *((battery, 1) for battery in self.batteries.values()),
            *((charger, -1) for charger in self.chargers.values()),  # they consume
            *((load, -1) for load in self.loads.values()),
        ]
        for part, sign in steered:
            said = said_kw.get(part.id)
            if said is not None:
                add_stay(self.program, part.name, part.into_bus(), sign * said, self.horizon, price_per_kwh)

    def _room(self, spec: Battery, energy_kwh: float) -> Room:
        """Return what the connection, the load, the sun and the cars leave for a battery, at its terminal."""
        inverter = self.inverter_of.get(spec.id)
        own = self.suns[inverter.id] if inverter else None
        charge = self.inputs.problem.site.grid.import_max_kw - self.fixed_kw + self._sun_kw(beside=own)
        charge = charge + self._feeds_kw()
        discharge = self.export_max_kw - self._surplus_kw + self._movable_kw()
        charge_kw, discharge_kw = np.maximum(charge, 0), np.maximum(discharge, 0)
        return Room(
            charge_kw=charge_kw if own is None else own.for_charging_kw(charge_kw),
            discharge_kw=discharge_kw if own is None else own.for_discharging_kw(discharge_kw),
            floor_may_break=energy_kwh < spec.soc_min * spec.capacity_kwh or self._is_import_short(),
            ceiling_may_break=energy_kwh > spec.soc_max * spec.capacity_kwh or self._is_export_short(),
        )

    def _sun_kw(self, *, beside: DcSun | None) -> Floats:
        """Return the most that arrays to be decided, but for one inverter's own, can give the home, shape (n,)."""
        most = np.zeros(self.horizon.n)
        for array in self.pvs.values():
            if array.id not in self.inverter_of:
                most += np.maximum(array.available_kw, 0)
        for sun in self.suns.values():
            if sun is not beside:
                most += sun.most_ac_kw
        return most

    @property
    def _surplus_kw(self) -> Floats:
        """Return what the home gives though nobody wants it to, negative where it draws, shape (n,)."""
        return sum((sun.least_ac_kw for sun in self.suns.values()), -self.fixed_kw)

    def _movable_kw(self) -> Floats:
        """Return the most that all cars and loads that can wait could draw, shape (n,)."""
        most = sum((load.most_kw for load in self.loads.values()), np.zeros(self.horizon.n))
        return sum((car.charge.upper for car in self.chargers.values()), most)

    def _feeds_kw(self) -> Floats:
        """Return the most that all cars could give, shape (n,)."""
        flows = [car.feed.upper for car in self.chargers.values() if car.feed is not None]
        return sum(flows, np.zeros(self.horizon.n))

    def _is_import_short(self) -> bool:
        """Return whether the connection cannot carry what nobody can move: a battery may have to help."""
        grid = self.inputs.problem.site.grid
        forced_kw = sum((load.forced_kw for load in self.loads.values()), np.zeros(self.horizon.n))
        each = any(np.any(kw + forced_kw > grid.phase_max_kw) for kw in self._fixed_by_phase)
        return each or bool(np.any(self.fixed_kw + forced_kw > grid.import_max_kw))

    def _is_export_short(self) -> bool:
        grid = self.inputs.problem.site.grid
        each = any(np.any(-kw > grid.phase_max_kw) for kw in self._fixed_by_phase)
        return each or bool(np.any(self._surplus_kw > self.export_max_kw))

    def _reach(self) -> Reach:
        """Return the most the home can draw and give: the grid's own bounds, and its big-M."""
        draw, give = self.fixed_kw + self._movable_kw(), self._feeds_kw() - self.fixed_kw
        for part in self._on_bus:
            match part:
                case PvModel():
                    draw = draw - np.minimum(part.available_kw, 0)
                    give = give + np.maximum(part.available_kw, 0)
                case BatteryModel():
                    draw, give = draw + part.charge.upper, give + part.discharge.upper
                case HybridModel():
                    draw, give = draw + part.draw.upper, give + part.give.upper
        return Reach(import_kw=np.maximum(draw, 0) + _MARGIN_KW, export_kw=np.maximum(give, 0) + _MARGIN_KW)

    @property
    def balances(self) -> dict[str, str]:
        """Return the rows in which each store keeps its energy, by device id."""
        batteries = {id_: battery.balance for id_, battery in self.batteries.items()}
        cars = {id_: car.energy for id_, car in self.chargers.items()}
        giving = {id_: car.balance for id_, car in cars.items() if isinstance(car, CarBattery)}
        return {**batteries, **giving}

    @property
    def components(self) -> Iterable[Component]:
        """Return every component on the home bus, the grid first."""
        shared = [part for part in (self.surplus, self.phases) if part is not None]
        cars_and_loads = (*self.chargers.values(), *self.loads.values())
        return (self.grid, *self._on_bus, *cars_and_loads, *shared)

    @property
    def _on_bus(self) -> list[BatteryModel | PvModel | HybridModel]:
        """Return stores and sources; inverters speak for what is behind them."""
        parts: list[BatteryModel | PvModel] = [*self.batteries.values(), *self.pvs.values()]
        return [*(part for part in parts if part.id not in self.inverter_of), *self.hybrids.values()]

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
