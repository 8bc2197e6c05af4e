"""Charging stations told what to do: the writes of each command, typed from the makers' tables."""

from modbus_connection import IllegalDataAddressError
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceWriteError
from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices import charger_images
from tests.devices.images import words


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
def rig(profiles, mock_unit):
    """Return a maker of stations that hold a family's image, with their unit and clock."""

    def make(name):
        station = getattr(charger_images, name)()
        unit = mock_unit(station.holding)
        unit.input.update(station.input)
        unit.coil.update(station.coils)
        unit.writes = []
        unit.on_write(unit.writes.append)
        clock = Clock()
        return ModbusDevice(profiles[name], unit, clock=clock, sleep=clock.sleep), unit, clock

    return make


def charger(mode, current_a=None):
    return DeviceCommand(role="charger", mode=mode, current_a=current_a)


def written(unit):
    return [(event.function_code, event.address, event.values) for event in unit.writes]


OFF, CHARGE_13 = charger("off"), charger("charge", 13)
SINGLE, COIL, MANY = 6, 5, 16

# What a station gets before its first command.
PREPARED = {
    "heidelberg_energy_control": [(MANY, 257, [60_000]), (MANY, 258, [4])],
    "webasto_next": [(MANY, 2002, [60])],
    "webasto_unite": [(SINGLE, 2002, [60])],
}

# profile → the writes of "off", of 13 A, and of letting it go after that (none: its lease runs out).
TOLD = {
    "keba_p30": (
        [(SINGLE, 5014, [0])],
        [(SINGLE, 5004, [13_000]), (SINGLE, 5014, [1])],
        [(SINGLE, 5004, [6_000]), (SINGLE, 5014, [1])],
    ),
    "keba_p40": ([(SINGLE, 5004, [0])], [(SINGLE, 5004, [13_000])], [(SINGLE, 5004, [6_000])]),
    "goe_modbus": (
        [(MANY, 337, [1])],
        [(MANY, 299, [13])],  # it is forced on already
        [(MANY, 299, [6]), (MANY, 337, [0])],
    ),
    "heidelberg_energy_control": ([(MANY, 261, [0])], [(MANY, 261, [130])], [(MANY, 261, [60])]),
    "phoenix_ev_eth": (
        [(COIL, 400, [False])],
        [(SINGLE, 528, [13])],  # the coil is on already
        [(SINGLE, 528, [6]), (COIL, 400, [True])],
    ),
    "wallbe_eco": (
        [(COIL, 400, [False])],
        [(SINGLE, 528, [130])],
        [(SINGLE, 528, [60]), (COIL, 400, [True])],
    ),
    "phoenix_charx": (
        [(MANY, 1300, [0])],
        [(MANY, 1301, [13])],
        [(MANY, 1301, [6]), (MANY, 1300, [1])],
    ),
    "abb_terra_ac": (
        [(MANY, 0x4100, [0, 0])],
        [(MANY, 0x4100, [0, 13_000])],
        [(MANY, 0x4100, [0, 6_000])],
    ),
    "mennekes_compact": (
        [(SINGLE, 0x0D05, [0]), (SINGLE, 0x0D00, [0x55AA])],
        [(MANY, 0x0302, words("f", 13.0)), (SINGLE, 0x0D05, [1]), (SINGLE, 0x0D00, [0x55AA])],
        [(MANY, 0x0302, words("f", 6.0)), (SINGLE, 0x0D05, [1])],
    ),
    "mennekes_hcc3": ([(SINGLE, 0x0400, [0])], [(SINGLE, 0x0400, [13])], [(SINGLE, 0x0400, [6])]),
    "mennekes_professional": ([(SINGLE, 1000, [0])], [(SINGLE, 1000, [13])], [(SINGLE, 1000, [6])]),
    "openwb2": ([(SINGLE, 10171, [0])], [(SINGLE, 10171, [1300])], [(SINGLE, 10171, [600])]),
    "webasto_next": (
        [(MANY, 5004, [0]), (MANY, 6000, [1])],
        [(MANY, 5004, [13]), (MANY, 6000, [1])],
        [],
    ),
    "webasto_unite": (
        [(SINGLE, 5004, [0]), (SINGLE, 6000, [1])],
        [(SINGLE, 5004, [13]), (SINGLE, 6000, [1])],
        [],
    ),
}


