"""The homes that are measured: battery, PV, load and a car, two days, seeded and the same on every machine."""

from dataclasses import replace
from typing import Final

import numpy as np

from custom_components.ems.engine.problem import BatteryState, CarState, Problem
from custom_components.ems.engine.site import Battery, Charger, PvArray, Site, Strategy
from custom_components.ems.engine.steps import Floats, Steps, even_steps, tiered_steps

# 2026-05-12 10:00 UTC, a spring day: enough sun to choose what to do with it.
START_S: Final = 1_778_580_000.0
HOURS: Final = 48.0
_START_HOUR = 10.0
# A Sunday two days before, from six in the morning: the day of the negative prices.
SUNDAY_S: Final = START_S - 52 * 3600
_DAY_H = 24.0
_HOUR_S = 3600
# Of who sells the sun on the market. [currency/kWh]
_FEE_PER_KWH = 0.02
# Strategies are cases of their own: these homes want the cheapest bill. `auto` would plan several times.
_SITE: Final = Site(
    name="Benchmark",
    batteries=(Battery(id="battery", name="Battery", capacity_kwh=10, charge_max_kw=5, discharge_max_kw=5),),
    pvs=(PvArray(id="roof", name="Roof", peak_kw=7, curtailable=True),),
    chargers=(Charger(id="car", name="Car"),),
    strategy=Strategy.ARBITRAGE,
)


def home(minutes: float, *, car_now: bool) -> Problem:
    """Return the home on an even axis.

    minutes : Width of a step.
    car_now : True plugs the car in at noon under less sun than its smallest current draws, so that the linear
        program alone would follow the sun with currents no car can charge with, and integers are needed in
        the near window. False lets it come home in the evening.
    """
    return home_on(even_steps(START_S, HOURS, minutes), car_now=car_now)


def live_home(*, car_now: bool) -> Problem:
    """Return the home on the axis that EMS plans on: 5 min, then 15 min, then hours."""
    return home_on(tiered_steps(START_S), car_now=car_now)


def home_on(steps: Steps, *, car_now: bool) -> Problem:
    """Return the home on any axis."""
    clock, rng = clock_hours(steps), np.random.default_rng(20260512)
    return Problem(
        site=_SITE,
        steps=steps,
        import_price_per_kwh=_import_price(clock),
        export_price_per_kwh=np.full(len(steps), 0.08),
        price_known=np.ones(len(steps), dtype=np.bool_),
        load_kw=_load(clock, rng),
        pv_available_kw={"roof": _sun(clock, rng)},
        batteries={"battery": BatteryState(energy_kwh=4.0)},
        cars={"car": _car(steps, clock, now=car_now)},
    )


def negative_home(steps: Steps, *, feed_in_per_kwh: float | None = 0.0) -> Problem:
    """Return the home on a Sunday whose import price is below zero from 8:00 to 17:30: 38 quarter-hours.

    The car stands at home all day. Where feed-in pays nothing or more, every flow gains by running against its
    opposite, which is what integers are for.

    feed_in_per_kwh : What exports earn meanwhile: nothing, as new German arrays have it; a fixed tariff; or
        None, the market's price less a fee, which is below zero too. [currency/kWh]
    """
    clock, calm = clock_hours(steps), home_on(steps, car_now=False)
    below = (clock >= 8) & (clock < 17.5)
    depth = 0.05 + 0.2 * np.sin(np.clip((clock - 8) / 9.5, 0, 1) * np.pi)
    earns = -depth - _FEE_PER_KWH if feed_in_per_kwh is None else feed_in_per_kwh
    stays = replace(calm.cars["car"], connected=np.ones(len(steps), dtype=np.bool_))
    return replace(
        calm,
        import_price_per_kwh=np.where(below, -depth, calm.import_price_per_kwh),
        export_price_per_kwh=np.where(below, earns, calm.export_price_per_kwh),
        cars={"car": stays},
    )


def with_strategy(problem: Problem, strategy: Strategy) -> Problem:
    """Return a home that leans to something else than its bill."""
    return replace(problem, site=replace(problem.site, strategy=strategy))


def clock_hours(steps: Steps) -> Floats:
    """Return the middle of each step in hours since the first day's midnight (UTC), shape (n,). [h]."""
    day_s = _DAY_H * _HOUR_S
    midnight_s = float(steps.edges_s[0]) // day_s * day_s
    return (steps.starts_s - midnight_s) / _HOUR_S + steps.hours / 2


def clear_sky_kw(clock: Floats) -> Floats:
    """Return what the roof makes without a cloud, shape (n,). [kW]."""
    clear = 5.5 * np.clip(np.sin((clock % _DAY_H - 5.5) / 15 * np.pi), 0, None) ** 1.3
    return np.where((clock % _DAY_H > 5.5) & (clock % _DAY_H < 20.5), clear, 0.0)


def _import_price(clock: Floats) -> Floats:
    """Day-ahead in shape: dear in the morning and evening, cheap at noon and at night; hourly, taxes in."""
    hour = np.floor(clock) % _DAY_H
    daily = 0.07 * np.exp(-(((hour - 8) / 2) ** 2)) + 0.12 * np.exp(-(((hour - 19) / 2.5) ** 2))
    return 0.24 + daily - 0.08 * np.exp(-(((hour - 13.5) / 2.5) ** 2)) + 0.01 * np.sin(7.3 * np.floor(clock))


def _load(clock: Floats, rng: np.random.Generator) -> Floats:
    hour = clock % _DAY_H
    daily = 0.35 + 0.3 * np.exp(-(((hour - 8) / 1.5) ** 2)) + 0.7 * np.exp(-(((hour - 19) / 2) ** 2))
    return daily + rng.gamma(1.5, 0.12, len(hour))


def _sun(clock: Floats, rng: np.random.Generator) -> Floats:
    return clear_sky_kw(clock) * rng.uniform(0.55, 1.0, len(clock))


def _car(steps: Steps, clock: Floats, *, now: bool) -> CarState:
    away = (clock % _DAY_H >= 8) & (clock % _DAY_H < 17)
    connected = ~away | ((clock < _START_HOUR + 12) & now)
    return CarState(
        connected=connected,
        energy_needed_kwh=14.0,
        energy_max_kwh=40.0,
        ready_at_s=float(steps.edges_s[0]) + (9 if now else 21) * _HOUR_S,
    )
