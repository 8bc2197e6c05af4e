"""Adding and changing devices that are reached over Modbus: EMS connects, shows what it read, and only then saves."""

from dataclasses import replace
from typing import Any

from homeassistant.components.modbus import async_get_unit
from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from modbus_connection import ModbusTlsParams
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters import modbus_link
from custom_components.ems.demo import DemoHome, DemoPorts, Fault
from custom_components.ems.demo.battery import Battery
from custom_components.ems.devices import ModbusDevice
from custom_components.ems.devices.errors import DeviceAuthError, DeviceError
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.sites import BATTERY_PARAMS, CHARGER_PARAMS, PV_PARAMS, Site, home_of_entities, subentry_id

METER, INVERTER, CHARGER = "abb_b23", "solaredge_storedge", "alfen_eve"
# role → (device of the demo home, its profile, what the form asks, a value it must show, its serial number)
DEVICES: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    "meter": ("meter", METER, {"position": "grid"}, "Frequency: **50", "Grid meter"),
    "battery": ("inverter", INVERTER, BATTERY_PARAMS, "State of charge: **50", "Battery"),
    "pv": ("inverter", INVERTER, PV_PARAMS, "Power: **", "Solar"),
    "charger": ("charger", CHARGER, {**CHARGER_PARAMS, "switches_phases": False}, "State: **", "Garage"),
}


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    return await add_site(home_of_entities())


def link(home: DemoHome, device: str, **other: Any) -> dict[str, Any]:
    """Return where a device of the demo home answers."""
    at = getattr(home.addresses, device)
    return {"host": at.host, "port": at.port, "unit_id": at.unit_id, **other}


async def at_connection(hass: HomeAssistant, site: MockConfigEntry, role: str, profile: str) -> Flow:
    """Go as far as the address."""
    flow = await (await add_device(hass, site, role)).choose("profile")
    return await flow.submit(profile=profile)


async def add(hass: HomeAssistant, site: MockConfigEntry, home: DemoHome, role: str) -> Flow:
    """Add a device of the demo home."""
    device, profile, params, _, name = DEVICES[role]
    flow = await at_connection(hass, site, role, profile)
    await flow.submit(**link(home, device))
    await flow.submit(name=name, **params)
    await settle(hass)
    return flow


@pytest.mark.parametrize("role", DEVICES)
async def test_a_device_shows_what_it_reads_and_is_added(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, role: str
) -> None:
    """Profile, address, the values that were read, and what only people know."""
    device, profile, params, value, _ = DEVICES[role]
    flow = await (await add_device(hass, site, role)).choose("profile")
    assert profile in flow.options
    await flow.submit(profile=profile)
    await flow.submit(**link(home, device))
    assert flow.step == "confirm"
    assert value in flow.shown["values"]
    assert flow.shown["serial"]
    await flow.submit(name="Mine", **params)
    assert flow.created
    await settle(hass)
    (subentry,) = site.subentries.values()
    assert subentry.title == "Mine"
    assert subentry.unique_id == f"{role}:{flow.shown.get('serial', subentry.data['source']['serial'])}"
    assert subentry.data["params"] == params
    assert subentry.data["source"]["link"] == {"transport": "modbus_tcp", **link(home, device)}
    # The home is set up anew and the device is in it, below the home's own device.
    assert site.state is ConfigEntryState.LOADED
    assert site.runtime_data.devices[subentry.subentry_id].coordinator.last_update_success
    devices = dr.async_get(hass)
    found = devices.async_get_device_by_identifier(("ems", subentry.subentry_id), site.entry_id)
    assert found is not None
    assert found.via_device_id == site.runtime_data.site_device_id


