"""Plans as JSON: what is known, and no key for what is not."""

from dataclasses import replace
import json
from typing import Any

from homeassistant.core import HomeAssistant
import numpy as np

from custom_components.ems.adapters.response import plan_response
from custom_components.ems.coordinators.plan import Outlook, PlanState
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.plan.result import Plan
from custom_components.ems.engine.problem import Problem
from tests.engine.plan.homes import START_S, battery, problem

ASKED = problem([0.1, 0.4], [1, 1], batteries={battery(): 2.0})
SOLVED = solve(ASKED, now_s=START_S)


def answer(hass: HomeAssistant, plan: Plan, asked: Problem = ASKED) -> dict[str, Any]:
    """Return what an action would, through JSON."""
    zero = np.zeros(len(asked.steps))
    load = Forecast(
        issued_at_s=START_S, steps=asked.steps, mean=zero, p10=zero, p50=zero, p90=zero, basis="test"
    )
    outlook = Outlook(problem=asked, plan=plan, load=load, pv={}, reasons=plan.reasons)
    state = PlanState(status=plan.status, reasons=plan.reasons, outlook=outlook)
    found: dict[str, Any] = json.loads(json.dumps(plan_response(hass, state), allow_nan=False))
    return found


async def test_what_is_not_known_has_no_key(hass: HomeAssistant) -> None:
    """An automation can tell "nobody says" from 0."""
    bare = replace(
        SOLVED,
        scores={},
        binding=(),
        binding_value_per_kwh=None,
        devices={
            id_: replace(
                device, marginal_value_per_kwh=None, import_value_per_kwh=None, export_value_per_kwh=None
            )
            for id_, device in SOLVED.devices.items()
        },
    )
    found = answer(hass, bare)
    assert not {"co2_kg", "baseline_co2_kg", "scores"} & set(found)
    assert not {"binding", "binding_value_per_kwh"} & set(found["steps"][0])
    row = found["devices"]["battery"]["steps"][0]
    assert set(row) == {"start", "end", "power_kw", "energy_kwh", "mode", "reason"}


async def test_what_is_known_is_passed_on(hass: HomeAssistant) -> None:
    """Scores of the strategies, CO₂, what limits each step."""
    rich = replace(
        SOLVED,
        scores={"arbitrage": 1.23456, "peak_shaving": 2.0},
        co2_kg=1.5,
        baseline_co2_kg=2.0,
        binding=("battery.full", ""),
        binding_value_per_kwh=np.array([0.25, 0.0]),
    )
    found = answer(hass, rich)
    assert found["scores"] == {"arbitrage": 1.2346, "peak_shaving": 2.0}
    assert (found["co2_kg"], found["baseline_co2_kg"]) == (1.5, 2.0)
    assert [row["binding"] for row in found["steps"]] == ["battery.full", None]
    assert [row["binding_value_per_kwh"] for row in found["steps"]] == [0.25, 0.0]


async def test_a_plan_without_a_solution_is_json_too(hass: HomeAssistant) -> None:
    """No time at all: the rule's plan has no objective and no gap, and JSON has no NaN."""
    ruled = solve(ASKED, now_s=START_S, time_limit_s=0.0)
    assert ruled.status == "failed"
    assert len(answer(hass, ruled)["steps"]) == 2
    endless = replace(SOLVED, stats=replace(SOLVED.stats, gap_abs=np.inf, objective=np.nan))
    assert answer(hass, endless)["diagnostics"]["objective"] is None
    assert answer(hass, endless)["diagnostics"]["gap_abs"] is None


async def test_totals_are_those_of_the_steps(hass: HomeAssistant) -> None:
    """1 kWh a step; the battery's 2 kWh cover the dear one, and what the cheap one leaves of them."""
    found = answer(hass, SOLVED)
    bought = sum(max(row["grid_kw"], 0) for row in found["steps"])
    assert found["import_kwh"] == round(bought, 4)
    assert found["import_peak_kw"] == round(max(row["grid_kw"] for row in found["steps"]), 4)
    assert found["horizon_h"] == 2
