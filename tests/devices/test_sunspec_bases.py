"""A SunSpec device keeps its models where it likes; a profile names them and they are found."""

from modbus_connection import (
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusTimeoutError,
    ServerDeviceBusyError,
)
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import (
    DeviceConnectionError,
    DeviceResponseError,
    DeviceWriteError,
    ProfileError,
)
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import parse_profile
from custom_components.ems.devices.sunspec import ModelPlace, async_walk
from tests.devices.images import image, text, words

PROFILE = """\
profile: sun
manufacturer: Sun
models: [Any]
source: SunSpec models
confidence: A
link: {transport: modbus_tcp, port: 502, unit_id: 1}
bases:
  common: {sunspec: 1}
  integer: {sunspec: [101, 103]}
  float: {sunspec: 113}
  strings: {sunspec: 160}
  storage: {sunspec: 124}
  second_meter: {sunspec: 203, nth: 2}
identity:
  base: common
  manufacturer: {at: 2, type: string, length: 16}
  model: {at: 18, type: string, length: 16}
  serial: {at: 50, type: string, length: 16}
  expect: [{at: 0, type: u16, equals: 1, means: the common model}]
roles:
  inverter:
    readings:
      ac_power:
        - {base: integer, at: 14, type: s16, unit: W, scale_register: 15, positive: production}
        - {base: float, at: 22, type: f32, unit: W, positive: production}
      dc_power: {base: strings, at: 21, type: u16, unit: W, positive: production}
      energy: {base: strings, at: 42, type: u32, unit: Wh}
  pv:
    readings:
      power: {sum: {inverter.dc_power: 1, inverter.ac_power: 1}, unit: W}
  battery:
    base: storage
    readings:
      soc: {at: 8, type: u16, unit: "%", scale_register: 22}
    settings:
      limit: {at: 12, type: u16, unit: "%", scale_register: 25, write: [0, 100]}
    control:
      commands: {hold: {limit: 0}}
      safe: hold
      on_expiry: It stays.
  meter:
    base: second_meter
    readings:
      power: {at: 18, type: s16, unit: W, scale_register: 22, positive: import}
"""


def model(number, length, **at):
    """Return one model of a chain: its number, its length, and words at offsets given as _18=[…]."""
    registers = dict.fromkeys(range(2, length + 2), 0)
    for name, block in at.items():
        registers |= {int(name[1:]) + n: word for n, word in enumerate(block)}
    return [number, length, *(registers[offset] for offset in range(2, length + 2))]


COMMON = model(1, 66, _2=text("Sun", 16), _18=text("S-5", 16), _50=text("4711", 16))
INTEGER = model(103, 50, _14=words("hh", 352, 1))
FLOAT = model(113, 60, _22=words("f", 3519.5))
STRINGS = model(160, 28, _21=[1200])  # one string; another would begin 20 further on
STORAGE = model(124, 24, _8=[455], _12=[1000], _22=words("h", -1), _25=words("h", -1))
METER = model(203, 105, _18=words("hhhhh", -250, 0, 0, 0, 1))
END = [0xFFFF, 0]


def chain(*models, start=40000):
    return image({start: [0x5375, 0x6E53, *(word for block in models for word in block), *END]})


@pytest.fixture
def profile():
    return parse_profile(PROFILE, "sun.yaml")


@pytest.fixture
def device(profile, mock_unit):
    return lambda registers: ModbusDevice(profile, mock_unit(registers))


@pytest.mark.parametrize("start", [40000, 50000, 0])
async def test_models_are_found_wherever_the_chain_begins(device, start):
    sun = device(chain(COMMON, INTEGER, STORAGE, start=start))
    identity, reading = await sun.async_identify(), await sun.async_read()
    assert (identity.manufacturer, identity.model, identity.serial) == ("Sun", "S-5", "4711")
    assert identity.roles == ("inverter", "battery")
    assert reading.number("inverter", "ac_power") == 3520
    assert reading.number("battery", "soc") == 45.5


async def test_a_model_in_between_moves_what_is_behind_it(device):
    """SolarEdge with several strings does so, and a fixed address then reads the wrong model."""
    reading = await device(chain(COMMON, STRINGS, model(64001, 7), INTEGER, STORAGE)).async_read()
    assert reading.number("inverter", "ac_power") == 3520
    assert reading.number("battery", "soc") == 45.5


async def test_the_layout_that_is_there_is_read(device):
    reading = await device(chain(COMMON, FLOAT)).async_read()
    assert reading.number("inverter", "ac_power") == 3519.5


async def test_the_second_of_its_kind_can_be_meant(device):
    other = model(203, 105, _18=words("hhhhh", 99, 0, 0, 0, 0))
    assert (await device(chain(COMMON, INTEGER, other)).async_identify()).roles == ("inverter",)
    reading = await device(chain(COMMON, INTEGER, other, METER)).async_read()
    assert reading.number("meter", "power") == -2500


async def test_a_model_that_is_wired_later_is_found_later(device, mock_unit, profile):
    unit = mock_unit(chain(COMMON, INTEGER))
    sun = ModbusDevice(profile, unit)
    assert (await sun.async_identify()).roles == ("inverter",)
    unit.holding.update(chain(COMMON, INTEGER, STORAGE))

    await sun.async_read_settings()

    assert (await sun.async_read()).number("battery", "soc") == 45.5


async def test_a_point_behind_the_end_of_its_model_is_not_there(device):
    """What lies behind belongs to the next model: its number would be taken for an energy."""
    reading = await device(chain(COMMON, STRINGS, INTEGER)).async_read()
    assert reading.number("inverter", "dc_power") == 1200
    assert "energy" not in reading.roles["inverter"]


