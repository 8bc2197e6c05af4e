"""Commands, leases and the safe state, on an in-memory unit."""

from modbus_connection import IllegalDataValueError, ModbusTimeoutError
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceConnectionError, DeviceWriteError
from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices.images import alfen_socket, solaredge, swapped, words


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
def inverter(profiles, mock_unit, clock):
    unit = mock_unit(solaredge())
    unit.writes = []
    unit.on_write(unit.writes.append)
    device = ModbusDevice(profiles["solaredge_storedge"], unit, clock=clock, sleep=clock.sleep)
    return device, unit


@pytest.fixture
def charger(profiles, mock_unit, clock):
    unit = mock_unit(alfen_socket())
    unit.writes = []
    unit.on_write(unit.writes.append)
    device = ModbusDevice(profiles["alfen_eve"], unit, clock=clock, sleep=clock.sleep)
    return device, unit


def battery(mode, power_w=None):
    return DeviceCommand(role="battery", mode=mode, power_w=power_w)


def charging(mode, current_a=None):
    return DeviceCommand(role="charger", mode=mode, current_a=current_a)


def addresses(unit):
    return [event.address for event in unit.writes]


async def test_nothing_is_written_before_somebody_commands(inverter):
    """An advisory home is read and left alone, on unload too."""
    device, unit = inverter
    await device.async_identify()
    await device.async_read()
    await device.async_read_settings()
    assert await device.async_release() == []
    assert unit.writes == []


async def test_the_first_command_prepares_the_fall_back(inverter):
    """60 s instead of SolarEdge's hour: a battery must not stay locked after its controller died."""
    device, unit = inverter
    await device.async_command(battery("hold"))
    assert addresses(unit) == [0xE00A, 0xE00B, 0xE00E, 0xE010, 0xE00D]  # 0xE004 says remote already
    assert unit.holding[0xE00A] == 7
    assert [unit.holding[0xE00B], unit.holding[0xE00C]] == [60, 0]


async def test_preparing_writes_persistent_registers_once(inverter):
    device, unit = inverter
    assert [write.point for write in await device.async_prepare()] == ["default_mode", "command_timeout"]
    assert await device.async_prepare() == []
    await device.async_command(battery("hold"))
    await device.async_command(battery("hold"), renew=True)
    assert addresses(unit).count(0xE00B) == 1


@pytest.mark.parametrize(
    ("command", "mode", "charge_w", "discharge_w"),
    [
        (battery("automatic"), 7, 5000.0, 5000.0),
        (battery("hold"), 7, 5000.0, 0.0),  # not mode 1, which charges clipped power alone
        (battery("charge", 2000), 3, 2000.0, 5000.0),
        (battery("charge", 99_000), 3, 5000.0, 5000.0),  # more than the battery can: what it can
        (battery("discharge", 2000), 4, 1234.0, 2000.0),
        (battery("discharge", 0), 4, 1234.0, 0.0),
    ],
)
async def test_every_mode_means_these_registers(inverter, command, mode, charge_w, discharge_w):
    device, unit = inverter
    for address, value in ((0xE00E, 1234.0), (0xE010, 1234.0)):
        unit.holding.update({address + n: word for n, word in enumerate(swapped("f", value))})
    await device.async_command(command)
    assert unit.holding[0xE00D] == mode
    assert [unit.holding[0xE00E], unit.holding[0xE00F]] == swapped("f", charge_w)
    assert [unit.holding[0xE010], unit.holding[0xE011]] == swapped("f", discharge_w)


async def test_limits_go_out_before_the_mode_that_makes_them_count(inverter):
    """The other way round a "discharge" would run at the old limit for a moment."""
    device, unit = inverter
    await device.async_command(battery("discharge", 700))
    assert addresses(unit)[-2:] == [0xE010, 0xE00D]


async def test_the_same_command_again_writes_nothing(inverter, clock):
    device, unit = inverter
    await device.async_command(battery("charge", 2000))
    unit.writes.clear()
    clock.now += 10
    assert await device.async_command(battery("charge", 2000)) == []
    assert unit.writes == []


async def test_a_changed_power_renews_the_lease_with_it(inverter):
    device, unit = inverter
    await device.async_command(battery("charge", 2000))
    unit.writes.clear()
    await device.async_command(battery("charge", 2500))
    assert addresses(unit) == [0xE00E, 0xE00D]


