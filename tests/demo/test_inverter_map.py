"""The SolarEdge hybrid inverter over a real socket: SunSpec, battery, storage commands that expire."""

import pytest

from .lab import Lab, Wire

REMOTE, DEFAULT, TIMEOUT, COMMAND, CHARGE, DISCHARGE = 0xE004, 0xE00A, 0xE00B, 0xE00D, 0xE00E, 0xE010


async def scaled(wire: Wire, at: int, factor_at: int) -> float:
    """Return a SunSpec value with its scale factor, read in one request as they move together."""
    first, last = min(at, factor_at), max(at, factor_at)
    words = await wire.registers(first, last - first + 1)
    signed = [word - 0x10000 if word >= 0x8000 else word for word in words]
    return signed[at - first] * 10.0 ** signed[factor_at - first]


async def command(
    wire: Wire, mode: int, *, charge_w: float = 5000, discharge_w: float = 5000, timeout_s: int = 60
):
    """Take remote control and give one order."""
    for response in (
        await wire.write(TIMEOUT, timeout_s, "UINT32", little=True),
        await wire.write(CHARGE, charge_w, "FLOAT32", little=True),
        await wire.write(DISCHARGE, discharge_w, "FLOAT32", little=True),
        await wire.write(COMMAND, mode, "UINT16"),
        await wire.write(REMOTE, 4, "UINT16"),
    ):
        assert not response.isError()


async def test_the_sunspec_chain_can_be_walked_to_its_end(lab: Lab):
    wire = await lab.wire("inverter")
    assert await wire.text(40000, 2) == "SunS"
    at, models = 40002, []
    while (header := await wire.registers(at, 2))[0] != 0xFFFF:
        models.append((header[0], header[1]))
        await wire.registers(at, min(125, 2 + header[1]))
        at += 2 + header[1]
    assert models == [(1, 65), (103, 50), (1, 65), (203, 105)]
    assert header[1] == 0


async def test_the_inverter_says_who_it_is(lab: Lab):
    wire = await lab.wire("inverter")
    assert await wire.text(40004, 16) == "SolarEdge"
    assert await wire.text(40020, 16) == "SE8K-RWS48BEN4"
    assert await wire.text(40044, 8) == "0004.0018.0518"
    assert await wire.text(40052, 16) == "7E1A2B3C"
    assert await wire.text(0xE100, 16) == "SolarEdge"


async def test_sunspec_powers_are_the_powers_of_the_home(lab: Lab):
    wire, flows = await lab.wire("inverter"), lab.home.snapshot.flows
    assert await scaled(wire, 40083, 40084) == pytest.approx(flows.ac_w, abs=1)
    assert await scaled(wire, 40100, 40101) == pytest.approx(flows.pv_w + flows.battery_w, abs=1)
    assert await scaled(wire, 40085, 40086) == pytest.approx(50, abs=0.2)
    assert await scaled(wire, 40079, 40082) == pytest.approx(lab.home.snapshot.voltage_v[0], abs=0.1)
    amps = sum(
        abs(w) / v for w, v in zip(lab.home.snapshot.inverter_w, lab.home.snapshot.voltage_v, strict=True)
    )
    assert await scaled(wire, 40071, 40075) == pytest.approx(amps, abs=0.01)
    assert await wire.value(40093, "UINT32") == int(lab.home.inverter.ac_out_wh)
    assert await wire.value(40107, "UINT16") == 4


async def test_battery_counts_charging_as_positive_and_swaps_its_words(lab: Lab):
    wire = await lab.wire("inverter")
    flows = lab.home.snapshot.flows
    assert flows.battery_w < -500, "a June noon charges the battery"
    assert await wire.value(0xE174, "FLOAT32", little=True) == pytest.approx(-flows.battery_w, rel=1e-6)
    assert await wire.value(0xE184, "FLOAT32", little=True) == pytest.approx(
        100 * lab.home.battery.soc, rel=1e-6
    )
    assert await wire.value(0xE176, "UINT64", little=True) == int(lab.home.inverter.battery_out_wh)
    assert await wire.value(0xE17A, "UINT64", little=True) == int(lab.home.inverter.battery_in_wh)
    assert await wire.value(0xE144, "FLOAT32", little=True) == 5000
    assert await wire.value(0xE17E, "FLOAT32", little=True) == 10_000
    assert await wire.value(0xE186, "UINT32", little=True) == 3
    assert len(await wire.registers(0xE142, 82)) == 82, (
        "the battery block reads in one request, reserved words too"
    )


async def test_the_inverters_meter_counts_export_as_positive(lab: Lab):
    wire, snapshot = await lab.wire("inverter"), lab.home.snapshot
    assert await scaled(wire, 40206, 40210) == pytest.approx(-snapshot.grid_total_w, abs=1)
    assert await wire.value(40226, "UINT32") == int(lab.home.meter.export_wh)
    assert await wire.value(40234, "UINT32") == int(lab.home.meter.import_wh)


@pytest.mark.parametrize("watts", [0.0, 3.2, 31.9, 319, 4711, 8000])
async def test_scale_factors_move_so_that_every_power_fits(lab: Lab, watts: float):
    """A reader that caches scale factors reads nonsense here, as it would from the real one."""
    wire = await lab.wire("inverter")
    lab.home.inverter.settings.control_mode = 0
    lab.home.inverter.settings.export_control = 1
    lab.home.inverter.settings.export_limit_w = max(0.0, watts - sum(lab.home.snapshot.household_w))
    lab.live(5)
    read = await scaled(wire, 40083, 40084)
    assert read == pytest.approx(lab.home.snapshot.flows.ac_w, rel=1e-3)


