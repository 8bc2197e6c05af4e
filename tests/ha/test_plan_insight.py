"""What is behind the plan, as entities."""

from dataclasses import replace

from homeassistant.core import HomeAssistant
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.coordinators.plan import PlanState
from custom_components.ems.engine.plan.thresholds import thresholds
from tests.ha.clock import Clock, settle
from tests.ha.sites import subentry_id
from tests.ha.test_actions import act

STRATEGY, LIMIT = "sensor.demo_home_strategy_in_use", "sensor.demo_home_limited_by"
BELOW, ABOVE = "sensor.battery_charge_below", "sensor.battery_discharge_above"


async def show(hass: HomeAssistant, entry: MockConfigEntry, **changes: object) -> None:
    """Publish the plan as if the engine had said something else."""
    plan = entry.runtime_data.plan
    outlook = plan.data.outlook
    changed = replace(outlook, plan=replace(outlook.plan, **changes))
    plan.async_set_updated_data(PlanState(status=plan.data.status, reasons=(), outlook=changed))
    await settle(hass)


async def test_the_strategy_in_use_is_that_of_the_plan(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """`auto` is what it came to; what an action asked for is marked, and gone with the next plan."""
    shown = hass.states.get(STRATEGY)
    assert shown.state == "arbitrage"
    assert (shown.attributes["preference"], shown.attributes["horizon_h"]) == ("economic", 48)
    assert shown.attributes["asked_for"] is False
    # `auto` compared all four; who asks for one gets one.
    assert set(shown.attributes["scores"]) == {
        "arbitrage",
        "peak_shaving",
        "self_consumption",
        "load_balancing",
    }
    await act(hass, "optimize", strategy="load_balancing", horizon=6)
    shown = hass.states.get(STRATEGY)
    assert "scores" not in shown.attributes
    assert (shown.state, shown.attributes["asked_for"]) == ("load_balancing", True)
    assert shown.attributes["horizon_h"] == 6
    await clock.live(hass, 300)
    assert hass.states.get(STRATEGY).attributes["asked_for"] is False


async def test_scores_are_shown_where_strategies_were_compared(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await show(hass, entry, scores={"arbitrage": 1.23456, "peak_shaving": 2.0})
    assert hass.states.get(STRATEGY).attributes["scores"] == {"arbitrage": 1.2346, "peak_shaving": 2.0}


@pytest.mark.parametrize(
    ("limit", "state", "device"),
    [("", "none", None), ("import_limit", "import_limit", None), ("BATTERY.full", "full", "Battery")],
)
async def test_the_limit_is_named_with_its_device(
    hass: HomeAssistant, entry: MockConfigEntry, limit: str, state: str, device: str | None
) -> None:
    """And with what one kWh more of it would save."""
    n = len(entry.runtime_data.plan.data.outlook.plan.steps)
    name = limit.replace("BATTERY", subentry_id(entry, "battery"))
    await show(hass, entry, binding=(name,) * n, binding_value_per_kwh=np.full(n, 0.125))
    shown = hass.states.get(LIMIT)
    assert (shown.state, shown.attributes["device"]) == (state, device)
    assert shown.attributes["value_per_kwh"] == 0.125


async def test_a_plan_that_names_no_limits_does_not_say_there_are_none(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A plan of the rule, for instance: nobody looked."""
    await show(hass, entry, binding=(), binding_value_per_kwh=None)
    assert hass.states.get(LIMIT).state == "unknown"


async def test_a_battery_s_thresholds_are_those_of_the_running_step(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """In currency per kWh at the home; unknown where the plan has no values."""
    outlook = entry.runtime_data.plan.data.outlook
    device = outlook.plan.devices[subentry_id(entry, "battery")]
    limits = thresholds(outlook.problem.site, device)
    assert limits is not None
    for entity_id, series in ((BELOW, limits.charge_below_per_kwh), (ABOVE, limits.discharge_above_per_kwh)):
        shown = hass.states.get(entity_id)
        assert float(shown.state) == pytest.approx(series[0], abs=1e-4)
        assert shown.attributes["unit_of_measurement"] == "EUR/kWh"
    blind = replace(device, import_value_per_kwh=None)
    await show(hass, entry, devices={**outlook.plan.devices, device.id: blind})
    assert hass.states.get(BELOW).state == hass.states.get(ABOVE).state == "unknown"


async def test_the_solve_time_tells_how_the_plan_was_found(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    stats = entry.runtime_data.plan.data.outlook.plan.stats
    shown = hass.states.get("sensor.demo_home_solve_time")
    assert shown.attributes["variables"] == stats.variables
    assert shown.attributes["solver"] == "highs"
    assert shown.attributes["gap_abs"] == pytest.approx(stats.gap_abs, abs=1e-6)
