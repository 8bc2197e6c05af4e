"""Diagnostics: a bug report that can be replayed and gives nobody away."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.ems.engine.insight.electrical_verdict import Subject
from custom_components.ems.engine.plan.serial import problem_from_json
from tests.ha.clock import Clock, settle
from tests.ha.sites import Site, subentry_id


async def download(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return what a person would download: through JSON and back."""
    found = await async_get_config_entry_diagnostics(hass, entry)
    return json.loads(json.dumps(found, cls=ExtendedJSONEncoder, allow_nan=False))


async def test_diagnostics_hold_everything_that_a_bug_report_needs(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Set-up, readings with their quality, the problem and its plan, and what was written."""
    await hass.services.async_call(
        "number", "set_value", {"entity_id": "number.battery_power_setpoint", "value": -1000}, blocking=True
    )
    found = await download(hass, entry)
    parts = {"entry", "status", "reasons", "problem", "plan", "devices", "loads", "forecasts", "commands"}
    assert set(found) == parts | {"meters", "electrical_health", "guard"}
    health = found["electrical_health"][subentry_id(entry, "meter")]
    assert set(health["findings"]) == {subject.value for subject in Subject}
    assert 0 <= health["voltage_unbalance_pct"] < 3
    assert found["forecasts"]["basis"] == "prior"
    assert found["forecasts"]["archived"]["load"] == 1
    assert found["status"] == "ok"
    assert len(found["entry"]["subentries"]) == 4
    meter = found["devices"][subentry_id(entry, "meter")]
    assert (meter["role"], meter["profile"], meter["ok"]) == ("meter", "abb_b23", True)
    assert meter["reading"]["roles"]["meter"]["power"]["quality"] == "good"
    battery = found["commands"][subentry_id(entry, "battery")]
    assert battery["override"]["power_w"] == 1000
    assert battery["writes"][-1]["read_back"] == battery["writes"][-1]["written"]
    assert found["devices"][subentry_id(entry, "battery")]["settings"]["roles"]["battery"]["capacity"]


async def test_the_problem_can_be_solved_again_from_the_diagnostics(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """In its versioned JSON form: a test case out of every bug report."""
    found = await download(hass, entry)
    assert found["problem"]["schema"] == found["plan"]["schema"] == 1
    again = problem_from_json(found["problem"])
    assert len(again.steps) == len(entry.runtime_data.plan.data.outlook.problem.steps)


async def test_nothing_in_them_tells_who_it_is(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, clock: Clock
) -> None:
    """No host, no serial number, no coordinates, no name of the home; also where an error quotes them."""
    home.faults.set("http", Fault.REFUSE)
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    home.faults.set("charger", Fault.REFUSE)
    await clock.live(hass, 10)
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, "charger")]
    channel.error = f"no answer from {home.addresses.charger.host}:{home.addresses.charger.port}"
    text = json.dumps(await download(hass, entry))
    serials = {subentry.data["source"]["serial"] for subentry in entry.subentries.values()}
    for secret in ("127.0.0.1", "48.21", "16.37", "Demo home", home.addresses.http, *serials):
        assert secret not in text, secret


async def test_before_the_first_plan_they_are_there_too(
    hass: HomeAssistant, demo_site: Site, home: DemoHome, add_site: Any
) -> None:
    """That is when people need them."""
    home.faults.set("http", Fault.EXCEPTION)
    home.faults.set("inverter", Fault.REFUSE)
    entry = await add_site(demo_site)
    await settle(hass)
    found = await download(hass, entry)
    assert found["status"] == "failed"
    assert found["reasons"]
    assert (found["problem"], found["plan"]) == (None, None)
    silent = found["devices"][subentry_id(entry, "battery")]
    assert (silent["ok"], silent["reading"], silent["settings"]) == (False, None, None)
