"""Hybrid inverters told what to do: the registers of each mode, typed from the makers' tables."""

from modbus_connection import IllegalDataAddressError
import pytest

from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceWriteError
from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices import hybrid_images
from tests.devices.images import Image, image, swapped, words


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def rig(profiles, mock_unit):
    """Return a maker of devices that hold a family's image, with their unit and clock."""

    def make(name, **changes):
        device = getattr(hybrid_images, name)()
        unit = mock_unit(device.holding | changes.get("holding", {}))
        unit.input.update(device.input | changes.get("input", {}))
        unit.writes = []
        unit.on_write(unit.writes.append)
        clock = Clock()
        return ModbusDevice(profiles[name], unit, clock=clock, sleep=clock.sleep), unit, clock

    return make


def battery(mode, power_w=None):
    return DeviceCommand(role="battery", mode=mode, power_w=power_w)


def sma(mode, low, high, out_low, out_high) -> Image:
    return image({40236: words("I", mode), 40793: words("IIIIi", low, high, out_low, out_high, 0)})


def forced(minutes, charge, discharge, command) -> Image:
    return image(
        {
            47075: words("II", 5000, 5000),
            47083: [minutes],
            47100: [command],
            47246: [0, *words("II", charge, discharge)],
        }
    )


BF_ON, BF_OFF = {1100: 0, 1101: 5947, 1102: 1}, {1100: 0, 1101: 5947, 1102: 0}
GF_ON, GF_OFF = {1080: 0, 1081: 5947, 1082: 1}, {1080: 0, 1081: 5947, 1082: 0}
S16 = 0x10000

# profile, command, what the registers hold afterwards
TOLD = [
    ("sma_smart_energy", battery("automatic"), sma(2424, 0, 10_000, 0, 10_000)),
    ("sma_smart_energy", battery("hold"), sma(2424, 0, 10_000, 0, 0)),
    ("sma_smart_energy", battery("charge", 3000), sma(2289, 3000, 3000, 0, 0)),
    ("sma_smart_energy", battery("charge", 99_000), sma(2289, 10_000, 10_000, 0, 0)),
    ("huawei_sun2000", battery("automatic"), forced(0, 0, 0, 0)),
    ("huawei_sun2000", battery("hold"), image({47075: words("II", 5000, 0), 47100: [0]})),
    ("huawei_sun2000", battery("charge", 2500), forced(2, 2500, 0, 1)),
    ("huawei_sun2000", battery("charge", 9000), forced(2, 5000, 0, 1)),
    ("huawei_sun2000", battery("discharge", 1800), forced(2, 0, 1800, 2)),
    ("sungrow_sh", battery("automatic"), {33047: 1000, 13050: 0xCC, 13049: 0}),
    ("sungrow_sh", battery("hold"), {33047: 1, 13050: 0xCC, 13049: 0}),
    ("sungrow_sh", battery("charge", 3000), {33047: 1000, 13051: 3000, 13050: 0xAA, 13049: 2}),
    ("sungrow_sh", battery("discharge", 2600), {33047: 1000, 13051: 2500, 13050: 0xBB, 13049: 2}),
    ("goodwe_et", battery("automatic"), {47511: 1, 47512: 0}),
    ("goodwe_et", battery("hold"), {47511: 2, 47512: 0}),
    ("goodwe_et", battery("charge", 4000), {47511: 11, 47512: 4000}),
    ("goodwe_et", battery("discharge", 99_000), {47511: 12, 47512: 10_000}),
    ("growatt_tlxh", battery("automatic"), {30100: 1, 30407: 0}),
    ("growatt_tlxh", battery("hold"), {30100: 1, 30407: 1, 30408: 3, 30409: 0}),
    ("growatt_tlxh", battery("charge", 2500), {30100: 1, 30407: 1, 30408: 3, 30409: 50}),
    ("growatt_tlxh", battery("discharge", 1250), {30100: 1, 30407: 1, 30408: 3, 30409: S16 - 25}),
    ("growatt_sph", battery("automatic"), {**BF_OFF, **GF_OFF, 1092: 0}),
    ("growatt_sph", battery("hold"), {**BF_ON, **GF_OFF, 1092: 0, 1090: 100}),
    ("growatt_sph", battery("charge", 2600), {**BF_ON, **GF_OFF, 1092: 1, 1090: 50}),
    ("growatt_sph", battery("discharge", 1000), {**BF_OFF, **GF_ON, 1092: 0, 1070: 20}),
    ("deye_lp3", battery("automatic"), {109: 150, 130: 0, 146: 0}),
    ("deye_lp3", battery("hold"), {109: 0, 130: 0, 146: 0}),
    ("deye_lp3", battery("charge", 2625), {109: 150, 127: 100, 128: 50, 130: 1, 146: 0}),  # 2625 W at 52.5 V
    ("kostal_plenticore", battery("hold"), image({1038: swapped("f", 5000.0), 1040: swapped("f", 0.0)})),
    ("kostal_plenticore", battery("charge", 2000), image({1034: swapped("f", -2000.0)})),
    ("kostal_plenticore", battery("discharge", 1500), image({1034: swapped("f", 1500.0)})),
    ("victron_gx", battery("automatic"), {2700: 50, 2704: S16 - 1}),
    ("victron_gx", battery("hold"), {2700: 50, 2704: 1}),
    # 700 W flow out at the grid and 900 W into the battery: with 2000 W into it 400 W have to come in.
    ("victron_gx", battery("charge", 2000), {2700: 400, 2704: S16 - 1}),
    ("victron_gx", battery("discharge", 1000), {2700: S16 - 2600, 2704: S16 - 1}),
]