async def test_a_battery_answers_its_own_questions(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Capacity and powers are suggested as the inverter reports them."""
    flow = await at_connection(hass, site, "battery", INVERTER)
    await flow.submit(**link(home, "inverter"))
    spec = home.home.battery.spec
    assert flow.suggested["capacity_kwh"] == spec.capacity_wh / 1000
    assert flow.suggested["charge_max_w"] == spec.power_max_w
    assert flow.suggested["discharge_max_w"] == spec.power_max_w


async def test_a_hybrid_inverter_is_one_link_and_one_poll(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Inverters take one TCP client: the battery and the PV array on it share everything."""
    await add(hass, site, home, "battery")
    flow = await add(hass, site, home, "pv")
    assert flow.created
    (connection,) = async_get_connection_info(hass)
    assert connection.units == {site.entry_id: [1]}
    battery, pv = site.runtime_data.devices.values()
    assert battery.coordinator is pv.coordinator
    assert battery.serial == pv.serial
    assert (battery.role, pv.role) == ("battery", "pv")


async def test_a_device_is_added_once(hass: HomeAssistant, home: DemoHome, site: MockConfigEntry) -> None:
    """Its serial number tells, whatever it is called."""
    assert (await add(hass, site, home, "meter")).created
    assert (await add(hass, site, home, "meter")).aborted == "already_configured"
    assert len(site.subentries) == 1


async def test_only_devices_that_can_play_the_role_are_offered(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """A charging station is no battery, and neither is a meter."""
    flow = await (await add_device(hass, site, "battery")).choose("profile")
    assert INVERTER in flow.options
    assert not {"alfen_eve", "abb_b23"} & set(flow.options)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        ({"port": 9}, "cannot_connect"),
        ({"host": "127.0.0.2"}, "cannot_connect"),
        ({"host": " 127.0.0.1 ", "unit_id": 77}, "cannot_connect"),  # the gateway finds nobody
    ],
)
async def test_nobody_there_says_so_and_keeps_the_form(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, at: dict[str, Any], error: str
) -> None:
    """Wrong host, wrong port, wrong unit: each can be mended without typing all again."""
    flow = await at_connection(hass, site, "meter", METER)
    await flow.submit(**link(home, "meter", **at))
    assert flow.errors == {"base": error}
    assert flow.shown["detail"]
    assert flow.suggested == {"transport": "modbus_tcp", **link(home, "meter"), **at}
    await flow.submit(**link(home, "meter", host=" 127.0.0.1 "))  # a pasted address brings spaces along
    assert flow.step == "confirm"


@pytest.mark.parametrize(
    ("profile", "role", "device"),
    [(METER, "meter", "inverter"), (INVERTER, "battery", "meter"), (CHARGER, "charger", "inverter")],
)
async def test_another_kind_of_device_is_recognised(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, profile: str, role: str, device: str
) -> None:
    """Its registers would be read as somebody else's numbers."""
    flow = await at_connection(hass, site, role, profile)
    await flow.submit(**link(home, device))
    assert flow.errors == {"base": "wrong_device"}
    assert flow.shown["detail"]


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        (Fault.REFUSE, {"cannot_connect"}),
        (Fault.EXCEPTION, {"wrong_device"}),
        (Fault.GARBAGE, {"wrong_device"}),
    ],
)
@pytest.mark.parametrize("role", ["meter", "battery", "charger"])
async def test_a_device_in_trouble_is_not_added(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, role: str, fault: Fault, errors: set[str]
) -> None:
    """Whatever the trouble: a message, no crash, and nothing half-read is saved."""
    device, profile, *_ = DEVICES[role]
    home.faults.set(device, fault)
    flow = await at_connection(hass, site, role, profile)
    await flow.submit(**link(home, device))
    assert flow.step == "connection"
    assert flow.errors["base"] in errors
    home.faults.clear()
    await flow.submit(**link(home, device))
    assert flow.step == "confirm"


