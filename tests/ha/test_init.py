"""Set-up, unload, reload, restart, removal."""

import asyncio
from itertools import pairwise
from typing import Any
from unittest.mock import patch

from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems import async_remove_config_entry_device
from custom_components.ems.adapters import modbus_link
from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, Fault
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_home
from tests.ha.sites import Site, home_of_entities, subentry_id


async def own_demo_home(hass: HomeAssistant) -> MockConfigEntry:
    """Add the demo home that runs inside Home Assistant."""
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Demo home", more={})
    await settle(hass)
    return flow.result["result"]


async def test_a_site_reads_its_devices_and_plans(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The spine: wire to reading to plan to setpoint."""
    assert entry.state is ConfigEntryState.LOADED
    data = entry.runtime_data
    assert all(device.is_fresh for device in data.devices.values())
    assert data.plan.data.status == "ok"
    assert all(channel.accepted for channel in data.dispatcher.channels.values())
    assert hass.states.get("sensor.demo_home_plan_status").state == "ok"


async def test_unloading_frees_the_wires(hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome) -> None:
    """Other integrations may want the devices; inverters take one client."""
    assert len(async_get_connection_info(hass)) == 3
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert async_get_connection_info(hass) == []
    assert all(not home._devices[name].connections for name in ("meter", "inverter", "charger"))
    states = [state for state in hass.states.async_all() if state.state != "unavailable"]
    assert states == []


async def test_a_reload_brings_everything_back(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Same entities, same links, a new plan."""
    before = {state.entity_id for state in hass.states.async_all()}
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert {state.entity_id for state in hass.states.async_all()} == before
    assert len(async_get_connection_info(hass)) == 3
    assert hass.states.get("sensor.demo_home_plan_status").state == "ok"


async def test_unloading_stops_the_demo_home_inside(hass: HomeAssistant) -> None:
    """Its ports are free again, and the next start finds them so."""
    entry = await own_demo_home(hass)
    running = entry.runtime_data.demo
    assert running is not None
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(RuntimeError):
        _ = running.addresses
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    ports = entry.data["demo"]["ports"]
    assert entry.runtime_data.demo.addresses.meter.port == ports["meter"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_a_demo_home_of_one_charger_lives_on_with_it(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """An entry and a memory from the time before the others: nothing is asked of wires that are not there."""
    entry = await own_demo_home(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    for subentry in list(entry.subentries.values()):
        if subentry.title in {"Carport", "Courtyard"}:
            hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    demo = entry.data["demo"]
    ports = {name: port for name, port in demo["ports"].items() if name not in {"charger_2", "charger_3"}}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "demo": {**demo, "ports": ports}})
    kept = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["demo_home"]
    garage = kept.pop("points")["charger"]
    names = ("setpoint_a", "written_s", "phases", "energy_wh")
    kept |= {"schema": 1, "charger": {name: garage["charger"][name] for name in names}, "car": garage["car"]}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    running = entry.runtime_data.demo
    assert [point.spec.name for point in running.home.points] == ["Garage"]
    assert running.home.charger.energy_wh[0] >= garage["charger"]["energy_wh"][0]
    assert all(device.is_fresh for device in entry.runtime_data.devices.values())
    assert entry.runtime_data.plan.data.status == "ok"
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_a_restart_takes_up_the_demo_homes_life(hass: HomeAssistant, clock: Clock) -> None:
    """Counters never run backwards, and the battery is where a night has left it, not where it began."""
    entry = await own_demo_home(hass)
    await clock.live(hass, 60)
    before = entry.runtime_data.demo.truth()
    assert await hass.config_entries.async_unload(entry.entry_id)
    clock.move(6 * 3600)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    after = entry.runtime_data.demo.truth()
    for counter, value in before["energy_wh"].items():
        assert after["energy_wh"][counter] >= value, counter
    assert after["energy_wh"]["household"] > before["energy_wh"]["household"]
    assert after["battery"]["energy_wh"] != before["battery"]["energy_wh"]
    meter = float(hass.states.get("sensor.grid_meter_imported_energy").state)
    assert meter >= before["energy_wh"]["grid_import"] / 1000 - 0.011
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_the_demo_homes_memory_is_saved_while_it_runs(
    hass: HomeAssistant, clock: Clock, hass_storage: dict[str, Any]
) -> None:
    """A power cut must not turn counters back by days."""
    entry = await own_demo_home(hass)
    await clock.tick(hass, 901)
    await clock.tick(hass, 61)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["demo_home"]
    assert stored["at_s"] > 0
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_a_memory_that_cannot_be_read_begins_anew(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """A simulated home is no reason to stay down for ever."""
    entry = await own_demo_home(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["demo_home"] = {"schema": 99}
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_stopping_home_assistant_saves_and_stops_the_demo_home(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """Entries are not unloaded on a stop."""
    entry = await own_demo_home(hass)
    running = entry.runtime_data.demo
    await hass.async_stop(force=True)
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["demo_home"]["at_s"] > 0
    with pytest.raises(RuntimeError):
        _ = running.addresses


async def test_a_port_that_is_taken_is_named_and_tried_again(hass: HomeAssistant) -> None:
    """Another program may give it free."""
    entry = await own_demo_home(hass)
    ports = entry.data["demo"]["ports"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    thief = await asyncio.start_server(lambda *_: None, "127.0.0.1", ports["inverter"])
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "demo_port_taken"
    assert str(ports["inverter"]) in (entry.reason or "")
    thief.close()
    await thief.wait_closed()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_a_set_up_that_breaks_stops_the_demo_home_again(hass: HomeAssistant) -> None:
    """Its ports would stay taken, and every further try would fail for that."""
    entry = await own_demo_home(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    with patch("custom_components.ems.lifecycle.async_profiles", side_effect=OSError("disk")):
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_one_silent_device_does_not_hold_up_the_others(
    hass: HomeAssistant,
    home: DemoHome,
    demo_site: Site,
    add_site: AddSite,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The charger is unplugged today: the home is set up, planned and steered without it."""
    monkeypatch.setattr(modbus_link, "TIMEOUT_S", 0.1)
    home.faults.set("charger", Fault.SILENT)
    entry = await add_site(demo_site)
    assert hass.states.get("binary_sensor.garage_answers").state == "off"
    assert hass.states.get("binary_sensor.grid_meter_answers").state == "on"
    assert hass.states.get("sensor.garage_power").state == "unavailable"
    status = hass.states.get("sensor.demo_home_plan_status")
    assert status.state == "degraded"
    assert "Garage" in status.attributes["reason"]
    assert entry.runtime_data.dispatcher.channels[subentry_id(entry, "battery")].accepted
    home.faults.clear()
    await clock.live(hass, 70)
    assert hass.states.get("binary_sensor.garage_answers").state == "on"
    assert hass.states.get("sensor.garage_power").state == "0.0"


async def test_a_home_whose_devices_are_all_silent_is_tried_again(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite
) -> None:
    """Power cut, router down: there is nothing to do yet, and one of them is named."""
    for device in ("meter", "inverter", "charger"):
        home.faults.set(device, Fault.REFUSE)
    entry = await add_site(demo_site, expect=ConfigEntryState.SETUP_RETRY)
    assert entry.error_reason_translation_key == "no_device_answers"
    assert "Grid meter" in (entry.reason or "")
    assert async_get_connection_info(hass) == []
    home.faults.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED


async def test_another_device_at_the_address_is_not_read(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, caplog: pytest.LogCaptureFixture
) -> None:
    """Its counters would become the old one's history."""
    demo_site.subentry("meter")["data"]["source"]["serial"] = "12345"
    await add_site(demo_site)
    assert hass.states.get("sensor.grid_meter_power").state == "unavailable"
    assert hass.states.get("binary_sensor.grid_meter_answers").state == "off"
    assert "where 12345 was set up" in caplog.text


async def test_options_are_read_live_and_set_up_is_reloaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A slider must not tear a home down; another tariff must."""
    loaded = entry.runtime_data
    hass.config_entries.async_update_entry(entry, options={**entry.options, "strategy": "arbitrage"})
    await settle(hass)
    assert entry.runtime_data is loaded
    tariff = {"kind": "fixed", "import_price": 0.3, "export_price": 0.1}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "tariff": tariff})
    await settle(hass)
    assert entry.runtime_data is not loaded
    assert entry.runtime_data.plan.data.outlook.problem.import_price_per_kwh[0] == 0.3


async def test_a_device_that_is_removed_leaves_with_its_entities(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The home is set up anew without it, and its link is freed."""
    charger = subentry_id(entry, "charger")
    hass.config_entries.async_remove_subentry(entry, charger)
    await settle(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert len(entry.runtime_data.devices) == 3
    assert len(async_get_connection_info(hass)) == 2
    registry = er.async_get(hass)
    left = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert not [found.entity_id for found in left if found.config_subentry_id == charger]
    assert hass.states.get("sensor.demo_home_charger_power").state == "0"


async def test_only_devices_that_are_gone_can_be_deleted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Deleting a device of a subentry would bring it back on the next start."""
    devices = dr.async_get(hass)
    charger = subentry_id(entry, "charger")
    known = devices.async_get_device_by_identifier((DOMAIN, charger), entry.entry_id)
    site = devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    stale = devices.async_get_or_create(config_entry_id=entry.entry_id, identifiers={(DOMAIN, "gone")})
    assert not await async_remove_config_entry_device(hass, entry, known)
    assert not await async_remove_config_entry_device(hass, entry, site)
    assert await async_remove_config_entry_device(hass, entry, stale)


async def test_removing_a_home_leaves_nothing_behind(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], clock: Clock
) -> None:
    """No file, no device, no entity, no state."""
    entry.runtime_data.store.put("sessions", {"x": 1.0})
    assert (await hass.config_entries.async_remove(entry.entry_id))["require_restart"] is False
    await settle(hass)
    await clock.tick(hass, 120)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage
    assert hass.states.async_all() == []
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)


async def test_the_first_plan_waits_until_home_assistant_has_started(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> None:
    """Price and weather entities of other integrations are there only then; set-up never waits."""
    hass.set_state(CoreState.not_running)
    entry = await add_site(demo_site)
    status = hass.states.get("sensor.demo_home_plan_status")
    assert status.state == "failed"
    assert "starting" in status.attributes["reason"]
    assert hass.states.get("sensor.demo_home_expected_cost").state == "unknown"
    assert hass.states.get("sensor.demo_home_next_action").state == "unknown"
    assert hass.states.get("sensor.battery_planned_mode").state == "unknown"
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await settle(hass)
    assert entry.runtime_data.plan.data.status == "ok"


async def test_a_plan_is_made_every_five_minutes(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """On the clock's fives, so that its steps are whole."""
    made = []
    for _ in range(3):
        await clock.live(hass, 300, step_s=20)
        made.append(entry.runtime_data.plan.data.outlook.plan.created_at_s)
    gaps = [later - earlier for earlier, later in pairwise(made)]
    assert all(abs(gap - 300) < 21 for gap in gaps)


async def test_a_home_without_devices_is_set_up_and_says_what_it_lacks(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Right after the first form, before the meter is added."""
    entry = await add_site(home_of_entities())
    assert entry.runtime_data.devices == {}
    status = hass.states.get("sensor.home_plan_status")
    assert status.state == "degraded"
    assert status.attributes["reason"]
    assert hass.states.get("sensor.home_grid_power").state == "unknown"


@pytest.mark.usefixtures("entry")
async def test_two_homes_stand_side_by_side(hass: HomeAssistant, add_site: AddSite) -> None:
    """Several sites are several entries; one gone, the other stays."""
    other = await add_site(home_of_entities())
    assert await hass.config_entries.async_unload(other.entry_id)
    await settle(hass)
    assert hass.states.get("sensor.demo_home_plan_status").state == "ok"
    assert hass.states.get("sensor.home_plan_status").state == "unavailable"


async def test_a_platform_that_does_not_unload_keeps_the_home(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Half an unload would leave devices without anybody."""
    with patch.object(hass.config_entries, "async_unload_platforms", return_value=False):
        assert not await hass.config_entries.async_unload(entry.entry_id)
    assert not entry.runtime_data.dispatcher._stopped
    # What is left is taken down by hand, as Home Assistant's own restart would.
    entry._async_set_state(hass, ConfigEntryState.LOADED, None)


async def test_entries_of_the_first_version_need_no_migration(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Whoever raises the version writes async_migrate_entry, and a test here."""
    assert (entry.version, entry.minor_version) == (1, 1)
    assert hass.config_entries.async_get_known_entry(entry.entry_id) is entry
