"""Flexible loads that EMS reaches itself: a plug over HTTP, from the form to the last word on unload."""

from copy import deepcopy
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.devices import relays
from tests.devices.web import WebDevice, serving
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.loads import GRID, Planner, always, channel, never, record, replan, state
from tests.ha.sites import WASH_PARAMS, Site, home_of_entities

WINDOW = {"window_from": "00:00:00", "window_until": "00:00:00"}
PUMP = {"power_w": 1000, "energy_kwh": 4, "min_on_min": 10, "min_off_min": 10, **WINDOW}
WASH = {"profile_w": "2000, 2000, 150", **WINDOW}


@pytest.fixture
async def web(sockets: None):
    """Run a web server that plays a device."""
    async with serving(WebDevice()) as device:
        yield device


@pytest.fixture
def plug(web: WebDevice) -> relays.WebRelay:
    """Return a Shelly Plus Plug S on it."""
    return relays.WebRelay(web, deepcopy(relays.SHELLY_PLUS_PLUG))


def at(web: WebDevice) -> dict[str, Any]:
    """Return where the device answers."""
    host, _, port = web.base_url.removeprefix("http://").partition(":")
    return {"host": host, "port": int(port)}


async def at_confirm(hass: HomeAssistant, site: MockConfigEntry, web: WebDevice) -> Flow:
    """Go as far as the kind."""
    flow = await (await add_device(hass, site, "load")).choose("profile")
    await flow.submit(profile="shelly_relay_pm_http")
    return await flow.submit(**at(web), channel=0)


async def test_a_shelly_plug_is_added_planned_switched_renewed_and_left_off(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
) -> None:
    """By its form nothing is switched; the plan switches it, proof and lease included; unloading writes off."""
    site = await add_site(home_of_entities(GRID))
    flow = await at_confirm(hass, site, web)
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Running: **✗**" in flow.shown["values"]
    assert "Energy: **1.23 kWh**" in flow.shown["values"]
    assert plug.told == []
    await flow.submit(name="Pool", kind="interruptible", demand="daily")
    await flow.submit(**PUMP)
    assert flow.created
    await settle(hass)
    assert plug.told == []
    # A real home is advisory; this one is let.
    data = {**site.data, "kind": "demo"}
    hass.config_entries.async_update_entry(site, data=data, options={"operation": "active"})
    await hass.config_entries.async_reload(site.entry_id)
    await settle(hass)
    assert not plug.is_on
    plug.told.clear()
    planner.wish = always
    await clock.tick(hass, 6)
    await replan(hass, site)
    assert plug.is_on
    assert plug.timer_s == 600
    written = channel(site).writes[-1]
    assert (written.entity_id, written.written, written.read_back) == ("switch.pool_run", 1.0, 1.0)
    await clock.live(hass, 60)
    assert state(hass, "binary_sensor.pool_running") == "on"
    assert state(hass, "sensor.pool_power") == "1010.0"
    assert state(hass, "switch.pool_run") == "on"
    assert len(plug.told) == 1
    await clock.live(hass, 240)
    assert plug.told == ["/rpc/Switch.Set?id=0&on=true&toggle_after=600"] * 2
    assert await hass.config_entries.async_unload(site.entry_id)
    assert not plug.is_on
    assert plug.told[-1] == "/rpc/Switch.Set?id=0&on=false"


@pytest.fixture
def pool(web: WebDevice) -> dict[str, Any]:
    """Return the plug as a subentry that is set up already."""
    return load_at(web, {"kind": "interruptible", "demand": "daily", **PUMP})


def load_at(web: WebDevice, params: dict[str, Any]) -> dict[str, Any]:
    """Return a load behind the web server."""
    link = {"transport": "http", **at(web), "channel": 0}
    source = {"kind": "profile", "profile": "shelly_relay_pm_http", "link": link, "serial": "E465B8F0A1B2-0"}
    return {
        "subentry_type": "load",
        "title": "Pool",
        "unique_id": "load:E465B8F0A1B2-0",
        "data": {"name": "Pool", "source": source, "params": {**WINDOW, **params}},
    }


def home(*loads: dict[str, Any]) -> Site:
    """Return a home that may be steered."""
    site = home_of_entities(GRID, *loads)
    site.data["kind"] = "demo"
    site.options = {"operation": "active"}
    return site


