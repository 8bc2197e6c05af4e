"""Plans for the demo home: the market's prices, its own weather forecast, and a family that is known to the watt."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

import numpy as np

from benchmarks.closed_loop.devices import BATTERY, ROOF
from custom_components.ems.adapters.cars import CarNow
from custom_components.ems.demo.home import Home
from custom_components.ems.demo.household import Household
from custom_components.ems.demo.market import prices
from custom_components.ems.demo.pv import dc_power
from custom_components.ems.engine.plan import Plan, solve
from custom_components.ems.engine.problem import BatteryState, CarState, Problem
from custom_components.ems.engine.site import Site
from custom_components.ems.engine.steps import Floats, Steps, even_steps

HORIZON_H: Final = 24.0
STEP_MIN: Final = 30.0
SOLVE_EVERY_S: Final = 1800
# On top of the market: network and taxes; what the sun earns. [EUR/kWh]
FEES_PER_KWH: Final = 0.15
FEED_IN_PER_KWH: Final = 0.08
_SAMPLE_S = 300.0
_CELLS_TO_SOCKET = 0.97


class Planner:
    """Knows what a plan is made from. It looks at its own household, so that the home's stays where it is."""

    def __init__(self, home: Home, zone: tzinfo, site: Site) -> None:
        """Move in beside the family."""
        self._home, self._site = home, site
        self._household = Household(home.seed, zone)

    def plan(self, now_s: float, battery_kwh: float | None, cars: Mapping[str, CarNow]) -> Plan:
        """Return the plan for a day from now on."""
        width_s = STEP_MIN * 60
        steps = even_steps(now_s // width_s * width_s, HORIZON_H, STEP_MIN)
        return solve(self._problem(now_s, steps, battery_kwh, cars), now_s=now_s)

    def _problem(
        self, now_s: float, steps: Steps, battery_kwh: float | None, cars: Mapping[str, CarNow]
    ) -> Problem:
        return Problem(
            site=self._site,
            steps=steps,
            import_price_per_kwh=import_prices(self._home.seed, steps.starts_s),
            export_price_per_kwh=np.full(len(steps), FEED_IN_PER_KWH),
            price_known=np.ones(len(steps), dtype=np.bool_),
            load_kw=self._load(steps),
            pv_available_kw={ROOF: self._sun(now_s, steps)},
            batteries={
                BATTERY: BatteryState(energy_kwh=battery_kwh or 0.0, available=battery_kwh is not None)
            },
            cars={key: _car(car, steps) for key, car in cars.items()},
        )

    def _load(self, steps: Steps) -> Floats:
        """Return what the family will use: known, for the guard is what is proved here. [kW]."""
        at_s = np.arange(steps.edges_s[0], steps.edges_s[-1], _SAMPLE_S)
        return steps.mean_of(at_s, np.array([sum(self._household.power_w(t)) / 1000 for t in at_s.tolist()]))

    def _sun(self, now_s: float, steps: Steps) -> Floats:
        """Return what the last weather forecast makes of the roof. [kW]."""
        sky = self._home.weather.forecast(steps.starts_s + steps.hours * 1800, now_s)
        return np.asarray(dc_power(self._home.plane, sky) / 1000 * _CELLS_TO_SOCKET)


def import_prices(seed: int, starts_s: Floats) -> Floats:
    """Return what a kWh costs at some instants. [EUR/kWh]."""
    hours = (starts_s // 3600).astype(int)
    first_s, end_s = float(hours[0]) * 3600, float(hours[-1] + 1) * 3600
    # Of a day that is not published yet the market's own price is taken: a perfect forecast.
    market = prices(seed, first_s, end_s, end_s)
    hourly = np.array([each.eur_per_mwh / 1000 for each in market])
    return np.asarray(hourly[hours - hours[0]] + FEES_PER_KWH)


def _car(car: CarNow, steps: Steps) -> CarState:
    """Return a car as EMS plans it: plugged in until it is to be ready."""
    connected = steps.starts_s < car.ready_at_s if car.connected else np.zeros(len(steps), dtype=np.bool_)
    return CarState(
        connected=connected,
        energy_needed_kwh=car.energy_needed_kwh if car.connected else 0.0,
        energy_max_kwh=car.energy_needed_kwh if car.connected else 0.0,
        ready_at_s=car.ready_at_s,
        available=car.connected is not None,
    )
