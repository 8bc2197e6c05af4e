"""What goes wrong with these meters in the wild, each trap by its name."""

from modbus_connection import IllegalDataAddressError
from modbus_connection.mock import MockModbusConnection
from pymodbus.constants import ExcCodes
import pytest

from custom_components.ems.devices.blocks import plan_blocks, split_block
from custom_components.ems.devices.errors import DeviceResponseError
from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices import meter_images as images
from tests.devices.images import image, words


@pytest.mark.parametrize(
    ("point", "naive", "really"),
    [
        ("import_energy", 45056, "nothing of the kind: the energies are at 3203, their float copy at 45099"),
        ("current_l1", 3000, "the manual's number: on the wire it is the second half of one float"),
        ("power_factor", 3078, "the manual's number of nothing: the power factor is at 3083 on the wire"),
    ],
)
def test_the_guide_that_circulates_is_refused_for_schneider(profiles, point, naive, really):
    """It takes 3059 and 3027 from the wire and 3000 from the manual, which counts one higher."""
    address = profiles["schneider_iem3000"].roles["meter"].readings[point].register.address
    assert address != naive, f"{naive} is {really}"


@pytest.mark.parametrize(("point", "address"), [("power", 3059), ("voltage_l1", 3027)])
def test_where_the_guide_is_right_on_the_wire_we_agree(profiles, point, address):
    assert profiles["schneider_iem3000"].roles["meter"].readings[point].register.address == address


async def test_a_current_read_at_the_manuals_number_would_be_another_current(profiles, mock_unit):
    """The halves of two neighbours make a float that looks like nothing on this meter."""
    unit = mock_unit(images.schneider_iem3000())
    wrong = await unit.read_holding_registers(3000, 2)
    right = await unit.read_holding_registers(2999, 2)
    assert right == words("f", 1.01)
    assert wrong == [right[1], words("f", 6.12)[0]]


async def test_schneiders_power_is_in_kilowatts(profiles, mock_unit):
    """Read as watts, a house would draw one watt for ever."""
    reading = await ModbusDevice(
        profiles["schneider_iem3000"], mock_unit(images.schneider_iem3000())
    ).async_read()
    assert reading.number("meter", "power") == pytest.approx(1251.56)


@pytest.mark.parametrize(("code", "factor"), [(0.95, 0.95), (1.05, 0.95), (-0.95, -0.95), (-1.05, -0.95)])
async def test_schneiders_power_factor_is_unfolded(profiles, mock_unit, code, factor):
    registers = images.schneider_iem3000() | image({3083: words("f", code)})
    reading = await ModbusDevice(profiles["schneider_iem3000"], mock_unit(registers)).async_read()
    assert reading.number("meter", "power_factor") == pytest.approx(factor, abs=1e-6)


# PAC2200 manual, appendix A: floats from 1 to 70, doubles from 801.
SIEMENS_VALUES = [range(at, at + 2) for at in range(1, 71, 2)] + [
    range(at, at + 4) for at in range(801, 817, 4)
]


def test_no_request_cuts_a_siemens_value(profiles):
    """A request that begins or ends inside a value is refused, also when a block had to be split."""
    profile = profiles["siemens_pac2200"]
    link, points = profile.link, profile.roles["meter"].terms.values()
    whole = plan_blocks(points, max_registers=link.max_registers, gap=link.gap)
    pieces = [piece for block in whole for piece in split_block(block, max_registers=link.max_registers)]
    starts, ends = {value.start for value in SIEMENS_VALUES}, {value.stop for value in SIEMENS_VALUES}
    for block in (*whole, *pieces):
        assert block.address in starts, block.name
        assert block.address + block.count in ends, block.name


def test_siemens_frequency_is_not_in_the_middle_of_a_distortion(profiles):
    """A widespread map reads it at 46; the manual has a float from 45 to 46 there."""
    at = profiles["siemens_pac2200"].roles["meter"].readings["frequency"].register.address
    assert at == 55
    assert 46 not in {value.start for value in SIEMENS_VALUES}


