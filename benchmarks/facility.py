"""A house of flats with many devices: batteries and cars in turns, no two alike."""

from dataclasses import replace
from typing import Final

import numpy as np

from benchmarks.homes import clock_hours, home_on
from custom_components.ems.engine.problem import BatteryState, CarState, Problem
from custom_components.ems.engine.site import Battery, Charger, Grid
from custom_components.ems.engine.steps import Floats, Steps

_SEED: Final = 20260612
_HOUR_S: Final = 3600
# Most of the flats' connections added up; neighbours do not all cook at once. [kW]
_CONNECTION_KW: Final = 12.0


def facility(steps: Steps, devices: int, *, cars_now: bool) -> Problem:
    """Return a house with some devices on any axis.

    Every second device comes with one more flat's load, sun and share of the connection, so that a device has
    about as much to do among fifty as it has alone.

    cars_now : Every second car is plugged in now, and the near window needs integers.
    """
    rng, flat = np.random.default_rng(_SEED), home_on(steps, car_now=False)
    batteries = [_battery(rng, i) for i in range((devices + 1) // 2)]
    flats, clock = len(batteries), clock_hours(steps)
    cars = {f"car{i}": _car(rng, steps, clock, now=cars_now and i % 2 == 0) for i in range(devices // 2)}
    limit_kw = max(Grid().import_max_kw, _CONNECTION_KW * flats)
    site = replace(
        flat.site,
        name="House of flats",
        grid=Grid(import_max_kw=limit_kw, export_max_kw=limit_kw),
        batteries=tuple(batteries),
        pvs=tuple(replace(roof, peak_kw=roof.peak_kw * flats) for roof in flat.site.pvs),
        chargers=tuple(Charger(id=id_, name=id_) for id_ in cars),
    )
    return replace(
        flat,
        site=site,
        load_kw=flat.load_kw * flats,
        pv_available_kw={id_: kw * flats for id_, kw in flat.pv_available_kw.items()},
        batteries={b.id: BatteryState(energy_kwh=b.capacity_kwh * rng.uniform(0.2, 0.6)) for b in batteries},
        cars=cars,
    )


def _battery(rng: np.random.Generator, i: int) -> Battery:
    capacity, hours = rng.uniform(5, 15), rng.uniform(1.8, 3.0)
    return Battery(
        id=f"battery{i}",
        name=f"Battery {i}",
        capacity_kwh=capacity,
        charge_max_kw=capacity / hours,
        discharge_max_kw=capacity / hours,
        charge_efficiency=rng.uniform(0.93, 0.97),
        discharge_efficiency=rng.uniform(0.93, 0.97),
        wear_per_kwh=rng.uniform(0.01, 0.03),
    )


def _car(rng: np.random.Generator, steps: Steps, clock: Floats, *, now: bool) -> CarState:
    """A car that leaves in the morning and comes home in the evening; or is here, and leaves after noon."""
    leaves, comes = rng.uniform(6.5, 9), rng.uniform(16, 20)
    away = (clock % 24 >= leaves) & (clock % 24 < comes)
    connected = ~away | (now & (clock < clock[0] + rng.uniform(5, 9)))
    ready_h = 24 + leaves - clock[0] if not now else rng.uniform(5, 9)
    return CarState(
        connected=connected,
        energy_needed_kwh=rng.uniform(6, 20),
        energy_max_kwh=40.0,
        ready_at_s=float(steps.edges_s[0]) + ready_h * _HOUR_S,
    )
