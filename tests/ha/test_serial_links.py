"""Devices on a line: serial ports and gateways that pass bytes on, from the form to entities that show values."""

from copy import deepcopy
from typing import Any

from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters import modbus_link
from custom_components.ems.adapters.modbus_link import link_key, link_params, wiring_of
from custom_components.ems.demo import DemoHome
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from tests.devices.images import abb_b23
from tests.devices.lines import rtu_gateway, serial_line
from tests.devices.meter_images import carlo_gavazzi_em24, eastron_sdm630
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.sites import Site, circuit_to_add, home_of_entities

EASTRON, GAVAZZI = eastron_sdm630()[0], carlo_gavazzi_em24()
LINE: dict[str, Any] = {"baudrate": "9600", "parity": "none", "stop_bits": "1"}
FREQUENCY = {"point": "frequency", "register": 0x5B2C, "type": "u16", "unit": "Hz", "scale": 0.01}
POWER = {"point": "power", "register": 0x5B14, "type": "s32", "unit": "W", "scale": 0.01}


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for units that are not there."""
    monkeypatch.setattr(modbus_link, "TIMEOUT_S", 0.5)


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


async def at_connection(hass: HomeAssistant, site: MockConfigEntry, profile: str) -> Flow:
    """Go as far as the address of a meter."""
    flow = await (await add_device(hass, site, "meter")).choose("profile")
    return await flow.submit(profile=profile)


async def at_port(hass: HomeAssistant, site: MockConfigEntry, profile: str, unit_id: int) -> Flow:
    """Go as far as the serial port of a meter."""
    flow = await at_connection(hass, site, profile)
    await flow.submit(transport="modbus_rtu", port=502, unit_id=unit_id)
    assert flow.step == "serial"
    return flow


async def add_on_port(hass: HomeAssistant, site: MockConfigEntry, port: str, **meter: Any) -> Flow:
    """Add a meter on a serial port."""
    flow = await at_port(hass, site, meter["profile"], meter["unit_id"])
    await flow.submit(serial_port=port, **{**LINE, **meter.get("line", {})})
    if flow.step == "confirm":
        await flow.submit(name=meter["name"], position=meter.get("position", "grid"))
        await settle(hass)
    return flow


def state(hass: HomeAssistant, entity_id: str) -> float:
    """Return what an entity shows."""
    found = hass.states.get(entity_id)
    assert found is not None
    return float(found.state)


def links(site: MockConfigEntry) -> list[dict[str, Any]]:
    """Return what is kept of where devices are."""
    devices = (each for each in site.subentries.values() if each.subentry_type != "circuit")
    return [subentry.data["source"]["link"] for subentry in devices]


async def test_two_meters_of_two_makers_share_one_serial_port(
    hass: HomeAssistant, site: MockConfigEntry, clock: Clock
) -> None:
    """One adapter, one line, two units: each shows its own values, and the port is opened once."""
    async with serial_line({1: EASTRON, 2: GAVAZZI}) as port:
        grid = await add_on_port(hass, site, port, profile="eastron_sdm630", unit_id=1, name="Grid")
        assert grid.created
        cellar = {"profile": "carlo_gavazzi_em24", "unit_id": 2, "name": "Cellar", "position": "zone"}
        assert (await add_on_port(hass, site, port, **cellar)).created
        assert state(hass, "sensor.grid_power") == pytest.approx(1251.56, abs=0.01)
        assert state(hass, "sensor.cellar_power") == pytest.approx(1251.6, abs=0.01)
        (connection,) = async_get_connection_info(hass)
        assert (connection.endpoint, connection.units) == (("serial", port), {site.entry_id: [1, 2]})
        await clock.live(hass, 10)
        assert all(device.is_fresh for device in site.runtime_data.devices.values())
        assert await hass.config_entries.async_unload(site.entry_id)
    line = {"baudrate": 9600, "parity": "none", "stop_bits": 1}
    assert links(site)[0] == {"transport": "modbus_rtu", "unit_id": 1, "serial_port": port, **line}


async def test_the_line_is_filled_in_as_the_device_leaves_the_factory(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """Nobody should look up a speed that the profile knows; where no maker says one, 9600 8N1 is a beginning."""
    flow = await at_port(hass, site, "schneider_iem3000", 1)
    assert flow.suggested == {
        "serial_port": None,
        "baudrate": "19200",
        "parity": "even",
        "stop_bits": "1",
        "unit_id": 1,
    }
    flow = await at_port(hass, site, "abb_b23", 1)
    assert flow.suggested["baudrate"] == "9600"


async def test_a_device_without_a_line_is_not_asked_about_one(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    flow = await at_connection(hass, site, "shelly_pro3em")
    assert set(flow.suggested) == {"host", "port", "unit_id"}


async def test_a_gateway_that_passes_bytes_on_becomes_entities(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """The frames of the line inside TCP. Asked in plain Modbus TCP, such a gateway makes no sense."""
    async with rtu_gateway({3: abb_b23()}) as port:
        flow = await at_connection(hass, site, "abb_b23")
        await flow.submit(host="127.0.0.1", port=port, unit_id=3)
        assert flow.errors == {"base": "cannot_connect"}
        await flow.submit(transport="modbus_rtu_over_tcp", host=" 127.0.0.1", port=port, unit_id=3)
        assert flow.step == "confirm"
        assert "Power: **1251.6 W**" in flow.shown["values"]
        await flow.submit(name="Grid", position="grid")
        await settle(hass)
        assert state(hass, "sensor.grid_power") == pytest.approx(1251.56)
        (connection,) = async_get_connection_info(hass)
        assert connection.endpoint == ("serial", f"socket://127.0.0.1:{port}")
        assert await hass.config_entries.async_unload(site.entry_id)


async def test_registers_by_hand_are_read_over_a_serial_port(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """A wrong row brings its own form back, filled; a wrong unit stays with the port."""
    rows = {
        "points": [{**POWER, "register": 0x5000, "type": "u64", "scale": 1_000_000}, FREQUENCY],
        "power_positive": "import",
    }
    async with serial_line({5: abb_b23()}) as port:
        flow = await (await add_device(hass, site, "meter")).choose("modbus")
        await flow.submit(transport="modbus_rtu", port=502, unit_id=5, **rows)
        assert flow.step == "serial"
        await flow.submit(serial_port=port, **LINE, unit_id=6)
        assert (flow.step, flow.errors) == ("serial", {"base": "cannot_connect"})
        await flow.submit(serial_port=port, **LINE, unit_id=5)
        assert (flow.step, flow.errors) == ("modbus", {"points": "row_implausible"})
        assert flow.rows == rows["points"]
        await flow.submit(transport="modbus_rtu", port=502, unit_id=5, **{**rows, "points": [POWER]})
        assert flow.suggested["serial_port"] == port
        await flow.submit(serial_port=port, **LINE)
        assert (flow.step, flow.errors) == ("confirm", {})
        await flow.submit(name="Grid", position="grid")
        await settle(hass)
        assert state(hass, "sensor.grid_power") == pytest.approx(1251.56)
        (key,) = site.subentries
        flow = await change_device(hass, site, key)
        assert (flow.suggested["transport"], flow.suggested["unit_id"]) == ("modbus_rtu", 5)
        assert await hass.config_entries.async_unload(site.entry_id)


async def test_a_port_that_is_not_there_is_named(hass: HomeAssistant, site: MockConfigEntry) -> None:
    flow = await add_on_port(hass, site, "/dev/ttyUSB77", profile="eastron_sdm630", unit_id=1, name="Grid")
    assert (flow.step, flow.errors) == ("serial", {"base": "cannot_connect"})
    assert "/dev/ttyUSB77" in flow.shown["detail"]
    assert flow.suggested["serial_port"] == "/dev/ttyUSB77"


async def test_a_host_is_asked_for_where_there_is_a_network(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """The form cannot demand it: who has a serial port has none."""
    flow = await at_connection(hass, site, "abb_b23")
    await flow.submit(port=502, unit_id=1)
    assert flow.errors == {"host": "host_missing"}
    flow = await (await add_device(hass, site, "meter")).choose("modbus")
    await flow.submit(host=" ", port=502, unit_id=1, points=[POWER], power_positive="import")
    assert flow.errors == {"host": "host_missing"}


async def test_a_meter_without_a_serial_number_stays_itself_when_it_is_wired_anew(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """From a gateway to a serial port: the same subentry, the same entities, their history."""
    async with rtu_gateway({1: EASTRON}) as gateway, serial_line({1: EASTRON}) as port:
        flow = await at_connection(hass, site, "eastron_sdm630")
        await flow.submit(transport="modbus_rtu_over_tcp", host="127.0.0.1", port=gateway, unit_id=1)
        await flow.submit(name="Grid", position="grid")
        await settle(hass)
        (key,) = site.subentries
        known = site.subentries[key].data["source"]["serial"]
        flow = await change_device(hass, site, key)
        assert flow.suggested["transport"] == "modbus_rtu_over_tcp"
        await flow.submit(transport="modbus_rtu", port=502, unit_id=1)
        await flow.submit(serial_port=port, **LINE)
        assert (flow.step, flow.errors) == ("confirm", {})
        await flow.submit(name="Grid", position="grid")
        assert flow.aborted == "reconfigure_successful"
        await settle(hass)
        assert list(site.subentries) == [key]
        assert site.subentries[key].data["source"]["serial"] == known
        assert state(hass, "sensor.grid_power") == pytest.approx(1251.56, abs=0.01)
        (connection,) = async_get_connection_info(hass)
        assert connection.endpoint == ("serial", port)
        assert await hass.config_entries.async_unload(site.entry_id)


async def test_a_line_has_one_speed(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """A second device cannot bring another; changing it for one changes it for all that hang there."""
    faster = {"baudrate": "19200"}
    gavazzi = {"profile": "carlo_gavazzi_em24", "unit_id": 2, "name": "Cellar", "position": "zone"}
    async with serial_line({1: EASTRON, 2: GAVAZZI}) as port:
        await add_on_port(hass, site, port, profile="eastron_sdm630", unit_id=1, name="Grid")
        flow = await add_on_port(hass, site, port, **gavazzi, line=faster)
        assert flow.errors == {"base": "link_in_use"}
        assert port in flow.shown["detail"]
        await flow.submit(serial_port=port, **LINE)
        await flow.submit(name="Cellar", position="zone")
        # What hangs on no line stays out of it.
        hass.config_entries.async_add_subentry(site, circuit_to_add("Garage"))
        await settle(hass)

        key = next(iter(site.subentries))
        flow = await change_device(hass, site, key)
        await flow.submit(transport="modbus_rtu", port=502, unit_id=1)
        assert flow.suggested == {"serial_port": port, "unit_id": 1, **LINE}
        await flow.submit(serial_port=port, **{**LINE, **faster})
        assert (flow.step, flow.errors) == ("confirm", {})
        await settle(hass)
        assert site.state is ConfigEntryState.LOADED  # nobody waits for the form with the lights out
        await flow.submit(name="Grid", position="grid")
        await settle(hass)
        assert [link["baudrate"] for link in links(site)] == [19200, 19200]
        assert state(hass, "sensor.grid_power") == pytest.approx(1251.56, abs=0.01)
        assert state(hass, "sensor.cellar_power") == pytest.approx(1251.6, abs=0.01)
        assert await hass.config_entries.async_unload(site.entry_id)


async def test_a_device_that_was_set_up_before_there_was_a_choice_is_still_read(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite
) -> None:
    """Profiles of devices on a line kept `modbus_rtu` beside the host of a gateway that speaks Modbus TCP."""
    demo_site.only("meter")
    demo_site.data["kind"], demo_site.options = "home", {}
    old = deepcopy(demo_site.subentry("meter"))
    old["data"]["source"]["link"]["transport"] = "modbus_rtu"
    demo_site.subentries = [old]
    entry = await add_site(demo_site)
    (key,) = entry.subentries
    assert entry.runtime_data.devices[key].is_fresh
    flow = await change_device(hass, entry, key)
    assert flow.suggested["transport"] == "modbus_tcp"


def test_wirings_of_one_place_are_told_apart() -> None:
    """A gateway's port is either one or the other, and a path is not a host: its letters have a case."""
    tcp = {"transport": "modbus_tcp", "host": "Gateway", "port": 502, "unit_id": 1}
    passed = {**tcp, "transport": "modbus_rtu_over_tcp"}
    port = {"transport": "modbus_rtu", "serial_port": "/dev/ttyA", "unit_id": 1, "baudrate": 9600}
    port |= {"parity": "even", "stop_bits": 2}
    other = {**port, "serial_port": "/dev/ttya"}
    assert len({link_key(link) for link in (tcp, passed, port, other, {**port, "unit_id": 2})}) == 5
    assert link_key(tcp) == link_key({**tcp, "host": "gateway"})
    assert [wiring_of(link) for link in (tcp, passed, port)] == [
        *("modbus_tcp", "modbus_rtu_over_tcp", "modbus_rtu")
    ]
    params = link_params(port)
    assert (params.parity, params.stopbits, params.baudrate) == ("E", 2, 9600)
    v6 = link_params({**passed, "host": "fe80::1"})
    assert v6.device == "socket://[fe80::1]:502"


@pytest.mark.parametrize(
    ("port", "shown"),
    [
        ("/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10KPDVX-if00-port0", False),
        ("socket://192.168.1.20:4001", False),
        ("/dev/ttyUSB0", True),
    ],
)
async def test_diagnostics_keep_a_serial_number_in_a_path_to_themselves(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite, port: str, shown: bool
) -> None:
    """The path of a port that keeps its name holds the adapter's serial number; errors quote it, too."""
    demo_site.data["kind"], demo_site.options = "home", {}
    lost = deepcopy(demo_site.subentry("meter"))
    line = {"serial_port": port, "baudrate": 9600, "parity": "none", "stop_bits": 1}
    lost["data"]["source"]["link"] = {"transport": "modbus_rtu", "unit_id": 1, **line}
    demo_site.subentries = [lost, demo_site.subentry("charger")]
    entry = await add_site(demo_site)
    found = str(await async_get_config_entry_diagnostics(hass, entry))
    assert (port in found) is shown
