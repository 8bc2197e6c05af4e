"""Serial numbers that tell nothing: clones and refurbished devices carry zeros, and must not pass for one another."""

import pytest

from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices import hybrid_images
from tests.devices.images import abb_b23, text, words


@pytest.mark.parametrize(("number", "serial"), [(12_345_678, "12345678"), (10, "10"), (0, None)])
async def test_a_number_of_zero_is_no_serial(profiles, mock_unit, number, serial):
    unit = mock_unit(abb_b23())
    unit.holding.update(dict(enumerate(words("I", number), 0x8900)))
    assert (await ModbusDevice(profiles["abb_b23"], unit).async_identify()).serial == serial


@pytest.mark.parametrize(
    ("said", "serial"), [("SW0815", "SW0815"), ("0000000", None), ("000-00", None), ("", None)]
)
async def test_a_text_of_zeros_is_no_serial(profiles, mock_unit, said, serial):
    unit = mock_unit(hybrid_images.sunspec_inverter().holding)
    unit.holding.update(dict(enumerate(text(said, 16), 40002 + 50)))
    assert (await ModbusDevice(profiles["sunspec_inverter"], unit).async_identify()).serial == serial