async def test_siemens_energy_is_the_sum_of_both_tariffs(profiles, mock_unit):
    reading = await ModbusDevice(
        profiles["siemens_pac2200"], mock_unit(images.siemens_pac2200())
    ).async_read()
    assert reading.number("meter", "import_tariff_1") == 10_000_000.5
    assert reading.number("meter", "import_energy") == 12_345_670.0


@pytest.mark.parametrize(
    ("profile", "most"),
    [
        ("carlo_gavazzi_em24", 11),
        ("carlo_gavazzi_em300", 50),
        ("carlo_gavazzi_em100", 50),
        ("eastron_sdm630", 80),
        ("eastron_sdm230", 80),
        ("eastron_sdm72", 80),
    ],
)
def test_no_request_is_longer_than_the_meter_takes(profiles, profile, most):
    link = profiles[profile].link
    points = profiles[profile].roles["meter"].readings.values()
    blocks = plan_blocks(points, max_registers=link.max_registers, gap=link.gap)
    assert max(block.count for block in blocks) <= most


def test_eastron_meters_get_their_quiet_time(profiles, mock_unit):
    """At 9600 baud they miss a request that follows the last answer too closely."""
    for profile in ("eastron_sdm630", "eastron_sdm230", "eastron_sdm72"):
        assert profiles[profile].link.pause_s >= 0.06
        assert profiles[profile].link.serial.baudrate == 9600


async def test_a_net_power_needs_both_directions(profiles, mock_unit):
    """Export unknown does not mean that nothing flows out."""
    registers = images.kostal_ksem() | image({2: [0xFFFF, 0xFFFF]})
    reading = await ModbusDevice(profiles["kostal_ksem"], mock_unit(registers)).async_read()
    assert reading.number("meter", "power") is None
    assert reading.number("meter", "power_l1") == 200.0


async def test_a_kostal_that_refuses_what_it_does_not_list_is_read_around(profiles, wire):
    line = await wire({71: images.kostal_ksem()})
    meter = ModbusDevice(profiles["kostal_ksem"], line.unit(71))

    first = await meter.async_read()
    line.requests.clear()
    second = await meter.async_read()

    assert first.failed == second.failed == ()
    assert second.number("meter", "power") == 1251.6
    assert second.number("meter", "power_l3") == -548.4
    assert (3, 0, 124) not in line.requests


async def test_an_iem3150_counts_import_only(profiles, wire):
    """It refuses nothing and says so by the smallest number; an older one refuses the counter."""
    line = await wire({1: images.schneider_iem3000()})
    line.exceptions = dict.fromkeys(range(3207, 3211), ExcCodes.ILLEGAL_ADDRESS)
    reading = await ModbusDevice(profiles["schneider_iem3000"], line.unit(1)).async_read()
    assert reading.failed == ()
    assert reading.number("meter", "import_energy") == 12_345_670
    assert reading.number("meter", "export_energy") is None


async def test_a_shelly_as_three_single_meters_is_refused(profiles):
    """Its registers of the three-phase meter are not there then; zeros would be a dark house."""
    unit = MockModbusConnection().for_unit(1)
    unit.input.update(images.shelly_pro3em())
    for address in range(1000, 1080):
        unit.fail_read(address, IllegalDataAddressError(), register_type="input")
    with pytest.raises(DeviceResponseError, match=r"expected a voltage of L1 in volts .* read a refusal"):
        await ModbusDevice(profiles["shelly_pro3em"], unit).async_identify()


@pytest.mark.parametrize("start", [0, 40000, 50000])
async def test_a_sunspec_meter_is_found_over_the_wire_wherever_it_is(profiles, wire, start):
    line = await wire({200: images.sunspec_integer(start)})
    meter = ModbusDevice(profiles["sunspec_meter"], line.unit(200))
    identity, reading = await meter.async_identify(), await meter.async_read()
    assert (identity.manufacturer, identity.serial) == ("Meterworks", "S0042")
    assert reading.number("meter", "power") == 1251.6
    assert reading.failed == ()
