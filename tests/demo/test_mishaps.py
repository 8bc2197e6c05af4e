"""Faults that are more than an answer that does not come, at full speed and on the wires."""

import math

import aiohttp
import pytest

from custom_components.ems.demo import Direct, Fault
from custom_components.ems.demo.faults import Faults
from custom_components.ems.demo.home import Home
from custom_components.ems.demo.inverter import CommandMode

from .lab import Lab, a_home

SETPOINT, APPLIED, ACCOUNTED = 1210, 1206, 1214


def evening() -> tuple[Home, Direct]:
    """Return a home at ten in the evening where every car is at home and hungry."""
    home = a_home("2026-06-15T22:00")
    for point in home.points:
        point.car.energy_wh = 0.3 * point.car.spec.capacity_wh
    return home, Direct(home)


def live(home: Home, seconds: int) -> None:
    """Let time pass."""
    for _ in range(seconds):
        home.step(1)


def told(home: Home, direct: Direct, seconds: int, key: str, limit_a: float) -> None:
    """Let time pass while a box is told its limit every second."""
    for _ in range(seconds):
        direct.set_current(key, limit_a)
        home.step(1)


@pytest.mark.parametrize("kind", [Fault.SILENT, Fault.REFUSE, Fault.EXCEPTION, Fault.GARBAGE])
@pytest.mark.parametrize("device", ["meter", "inverter", "charger", "charger_2", "charger_3"])
def test_a_mute_device_tells_and_takes_nothing_for_as_long_as_it_lasts(device: str, kind: Fault):
    home, direct = evening()
    read = {"meter": direct.meter, "inverter": direct.inverter}.get(device, lambda: direct.charger(device))
    home.faults.set(device, kind, lasts_s=30)
    live(home, 30)
    assert read() is None
    if device.startswith("charger"):
        assert not direct.set_current(device, 16)
        assert not direct.set_phases(device, 1)
    if device == "inverter":
        assert not direct.set_battery(CommandMode.MAX_EXPORT)
        assert not direct.set_pv_limit(100)
    live(home, 1)
    assert read() is not None
    assert home.faults.as_dict() == {}


def test_a_silent_charger_falls_to_its_safe_current_when_its_lease_ends():
    home, direct = evening()
    told(home, direct, 60, "charger", 16)
    home.faults.set("charger", Fault.SILENT, lasts_s=120)
    live(home, 55)
    assert home.points[0].charger.terminal_a == (16, 16, 16)
    live(home, 15)
    assert home.points[0].charger.terminal_a == (6, 6, 6)


def test_a_frozen_meter_repeats_itself_to_the_last_digit():
    home, direct = evening()
    home.faults.set("meter", Fault.FROZEN, lasts_s=60)
    before = direct.meter()
    told(home, direct, 60, "charger", 16)
    assert direct.meter() == before
    assert home.snapshot.grid_total_w - sum(before.power_w) > 1000
    live(home, 1)
    assert direct.meter().power_w == home.snapshot.grid_w


def test_a_frozen_charger_still_obeys():
    home, direct = evening()
    told(home, direct, 60, "charger", 16)
    home.faults.set("charger", Fault.FROZEN)
    told(home, direct, 10, "charger", 8)
    assert direct.charger("charger").current_a == (16, 16, 16)
    assert home.points[0].charger.terminal_a == (8, 8, 8)


def test_an_inverted_meter_shows_the_mirror_image_and_currents_have_no_sign():
    home, direct = evening()
    live(home, 10)
    upright = direct.meter()
    home.faults.set("meter", Fault.INVERTED)
    mirrored = direct.meter()
    assert mirrored.power_w == tuple(-watts for watts in upright.power_w)
    assert mirrored.current_a == upright.current_a
    assert sum(home.snapshot.grid_w) == sum(upright.power_w), "it is the meter that is wrong, not the home"


