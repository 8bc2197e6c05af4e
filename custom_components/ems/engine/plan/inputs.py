"""Judges a problem before it is planned: refuses unusable input by name, sets devices in trouble aside."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from .. import checks
from ..errors import PlanError
from ..flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ..problem import BatteryState, CarState, PeakState, Problem, Scenario
from ..steps import Floats
from .guest import Guest
from .result import Reason

# A gigawatt-hour is no home: beyond this a number is an accident, and would ruin the solver's arithmetic.
_ABSURD = 1e6


@dataclass(frozen=True, kw_only=True, eq=False)
class Inputs:
    """A problem every number of which can be planned with, and what had to be left out."""

    problem: Problem
    reasons: tuple[Reason, ...]
    batteries: Mapping[str, float] = field(default_factory=dict)  # id → energy now, usable ones only. [kWh]
    cars: Mapping[str, CarState] = field(default_factory=dict)  # charger id → car, usable ones only
    pv_kw: Mapping[str, Floats] = field(default_factory=dict)  # id → available, zeros where unknown. [kW]
    loads: Mapping[str, LoadState] = field(default_factory=dict)  # load id → its tasks, usable ones only
    # Chargers that have a car, and loads that have a task, but cannot be planned with.
    unavailable: frozenset[str] = frozenset()
    guests: tuple[Guest, ...] = ()


def judge(problem: Problem, guests: Iterable[Guest] = ()) -> Inputs:
    """Refuse what cannot be planned, set aside devices in trouble and say so."""
    guests = tuple(guests)
    _ids_of_their_own(problem, guests)
    n = len(problem.steps)
    _series("import_price_per_kwh", problem.import_price_per_kwh, n)
    _series("export_price_per_kwh", problem.export_price_per_kwh, n)
    _series("load_kw", problem.load_kw, n)
    if np.shape(problem.price_known) != (n,):
        raise PlanError(
            "wrong_length", field="price_known", expected=str(n), found=str(np.size(problem.price_known))
        )
    _import_cap(problem)
    _phase_shares(problem)
    reasons = [Reason(key=key) for key in problem.degraded]
    batteries = _usable_batteries(problem, reasons)
    cars = _usable_cars(problem, reasons)
    loads = _usable_loads(problem, reasons)
    pv_kw = _pv_series(problem, reasons)
    peak, co2 = _usable_peak(problem, reasons), _usable_co2(problem, reasons)
    scenarios = usable_scenarios(problem, tuple(pv_kw))
    if len(scenarios) < len(problem.scenarios):
        count = float(len(problem.scenarios) - len(scenarios))
        reasons.append(Reason(key="scenarios_unusable", placeholders={"count": count}))
    usable = {id_: BatteryState(energy_kwh=energy) for id_, energy in batteries.items()}
    clean = replace(
        problem,
        pv_available_kw=pv_kw,
        batteries=usable,
        cars=cars,
        loads=loads,
        peak=peak,
        co2_g_per_kwh=co2,
        scenarios=scenarios,
    )
    return Inputs(
        problem=clean,
        reasons=tuple(reasons),
        batteries=batteries,
        cars=cars,
        pv_kw=pv_kw,
        loads=loads,
        unavailable=frozenset({*problem.cars, *problem.loads}) - {*cars, *loads},
        guests=guests,
    )


def _ids_of_their_own(problem: Problem, guests: Iterable[Guest]) -> None:
    """Refuse a guest that goes by another device's id: one of the two would be lost."""
    taken = set(problem.site.device_ids)
    for guest in guests:
        if guest.id in taken:
            raise PlanError("duplicate_id", field="guests", id=guest.id)
        taken.add(guest.id)


def _series(name: str, values: Floats, n: int) -> None:
    if np.shape(values) != (n,):
        raise PlanError("wrong_length", field=name, expected=str(n), found=str(np.size(values)))
    if not np.all(np.isfinite(values)):
        step = int(np.flatnonzero(~np.isfinite(values))[0])
        raise PlanError("not_a_number", field=name, step=str(step))
    if np.any(np.abs(values) > _ABSURD):
        raise PlanError("absurd_value", field=name, step=str(int(np.argmax(np.abs(values)))))


def _import_cap(problem: Problem) -> None:
    """Refuse a limit by the clock that is none; it may be infinite where there is no limit."""
    cap_kw = problem.import_cap_kw
    if cap_kw is not None:
        asked_kw = np.where(cap_kw == np.inf, 0.0, cap_kw)
        _series("import_cap_kw", asked_kw, len(problem.steps))
        checks.at_least_zero("grid", import_cap_kw=float(asked_kw.min()))


def _phase_shares(problem: Problem) -> None:
    """Refuse shares that do not fit the connection; none at all means evenly."""
    shares = problem.load_phase_shares
    if shares:
        number, phases = "number of load_phase_shares", float(problem.site.grid.phases)
        checks.one_of_numbers("home", number, float(len(shares)), [phases])
        checks.at_least_zero("home", **{f"load_phase_shares[{i}]": share for i, share in enumerate(shares)})


def _is_sane(*values: float) -> bool:
    return all(np.isfinite(value) and abs(value) <= _ABSURD for value in values)


def _usable_batteries(problem: Problem, reasons: list[Reason]) -> dict[str, float]:
    usable = {}
    for battery in problem.site.batteries:
        state = problem.batteries.get(battery.id)
        if battery.capacity_kwh == 0:
            continue
        if state is None or not state.available:
            reasons.append(Reason(key="battery_unavailable", placeholders={"name": battery.name}))
        elif not _is_sane(
            state.energy_kwh, battery.capacity_kwh, battery.charge_max_kw, battery.discharge_max_kw
        ):
            reasons.append(Reason(key="battery_state_unknown", placeholders={"name": battery.name}))
        else:
            usable[battery.id] = float(state.energy_kwh)
    return usable


