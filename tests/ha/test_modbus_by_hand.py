"""A Modbus device described register by register, against the demo home's meter."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_device, change_device
from tests.ha.sites import home_of_entities

METER = {"name": "Grid meter", "position": "grid"}
POWER = {"point": "power", "register": 0x5B14, "type": "s32", "unit": "W", "scale": 0.01}
FREQUENCY = {"point": "frequency", "register": 0x5B2C, "type": "u16", "unit": "Hz", "scale": 0.01}
VOLTAGE = {"point": "voltage_l1", "register": 0x5B00, "type": "u32", "unit": "V", "scale": 0.1}


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


def form(home: DemoHome, *points: dict[str, Any], **other: Any) -> dict[str, Any]:
    """Return what is entered."""
    at = home.addresses.meter
    link = {"host": at.host, "port": at.port, "unit_id": at.unit_id}
    return {**link, "points": list(points), "power_positive": "import", **other}


async def test_registers_become_a_device(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, clock: Clock
) -> None:
    """They are shown before anything is saved, polled afterwards, and can be changed."""
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    await flow.submit(**form(home, POWER, FREQUENCY))
    assert (flow.step, flow.errors) == ("confirm", {})
    assert "Frequency: **50" in flow.shown["values"]
    await flow.submit(**METER)
    await settle(hass)
    before = float(hass.states.get("sensor.grid_meter_power").state)
    assert 49 < float(hass.states.get("sensor.grid_meter_frequency").state) < 51
    await clock.live(hass, 60)
    assert float(hass.states.get("sensor.grid_meter_power").state) != before
    (key,) = site.subentries
    flow = await change_device(hass, site, key)
    assert flow.rows == [POWER, FREQUENCY]
    await flow.submit(**form(home, POWER, power_positive="export"))
    await flow.submit(**METER)
    await settle(hass)
    assert hass.states.get("sensor.grid_meter_power").state != "unavailable"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({**POWER, "register": 65535}, "The register of Power is 65535; the highest that fits is 65534."),
        ({**POWER, "unit": "kWh"}, "kWh does not measure what Power is"),
        # A counter of eight bytes read as a float of the wrong end: no power of any home.
        ({**POWER, "register": 0x5000, "type": "u64", "scale": 1_000_000}, "stands there cannot be Power"),
        ({**POWER, "register": 3}, "Nothing came for Power (3)."),
    ],
)
async def test_a_row_that_cannot_be_is_named(
    hass: HomeAssistant,
    home: DemoHome,
    site: MockConfigEntry,
    row: dict[str, Any],
    text: str,
) -> None:
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    await flow.submit(**form(home, row, FREQUENCY))
    assert text in flow.said["points"]


async def test_a_swapped_word_order_is_seen_before_it_is_saved(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    await flow.submit(**form(home, POWER, {**VOLTAGE, "word_order": "little", "function": "holding"}))
    assert flow.errors == {"points": "row_implausible"}
    assert "cannot be Voltage L1 (23296)" in flow.said["points"]


async def test_nobody_at_the_address_is_said(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    await flow.submit(**form(home, POWER, port=9))
    assert flow.errors == {"base": "cannot_connect"}
