"""Every meter's map against an image typed from its maker's document: values, sign, what is absent, who it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modbus_connection.mock import MockModbusConnection, MockModbusUnit
import pytest

from custom_components.ems.devices.errors import DeviceResponseError
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import Profile
from custom_components.ems.devices.reading import Quality
from tests.devices import meter_images as images
from tests.devices.images import Image, abb_b23, image, swapped, words
from tests.devices.meter_images import gavazzi

# The home behind the images, in W, V, A, Hz, Wh.
VOLTAGES = {"voltage_l1": 230.1, "voltage_l2": 229.9, "voltage_l3": 231.5}
CURRENTS = {"current_l1": 1.01, "current_l2": 6.12, "current_l3": 2.5}
POWERS = {"power": 1251.56, "power_l1": 200.0, "power_l2": 1600.0, "power_l3": -548.44}
ENERGIES = {"import_energy": 12_345_670.0, "export_energy": 890_120.0}
FACTORS = {"power_factor_l1": 1.0, "power_factor_l2": 0.987, "power_factor_l3": -0.956}
THREE_PHASES = {**POWERS, **VOLTAGES, **CURRENTS}
ONE_PHASE = {"power": 1251.56, "voltage_l1": 230.1, "power_factor": 0.993, "frequency": 49.98, **ENERGIES}
TENTHS = {"power": 1251.6, "power_l3": -548.4}


@dataclass(frozen=True, kw_only=True)
class Meter:
    """One meter as the tests know it.

    exporting : What its registers of power hold while 2500 W flow out, on every phase.
    absent : What they hold where the point is not measured.
    """

    profile: str
    registers: Image
    home: Mapping[str, float]
    exporting: Image
    absent: Mapping[str, Image]
    settings: Image = field(default_factory=dict)
    by_input: bool = False
    identity: tuple[str, str | None, str | None] = ("", None, None)
    start: str = ""

    def unit(self, changed: Mapping[int, int] | None = None) -> MockModbusUnit:
        """Return an in-memory unit that holds the meter's registers, and zeros everywhere else."""
        unit = MockModbusConnection().for_unit(1)
        space = unit.input if self.by_input else unit.holding
        space.update(self.registers | dict(changed or {}))
        unit.holding.update(self.settings)
        return unit


