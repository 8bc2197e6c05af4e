"""Diagnostics of a running Home Assistant, replayed: every device reads the same again, and nobody is named."""

import asyncio
from collections.abc import AsyncIterator
import json
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import ExtendedJSONEncoder
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from tests.devices import documents
from tests.devices.images import image, text, words
from tests.devices.web import WebDevice, serving
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_device
from tests.ha.sites import Site, home_of_entities, subentry_id
from tests.support.manual import OWN_METER
from tests.support.registers import simulated
from tests.support.replay import Replay, async_replay, devices_of


async def download(hass: HomeAssistant, entry: MockConfigEntry, role: str | None = None) -> dict[str, Any]:
    """Return what a person would download, from the home's page or a device's: through JSON and back."""
    if role is None:
        found = await async_get_config_entry_diagnostics(hass, entry)
    else:
        found = await async_get_device_diagnostics(
            hass, entry, page_of(hass, entry, subentry_id(entry, role))
        )
    return json.loads(json.dumps({"data": found}, cls=ExtendedJSONEncoder, allow_nan=False))


def page_of(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> dr.DeviceEntry:
    """Return a device's page."""
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    return next(device for device in devices if (DOMAIN, key) in device.identifiers)


async def replays(found: dict[str, Any]) -> dict[str, Replay]:
    """Replay every device of a download, by role."""
    return {each["role"]: await async_replay(each) for each in devices_of(found).values()}


def is_same(played: Replay) -> bool:
    """Tell whether everything was read as recorded."""
    return played.problem is None and played.differences == () and played.compared > 0


async def test_the_demo_home_reads_the_same_from_its_diagnostics(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """A meter, a hybrid inverter and a charging station whose names are in another unit."""
    await clock.live(hass, 130)  # both rhythms, and setpoints of the plan in between
    found = await download(hass, entry)
    played = await replays(found)
    assert set(played) == {"meter", "battery", "pv", "charger"}
    assert [role for role, each in played.items() if not is_same(each)] == []
    battery = found["data"]["devices"][subentry_id(entry, "battery")]
    assert len(battery["settings"]["roles"]["battery"]) > 3
    tables = {(block["unit"], block["table"]) for block in battery["capture"]["blocks"]}
    assert len(tables) == 1
    assert battery["capture"]["redacted"][0].startswith("serial number: holding")
    serials = {subentry.data["source"]["serial"] for subentry in entry.subentries.values()}
    assert not [serial for serial in serials if serial in json.dumps(found)]


@pytest.mark.parametrize("role", ["meter", "battery", "charger"])
async def test_the_page_of_a_device_gives_that_device_only(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, role: str
) -> None:
    """Whoever sends it sends nothing of the rest of the home."""
    await clock.live(hass, 65)
    found = await download(hass, entry, role)
    key = subentry_id(entry, role)
    assert set(found["data"]) == {"devices", "loads", "commands"}
    assert set(found["data"]["devices"]) == {key}
    assert set(found["data"]["commands"]) <= {key}
    assert is_same((await replays(found))[role])


async def test_the_page_of_the_home_gives_the_plan_without_devices(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It stands for the whole and for none of them."""
    found = await async_get_device_diagnostics(hass, entry, page_of(hass, entry, entry.entry_id))
    assert found["plan"]["schema"] == 1
    assert found["devices"] == {}


async def test_a_device_that_fell_silent_keeps_its_last_words(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, clock: Clock
) -> None:
    """That is when people download diagnostics."""
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 30)
    found = await download(hass, entry, "meter")
    (meter,) = found["data"]["devices"].values()
    assert meter["ok"] is False
    assert "connection" in meter["error"]
    assert home.addresses.meter.host not in meter["error"]
    assert is_same((await replays(found))["meter"])


async def test_a_home_that_did_not_start_has_diagnostics_too(
    hass: HomeAssistant, demo_site: Site, home: DemoHome, add_site: AddSite
) -> None:
    """Its set-up is tried again and again, and people want to know why."""
    for name in ("meter", "inverter", "charger"):
        home.faults.set(name, Fault.REFUSE)
    entry = await add_site(demo_site, expect=ConfigEntryState.SETUP_RETRY)
    found = (await download(hass, entry))["data"]
    assert found["state"] == "setup_retry"
    assert "does not answer" in found["reason"]
    assert len(found["entry"]["subentries"]) == 4
    assert devices_of(found) == {}


async def test_a_device_of_a_home_that_is_not_running_says_so(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Its page is there, and its download too."""
    page = page_of(hass, entry, subentry_id(entry, "meter"))
    await hass.config_entries.async_unload(entry.entry_id)
    found = await async_get_device_diagnostics(hass, entry, page)
    assert (found["state"], found["devices"]) == ("not_loaded", {})


M1 = image(
    {0: text("M1-100", 4), 4: text("0815", 4), 16: words("i", 12345), 18: words("II", 123456, 7890)}
    | {22: words("HH", 2301, 4998)}
)


@pytest.fixture
async def at() -> AsyncIterator[dict[str, Any]]:
    """Serve the meter of the manual and say where."""
    server = ModbusTcpServer([SimDevice(1, simdata=simulated(M1))], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    assert server.transport is not None
    yield {"host": "127.0.0.1", "port": server.transport.sockets[0].getsockname()[1], "unit_id": 1}
    await server.shutdown()
    await asyncio.sleep(0)


async def test_a_profile_of_ones_own_comes_along(
    hass: HomeAssistant, add_site: AddSite, at: dict[str, Any], tmp_path: Path
) -> None:
    """Nobody else has it."""
    hass.config.config_dir = str(tmp_path)
    path = tmp_path / "ems" / "profiles" / "acme_m1.yaml"
    await hass.async_add_executor_job(lambda: (path.parent.mkdir(parents=True), path.write_text(OWN_METER)))
    site = await add_site(home_of_entities())
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    await flow.submit(profile="acme_m1")
    await flow.submit(**at)
    await flow.submit(name="Grid", position="grid")
    await settle(hass)
    found = await download(hass, site, "meter")
    (meter,) = found["data"]["devices"].values()
    assert meter["capture"]["own"] == OWN_METER
    assert is_same((await replays(found))["meter"])


async def test_rows_of_a_form_come_along(hass: HomeAssistant, add_site: AddSite, at: dict[str, Any]) -> None:
    """But not where they led."""
    site = await add_site(home_of_entities())
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    row = {"point": "power", "register": 16, "type": "s32", "unit": "W", "scale": 0.1}
    await flow.submit(**at, points=[row], power_positive="export")
    assert flow.step == "confirm", flow.shown
    await flow.submit(name="Grid", position="grid")
    await settle(hass)
    found = await download(hass, site, "meter")
    assert is_same((await replays(found))["meter"])
    assert "127.0.0.1" not in json.dumps(found)


async def test_an_answer_over_http_comes_along(hass: HomeAssistant, add_site: AddSite) -> None:
    """Without address, query and serial number."""
    site = await add_site(home_of_entities())
    async with serving(WebDevice(documents={"/live?key=hunter2": {"power": 321.5, "owner": "Anna"}})) as web:
        flow = await (await add_device(hass, site, "meter")).choose("http")
        await flow.submit(
            url=f"{web.base_url}/live?key=hunter2", method="get", auth="none", verify_ssl=True, poll_s=30
        )
        await flow.submit(points=[{"point": "power", "path": "power", "unit": "W"}], power_positive="import")
        assert flow.step == "confirm", flow.shown
        await flow.submit(name="Grid", position="grid")
        await settle(hass)
        found = await download(hass, site, "meter")
    assert is_same((await replays(found))["meter"])
    for secret in ("hunter2", "Anna", "127.0.0.1"):
        assert secret not in json.dumps(found)


async def test_a_shelly_over_http_reads_the_same(hass: HomeAssistant, add_site: AddSite) -> None:
    """Its profile is shipped, its answers come along."""
    site = await add_site(home_of_entities())
    async with serving(WebDevice(documents=dict(documents.SHELLY_PRO_3EM))) as web:
        flow = await (await add_device(hass, site, "meter")).choose("profile")
        await flow.submit(profile="shelly_3em_http")
        await flow.submit(host="127.0.0.1", port=int(web.base_url.rpartition(":")[2]))
        await flow.submit(name="Grid", position="grid")
        await settle(hass)
        found = await download(hass, site, "meter")
    assert is_same((await replays(found))["meter"])
    assert "EC62609110F8" not in json.dumps(found).upper()