def test_a_charger_that_ignores_commands_goes_on_as_it_was_also_when_nobody_asks():
    home, direct = evening()
    told(home, direct, 60, "charger", 14)
    home.faults.set("charger", Fault.IGNORES, lasts_s=300)
    assert direct.set_current("charger", 6), "it says yes"
    told(home, direct, 20, "charger", 6)
    reading = direct.charger("charger")
    assert reading.setpoint_a == 6
    assert (reading.applied_a, reading.lease_s) == (14, 0), (
        "what rules is told, and that no word of EMS holds"
    )
    assert reading.current_a == (14, 14, 14)
    live(home, 200)
    assert direct.charger("charger").current_a == (14, 14, 14), "its lease does not save anybody"
    live(home, 100)
    assert direct.charger("charger").current_a == (6, 6, 6)


def test_a_box_that_ignores_commands_does_not_change_its_phases():
    home, direct = evening()
    home.faults.set("charger_3", Fault.IGNORES)
    direct.set_phases("charger_3", 1)
    live(home, 60)
    assert direct.charger("charger_3").phases == 3


def test_a_charger_that_reboots_is_gone_and_has_forgotten_its_limit_and_phases():
    home, direct = evening()
    direct.set_phases("charger_3", 1)
    told(home, direct, 60, "charger_3", 12)
    home.faults.set("charger_3", Fault.REBOOTS, lasts_s=20)
    live(home, 15)
    assert direct.charger("charger_3") is None
    assert home.points[2].charger.terminal_a == (0, 0, 0)
    live(home, 65)
    reading = direct.charger("charger_3")
    assert (reading.setpoint_a, reading.applied_a, reading.lease_s, reading.phases) == (32, 6, 0, 3)
    assert reading.current_a == (6, 6, 6)


def test_a_reboot_takes_half_a_minute_where_nothing_else_is_said():
    home, direct = evening()
    home.faults.set("charger", Fault.REBOOTS)
    live(home, 30)
    assert direct.charger("charger") is None
    live(home, 1)
    assert direct.charger("charger") is not None


def test_a_battery_that_ignores_commands_goes_on_with_the_last_one():
    home, direct = evening()
    direct.set_battery(CommandMode.PV_AND_AC, charge_max_w=2000)
    live(home, 10)
    home.faults.set("inverter", Fault.IGNORES, lasts_s=100)
    assert direct.set_battery(CommandMode.MAX_EXPORT, discharge_max_w=3000)
    live(home, 90)
    assert direct.inverter().battery_w == -2000
    live(home, 11)
    assert direct.inverter().battery_w == 3000


def test_a_limit_on_the_inverter_holds_for_its_timeout_and_is_never_exceeded():
    home = a_home("2026-06-21T12:00")
    direct = Direct(home)
    home.battery.energy_wh = home.battery.spec.capacity_wh
    for point in home.points:
        point.car.energy_wh = point.car.spec.capacity_wh
    live(home, 10)
    free_w = direct.inverter().ac_w
    assert free_w > 1000
    assert direct.set_pv_limit(500)
    live(home, 60)
    assert direct.inverter().ac_w == pytest.approx(500)
    assert direct.inverter().pv_w == pytest.approx(500 / 0.97, abs=10)  # the cells keep themselves awake
    live(home, 2)
    assert direct.inverter().ac_w > 1000, "nobody renewed it"
    assert direct.set_pv_limit(0)
    live(home, 5)
    assert direct.inverter().ac_w == pytest.approx(0)
    assert direct.set_pv_limit(None)
    live(home, 5)
    assert direct.inverter().limit_w == 8000


