"""One phase or three: what each station is told, when it is told nothing, and what a profile may say about it."""

from modbus_connection import ModbusTimeoutError
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceConnectionError, ProfileError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import parse_profile
from tests.devices import charger_images
from tests.devices.images import alfen_socket, words

SINGLE, MANY = 6, 16


class Clock:
    """Time that passes when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def rig(profiles, mock_unit):
    """Return a maker of stations whose car is still, after a poll of both rhythms; with their unit and clock."""

    async def make(name, *, draws=False, **registers):
        station = charger_images.Station(holding=alfen_socket()) if name == "alfen_eve" else None
        station = station or getattr(charger_images, name)()
        unit, clock = mock_unit(station.holding), Clock()
        unit.input.update(station.input)
        if not draws:
            space, address = POWER_AT[name]
            getattr(unit, space).update({address: 0, address + 1: 0})
        for space, change in registers.items():
            getattr(unit, space).update(change)
        unit.writes = []
        unit.on_write(unit.writes.append)
        device = ModbusDevice(profiles[name], unit, clock=clock, sleep=clock.sleep)
        await device.async_read()
        await device.async_read_settings()
        return device, unit, clock

    return make


def charge(phases, current_a=8):
    return DeviceCommand(role="charger", mode="charge", current_a=current_a, phases=phases)


def off(phases):
    return DeviceCommand(role="charger", mode="off", phases=phases)


def written(unit):
    return [(event.function_code, event.address, list(event.values)) for event in unit.writes]


POWER_AT = {
    "alfen_eve": ("holding", 344),
    "goe_modbus": ("input", 120),
    "keba_p30": ("holding", 1020),
    "keba_p40": ("holding", 1020),
    "mennekes_compact": ("holding", 0x0512),
    "openwb2": ("input", 10100),
    "webasto_unite": ("input", 1020),
}
# profile → the writes that make it charge on one phase, and those that bring it back to three.
TOLD = {
    "alfen_eve": ([(MANY, 1215, [1])], [(MANY, 1215, [3])]),
    "goe_modbus": ([(MANY, 332, [1])], [(MANY, 332, [2])]),
    "keba_p30": ([(SINGLE, 5052, [0])], [(SINGLE, 5052, [1])]),
    "keba_p40": ([(SINGLE, 5052, [0])], [(SINGLE, 5052, [1])]),
    "mennekes_compact": ([(SINGLE, 0x0D04, [1])], [(SINGLE, 0x0D04, [0])]),
    "openwb2": (
        [(SINGLE, 10180, [1]), (SINGLE, 10181, [1])],
        [(SINGLE, 10180, [3]), (SINGLE, 10181, [1])],
    ),
    "webasto_unite": ([(SINGLE, 405, [0])], [(SINGLE, 405, [1])]),
}


def phase_writes(name, unit):
    places = {address for _, address, _ in TOLD[name][0]}
    return [write for write in written(unit) if write[1] in places]


@pytest.mark.parametrize("name", TOLD)
async def test_phases_are_these_writes_before_the_current_that_uses_them(rig, name):
    device, unit, _ = await rig(name)
    assert device.switches_phases("charger")
    for phases, expected in ((1, TOLD[name][0]), (3, TOLD[name][1])):
        unit.writes.clear()
        await device.async_command(charge(phases, 5 + phases))
        assert phase_writes(name, unit) == expected
        alone = [write for write in written(unit) if write not in expected]
        assert alone
        last = max(written(unit).index(write) for write in expected)
        assert last < written(unit).index(next(w for w in alone if w[1] not in {257, 258, 2002}))


@pytest.mark.parametrize("name", TOLD)
async def test_a_number_that_stands_already_is_not_told_again(rig, name):
    """Contactors are counted, and some stations pause for every message."""
    device, unit, clock = await rig(name)
    await device.async_command(charge(1))
    unit.writes.clear()
    await device.async_command(charge(1, 10))
    clock.now += 5
    await device.async_command(charge(1, 10), renew=True)
    assert unit.writes
    assert phase_writes(name, unit) == []


@pytest.mark.parametrize("name", TOLD)
async def test_contactors_move_while_it_is_off_and_after_it_was_told_so(rig, name):
    device, unit, _ = await rig(name)
    await device.async_command(charge(3))
    unit.writes.clear()
    await device.async_command(off(1))
    assert phase_writes(name, unit) == TOLD[name][0]
    assert written(unit)[-len(TOLD[name][0]) :] == TOLD[name][0]


@pytest.mark.parametrize("name", TOLD)
async def test_contactors_do_not_part_under_load_and_a_lower_current_does_not_wait_for_them(rig, name):
    device, unit, clock = await rig(name, draws=True)
    await device.async_command(charge(1, 7))
    assert phase_writes(name, unit) == []
    assert unit.writes
    space, address = POWER_AT[name]
    getattr(unit, space).update({address: 0, address + 1: 0})
    clock.now += 5
    await device.async_read()
    await device.async_command(charge(1, 7))
    assert phase_writes(name, unit) == TOLD[name][0]


@pytest.mark.parametrize("name", TOLD)
async def test_a_command_that_names_no_phases_and_a_release_leave_them_as_they_are(rig, name):
    device, unit, _ = await rig(name)
    await device.async_command(charge(1))
    unit.writes.clear()
    await device.async_command(charge(None, 10))
    await device.async_release(force=True)
    assert phase_writes(name, unit) == []


@pytest.mark.parametrize(
    ("name", "registers"),
    [
        ("keba_p30", {"holding": {1551: 4}}),  # UDP decides
        ("keba_p40", {"holding": {1551: 0}}),  # nobody does
        ("mennekes_compact", {"holding": {0x030C: 1}}),  # built for three phases only
        ("webasto_unite", {"input": {404: 0}}),  # wired with one phase
        ("goe_modbus", {"holding": {332: 9}}),  # says something that nobody knows
    ],
)
async def test_a_station_that_cannot_switch_says_so_and_charges_all_the_same(rig, name, registers):
    device, unit, _ = await rig(name, **registers)
    assert not device.switches_phases("charger")
    await device.async_command(charge(1))
    assert phase_writes(name, unit) == []
    assert unit.writes


async def test_before_its_settings_were_read_nobody_knows_whether_a_station_can_switch(profiles, mock_unit):
    device = ModbusDevice(profiles["keba_p30"], mock_unit(charger_images.keba_p30().holding))
    assert not device.switches_phases("charger")


async def test_a_station_that_was_away_is_told_its_phases_again(rig):
    """It may have started anew, and what was written to it cannot be read."""
    device, unit, _ = await rig("openwb2")
    await device.async_command(charge(1))
    unit.fail_requests(ModbusTimeoutError("gone"))
    with pytest.raises(DeviceConnectionError):
        await device.async_command(charge(1, 10))
    unit.fail_requests(None)
    unit.writes.clear()
    await device.async_command(charge(1, 10))
    assert phase_writes("openwb2", unit) == TOLD["openwb2"][0]


async def test_a_lease_is_renewed_by_the_command_and_not_by_the_phases(rig):
    """An Alfen that is off lives by the setpoint of 0 A being repeated."""
    device, unit, _ = await rig("alfen_eve")
    await device.async_command(off(3))
    unit.writes.clear()
    await device.async_command(off(1))
    assert written(unit) == [(MANY, 1210, words("f", 0.0)), (MANY, 1215, [1])]


HEAD = """\
profile: acme
manufacturer: Acme
models: [EV]
source: Acme
confidence: A
link: {transport: modbus_tcp, port: 502, unit_id: 1}
identity:
  manufacturer: Acme
  expect: [{at: 0, type: u16, equals: 42, means: the number of Acme}]
