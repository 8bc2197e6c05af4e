"""Plans for less or more than two days."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest

from custom_components.ems.engine.flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from custom_components.ems.engine.plan.horizon import LIVE_H, first_hours, plan_within, steps_for
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.problem import PeakState, Problem, Scenario
from custom_components.ems.engine.steps import tiered_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem

HOURS = np.arange(6.0)


def arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    """Return every series in a problem, wherever it stands."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        return [found for each in value.values() for found in arrays(each)]
    if isinstance(value, tuple):
        return [found for each in value for found in arrays(each)]
    if is_dataclass(value):
        return [found for field in fields(value) for found in arrays(getattr(value, field.name))]
    return []


def is_empty(value: Any) -> bool:
    """Tell whether a field holds nothing that could be cut."""
    return value is None or (isinstance(value, tuple | dict) and not value)


def full_home(**changes: Any) -> Problem:
    """Return six hours of a home that has a series in every place where there can be one."""
    known = {
        "loads": {"pump": LoadState(tasks=(LoadTask(allowed=HOURS < 2, energy_kwh=2.0),))},
        "peak": PeakState(counts=HOURS > 3),
        "co2_g_per_kwh": 100.0 + HOURS,
        "import_cap_kw": 9.0 + HOURS,
        "scenarios": (Scenario(load_kw=HOURS * 2.0, pv_available_kw={"pv": HOURS * 3.0}),),
    }
    asked = problem(
        (0.1 + 0.01 * HOURS).tolist(),
        [1.0] * 6,
        pv=HOURS.tolist(),
        batteries={battery(): 5.0},
        charger=WALLBOX,
        car=car([True] * 6, 5.0),
        **{**known, **changes},
    )
    pump = FlexibleLoad(id="pump", name="Pump", power_kw=1)
    return replace(asked, site=replace(asked.site, loads=(pump,)))


def test_every_series_is_cut():
    """One that is forgotten has the wrong length, and the planner would refuse the whole problem."""
    whole, near = full_home(), first_hours(full_home(), 4)
    empty = {field.name for field in fields(whole) if is_empty(getattr(whole, field.name))}
    assert empty == {"load_phase_shares", "degraded"}, "a new series belongs into full_home"
    assert len(arrays(whole)) == len(arrays(near)) == 13
    assert {len(series) for series in arrays(near)} == {4, 5}  # 5: the edges of the steps
    assert near.import_price_per_kwh == pytest.approx([0.10, 0.11, 0.12, 0.13])
    assert near.scenarios[0].pv_available_kw["pv"] == pytest.approx([0, 3, 6, 9])
    assert near.batteries == whole.batteries


def test_a_series_of_the_wrong_length_stays_wrong():
    """Cutting it to size would make a plan of nonsense."""
    near = first_hours(full_home(pv_available_kw={"pv": np.ones(9)}), 4)
    assert [reason.key for reason in judge(near).reasons] == ["pv_forecast_missing"]


@pytest.mark.parametrize(
    ("hours", "steps"),
    [
        (1, 1),
        (0.5, 1),  # to the end of the step in which it ends
        (1.01, 2),
        (6, 6),
        (72, 6),  # what is not there cannot be had
    ],
)
def test_a_horizon_ends_with_a_step(hours: float, steps: int):
    assert len(first_hours(full_home(), hours).steps) == steps


@pytest.mark.parametrize("at_s", [START_S, START_S + 1777])
@pytest.mark.parametrize("hours", [1, 2, 7.3, 24, 36, 48, 49, 72])
def test_every_horizon_begins_like_the_live_axis(hours: float, at_s: float):
    """Forecasts are shown by the step's number, so plans of any horizon must count alike."""
    live, asked = tiered_steps(at_s).edges_s, steps_for(at_s, hours).edges_s
    assert (asked[-1] - asked[0]) / 3600 >= max(hours, LIVE_H)
    assert (asked[-1] - asked[0]) / 3600 < max(hours, LIVE_H) + 1
    n = min(len(live), len(asked))
    assert asked[:n] == pytest.approx(live[:n])


@pytest.mark.parametrize(
    ("needed", "ready_h", "left"),
    [
        (5.0, 6, 0.0),  # 4 more hours of 11.04 kW
        (50.0, 6, 50.0 - 4 * WALLBOX.power_max_kw),
        (50.0, 3, 50.0 - WALLBOX.power_max_kw),
        (5.0, 2, 5.0),  # it leaves when the plan ends
        (5.0, None, 0.0),
    ],
)
def test_a_car_asks_for_what_cannot_come_later(needed: float, ready_h: float | None, left: float):
    ready_at_s = None if ready_h is None else START_S + ready_h * 3600
    asked = problem([0.3] * 6, [1.0] * 6, charger=WALLBOX, car=car([True] * 6, needed, ready_at_s=ready_at_s))
    assert first_hours(asked, 2).cars["wallbox"].energy_needed_kwh == pytest.approx(left)