async def test_its_own_counter_is_what_it_has_used(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    pool: dict[str, Any],
) -> None:
    """Over a restart too, and over a counter that began anew."""
    entry = await add_site(home(pool))
    energy = web.documents["/rpc/Switch.GetStatus?id=0"]["aenergy"]
    energy["total"] += 500.0
    await clock.live(hass, 10)
    assert record(entry).delivered_kwh == pytest.approx(0.5)
    assert await hass.config_entries.async_unload(entry.entry_id)
    energy["total"] += 250.0
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    await clock.live(hass, 10)
    assert record(entry).delivered_kwh == pytest.approx(0.75)
    energy["total"] = 0.0
    await clock.live(hass, 10)
    energy["total"] = 100.0
    await clock.live(hass, 10)
    assert record(entry).delivered_kwh == pytest.approx(0.85)


async def test_a_hand_on_the_plug_is_heeded_for_an_hour(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    pool: dict[str, Any],
) -> None:
    """Seen at the next poll, and not taken for an echo of our own switching."""
    planner.wish = always
    entry = await add_site(home(pool))
    await clock.live(hass, 60)
    assert channel(entry).override is None
    plug.switch(on=False)
    await clock.live(hass, 10)
    assert channel(entry).override.mode == "off"
    await clock.live(hass, 300)
    assert not plug.is_on


async def test_a_plug_that_was_away_is_told_again(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    pool: dict[str, Any],
) -> None:
    """Unavailable meanwhile; off after the power cut, and nobody meant that."""
    planner.wish = always
    entry = await add_site(home(pool))
    await clock.live(hass, 60)
    statuses = dict.fromkeys(relays.SHELLY_PLUS_PLUG, 500)
    web.statuses.update(statuses)
    plug.switch(on=False)
    await clock.live(hass, 60)
    assert state(hass, "binary_sensor.pool_running") == "unavailable"
    device = next(each for each in entry.runtime_data.devices.values() if each.role == "load")
    assert not device.is_fresh
    web.statuses.clear()
    await clock.live(hass, 20)
    assert plug.is_on
    assert channel(entry).override is None


async def test_blind_it_is_let_go_by_its_own_timer_and_told_again_when_the_meter_is_back(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    pool: dict[str, Any],
) -> None:
    """A silent grid meter renews no lease; what the timer did is no hand."""
    planner.wish = always
    entry = await add_site(home(pool))
    await clock.live(hass, 60)
    told = len(plug.told)
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 600, step_s=10)
    assert len(plug.told) == told
    plug.switch(on=False)  # its timer ran out
    await clock.live(hass, 20)
    assert channel(entry).override is None
    set_sensor(hass, "sensor.grid", 500, "W")
    await replan(hass, entry)
    await clock.live(hass, 20)
    assert plug.is_on


async def test_a_programme_is_switched_on_without_a_timer_and_left_running(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
) -> None:
    """Broken off half-way it would cost more than any price could save."""
    planner.wish = always
    entry = await add_site(home(load_at(web, {**WASH_PARAMS, "demand": "daily"})))
    await clock.live(hass, 30)
    assert plug.told == ["/rpc/Switch.Set?id=0&on=true"]
    await clock.live(hass, 300)
    assert len(plug.told) == 1
    told = channel(entry).device.actuator
    assert (told.lease_s, told.on_expiry) == (None, "It stays as it is until somebody switches it.")
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert plug.is_on


async def test_a_plug_can_only_be_switched(
    hass: HomeAssistant, web: WebDevice, plug: relays.WebRelay, add_site: AddSite
) -> None:
    """A load whose power is to be set needs somebody who sets it."""
    site = await add_site(home_of_entities(GRID))
    flow = await at_confirm(hass, site, web)
    await flow.submit(name="Rod", kind="continuous", demand="daily")
    assert flow.errors == {"kind": "power_number_missing"}
    await flow.submit(name="Wash", kind="programme", demand="daily")
    await flow.submit(**WASH)
    assert flow.created


async def test_it_is_off_in_between(
    hass: HomeAssistant,
    web: WebDevice,
    plug: relays.WebRelay,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    pool: dict[str, Any],
) -> None:
    """Off brings no timer, and what it does then is no hand."""
    planner.wish = always
    entry = await add_site(home(pool))
    await clock.live(hass, 30)
    planner.wish = never
    await replan(hass, entry)
    await clock.live(hass, 30)
    assert not plug.is_on
    assert plug.timer_s is None
    assert channel(entry).override is None
