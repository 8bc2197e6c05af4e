"""A home with something different: from an action's fields to two plans. Runs in a worker thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from homeassistant.util import dt as dt_util
import numpy as np

from ..const import SOLVE_TIME_LIMIT_S
from ..engine.forecast.sky import Place
from ..engine.forecast.solar import SolarForecaster
from ..engine.plan import PlanError
from ..engine.plan.horizon import plan_within
from ..engine.plan.result import Plan, Reason
from ..engine.plan.what_if import NewArray, PriceChange, PriceCourse, WhatIf, apply, peak_kw
from ..engine.problem import Problem
from ..engine.site import PvArray, Site
from .problem import NO_WEATHER, PlanInputs, full_reasons, make_problem

NEW_ARRAY: Final = "what_if_pv"
# Left as they are by `WhatIf` itself where an action does not name them.
_PLAIN: Final = (
    *("battery_capacity_kwh", "battery_power_kw", "pv_peak_kw", "load_factor"),
    *("import_max_kw", "export_max_kw", "strategy", "preference"),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """The home as it is and as it would be, each with its plan, made from one picture in the same way."""

    now: tuple[Problem, Plan]
    then: tuple[Problem, Plan]
    changes: Mapping[str, Any]


def simulate(inputs: PlanInputs, fields: Mapping[str, Any]) -> Simulation | Reason:
    """Plan the home twice: unchanged, and with an action's changes.

    Neither plan knows the one before it, so that both are free to differ from what runs.
    Raises `PlanError` for a change that no home can have.
    """
    inputs = replace(inputs, horizon_h=fields.get("horizon", inputs.horizon_h))
    made = make_problem(inputs)
    if isinstance(made, Reason):
        return made
    whole = made[0]
    changed = apply(whole, what_if_of(fields, whole, inputs))
    if inputs.weather is None and len(changed.site.pvs) > len(whole.site.pvs):
        changed = replace(changed, degraded=tuple(dict.fromkeys((*changed.degraded, "weather_missing"))))

    def planned(problem: Problem) -> tuple[Problem, Plan]:
        near, plan = plan_within(
            problem, inputs.horizon_h, time_limit_s=SOLVE_TIME_LIMIT_S, previous=None, now_s=inputs.now_s
        )
        return near, replace(plan, reasons=full_reasons(plan, inputs))

    return Simulation(now=planned(whole), then=planned(changed), changes=fields)


def what_if_of(fields: Mapping[str, Any], problem: Problem, inputs: PlanInputs) -> WhatIf:
    """Return an action's fields as the engine's question."""
    named = fields.get("battery")
    new_size = fields.get("pv_peak_kw")
    return WhatIf(
        import_price=_price(fields, "import"),
        export_price=_price(fields, "export"),
        battery_id=None if named is None else _battery_id(problem.site, named),
        new_array=_new_array(new_size, problem, inputs) if new_size and not peak_kw(problem) else None,
        **{key: fields[key] for key in _PLAIN if key in fields},
    )


def _price(fields: Mapping[str, Any], way: str) -> PriceChange:
    price = fields.get(f"{way}_price_per_kwh")
    return PriceChange(
        course=None if price is None else _course(price),
        factor=fields.get(f"{way}_price_factor", 1.0),
        offset_per_kwh=fields.get(f"{way}_price_offset_per_kwh", 0.0),
    )


def _course(price: float | Sequence[Mapping[str, Any]]) -> PriceCourse:
    """Return one price for ever, or those of a list; a start without an offset is on the home's clock."""
    if isinstance(price, float):
        return PriceCourse(starts_s=np.array([0.0]), per_kwh=np.array([price]))
    starts: list[datetime] = [row["start"] for row in price]
    return PriceCourse(
        starts_s=np.array([dt_util.as_utc(start).timestamp() for start in starts]),
        per_kwh=np.array([row["price"] for row in price]),
    )


def _battery_id(site: Site, named: str) -> str:
    """Return the battery that is meant, by its name as people see it or by its id."""
    if not site.batteries:
        raise PlanError("unknown_id", field="battery", id=named)
    found = [battery.id for battery in site.batteries if named == battery.id]
    found += [battery.id for battery in site.batteries if named.casefold() == battery.name.casefold()]
    if len(found) != 1:
        known = ", ".join(f"{battery.name} ({battery.id})" for battery in site.batteries)
        raise PlanError("not_one_of", field="battery", found=named, known=known)
    return found[0]


def _new_array(peak_kw: float, problem: Problem, inputs: PlanInputs) -> NewArray:
    """Return modules on a roof that faces noon, with what the forecast gives them.

    They can be held back, as any new inverter can.
    """
    array = PvArray(
        id=NEW_ARRAY,
        name="What-if array",
        peak_kw=peak_kw,
        azimuth_deg=_noon_deg(inputs.place),
        curtailable=True,
    )
    forecaster = SolarForecaster(array, inputs.place)
    forecast = forecaster.forecast(inputs.now_s, problem.steps, inputs.weather or NO_WEATHER)
    return NewArray(array=array, available_kw=forecast.mean)


def _noon_deg(place: Place) -> float:
    return 180.0 if place.latitude_deg >= 0 else 0.0