def test_a_car_that_is_gone_after_the_cut_cannot_wait():
    asked = problem([0.3] * 6, [1.0] * 6, charger=WALLBOX, car=car([True] * 2 + [False] * 4, 5.0))
    assert first_hours(asked, 2).cars["wallbox"].energy_needed_kwh == 5


@pytest.mark.parametrize(
    ("load", "allowed", "energy", "left"),
    [
        # 1 kW within hours 0 to 4, cut after 2: two hours remain for 3 kWh.
        (FlexibleLoad(id="x", name="X"), HOURS < 4, 3.0, 1.0),
        (FlexibleLoad(id="x", name="X"), HOURS < 4, 2.0, None),
        (FlexibleLoad(id="x", name="X"), HOURS < 2, 2.0, 2.0),
        # A run is not divided.
        (FlexibleLoad(id="x", name="X", kind=LoadKind.BLOCK), HOURS < 4, 3.0, 3.0),
        (FlexibleLoad(id="x", name="X", kind=LoadKind.BLOCK), HOURS < 4, 2.0, None),
        (
            FlexibleLoad(id="x", name="X", kind=LoadKind.PROGRAMME, profile_kw=(2.0, 0.5), profile_step_h=1),
            HOURS < 4,
            0.0,
            None,
        ),
        (
            FlexibleLoad(id="x", name="X", kind=LoadKind.PROGRAMME, profile_kw=(2.0, 0.5), profile_step_h=2),
            HOURS < 4,
            0.0,
            0.0,
        ),
    ],
)
def test_a_task_is_left_as_far_as_it_cannot_wait(
    load: FlexibleLoad, allowed: np.ndarray[Any, Any], energy: float, left: float | None
):
    asked = problem(
        [0.3] * 6, [1.0] * 6, loads={"x": LoadState(tasks=(LoadTask(allowed=allowed, energy_kwh=energy),))}
    )
    asked = replace(asked, site=replace(asked.site, loads=(load,)))
    tasks = first_hours(asked, 2).loads["x"].tasks
    assert [task.energy_kwh for task in tasks] == ([] if left is None else [pytest.approx(left)])


@pytest.mark.parametrize(
    ("kind", "is_on", "left"),
    [
        (LoadKind.BLOCK, True, [2.0]),  # a run that was begun is finished
        (LoadKind.BLOCK, False, []),
        (LoadKind.INTERRUPTIBLE, True, []),
    ],
)
def test_a_run_that_was_begun_does_not_wait(kind: LoadKind, is_on: bool, left: list[float]):
    task = LoadTask(allowed=HOURS < 6, energy_kwh=2.0)
    asked = problem([0.3] * 6, [1.0] * 6, loads={"x": LoadState(tasks=(task,), is_on=is_on)})
    asked = replace(asked, site=replace(asked.site, loads=(FlexibleLoad(id="x", name="X", kind=kind),)))
    assert [task.energy_kwh for task in first_hours(asked, 2).loads["x"].tasks] == left


def test_a_short_plan_does_not_claim_that_the_car_is_done():
    """It waits because it can still be charged afterwards."""
    asked = problem([0.3] * 6, [1.0] * 6, charger=WALLBOX, car=car([True] * 6, 5.0))
    near, plan = plan_within(asked, 2, now_s=START_S)
    assert len(near.steps) == len(plan.steps) == 2
    assert {reason.key for reason in plan.devices["wallbox"].reasons} == {"car_after_plan"}
    assert plan.slacks == ()
    _, whole = plan_within(asked, 6, now_s=START_S)
    assert "car_after_plan" not in {reason.key for reason in whole.devices["wallbox"].reasons}


def test_a_short_plan_does_not_claim_that_nothing_is_asked_of_a_load():
    task = LoadTask(allowed=HOURS < 6, energy_kwh=2.0)
    asked = problem([0.3] * 6, [1.0] * 6, loads={"x": LoadState(tasks=(task,))})
    asked = replace(asked, site=replace(asked.site, loads=(FlexibleLoad(id="x", name="X"),)))
    _, plan = plan_within(asked, 2, now_s=START_S)
    assert {reason.key for reason in plan.devices["x"].reasons} == {"load_after_plan"}
    assert plan.slacks == ()
    idle = replace(asked, loads={"x": LoadState()})
    _, plan = plan_within(idle, 2, now_s=START_S)
    assert {reason.key for reason in plan.devices["x"].reasons} == {"load_nothing_asked"}
