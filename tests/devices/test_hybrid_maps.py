"""Hybrid inverters read as their images were typed: addresses, scales, word orders and signs in one look."""

import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceResponseError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices import hybrid_images
from tests.devices.images import swapped

# profile → role and point → what the image was set up to mean, in W, Wh, V, A, % and our signs.
MEANT = {
    "sma_smart_energy": {
        ("inverter", "ac_power"): 1700,
        ("pv", "power"): 3000,  # B and C say "not available": a string without sun
        ("battery", "power"): -1200,
        ("battery", "soc"): 57,
        ("battery", "charge_energy"): 1_000_000,
        ("battery", "discharge_energy"): 900_000,
        ("meter", "power"): -1500,
        ("meter", "power_l1"): -700,
        ("meter", "power_l2"): -900,
        ("meter", "power_l3"): 100,
        ("meter", "current_l1"): 3.1,
        ("meter", "import_energy"): 4_500_000,
        ("meter", "export_energy"): 9_100_000,
    },
    "victron_gx": {
        ("meter", "power"): -700,
        ("meter", "power_l1"): -1200,
        ("meter", "power_l3"): 200,
        ("pv", "power"): 3500,
        ("battery", "power"): -900,
        ("battery", "soc"): 81,
        ("battery", "status"): "charging",
    },
    "huawei_sun2000": {
        ("inverter", "ac_power"): 3400,
        ("pv", "power"): 6000,
        ("pv", "energy"): 12_345_670,
        ("battery", "power"): -2500,
        ("battery", "soc"): 65.5,
        ("battery", "charge_energy"): 2_500_000,
        ("battery", "discharge_energy"): 2_400_000,
        ("meter", "power"): -1000,
        ("meter", "power_l2"): -350,
        ("meter", "voltage_l3"): 230.3,
        ("meter", "current_l1"): -1.45,
        ("meter", "frequency"): 50.01,
        ("meter", "export_energy"): 7_000_000,
        ("meter", "import_energy"): 3_000_000,
    },
    "sungrow_sh": {
        ("inverter", "ac_power"): 4400,
        ("inverter", "voltage_l2"): 232,
        ("pv", "power"): 4000,
        ("pv", "energy"): 12_345_600,
        ("battery", "power"): 500,
        ("battery", "soc"): 73.4,
        ("battery", "discharge_energy"): 500_000,
        ("battery", "charge_energy"): 560_000,
        ("meter", "power"): -3200,
        ("meter", "power_l1"): -1000,
        ("meter", "import_energy"): 2_000_000,
        ("meter", "export_energy"): 4_000_000,
    },
    "goodwe_et": {
        ("inverter", "ac_power"): 2800,
        ("pv", "power"): 3500,
        ("pv", "energy"): 9_876_500,
        ("battery", "power"): -700,
        ("battery", "soc"): 48,
        ("battery", "charge_energy"): 432_100,
        ("battery", "discharge_energy"): 400_000,
        ("meter", "power"): -1800,
        ("meter", "power_l3"): -700,
        ("meter", "voltage_l1"): 230.1,
        ("meter", "current_l3"): 3,
        ("meter", "export_energy"): 7_000_000,
        ("meter", "import_energy"): 3_000_000,
    },
    "growatt_tlxh": {
        ("pv", "power"): 3200,
        ("pv", "energy"): 6_543_200,
        ("battery", "power"): -800,
        ("battery", "soc"): 66,
        ("battery", "mode"): "battery_first",
        ("battery", "discharge_energy"): 33_300,
        ("battery", "charge_energy"): 44_400,
        ("meter", "power"): 300,
        ("meter", "import_energy"): 1_111_100,
        ("meter", "export_energy"): 2_222_200,
    },
    "growatt_sph": {
        ("pv", "power"): 1000,
        ("pv", "energy"): 7_777_700,
        ("battery", "power"): 600,
        ("battery", "soc"): 43,
        ("battery", "discharge_energy"): 300_000,
        ("battery", "charge_energy"): 330_000,
        ("meter", "power"): -250,
        ("meter", "import_energy"): 1_200_000,
        ("meter", "export_energy"): 1_500_000,
    },
    "deye_lp3": {
        ("pv", "power"): 5000,
        ("pv", "energy"): 20_000_000,
        ("battery", "power"): 400,
        ("battery", "soc"): 71,
        ("battery", "charge_energy"): 1_234_500,
        ("battery", "discharge_energy"): 1_111_100,
        ("meter", "power"): -4500,
        ("meter", "power_l2"): -1500,
        ("meter", "voltage_l3"): 232.1,
        ("meter", "current_l1"): -6.4,
        ("meter", "import_energy"): 5_432_100,
        ("meter", "export_energy"): 9_876_500,
    },
    "deye_lp1": {
        ("pv", "power"): 1800,
        ("pv", "energy"): 15_000_000,
        ("battery", "power"): -1000,
        ("battery", "soc"): 88,
        ("battery", "charge_energy"): 7_000_000,
        ("battery", "discharge_energy"): 6_500_000,
        ("meter", "power"): 120,
        ("meter", "voltage_l1"): 230.5,
        ("meter", "current_l1"): 0.52,
        ("meter", "frequency"): 50.02,
        ("meter", "import_energy"): (3 * 65_536 + 65_535) * 100,
        ("meter", "export_energy"): 12_345_600,
    },
    "kostal_plenticore": {
        ("pv", "power"): 4000,
        ("pv", "energy"): 12_500_000,
        ("battery", "power"): 350,
        ("battery", "soc"): 64,
        ("meter", "power"): -2100,
        ("meter", "power_l2"): -600,
    },
    "e3dc": {
        ("pv", "power"): 4000,  # 3300 W of its own and 700 W of the other, which it counts as −700
        ("battery", "power"): -1900,
        ("battery", "soc"): 53,
        ("meter", "power"): 100,
    },
    "fronius_gen24": {
        ("inverter", "ac_power"): 2800,
        ("inverter", "frequency"): 50.02,
        ("pv", "power"): 4000,
        ("pv", "energy"): 12_000_000,
        ("battery", "power"): -1200,
        ("battery", "soc"): 62.5,
        ("battery", "charge_energy"): 900_000,
        ("battery", "discharge_energy"): 800_000,
    },
    "sunspec_inverter": {
        ("inverter", "ac_power"): 3600,
        ("inverter", "energy"): 8_000_000,
        ("inverter", "frequency"): 49.99,
        ("inverter", "voltage_l3"): 230.3,
        ("pv", "power"): 3600,
        ("pv", "energy"): 8_000_000,
    },
    "sunspec_battery": {("battery", "power"): 1500, ("battery", "soc"): 55.5},
}

