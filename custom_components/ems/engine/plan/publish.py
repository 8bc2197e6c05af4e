"""Reads a solution once and makes the plan that leaves the planner."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..flexible_load import FlexibleLoad
from ..site import Battery, Charger, HybridInverter, PvArray
from ..steps import Floats
from .binding import binding_limits
from .components.charger_energy import Delivered
from .components.dc_bus import ac_power, seen_from_home
from .costs import account
from .execution import (
    CarFlow,
    battery_orders,
    charger_orders,
    inverter_orders,
    load_orders,
    pv_orders,
)
from .execution.battery import BatteryFlow
from .execution.common import IDLE_KW, Tariff, same
from .execution.load import LoadFlow
from .execution.pv import Sun
from .guide import Guide
from .home import BUS, Home
from .result import Costs, DevicePlan, Mode, Reason, Slack
from .search import Search
from .store_value import StoreValue
from .values import store_values

# Below this a flow is the solver's rounding (it keeps rows to 1e-7). [kW]
_DUST_KW = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Published:
    """The parts of a plan that come from a solution."""

    import_kw: Floats
    export_kw: Floats
    marginal_value_per_kwh: Floats
    devices: Mapping[str, DevicePlan]
    slacks: tuple[Slack, ...]
    costs: Costs
    binding: tuple[str, ...]
    binding_value_per_kwh: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class _Flows:
    """Every device's power at its terminal, dust swept off; inverters and the grid close the balances exactly."""

    battery_kw: Mapping[str, Floats]
    energy_kwh: Mapping[str, Floats]
    pv_kw: Mapping[str, Floats]
    car_kw: Mapping[str, Floats]
    load_kw: Mapping[str, Floats]
    guest_kw: Mapping[str, Floats]
    inverter_kw: Mapping[str, Floats]
    grid_kw: Floats


def publish(home: Home, found: Search, guide: Guide | None = None) -> Published:
    """Return the plan's series, orders, slacks and costs; in its first steps, the values that scenarios gave."""
    values = store_values(home, found)
    if guide is not None:
        values = {id_: value.led_by(guide.values.get(id_)) for id_, value in values.items()}
    flows = _read_flows(home, found.x)
    broken = [slack for component in home.components for slack in component.slacks(found.x)]
    slacks = (*broken, *home.shape.slacks(found.x))
    import_kw, export_kw = np.maximum(flows.grid_kw, 0), np.maximum(-flows.grid_kw, 0)
    problem = home.inputs.problem
    tariff = Tariff(
        steps=problem.steps,
        import_price=problem.import_price_per_kwh,
        export_price=problem.export_price_per_kwh,
        import_kw=import_kw,
        export_kw=export_kw,
        weighed=home.shape.weighed(found.dual_of),
    )
    costs = account(
        problem,
        import_kw=import_kw,
        export_kw=export_kw,
        discharge_kw={
            **{id_: np.maximum(kw, 0) for id_, kw in flows.battery_kw.items()},
            **{id_: np.maximum(-kw, 0) for id_, kw in flows.car_kw.items()},
        },
        energy_kwh=flows.energy_kwh,
        end_values=home.end_values,
        penalty=sum(slack.cost for slack in slacks),
    )
    limits, bus = binding_limits(home, found), _bus_values(home, found, guide)
    return Published(
        import_kw=import_kw,
        export_kw=export_kw,
        marginal_value_per_kwh=bus,
        devices={
            **_devices(home, found, flows, tariff, values),
            **{spec.id: _load(home, found, flows, tariff, spec, bus) for spec in problem.site.loads},
            **{
                id_: guest.device(found.x, flows.guest_kw[id_], bus)
                for id_, guest in home.consumers.guests.items()
            },
        },
        slacks=slacks,
        costs=costs,
        binding=limits.names,
        binding_value_per_kwh=limits.per_kwh,
    )


def _bus_values(home: Home, found: Search, guide: Guide | None) -> Floats:
    """Return what one more kWh in the home is worth; where scenarios steer, theirs: the aim distorts the dual."""
    values: Floats = found.dual_of(BUS) / home.horizon.hours
    if guide is not None:
        values[: guide.end] = guide.bus_per_kwh
    return values


def _swept(values: Floats) -> Floats:
    return np.where(np.abs(values) < _DUST_KW, 0.0, values)


