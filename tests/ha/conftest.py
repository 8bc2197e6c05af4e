"""A Home Assistant in Vienna with EMS in it, and the demo home on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, DemoPorts
from custom_components.ems.devices import HttpClient, HttpDevice, ModbusDevice, MqttDevice
from custom_components.ems.sources import http
from custom_components.ems.sources.http import Patience
from tests.ha.clock import Clock, one_clock, settle, wall_s
from tests.ha.foreign import Foreign, read_home, set_sensor
from tests.ha.loads import Planner, state
from tests.ha.pushing import Poster
from tests.ha.sites import Site, async_demo_site
from tests.ha.wires import Wires

type AddSite = Callable[..., Awaitable[MockConfigEntry]]


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clock]:
    """Freeze time before anything looks at it; devices and demo homes look at the same clock."""
    for timed in (ModbusDevice, HttpDevice, HttpClient, MqttDevice, DemoHome):
        monkeypatch.setitem(timed.__init__.__kwdefaults__, "clock", wall_s)
    with one_clock(asyncio.get_running_loop()) as running:
        yield running


@pytest.fixture(autouse=True)
def auto_enable(clock: Clock, recorder_db_url: str, enable_custom_integrations: None) -> None:
    """Let Home Assistant find custom integrations; naming the recorder first keeps its fixtures usable."""


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Allow loopback sockets: the wires are real."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a service that fails again at once."""
    monkeypatch.setattr(http, "Patience", partial(Patience, wait_s=0.01))


@pytest.fixture(autouse=True)
async def vienna(auto_enable: None, hass: HomeAssistant) -> None:  # it comes first
    """Live where the demo home lives."""
    await hass.config.async_update(
        latitude=48.21,
        longitude=16.37,
        elevation=171,
        time_zone="Europe/Vienna",
        currency="EUR",
        country="AT",
    )
    assert await async_setup_component(hass, "homeassistant", {})


@pytest.fixture
async def home(vienna: None, clock: Clock) -> AsyncIterator[DemoHome]:  # it sets the time zone
    """Run a demo home on free ports, with the first of its chargers alone: enough for most of what is asked here."""
    demo = DemoHome(seed=1, timezone=dt_util.get_default_time_zone())
    await demo.async_start(ports=replace(DemoPorts.free(), charger_2=None, charger_3=None))
    clock.followers.append(demo.advance)
    yield demo
    await demo.async_stop()


@pytest.fixture
async def wires(home: DemoHome) -> AsyncIterator[Wires]:
    """Independent Modbus clients on the demo home's devices."""
    opened = Wires(home)
    yield opened
    opened.close()


@pytest.fixture
async def add_site(hass: HomeAssistant) -> AsyncIterator[AddSite]:
    """Set up sites, and take them down at the end."""
    added: list[MockConfigEntry] = []

    async def add(site: Site, *, expect: ConfigEntryState = ConfigEntryState.LOADED) -> MockConfigEntry:
        entry = site.entry(DOMAIN)
        entry.add_to_hass(hass)
        added.append(entry)
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
        assert entry.state is expect
        return entry

    yield add
    for entry in added:
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


@pytest.fixture
async def make_poster(hass: HomeAssistant, hass_client_no_auth: Any, caplog: pytest.LogCaptureFixture) -> Any:
    """Return what opens Home Assistant's web server to a device that posts; call it when the home is set up."""
    # The access log asks a frozen clock for its time zone, which it does not know.
    caplog.set_level(logging.WARNING, "aiohttp.access")

    async def make() -> Poster:
        return Poster(hass, await hass_client_no_auth())

    return make


@pytest.fixture
async def demo_site(hass: HomeAssistant, home: DemoHome) -> Site:
    """Describe the demo home as the config flow would."""
    return await async_demo_site(hass, home)


@pytest.fixture
async def entry(demo_site: Site, add_site: AddSite) -> MockConfigEntry:
    """Set up a site on the demo home."""
    return await add_site(demo_site)


@pytest.fixture
async def foreign(hass: HomeAssistant, clock: Clock) -> Foreign:
    """What another integration brought; its meter keeps reporting, or nothing would be steered for long."""
    found = Foreign()
    await found.async_add(hass)
    read_home(hass)
    clock.followers.append(lambda: set_sensor(hass, "sensor.grid", state(hass, "sensor.grid"), "W"))
    return found


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> Planner:
    """A plan that wants what a test wishes."""
    return Planner(monkeypatch)
