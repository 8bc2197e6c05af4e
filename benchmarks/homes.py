"""The home that is measured: battery, PV, load and a car, two days, seeded and the same on every machine."""

import numpy as np

from custom_components.ems.engine.problem import BatteryState, CarState, Problem
from custom_components.ems.engine.site import Battery, Charger, PvArray, Site
from custom_components.ems.engine.steps import Floats, Steps, even_steps

# 2026-05-12 10:00 UTC, a spring day: enough sun to choose what to do with it.
START_S = 1_778_580_000.0
HOURS = 48.0
_START_HOUR = 10.0
_DAY_H = 24.0


def home(minutes: float, *, car_now: bool) -> Problem:
    """Return the home on an even axis.

    minutes : Width of a step.
    car_now : True plugs the car in at noon under less sun than its smallest current draws, so that the linear
        program alone would follow the sun with currents no car can charge with, and integers are needed in
        the near window. False lets it come home in the evening.
    """
    steps = even_steps(START_S, HOURS, minutes)
    middle = (steps.starts_s - START_S) / 3600 + steps.hours / 2 + _START_HOUR
    rng = np.random.default_rng(20260512)
    return Problem(
        site=_site(),
        steps=steps,
        import_price_per_kwh=_import_price(middle),
        export_price_per_kwh=np.full(len(steps), 0.08),
        price_known=np.ones(len(steps), dtype=np.bool_),
        load_kw=_load(middle, rng),
        pv_available_kw={"roof": _sun(middle, rng)},
        batteries={"battery": BatteryState(energy_kwh=4.0)},
        cars={"car": _car(steps, middle, now=car_now)},
    )


def _site() -> Site:
    return Site(
        name="Benchmark",
        batteries=(
            Battery(id="battery", name="Battery", capacity_kwh=10, charge_max_kw=5, discharge_max_kw=5),
        ),
        pvs=(PvArray(id="roof", name="Roof", peak_kw=7, curtailable=True),),
        chargers=(Charger(id="car", name="Car"),),
    )


def _import_price(hour: Floats) -> Floats:
    """Day-ahead in shape: dear in the morning and evening, cheap at noon and at night; hourly, taxes in."""
    clock = np.floor(hour) % _DAY_H
    daily = 0.07 * np.exp(-(((clock - 8) / 2) ** 2)) + 0.12 * np.exp(-(((clock - 19) / 2.5) ** 2))
    return 0.24 + daily - 0.08 * np.exp(-(((clock - 13.5) / 2.5) ** 2)) + 0.01 * np.sin(7.3 * np.floor(hour))


def _load(hour: Floats, rng: np.random.Generator) -> Floats:
    clock = hour % _DAY_H
    daily = 0.35 + 0.3 * np.exp(-(((clock - 8) / 1.5) ** 2)) + 0.7 * np.exp(-(((clock - 19) / 2) ** 2))
    return daily + rng.gamma(1.5, 0.12, len(hour))


def _sun(hour: Floats, rng: np.random.Generator) -> Floats:
    clear = 5.5 * np.clip(np.sin((hour % _DAY_H - 5.5) / 15 * np.pi), 0, None) ** 1.3
    return np.where((hour % _DAY_H > 5.5) & (hour % _DAY_H < 20.5), clear, 0.0) * rng.uniform(
        0.55, 1.0, len(hour)
    )


def _car(steps: Steps, hour: Floats, *, now: bool) -> CarState:
    away = (hour % _DAY_H >= 8) & (hour % _DAY_H < 17)
    connected = ~away | ((hour < _START_HOUR + 12) & now)
    return CarState(
        connected=connected,
        energy_needed_kwh=14.0,
        energy_max_kwh=40.0,
        ready_at_s=float(steps.edges_s[0]) + (9 if now else 21) * 3600,
    )
