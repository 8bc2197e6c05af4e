"""The SolarEdge map against numbers worked by hand from SunSpec models 103 and 203 and SolarEdge's own."""

import pytest

from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices.images import solaredge, swapped

INVERTER = 40069  # where SolarEdge puts model 101/102/103; SunSpec counts its offsets from here
METER = 40188
# role, point, SunSpec offset of the value and of its scale factor
SUNSPEC = [
    ("inverter", "current", INVERTER + 2, INVERTER + 6),
    ("inverter", "current_l1", INVERTER + 3, INVERTER + 6),
    ("inverter", "current_l3", INVERTER + 5, INVERTER + 6),
    ("inverter", "voltage_l1", INVERTER + 10, INVERTER + 13),
    ("inverter", "voltage_l3", INVERTER + 12, INVERTER + 13),
    ("inverter", "ac_power", INVERTER + 14, INVERTER + 15),
    ("inverter", "frequency", INVERTER + 16, INVERTER + 17),
    ("inverter", "energy", INVERTER + 24, INVERTER + 26),
    ("inverter", "dc_power", INVERTER + 31, INVERTER + 32),
    ("meter", "current_l1", METER + 3, METER + 6),
    ("meter", "current_l3", METER + 5, METER + 6),
    ("meter", "voltage_l1", METER + 8, METER + 15),
    ("meter", "voltage_l3", METER + 10, METER + 15),
    ("meter", "frequency", METER + 16, METER + 17),
    ("meter", "power", METER + 18, METER + 22),
    ("meter", "power_l1", METER + 19, METER + 22),
    ("meter", "power_l3", METER + 21, METER + 22),
    ("meter", "export_energy", METER + 38, METER + 54),
    ("meter", "import_energy", METER + 46, METER + 54),
]


@pytest.mark.parametrize(("role", "point", "address", "scale"), SUNSPEC)
def test_the_addresses_are_those_of_sunspec(profiles, role, point, address, scale):
    found = profiles["solaredge_storedge"].roles[role].readings[point]
    assert (found.register.address, found.scale_register.address) == (address, scale)


async def test_a_sunny_noon_reads_as_it_was_set_up(profiles, mock_unit):
    unit = mock_unit(solaredge())
    reading = await ModbusDevice(profiles["solaredge_storedge"], unit).async_read()

    expected = {
        ("inverter", "ac_power"): 3521.0,
        ("inverter", "dc_power"): 3620.0,
        ("inverter", "energy"): 12_345_670.0,
        ("inverter", "current_l2"): 5.11,
        ("inverter", "voltage_l3"): 230.3,
        ("inverter", "frequency"): 50.01,
        ("inverter", "status"): "producing",
        ("battery", "power"): -1000.0,  # it charges: the device says +1000, we say −
        ("battery", "soc"): 61.5,
        ("battery", "discharge_energy"): 2_500_000.0,
        ("battery", "charge_energy"): 3_000_000.0,
        ("battery", "temperature"): 23.5,
        ("battery", "status"): "charging",
        ("pv", "power"): 4620.0,  # 3620 W into the inverter and 1000 W into the battery
        ("meter", "power"): -2500.0,  # SolarEdge counts export as positive
        ("meter", "power_l1"): -800.0,
        ("meter", "voltage_l2"): 230.2,
        ("meter", "export_energy"): 7_000_000.0,
        ("meter", "import_energy"): 3_000_000.0,
    }
    assert {name: reading.get(*name) for name in expected} == expected
    assert reading.failed == ()


async def test_the_home_is_balanced(profiles, mock_unit):
    """Grid + inverter = load: with every sign right that is the 1021 W that were put in."""
    reading = await ModbusDevice(profiles["solaredge_storedge"], mock_unit(solaredge())).async_read()
    assert reading.number("meter", "power") + reading.number("inverter", "ac_power") == 1021.0


async def test_darkness_is_no_negative_sun(profiles, mock_unit):
    """DC input 0 W, battery measured to charge with −12 W: the modules give nothing, not −12 W."""
    dark = {40100: 0, **dict(zip((0xE174, 0xE175), swapped("f", -12.0), strict=True))}
    reading = await ModbusDevice(profiles["solaredge_storedge"], mock_unit(solaredge() | dark)).async_read()
    assert reading.number("pv", "power") == 0.0
    assert reading.number("battery", "power") == 12.0


async def test_an_inverter_without_battery_and_meter_says_so(wire, profiles):
    line = await wire({1: solaredge(battery=False, meter=False)})
    inverter = ModbusDevice(profiles["solaredge_storedge"], line.unit(1))

    identity = await inverter.async_identify()
    reading = await inverter.async_read()

    assert identity.roles == ("inverter", "pv")
    assert set(reading.roles) == {"inverter", "pv"}
    assert reading.failed == ()
    assert reading.number("pv", "power") == 3620.0


async def test_a_meter_wired_later_is_found_at_the_next_slow_poll(profiles, mock_unit):
    """Meters are wired by hand with the power off, so looking now and then is enough."""
    unit = mock_unit(solaredge(meter=False))
    inverter = ModbusDevice(profiles["solaredge_storedge"], unit)
    assert "meter" not in (await inverter.async_read()).roles

    unit.holding.update(solaredge())
    assert "meter" not in (await inverter.async_read()).roles
    await inverter.async_read_settings()

    assert (await inverter.async_read()).number("meter", "power") == -2500.0


async def test_only_the_roles_in_use_are_read_with_what_they_need(profiles, mock_unit):
    """PV needs the battery's power for its sum, but nobody asked for the meter."""
    unit = mock_unit(solaredge())
    reading = await ModbusDevice(profiles["solaredge_storedge"], unit, roles={"pv"}).async_read()
    assert {(role, point) for role, points in reading.roles.items() for point in points} == {
        ("pv", "power"),
        ("inverter", "dc_power"),
        ("battery", "power"),
    }


@pytest.mark.parametrize(
    ("raw", "quality"),
    [(0xFF7FFFFF, Quality.MISSING), (0x7FC00000, Quality.MISSING), (0x42CA0000, Quality.INVALID)],
)
async def test_a_state_of_charge_that_is_none_stays_unknown(profiles, mock_unit, raw, quality):
    """SolarEdge's sentinel, NaN, and 101 %."""
    odd = {0xE184: raw & 0xFFFF, 0xE185: raw >> 16}
    reading = await ModbusDevice(profiles["solaredge_storedge"], mock_unit(solaredge() | odd)).async_read()
    assert reading.roles["battery"]["soc"].value is None
    assert reading.roles["battery"]["soc"].quality is quality


async def test_a_scale_that_is_not_implemented_makes_its_values_unknown(profiles, mock_unit):
    """0x8000 means "not implemented"; scaled with it, 3521 W would be anything."""
    reading = await ModbusDevice(
        profiles["solaredge_storedge"], mock_unit(solaredge() | {40084: 0x8000})
    ).async_read()
    assert reading.roles["inverter"]["ac_power"].quality is Quality.MISSING


async def test_settings_come_in_the_slow_rhythm(profiles, mock_unit):
    device = ModbusDevice(profiles["solaredge_storedge"], mock_unit(solaredge()))
    reading = await device.async_read_settings()
    assert reading.get("battery", "control_mode") == "remote"
    assert reading.get("battery", "command_mode") == "self_consumption"
    assert reading.number("battery", "command_timeout") == 3600.0
    assert reading.number("battery", "capacity") == 9700.0
    assert reading.number("battery", "charge_power_max") == 5000.0
