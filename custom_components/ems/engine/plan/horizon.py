"""Plans that look less far, or farther, than usual: the first hours of a problem, and what can wait beyond them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ..problem import CarState, Problem, Scenario
from ..steps import LIVE_TIERS, Steps, tiered_steps
from .planner import solve
from .result import DevicePlan, Plan, Reason

LIVE_H: Final = float(LIVE_TIERS[-1][0])
_SERIES: Final = ("import_price_per_kwh", "export_price_per_kwh", "price_known", "load_kw")
# What a plan says that sees no wish, and what it says where the wish waits beyond its end.
_LATER: Final = {
    "car_needs_nothing": "car_after_plan",
    "load_nothing_asked": "load_after_plan",
    "load_done": "load_after_plan",
}
# Less than this is rounding, not something left to do. [kWh]
_DUST_KWH = 1e-6


def steps_for(now_s: float, horizon_h: float) -> Steps:
    """Return the live axis, drawn out by hours where the horizon reaches beyond it.

    A shorter horizon has the whole axis too, so that forecasts always reach two days: `first_hours` cuts.
    """
    beyond = ((horizon_h, LIVE_TIERS[-1][1]),) if horizon_h > LIVE_H else ()
    return tiered_steps(now_s, (*LIVE_TIERS, *beyond))


def plan_within(problem: Problem, horizon_h: float, **solving: Any) -> tuple[Problem, Plan]:
    """Return the first hours of a problem, and the plan for them. `solving` goes to `solve`."""
    near = first_hours(problem, horizon_h)
    plan = solve(near, **solving)
    waiting = {id_ for id_, car in near.cars.items() if _is_less(problem.cars[id_], car)}
    waiting |= {id_ for id_, load in near.loads.items() if len(load.tasks) < len(problem.loads[id_].tasks)}
    devices = {id_: _saying_so(each) if id_ in waiting else each for id_, each in plan.devices.items()}
    return near, replace(plan, devices=devices) if waiting else plan


def first_hours(problem: Problem, horizon_h: float) -> Problem:
    """Return a problem's first hours, to the end of the step in which they end.

    A wish with a deadline beyond them asks for what could not be had any more after them; otherwise a car that
    leaves tomorrow would be filled within the hour.
    """
    edges = problem.steps.edges_s
    n = int(np.searchsorted(edges, edges[0] + horizon_h * 3600))
    if n >= len(problem.steps):
        return problem
    cut = _Cut(len(problem.steps), n)
    chargers = {charger.id: charger.power_max_kw for charger in problem.site.chargers}
    loads = {load.id: load for load in problem.site.loads}
    hours = problem.steps.hours
    return replace(
        problem,
        steps=Steps(edges_s=edges[: n + 1]),
        **{name: cut(getattr(problem, name)) for name in _SERIES},
        pv_available_kw=cut.each(problem.pv_available_kw),
        cars={
            id_: _car(car, chargers.get(id_, 0.0), problem.steps, cut) for id_, car in problem.cars.items()
        },
        loads={id_: _load(state, loads.get(id_), hours, cut) for id_, state in problem.loads.items()},
        peak=replace(problem.peak, counts=cut(problem.peak.counts)),
        co2_g_per_kwh=cut(problem.co2_g_per_kwh),
        import_cap_kw=cut(problem.import_cap_kw),
        scenarios=tuple(_scenario(scenario, cut) for scenario in problem.scenarios),
    )


class _Cut:
    """Shortens a series of the old length; one of another length stays, to be refused by name later."""

    def __init__(self, before: int, after: int) -> None:
        self.before, self.after = before, after

    def __call__[T: NDArray[Any] | None](self, values: T) -> T:
        if values is None or np.shape(values) != (self.before,):
            return values
        return values[: self.after]  # type: ignore[return-value]  # a slice of an array is such an array

    def each[T: NDArray[Any]](self, series: Mapping[str, T]) -> dict[str, T]:
        return {key: self(values) for key, values in series.items()}


def _car(car: CarState, power_kw: float, steps: Steps, cut: _Cut) -> CarState:
    """Return a car's wish less what it can still get between the cut and its deadline."""
    if np.shape(car.connected) != (cut.before,):
        return car
    in_time = steps.edges_s[1:] <= (np.inf if car.ready_at_s is None else car.ready_at_s)
    later_h = float(steps.hours[cut.after :] @ (car.connected & in_time)[cut.after :])
    needed = max(car.energy_needed_kwh - power_kw * later_h, 0.0)
    return replace(car, connected=cut(car.connected), energy_needed_kwh=needed)


def _load(state: LoadState, load: FlexibleLoad | None, hours: NDArray[np.float64], cut: _Cut) -> LoadState:
    """Return a load's tasks as far as they cannot wait; a run that was begun goes on."""
    if load is None:
        return state
    tasks = [
        _task(task, load, hours, cut, runs=state.is_on and _begins_now(task, cut)) for task in state.tasks
    ]
    return replace(state, tasks=tuple(task for task in tasks if task is not None))


def _begins_now(task: LoadTask, cut: _Cut) -> bool:
    return np.shape(task.allowed) == (cut.before,) and bool(task.allowed[0])


def _task(
    task: LoadTask, load: FlexibleLoad, hours: NDArray[np.float64], cut: _Cut, *, runs: bool
) -> LoadTask | None:
    """Return what is left of a task; None where all of it can be done after the cut.

    A run that must not be interrupted is left whole or not at all.
    """
    if np.shape(task.allowed) != (cut.before,):
        return task
    later_h = float(hours[cut.after :] @ task.allowed[cut.after :])
    programme = load.kind is LoadKind.PROGRAMME
    run_h = load.run_h if programme else task.energy_kwh / load.power_kw
    whole = load.kind in (LoadKind.PROGRAMME, LoadKind.BLOCK)
    if later_h >= run_h and not (whole and runs):
        return None
    left = task.energy_kwh - (0.0 if whole else load.power_kw * later_h)
    return replace(task, allowed=cut(task.allowed), energy_kwh=left)


def _scenario(scenario: Scenario, cut: _Cut) -> Scenario:
    return replace(
        scenario, load_kw=cut(scenario.load_kw), pv_available_kw=cut.each(scenario.pv_available_kw)
    )


def _is_less(whole: CarState, near: CarState) -> bool:
    return near.energy_needed_kwh < whole.energy_needed_kwh - _DUST_KWH


def _saying_so(device: DevicePlan) -> DevicePlan:
    """Return a device's plan without the claim that there is nothing left to do."""
    reasons = tuple(
        Reason(key=_LATER[reason.key]) if reason.key in _LATER else reason for reason in device.reasons
    )
    return replace(device, reasons=reasons)