async def test_the_limit_is_written_over_the_wire_too(lab: Lab):
    wire = await lab.wire("inverter")
    lab.home.battery.energy_wh = lab.home.battery.spec.capacity_wh
    assert await wire.value(0xF304, "FLOAT32", little=True) == 8000
    await wire.write(0xF300, 1, "UINT16")
    await wire.write(0xF312, 50.0, "FLOAT32", little=True)
    await wire.write(0xF322, 10.0, "FLOAT32", little=True)
    lab.live(30)
    assert lab.home.snapshot.flows.ac_w == pytest.approx(800)
    lab.live(40)
    assert lab.home.inverter.limit_w(lab.home.at_s) == 4000
    assert (await wire.write(0xF322, 101.0, "FLOAT32", little=True)).isError()


async def test_an_inverted_meter_over_the_wire(lab: Lab):
    wire = await lab.wire("meter")
    upright = await wire.value(0x5B14, "INT32")
    lab.demo.faults.set("meter", Fault.INVERTED)
    assert await wire.value(0x5B14, "INT32") == -upright
    amps = [await wire.value(0x5B0C + 2 * i, "UINT32") for i in range(3)]
    assert all(amp < 10_000 for amp in amps), "unsigned as ever"


async def test_a_charger_that_ignores_commands_over_the_wire(lab: Lab):
    wire = await lab.wire("charger_3")
    lab.demo.faults.set("charger_3", Fault.IGNORES, lasts_s=60)
    assert not (await wire.write(SETPOINT, 9.0, "FLOAT32")).isError()
    assert await wire.value(SETPOINT, "FLOAT32") == 9
    assert await wire.value(APPLIED, "FLOAT32") == 6
    assert await wire.value(ACCOUNTED, "UINT16") == 0
    lab.live(61)
    await wire.write(SETPOINT, 9.0, "FLOAT32")
    assert await wire.value(APPLIED, "FLOAT32") == 9


async def test_a_rebooting_charger_breaks_its_connections_and_comes_back_by_itself(lab: Lab):
    wire = await lab.wire("charger")
    await wire.write(SETPOINT, 9.0, "FLOAT32")
    lab.demo.faults.set("charger", Fault.REBOOTS, lasts_s=10)
    with pytest.raises(Exception, match=r"(?i)connection|not connected|no response"):
        await wire.registers(SETPOINT, 2)
    lab.live(11)
    again = await lab.wire("charger")
    assert await again.value(SETPOINT, "FLOAT32") == 16
    assert await again.value(ACCOUNTED, "UINT16") == 0


async def test_a_fault_for_a_while_is_asked_for_over_http(lab: Lab):
    async with aiohttp.ClientSession(lab.demo.addresses.http) as session:
        body = {"device": "charger_2", "fault": "silent", "lasts_s": 30}
        async with session.post("/demo/fault", json=body) as response:
            assert await response.json() == {"faults": {"charger_2": "silent"}}
    lab.live(29)
    assert lab.demo.faults.as_dict() == {"charger_2": "silent"}
    lab.live(2)
    assert lab.demo.faults.as_dict() == {}


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ("charger", Fault.INVERTED),
        ("inverter", Fault.REBOOTS),
        ("meter", Fault.IGNORES),
        ("http", Fault.IGNORES),
    ],
)
def test_what_cannot_happen_to_a_device_is_refused(device: str, kind: Fault):
    with pytest.raises(ValueError, match=f"{kind} happens only to .*, not to {device}"):
        Faults().set(device, kind)


@pytest.mark.parametrize("lasts_s", [0, -1, math.nan])
def test_a_fault_without_a_length_is_refused(lasts_s: float):
    with pytest.raises(ValueError, match="lasts_s"):
        Faults().set("meter", Fault.SILENT, lasts_s=lasts_s)


def test_the_next_fault_takes_the_place_of_the_last_one():
    home, _ = evening()
    home.faults.set("charger", Fault.IGNORES, lasts_s=10)
    home.faults.set("charger", Fault.FROZEN, lasts_s=100)
    live(home, 50)
    assert home.points[0].charger.stuck_a is None
    assert home.faults.as_dict() == {"charger": "frozen"}
    home.faults.clear()
    assert math.isinf(home.faults.next_end_s)