roles:
  charger:
    readings:
      power:         {at: 1, type: u16, unit: W, positive: consumption}
      phases_in_use: {at: 2, type: u16, values: {0: 1, 1: 3}}
    settings:
      current: {at: 10, type: u16, unit: A, write: [0, 32]}
      relay:   {at: 11, type: enum, write: true, values: {0: open, 1: closed}}
      wired:   {at: 12, type: u16, valid: [1, 3]}
    control:
      current_a: [6, 32]
      commands:
        "off":  {current: 0}
        charge: {current: current_a}
      phases: {1: {relay: open}, 3: {relay: closed}}
      phases_need: {wired: 3}
      safe: "off"
      on_expiry: It stays.
"""


async def test_a_code_may_stand_for_a_number(mock_unit):
    unit = mock_unit({1: 0, 2: 1, 10: 0, 11: 1, 12: 3})
    device = ModbusDevice(parse_profile(HEAD, "acme.yaml"), unit)
    assert (await device.async_read()).number("charger", "phases_in_use") == 3
    await device.async_read_settings()
    await device.async_command(charge(1))
    assert (unit.holding[11], unit.holding[10]) == (0, 8)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("phases: {1: {relay: open}, 3", "phases: {4: {relay: open}, 3", "4 is no number of phases"),
        ("phases: {1: {relay: open}, 3", "phases: {true: {relay: open}, 3", "True is no number of phases"),
        ("{1: {relay: open}, 3: {relay: closed}}", "{1: {relay: open}}", "two numbers or more"),
        ("3: {relay: closed}}", "3: {relay: closed, current: 6}}", "assigns the same settings"),
        ("{1: {relay: open}, 3: {relay: closed}}", "{1: {}, 3: {}}", "assigns the same settings"),
        ("{relay: open}, 3: {relay: closed}", "{current: max}, 3: {current: 6}", "replace the placeholder"),
        ("{relay: open}, 3: {relay: closed}", "{current: 6}, 3: {current: 8}", "so does the command"),
        ("relay: open}", "wired: 1}", "no writable point"),
        ('        "off":  {current: 0}\n', "", "needs the commands `off` and `charge`"),
        ("phases_need: {wired: 3}", "phases_need: {ground: 3}", "no point of this role that can be read"),
        ("phases_need: {wired: 3}", "phases_need: {relay: ajar}", "no value of relay"),
        ("      phases: {1: {relay: open}, 3: {relay: closed}}\n", "", "belongs to `phases`"),
        ("{0: 1, 1: 3}", "{0: 1, 1: three}", "must be a word"),
        ("unit: A, write: [0, 32]", "unit: A, values: {0: 1}", "is a number"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(old, new, error):
    assert old in HEAD
    with pytest.raises(ProfileError, match=error):
        parse_profile(HEAD.replace(old, new, 1), "acme.yaml")


async def test_a_car_may_feed_back_by_a_power_of_the_devices_own_sign(mock_unit):
    """Consumption counts as positive here, so what comes out of the car is negative."""
    text = HEAD.replace("current: {at: 10, type: u16, unit: A, write: [0, 32]}", SETPOINTS)
    text = text.replace("charge: {current: current_a}", "charge: {current: current_a}\n        " + FEEDS)
    unit = mock_unit({10: 0, 11: 1, 12: 3, 13: 0})
    device = ModbusDevice(parse_profile(text, "acme.yaml"), unit)
    assert device.commands_of("charger") == ("off", "charge", "discharge")
    await device.async_command(DeviceCommand(role="charger", mode="discharge", power_w=3000))
    assert unit.holding[13] == 0x10000 - 3000


SETPOINTS = """current: {at: 10, type: u16, unit: A, write: [0, 32]}
      feed:    {at: 13, type: s16, unit: W, positive: consumption, write: [-11000, 0]}"""
FEEDS = "discharge: {feed: -power_w}"

LOAD = """\
  load:
    readings:
      relay: {at: 11, type: enum, write: true, values: {0: "off", 1: "on"}}
    control:
      commands: {"off": {relay: "off"}, "on": {relay: "on"}}
      phases: {1: {relay: "off"}, 3: {relay: "on"}}
      safe: "off"
      on_expiry: It stays.
"""


def test_only_a_charger_has_phases_to_choose():
    text = HEAD.split("  charger:", maxsplit=1)[0] + LOAD.replace("readings:", "readings: {}\n    settings:")
    with pytest.raises(ProfileError, match="belongs to a charger, and this is a load"):
        parse_profile(text, "acme.yaml")