NAN = words("I", 0x7FC00000)
MINUS_1000 = swapped("f", -1000.0)
EXPORT = {"power": -2500.0, "power_l1": -1000.0, "power_l2": -1000.0, "power_l3": -500.0}
METERS = [
    Meter(
        profile="schneider_iem3000",
        registers=images.schneider_iem3000(),
        identity=("Schneider Electric", "iEM3155", "12345678"),
        home={**THREE_PHASES, **ENERGIES, "frequency": 49.98, "power_factor": 0.993}
        | {"reactive_power": -123.45, "apparent_power": 1260.0},
        exporting=image({3053: words("ffff", -1.0, -1.0, -0.5, -2.5)}),
        absent={
            "export_energy": image({3207: [0x8000, 0, 0, 0]}),
            "power_l2": image({3055: NAN}),
            "power_factor": image({3083: NAN}),
        },
    ),
    Meter(
        profile="carlo_gavazzi_em24",
        registers=images.carlo_gavazzi_em24(),
        identity=("Carlo Gavazzi", None, "BX1234567"),
        home={**THREE_PHASES, **TENTHS, **FACTORS, "power_factor": 0.993, "frequency": 50.0}
        | {"import_energy": 12_345_700.0},
        exporting=image({0x12: gavazzi("i", -10000, -10000, -5000), 0x28: gavazzi("i", -25000)}),
        absent={
            "power_l2": image({0x14: [0xFFFF, 0x7FFF]}),
            "power": image({0x28: [0x0000, 0x7FFF]}),  # overflow: 0x7FFF in the high word alone
            "power_factor_l2": image({0x33: [0x7FFF]}),
        },
    ),
    Meter(
        profile="carlo_gavazzi_em300",
        registers=images.carlo_gavazzi_em300(),
        identity=("Carlo Gavazzi", None, "BX7654321"),
        home={**THREE_PHASES, **TENTHS, **FACTORS, "power_factor": 0.993, "frequency": 50.0}
        | {"import_energy": 12_345_700.0, "export_energy": 890_100.0},
        exporting=image({0x12: gavazzi("i", -10000, -10000, -5000), 0x28: gavazzi("i", -25000)}),
        absent={
            "power_l2": image({0x14: [0xFFFF, 0x7FFF]}),
            "export_energy": image({0x4E: [0xFFFF, 0x7FFF]}),
        },
    ),
    Meter(
        profile="carlo_gavazzi_em100",
        registers=images.carlo_gavazzi_em100(),
        identity=("Carlo Gavazzi", None, "BY0000042"),
        home={**ONE_PHASE, "power": 1251.6, "current_l1": 5.44, "frequency": 50.0}
        | {"import_energy": 12_345_700.0, "export_energy": 890_100.0},
        exporting=image({0x04: gavazzi("i", -25000)}),
        absent={"power": image({0x04: [0xFFFF, 0x7FFF]})},
    ),
    Meter(
        profile="eastron_sdm630",
        registers=images.eastron_sdm630()[0],
        settings=images.eastron_sdm630()[1],
        by_input=True,
        identity=("Eastron", None, None),
        home={**THREE_PHASES, **FACTORS, **ENERGIES, "power_factor": 0.993, "frequency": 49.98}
        | {"reactive_power": -123.45, "apparent_power": 1260.0},
        exporting=image({0x0C: words("fff", -1000.0, -1000.0, -500.0), 0x34: words("f", -2500.0)}),
        absent={"power_l2": image({0x0E: NAN})},
    ),
    Meter(
        profile="eastron_sdm230",
        registers=images.eastron_sdm230(),
        by_input=True,
        identity=("Eastron", None, None),
        home={**ONE_PHASE, "current_l1": 5.44, "reactive_power": -123.45},
        exporting=image({0x0C: words("f", -2500.0)}),
        absent={"power": image({0x0C: NAN})},
    ),
    Meter(
        profile="eastron_sdm72",
        registers=images.eastron_sdm72()[0],
        settings=images.eastron_sdm72()[1],
        by_input=True,
        identity=("Eastron", None, None),
        home={"power": 1251.56, **ENERGIES},
        exporting=image({0x34: words("f", -2500.0)}),
        absent={"import_energy": image({0x48: NAN})},
    ),
    Meter(
        profile="janitza_umg",
        registers=images.janitza_umg(),
        identity=("Janitza", None, None),
        home={**THREE_PHASES, **FACTORS, **ENERGIES, "frequency": 49.98, "reactive_power": -123.45},
        exporting=image({19020: words("ffff", -1000.0, -1000.0, -500.0, -2500.0)}),
        absent={"power_l2": image({19022: NAN})},
    ),
    Meter(
        profile="janitza_umg604",
        registers=images.janitza_umg604(),
        identity=("Janitza", None, None),
        home={**THREE_PHASES, **ENERGIES, "frequency": 49.98},
        exporting=image({1333: words("fff", -1000.0, -1000.0, -500.0), 1369: words("f", -2500.0)}),
        absent={"power_l2": image({1335: NAN})},
    ),
    Meter(
        profile="siemens_pac2200",
        registers=images.siemens_pac2200(),
        identity=("Siemens", None, None),
        home={**THREE_PHASES, **FACTORS, **ENERGIES, "frequency": 49.98, "power_factor": 0.993}
        | {"reactive_power": -123.45, "apparent_power": 1260.0},
        exporting=image({25: words("fff", -1000.0, -1000.0, -500.0), 65: words("f", -2500.0)}),
        absent={
            "power_l2": image({27: NAN}),
            # One tariff unknown and the sum is: half of it would look like a meter that was reset.
            "import_energy": image({805: words("Q", 0x7FF8_0000_0000_0000)}),
        },
    ),
    Meter(
        profile="siemens_pac1600",
        registers=images.siemens_pac1600(),
        identity=("Siemens", None, None),
        home={**THREE_PHASES, **ENERGIES, "frequency": 49.98, "reactive_power": -123.45},
        exporting=image({19: words("iii", -100_000, -100_000, -50_000), 57: words("i", -250_000)}),
        absent={"power_l2": image({21: [0x8000, 0]}), "voltage_l2": image({3: [0xFFFF, 0xFFFF]})},
    ),
    Meter(
        profile="phoenix_eem_ma370",
        registers=images.phoenix_eem_ma370(),
        identity=("Phoenix Contact", None, None),
        home={**THREE_PHASES, **ENERGIES, "frequency": 49.98},
        exporting=image(
            {0x8016: swapped("f", -2500.0), 0x801E: [*MINUS_1000, *MINUS_1000, *swapped("f", -500.0)]}
        ),
        absent={"power_l2": image({0x8020: NAN[::-1]})},
    ),
    Meter(
        profile="phoenix_eem_ma600",
        registers=images.phoenix_eem_ma600(),
        identity=("Phoenix Contact", None, None),
        home={**THREE_PHASES, "power": 1250.0, "power_l3": -550.0, "frequency": 49.98}
        | {"power_factor": 0.993, "reactive_power": -120.0, "apparent_power": 1260.0},
        exporting=image({0xC568: words("i", -250), 0xC570: words("iii", -100, -100, -50)}),
        absent={
            "power_l2": image({0xC572: [0x7FFF, 0xFFFF]}),
            "voltage_l2": image({0xC55A: [0xFFFF, 0xFFFF]}),
        },
    ),
    Meter(
        profile="kostal_ksem",
        registers=images.kostal_ksem(),
        identity=("Kostal", "KOSTAL Smart Energy Meter", "72400123"),
        home={**THREE_PHASES, **TENTHS, **ENERGIES, "frequency": 49.98},
        exporting=image(
            {
                0: words("II", 0, 25000),
                40: words("II", 0, 10000),
                80: words("II", 1000, 11000),  # both at once while the direction changes
                120: words("II", 500, 5500),
            }
        ),
        absent={
            "power": image({0: [0xFFFF, 0xFFFF]}),
            "power_l2": image({82: [0xFFFF, 0xFFFF]}),
            "import_energy": image({512: [0xFFFF] * 4}),
        },
    ),
    Meter(
        profile="shelly_pro3em",
        registers=images.shelly_pro3em(),
        by_input=True,
        identity=("Shelly", "SPEM-003CEBEU", "A0DD6C4F21E8"),
        home={**THREE_PHASES, **ENERGIES},
        exporting=image(
            {1013: swapped("f", -2500.0), 1024: MINUS_1000, 1044: MINUS_1000, 1064: swapped("f", -500.0)}
        ),
        absent={"power_l2": image({1044: NAN[::-1]})},
    ),
    Meter(
        profile="sunspec_meter",
        registers=images.sunspec_integer(),
        identity=("Meterworks", "MW-3", "S0042"),
        home={**THREE_PHASES, **TENTHS, **ENERGIES, "frequency": 49.98}
        | {"reactive_power": -123.0, "apparent_power": 1260.0},
        # 40002 + 68 of the common model + 5 of the stranger + offset 18
        exporting=image({40093: words("hhhh", -25000, -10000, -10000, -5000)}),
        absent={"power_l2": image({40095: [0x8000]}), "power": image({40097: [0x8000]})},
        start="integer",
    ),
    Meter(
        profile="sunspec_meter",
        registers=images.sunspec_float(),
        identity=("Meterworks", "MW-3", "S0042"),
        home={**THREE_PHASES, **TENTHS, **ENERGIES, "frequency": 49.98}
        | {"reactive_power": -123.0, "apparent_power": 1260.0},
        exporting=image({50098: words("ffff", -2500.0, -1000.0, -1000.0, -500.0)}),
        absent={"power_l2": image({50102: NAN})},
        start="float",
    ),
]
EVERY = [pytest.param(meter, id=f"{meter.profile}{meter.start and '-' + meter.start}") for meter in METERS]
ABSENT = [
    pytest.param(meter, point, id=f"{meter.profile}{meter.start and '-' + meter.start}-{point}")
    for meter in METERS
    for point in meter.absent
]
# Meters of one maker that keep what they share at the same places: either profile reads the other's rightly, or
# only a part of it. Which one it is stands on the type plate; the registers do not tell.
RELATIVES = [
    {"eastron_sdm630", "eastron_sdm230"},
    {"eastron_sdm630", "eastron_sdm72"},
]


