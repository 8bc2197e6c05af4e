"""The Alfen charger over a real socket: identity, measurements, and a setpoint that has to be renewed."""

import math

import pytest

from .lab import Lab

SETPOINT, REMAINING, ACCOUNTED, APPLIED, PHASES = 1210, 1208, 1214, 1206, 1215
EVENING, NOON = "2026-06-15T20:00", "2026-06-15T12:00"


@pytest.fixture
async def evening(open_lab) -> Lab:
    """The car is at home and hungry."""
    lab = await open_lab(EVENING)
    lab.home.car.energy_wh = 20_000.0
    lab.live(60)
    return lab


async def test_the_station_says_who_it_is_on_unit_200(lab: Lab):
    wire = await lab.wire("charger", unit=200)
    assert await wire.text(100, 17) == "ALF_1000"
    assert await wire.text(117, 5) == "Alfen NV"
    assert await wire.text(123, 17) == "6.4.0-4210"
    assert await wire.text(140, 17) == "NG910"
    assert await wire.text(157, 11) == "ACE0274123"
    assert await wire.value(1105, "UINT16") == 1
    assert await wire.value(1100, "FLOAT32") == 16
    assert len(await wire.registers(100, 79)) == 79


async def test_the_station_knows_the_time_of_the_home(lab: Lab):
    wire = await lab.wire("charger", unit=200)
    assert await wire.registers(168, 5) == [2026, 6, 15, 12, 0]
    assert await wire.value(178, "INT16") == 120


async def test_without_anyone_asking_the_car_charges_with_the_safe_current(evening: Lab):
    wire = await evening.wire("charger")
    assert await wire.value(APPLIED, "FLOAT32") == 6
    assert await wire.value(REMAINING, "UINT32") == 0
    assert await wire.value(ACCOUNTED, "UINT16") == 0
    assert await wire.text(1201, 5) == "C2"
    assert [await wire.value(320 + 2 * i, "FLOAT32") for i in range(3)] == [6, 6, 6]


async def test_a_setpoint_is_obeyed_and_accounted_for(evening: Lab):
    wire = await evening.wire("charger")
    assert not (await wire.write(SETPOINT, 13.5, "FLOAT32")).isError()
    assert await wire.value(ACCOUNTED, "UINT16") == 1
    assert await wire.value(REMAINING, "UINT32") == 60
    evening.live(20)
    assert await wire.value(APPLIED, "FLOAT32") == 13.5
    assert await wire.value(320, "FLOAT32") == 13.5
    assert await wire.value(REMAINING, "UINT32") == 40
    assert await wire.value(344, "FLOAT32") == pytest.approx(sum(evening.home.snapshot.car_w), rel=1e-6)


async def test_a_setpoint_lapses_to_the_safe_current(evening: Lab):
    wire = await evening.wire("charger")
    await wire.write(SETPOINT, 16.0, "FLOAT32")
    evening.live(59)
    assert await wire.value(320, "FLOAT32") == 16
    evening.live(3)
    assert await wire.value(320, "FLOAT32") == 6
    assert await wire.value(APPLIED, "FLOAT32") == 6
    assert await wire.value(ACCOUNTED, "UINT16") == 0
    assert await wire.value(REMAINING, "UINT32") == 0
    assert await wire.value(SETPOINT, "FLOAT32") == 16, "the register still shows what was last written"


async def test_less_than_six_amperes_pauses(evening: Lab):
    wire = await evening.wire("charger")
    await wire.write(SETPOINT, 5.0, "FLOAT32")
    evening.live(5)
    assert await wire.value(344, "FLOAT32") == 0
    assert await wire.text(1201, 5) == "B1"


async def test_a_setpoint_above_the_fuse_is_taken_but_not_applied(evening: Lab):
    wire = await evening.wire("charger")
    await wire.write(SETPOINT, 25.0, "FLOAT32")
    evening.live(30)
    assert await wire.value(APPLIED, "FLOAT32") == 16
    assert await wire.value(320, "FLOAT32") == 16


async def test_one_phase_charging_draws_on_l1_alone(evening: Lab):
    wire = await evening.wire("charger")
    await wire.write(SETPOINT, 10.0, "FLOAT32")
    assert not (await wire.client.write_register(PHASES, 1, device_id=1)).isError()
    evening.live(20)
    assert [await wire.value(320 + 2 * i, "FLOAT32") for i in range(3)] == [10, 0, 0]
    assert await wire.value(318, "FLOAT32") == 10, "and returns through the neutral"


async def test_no_car_is_state_a_and_a_full_one_b2(open_lab):
    lab = await open_lab(NOON)
    wire = await lab.wire("charger")
    assert await wire.text(1201, 5) == "A"
    lab = await open_lab(EVENING)
    lab.home.car.energy_wh = lab.home.car.spec.capacity_wh
    lab.live(2)
    assert await (await lab.wire("charger")).text(1201, 5) == "B2"


async def test_energy_counts_up_in_watt_hours(evening: Lab):
    wire = await evening.wire("charger")
    before = await wire.value(374, "FLOAT64")
    power = sum(evening.home.snapshot.car_w)
    evening.live(600)
    assert await wire.value(374, "FLOAT64") - before == pytest.approx(power / 6, rel=0.02)
    phases = [await wire.value(362 + 4 * i, "FLOAT64") for i in range(3)]
    assert sum(phases) == pytest.approx(await wire.value(374, "FLOAT64"))


async def test_unavailable_energies_are_not_a_number(lab: Lab):
    assert math.isnan(await (await lab.wire("charger")).value(422, "FLOAT64"))


@pytest.mark.parametrize(
    ("address", "words", "code"),
    [
        (SETPOINT, [0x4120], 3),  # half a number
        (SETPOINT, [0xBF80, 0], 3),  # -1 A
        (SETPOINT, [0x7FC0, 0], 3),  # not a number
        (SETPOINT, [0x4228, 0], 3),  # 42 A
        (PHASES, [2], 3),
        (APPLIED, [0x4120, 0], 2),  # read-only
        (1216, [1], 2),  # not there
    ],
)
async def test_bad_writes_are_refused_and_renew_nothing(lab: Lab, address: int, words: list[int], code: int):
    wire = await lab.wire("charger")
    response = await wire.client.write_registers(address, words, device_id=1)
    assert response.exception_code == code
    assert await wire.value(REMAINING, "UINT32") == 0


async def test_there_is_no_second_socket(lab: Lab):
    wire = await lab.wire("charger", unit=2)
    assert (await wire.client.read_holding_registers(300, count=1, device_id=2)).exception_code == 0x0B
