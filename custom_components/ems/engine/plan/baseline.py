"""What a home does without a plan: self-consumption, with cars and loads that start as soon as they can."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..problem import CarState
from ..site import Battery, Charger
from ..steps import Bools, Floats
from .at_once import AtOnce, at_once, is_done
from .components.battery import charge_lines, discharge_lines
from .components.dc_bus import dc_sun, inverters_by_device
from .components.end_value import EndValue
from .components.grid import export_limits_kw, import_limits_kw
from .costs import account
from .dc_side import DcSide
from .inputs import Inputs
from .result import Costs, DevicePlan


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """What every device does under the rule. Series have shape (n,), energies (n + 1,). [kW], [kWh]."""

    import_kw: Floats
    export_kw: Floats
    pv_kw: Mapping[str, Floats]
    car_kw: Mapping[str, Floats]
    load_kw: Mapping[str, Floats]
    load_on: Mapping[str, Bools]
    guests: Mapping[str, DevicePlan]
    battery_kw: Mapping[str, Floats]  # + discharge
    energy_kwh: Mapping[str, Floats]
    inverter_kw: Mapping[str, Floats]  # + into the home
    costs: Costs
    # False where the rule breaks a limit or a wish that a plan has to keep.
    feasible: bool = field(default=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """What draws power as soon as it can."""

    car_kw: Mapping[str, Floats]
    loads: Mapping[str, AtOnce]
    guests: Mapping[str, DevicePlan]

    @property
    def load_kw(self) -> dict[str, Floats]:
        """Return what loads that could wait draw, by id."""
        return {id_: load.power_kw for id_, load in self.loads.items()}

    @property
    def kw(self) -> list[Floats]:
        """Return the power of each."""
        return [
            *self.car_kw.values(),
            *self.load_kw.values(),
            *(one.power_kw for one in self.guests.values()),
        ]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stores:
    """What batteries do: power (+ discharge) and energy, by id."""

    battery_kw: Mapping[str, Floats]
    energy_kwh: Mapping[str, Floats]


def self_consumption(inputs: Inputs, end_values: Mapping[str, EndValue]) -> Schedule:
    """Follow the rule through the horizon.

    Cars draw full power from plug-in until they have what they need, loads that can wait from the start of their
    hours; hybrid inverters give their sun to the home first; batteries, in the site's order, take surplus and cover
    consumption within their band; an array that can be curtailed keeps to the export limit.
    """
    problem, site = inputs.problem, inputs.problem.site
    hours, asked = problem.steps.hours, _asked(inputs)
    sides = {
        one.id: DcSide(dc_sun(one, site, inputs.pv_kw, len(hours)), len(hours)) for one in site.inverters
    }
    stores, net = _batteries(inputs, sides, _net_without_stores(inputs, asked, sides))
    export_max_kw = export_limits_kw(site.grid, problem.export_price_per_kwh)
    pv_kw, net = _curtail_to_limit(inputs, net, export_max_kw, sides)
    import_kw, export_kw = np.maximum(net, 0), np.maximum(-net, 0)
    import_max_kw = import_limits_kw(site.grid, len(hours), problem.import_cap_kw)
    within = np.all(import_kw <= import_max_kw + 1e-9) and np.all(export_kw <= export_max_kw + 1e-9)
    return Schedule(
        import_kw=import_kw,
        export_kw=export_kw,
        pv_kw=pv_kw,
        car_kw=asked.car_kw,
        load_kw=asked.load_kw,
        load_on={id_: load.is_on for id_, load in asked.loads.items()},
        guests=asked.guests,
        battery_kw=stores.battery_kw,
        energy_kwh=stores.energy_kwh,
        inverter_kw={id_: side.power_kw for id_, side in sides.items()},
        costs=account(
            problem,
            import_kw=import_kw,
            export_kw=export_kw,
            discharge_kw={id_: np.maximum(kw, 0) for id_, kw in stores.battery_kw.items()},
            energy_kwh=stores.energy_kwh,
            end_values=end_values,
        ),
        feasible=bool(within) and _keeps_wishes(inputs, asked.car_kw, asked.load_kw),
    )


def _asked(inputs: Inputs) -> _Asked:
    site, steps = inputs.problem.site, inputs.problem.steps
    return _Asked(
        car_kw={
            spec.id: _on_plug_in(spec, inputs.cars[spec.id], steps.hours)
            for spec in site.chargers
            if spec.id in inputs.cars
        },
        loads={
            spec.id: at_once(spec, inputs.loads[spec.id], steps)
            for spec in site.loads
            if spec.id in inputs.loads
        },
        guests={guest.id: guest.by_rule(steps) for guest in inputs.guests},
    )


def _net_without_stores(inputs: Inputs, asked: _Asked, sides: Mapping[str, DcSide]) -> Floats:
    """Return what the home needs before batteries do anything, shape (n,). [kW]."""
    problem, behind = inputs.problem, inverters_by_device(inputs.problem.site)
    hours, sun = problem.steps.hours, [kw for id_, kw in inputs.pv_kw.items() if id_ not in behind]
    given = _total([*sun, *(side.power_kw for side in sides.values())], hours)
    return problem.load_kw + _total(asked.kw, hours) - given


def _batteries(inputs: Inputs, sides: Mapping[str, DcSide], net_kw: Floats) -> tuple[_Stores, Floats]:
    """Return what batteries do, one after the other, and what the home needs then."""
    site, hours = inputs.problem.site, inputs.problem.steps.hours
    inverter_of, battery_kw, energy_kwh = inverters_by_device(site), {}, {}
    for spec in site.batteries:
        if spec.id not in inputs.batteries:
            continue
        inverter, now_kwh = inverter_of.get(spec.id), inputs.batteries[spec.id]
        side = None if inverter is None else sides[inverter.id]
        seen = net_kw if side is None else side.at_terminal(net_kw)
        kw, energy_kwh[spec.id] = follow(spec, now_kwh, seen, hours)
        battery_kw[spec.id] = kw
        net_kw = net_kw - kw if side is None else side.carry(kw, net_kw)
    return _Stores(battery_kw=battery_kw, energy_kwh=energy_kwh), net_kw


def _total(series: Iterable[Floats], hours: Floats) -> Floats:
    return sum(series, np.zeros_like(hours))


def _on_plug_in(spec: Charger, car: CarState, hours: Floats) -> Floats:
    """Return full power while plugged in until the need is met, the last step in part. [kW]."""
    offered = np.where(car.connected, spec.power_max_kw * hours, 0.0)
    taken = np.minimum(np.cumsum(offered), max(car.energy_needed_kwh, 0.0))
    return np.diff(taken, prepend=0.0) / hours


def follow(spec: Battery, energy_now_kwh: float, net_kw: Floats, hours: Floats) -> tuple[Floats, Floats]:
    """Return power (+ discharge) and stored energy of a battery that follows the net load.

    net_kw : Shape (n,), + where the home needs it. The energies have shape (n + 1,). [kW], [kWh]
    """
    floor, ceiling = spec.soc_min * spec.capacity_kwh, spec.soc_max * spec.capacity_kwh
    takes, gives = charge_lines(spec, energy_now_kwh), discharge_lines(spec, energy_now_kwh)
    eta_c, eta_d = spec.charge_efficiency, spec.discharge_efficiency
    energy, power = [energy_now_kwh], []
    for net, h in zip(net_kw.tolist(), hours.tolist(), strict=True):
        now = energy[-1]
        if net >= 0:
            kw = min(net, gives.most_at(now, -h / eta_d), max(now - floor, 0.0) * eta_d / h)
            energy.append(now - kw * h / eta_d)
        else:
            kw = -min(-net, takes.most_at(now, h * eta_c), max(ceiling - now, 0.0) / (eta_c * h))
            energy.append(now - kw * h * eta_c)
        power.append(kw)
    return np.array(power), np.array(energy)


def _curtail_to_limit(
    inputs: Inputs, net_kw: Floats, export_max_kw: Floats, sides: Mapping[str, DcSide]
) -> tuple[dict[str, Floats], Floats]:
    """Hold curtailable arrays below what they could do where exports would pass the limit."""
    site, pv_kw = inputs.problem.site, dict(inputs.pv_kw)
    inverter_of = inverters_by_device(site)
    over, cuts = np.maximum(-net_kw - export_max_kw, 0), {}
    for array in site.pvs:
        if not array.curtailable:
            continue
        if (inverter := inverter_of.get(array.id)) is None:
            cut = np.minimum(over, np.maximum(pv_kw[array.id], 0))
            pv_kw[array.id] = pv_kw[array.id] - cut
        else:
            cut = cuts[array.id] = sides[inverter.id].hold_back(array.id, over)
        over, net_kw = over - cut, net_kw + cut
    for side in sides.values():
        pv_kw |= side.pv_kw(cuts)
    return pv_kw, net_kw


def _keeps_wishes(inputs: Inputs, car_kw: Mapping[str, Floats], load_kw: Mapping[str, Floats]) -> bool:
    """Return whether batteries start in their band, cars are ready and loads are done in time under the rule.

    Cars that are to charge from surplus alone have to have done so.
    """
    loads = (spec for spec in inputs.problem.site.loads if spec.id in load_kw)
    if not all(
        is_done(spec, inputs.loads[spec.id], inputs.problem.steps, load_kw[spec.id]) for spec in loads
    ):
        return False
    specs = {spec.id: spec for spec in inputs.problem.site.batteries}
    in_band = all(
        specs[id_].soc_min * specs[id_].capacity_kwh <= energy <= specs[id_].soc_max * specs[id_].capacity_kwh
        for id_, energy in inputs.batteries.items()
    )
    return in_band and _keeps_cars(inputs, car_kw)


def _keeps_cars(inputs: Inputs, car_kw: Mapping[str, Floats]) -> bool:
    """Return whether cars are ready in time, and from surplus where nothing else is to be used."""
    ends, hours = inputs.problem.steps.edges_s[1:], inputs.problem.steps.hours
    surplus_kw = np.maximum(_total(inputs.pv_kw.values(), hours) - inputs.problem.load_kw, 0)
    patient = _total((car_kw[id_] for id_, car in inputs.cars.items() if car.surplus_only), hours)
    return bool(np.all(patient <= surplus_kw + 1e-9)) and all(
        float((car_kw[id_] * hours)[ends <= (car.ready_at_s or np.inf)].sum()) >= car.energy_needed_kwh - 1e-9
        for id_, car in inputs.cars.items()
    )