def _usable_cars(problem: Problem, reasons: list[Reason]) -> dict[str, CarState]:
    n, usable = len(problem.steps), {}
    for charger in problem.site.chargers:
        car = problem.cars.get(charger.id)
        if car is None:
            continue
        numbers = (
            car.energy_needed_kwh,
            car.energy_max_kwh,
            car.energy_spare_kwh,
            car.shortfall_price_per_kwh,
            charger.power_max_kw,
            charger.discharge_max_kw,
        )
        if not car.available:
            reasons.append(Reason(key="charger_unavailable", placeholders={"name": charger.name}))
        elif np.shape(car.connected) != (n,) or not _is_sane(*numbers) or not _is_instant(car.ready_at_s):
            reasons.append(Reason(key="car_state_unknown", placeholders={"name": charger.name}))
        else:
            usable[charger.id] = replace(car, shortfall_price_per_kwh=max(car.shortfall_price_per_kwh, 0.0))
    return usable


def _is_instant(at_s: float | None) -> bool:
    return at_s is None or bool(np.isfinite(at_s))


def _usable_loads(problem: Problem, reasons: list[Reason]) -> dict[str, LoadState]:
    n, usable = len(problem.steps), {}
    for load in problem.site.loads:
        state = problem.loads.get(load.id)
        if state is None:
            continue
        if not state.available:
            reasons.append(Reason(key="load_unavailable", placeholders={"name": load.name}))
        elif not _is_plannable(load, state, n):
            reasons.append(Reason(key="load_state_unknown", placeholders={"name": load.name}))
        else:
            usable[load.id] = replace(state, tasks=tuple(_clean(load, task) for task in state.tasks))
    return usable


def _is_plannable(load: FlexibleLoad, state: LoadState, n: int) -> bool:
    """Return whether every number of a load is one, and no step belongs to two of its tasks."""
    numbers = [0.0 if state.since_h is None else state.since_h, load.power_max_kw]
    for task in state.tasks:
        numbers += [task.energy_kwh, task.shortfall_price_per_kwh, task.reward or 0.0]
    if not _is_sane(*numbers) or any(np.shape(task.allowed) != (n,) for task in state.tasks):
        return False
    claims = sum(
        (np.asarray(task.allowed, dtype=np.bool_).astype(int) for task in state.tasks), np.zeros(n, int)
    )
    return bool(np.all(claims <= 1))


def _clean(load: FlexibleLoad, task: LoadTask) -> LoadTask:
    """Return a task without negative sizes; a programme's energy is its profile's."""
    is_programme = load.kind is LoadKind.PROGRAMME
    return replace(
        task,
        allowed=np.asarray(task.allowed, dtype=np.bool_),
        energy_kwh=load.run_kwh if is_programme else max(task.energy_kwh, 0.0),
        reward=None if task.reward is None else max(task.reward, 0.0),
        shortfall_price_per_kwh=max(task.shortfall_price_per_kwh, 0.0),
    )


def _pv_series(problem: Problem, reasons: list[Reason]) -> dict[str, Floats]:
    n, series = len(problem.steps), {}
    for array in problem.site.pvs:
        available = problem.pv_available_kw.get(array.id)
        if (
            available is None
            or np.shape(available) != (n,)
            or not _is_sane(*(np.min(available), np.max(available)))
        ):
            reasons.append(Reason(key="pv_forecast_missing", placeholders={"name": array.name}))
            available = np.zeros(n)
        series[array.id] = available
    return series


def usable_scenarios(problem: Problem, pv_ids: tuple[str, ...]) -> tuple[Scenario, ...]:
    """Return the scenarios that can be planned with: right length, finite, a series for every array."""
    n = len(problem.steps)

    def is_fit(values: Floats | None) -> bool:
        return values is not None and np.shape(values) == (n,) and _is_sane(*(np.min(values), np.max(values)))

    return tuple(
        one
        for one in problem.scenarios
        if one.probability > 0
        and is_fit(one.load_kw)
        and all(is_fit(one.pv_available_kw.get(id_)) for id_ in pv_ids)
    )


def _usable_peak(problem: Problem, reasons: list[Reason]) -> PeakState:
    """Return where the period's peak stands; what is no number is taken to be none."""
    peak, n = problem.peak, len(problem.steps)
    counts = peak.counts if peak.counts is None or np.shape(peak.counts) == (n,) else None
    known = {"so_far_kw": peak.so_far_kw, "running_kwh": peak.running_kwh}
    numbers = {name: max(value, 0.0) if _is_sane(value) else 0.0 for name, value in known.items()}
    if counts is not peak.counts or any(not _is_sane(value) for value in known.values()):
        reasons.append(Reason(key="peak_unusable"))
    return PeakState(counts=counts, **numbers)


def _usable_co2(problem: Problem, reasons: list[Reason]) -> Floats | None:
    """Return how clean the grid is; None where nobody says, or not for all of the horizon."""
    series, n = problem.co2_g_per_kwh, len(problem.steps)
    if series is None or (np.shape(series) == (n,) and _is_sane(*(np.min(series), np.max(series)))):
        return None if series is None else np.maximum(series, 0.0)
    reasons.append(Reason(key="co2_unusable"))
    return None
