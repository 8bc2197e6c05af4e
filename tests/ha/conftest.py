"""A Home Assistant with EMS in it, and the demo home on loopback."""

from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, DemoPorts
from tests.ha.sites import async_demo_entry_data


@pytest.fixture(autouse=True)
def auto_enable(recorder_db_url: str, enable_custom_integrations: None) -> None:
    """Let Home Assistant find custom integrations; naming the recorder first keeps its fixtures usable."""


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Allow loopback sockets: the wires are real."""


@pytest.fixture
async def home(hass: HomeAssistant) -> AsyncIterator[DemoHome]:
    """Run a demo home on free ports."""
    demo = DemoHome(seed=1, timezone="UTC")
    await demo.async_start(ports=DemoPorts.free())
    yield demo
    await demo.async_stop()


@pytest.fixture
async def entry(hass: HomeAssistant, home: DemoHome) -> AsyncIterator[MockConfigEntry]:
    """Set up a site on the demo home, and take it down at the end."""
    found = await async_demo_entry_data(hass, home)
    site = MockConfigEntry(
        domain=DOMAIN,
        title="Demo home",
        data=found.data,
        options=found.options,
        unique_id=found.unique_id,
        subentries_data=found.subentries,
    )
    site.add_to_hass(hass)
    assert await hass.config_entries.async_setup(site.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    yield site
    await hass.config_entries.async_unload(site.entry_id)
    await hass.async_block_till_done()
