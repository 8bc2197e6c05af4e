"""From a frozen picture of the home to the planner's question. Runs in a worker thread and sees nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import numpy as np

from ..engine.control.windows import CapWindow, caps_kw
from ..engine.forecast.load import LoadForecaster
from ..engine.forecast.net import shared_out
from ..engine.forecast.persistence import PersistenceForecaster
from ..engine.forecast.places import Places
from ..engine.forecast.result import Forecast
from ..engine.forecast.scenarios import make_scenarios
from ..engine.forecast.sky import Place
from ..engine.forecast.solar import SolarForecaster
from ..engine.forecast.weather import Weather
from ..engine.plan.horizon import LIVE_H, steps_for
from ..engine.plan.result import Plan, Reason
from ..engine.problem import BatteryState, CarState, PeakState, Problem, Scenario
from ..engine.site import Battery, PvArray, Site
from ..engine.steps import Floats, Steps
from ..engine.tariff import PublishedPrices, TariffError
from .cars import CarNow
from .forecast_store import LOAD, PV
from .loads import LoadNow, load_state
from .peak_meter import PeakNow
from .pv_forecast_series import PowerForecast
from .pv_given import laid_over
from .tariff import make_tariff

NO_WEATHER = Weather(starts_s=np.zeros(0))
# The running step is measured better than any forecast could know it; after it the forecaster takes over.
MEASURED_STEPS = 1
# A kWh that a car misses is worth five of the horizon's dearest: at a usual 0.40 EUR that is the engine's own
# 2.0, which is too little where the unit is small (a kWh costs 2 crowns or 35 yen) and a driver would be
# stranded for the price. It never falls below those 2.0, not even on a day that costs nothing.
SHORTFALL_OF_DEAREST = 5.0
WEATHER_PROBLEMS = ("weather_unreachable", "weather_no_forecast", "weather_kept")


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanInputs:
    """Everything one plan is made from, collected in one go on the event loop."""

    now_s: float
    site: Site
    zone: tzinfo
    place: Place
    tariff: Mapping[str, Any]
    published: PublishedPrices | None
    load: LoadForecaster
    load_now_kw: float | None
    weather: Weather | None
    weather_wanted: bool  # False where people chose to do without: then its lack is no degradation
    soc: Mapping[str, float | None]  # battery id → 0..1, None where unknown
    cars: Mapping[str, CarNow | None]  # charger id → its car, None where the charger is silent
    # Of all arrays on past days, by local day.
    production_kwh: Mapping[int, float] = field(default_factory=dict)
    solar: Mapping[str, SolarForecaster] = field(
        default_factory=dict
    )  # what each array has taught, by its id
    # Series whose forecaster loses to "as yesterday" (design §6), and what is used in its stead.
    instead: Mapping[str, PersistenceForecaster] = field(default_factory=dict)
    places: Places | None = None  # where the sun lay in past bands; None where the archive is too young
    loads: Mapping[str, LoadNow] = field(default_factory=dict)
    peak: PeakNow | None = None  # None where nobody pays for it
    caps: tuple[CapWindow, ...] = ()  # limits by the clock
    co2: PublishedPrices | None = None  # how clean the grid is, in g/kWh; None where nobody says
    pv_given: Mapping[str, PowerForecast] = field(
        default_factory=dict
    )  # by array, where people chose an entity
    problems: tuple[Reason, ...] = field(default_factory=tuple)
    horizon_h: float = LIVE_H


type Made = tuple[Problem, Forecast, dict[str, Forecast]]


def make_problem(inputs: PlanInputs) -> Made | Reason:
    """Forecast, price and freeze. Return the reason where there can be no plan."""
    steps = steps_for(inputs.now_s, inputs.horizon_h)
    try:
        prices = make_tariff(inputs.tariff, inputs.zone, inputs.published).prices(steps)
    except TariffError as err:
        return Reason(key=err.key, placeholders=dict(err.placeholders))
    shortfall = shortfall_price(prices.import_price_per_kwh)
    forecaster = inputs.instead.get(LOAD, inputs.load)
    load = forecaster.forecast(inputs.now_s, steps)
    pv = pv_in_use(inputs, steps)
    load_kw = _with_measured(load, inputs.load_now_kw)
    problem = Problem(
        site=inputs.site,
        steps=steps,
        import_price_per_kwh=prices.import_price_per_kwh,
        export_price_per_kwh=prices.export_price_per_kwh,
        price_known=prices.known,
        load_kw=load_kw,
        pv_available_kw={key: forecast.mean for key, forecast in pv.items()},
        batteries={battery.id: _battery_state(battery, inputs.soc) for battery in inputs.site.batteries},
        cars={key: _car_state(car, steps, shortfall) for key, car in inputs.cars.items()},
        scenarios=_scenarios(inputs, steps, load_kw, pv),
        loads={key: load_state(load, steps, shortfall) for key, load in inputs.loads.items()},
        co2_g_per_kwh=None if inputs.co2 is None else inputs.co2.with_estimates(steps, inputs.zone)[0],
        import_cap_kw=caps_kw(inputs.caps, steps, inputs.zone),
        peak=PeakState() if inputs.peak is None else inputs.peak.state(float(steps.edges_s[0])),
        degraded=_degraded(inputs, known_now=bool(prices.known[0])),
    )
    return problem, load, pv


def pv_forecasts(inputs: PlanInputs, steps: Steps, issued_at_s: float) -> dict[str, Forecast]:
    """Return what physics and weather say about every array."""
    weather = inputs.weather or NO_WEATHER
    own = {array.id: _solar(inputs, array).forecast(issued_at_s, steps, weather) for array in inputs.site.pvs}
    given = inputs.pv_given
    return own | {
        array.id: laid_over(own[array.id], given[array.id], array)
        for array in inputs.site.pvs
        if array.id in given
    }


def _solar(inputs: PlanInputs, array: PvArray) -> SolarForecaster:
    """Return what an array has taught; its physics where it was changed since, or never learned from."""
    blank = SolarForecaster(array, inputs.place)
    known = inputs.solar.get(array.id)
    return known if known is not None and known.is_for(blank) else blank


def pv_in_use(inputs: PlanInputs, steps: Steps) -> dict[str, Forecast]:
    """Return the forecasts that the plan stands on: yesterday's production, where physics loses to it."""
    found = pv_forecasts(inputs, steps, inputs.now_s)
    if PV not in inputs.instead or not found:
        return found
    peaks_kw = {array.id: array.peak_kw for array in inputs.site.pvs}
    return shared_out(inputs.instead[PV].forecast(inputs.now_s, steps), found, peaks_kw)


