"""What a profile can say about stations: coils, shared registers, pauses between writes, and what it leaves behind."""

import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import ProfileError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import parse_profile

ACME = """\
profile: acme
manufacturer: Acme
models: [Box]
source: Acme
confidence: A
link: {transport: modbus_tcp, port: 502, unit_id: 1, write_pause_s: 2}
identity:
  manufacturer: Acme
  expect: [{at: 3, type: u16, bits: [4, 7], equals: 5, means: the number of Acme}]
roles:
  charger:
    readings:
      state:   {at: 0, type: u32, bits: [8, 14], values: {0: available, 4: charging}}
      phases:  {at: 2, type: u16, bits: [0, 1], valid: [0, 3]}
      power:   {at: 4, type: s16, unit: W, positive: consumption}
    settings:
      session: {at: 5, type: u32, unit: Ws}
      amps:    {at: 20, type: u16, unit: A, scale: 0.1, write: [0, 32]}
      fine:    {at: 22, type: f32, unit: A, write: [0, 32]}
      enable:  {at: 7, type: enum, function: coil, write: true, values: {0: "off", 1: "on"}}
    control:
      current_a: [6, 32]
      commands:
        "off":  {enable: "off"}
        charge: {amps: current_a, fine: current_a, enable: "on"}
      safe: {amps: 8, fine: 8, enable: "on"}
      on_expiry: It stays.
"""


class Clock:
    """Time that passes when told to."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def box(mock_unit, clock):
    unit = mock_unit({0: 0xFFFF, 1: 0x84FF, 2: 0xFFFE, 3: 0x125A, 4: 230, 5: 1, 6: 0x1940})
    return ModbusDevice(parse_profile(ACME, "acme.yaml"), unit, clock=clock, sleep=clock.sleep), unit


def charger(mode, current_a=None):
    return DeviceCommand(role="charger", mode=mode, current_a=current_a)


async def test_bits_are_taken_from_the_middle_of_a_number(box):
    device, _ = box
    await device.async_identify()
    reading = await device.async_read()
    assert (reading.get("charger", "state"), reading.get("charger", "phases")) == ("charging", 2)


async def test_watt_seconds_become_watt_hours(box):
    device, _ = box
    reading = await device.async_read_settings()
    assert reading.get("charger", "session") == 20  # 72 000 Ws


async def test_a_coil_is_switched_and_read_back(box):
    device, unit = box
    assert (await device.async_read_settings()).get("charger", "enable") == "off"
    await device.async_command(charger("charge", 10))
    assert unit.coil[7] is True
    assert (await device.async_read_settings()).get("charger", "enable") == "on"
    proof = await device.async_command(charger("off"))
    assert [(w.point, w.before, w.written, w.read_back) for w in proof] == [("enable", 1, 0, 0)]


async def test_too_little_current_is_the_off_command(box):
    """The coil opens; the current register keeps what it had, as many take no 0 A."""
    device, unit = box
    await device.async_command(charger("charge", 10))
    await device.async_command(charger("charge", 5.9))
    assert (unit.coil[7], unit.holding[20]) == (False, 100)


async def test_a_current_is_rounded_down_to_what_a_register_holds(box):
    device, unit = box
    proof = await device.async_command(charger("charge", 7.59))
    assert unit.holding[20] == 75
    assert {w.point: w.written for w in proof} == {"amps": 7.5, "fine": 7.59, "enable": 1}


async def test_a_tenth_that_fits_is_not_lost_to_binary_dust(box):
    device, unit = box
    for tenths in range(60, 321):
        await device.async_command(charger("charge", tenths / 10))
        assert unit.holding[20] == tenths


async def test_what_is_left_behind_is_what_the_profile_names(box):
    device, unit = box
    await device.async_command(charger("off"))
    await device.async_release()
    assert (unit.coil[7], unit.holding[20]) == (True, 80)
    assert await device.async_release() == []


async def test_writes_keep_their_distance(box, clock):
    device, _ = box
    await device.async_command(charger("charge", 10))
    assert clock.slept == [2, 2]
    clock.now += 0.5
    await device.async_command(charger("off"))
    assert clock.slept == [2, 2, 1.5]


async def test_a_clock_set_back_does_not_make_a_write_wait(box, clock):
    device, _ = box
    await device.async_command(charger("charge", 10))
    clock.slept.clear()
    clock.now -= 3600
    await device.async_release()
    assert clock.slept == [2, 2]  # between its three writes, and none before the first


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("safe: {amps: 8,", "safe: {amps: current_a,", "needs settings with values of their own"),
        ('safe: {amps: 8, fine: 8, enable: "on"}', "safe: {}", "needs settings with values of their own"),
        ("safe: {amps: 8,", "safe: {amps: 33,", "33 is outside amps's bounds [0, 32]"),
        ("safe: {amps: 8,", "safe: {power: 8,", "power is no writable point"),
        ("type: enum, function: coil", "type: u16, function: coil", "a coil is on or off"),
        ("bits: [8, 14]", "bits: [14, 8]", "needs [lowest, highest]"),
        ("bits: [8, 14]", "bits: [8]", "needs [lowest, highest]"),
        ("bits: [8, 14]", "bits: [8, 32]", "from 0 to 31, not 32"),
        ("type: s16, unit: W", "type: s16, bits: [0, 3], unit: W", "belongs to unsigned numbers"),
        ("scale: 0.1, write", "bits: [0, 7], scale: 0.1, write", "cannot be written"),
        ("write_pause_s: 2", "write_pause_s: -2", "must not be negative"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(old, new, says):
    assert ACME.count(old) == 1, "the table has to change exactly one place"
    with pytest.raises(ProfileError, match=r"acme\.yaml:\d+: ") as caught:
        parse_profile(ACME.replace(old, new), "acme.yaml")
    assert says in str(caught.value)
