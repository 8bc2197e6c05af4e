"""Set-up, unload, reload."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry


async def test_a_site_reads_its_devices_and_plans(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The spine: wire to reading to plan."""
    assert entry.state is ConfigEntryState.LOADED
    for state in sorted(hass.states.async_all(), key=lambda s: s.entity_id):
        print(state.entity_id, state.state, state.attributes.get("unit_of_measurement"))
    print(entry.runtime_data.plan.data.status, entry.runtime_data.plan.data.reasons)
    for c in entry.runtime_data.dispatcher.channels.values():
        print(c.device.role, c.accepted, c.error)