async def test_a_sum_without_a_model_of_its_terms_is_unknown(device):
    """The strings are not told, so what the modules produce is not known: leaving them out would halve it."""
    assert (await device(chain(COMMON, INTEGER)).async_identify()).roles == ("inverter",)
    reading = await device(chain(COMMON, INTEGER, STRINGS)).async_read()
    assert reading.number("pv", "power") == 4720


async def test_a_setting_is_written_at_its_place(device, mock_unit, profile):
    unit = mock_unit(chain(COMMON, STRINGS, STORAGE))
    write = await ModbusDevice(profile, unit).async_write_point("battery", "limit", 20)
    assert (write.address, write.read_back) == (40002 + 68 + 30 + 12, 20)
    assert unit.holding[write.address] == 200


async def test_a_role_whose_model_is_missing_cannot_be_commanded(device):
    with pytest.raises(DeviceWriteError, match="no battery can be commanded"):
        await device(chain(COMMON, INTEGER)).async_command(DeviceCommand(role="battery", mode="hold"))


async def test_a_device_without_the_marker_is_another_device(device):
    with pytest.raises(DeviceResponseError, match="none of 40000, 50000, 0"):
        await device(image({40000: [1, 2]})).async_identify()


async def test_a_device_without_any_of_the_models_is_another_device(device):
    with pytest.raises(DeviceResponseError, match="it has no inverter, pv, battery, meter"):
        await device(chain(COMMON, model(7, 3))).async_identify()


async def test_a_device_without_the_model_that_proves_it_is_another_device(device):
    with pytest.raises(
        DeviceResponseError, match=r"expected the common model, .* none of the SunSpec models 1"
    ):
        await device(chain(INTEGER)).async_identify()


async def test_the_chain_is_walked_once_and_again_for_an_identity(device, mock_unit, profile):
    unit = mock_unit(chain(COMMON, INTEGER))
    sun = ModbusDevice(profile, unit)
    await sun.async_read()
    unit.read_events.clear()
    await sun.async_read()
    assert len(unit.read_events) == 1
    unit.holding.update(chain(COMMON, FLOAT))  # somebody chose floats in the device's settings
    await sun.async_identify()
    assert (await sun.async_read()).number("inverter", "ac_power") == 3519.5


async def test_silence_at_one_start_does_not_hide_the_chain_at_another(mock_unit, profile):
    unit = mock_unit(chain(COMMON, INTEGER, start=50000))
    unit.fail_read(40000, ModbusTimeoutError("slow"))
    assert [m.number for m in await async_walk(unit, profile.bases)] == [1, 103]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (ModbusTimeoutError("slow"), DeviceConnectionError),
        (ModbusConnectionError("down"), DeviceConnectionError),
    ],
)
async def test_silence_everywhere_is_no_answer_to_what_is_there(mock_unit, profile, error, raised):
    unit = mock_unit({})
    unit.fail_requests(error)
    with pytest.raises(raised):
        await async_walk(unit, profile.bases)


async def test_a_chain_without_an_end_ends_where_the_device_says_so(mock_unit, profile):
    unit = mock_unit(chain(COMMON))
    unit.fail_read(40070, IllegalDataAddressError())
    assert await async_walk(unit, profile.bases) == (ModelPlace(number=1, address=40002, length=68),)


async def test_a_device_that_is_busy_in_between_has_not_told_everything(mock_unit, profile):
    """Taken for the end, its battery would be gone until somebody looks again."""
    unit = mock_unit(chain(COMMON, INTEGER))
    unit.fail_read(40070, ServerDeviceBusyError())
    with pytest.raises(DeviceResponseError):
        await async_walk(unit, profile.bases)


async def test_a_chain_of_garbage_comes_to_an_end(mock_unit, profile):
    unit = mock_unit(image({0: [0x5375, 0x6E53, *[7, 0] * 5000]}))
    assert len(await async_walk(unit, profile.bases)) == 100


WRONG = [
    ("sunspec: 124", "sunspec: 0", "bases.storage.sunspec", "from 1 to 65534"),
    ("sunspec: 124", "sunspec: []", "bases.storage.sunspec", "at least one number"),
    ("sunspec: 124", "sunspek: 124", "bases.storage", "needs `sunspec`"),
    ("nth: 2", "nth: 0", "bases.second_meter.nth", "from 1 to 99"),
    ("base: storage", "base: storrage", "roles.battery.base", "must be one of common, integer"),
    ("{base: float,", "{", "ac_power[1]", "needs a `base` of its own"),
    ("{base: float,", "{base: integer,", "ac_power[1]", "needs a `base` of its own"),
    ("  base: common\n", "  base: common\n  unit_id: 2\n", "identity.base", "remove one"),
]


@pytest.mark.parametrize(("old", "new", "path", "says"), WRONG)
def test_a_mistake_with_bases_is_named_with_its_remedy(old, new, path, says):
    assert PROFILE.count(old) == 1
    with pytest.raises(ProfileError) as caught:
        parse_profile(PROFILE.replace(old, new), "sun.yaml")
    assert path in str(caught.value)
    assert says in str(caught.value)


def test_a_single_alternative_is_no_list():
    line = "        - {base: float, at: 22, type: f32, unit: W, positive: production}\n"
    with pytest.raises(ProfileError, match="needs two lines or more"):
        parse_profile(PROFILE.replace(line, ""), "sun.yaml")


def test_a_base_needs_bases():
    head, _, rest = PROFILE.partition("bases:\n")
    text_without = head + "identity:\n" + rest.partition("identity:\n")[2]
    with pytest.raises(ProfileError, match="this profile has no `bases`"):
        parse_profile(text_without, "sun.yaml")