@pytest.mark.parametrize("name", TOLD)
async def test_off_is_these_writes(rig, name):
    device, unit, _ = rig(name)
    await device.async_command(OFF)
    assert written(unit) == PREPARED.get(name, []) + TOLD[name][0]


@pytest.mark.parametrize("name", TOLD)
async def test_a_current_is_these_writes(rig, name):
    device, unit, _ = rig(name)
    proof = await device.async_command(CHARGE_13)
    assert written(unit) == PREPARED.get(name, []) + TOLD[name][1]
    # What can be read was read back and is what was wanted.
    assert all(write.read_back in (None, write.written) for write in proof)


@pytest.mark.parametrize("name", TOLD)
async def test_letting_go_leaves_six_amperes_or_the_stations_own_safe_current(rig, name):
    device, unit, clock = rig(name)
    await device.async_command(CHARGE_13)
    unit.writes.clear()
    clock.now += 60
    await device.async_release()
    assert written(unit) == TOLD[name][2]


@pytest.mark.parametrize("name", TOLD)
async def test_a_station_that_stayed_off_is_let_go_as_well(rig, name):
    """Nobody should find a car that never charges again because EMS was removed at night."""
    device, unit, _ = rig(name)
    await device.async_command(OFF)
    unit.writes.clear()
    await device.async_release()
    assert written(unit) == TOLD[name][2]


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.parametrize("current_a", [0, 3, 5.9])
async def test_less_than_a_car_can_take_is_a_pause_and_never_six_amperes(rig, name, current_a):
    device, unit, _ = rig(name)
    await device.async_command(charger("charge", current_a))
    assert written(unit) == PREPARED.get(name, []) + TOLD[name][0]


# The station says what it can, or its profile does: 16 A for an Energy Control and this Amtron, else 32 A.
LIMIT_A = {"heidelberg_energy_control": 16, "mennekes_compact": 16}


@pytest.mark.parametrize("name", TOLD)
async def test_more_than_the_station_can_is_what_it_can(rig, name):
    device, _, _ = rig(name)
    proof = await device.async_command(charger("charge", 80))
    assert max(w.written for w in proof if w.unit == "A") == LIMIT_A.get(name, 32)


@pytest.mark.parametrize("name", TOLD)
async def test_nothing_is_written_before_somebody_commands(rig, name):
    device, unit, _ = rig(name)
    await device.async_identify()
    await device.async_read()
    await device.async_read_settings()
    assert await device.async_release() == []
    assert unit.writes == []


@pytest.mark.parametrize("name", TOLD)
async def test_after_an_unclean_stop_every_station_is_let_go(rig, name):
    """It may have been the run before that switched it off."""
    device, unit, _ = rig(name)
    await device.async_release(force=True)
    assert written(unit) == TOLD[name][2]


@pytest.mark.parametrize(
    ("name", "after_s", "renewed"),
    [
        ("webasto_next", 20, [(MANY, 5004, [13]), (MANY, 6000, [1])]),
        ("webasto_unite", 20, [(SINGLE, 5004, [13]), (SINGLE, 6000, [1])]),
        (
            "mennekes_compact",
            5,
            [(MANY, 0x0302, words("f", 13.0)), (SINGLE, 0x0D05, [1]), (SINGLE, 0x0D00, [0x55AA])],
        ),
    ],
)
async def test_renewing_repeats_the_sign_of_life_and_no_setting(rig, name, after_s, renewed):
    device, unit, clock = rig(name)
    await device.async_command(CHARGE_13)
    unit.writes.clear()
    for address in (6000, 0x0D00):
        unit.holding[address] = 0  # the station has seen it and cleared it
    clock.now += after_s
    await device.async_command(CHARGE_13, renew=True)
    assert written(unit) == renewed


