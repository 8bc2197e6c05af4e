"""Homes with a hybrid inverter, and strategies that make random ones."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
import numpy as np

from custom_components.ems.engine.plan import Plan
from custom_components.ems.engine.problem import BatteryState, Problem
from custom_components.ems.engine.site import Battery, Grid, HybridInverter, PvArray
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.homes import START_S, battery, problem


def inverter(**changes: Any) -> HybridInverter:
    """Return an inverter with a battery and an array behind it, that loses nothing."""
    plain = {
        "id": "hybrid",
        "name": "Hybrid",
        "battery_ids": ("battery",),
        "pv_ids": ("pv",),
        "ac_max_kw": 5.0,
        "dc_to_ac_efficiency": 1.0,
        "ac_to_dc_efficiency": 1.0,
    }
    return HybridInverter(**{**plain, **changes})


def hybrid_home(
    import_price: list[float],
    load: list[float],
    *,
    behind: HybridInverter | None = None,
    battery_now: Mapping[Battery, float | BatteryState] | None = None,
    pv: list[float] | None = None,
    **changes: Any,
) -> Problem:
    """Return a home whose battery and array are behind an inverter."""
    stores = {battery(): 0.0} if battery_now is None else battery_now
    sun = [0.0] * len(load) if pv is None else pv
    asked = problem(import_price, load, batteries=stores, pv=sun, **changes)
    behind = behind or inverter(battery_ids=tuple(spec.id for spec in stores))
    return replace(asked, site=replace(asked.site, inverters=(behind,)))


def dc_residual(asked: Problem, plan: Plan) -> np.ndarray:
    """Return what is missing in the balances of the DC buses of a plan, shape (inverters, n). [kW]."""
    missing = []
    for one in asked.site.inverters:
        ac = plan.devices[one.id].power_kw
        behind = [device for device in plan.devices.values() if device.bus == one.id]
        passed = np.maximum(ac, 0) / one.dc_to_ac_efficiency - np.maximum(-ac, 0) * one.ac_to_dc_efficiency
        missing.append(sum((device.power_kw for device in behind), np.zeros(len(ac))) - passed)
    return np.array(missing)


@st.composite
def hybrid_homes(
    draw: st.DrawFn, *, prices: tuple[float, float] = (-0.3, 0.6), sane: bool = False, below: bool = False
) -> Problem:
    """Return a random home: a battery and two arrays behind an inverter, one battery and one array beside it.

    sane : Stores start in their band, and the connection is ample.
    below : Feeding in always earns less than drawing costs, and at least nothing.
    """
    steps = draw(st.sampled_from([even_steps(START_S, 6, 60), even_steps(START_S, 2, 15)]))
    n, rng = len(steps), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    price = rng.uniform(*prices, n)
    spread = draw(st.sampled_from([0.1, 0.0, -0.05, 0.3]))
    sold = np.maximum(np.minimum(price - 0.01, price - spread), 0) if below else price - spread
    curve = draw(st.sampled_from([(), ((0.0, 5.0), (0.8, 5.0), (1.0, 0.5))]))
    specs = [
        battery(
            id=id_,
            charge_efficiency=draw(st.sampled_from([0.9, 1.0])),
            discharge_efficiency=draw(st.sampled_from([0.9, 1.0])),
            soc_min=0.1,
            wear_per_kwh=draw(st.sampled_from([0.0, 0.02])),
            charge_curve=curve,
        )
        for id_ in ("battery", "beside")
    ]
    low, high = (0.1, 1.0) if sane else (-0.1, 1.5)
    stores = {spec: draw(st.floats(low, high)) * spec.capacity_kwh for spec in specs}
    limit = Grid(import_max_kw=60, export_max_kw=60)
    if not sane:
        limits = st.sampled_from([0.0, 2.0, 17.25])
        least = draw(st.sampled_from([None, 0.0, 0.2]))
        limit = Grid(import_max_kw=draw(limits), export_max_kw=draw(limits), export_price_min_per_kwh=least)
    asked = problem(
        price.tolist(), rng.uniform(0, 4, n).tolist(), export_price=sold.tolist(), grid=limit, steps=steps
    )
    arrays = tuple(
        PvArray(id=id_, name=id_, peak_kw=8.0, curtailable=draw(st.booleans()))
        for id_ in ("pv", "east", "own")
    )
    behind = inverter(
        pv_ids=("pv", "east"),
        ac_max_kw=draw(st.sampled_from([0.0, 3.0, 10.0])),
        dc_to_ac_efficiency=draw(st.sampled_from([0.7, 0.97, 1.0])),
        ac_to_dc_efficiency=draw(st.sampled_from([0.7, 0.97, 1.0])),
    )
    site = replace(asked.site, batteries=tuple(stores), pvs=arrays, inverters=(behind,))
    return replace(
        asked,
        site=site,
        batteries={spec.id: BatteryState(energy_kwh=energy) for spec, energy in stores.items()},
        pv_available_kw={
            array.id: rng.uniform(-0.1 if not sane else 0, 6, n) * (rng.random(n) < 0.7) for array in arrays
        },
    )
