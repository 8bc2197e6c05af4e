"""Sites for tests."""

from homeassistant.core import HomeAssistant

from custom_components.ems.demo import DemoHome
from custom_components.ems.flows.demo import DemoEntry, async_demo_entry


async def async_demo_entry_data(hass: HomeAssistant, home: DemoHome) -> DemoEntry:
    """Return what the config flow would store for a demo home that runs already."""
    return await async_demo_entry(hass, home.addresses.http)
