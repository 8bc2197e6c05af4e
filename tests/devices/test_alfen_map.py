"""The Alfen map against the maker's document, typed by hand."""

import pytest

from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices.images import alfen_socket, alfen_station, text, words


async def test_a_charging_car_reads_as_it_was_set_up(profiles, mock_unit):
    reading = await ModbusDevice(profiles["alfen_eve"], mock_unit(alfen_socket())).async_read()

    expected = {
        "power": 6909.0,
        "power_l2": 2321.0,
        "energy": 1_234_567.5,
        "state": "charging",
        "car_connected": True,
        "applied_current": 10.0,
        "setpoint_valid_s": 42.0,
        "current_setpoint": 10.0,
        "safe_current": 6.0,
        "setpoint_accounted": True,
        "phases": 3.0,
    }
    assert {key: reading.get("charger", key) for key in expected} == expected
    assert reading.number("charger", "voltage_l3") == 231.0
    assert reading.number("charger", "current_l2") == 10.1


@pytest.mark.parametrize(
    ("mode3", "state", "car"),
    [
        ("A", "available", False),
        ("B1", "connected", True),
        ("B2", "connected", True),
        ("C1", "connected", True),  # wants to, but the station offers nothing
        ("C2", "charging", True),
        ("D2", "charging", True),
        ("E", "fault", None),
        ("F", "unavailable", None),
        ("Z9", None, None),  # no such state: unknown, not available
    ],
)
async def test_mode_3_becomes_five_words(profiles, mock_unit, mode3, state, car):
    registers = alfen_socket() | {1201 + n: word for n, word in enumerate(text(mode3, 5))}
    reading = await ModbusDevice(profiles["alfen_eve"], mock_unit(registers)).async_read()
    assert reading.get("charger", "state") == state
    assert reading.get("charger", "car_connected") is car


async def test_a_meter_without_phases_leaves_them_unknown(profiles, mock_unit):
    """Single-phase stations answer NaN for L2 and L3."""
    registers = alfen_socket() | {
        340 + n: word for n, word in enumerate(words("ff", float("nan"), float("nan")))
    }
    reading = await ModbusDevice(profiles["alfen_eve"], mock_unit(registers)).async_read()
    assert reading.number("charger", "power_l1") == 2301.0
    assert reading.number("charger", "power_l2") is None


async def test_identity_comes_from_the_station(profiles, mock_unit):
    profile = profiles["alfen_eve"]
    device = ModbusDevice(profile, mock_unit(alfen_socket()), identity_unit=mock_unit(alfen_station()))
    identity = await device.async_identify()
    assert (identity.manufacturer, identity.model, identity.serial) == ("Alfen NV", "NG910", "ACE0123456")
    assert identity.firmware == "6.4.0-4210"


async def test_two_sockets_of_one_station_are_two_devices(profiles):
    """They share the serial number, and a second socket must not be refused as a duplicate."""
    profile = profiles["alfen_eve"]
    assert profile.identity.unit_id == 200
    assert profile.unique_serial("ACE0123456", 1) != profile.unique_serial("ACE0123456", 2)


async def test_without_the_station_the_socket_is_still_recognised(profiles, mock_unit):
    identity = await ModbusDevice(profiles["alfen_eve"], mock_unit(alfen_socket())).async_identify()
    assert (identity.manufacturer, identity.serial) == ("Alfen", None)