WHO = {
    "sma_smart_energy": ("SMA", None, "3012345678"),
    "victron_gx": ("Victron", None, "c0619ab12345"),
    "huawei_sun2000": ("Huawei", "SUN2000-10KTL-M1", "HV2140012345"),
    "sungrow_sh": ("Sungrow", None, "A2290012345"),
    "goodwe_et": ("GoodWe", "GW10K-ET", "9010KETU224W0123"),
    "growatt_tlxh": ("Growatt", None, "TLX1234567"),
    "growatt_sph": ("Growatt", None, "SPH0123456"),
    "deye_lp3": ("Deye", None, "2212345678"),
    "deye_lp1": ("Deye", None, "2112345678"),
    "kostal_plenticore": ("Kostal", "PLENTICORE plus", "90123ABC00012"),
    "e3dc": ("HagerEnergy GmbH", "S10 E AIO", "S10-123456789012"),
    "fronius_gen24": ("Fronius", "Symo GEN24 10.0 Plus", "34119102"),
    "sunspec_inverter": ("Sunworks", "SW-5", "SW0815"),
    "sunspec_battery": ("Cellworks", "CW-10", "CW4711"),
}

# What the house takes, from the story of each image: sun + battery + grid, before losses.
HOUSE_W = {
    "victron_gx": 3500 - 900 - 700,
    "huawei_sun2000": 6000 - 2500 - 1000,
    "sungrow_sh": 4000 + 500 - 3200,
    "goodwe_et": 3500 - 700 - 1800,
    "growatt_tlxh": 3200 - 800 + 300,
    "growatt_sph": 1000 + 600 - 250,
    "deye_lp3": 5000 + 400 - 4500,
    "deye_lp1": 1800 - 1000 + 120,
    "kostal_plenticore": 4000 + 350 - 2100,
    "e3dc": 4000 - 1900 + 100,
    "sma_smart_energy": 3000 - 1200 - 1500,
}


@pytest.fixture
def unit_of(mock_unit):
    """Return a maker of units that hold a family's image."""

    def make(name):
        device = getattr(hybrid_images, name)()
        unit = mock_unit(device.holding)
        unit.input.update(device.input)
        return unit

    return make


@pytest.mark.parametrize("name", MEANT)
async def test_every_point_reads_as_it_was_typed(profiles, unit_of, name):
    reading = await ModbusDevice(profiles[name], unit_of(name)).async_read()
    assert {key: reading.get(*key) for key in MEANT[name]} == MEANT[name]
    assert reading.failed == ()


@pytest.mark.parametrize("name", MEANT)
async def test_no_reading_of_the_profile_was_left_out_of_the_image(profiles, unit_of, name):
    """What the table above does not name has at least to be a good value, not a lucky zero of an empty register."""
    profile = profiles[name]
    reading = await ModbusDevice(profile, unit_of(name)).async_read()
    declared = {
        (role.role, key) for role in profile.roles.values() for key in (*role.readings, *role.derived)
    }
    unknown = {key for key in declared if reading.roles[key[0]][key[1]].quality is not Quality.GOOD}
    assert not unknown
    assert len(declared - MEANT[name].keys()) <= len(declared) / 3


@pytest.mark.parametrize("name", HOUSE_W)
async def test_the_signs_add_up_to_the_house(profiles, unit_of, name):
    """Positive flows into the home: sun + battery + grid is what the house takes."""
    reading = await ModbusDevice(profiles[name], unit_of(name)).async_read()
    assert sum(reading.number(role, "power") for role in ("pv", "battery", "meter")) == HOUSE_W[name]