def _read_flows(home: Home, x: Floats) -> _Flows:
    battery_kw = {id_: _swept(b.discharge.value(x) - b.charge.value(x)) for id_, b in home.batteries.items()}
    pv_kw = {id_: _swept(x[pv.power]) for id_, pv in home.pvs.items()}
    car_kw = {id_: _swept(charger.value(x)) for id_, charger in home.chargers.items()}
    load_kw = {id_: _swept(load.value(x)) for id_, load in home.loads.items()}
    guest_kw = {id_: _swept(guest.value(x)) for id_, guest in home.consumers.guests.items()}
    moved = (*car_kw.values(), *load_kw.values(), *guest_kw.values())
    consumed = home.given.fixed_kw + sum(moved, np.zeros(home.horizon.n))
    inverter_kw, on_bus = _inverters(home, {**battery_kw, **pv_kw})
    produced = sum((*on_bus.values(), *inverter_kw.values()), np.zeros(home.horizon.n))
    specs = {spec.id: spec for spec in home.inputs.problem.site.batteries}
    return _Flows(
        battery_kw=battery_kw,
        energy_kwh={
            id_: _energy(specs[id_], home.inputs.batteries[id_], kw, home.horizon.hours)
            for id_, kw in battery_kw.items()
        },
        pv_kw=pv_kw,
        car_kw=car_kw,
        load_kw=load_kw,
        guest_kw=guest_kw,
        inverter_kw=inverter_kw,
        grid_kw=consumed - produced,
    )


