"""Actions: optimise, read the plan, read the forecast, switch operation."""

from datetime import datetime
from itertools import pairwise
import json
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.service import async_get_all_descriptions
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome, Fault
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.sites import Site, home_of_entities, subentry_id
from tests.ha.wires import SELF_CONSUMPTION, Wires


async def act(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    """Call an action and return what it answers; it must be JSON."""
    answer = await hass.services.async_call("ems", action, data, blocking=True, return_response=True)
    await settle(hass)
    return json.loads(json.dumps(answer, allow_nan=False))


def check_series(rows: list[dict[str, Any]]) -> None:
    """Rows follow one another without gaps, in UTC, and every number's key names its unit."""
    for row, following in pairwise(rows):
        assert row["end"] == following["start"]
        assert datetime.fromisoformat(row["start"]).utcoffset().total_seconds() == 0
    for key, value in rows[0].items():
        if isinstance(value, float):
            assert key.endswith(("_kw", "_kwh")), key


async def test_optimise_returns_the_plan_that_it_made(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """A new one, in kW, kWh and currency, with every device's course and reasons."""
    before = entry.runtime_data.plan.data.outlook.plan.created_at_s
    await clock.live(hass, 60)
    answer = await act(hass, "optimize")
    assert datetime.fromisoformat(answer["created_at"]).timestamp() == before + 60
    assert (answer["status"], answer["reasons"], answer["currency"]) == ("ok", [], "EUR")
    assert answer["solver"] == "highs"
    saving = answer["baseline_cost"] - answer["expected_cost"]
    assert answer["expected_saving"] == pytest.approx(saving, abs=1e-3)
    assert answer["expected_saving"] >= 0
    check_series(answer["steps"])
    assert {"grid_kw", "load_kw", "import_price_per_kwh", "export_price_per_kwh"} <= set(answer["steps"][0])
    assert set(answer["devices"]) == {subentry_id(entry, role) for role in ("battery", "pv", "charger")}
    for device in answer["devices"].values():
        check_series(device["steps"])
        assert all(row["mode"] and " " in row["reason"] for row in device["steps"])
        assert all("{" not in row["reason"] for row in device["steps"])
    battery = answer["devices"][subentry_id(entry, "battery")]
    assert (battery["name"], battery["kind"]) == ("Battery", "battery")
    assert {"power_kw", "energy_kwh", "marginal_value_per_kwh"} <= set(battery["steps"][0])
    assert all(0 <= row["energy_kwh"] <= 10.0001 for row in battery["steps"])


async def test_optimise_needs_no_answer(hass: HomeAssistant, entry: MockConfigEntry, clock: Clock) -> None:
    """An automation on new prices wants the plan made, not read."""
    before = entry.runtime_data.plan.data.outlook
    await clock.tick(hass, 30)
    await hass.services.async_call("ems", "optimize", {"config_entry_id": entry.entry_id}, blocking=True)
    assert entry.runtime_data.plan.data.outlook is not before


async def test_the_button_does_the_same(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """For people without automations."""
    before = entry.runtime_data.plan.data.outlook
    button = {"entity_id": "button.demo_home_optimise_now"}
    await hass.services.async_call("button", "press", button, blocking=True)
    assert entry.runtime_data.plan.data.outlook is not before


async def test_optimise_asks_for_prices_and_weather_first(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome
) -> None:
    """So that a plan made at one o'clock knows tomorrow's prices."""
    before = entry.runtime_data.forecast.data
    await act(hass, "optimize")
    assert entry.runtime_data.forecast.data is not before
    home.faults.set("http", Fault.EXCEPTION)
    answer = await act(hass, "optimize")
    assert answer["status"] == "degraded"
    assert any("price service" in reason for reason in answer["reasons"])
    assert any("weather service" in reason for reason in answer["reasons"])
    assert not any("{" in reason for reason in answer["reasons"])


async def test_the_plan_can_be_read_without_making_one(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It is the same that optimise returned."""
    made = await act(hass, "optimize")
    outlook = entry.runtime_data.plan.data.outlook
    assert await act(hass, "get_plan", config_entry_id=entry.entry_id) == made
    assert entry.runtime_data.plan.data.outlook is outlook


async def test_the_forecast_has_bands_and_prices(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Consumption, production of every array, and which prices are known."""
    answer = await act(hass, "get_forecast")
    assert answer["currency"] == "EUR"
    solar = answer["pv"][subentry_id(entry, "pv")]
    for forecast in (answer["load"], solar):
        check_series(forecast["steps"])
        assert forecast["basis"]
        for row in forecast["steps"]:
            assert 0 <= row["p10_kw"] <= row["p50_kw"] <= row["p90_kw"]
    check_series(answer["prices"])
    known = [row["known"] for row in answer["prices"]]
    assert known[0] is True
    assert known == sorted(known, reverse=True)
    assert sum(row["mean_kw"] for row in solar["steps"]) > 0


@pytest.mark.parametrize("action", ["get_plan", "get_forecast"])
async def test_without_a_plan_there_is_nothing_to_read(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, action: str
) -> None:
    """Home Assistant is still starting: a message, no empty plan."""
    hass.set_state(CoreState.not_running)
    await add_site(demo_site)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, action)
    assert refused.value.translation_key == "no_plan_yet"


@pytest.mark.parametrize("action", ["optimize", "simulate", "get_plan", "get_forecast"])
async def test_a_home_that_is_not_there_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, action: str
) -> None:
    """Unknown, or not loaded."""
    with pytest.raises(ServiceValidationError):
        await act(hass, action, config_entry_id="nobody")
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError):
        await act(hass, action, config_entry_id=entry.entry_id)


async def test_with_two_homes_one_is_to_be_named(
    hass: HomeAssistant, entry: MockConfigEntry, add_site: AddSite
) -> None:
    """Guessing would optimise the neighbour."""
    await add_site(home_of_entities())
    with pytest.raises(ServiceValidationError):
        await act(hass, "get_plan")
    assert (await act(hass, "get_plan", config_entry_id=entry.entry_id))["status"] == "ok"


async def test_operation_can_be_switched_by_an_automation(
    hass: HomeAssistant, entry: MockConfigEntry, wires: Wires
) -> None:
    """The select follows, and going advisory releases every device."""
    battery = {"entity_id": "select.battery_mode", "option": "discharge"}
    await hass.services.async_call("select", "select_option", battery, blocking=True)
    await entry.runtime_data.dispatcher.async_clear_override(subentry_id(entry, "battery"))
    data = {"config_entry_id": entry.entry_id, "operation": "advisory"}
    await hass.services.async_call("ems", "set_operation", data, blocking=True)
    assert hass.states.get("select.demo_home_operation").state == "advisory"
    assert await wires.battery_mode() == SELF_CONSUMPTION
    await hass.services.async_call("ems", "set_operation", {"operation": "active"}, blocking=True)
    assert hass.states.get("select.demo_home_operation").state == "active"


async def test_actions_are_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Names, texts and fields in the developer tools; they are there whether a home is loaded or not."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    described = (await async_get_all_descriptions(hass))["ems"]
    assert set(described) == {
        "optimize",
        "simulate",
        "get_plan",
        "get_forecast",
        "set_operation",
        "override",
        "update_device_settings",
    }
    assert described["optimize"]["response"] == {"optional": True}
    assert set(described["optimize"]["fields"]) == {"config_entry_id", "strategy", "preference", "horizon"}
    assert described["simulate"]["response"] == {"optional": False}
    assert described["get_plan"]["response"] == {"optional": False}
    assert set(described["set_operation"]["fields"]) == {"config_entry_id", "operation"}
    assert described["override"]["response"] == {"optional": True}
    assert set(described["override"]["fields"]) == {"device_id", "mode", "power_w", "current_a", "duration"}