def _scenarios(
    inputs: PlanInputs, steps: Steps, load_kw: Floats, pv: Mapping[str, Forecast]
) -> tuple[Scenario, ...]:
    """Return the ways the next days may go, for homes with sun: without it the mean serves as well."""
    if not inputs.site.pvs or not inputs.site.batteries:
        return ()
    return make_scenarios(
        inputs.now_s,
        steps,
        inputs.instead.get(LOAD, inputs.load),
        load_kw,
        pv,
        inputs.production_kwh,
        inputs.zone,
        # Places in the bands of a forecaster that is not used say nothing about the one that is.
        places=None if PV in inputs.instead else inputs.places,
    )


def _with_measured(load: Forecast, now_kw: float | None) -> Any:
    """Return the load with what is measured in the running step."""
    if now_kw is None:
        return load.mean
    known = load.mean.copy()
    known[:MEASURED_STEPS] = now_kw
    return known


def _battery_state(battery: Battery, soc: Mapping[str, float | None]) -> BatteryState:
    now = soc.get(battery.id)
    return BatteryState(
        energy_kwh=0.0 if now is None else now * battery.capacity_kwh, available=now is not None
    )


def shortfall_price(import_price_per_kwh: Floats) -> float:
    """Return what a kWh is worth that a car misses. [currency/kWh]."""
    dearest = float(import_price_per_kwh.max())
    return max(SHORTFALL_OF_DEAREST * dearest, CarState.shortfall_price_per_kwh)


def _car_state(car: CarNow | None, steps: Steps, shortfall_price_per_kwh: float) -> CarState:
    """Return a car as the planner sees it: plugged in until it is to be ready, gone afterwards.

    One that lives on surplus is expected to stay: what it is to have when is then the sun's business.
    """
    if car is None or car.connected is not True:
        return CarState(
            connected=np.zeros(len(steps), dtype=bool),
            energy_needed_kwh=0.0,
            energy_max_kwh=0.0,
            shortfall_price_per_kwh=shortfall_price_per_kwh,
            is_wanted=car is None or car.is_wanted,
            available=car is not None,
        )
    until_s = np.inf if car.surplus_only else car.ready_at_s
    # Without the car's own state of charge nobody knows what more would fit.
    room = car.energy_needed_kwh if car.energy_max_kwh is None else car.energy_max_kwh
    return CarState(
        connected=steps.starts_s < until_s,
        energy_needed_kwh=car.energy_needed_kwh,
        energy_max_kwh=room,
        ready_at_s=None if car.surplus_only else car.ready_at_s,
        shortfall_price_per_kwh=shortfall_price_per_kwh,
        surplus_only=car.surplus_only,
    )


def _degraded(inputs: PlanInputs, *, known_now: bool) -> tuple[str, ...]:
    """Return what was estimated or missing. That tomorrow's prices come at one o'clock is normal and no degradation."""
    # Weather serves the solar forecast alone: a home without modules lacks nothing.
    unneeded = () if inputs.site.pvs else WEATHER_PROBLEMS
    missing = [problem.key for problem in inputs.problems if problem.key not in unneeded]
    if not known_now:
        missing.append("price_now_estimated")
    if inputs.site.pvs and inputs.weather is None and inputs.weather_wanted:
        missing.append("weather_missing")
    if inputs.load_now_kw is None:
        missing.append("load_unmeasured")
    return tuple(dict.fromkeys(missing))


def full_reasons(plan: Plan, inputs: PlanInputs) -> tuple[Reason, ...]:
    """Return a plan's reasons with their particulars: the problem only carries the keys of what was missing."""
    full = {reason.key: reason for reason in inputs.problems}
    return tuple(full.get(reason.key, reason) for reason in plan.reasons)
