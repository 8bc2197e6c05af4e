"""What a plan's orders would cost on days that turn out otherwise."""

from collections.abc import Mapping

import numpy as np

from ..problem import Problem, Scenario
from ..site import Battery
from ..steps import Floats
from .components.end_value import EndValue
from .costs import account
from .result import DevicePlan, Mode, Plan


def expected_cost(problem: Problem, plan: Plan, end_values: Mapping[str, EndValue]) -> float:
    """Return the mean cost of following a plan's orders through every scenario of a problem. [currency].

    Where a battery is told to follow the load (`automatic`), or to hold, it takes or gives what differs from the
    forecast as far as it can; where it is told a power, and from cars and loads, the network does. A hybrid
    inverter's losses on the difference are left out. Without scenarios everything goes as planned.
    """
    weights = np.array([one.probability for one in problem.scenarios])
    differs = np.array([_differs(problem, one) for one in problem.scenarios])
    if not problem.scenarios:
        weights, differs = np.ones(1), np.zeros((1, len(problem.steps)))
    net = plan.import_kw - plan.export_kw + differs
    discharge: dict[str, Floats] = {}
    energy: dict[str, Floats] = {}
    for spec in problem.site.batteries:
        device = plan.devices.get(spec.id)
        if device is None or device.energy_kwh is None:
            continue
        net = net + device.power_kw
        if problem.scenarios:
            power, energy[spec.id] = _followed(spec, device, net, problem.steps.hours)
        else:
            power, energy[spec.id] = device.power_kw[np.newaxis], device.energy_kwh[np.newaxis]
        discharge[spec.id], net = np.maximum(power, 0), net - power
    lent = {id_: np.maximum(-one.power_kw, 0) for id_, one in plan.devices.items() if one.kind == "charger"}
    costs = [
        account(
            problem,
            import_kw=np.maximum(net[s], 0),
            export_kw=np.maximum(-net[s], 0),
            discharge_kw={**lent, **{id_: kw[s] for id_, kw in discharge.items()}},
            energy_kwh={id_: kwh[s] for id_, kwh in energy.items()},
            end_values=end_values,
        ).total
        for s in range(len(weights))
    ]
    return float(np.average(costs, weights=weights))


def _differs(problem: Problem, one: Scenario) -> Floats:
    """Return by how much more the home needs than was expected, shape (n,). [kW]."""
    sun = sum((kw - problem.pv_available_kw[id_] for id_, kw in one.pv_available_kw.items()), np.zeros(1))
    return one.load_kw - problem.load_kw - sun


def _followed(spec: Battery, device: DevicePlan, net_kw: Floats, hours: Floats) -> tuple[Floats, Floats]:
    """Return a battery's power (+ discharge) in each scenario, and its energy before and after all steps.

    net_kw : What the home needs without it, shape (S, n). Steps are walked through, for each begins where the last
        one ended; scenarios are an axis.
    """
    modes, told = np.array(device.modes), device.power_kw
    holds, follows = modes == Mode.HOLD, np.isin(modes, [Mode.AUTOMATIC, Mode.HOLD])
    least = np.where(follows, -spec.charge_max_kw, told)
    most = np.where(holds, 0.0, np.where(follows, spec.discharge_max_kw, told))
    now = 0.0 if device.energy_kwh is None else float(device.energy_kwh[0])
    floor, ceiling = min(spec.soc_min * spec.capacity_kwh, now), max(spec.soc_max * spec.capacity_kwh, now)
    eta_c, eta_d = spec.charge_efficiency, spec.discharge_efficiency
    start = np.full(len(net_kw), now, dtype=np.float64)
    energy: Floats = start
    power: Floats = np.clip(net_kw, least, most)
    for k, h in enumerate(hours.tolist()):
        takes, gives = (ceiling - energy) / (eta_c * h), (energy - floor) * eta_d / h
        done: Floats = np.clip(power[:, k], -takes, gives)
        power[:, k] = done
        energy = energy - h * np.where(done > 0, done / eta_d, done * eta_c)
    return power, np.column_stack([start, energy])