async def test_renewing_repeats_the_command(inverter, clock):
    device, unit = inverter
    await device.async_command(battery("charge", 2000))
    unit.writes.clear()
    clock.now += 25
    writes = await device.async_command(battery("charge", 2000), renew=True)
    assert addresses(unit) == [0xE00E, 0xE010, 0xE00D]
    assert [(write.before, write.read_back) for write in writes] == [
        (2000.0, 2000.0),
        (5000.0, 5000.0),
        (3.0, 3.0),
    ]


async def test_a_command_whose_lease_ran_out_is_written_although_the_registers_show_it(inverter, clock):
    """After the time-out the inverter follows its default mode; its command register still says "charge"."""
    device, unit = inverter
    await device.async_command(battery("charge", 2000))
    unit.writes.clear()
    clock.now += 61
    assert len(await device.async_command(battery("charge", 2000))) == 3


async def test_release_gives_the_battery_back(inverter):
    device, _ = inverter
    await device.async_command(battery("discharge", 700))
    writes = await device.async_release()
    assert {write.point: write.read_back for write in writes} == {
        "charge_limit": 5000.0,
        "discharge_limit": 5000.0,
        "command_mode": 7.0,
    }
    assert await device.async_release() == []


async def test_releasing_one_role_leaves_the_others_commanded(inverter):
    """Battery and PV of a hybrid are two subentries; removing one must not stop the other."""
    device, _ = inverter
    await device.async_command(battery("charge", 700))
    assert await device.async_release(roles=("pv",)) == []
    assert len(await device.async_release(roles=("battery",))) == 3


async def test_release_by_force_after_an_unclean_stop(inverter):
    """A new process does not know what the one before commanded."""
    device, unit = inverter
    unit.holding[0xE00D] = 3
    await device.async_release(force=True)
    assert unit.holding[0xE00D] == 7


async def test_a_release_that_fails_is_tried_again(inverter):
    device, unit = inverter
    await device.async_command(battery("charge", 700))
    unit.fail_write(0xE00D, ModbusTimeoutError("gone"))
    with pytest.raises(DeviceConnectionError):
        await device.async_release()
    unit.fail_write(0xE00D, None)
    assert len(await device.async_release()) == 3


async def test_a_preparation_that_failed_half_way_is_released_too(inverter):
    """Remote control is on already: from then on the inverter waits for commands."""
    device, unit = inverter
    unit.fail_write(0xE00A, ModbusTimeoutError("gone"))
    with pytest.raises(DeviceConnectionError):
        await device.async_command(battery("charge", 700))
    unit.fail_write(0xE00A, None)
    assert len(await device.async_release()) == 3


async def test_a_battery_that_came_back_is_prepared_again(inverter):
    device, unit = inverter
    await device.async_command(battery("charge", 700))
    unit.fail_requests(ModbusTimeoutError("gone"))
    with pytest.raises(DeviceConnectionError):
        await device.async_command(battery("charge", 800))
    unit.fail_requests(None)
    unit.holding[0xE00A] = 0  # it forgot
    await device.async_command(battery("charge", 800))
    assert unit.holding[0xE00A] == 7


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (battery("charge"), "needs power_w"),
        (battery("charge", -5), "needs power_w"),
        (battery("charge", float("nan")), "needs power_w"),
        (battery("limit", 5), "knows automatic, hold, charge, discharge"),
        (DeviceCommand(role="pv", mode="limit", power_w=1), "no pv can be commanded"),
        (DeviceCommand(role="heat_pump", mode="off"), "no heat_pump can be commanded"),
    ],
)
async def test_commands_nobody_can_carry_out_are_refused_before_anything_is_written(
    inverter, command, message
):
    device, unit = inverter
    with pytest.raises(DeviceWriteError, match=message):
        await device.async_command(command)
    assert unit.writes == []


async def test_the_devices_own_limit_binds_even_before_the_first_poll(inverter):
    device, _ = inverter
    writes = await device.async_command(battery("charge", 50_000))
    assert next(w.written for w in writes if w.point == "charge_limit") == 5000.0


@pytest.mark.parametrize(
    ("current_a", "written_a"),
    [
        (6, 6.0),
        (16, 16.0),
        (40, 32.0),  # more than any socket: the socket's maximum
        (5.9, 0.0),  # less than IEC 61851 knows: a pause, never more than was asked for
        (0, 0.0),
    ],
)
async def test_a_charging_current_is_bounded_towards_less(charger, current_a, written_a):
    device, unit = charger
    await device.async_command(charging("charge", current_a))
    assert [unit.holding[1210], unit.holding[1211]] == words("f", written_a)