async def test_a_silent_device_is_not_waited_for_for_ever(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the connection and never answers: one time-out of ours, then a message."""
    monkeypatch.setattr(modbus_link, "TIMEOUT_S", 0.1)
    home.faults.set("meter", Fault.SILENT)
    flow = await at_connection(hass, site, "meter", METER)
    await flow.submit(**link(home, "meter"))
    assert flow.errors == {"base": "cannot_connect"}


async def test_an_inverter_without_a_battery_has_none_to_add(
    hass: HomeAssistant, site: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its battery registers answer with zeros."""
    none = replace(Battery().spec, power_max_w=0.0)
    monkeypatch.setattr("custom_components.ems.demo.home.Battery", lambda: Battery(spec=none))
    home = DemoHome(seed=1, timezone="UTC")
    await home.async_start(ports=DemoPorts.free())
    flow = await at_connection(hass, site, "battery", INVERTER)
    await flow.submit(**link(home, "inverter"))
    assert flow.errors == {"base": "role_missing"}
    assert "SolarEdge" in flow.shown["detail"]
    await home.async_stop()


async def test_a_link_that_somebody_else_uses_otherwise_is_named(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Another integration speaks TLS to the same port: Home Assistant keeps one connection per device."""
    at = home.addresses.meter
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    async_get_unit(hass, other, ModbusTlsParams(host=at.host, port=at.port), 1)
    flow = await at_connection(hass, site, "meter", METER)
    await flow.submit(**link(home, "meter"))
    assert flow.errors == {"base": "link_in_use"}
    await other._async_process_on_unload(hass)


async def test_a_smallest_current_above_the_largest_is_refused(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """And the charger's own number of phases was suggested."""
    flow = await at_connection(hass, site, "charger", CHARGER)
    await flow.submit(**link(home, "charger"))
    assert flow.suggested["phases"] == "3"
    await flow.submit(name="Car", **{**CHARGER_PARAMS, "current_min_a": 20})
    assert flow.errors == {"current_min_a": "minimum_above_maximum"}
    assert flow.suggested["current_min_a"] == 20
    await flow.submit(name="Car", **CHARGER_PARAMS)
    assert flow.created
    await settle(hass)


async def test_a_flow_uses_the_connection_that_is_open(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite
) -> None:
    """A device that takes one client is asked on the line that polls it, which stays up afterwards."""
    demo_site.data["kind"], demo_site.options = "home", {}
    entry = await add_site(demo_site)
    before = len(home._devices["inverter"].connections)
    flow = await at_connection(hass, entry, "battery", INVERTER)
    await flow.submit(**link(home, "inverter"))
    assert flow.step == "confirm"
    assert len(home._devices["inverter"].connections) == before == 1
    await flow.submit(name="Again", **BATTERY_PARAMS)
    assert flow.aborted == "already_configured"


@pytest.mark.parametrize("role", DEVICES)
async def test_every_device_can_be_changed(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, role: str
) -> None:
    """The forms show what is stored; the home is set up anew with what was changed."""
    device, _, params, value, name = DEVICES[role]
    device_id = subentry_id(entry, role)
    flow = await change_device(hass, entry, device_id)
    assert flow.step == "connection"
    # Of these, the meter alone has a line and with it a choice.
    wired = {"transport": "modbus_tcp"} if role == "meter" else {}
    assert flow.suggested == {**wired, **link(home, device)}
    await flow.submit(**link(home, device))
    assert value in flow.shown["values"]
    stored = entry.subentries[device_id].data["params"]
    assert flow.suggested == {**flow.suggested, "name": name, **stored}
    await flow.submit(name="Renamed", **params)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert entry.subentries[device_id].title == "Renamed"
    assert entry.subentries[device_id].data["params"] == params
    assert entry.runtime_data.devices[device_id].name == "Renamed"


async def test_a_changed_device_stays_the_device_it_was(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry
) -> None:
    """Another serial number at the address is another device: its history would be mixed up."""
    device_id = subentry_id(entry, "meter")
    hass.config_entries.async_update_subentry(
        entry,
        entry.subentries[device_id],
        data={
            **entry.subentries[device_id].data,
            "source": {**entry.subentries[device_id].data["source"], "serial": "999"},
        },
    )
    await settle(hass)
    assert not entry.runtime_data.devices[device_id].coordinator.last_update_success
    flow = await change_device(hass, entry, device_id)
    await flow.submit(**link(home, "meter"))
    assert flow.errors == {"base": "another_device"}
    assert "999" in flow.shown["detail"]


async def test_wishes_turned_by_hand_give_way_to_a_new_set_up(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry
) -> None:
    """The form shows what holds now, and what it is left with holds from then on; other settings stay."""
    charger = subentry_id(entry, "charger")
    for entity_id, value in (
        ("number.garage_energy_needed", 7),
        ("number.battery_minimum_state_of_charge", 20),
    ):
        data = {"entity_id": entity_id, "value": value}
        await hass.services.async_call("number", "set_value", data, blocking=True)
    flow = await change_device(hass, entry, charger)
    await flow.submit(**link(home, "charger"))
    assert flow.suggested["energy_needed_kwh"] == 7
    await flow.submit(name="Garage", **{**CHARGER_PARAMS, "energy_needed_kwh": 30})
    await settle(hass)
    assert hass.states.get("number.garage_energy_needed").state == "30.0"
    assert hass.states.get("number.battery_minimum_state_of_charge").state == "20.0"
    assert set(entry.options["devices"]) == {subentry_id(entry, "battery")}


@pytest.mark.parametrize(
    ("raised", "error"), [(DeviceAuthError, "wrong_credentials"), (DeviceError, "cannot_read")]
)
async def test_a_device_that_wants_a_password_is_not_added(
    hass: HomeAssistant,
    home: DemoHome,
    site: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    raised: type[DeviceError],
    error: str,
) -> None:
    """Modbus knows none, a driver behind it may: whatever else a device layer raises is shown, not thrown."""

    async def locked(_: ModbusDevice) -> None:
        raise raised("locked")

    monkeypatch.setattr(ModbusDevice, "async_identify", locked)
    flow = await at_connection(hass, site, "meter", METER)
    await flow.submit(**link(home, "meter"))
    assert flow.errors == {"base": error}
    assert flow.shown["detail"] == "locked"


async def test_a_device_that_moved_is_found_at_its_new_address(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry
) -> None:
    """The address changes, the device and its entities stay."""
    device_id = subentry_id(entry, "charger")
    flow = await change_device(hass, entry, device_id)
    await flow.submit(**link(home, "charger", host="localhost"))
    await flow.submit(name="Garage", **CHARGER_PARAMS)
    await settle(hass)
    assert entry.subentries[device_id].data["source"]["link"]["host"] == "localhost"
    assert hass.states.get("sensor.garage_state").state == "available"
