"""What a strategy and a preference weigh, in the money of the problem they are chosen for.

Every weight is a multiple of the day's own prices, so that it means the same in euros, crowns or yen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from ...flexible_load import LoadState, LoadTask
from ...problem import CarState, Problem
from ...site import Battery, Preference, Strategy
from ...steps import Floats
from ..intervals import intervals_of
from ..penalties import dearest_price


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaning:
    """Weights beside the energy bill; with all of them zero the cheapest bill is all that counts."""

    import_per_kwh: Floats = field(default_factory=lambda: np.zeros(1))  # on every kWh imported, (n,) or (1,)
    peak_per_kw: float = (
        0.0  # of what the highest import rises above the period's peak, demand charge included
    )
    ramp_per_kw: float = 0.0  # of every change of grid power from a step to the next
    sold_per_kwh: float = 0.0  # of every kWh that is fed in beyond the sun's surplus
    reserve_per_kwh_h: float = 0.0  # of being below the reserve
    car_factor: float = 1.0  # on what a missing kWh is worth to a car
    most_per_kwh: float = 0.0  # that all of this can make of not importing one kWh, beside its price

    @property
    def weighs(self) -> bool:
        """Return whether what a kWh counts for is more than its price."""
        return bool(np.any(self.import_per_kwh)) or any(
            (self.peak_per_kw, self.ramp_per_kw, self.sold_per_kwh, self.reserve_per_kwh_h)
        )

    @property
    def beyond_per_kwh(self) -> float:
        """Return what a kWh that replaces imports after the horizon counts for on top of its price.

        Imports count for as much after the horizon as within it. [currency/kWh].
        """
        return float(np.mean(self.import_per_kwh))

    def cared(self, problem: Problem) -> Problem:
        """Return a problem whose cars and loads want what they want whatever is weighed."""
        cars = {id_: self.cared_for(car, problem) for id_, car in problem.cars.items()}
        return replace(
            problem,
            cars=cars,
            loads={id_: self.kept_at(load, problem) for id_, load in problem.loads.items()},
        )

    def cared_for(self, car: CarState, problem: Problem) -> CarState:
        """Return a car whose missing kWh is worth more than any strategy could make of it.

        A peak is no reason to strand a driver; only the connection's limit is. A car whose kWh is worth less
        than the dearest one costs (it counts twice, see `ChargerModel`) has no such wish but a price it will
        pay, and strategies count against that as prices do.
        """
        price = self.car_factor * car.shortfall_price_per_kwh
        if 2 * price >= dearest_price(problem):
            price += self.most_per_kwh
        return replace(car, shortfall_price_per_kwh=price)

    def kept_at(self, load: LoadState, problem: Problem) -> LoadState:
        """Return a load whose tasks are worth more than any strategy could make of leaving them out.

        As with cars. What earns a reward is weighed against all that counts, strategies among it.
        """
        worth = dearest_price(problem)

        def kept(task: LoadTask) -> LoadTask:
            price = task.shortfall_price_per_kwh
            if price >= worth:
                price += self.most_per_kwh
            return replace(task, shortfall_price_per_kwh=price)

        return replace(load, tasks=tuple(kept(task) for task in load.tasks))


@dataclass(frozen=True, kw_only=True)
class _Multiples:
    """Of the horizon's dearest price."""

    imports: float = 0.0
    peak: float = 0.0
    ramps: float = 0.0
    sold: float = 0.0