async def test_off_is_no_current(charger):
    device, _ = charger
    writes = await device.async_command(charging("off"))
    assert [(w.point, w.address, w.unit, w.before, w.written, w.read_back) for w in writes] == [
        ("current_setpoint", 1210, "A", 10.0, 0.0, 0.0)
    ]


async def test_a_setpoint_that_is_not_accounted_for_at_first_is_waited_for(charger, clock):
    device, unit = charger
    unit.holding[1214] = lambda: int(len(clock.slept) >= 2)
    assert len(await device.async_command(charging("charge", 16))) == 1
    assert clock.slept == [0.25, 0.25]


async def test_a_setpoint_that_is_never_accounted_for_is_an_error_that_says_what_to_do(charger, clock):
    """Without licence or with another data source the station takes every value and follows none."""
    device, unit = charger
    unit.holding[1214] = 0
    with pytest.raises(DeviceWriteError, match=r"does not act on it .* Check in its settings"):
        await device.async_command(charging("charge", 16))
    assert sum(clock.slept) == 2.0
    with pytest.raises(DeviceWriteError):  # it is tried again although the register holds the value now
        await device.async_command(charging("charge", 16))


async def test_releasing_an_alfen_lets_its_lease_lapse(charger):
    """Whatever is written now would lapse as well, into the safe current its installer chose."""
    device, unit = charger
    await device.async_command(charging("charge", 16))
    unit.writes.clear()
    assert await device.async_release() == []
    assert unit.writes == []


async def test_a_setting_is_written_by_word_number_or_truth(inverter):
    device, unit = inverter
    write = await device.async_write_point("battery", "ac_charge_policy", "never")
    assert (write.before, write.written, write.read_back, unit.holding[0xE005]) == (1.0, 0.0, 0.0, 0)
    write = await device.async_write_point("battery", "backup_reserve", 20)
    assert (write.before, write.written, write.read_back, write.unit) == (10.0, 20.0, 20.0, "%")


async def test_a_register_that_wears_is_left_alone_when_it_holds_the_value(inverter):
    device, unit = inverter
    write = await device.async_write_point("battery", "backup_reserve", 10)
    assert (write.before, write.written, write.read_back) == (10.0, 10.0, 10.0)
    assert unit.writes == []


@pytest.mark.parametrize(
    ("role", "key", "value", "message"),
    [
        ("battery", "backup_reserve", 101, r"outside \[0, 100\]"),
        ("battery", "backup_reserve", float("nan"), "outside"),
        ("battery", "backup_reserve", "much", "needs a number"),
        ("battery", "charge_limit", 5001, r"outside \[0, 5000\]"),  # the device's own limit
        ("battery", "command_mode", "sideways", "is none of"),
        ("battery", "command_mode", 6, "is none of"),
        ("battery", "soc", 50, "cannot be written"),
        ("meter", "power", 50, "cannot be written"),
        ("toaster", "crumbs", 1, "cannot be written"),
    ],
)
async def test_a_write_outside_the_profile_is_refused(inverter, role, key, value, message):
    device, unit = inverter
    with pytest.raises(DeviceWriteError, match=message):
        await device.async_write_point(role, key, value)
    assert unit.writes == []


async def test_writing_a_commands_setting_by_hand_is_undone_on_release(inverter):
    device, unit = inverter
    await device.async_write_point("battery", "command_mode", "pv_and_grid")
    await device.async_release()
    assert unit.holding[0xE00D] == 7


async def test_a_refusal_is_a_write_error(inverter):
    device, unit = inverter
    unit.fail_write(0xE00E, IllegalDataValueError())
    with pytest.raises(DeviceWriteError, match=r"battery\.charge_limit: 100 was not taken"):
        await device.async_command(battery("charge", 100))


async def test_one_hiccup_is_forgiven(inverter):
    """The first write is lost, the second one sticks."""
    device, unit = inverter
    await device.async_prepare()
    seen = []

    def forget_once(event):
        if event.address == 0xE00D and not seen:
            seen.append(event)
            unit.holding[0xE00D] = 7

    unit.on_write(forget_once)
    writes = await device.async_command(battery("charge", 100))
    assert {w.point: w.read_back for w in writes}["command_mode"] == 3.0