@pytest.mark.parametrize(("name", "command", "held"), TOLD)
async def test_every_mode_means_these_registers(rig, name, command, held):
    device, unit, _ = rig(name)
    await device.async_read()
    await device.async_command(command)
    assert {address: unit.holding.get(address, 0) for address in held} == held


@pytest.mark.parametrize("name", sorted({name for name, *_ in TOLD}))
async def test_nothing_is_written_before_somebody_commands(rig, name):
    device, unit, _ = rig(name)
    await device.async_identify()
    await device.async_read()
    await device.async_read_settings()
    assert await device.async_release() == []
    assert unit.writes == []


@pytest.mark.parametrize("name", sorted({name for name, *_ in TOLD}))
@pytest.mark.parametrize("mode", ["hold", "charge"])
async def test_after_a_release_the_battery_is_its_own_master(rig, profiles, name, mode):
    """The registers after hold or charge and release are those of automatic."""
    device, unit, _ = rig(name)
    await device.async_read()
    await device.async_command(battery(mode, 2000 if mode == "charge" else None))
    await device.async_release()
    wanted = (
        next(held for other, command, held in TOLD if other == name and command.mode == "automatic")
        if name != ("kostal_plenticore")
        else image({1038: swapped("f", 5000.0), 1040: swapped("f", 4500.0)})
    )
    ours = {
        a: w
        for a, w in wanted.items()
        if name != "huawei_sun2000" or a in (47075, 47076, 47077, 47078, 47100)
    }
    assert {address: unit.holding.get(address, 0) for address in ours} == ours


async def test_what_starts_a_command_goes_out_last(rig):
    """Else a mode would run for a moment with the power of an hour ago."""
    last = {}
    for name, command, _ in TOLD:
        if command.mode == "charge":
            device, unit, _clock = rig(name)
            await device.async_read()
            await device.async_command(command)
            last[name] = unit.writes[-1].address
    assert last == {
        "sma_smart_energy": 40236,
        "huawei_sun2000": 47100,
        "sungrow_sh": 13049,
        "goodwe_et": 47511,
        "growatt_tlxh": 30407,
        "growatt_sph": 1100,
        "deye_lp3": 130,
        "kostal_plenticore": 1034,
        "victron_gx": 2700,
    }


@pytest.mark.parametrize(
    ("name", "renewed"),
    [
        ("sma_smart_energy", [40793, 40795, 40797, 40799, 40801, 40236]),
        ("huawei_sun2000", [47246, 47247, 47083, 47100]),  # not the limits: they wear, and stand
        ("growatt_tlxh", [30409, 30408, 30407]),
        ("kostal_plenticore", [1034]),
        ("goodwe_et", []),  # it wears, and the device still knows
        ("sungrow_sh", []),
        ("growatt_sph", []),
        ("deye_lp3", []),
        ("victron_gx", []),
    ],
)
async def test_renewing_repeats_what_lives_and_spares_what_wears(rig, name, renewed):
    device, unit, clock = rig(name)
    await device.async_read()
    await device.async_command(battery("charge", 2000))
    unit.writes.clear()
    clock.now += 20
    await device.async_command(battery("charge", 2000), renew=True)
    assert [event.address for event in unit.writes] == renewed


async def test_a_goodwe_that_restarted_is_told_again(rig):
    device, unit, clock = rig("goodwe_et")
    await device.async_command(battery("charge", 2000))
    unit.holding[47511] = 1
    clock.now += 60
    await device.async_command(battery("charge", 2000), renew=True)
    assert (unit.holding[47511], unit.holding[47512]) == (11, 2000)


async def test_a_group_of_growatt_is_one_request(rig):
    device, unit, _ = rig("growatt_sph")
    await device.async_command(battery("charge", 2600))
    assert (1100, [0, 5947, 1]) in [(event.address, event.values) for event in unit.writes]
    assert not {1101, 1102} & {event.address for event in unit.writes}


async def test_a_hold_of_a_huawei_stays_and_its_profile_says_so(profiles):
    control = profiles["huawei_sun2000"].roles["battery"].control
    assert control.keeps == {"hold"}
    assert "a hold stays" in control.on_expiry


async def test_a_plenticore_that_is_not_to_be_steered_says_what_to_do(rig):
    """1080: 0 is nobody, 1 digital inputs, 2 Modbus. Until then it takes every value and follows none."""
    device, _, _ = rig("kostal_plenticore", holding={1080: 0})
    with pytest.raises(
        DeviceWriteError, match="Check in its settings that it may be controlled from outside"
    ):
        await device.async_command(battery("charge", 2000))


