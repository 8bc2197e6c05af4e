"""Set-up that breaks half way, changes that come at a bad moment, and devices that move."""

import asyncio
from typing import Any

from homeassistant.components.modbus import async_get_unit
from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusTlsParams
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems import lifecycle
from custom_components.ems.demo import DemoHome, Fault
from tests.ha.clock import Clock, settle
from tests.ha.flows import change_device
from tests.ha.sites import BATTERY_PARAMS, PV_PARAMS, Site, subentry_id
from tests.ha.test_device_flow import INVERTER, add, at_connection, link, site
from tests.ha.test_init import own_demo_home

__all__ = ["site"]  # a fixture


async def test_a_platform_that_fails_leaves_no_demo_home_behind(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ports would stay taken until the next restart."""
    entry = await own_demo_home(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    started: list[DemoHome] = []
    original = lifecycle._assemble

    def assemble(*args: Any) -> Any:
        found = original(*args)
        started.append(found.demo)
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(lifecycle, "_assemble", assemble)
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    with pytest.raises(RuntimeError):
        _ = started[0].addresses
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_store_that_cannot_be_written_leaves_no_demo_home_behind(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is no reason to keep the ports."""
    entry = await own_demo_home(hass)
    running = entry.runtime_data.demo

    async def full() -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(entry.runtime_data.store, "async_flush", full)
        await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(RuntimeError):
        _ = running.addresses
    await entry._async_process_on_unload(hass)


async def test_a_link_in_other_hands_is_tried_again(
    hass: HomeAssistant, demo_site: Site, home: DemoHome
) -> None:
    """Another integration speaks to the same address in other terms; it may be reconfigured."""
    other = MockConfigEntry(domain="test")
    other.add_to_hass(hass)
    at = home.addresses.meter
    async_get_unit(hass, other, ModbusTlsParams(host=at.host, port=at.port), 1)
    entry = demo_site.entry("ems")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "other connection settings" in (entry.reason or "")
    await other._async_process_on_unload(hass)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_silent_devices_are_said_once_and_not_at_every_try(
    hass: HomeAssistant, demo_site: Site, home: DemoHome, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Home Assistant logs that a set-up is tried again, once; we add nothing to that."""
    for device in ("meter", "inverter", "charger"):
        home.faults.set(device, Fault.REFUSE)
    entry = demo_site.entry("ems")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    for _ in range(3):
        await clock.tick(hass, 300)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    noise = [r for r in caplog.records if r.levelname in ("WARNING", "ERROR") and r.name.endswith(".ems")]
    assert noise == []
    home.faults.clear("meter")
    await clock.tick(hass, 600)
    assert entry.state is ConfigEntryState.LOADED
    assert caplog.text.count("the site starts without it") == 3  # an inverter, its settings, a charger
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_device_added_while_the_site_starts_is_not_forgotten(
    hass: HomeAssistant, demo_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent inverter keeps a set-up waiting for seconds: long enough to add the next device."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    original = lifecycle._async_first_contact

    async def slow(devices: Any) -> None:
        begun.set()
        await go_on.wait()
        await original(devices)

    monkeypatch.setattr(lifecycle, "_async_first_contact", slow)
    late = demo_site.subentry("charger")
    entry = demo_site.only("meter", "battery").entry("ems")
    entry.add_to_hass(hass)
    setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    await begun.wait()
    added = ConfigSubentry(
        data=late["data"],
        subentry_type="charger",
        title=late["title"],
        unique_id=late["unique_id"],
    )
    hass.config_entries.async_add_subentry(entry, added)
    go_on.set()
    await setting_up
    await settle(hass)
    assert added.subentry_id in entry.runtime_data.devices
    await hass.config_entries.async_unload(entry.entry_id)


async def test_another_currency_is_shown_at_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Units are made when entities are: without a reload a price in crowns would be called one in euro."""
    assert hass.states.get("sensor.demo_home_import_price").attributes["unit_of_measurement"] == "EUR/kWh"
    await hass.config.async_update(currency="CHF")
    await settle(hass)
    assert hass.states.get("sensor.demo_home_import_price").attributes["unit_of_measurement"] == "CHF/kWh"
    loaded = entry.runtime_data
    await hass.config.async_update(location_name="Elsewhere")
    await settle(hass)
    assert entry.runtime_data is loaded


async def test_both_halves_of_a_hybrid_move_together(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry
) -> None:
    """Its PV would go on asking the old address, and the site would hold two links to one inverter."""
    battery, pv = subentry_id(entry, "battery"), subentry_id(entry, "pv")
    reloads: list[int] = []
    original = hass.config_entries.async_schedule_reload
    hass.config_entries.async_schedule_reload = lambda key: (reloads.append(1), original(key))
    flow = await change_device(hass, entry, battery)
    await flow.submit(**link(home, "inverter", host="localhost"))
    await flow.submit(name="Battery", **BATTERY_PARAMS)
    await settle(hass)
    assert entry.subentries[pv].data["source"]["link"]["host"] == "localhost"
    assert entry.subentries[pv].title == "Solar"
    devices = entry.runtime_data.devices
    assert devices[battery].coordinator is devices[pv].coordinator
    assert len(async_get_connection_info(hass)) == 3
    assert len(reloads) == 1


async def test_the_second_half_of_a_hybrid_brings_the_first_to_its_address(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Two spellings of one host are one inverter, which takes one client."""
    await add(hass, site, home, "battery")
    flow = await at_connection(hass, site, "pv", INVERTER)
    await flow.submit(**link(home, "inverter", host="localhost"))
    await flow.submit(name="Solar", **PV_PARAMS)
    await settle(hass)
    battery, pv = site.runtime_data.devices.values()
    assert battery.coordinator is pv.coordinator


@pytest.mark.usefixtures("entry")
async def test_a_device_belongs_to_one_site(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Two dispatchers on one inverter would fight."""
    assert (await add(hass, site, home, "battery")).aborted == "already_configured"
