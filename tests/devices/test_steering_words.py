"""What a profile can say about steering: percentages, amperes, signs, groups, registers that wear or stay silent."""

import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceWriteError, ProfileError
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import parse_profile

HEAD = """\
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
  battery:
    readings:
      power:   {at: 1, type: s16, unit: W, positive: charging}
    settings:
      rated:   {at: 10, type: u16, unit: kW, scale: 0.1}
      volts:   {at: 11, type: u16, unit: V, scale: 0.1}
"""


class Clock:
    """Time that passes when told to."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def make(mock_unit):
    """Return a maker of devices behind settings and control typed in a test, and of their units."""

    def build(lines, holding=None, clock=None):
        unit = mock_unit({10: 50, 11: 500, **(holding or {})})
        unit.writes = []
        unit.on_write(unit.writes.append)
        return ModbusDevice(parse_profile(HEAD + lines, "acme.yaml"), unit, clock=clock or Clock()), unit

    return build


def battery(mode, power_w=None):
    return DeviceCommand(role="battery", mode=mode, power_w=power_w)


PERCENT = """\
      rate:    {at: 20, type: s16, unit: "%", scale: 0.01, write: [-100, 100], percent_of: rated}
    control:
      commands:
        automatic: {rate: 100}
        charge:    {rate: -power_w}
        discharge: {rate: power_w}
      safe: automatic
      on_expiry: It stays.
"""


@pytest.mark.parametrize(
    ("command", "raw"),
    [
        (battery("automatic"), 10_000),
        (battery("discharge", 2500), 5_000),  # half of 5 kW
        (battery("charge", 2500), 0x10000 - 5_000),  # a charge is a negative discharge
        (battery("charge", 9000), 0x10000 - 10_000),  # more than it can: all it can
        (battery("charge", 0), 0),
    ],
)
async def test_a_power_becomes_a_percentage_of_a_rating(make, command, raw):
    device, unit = make(PERCENT, {20: 7})
    await device.async_command(command)
    assert unit.holding[20] == raw


async def test_without_a_rating_no_percentage_is_guessed(make):
    device, unit = make(PERCENT, {10: 0})
    with pytest.raises(DeviceWriteError, match="needs rated to carry out a power"):
        await device.async_command(battery("charge", 2500))
    assert unit.writes == []


async def test_the_safe_command_needs_no_rating(make):
    device, unit = make(PERCENT, {10: 0})
    assert len(await device.async_release(force=True)) == 1
    assert unit.holding[20] == 10_000


AT_THE_GRID = """\
      setpoint: {at: 20, type: s16, unit: W, positive: discharging, write: [-9000, 9000], plus: {power: 1}}
    control:
      commands:
        automatic: {setpoint: 50}
        charge:    {setpoint: power_w}
      safe: automatic
      on_expiry: It stays.
"""


async def test_a_setpoint_elsewhere_counts_in_what_flows_now(make):
    """The battery charges with 300 W, and a charge of 2000 W is to move the setpoint by the difference."""
    clock = Clock()
    device, unit = make(AT_THE_GRID, {1: 300}, clock)
    with pytest.raises(
        DeviceWriteError, match=r"needs battery\.power to carry out a power, and that is unknown"
    ):
        await device.async_command(battery("charge", 2000))
    await device.async_read()
    await device.async_command(battery("charge", 2000))
    assert unit.holding[20] == 1700

    clock.now += 31
    with pytest.raises(DeviceWriteError, match="that is unknown"):
        await device.async_command(battery("charge", 2500))
    await device.async_command(battery("automatic"))
    assert unit.holding[20] == 50


AMPS = """\
      amps:    {at: 20, type: u16, unit: A, write: [0, 100], amps_at: volts, step: 10}
    control:
      commands:
        automatic: {amps: max}
        charge:    {amps: power_w}
      safe: automatic
      on_expiry: It stays.
"""


@pytest.mark.parametrize(("power_w", "amps"), [(2000, 40), (2200, 40), (2300, 50), (100, 0), (9000, 100)])
async def test_a_power_becomes_coarse_amperes_at_the_voltage_of_the_battery(make, power_w, amps):
    device, unit = make(AMPS, {20: 7})
    await device.async_command(battery("charge", power_w))
    assert unit.holding[20] == amps


SIGNED = """\
      setpoint: {at: 20, type: s32, unit: W, positive: charging, write: [-9000, 9000], limit: rated}
    control:
      commands:
        automatic: {setpoint: 0}
        charge:    {setpoint: -power_w}
      safe: automatic
      on_expiry: It stays.