def _inverters(home: Home, power_kw: Mapping[str, Floats]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return what each inverter gives the home, and the powers of what is behind none."""
    site, n = home.inputs.problem.site, home.horizon.n
    given = {
        one.id: ac_power(one, [kw for id_, kw in power_kw.items() if home.inverter_of.get(id_) is one], n)
        for one in site.inverters
    }
    return given, {id_: kw for id_, kw in power_kw.items() if id_ not in home.inverter_of}


def _energy(spec: Battery, now_kwh: float, power_kw: Floats, hours: Floats) -> Floats:
    """Integrate stored energy from the published power, so that the two can never disagree."""
    stored = (
        np.maximum(-power_kw, 0) * spec.charge_efficiency
        - np.maximum(power_kw, 0) / spec.discharge_efficiency
    )
    return now_kwh + np.concatenate([[0.0], np.cumsum(stored * hours)])


def _devices(
    home: Home, found: Search, flows: _Flows, tariff: Tariff, values: Mapping[str, StoreValue]
) -> dict[str, DevicePlan]:
    site = home.inputs.problem.site
    plans = [
        *(_battery(home, flows, tariff, spec, values.get(spec.id)) for spec in site.batteries),
        *(_pv(home, flows, tariff, spec) for spec in site.pvs),
        *(_inverter(flows, spec) for spec in site.inverters),
        *(_charger(home, found, flows, tariff, spec, values) for spec in site.chargers),
    ]
    return {plan.id: plan for plan in plans}


def _battery(
    home: Home, flows: _Flows, tariff: Tariff, spec: Battery, value: StoreValue | None
) -> DevicePlan:
    if value is None:
        key = "battery_absent" if spec.capacity_kwh == 0 else "device_unavailable"
        return idle_device(spec.id, spec.name, "battery", Mode.AUTOMATIC, key, home.horizon.n)
    power, energy = flows.battery_kw[spec.id], flows.energy_kwh[spec.id]
    flow = BatteryFlow(
        power_kw=power,
        energy_kwh=energy,
        value=value,
        floor_kwh=home.shape.floor_kwh(spec),
        stored_per_kwh=_stored_per_kwh(home, flows, spec),
    )
    orders = battery_orders(seen_from_home(spec, home.inverter_of.get(spec.id)), flow, tariff)
    return DevicePlan(
        id=spec.id,
        name=spec.name,
        kind="battery",
        power_kw=power,
        modes=orders.modes,
        reasons=orders.reasons,
        bus=_bus_of(home, spec.id),
        energy_kwh=energy,
        marginal_value_per_kwh=value.marginal,
        import_value_per_kwh=value.import_side,
        export_value_per_kwh=value.export_side,
    )


def _bus_of(home: Home, id_: str) -> str:
    inverter = home.inverter_of.get(id_)
    return inverter.id if inverter else ""


def _stored_per_kwh(home: Home, flows: _Flows, spec: Battery) -> Floats:
    """Return what reaches the store of each kWh the home goes without, shape (n,).

    Charging from the grid loses in the inverter; sun from the DC side never passes it, and would have lost there.
    """
    stored, inverter = np.full(home.horizon.n, spec.charge_efficiency), home.inverter_of.get(spec.id)
    if inverter is None:
        return stored
    from_sun = flows.inverter_kw[inverter.id] >= 0
    passed = np.where(from_sun, 1 / inverter.dc_to_ac_efficiency, inverter.ac_to_dc_efficiency)
    found: Floats = stored * passed
    return found


def _pv(home: Home, flows: _Flows, tariff: Tariff, spec: PvArray) -> DevicePlan:
    inverter, available = home.inverter_of.get(spec.id), home.inputs.pv_kw[spec.id]
    is_full = np.zeros(home.horizon.n, dtype=np.bool_)
    if inverter is not None:
        available = home.given.suns[inverter.id].available[spec.id]
        is_full = flows.inverter_kw[inverter.id] >= inverter.ac_max_kw - IDLE_KW
    power = flows.pv_kw.get(spec.id, available)
    sun = Sun(power_kw=power, available_kw=available, is_clipped=is_full)
    orders = pv_orders(sun, home.inputs.problem.site.grid, home.given.export_max_kw, tariff)
    return DevicePlan(
        id=spec.id,
        name=spec.name,
        kind="pv",
        power_kw=power,
        modes=orders.modes,
        reasons=orders.reasons,
        bus=_bus_of(home, spec.id),
        available_kw=available,
    )


def _inverter(flows: _Flows, spec: HybridInverter) -> DevicePlan:
    power = flows.inverter_kw[spec.id]
    orders = inverter_orders(spec, power)
    return DevicePlan(
        id=spec.id,
        name=spec.name,
        kind="inverter",
        power_kw=power,
        modes=orders.modes,
        reasons=orders.reasons,
    )


def _charger(
    home: Home,
    found: Search,
    flows: _Flows,
    tariff: Tariff,
    spec: Charger,
    values: Mapping[str, StoreValue],
) -> DevicePlan:
    id_, name = spec.id, spec.name
    if id_ not in home.chargers:
        key = "device_unavailable" if id_ in home.inputs.unavailable else "car_away"
        return idle_device(id_, name, "charger", Mode.OFF, key, home.horizon.n)
    model, car = home.chargers[id_], home.inputs.cars[id_]
    energy = model.energy
    value = energy.worth(found.dual_of) if isinstance(energy, Delivered) else values[id_].at_terminal(spec)
    flow = CarFlow(
        power_kw=flows.car_kw[id_],
        value_per_kwh=value.marginal,
        given_per_kwh=value.export_side,
        surplus_kw=home.consumers.surplus_kw,
        least_kw=model.power_min_kw,
        short_kwh=energy.shortfall(found.x).at_deadline_kwh,
    )
    orders = charger_orders(car, flow, tariff)
    return DevicePlan(
        id=id_,
        name=name,
        kind="charger",
        power_kw=flow.power_kw,
        modes=orders.modes,
        reasons=orders.reasons,
        marginal_value_per_kwh=value.marginal,
        import_value_per_kwh=value.import_side if model.feeds else None,
        export_value_per_kwh=value.export_side if model.feeds else None,
        phases=model.phases(found.x),
    )


def _load(
    home: Home, found: Search, flows: _Flows, tariff: Tariff, spec: FlexibleLoad, bus_per_kwh: Floats
) -> DevicePlan:
    if spec.id not in home.loads:
        key = "device_unavailable" if spec.id in home.inputs.unavailable else "load_nothing_asked"
        return idle_device(spec.id, spec.name, "load", Mode.OFF, key, home.horizon.n)
    load, power = home.loads[spec.id], flows.load_kw[spec.id]
    flow = LoadFlow(
        power_kw=power,
        is_on=load.is_on(found.x),
        begins=load.begins(found.x),
        forced_kw=load.forced_kw,
        missing_kwh=load.missing_kwh(found.x),
        price_per_kwh=bus_per_kwh,
    )
    orders, value = load_orders(spec, home.inputs.loads[spec.id], flow, tariff)
    return DevicePlan(
        id=spec.id,
        name=spec.name,
        kind="load",
        power_kw=power,
        modes=orders.modes,
        reasons=orders.reasons,
        marginal_value_per_kwh=value,
    )


def idle_device(id_: str, name: str, kind: str, mode: Mode, key: str, n: int) -> DevicePlan:
    """Return the plan of a device that nothing flows through."""
    orders = same(mode, Reason(key=key), n)
    return DevicePlan(
        id=id_, name=name, kind=kind, power_kw=np.zeros(n), modes=orders.modes, reasons=orders.reasons
    )
