"""A home one of whose wires fails: who it is and what is wrong is said, and nobody else notices."""

from collections.abc import AsyncIterator
from copy import deepcopy

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters import modbus_link
from custom_components.ems.site_device import SiteDevice
from tests.devices.bad_wire import BadWire, bad_wire
from tests.devices.images import abb_b23
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device
from tests.ha.sites import Site, home_of_entities

FAULTS = [
    *("silent", "exception", "wrong_unit", "wrong_transaction", "short", "long"),
    *("lying_length", "half", "cut", "drop", "noise"),
]
POWER = {"point": "power", "register": 0x5B14, "type": "s32", "unit": "W", "scale": 0.01}
VOLTAGE = {"point": "voltage_l1", "register": 0x5B00, "type": "u32", "unit": "V", "scale": 0.1}


@pytest.fixture
async def wire(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[BadWire]:
    """A meter on a wire that can be spoilt; nobody waits long for it."""
    monkeypatch.setattr(modbus_link, "TIMEOUT_S", 0.2)
    async with bad_wire(abb_b23()) as found:
        yield found


@pytest.fixture
async def home_entry(demo_site: Site, add_site: AddSite, wire: BadWire) -> MockConfigEntry:
    """The demo home's battery and charger, and a meter on that wire."""
    cellar = deepcopy(demo_site.subentry("meter"))
    cellar["title"], cellar["unique_id"] = "Cellar", "meter:12345678"
    cellar["data"]["name"], cellar["data"]["params"] = "Cellar", {"position": "zone"}
    source = cellar["data"]["source"]
    source["serial"] = "12345678"
    source["link"] = {"transport": "modbus_tcp", "host": "127.0.0.1", "port": wire.port, "unit_id": 1}
    demo_site.subentries.append(cellar)
    return await add_site(demo_site)


def cellar_of(entry: MockConfigEntry) -> SiteDevice:
    """Return the meter on that wire."""
    found: SiteDevice = next(d for d in entry.runtime_data.devices.values() if d.name == "Cellar")
    return found


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_wire_that_fails_is_named_and_the_others_go_on(
    hass: HomeAssistant, home_entry: MockConfigEntry, wire: BadWire, clock: Clock, fault: str
) -> None:
    """The last value stays with its age and steers nothing; mended, it comes back by itself."""
    cellar = cellar_of(home_entry)
    good = cellar.coordinator.data
    assert cellar.fresh_number("power") == 1251.56
    wire.fault = fault
    await clock.live(hass, 30)

    assert not cellar.coordinator.last_update_success
    said = str(cellar.coordinator.last_exception)
    assert "Cellar" in said
    assert "does not answer as it should" in said
    assert cellar.coordinator.data.roles["meter"]["power"].value == 1251.56
    assert cellar.coordinator.data.at_s == pytest.approx(good.at_s, abs=6)
    assert cellar.fresh_number("power") is None
    assert hass.states.get("sensor.cellar_power").state == "unavailable"
    others = [d for d in home_entry.runtime_data.devices.values() if d is not cellar]
    assert [device.name for device in others if not device.is_fresh] == []

    wire.fault = None
    await clock.live(hass, 30)
    assert cellar.fresh_number("power") == 1251.56


async def test_a_connection_whose_other_end_is_gone_is_opened_anew(
    hass: HomeAssistant, home_entry: MockConfigEntry, wire: BadWire, clock: Clock
) -> None:
    """A gateway after a power cut: the old socket would stay silent for a quarter of an hour."""
    assert wire.connections == 1
    wire.fault = "deaf"
    await clock.live(hass, 25)
    assert wire.connections == 2
    assert cellar_of(home_entry).is_fresh


async def at_address(hass: HomeAssistant, add_site: AddSite) -> Flow:
    """Go as far as the address of a meter."""
    site = await add_site(home_of_entities())
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    return await flow.submit(profile="abb_b23")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_wire_that_fails_is_not_added(
    hass: HomeAssistant, add_site: AddSite, wire: BadWire, fault: str
) -> None:
    flow = await at_address(hass, add_site)
    wire.fault = fault
    await flow.submit(host="127.0.0.1", port=wire.port, unit_id=1)
    assert flow.step == "connection"
    assert flow.errors["base"] in {"cannot_connect", "wrong_device"}
    assert flow.shown["detail"]
    wire.fault = None
    await flow.submit(host="127.0.0.1", port=wire.port, unit_id=1)
    assert flow.step == "confirm"


async def test_swapped_words_are_found_before_a_device_is_saved(
    hass: HomeAssistant, add_site: AddSite, wire: BadWire
) -> None:
    """The name of the type is spelt in single words and looks right; only the numbers give it away."""
    words = wire.registers
    for low in [at for at in range(0x5B00, 0x5B26, 2) if {at, at + 1} <= set(words)]:
        words[low], words[low + 1] = words[low + 1], words[low]
    flow = await at_address(hass, add_site)
    await flow.submit(host="127.0.0.1", port=wire.port, unit_id=1)
    assert flow.errors == {"base": "implausible"}
    assert f"voltage_l1 ({0x5B00})" in flow.shown["detail"]


async def test_so_are_those_of_a_device_described_by_hand(
    hass: HomeAssistant, add_site: AddSite, wire: BadWire
) -> None:
    site = await add_site(home_of_entities())
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    rows = {"points": [POWER, {**VOLTAGE, "word_order": "little"}], "power_positive": "import"}
    await flow.submit(host="127.0.0.1", port=wire.port, unit_id=1, **rows)
    assert flow.errors == {"points": "row_implausible"}
    assert flow.shown["point"] == "Voltage L1"