# peak: a kW of peak counts as much as a day of that kW at the dearest price, so that any battery that can
#   shave does: moving energy loses a fifth of it and misses a spread below the dearest price, for the few
#   hours that a peak lasts. Demand charges are of that size (52 SEK per kW and month in one Swedish grid,
#   where a kWh is about 2 SEK).
# ramp: a hump of 1 kW (up and down) has to save two of the dearest kWh. A battery then takes a cheap night at
#   an even power, but still takes it.
# the mild peak beside it is a sixth of the real one: even power is wanted all day, not only at the top.
# self-consumption: with twice the dearest price on every import, covering the home with a stored kWh beats
#   selling it in the best hour even through a round trip that loses half. Exports are not made dearer: by the
#   home's balance they fall with the imports, and a price on them would curtail sunshine or burn it.
# sold: only what leaves a battery for the network is: no hour pays enough for it.
_STRATEGIES: Final[Mapping[Strategy, _Multiples]] = {
    Strategy.ARBITRAGE: _Multiples(),
    Strategy.PEAK_SHAVING: _Multiples(peak=24.0),
    Strategy.LOAD_BALANCING: _Multiples(ramps=1.0, peak=4.0),
    Strategy.SELF_CONSUMPTION: _Multiples(imports=2.0, sold=1.0),
}
# How much of (comfort, environment) a preference asks for.
_PREFERENCES: Final[Mapping[Preference, tuple[float, float]]] = {
    Preference.ECONOMIC: (0.0, 0.0),
    Preference.COMFORT: (1.0, 0.0),
    Preference.ENVIRONMENTAL: (0.0, 1.0),
    Preference.BALANCED: (0.5, 0.5),
}
# A third of the mean price: what 0.36 kg of CO₂ per kWh cost at 300 EUR per tonne, 0.11 EUR beside a
# household's 0.33. Over the day it follows the grid's CO₂ where somebody says how clean it is, else it is even.
_ENVIRONMENT_OF_MEAN: Final = 1 / 3
# A missing kWh weighs three times as much: a car's wish then wins over price wherever a person would not have
# to think about it.
_CAR_FACTOR: Final = 3.0
# A kWh of reserve away for four hours weighs as much as the dearest kWh: given to a dear hour if it is
# refilled soon after, not given away for the night.
_RESERVE_AWAY_H: Final = 4.0
# Of the capacity, above the floor: about two hours of an ordinary home from an ordinary (10 kWh) battery.
_RESERVE_SHARE: Final = 0.2


def strategy_used(problem: Problem) -> Strategy:
    """Return what is planned by; `auto` is the cheapest bill until it can score the others."""
    chosen = problem.site.strategy
    return Strategy.ARBITRAGE if chosen is Strategy.AUTO else chosen


def lean(problem: Problem) -> Leaning:
    """Return the weights of what a site has chosen, and of its demand charge."""
    site, dearest = problem.site, dearest_price(problem)
    multiples, weights = _STRATEGIES[strategy_used(problem)], site.weights
    comfort, environment = _PREFERENCES[site.preference]
    comfort, environment = comfort * weights.comfort, environment * weights.environment
    demand = 0.0 if site.grid.demand_charge is None else site.grid.demand_charge.price_per_kw
    own = weights.self_consumption * dearest
    found = Leaning(
        import_per_kwh=multiples.imports * own + environment * _clean_per_kwh(problem),
        peak_per_kw=multiples.peak * weights.peak * dearest + demand,
        ramp_per_kw=multiples.ramps * weights.ramps * dearest,
        sold_per_kwh=multiples.sold * own,
        reserve_per_kwh_h=comfort * dearest / _RESERVE_AWAY_H,
        car_factor=1 + comfort * (_CAR_FACTOR - 1),
    )
    return replace(found, most_per_kwh=_most_per_kwh(found, problem))


def _most_per_kwh(leaning: Leaning, problem: Problem) -> float:
    """Return the most that not importing one kWh can count for beside its price. [currency/kWh].

    Raising an interval by 1 kW takes its width in kWh, and a spike goes up and comes down.
    """
    most = float(np.max(leaning.import_per_kwh)) + leaning.sold_per_kwh
    if leaning.peak_per_kw:
        most += leaning.peak_per_kw / float(intervals_of(problem).hours.min(initial=np.inf))
    return most + 2 * leaning.ramp_per_kw / float(problem.steps.hours.min())


def _clean_per_kwh(problem: Problem) -> Floats:
    """Return what an imported kWh weighs for the environment's sake, shape (n,). [currency/kWh].

    A third of the mean price in the mean, and in each hour by how much CO₂ its kWh brings.
    """
    hours, series = problem.steps.hours, problem.co2_g_per_kwh
    mean = float(np.abs(problem.import_price_per_kwh) @ hours / hours.sum()) * _ENVIRONMENT_OF_MEAN
    if series is None:
        return np.full(len(hours), mean)
    average = float(series @ hours / hours.sum())
    return mean * series / average if average > 0 else np.zeros(len(hours))


def reserve_kwh(battery: Battery) -> float:
    """Return what a comfortable home keeps in a battery. [kWh]."""
    return min(battery.soc_min + _RESERVE_SHARE, battery.soc_max) * battery.capacity_kwh