def device(meter: Meter, changed: Mapping[int, int] | None = None, profile: str = "") -> ModbusDevice:
    return ModbusDevice(load_profiles()[profile or meter.profile], meter.unit(changed), clock=lambda: 1000.0)


@pytest.mark.parametrize("meter", EVERY)
async def test_a_meter_reads_what_its_maker_says(meter):
    reading = await device(meter).async_read()
    assert reading.failed == ()
    role = load_profiles()[meter.profile].roles["meter"]
    shown = {point: reading.number("meter", point) for point in (*role.readings, *role.derived)}
    assert shown == {point: pytest.approx(value, rel=2e-7) for point, value in meter.home.items()}


@pytest.mark.parametrize("meter", EVERY)
async def test_a_meter_that_refuses_what_its_map_does_not_list_is_read_over_the_wire(meter, wire):
    """Holes are stepped over: after the first poll no request is refused any more."""
    line = await wire({1: meter.registers})
    connected = ModbusDevice(load_profiles()[meter.profile], line.unit(1))
    readings = [await connected.async_read() for _ in range(2)]
    for reading in readings:
        assert reading.failed == ()
        shown = {point: reading.number("meter", point) for point in meter.home}
        assert shown == {point: pytest.approx(value, rel=2e-7) for point, value in meter.home.items()}


