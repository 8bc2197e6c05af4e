"""A meter whose map is not plain, set up in Home Assistant over its shared link: its sums and its chain of models."""

import asyncio
from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice
import pytest

from tests.devices.images import Image
from tests.devices.meter_images import kostal_ksem, sunspec_integer
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_device
from tests.ha.sites import home_of_entities
from tests.support.registers import simulated

METERS = {"kostal_ksem": (71, kostal_ksem(), "72400123"), "sunspec_meter": (200, sunspec_integer(), "S0042")}


@pytest.fixture
async def at(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, object]]:
    """Serve a meter on loopback and say where."""
    unit, registers, _ = METERS[request.param]
    registers_of: Image = registers
    server = ModbusTcpServer([SimDevice(unit, simdata=simulated(registers_of))], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    assert server.transport is not None
    yield {"host": "127.0.0.1", "port": server.transport.sockets[0].getsockname()[1], "unit_id": unit}
    await server.shutdown()
    await asyncio.sleep(0)


@pytest.mark.parametrize(("at", "profile"), [(name, name) for name in METERS], indirect=["at"])
async def test_a_meter_is_found_shown_and_becomes_its_entities(
    hass: HomeAssistant, add_site: AddSite, at: dict[str, object], profile: str
) -> None:
    """Net power of two counters, and models found in the chain; parts of sums are nobody's entity."""
    site = await add_site(home_of_entities())
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    await flow.submit(profile=profile)
    await flow.submit(**at)
    assert flow.step == "confirm"
    assert "Power: **1251.6 W**" in flow.shown["values"]
    assert METERS[profile][2] in flow.shown["serial"]
    await flow.submit(name="Grid", position="grid")
    await settle(hass)

    (subentry,) = site.subentries.values()
    device = site.runtime_data.devices[subentry.subentry_id]
    assert device.coordinator.data.number("meter", "power_l3") == -548.4
    names = {
        entry.unique_id for entry in er.async_entries_for_config_entry(er.async_get(hass), site.entry_id)
    }
    mine = {name for name in names if subentry.subentry_id in name}
    assert any(name.endswith("power_l3") for name in mine)
    assert not [name for name in mine if "importing" in name or "exporting" in name]
