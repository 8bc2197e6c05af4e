"""The ABB map against the numbers of the makers' manual, typed here by hand and decoded by struct alone."""

import struct

import pytest

from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.reading import Quality
from tests.devices.images import abb_b23, text, words

# Point, address, struct format, one unit of the register in W, V, A, Hz, Wh: ABB manual 2CMC485003M0201.
MANUAL = [
    ("import_energy", 0x5000, "Q", 10.0),  # 0.01 kWh
    ("export_energy", 0x5004, "Q", 10.0),
    ("voltage_l1", 0x5B00, "I", 0.1),
    ("voltage_l2", 0x5B02, "I", 0.1),
    ("voltage_l3", 0x5B04, "I", 0.1),
    ("current_l1", 0x5B0C, "I", 0.01),
    ("current_l2", 0x5B0E, "I", 0.01),
    ("current_l3", 0x5B10, "I", 0.01),
    ("power", 0x5B14, "i", 0.01),
    ("power_l1", 0x5B16, "i", 0.01),
    ("power_l2", 0x5B18, "i", 0.01),
    ("power_l3", 0x5B1A, "i", 0.01),
    ("reactive_power", 0x5B1C, "i", 0.01),
    ("apparent_power", 0x5B24, "i", 0.01),
    ("frequency", 0x5B2C, "H", 0.01),
    ("power_factor", 0x5B3A, "h", 0.001),
    ("power_factor_l1", 0x5B3B, "h", 0.001),
    ("power_factor_l2", 0x5B3C, "h", 0.001),
    ("power_factor_l3", 0x5B3D, "h", 0.001),
]


def test_every_point_of_the_profile_is_in_the_manual(profiles):
    assert set(profiles["abb_b23"].roles["meter"].readings) == {point for point, *_ in MANUAL}


@pytest.mark.parametrize(("point", "address", "fmt", "unit"), MANUAL)
async def test_the_profile_reads_what_the_manual_says(profiles, mock_unit, point, address, fmt, unit):
    registers = abb_b23()
    raw = b"".join(registers[address + n].to_bytes(2, "big") for n in range(struct.calcsize(fmt) // 2))
    by_hand = struct.unpack(f">{fmt}", raw)[0] * unit

    reading = await ModbusDevice(profiles["abb_b23"], mock_unit(registers)).async_read()

    assert reading.number("meter", point) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(
    ("point", "address", "raw", "value"),
    [
        ("current_l1", 0x5B0C, 0x65, 1.01),  # the manual's worked examples, p. 170
        ("power", 0x5B14, 0x1E8E4, 1251.56),
    ],
)
async def test_the_manuals_worked_examples_come_out_to_the_digit(
    profiles, mock_unit, point, address, raw, value
):
    registers = abb_b23() | {address + n: word for n, word in enumerate(words("I", raw))}

    reading = await ModbusDevice(profiles["abb_b23"], mock_unit(registers)).async_read()

    assert reading.number("meter", point) == value


@pytest.mark.parametrize(
    ("point", "naive", "really"),
    [
        ("power", 0x5000, "total active import energy, a counter of 64 bits"),
        ("import_energy", 0x5002, "the lower half of that counter"),
        ("voltage_l1", 0x5004, "total active export energy"),
        ("current_l1", 0x5006, "the lower half of the export energy"),
    ],
)
def test_the_guide_that_circulates_is_refused(profiles, point, naive, really):
    """It names these addresses for these quantities. What is really there is another thing.

    A home read by that guide would see an import that grows for ever and never sees the sun.
    """
    address = profiles["abb_b23"].roles["meter"].readings[point].register.address
    assert address != naive, f"0x{naive:04X} is {really}"


async def test_export_is_negative(profiles, mock_unit):
    """The meter counts import as positive and so do we; an unsigned reading would show 42 MW instead."""
    registers = abb_b23() | {0x5B14 + n: word for n, word in enumerate(words("i", -250_000))}
    reading = await ModbusDevice(profiles["abb_b23"], mock_unit(registers)).async_read()
    assert reading.number("meter", "power") == -2500.0


async def test_a_b21_is_read_by_its_one_phase(profiles, mock_unit):
    """One phase, and of the quantities per phase only voltage and current: its power is the total."""
    all_ones, largest = [0xFFFF] * 2, [0x7FFF, 0xFFFF]
    registers = abb_b23()
    for address in (0x5B02, 0x5B04, 0x5B0E, 0x5B10):
        registers |= {address + n: word for n, word in enumerate(all_ones)}
    for address in (0x5B16, 0x5B18, 0x5B1A):
        registers |= {address + n: word for n, word in enumerate(largest)}
    registers |= dict.fromkeys(range(0x5B3B, 0x5B3E), 0x7FFF)
    registers |= {0x8960 + n: word for n, word in enumerate(text("B21 112-100", 6))}
    meter = ModbusDevice(profiles["abb_b23"], mock_unit(registers))

    identity, reading = await meter.async_identify(), await meter.async_read()

    known = {point for point, value in reading.roles["meter"].items() if value.value is not None}
    assert identity.model == "B21 112-100"
    assert {point for point in known if point.endswith(("l1", "l2", "l3"))} == {"voltage_l1", "current_l1"}
    assert reading.number("meter", "power") == 1251.56


@pytest.mark.parametrize("model", ["B23 112-100", "B24 352-100", "A43 211-100", "A44 552-100"])
async def test_the_whole_family_is_recognised(profiles, mock_unit, model):
    registers = abb_b23() | {0x8960 + n: word for n, word in enumerate(text(model, 6))}
    assert (await ModbusDevice(profiles["abb_b23"], mock_unit(registers)).async_identify()).model == model


@pytest.mark.parametrize(
    ("point", "address", "sentinel"),
    [
        ("power_l2", 0x5B16 + 2, [0x7FFF, 0xFFFF]),
        ("voltage_l2", 0x5B02, [0xFFFF, 0xFFFF]),
        ("power_factor_l2", 0x5B3C, [0x7FFF]),
        ("export_energy", 0x5004, [0xFFFF] * 4),
    ],
)
async def test_what_a_model_does_not_measure_is_unknown(profiles, mock_unit, point, address, sentinel):
    """A B21 has one phase. Taken for numbers, its sentinels are 21 MW and 430 MV."""
    registers = abb_b23() | {address + n: word for n, word in enumerate(sentinel)}
    value = (await ModbusDevice(profiles["abb_b23"], mock_unit(registers)).async_read()).roles["meter"][point]
    assert (value.value, value.quality) == (None, Quality.MISSING)
