"""What if: the same home with other prices, another battery, more sun, other limits."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .. import checks
from ..errors import PlanError
from ..flexible_load import LoadTask
from ..problem import BatteryState, CarState, Problem, Scenario
from ..site import Battery, Preference, PvArray, Strategy
from ..steps import Floats, Steps

NEW_BATTERY: Final = "what_if_battery"
# Home batteries are commonly charged and discharged within two hours.
_HOURS_TO_FILL = 2.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceCourse:
    """Prices that hold from their start to the next one's; the last holds for ever. Shape (m,) each.

    [s since epoch, UTC], [currency/kWh].
    """

    starts_s: Floats
    per_kwh: Floats

    def __post_init__(self) -> None:
        """Refuse what is no course of prices."""
        wrong = np.flatnonzero(~np.isfinite(self.per_kwh))
        if len(wrong):
            raise PlanError("not_a_number", field="price", step=str(int(wrong[0])))
        back = np.flatnonzero(~(np.diff(self.starts_s) > 0))
        if len(back) or not np.all(np.isfinite(self.starts_s)) or not len(self.starts_s):
            at = f"value {int(back[0]) + 2}" if len(back) else "the start"
            raise PlanError("unsorted_times", field="price start", at=at)

    def on(self, steps: Steps, before: Floats) -> Floats:
        """Return the mean over each step, shape (n,); `before` holds in steps that begin before the course."""
        prices = steps.mean_of(self.starts_s, self.per_kwh)
        return np.where(np.isnan(prices), before, prices)


@dataclass(frozen=True, kw_only=True, eq=False)
class PriceChange:
    """Another price: (course, or the home's own)·factor + offset. [currency/kWh]."""

    course: PriceCourse | None = None
    factor: float = 1.0
    offset_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what turns prices round."""
        checks.at_least_zero("price", factor=self.factor)
        checks.between("price", -1e6, 1e6, offset_per_kwh=self.offset_per_kwh)

    def on(self, steps: Steps, own_per_kwh: Floats) -> Floats:
        """Return the changed price, shape (n,)."""
        base = own_per_kwh if self.course is None else self.course.on(steps, own_per_kwh)
        return base * self.factor + self.offset_per_kwh


@dataclass(frozen=True, kw_only=True, eq=False)
class NewArray:
    """An array that is not there, and what it would produce, shape (n,). [kW]."""

    array: PvArray
    available_kw: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class WhatIf:
    """What is to be different; None and 1 leave things as they are.

    Attributes
    ----------
    battery_id : Which battery is meant; None: all of them together, or a new one where there is none.
    battery_capacity_kwh, battery_power_kw : Of what is meant, together; 0 kWh: without it. [kWh], [kW]
    pv_peak_kw : Of all arrays together; their forecasts and inverters grow along. [kW]
    new_array : For a home without one, which `pv_peak_kw` has nothing to scale in.
    load_factor : On all consumption that nobody can move.
    """

    import_price: PriceChange = PriceChange()
    export_price: PriceChange = PriceChange()
    battery_id: str | None = None
    battery_capacity_kwh: float | None = None
    battery_power_kw: float | None = None
    pv_peak_kw: float | None = None
    new_array: NewArray | None = None
    load_factor: float = 1.0
    import_max_kw: float | None = None
    export_max_kw: float | None = None
    strategy: Strategy | None = None
    preference: Preference | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that nothing can have."""
        sizes = {
            name: getattr(self, name)
            for name in ("battery_capacity_kwh", "battery_power_kw", "pv_peak_kw")
            if getattr(self, name) is not None
        }
        checks.at_least_zero("what_if", load_factor=self.load_factor, **sizes)


def apply(problem: Problem, what_if: WhatIf) -> Problem:
    """Return the problem as it would be. Everything that is not named stays, the measured state included.

    Raises
    ------
    PlanError : A battery that is not there, or a size for something that is not there.
    """
    for change in (_prices, _loads, _batteries, _sun, _site):
        problem = change(problem, what_if)
    return problem


def _prices(problem: Problem, what_if: WhatIf) -> Problem:
    """Change prices; wishes stay as far above the dearest kWh as they were, or none would be kept any more."""
    own = problem.import_price_per_kwh
    import_price = what_if.import_price.on(problem.steps, own)
    rise = max(float(import_price.max() - own.max()), 0.0)
    return replace(
        problem,
        import_price_per_kwh=import_price,
        export_price_per_kwh=what_if.export_price.on(problem.steps, problem.export_price_per_kwh),
        cars={id_: _dearer(car, rise) for id_, car in problem.cars.items()},
        loads={
            id_: replace(state, tasks=tuple(_dearer(task, rise) for task in state.tasks))
            for id_, state in problem.loads.items()
        },
    )


def _dearer[T: CarState | LoadTask](wish: T, rise_per_kwh: float) -> T:
    return replace(wish, shortfall_price_per_kwh=wish.shortfall_price_per_kwh + rise_per_kwh)


def _loads(problem: Problem, what_if: WhatIf) -> Problem:
    factor = what_if.load_factor
    return replace(
        problem,
        load_kw=problem.load_kw * factor,
        scenarios=tuple(replace(each, load_kw=each.load_kw * factor) for each in problem.scenarios),
    )


def _site(problem: Problem, what_if: WhatIf) -> Problem:
    """Change the connection, and what the plan leans towards."""
    site, grid = problem.site, problem.site.grid
    grid = replace(
        grid,
        import_max_kw=grid.import_max_kw if what_if.import_max_kw is None else what_if.import_max_kw,
        export_max_kw=grid.export_max_kw if what_if.export_max_kw is None else what_if.export_max_kw,
    )
    site = replace(
        site,
        grid=grid,
        strategy=what_if.strategy or site.strategy,
        preference=what_if.preference or site.preference,
    )
    return replace(problem, site=site)


def _batteries(problem: Problem, what_if: WhatIf) -> Problem:
    capacity, power = what_if.battery_capacity_kwh, what_if.battery_power_kw
    meant = _meant(problem.site.batteries, what_if.battery_id)
    if capacity is None and power is None:
        return problem
    if not meant:
        return _with_new_battery(problem, capacity, power)
    share = _shares([battery.capacity_kwh for battery in meant])
    charge = _shares([battery.charge_max_kw for battery in meant])
    discharge = _shares([battery.discharge_max_kw for battery in meant])
    changed = {
        battery.id: _resized(
            battery,
            capacity_kwh=battery.capacity_kwh if capacity is None else capacity * share[i],
            charge_max_kw=battery.charge_max_kw if power is None else power * charge[i],
            discharge_max_kw=battery.discharge_max_kw if power is None else power * discharge[i],
        )
        for i, battery in enumerate(meant)
    }
    states = {
        battery.id: _with_as_much(problem.batteries[battery.id], battery, changed[battery.id])
        for battery in meant
        if battery.id in problem.batteries
    }
    batteries = tuple(changed.get(battery.id, battery) for battery in problem.site.batteries)
    site = replace(problem.site, batteries=batteries)
    return replace(problem, site=site, batteries={**problem.batteries, **states})


def _meant(batteries: tuple[Battery, ...], id_: str | None) -> tuple[Battery, ...]:
    meant = tuple(battery for battery in batteries if id_ in (None, battery.id))
    if id_ is not None and not meant:
        raise PlanError("unknown_id", field="battery", id=id_)
    return meant


def _shares(sizes: list[float]) -> list[float]:
    """Return each one's share of the whole; equal ones where there is nothing yet."""
    whole = sum(sizes)
    return [size / whole if whole > 0 else 1 / len(sizes) for size in sizes]


def _resized(
    battery: Battery, *, capacity_kwh: float, charge_max_kw: float, discharge_max_kw: float
) -> Battery:
    return replace(
        battery,
        capacity_kwh=capacity_kwh,
        charge_max_kw=charge_max_kw,
        discharge_max_kw=discharge_max_kw,
        charge_curve=_scaled(battery.charge_curve, battery.charge_max_kw, charge_max_kw),
        discharge_curve=_scaled(battery.discharge_curve, battery.discharge_max_kw, discharge_max_kw),
    )


def _scaled(
    curve: tuple[tuple[float, float], ...], before_kw: float, after_kw: float
) -> tuple[tuple[float, float], ...]:
    factor = after_kw / before_kw if before_kw > 0 else 1.0
    return tuple((soc, kw * factor) for soc, kw in curve)


def _with_as_much(state: BatteryState, before: Battery, after: Battery) -> BatteryState:
    """Return a state with as much energy above the floor as is there now, as far as it fits.

    The same state of charge would make a present of energy to a larger battery.
    """
    usable = state.energy_kwh - before.soc_min * before.capacity_kwh
    energy = after.soc_min * after.capacity_kwh + usable
    return replace(state, energy_kwh=min(max(energy, 0.0), after.capacity_kwh))


def _with_new_battery(problem: Problem, capacity_kwh: float | None, power_kw: float | None) -> Problem:
    """Add a battery that begins at its floor."""
    if capacity_kwh is None:
        raise PlanError("nothing_to_change", field="battery_power_kw", other="battery_capacity_kwh")
    power = capacity_kwh / _HOURS_TO_FILL if power_kw is None else power_kw
    battery = Battery(
        id=NEW_BATTERY,
        name="What-if battery",
        capacity_kwh=capacity_kwh,
        charge_max_kw=power,
        discharge_max_kw=power,
    )
    state = BatteryState(energy_kwh=battery.soc_min * capacity_kwh)
    site = replace(problem.site, batteries=(*problem.site.batteries, battery))
    return replace(problem, site=site, batteries={**problem.batteries, NEW_BATTERY: state})


def _sun(problem: Problem, what_if: WhatIf) -> Problem:
    if what_if.pv_peak_kw is None:
        return problem
    peak = peak_kw(problem)
    if peak > 0:
        return _with_more_sun(problem, what_if.pv_peak_kw / peak)
    if what_if.new_array is None:
        raise PlanError("nothing_to_change", field="pv_peak_kw", other="new_array")
    return _with_new_array(problem, what_if.new_array)


def peak_kw(problem: Problem) -> float:
    """Return the size of all arrays together. [kW]."""
    return sum(array.peak_kw for array in problem.site.pvs)


def _with_more_sun(problem: Problem, factor: float) -> Problem:
    arrays = tuple(
        replace(
            array,
            peak_kw=array.peak_kw * factor,
            inverter_max_kw=None if array.inverter_max_kw is None else array.inverter_max_kw * factor,
        )
        for array in problem.site.pvs
    )

    def brighter[T: Problem | Scenario](sun: T) -> T:
        series = {id_: kw * factor for id_, kw in sun.pv_available_kw.items()}
        return replace(sun, pv_available_kw=series)

    scenarios = tuple(brighter(scenario) for scenario in problem.scenarios)
    return replace(brighter(problem), site=replace(problem.site, pvs=arrays), scenarios=scenarios)


def _with_new_array(problem: Problem, new: NewArray) -> Problem:
    """Add an array. In every scenario it produces the same: how its forecast errs is not known."""
    mine = {new.array.id: new.available_kw}

    def lit[T: Problem | Scenario](sun: T) -> T:
        return replace(sun, pv_available_kw={**sun.pv_available_kw, **mine})

    site = replace(problem.site, pvs=(*problem.site.pvs, new.array))
    return replace(lit(problem), site=site, scenarios=tuple(lit(each) for each in problem.scenarios))
