"""Small homes to plan, and the strategies that make random ones."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
import numpy as np

from custom_components.ems.engine.plan import Plan
from custom_components.ems.engine.plan.program import Model
from custom_components.ems.engine.plan.solvers import Outcome, Verdict, open_solver
from custom_components.ems.engine.problem import BatteryState, CarState, Problem
from custom_components.ems.engine.site import Battery, Charger, Grid, PvArray, Site
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps

START_S = 1_778_580_000.0  # 2026-05-12 10:00 UTC


def battery(**changes: Any) -> Battery:
    """Return a lossless battery without wear or floor: the arithmetic of a test stays in its head."""
    plain = {
        "id": "battery",
        "name": "Battery",
        "capacity_kwh": 10.0,
        "charge_max_kw": 5.0,
        "discharge_max_kw": 5.0,
        "charge_efficiency": 1.0,
        "discharge_efficiency": 1.0,
        "soc_min": 0.0,
        "wear_per_kwh": 0.0,
    }
    return Battery(**{**plain, **changes})


def problem(
    import_price: list[float],
    load: list[float],
    *,
    export_price: list[float] | float = 0.0,
    pv: list[float] | None = None,
    curtailable: bool = False,
    batteries: Mapping[Battery, float | BatteryState] | None = None,
    charger: Charger | None = None,
    car: CarState | None = None,
    grid: Grid | None = None,
    minutes: float = 60,
    steps: Steps | None = None,
    **changes: Any,
) -> Problem:
    """Return a home on even steps of an hour, unless told otherwise."""
    n = len(import_price)
    steps = steps or even_steps(START_S, n * minutes / 60, minutes)
    states = {
        spec.id: state if isinstance(state, BatteryState) else BatteryState(energy_kwh=state)
        for spec, state in (batteries or {}).items()
    }
    pvs = () if pv is None else (PvArray(id="pv", name="Roof", peak_kw=10.0, curtailable=curtailable),)
    site = Site(
        name="Test",
        grid=grid or Grid(),
        batteries=tuple(batteries or ()),
        pvs=pvs,
        chargers=() if charger is None else (charger,),
    )
    known = {
        "site": site,
        "steps": steps,
        "import_price_per_kwh": np.array(import_price, dtype=float),
        "export_price_per_kwh": np.broadcast_to(np.asarray(export_price, dtype=float), (n,)).copy(),
        "price_known": np.ones(n, dtype=bool),
        "load_kw": np.array(load, dtype=float),
        "pv_available_kw": {} if pv is None else {"pv": np.array(pv, dtype=float)},
        "batteries": states,
        "cars": {} if charger is None or car is None else {charger.id: car},
    }
    return Problem(**{**known, **changes})


def car(connected: list[bool], needed: float, **changes: Any) -> CarState:
    """Return a car that could take twice what it needs."""
    plain = {"energy_needed_kwh": needed, "energy_max_kwh": 2 * needed}
    return CarState(connected=np.array(connected), **{**plain, **changes})


WALLBOX = Charger(id="wallbox", name="Wallbox")  # 4.14 to 11.04 kW


def power(low: float, high: float, n: int) -> st.SearchStrategy[list[float]]:
    """Return series that keep away from sizes no meter can tell from zero."""
    return st.lists(st.floats(low, high).map(lambda v: round(v, 3)), min_size=n, max_size=n)


@st.composite
def homes(draw: st.DrawFn, *, sane: bool = True, prices: tuple[float, float] = (-0.3, 0.6)) -> Problem:
    """Return a random home with battery, sun and car; insane ones start anywhere on any connection."""
    steps = draw(
        st.sampled_from([even_steps(START_S, 6, 60), even_steps(START_S, 4, 15), tiered_steps(START_S + 77)])
    )
    n = len(steps)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spec = draw(batteries_of(sane=sane))
    low, high = (spec.soc_min, spec.soc_max) if sane else (-0.1, 1.5)
    limit = st.just(Grid(import_max_kw=40, export_max_kw=40)) if sane else grids()
    import_price = rng.uniform(*prices, n)
    export_price = import_price - draw(st.sampled_from([0.1, 0.0, -0.05, 0.3]))
    pv = rng.uniform(0 if sane else -0.2, 6, n) * (rng.random(n) < 0.7)
    wallbox = draw(st.sampled_from([None, WALLBOX]))
    return problem(
        import_price.tolist(),
        rng.uniform(0 if sane else -1, 4, n).tolist(),
        export_price=export_price.tolist(),
        pv=pv.tolist(),
        curtailable=draw(st.booleans()),
        batteries={spec: draw(st.floats(low, high)) * spec.capacity_kwh},
        charger=wallbox,
        car=CarState(
            connected=rng.random(n) < draw(st.sampled_from([0.3, 1.0])),
            energy_needed_kwh=draw(st.sampled_from([0.0, 3.0, 12.0])),
            energy_max_kwh=draw(st.sampled_from([12.0, 30.0])),
            ready_at_s=draw(st.sampled_from([None, START_S + 2 * 3600, START_S - 100])),
        ),
        grid=draw(limit),
        steps=steps,
    )


@st.composite
def batteries_of(draw: st.DrawFn, *, sane: bool) -> Battery:
    """Return a random battery."""
    return Battery(
        id="battery",
        name="Battery",
        capacity_kwh=draw(st.sampled_from([2.0, 10.0] if sane else [0.0, 0.001, 10.0])),
        charge_max_kw=draw(st.sampled_from([0.0, 2.5, 5.0])),
        discharge_max_kw=draw(st.sampled_from([0.0, 2.5, 5.0])),
        charge_efficiency=draw(st.sampled_from([0.8, 0.95, 1.0])),
        discharge_efficiency=draw(st.sampled_from([0.9, 1.0])),
        soc_min=draw(st.sampled_from([0.0, 0.1])),
        soc_max=draw(st.sampled_from([0.9, 1.0])),
        wear_per_kwh=draw(st.sampled_from([0.0, 0.02])),
    )


def grids() -> st.SearchStrategy[Grid]:
    """Return connections from none at all to ample."""
    sizes = st.sampled_from([0.0, 1.0, 5.0, 17.25])
    return st.builds(lambda i, e: Grid(import_max_kw=i, export_max_kw=e), sizes, sizes)


def bus_residual(plan: Plan) -> np.ndarray:
    """Return what is missing in the bus balance of a plan, per step. [kW]."""
    signs = {"battery": 1, "pv": 1, "inverter": 1, "charger": -1, "load": -1, "tank": -1}
    on_bus = [device for device in plan.devices.values() if not device.bus]
    devices = sum((signs[d.kind] * d.power_kw for d in on_bus), np.zeros(len(plan.steps)))
    return plan.import_kw - plan.export_kw + devices - plan.load_kw


def no_integers(model: Model, *, time_limit_s: float, gap_abs: float) -> Outcome:
    """Be a solver that has no time for integers."""
    if model.n_integers:
        nothing = np.zeros(0)
        return Outcome(
            verdict=Verdict.TIMEOUT, x=nothing, row_dual=None, objective=np.nan, gap_abs=np.nan, run_ms=0
        )
    return open_solver("highs")(model, time_limit_s=time_limit_s, gap_abs=gap_abs)