@pytest.mark.parametrize("name", WHO)
async def test_the_device_says_who_it_is(profiles, unit_of, name):
    identity = await ModbusDevice(profiles[name], unit_of(name)).async_identify()
    assert (identity.manufacturer, identity.model, identity.serial) == WHO[name]
    assert identity.roles == tuple(profiles[name].roles)


@pytest.mark.parametrize("name", MEANT)
@pytest.mark.parametrize("other", MEANT)
async def test_no_device_is_taken_for_another(profiles, unit_of, name, other):
    if name == other or (name, other) == ("sunspec_inverter", "fronius_gen24"):
        return  # a Fronius is a SunSpec inverter, too
    with pytest.raises(DeviceResponseError, match=r"This is no|no SunSpec device"):
        await ModbusDevice(profiles[name], unit_of(other)).async_identify()


async def test_a_sunny_boy_storage_has_no_modules(profiles, unit_of):
    unit = unit_of("sma_smart_energy")
    unit.input[30052] = 8007
    identity = await ModbusDevice(profiles["sma_smart_energy"], unit).async_identify()
    assert identity.roles == ("inverter", "battery", "meter")


async def test_a_plenticore_in_the_other_word_order_reads_and_writes_the_same(profiles, unit_of):
    """The order is a setting of its web interface, told by register 5."""
    unit = unit_of("kostal_plenticore")
    unit.holding[5] = 1
    for at in (224, 234, 244, 252, 1034, 1038, 1040, 1056, 1068, 1076, 1078):
        unit.holding[at], unit.holding[at + 1] = unit.holding[at + 1], unit.holding[at]
    device = ModbusDevice(profiles["kostal_plenticore"], unit)

    assert (await device.async_identify()).roles == ("pv", "battery", "meter")
    reading = await device.async_read()
    assert {key: reading.get(*key) for key in MEANT["kostal_plenticore"]} == MEANT["kostal_plenticore"]

    await device.async_command(DeviceCommand(role="battery", mode="charge", power_w=2000))
    assert [unit.holding[1034], unit.holding[1035]] == swapped("f", -2000.0)[::-1]


async def test_a_word_order_that_is_changed_later_is_noticed_when_the_device_is_identified(profiles, unit_of):
    unit = unit_of("kostal_plenticore")
    device = ModbusDevice(profiles["kostal_plenticore"], unit)
    await device.async_read()
    unit.holding[5] = 1
    unit.holding[252], unit.holding[253] = unit.holding[253], unit.holding[252]
    unit.holding[1068], unit.holding[1069] = unit.holding[1069], unit.holding[1068]
    await device.async_identify()
    assert (await device.async_read()).number("meter", "power") == -2100


async def test_a_sungrow_without_meter_says_nothing_about_the_grid(profiles, unit_of):
    """0x7FFFFFFF is Sungrow's "not available", and would be two gigawatts."""
    unit = unit_of("sungrow_sh")
    unit.input.update(zip((13009, 13010), swapped("i", 0x7FFFFFFF), strict=True))
    reading = await ModbusDevice(profiles["sungrow_sh"], unit).async_read()
    assert reading.roles["meter"]["power"].quality is Quality.MISSING


@pytest.mark.parametrize("name", ["fronius_gen24", "sunspec_inverter"])
async def test_floats_say_the_same_as_integers(profiles, mock_unit, name):
    """Integers with scale or floats: a setting of the inverter, which the home must not notice."""
    unit = mock_unit(getattr(hybrid_images, name)(floats=True).holding)
    reading = await ModbusDevice(profiles[name], unit).async_read()
    read = {key: reading.number(*key) for key in MEANT[name]}
    assert read == {key: pytest.approx(value) for key, value in MEANT[name].items()}


async def test_a_battery_tells_its_size(profiles, unit_of):
    reading = await ModbusDevice(
        profiles["sunspec_battery"], unit_of("sunspec_battery")
    ).async_read_settings()
    sizes = ("capacity", "charge_power_max", "discharge_power_max")
    assert [reading.number("battery", size) for size in sizes] == [10_000, 5_000, 5_000]


async def test_a_fronius_without_battery_has_none(profiles, unit_of):
    unit = unit_of("fronius_gen24")
    start = next(a for a in unit.holding if unit.holding[a] == 124 and unit.holding.get(a + 1) == 24)
    unit.holding[start + 2] = 0
    identity = await ModbusDevice(profiles["fronius_gen24"], unit).async_identify()
    assert identity.roles == ("inverter", "pv")


async def test_an_inverter_without_limits_is_only_read(profiles, mock_unit):
    whole = hybrid_images.sunspec_inverter().holding
    end = next(a for a in sorted(whole) if whole[a] == 121 and whole.get(a + 1) == 30)
    device = ModbusDevice(
        profiles["sunspec_inverter"], mock_unit({a: w for a, w in whole.items() if a < end} | {end: 0xFFFF})
    )
    assert device.commands_of("pv") == ("automatic", "limit")  # nobody has looked yet
    await device.async_identify()
    assert device.commands_of("pv") == ()