async def test_charging_from_the_mains_obeys_its_limit(open_lab):
    lab = await open_lab("2026-12-15T02:00")
    wire = await lab.wire("inverter")
    await command(wire, 3, charge_w=2345)
    lab.live(10)
    assert await wire.value(0xE174, "FLOAT32", little=True) == pytest.approx(2345)
    assert lab.home.snapshot.flows.ac_w == pytest.approx(-2345 / 0.97)
    assert await wire.value(COMMAND, "UINT16") == 3
    assert await wire.value(CHARGE, "FLOAT32", little=True) == 2345


async def test_discharging_to_the_grid_obeys_its_limit(open_lab):
    lab = await open_lab("2026-12-15T02:00")
    await command(await lab.wire("inverter"), 4, discharge_w=3000)
    lab.live(10)
    assert lab.home.snapshot.flows.battery_w == pytest.approx(3000)
    assert lab.home.snapshot.grid_total_w < 0 or sum(lab.home.snapshot.car_w) > 0


async def test_hold_never_discharges(open_lab):
    lab = await open_lab("2026-12-15T20:00")
    await command(await lab.wire("inverter"), 1)
    lab.live(30)
    assert lab.home.snapshot.flows.battery_w == 0
    assert lab.home.snapshot.grid_total_w > 0


async def test_a_command_lapses_with_its_lease_and_the_default_mode_rules(open_lab):
    """Nobody renews: after 60 s the battery returns to self-consumption at full power."""
    lab = await open_lab("2026-12-15T20:00")
    wire = await lab.wire("inverter")
    await command(wire, 3, charge_w=1000, timeout_s=60)
    lab.live(59)
    assert lab.home.snapshot.flows.battery_w == pytest.approx(-1000)
    lab.live(5)
    assert lab.home.snapshot.flows.battery_w > 0
    assert lab.demo.truth()["inverter"]["mode"] == "self_consumption"
    assert await wire.value(COMMAND, "UINT16") == 3, "the register still shows what was last written"


@pytest.mark.parametrize(("address", "value", "kind"), [(COMMAND, 3, "UINT16"), (CHARGE, 1000.0, "FLOAT32")])
async def test_writing_a_command_register_renews_the_lease(open_lab, address: int, value: float, kind: str):
    lab = await open_lab("2026-12-15T20:00")
    wire = await lab.wire("inverter")
    await command(wire, 3, charge_w=1000, timeout_s=60)
    for _ in range(3):
        lab.live(50)
        assert not (await wire.write(address, value, kind, little=True)).isError()
    lab.live(50)
    assert lab.home.snapshot.flows.battery_w == pytest.approx(-1000)


async def test_commands_mean_nothing_without_remote_control(open_lab):
    lab = await open_lab("2026-12-15T20:00")
    wire = await lab.wire("inverter")
    await command(wire, 3, charge_w=1000)
    await wire.write(REMOTE, 1, "UINT16")
    lab.live(10)
    assert lab.home.snapshot.flows.battery_w > 0


async def test_export_limit_throttles_the_roof(lab: Lab):
    wire = await lab.wire("inverter")
    lab.home.battery.energy_wh = lab.home.battery.spec.capacity_wh
    await wire.write(0xE002, 500.0, "FLOAT32", little=True)
    await wire.write(0xE000, 1, "UINT16")
    lab.live(10)
    assert -lab.home.snapshot.grid_total_w == pytest.approx(500, abs=1)
    assert await wire.value(40107, "UINT16") == 5, "throttled"


async def test_backup_reserve_is_left_in_the_battery(open_lab):
    lab = await open_lab("2026-12-15T20:00")
    wire = await lab.wire("inverter")
    await wire.write(0xE008, 50.0, "FLOAT32", little=True)
    lab.home.battery.energy_wh = 5001.0
    lab.live(600)
    assert lab.home.battery.soc >= 0.4998
    assert lab.home.snapshot.flows.battery_w == 0


@pytest.mark.parametrize(
    ("address", "value", "kind"),
    [
        (COMMAND, 6, "UINT16"),  # no such mode
        (COMMAND, 8, "UINT16"),
        (REMOTE, 5, "UINT16"),
        (TIMEOUT, 86_401, "UINT32"),
        (CHARGE, -1.0, "FLOAT32"),
        (CHARGE, float("nan"), "FLOAT32"),
        (DISCHARGE, float("inf"), "FLOAT32"),
        (0xE008, 101.0, "FLOAT32"),
    ],
)
async def test_values_the_inverter_cannot_mean_are_refused_and_change_nothing(
    lab: Lab, address: int, value: float, kind: str
):
    wire = await lab.wire("inverter")
    before = lab.home.state()["inverter"]
    response = await wire.write(address, value, kind, little=True)
    assert response.exception_code == 3
    assert lab.home.state()["inverter"] == before


async def test_half_a_number_is_refused(lab: Lab):
    wire = await lab.wire("inverter")
    assert (await wire.client.write_register(CHARGE, 0x4500, device_id=1)).exception_code == 3


async def test_a_write_is_carried_out_whole_or_not_at_all(lab: Lab):
    """Command 3 is fine, the NaN behind it is not: neither is taken."""
    wire = await lab.wire("inverter")
    response = await wire.client.write_registers(COMMAND, [3, 0, 0x7FC0], device_id=1)
    assert response.exception_code == 3
    assert await wire.value(COMMAND, "UINT16") == 7


@pytest.mark.parametrize("address", [40083, 0xE174, 0xE012, 0xE200])
async def test_what_cannot_be_written_says_so(lab: Lab, address: int):
    wire = await lab.wire("inverter")
    assert (await wire.client.write_register(address, 1, device_id=1)).exception_code == 2