async def test_a_deye_whose_battery_allows_nothing_for_a_moment_is_not_locked_for_good(rig):
    device, unit, _ = rig("deye_lp3", holding={219: 0, 109: 0})
    await device.async_command(battery("automatic"))
    assert unit.holding[109] == 240


async def test_a_victron_does_not_follow_a_reading_of_a_minute_ago(rig):
    device, unit, clock = rig("victron_gx")
    await device.async_read()
    clock.now += 60
    with pytest.raises(DeviceWriteError, match=r"needs meter\.power, battery\.power"):
        await device.async_command(battery("charge", 2000))
    assert unit.writes == []


async def test_a_victron_without_a_limit_is_held_all_the_same(rig):
    """A GX keeps "no limit" as −1 W and rounds it to tens: 0, which a hold of 0 W would take for its own."""
    device, unit, _ = rig("victron_gx", holding={2704: 0})
    await device.async_read()
    await device.async_command(battery("hold"))
    assert 2704 in [event.address for event in unit.writes]
    assert unit.holding[2704] == 1


async def test_a_victron_battery_alone_reads_the_grid_it_is_steered_by(rig, profiles, mock_unit):
    """Somebody has another meter, and only the battery of the GX in EMS."""
    unit = mock_unit(hybrid_images.victron_gx().holding)
    clock = Clock()
    device = ModbusDevice(profiles["victron_gx"], unit, roles={"battery"}, clock=clock)
    await device.async_read()
    await device.async_command(battery("charge", 2000))
    assert unit.holding[2700] == 400


def at(unit, model, length, offset):
    """Return what a model's register holds, found by number and length alone."""
    start = next(a for a in unit.holding if unit.holding[a] == model and unit.holding.get(a + 1) == length)
    return unit.holding[start + offset]


@pytest.mark.parametrize(
    ("command", "limits", "out", "into", "revert"),
    [
        (battery("automatic"), 0, 10_000, 10_000, 120),
        (battery("hold"), 2, 0, 10_000, 120),
        (battery("charge", 2500), 2, S16 - 5000, 10_000, 120),  # half of 5 kW, as a negative discharge
        (battery("charge", 9000), 2, S16 - 10_000, 10_000, 120),
    ],
)
async def test_a_fronius_is_told_by_rates_that_revert(rig, command, limits, out, into, revert):
    """Without the time to revert a command outlives its controller: batteries have stayed locked for days."""
    device, unit, _ = rig("fronius_gen24")
    await device.async_command(command)
    assert [at(unit, 124, 24, offset) for offset in (5, 12, 13, 15)] == [limits, out, into, revert]
    assert at(unit, 124, 24, 17) == 0  # charging from the grid is the owner's matter
    assert unit.writes[-1].values == [limits] or command.mode == "automatic"


@pytest.mark.parametrize("name", ["fronius_gen24", "sunspec_inverter"])
async def test_the_sun_is_limited_for_two_minutes_at_a_time(rig, name):
    device, unit, clock = rig(name)
    await device.async_command(DeviceCommand(role="pv", mode="limit", power_w=3200))
    assert [at(unit, 123, 24, offset) for offset in (5, 7, 9)] == [3200, 120, 1]  # 32.00 % of 10 kW
    unit.writes.clear()
    clock.now += 40
    await device.async_command(DeviceCommand(role="pv", mode="limit", power_w=3200), renew=True)
    assert len(unit.writes) == 3

    await device.async_release()
    assert [at(unit, 123, 24, offset) for offset in (5, 9)] == [10_000, 0]


async def test_releasing_a_fronius_battery_leaves_its_limit_on_the_sun(rig):
    device, unit, _ = rig("fronius_gen24")
    await device.async_command(DeviceCommand(role="pv", mode="limit", power_w=3200))
    await device.async_command(battery("hold"))
    await device.async_release(roles=("battery",))
    assert [at(unit, 124, 24, offset) for offset in (5, 12)] == [0, 10_000]
    assert at(unit, 123, 24, 9) == 1


@pytest.mark.parametrize("name", ["deye_lp1", "e3dc", "sunspec_battery"])
async def test_what_nobody_confirmed_is_read_only(rig, name):
    device, _, _ = rig(name)
    with pytest.raises(DeviceWriteError, match="no battery can be commanded"):
        await device.async_command(battery("automatic"))
    assert not device.profile.writable


async def test_a_device_that_denies_what_lies_between_its_settings_is_steered_all_the_same(rig):
    """Huawei's map has holes; a request over one is refused as a whole."""
    device, unit, _ = rig("huawei_sun2000")
    read = unit.read_holding_registers

    async def strict(address, count):
        if address <= 47099 < address + count:
            raise IllegalDataAddressError
        return await read(address, count)

    unit.read_holding_registers = strict
    await device.async_command(battery("charge", 2500))
    assert unit.holding[47100] == 1