@pytest.mark.parametrize("meter", EVERY)
async def test_a_meter_says_who_it_is(meter):
    identity = await device(meter).async_identify()
    assert (identity.manufacturer, identity.model, identity.serial) == meter.identity
    assert identity.roles == ("meter",)


@pytest.mark.parametrize("meter", EVERY)
async def test_export_is_negative_at_the_grid(meter):
    reading = await device(meter, meter.exporting).async_read()
    told = {point: reading.number("meter", point) for point in EXPORT.keys() & meter.home.keys()}
    assert told == {point: EXPORT[point] for point in told}
    assert "power" in told


@pytest.mark.parametrize(("meter", "point"), ABSENT)
async def test_what_a_meter_does_not_measure_is_unknown(meter, point):
    value = (await device(meter, meter.absent[point]).async_read()).roles["meter"][point]
    assert value.value is None
    assert value.quality in {Quality.MISSING, Quality.INVALID}


def registers():
    """Return the profiles of devices with registers."""
    return [profile for profile in load_profiles().values() if isinstance(profile, Profile)]


@pytest.mark.parametrize("meter", EVERY)
async def test_no_profile_takes_another_makers_meter_for_its_own(meter):
    """Picked from a list by mistake, the map of another meter would show numbers that look like a home."""
    for profile in registers():
        pair = {meter.profile, profile.id}
        if "meter" in profile.roles and len(pair) == 2 and pair not in RELATIVES:
            with pytest.raises(DeviceResponseError):
                await device(meter, profile=profile.id).async_identify()


@pytest.mark.parametrize("profile", sorted({meter.profile for meter in METERS}))
async def test_no_meter_is_recognised_in_an_abb_or_in_nothing(profile):
    unit = MockModbusConnection().for_unit(1)
    for registers in ({}, abb_b23()):
        unit.holding.update(registers)
        with pytest.raises(DeviceResponseError):
            await ModbusDevice(load_profiles()[profile], unit).async_identify()


def test_every_profile_of_a_meter_alone_has_an_image():
    alone = {p.id for p in registers() if set(p.roles) == {"meter"}}
    assert alone == {meter.profile for meter in METERS} | {"abb_b23"}
