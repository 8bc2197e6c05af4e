"""What a plan's broken wishes count for at the same prices, whatever strategy made the plan.

A strategy lifts the prices of wishes by all it could gain, so that it never breaks one for its own sake. To compare
plans of several strategies, their wishes are counted at the prices of the cheapest bill.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..flexible_load import LoadKind
from ..problem import Problem
from ..site import Battery, Strategy
from ..steps import Floats
from .components.battery import asked_reserve_kwh
from .objective import Leaning, lean
from .objective.leaning import reserve_kwh
from .penalties import RESERVE_OF_BAND, Penalties, penalties_for
from .result import Plan, Slack


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prices:
    """Of wishes, under one strategy. [currency/kWh]."""

    cars: Mapping[str, float]
    loads: Mapping[str, float]
    penalties: Penalties
    leaning: Leaning

    def of(self, slack: Slack) -> float:
        """Return what a kWh of a wish counts for that is no battery's."""
        prices = {"car_ready": self.cars, "load_energy": self.loads}.get(slack.name)
        return self.penalties.limit if prices is None else prices[slack.component]


def broken_wishes(problem: Problem, plan: Plan) -> float:
    """Return what a plan's broken wishes count for. [currency]."""
    own, plain = _prices(problem, plan.strategy), _prices(problem, Strategy.ARBITRAGE)
    stores = {battery.id for battery in problem.site.batteries}
    others = [slack for slack in plan.slacks if slack.component not in stores]
    total = sum(slack.cost * plain.of(slack) / own.of(slack) for slack in others if own.of(slack) > 0)
    hours = plan.steps.hours
    for battery in problem.site.batteries:
        device = plan.devices.get(battery.id)
        if device is not None and device.energy_kwh is not None:
            total += _outside(battery, device.energy_kwh, hours, plain)
    return total + _rewards_missed(problem, plan)


def _rewards_missed(problem: Problem, plan: Plan) -> float:
    """Return what optional runs would have been worth that a plan leaves out: no wish is broken, yet they count."""
    missed = 0.0
    for spec in problem.site.loads:
        state, device = problem.loads.get(spec.id), plan.devices.get(spec.id)
        if state is None or device is None:
            continue
        used_kwh = device.power_kw * plan.steps.hours
        for task in state.tasks:
            asked_kwh = spec.run_kwh if spec.kind is LoadKind.PROGRAMME else task.energy_kwh
            if task.reward is not None and asked_kwh > 0:
                missed += task.reward * max(1 - float(used_kwh[task.allowed].sum()) / asked_kwh, 0.0)
    return missed


def _prices(problem: Problem, strategy: Strategy) -> _Prices:
    asked = replace(problem, site=replace(problem.site, strategy=strategy))
    leaning = lean(asked)
    cared = leaning.cared(asked)
    return _Prices(
        cars={id_: car.shortfall_price_per_kwh for id_, car in cared.cars.items()},
        loads={
            id_: max((task.shortfall_price_per_kwh for task in load.tasks), default=0.0)
            for id_, load in cared.loads.items()
        },
        penalties=penalties_for(cared, leaning.most_per_kwh),
        leaning=leaning,
    )


def _outside(battery: Battery, energy_kwh: Floats, hours: Floats, prices: _Prices) -> float:
    """Return what being out of its band and below its reserve counts for, as the battery's model has it."""
    capacity, asked = battery.capacity_kwh, asked_reserve_kwh(battery)
    below, above = battery.soc_min * capacity - energy_kwh, energy_kwh - battery.soc_max * capacity
    total = sum(_soft_edge(distance, hours, prices.penalties) for distance in (below, above))
    total += RESERVE_OF_BAND * _soft_edge(asked - energy_kwh, hours, prices.penalties)
    if prices.leaning.reserve_per_kwh_h and reserve_kwh(battery) > asked:
        missing = np.maximum(reserve_kwh(battery) - energy_kwh[1:], 0)
        total += prices.leaning.reserve_per_kwh_h * float(missing @ hours)
    return total


def _soft_edge(distance_kwh: Floats, hours: Floats, penalties: Penalties) -> float:
    """Return leaving·Σ further + staying·Σ h·outside; distances between the steps, shape (n + 1,)."""
    outside = np.maximum(distance_kwh, 0)
    further = float(np.maximum(np.diff(outside), 0).sum())
    return penalties.band_leaving * further + penalties.band_staying_per_h * float(outside[1:] @ hours)