@pytest.mark.parametrize(
    ("name", "most_s"), [("webasto_next", 30), ("webasto_unite", 30), ("mennekes_compact", 10)]
)
async def test_a_sign_of_life_comes_in_time_although_ems_looks_every_five_seconds(profiles, name, most_s):
    """A renewal that is due just after one look waits for the next."""
    assert profiles[name].roles["charger"].control.renew_s + 5 < most_s


async def test_a_mennekes_is_never_told_no_limit(rig):
    """0 A in its current register means that there is no limit at all."""
    device, unit, _ = rig("mennekes_compact")
    await device.async_command(OFF)
    await device.async_command(charger("charge", 0))
    await device.async_release()
    assert [event.values for event in unit.writes if event.address == 0x0302] == [words("f", 6.0)]
    with pytest.raises(DeviceWriteError, match=r"outside \[6, 16\]"):
        await device.async_write_point("charger", "current_setpoint", 0)


async def test_a_mennekes_without_fallback_is_let_go_when_ems_is_blind(profiles):
    """Its lease may end in nothing, so the dispatcher must not trust it to."""
    control = profiles["mennekes_compact"].roles["charger"].control
    assert control.keeps == {"off", "charge"}
    assert control.give_back


@pytest.mark.parametrize("name", ["heidelberg_energy_control", "keba_p30", "keba_p40", "abb_terra_ac"])
async def test_a_watchdog_that_any_request_feeds_is_no_lease(profiles, name):
    """Polling would keep a command alive that nobody stands behind any more."""
    control = profiles[name].roles["charger"].control
    assert control.lease_s is None
    assert control.give_back


async def test_a_keba_gets_five_seconds_between_two_writes(rig):
    device, unit, clock = rig("keba_p30")
    await device.async_command(CHARGE_13)
    assert clock.slept == [5]
    clock.now += 3
    await device.async_command(OFF)
    assert clock.slept == [5, 2]
    clock.now += 60
    await device.async_command(CHARGE_13)
    assert clock.slept == [5, 2, 5]
    assert len(unit.writes) == 5


async def test_a_goe_never_gets_its_eeprom_written(rig):
    device, unit, _ = rig("goe_modbus")
    for command in (CHARGE_13, OFF, charger("charge", 8)):
        await device.async_command(command)
    await device.async_release()
    assert 300 not in {event.address for event in unit.writes}
    assert unit.holding[300] == 16


async def test_fractions_of_an_ampere_go_where_a_station_counts_them_and_are_dropped_elsewhere(rig):
    """Never rounded up: the fuse was filled to the wish."""
    sent = {}
    for name in ("wallbe_eco", "keba_p40", "openwb2", "heidelberg_energy_control", "goe_modbus"):
        device, unit, _ = rig(name)
        await device.async_command(charger("charge", 7.69))
        sent[name] = [e.values for e in unit.writes if e.address in (528, 5004, 10171, 261, 299)]
    assert sent == {
        "wallbe_eco": [[76]],
        "keba_p40": [[7690]],
        "openwb2": [[769]],
        "heidelberg_energy_control": [[76]],
        "goe_modbus": [[7]],
    }


async def test_a_coil_that_does_not_switch_is_found_out(rig):
    device, unit, _ = rig("phoenix_ev_eth")
    unit.on_write(lambda _: unit.coil.update({400: True}))
    with pytest.raises(DeviceWriteError, match=r"charger\.enable: wrote 0  twice, the device holds 1"):
        await device.async_command(OFF)


async def test_a_coil_that_is_refused_says_so(rig):
    device, unit, _ = rig("phoenix_ev_eth")
    unit.fail_write(400, IllegalDataAddressError(), register_type="coil")
    with pytest.raises(DeviceWriteError, match=r"writing \[0\] to coil 400 .*refused"):
        await device.async_command(OFF)
