"""Values that only make sense together, and makers who write "not available" for nothing."""

import pytest

from custom_components.ems.devices.errors import ProfileError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import parse_profile
from custom_components.ems.devices.reading import Quality

SMA_LIKE = """\
profile: acme
manufacturer: Acme
models: [HX]
source: Acme
confidence: A
link: {transport: modbus_tcp, port: 502, unit_id: 1}
identity:
  manufacturer: Acme
  expect: [{at: 0, type: u16, equals: 42, means: the number of Acme}]
roles:
  meter:
    parts:
      imported: {at: 10, type: u16, unit: kW, scale: 0.1}
      exported: {at: 11, type: u16, unit: kW, scale: 0.1}
    readings:
      power: {sum: {imported: 1, exported: -1}, unit: W}
  pv:
    parts:
      string_a: {at: 20, type: s32, unit: W}
      string_b: {at: 22, type: s32, unit: W, when_absent: 0}
    readings:
      power: {sum: {string_a: 1, string_b: 1}, unit: W}
"""


@pytest.fixture
def device(mock_unit):
    """A device that exports 1.5 kW, one of whose strings is not connected."""
    unit = mock_unit({10: 0, 11: 15, 20: 0, 21: 2000, 22: 0x8000, 23: 0})
    return ModbusDevice(parse_profile(SMA_LIKE, "acme.yaml"), unit), unit


async def test_two_directions_in_two_registers_are_one_signed_power(device):
    reading = await device[0].async_read()
    assert reading.number("meter", "power") == -1500.0


async def test_a_string_that_is_not_there_gives_nothing_where_the_maker_says_so(device):
    reading = await device[0].async_read()
    assert reading.number("pv", "power") == 2000.0


async def test_a_string_that_should_be_there_and_is_not_makes_the_sum_unknown(device):
    modbus, unit = device
    unit.holding[20] = 0x8000
    unit.holding[21] = 0
    reading = await modbus.async_read()
    assert reading.roles["pv"]["power"].quality is Quality.MISSING


async def test_only_the_parts_of_roles_in_use_are_read(device):
    modbus, unit = device
    await ModbusDevice(modbus.profile, unit, roles={"pv"}).async_read()
    assert [(event.address, event.count) for event in unit.read_events] == [(20, 4)]


def test_parts_are_nobodys_readings(device):
    assert "imported" not in device[0].profile.roles["meter"].capabilities


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "      imported: {at: 10",
            "      power: {positive: import, at: 10",
            "is a reading as well; keep it in one of the two",
        ),
        ("{imported: 1,", "{importet: 1,", "adds meter.importet, which meter.readings does not have"),
        ("{imported: 1,", "{nowhere.power: 1,", "is no known point"),
        ("type: s32, unit: W, when_absent: 0", "type: u16, when_absent: 0", "has a value to stand in"),
    ],
)
def test_a_contradiction_is_named(old, new, says):
    assert SMA_LIKE.count(old) == 1, "the table has to change exactly one place"
    with pytest.raises(ProfileError, match=r"acme\.yaml:\d+: ") as caught:
        parse_profile(SMA_LIKE.replace(old, new), "acme.yaml")
    assert says in str(caught.value)


@pytest.mark.parametrize("values", ["{0: little, 1: middle}", "{0: true, 1: false}"])
def test_a_word_order_is_big_or_little(values):
    told = f"defaults: {{word_order_at: {{at: 5, type: u16, values: {values}}}}}\nidentity:"
    with pytest.raises(ProfileError, match="maps codes to big and little"):
        parse_profile(SMA_LIKE.replace("identity:", told), "acme.yaml")