"""


async def test_a_setpoint_has_our_sign_and_the_limit_holds_both_ways(make):
    """Charging is negative for us; this device counts it as positive, and can 5 kW."""
    device, unit = make(SIGNED)
    writes = await device.async_command(battery("charge", 8000))
    assert [unit.holding[20], unit.holding[21]] == [0, 5000]
    assert writes[0].written == writes[0].read_back == -5000.0
    with pytest.raises(DeviceWriteError, match=r"outside \[-5000, 5000\]"):
        await device.async_write_point("battery", "setpoint", -5001)


SILENT = """\
      mode:    {at: 20, type: u32, write: true, read_back: false, values: {802: active, 803: inactive}}
      level:   {at: 22, type: s32, unit: W, positive: discharging, write: [-9000, 9000], read_back: false}
    control:
      commands:
        automatic: {mode: inactive}
        charge:    {level: -power_w, mode: active}
      safe: automatic
      lease_s: 60
      renew_s: 25
      on_expiry: It returns.
"""


async def test_a_register_that_can_only_be_written_is_not_read(make):
    device, unit = make(SILENT)
    for address in (20, 22):
        unit.fail_read(address, AssertionError("nobody may read this"))
    writes = await device.async_command(battery("charge", 2000))
    await device.async_read_settings()
    assert [(w.point, w.before, w.written, w.read_back) for w in writes] == [
        ("level", None, -2000.0, None),
        ("mode", None, 802.0, None),
    ]
    assert [unit.holding[n] for n in (20, 21, 22, 23)] == [0, 802, 0xFFFF, 0x10000 - 2000]


TRIPLE = """\
      begin:   {at: 20, type: u16, write: [0, 5947]}
      end:     {at: 21, type: u16, write: [0, 5947]}
      enable:  {at: 22, type: enum, write: true, values: {0: "off", 1: "on"}}
    control:
      together: [[begin, end, enable]]
      commands:
        automatic: {begin: 0, end: 5947, enable: "off"}
        hold:      {enable: "on", begin: 0, end: 5947}
      safe: automatic
      on_expiry: It stays.
      wears: [begin, end, enable]
      wear_writes_per_day: 2
"""


async def test_a_group_goes_out_in_one_request_even_where_one_of_it_differs(make):
    device, unit = make(TRIPLE, {21: 5947})
    await device.async_command(battery("hold"))
    assert [(event.address, event.values) for event in unit.writes] == [(20, [0, 5947, 1])]


async def test_what_wears_is_not_written_where_it_holds_the_value(make):
    device, unit = make(TRIPLE, {21: 5947})
    assert await device.async_command(battery("automatic"), renew=True) == []
    assert await device.async_release() == []
    assert unit.writes == []


async def test_what_wears_rests_when_its_day_is_spent_and_is_released_all_the_same(make):
    clock = Clock()
    device, unit = make(TRIPLE, {21: 5947}, clock)
    await device.async_command(battery("hold"))
    await device.async_command(battery("automatic"))
    with pytest.raises(DeviceWriteError, match="wears out and was written 2 times in 24 hours"):
        await device.async_command(battery("hold"))
    assert unit.holding[22] == 0

    clock.now += 86_401
    await device.async_command(battery("hold"))
    await device.async_command(battery("automatic"))
    unit.holding[22] = 1  # somebody else
    assert len(await device.async_release()) == 3
    assert unit.holding[22] == 0


@pytest.mark.parametrize(
    ("lines", "old", "new", "says"),
    [
        (PERCENT, "percent_of: rated", "percent_of: volts", "no point of this role in W"),
        (PERCENT, ", percent_of: rated", "", "is in W and rate in %"),
        (
            PERCENT,
            "      safe",
            "      keeps: [charge]\n      safe",
            "without `lease_s` every command is kept",
        ),
        (PERCENT, "      safe", "      wear_writes_per_day: 9\n      safe", "belongs to commands that write"),
        (PERCENT, "      safe", "      wears: [rate]\n      safe", "say `wear_writes_per_day`"),
        (AMPS, "amps_at: volts", "amps_at: rated", "no point of this role in V"),
        (AT_THE_GRID, "plus: {power: 1}", "plus: {battery.soc: 1}", "is no reading in W"),
        (AMPS, "step: 10", "step: 0", "must be above 0"),
        (SILENT, "write: [-9000, 9000]", "scale_register: 9, write: [-9000, 9000]", "has to be read before"),
        (SILENT, "write: true, read_back", "read_back", "belongs to writable points"),
        (TRIPLE, "[[begin, end, enable]]", "[[begin, enable, end]]", "are no neighbours"),
        (TRIPLE, '{begin: 0, end: 5947, enable: "off"}', '{enable: "off"}', "assign all or none"),
    ],
)
def test_a_contradiction_is_named(lines, old, new, says):
    assert lines.count(old) == 1, "the table has to change exactly one place"
    with pytest.raises(ProfileError, match=r"acme\.yaml:\d+: ") as caught:
        parse_profile(HEAD + lines.replace(old, new), "acme.yaml")
    assert says in str(caught.value)


async def test_modes_that_are_kept_are_known(make):
    control = SILENT.replace("      on_expiry", "      keeps: [automatic]\n      on_expiry")
    device, _ = make(control)
    assert device.profile.roles["battery"].control.keeps == {"automatic"}
