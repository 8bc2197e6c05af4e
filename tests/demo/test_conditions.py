"""Every electrical condition, as the meter at the connection shows it on the wire."""

from itertools import pairwise

import aiohttp
import pytest

from custom_components.ems.demo import Condition, Fault

from .lab import Lab, a_home, fill_other_cars

VOLTS, AMPS, HERTZ, POWER, FACTOR = 0x5B00, 0x5B0C, 0x5B2C, 0x5B14, 0x5B3A


async def shown(lab: Lab) -> dict[str, list[float]]:
    """Return what the meter says."""
    wire = await lab.wire("meter")
    return {
        "v": [await wire.value(VOLTS + 2 * i, "UINT32") / 10 for i in range(3)],
        "a": [await wire.value(AMPS + 2 * i, "UINT32") / 100 for i in range(3)],
        "hz": [await wire.value(HERTZ, "UINT16") / 100],
        "w": [await wire.value(POWER, "INT32") / 100],
        "pf": [await wire.value(FACTOR, "INT16") / 1000],
    }


@pytest.mark.parametrize(
    ("condition", "quantity", "low", "high"),
    [
        (Condition.NORMAL, "v", 225.0, 238.0),
        (Condition.VOLTAGE_LOW_WARNING, "v", 207.1, 211.0),
        (Condition.VOLTAGE_LOW_CRITICAL, "v", 195.0, 206.0),
        (Condition.VOLTAGE_HIGH_WARNING, "v", 249.0, 252.9),
        (Condition.VOLTAGE_HIGH_CRITICAL, "v", 254.0, 264.0),
        (Condition.NORMAL, "hz", 49.9, 50.1),
        (Condition.FREQUENCY_LOW_WARNING, "hz", 47.1, 49.4),
        (Condition.FREQUENCY_LOW_CRITICAL, "hz", 45.0, 46.9),
        (Condition.FREQUENCY_HIGH_WARNING, "hz", 50.6, 51.9),
        (Condition.FREQUENCY_HIGH_CRITICAL, "hz", 52.1, 55.0),
    ],
)
@pytest.mark.parametrize("hours", [0, 5, 19])
async def test_levels_are_beyond_the_thresholds_at_any_hour(
    lab: Lab, condition: Condition, quantity: str, low: float, high: float, hours: int
) -> None:
    """Thresholds of EN 50160: ±8 and ±10 % of 230 V; ±1, -6 and +4 % of 50 Hz."""
    lab.live(hours * 3600)
    lab.demo.play(condition)
    lab.live(5)
    values = (await shown(lab))[quantity]
    assert all(low <= value <= high for value in values), values


async def test_the_street_swings(lab: Lab) -> None:
    """By more than 5 % every ten seconds, and never as far as a warning."""
    lab.demo.play(Condition.VOLTAGE_FLUCTUATING)
    seen = []
    for _ in range(4):
        lab.live(10)
        seen.append((await shown(lab))["v"][0])
    assert all(abs(a - b) > 11.5 for a, b in pairwise(seen)), seen
    assert all(211.6 < voltage < 248.4 for voltage in seen)


async def test_a_loaded_phase_pulls_its_voltage_down_and_is_paid_for(lab: Lab) -> None:
    """26 A on L1 that nobody has on L2; the counters count it."""
    before_wh = lab.home.household_wh
    lab.demo.play(Condition.IMBALANCE)
    lab.live(3600)
    values = await shown(lab)
    assert values["v"][1] - values["v"][0] > 10
    assert abs(lab.home.snapshot.household_w[0] - lab.home.snapshot.household_w[1]) / 220 > 20
    assert lab.home.household_wh - before_wh > 6000


@pytest.mark.parametrize("start", ["2026-06-15T02:00", "2026-06-15T12:00", "2026-12-15T18:00"])
def test_motors_need_reactive_power_whatever_the_roof_gives(start: str) -> None:
    """Enough active power is left at the meter to judge by."""
    home = a_home(start)
    fill_other_cars(home)
    home.condition = Condition.POWER_FACTOR_LOW
    home.advance(home.at_s + 60)
    active_w, reactive_var = home.snapshot.grid_total_w, sum(home.snapshot.reactive_var)
    assert active_w > 2300
    assert active_w / (active_w**2 + reactive_var**2) ** 0.5 < 0.75


async def test_an_offline_meter_is_back_with_the_next_condition(lab: Lab) -> None:
    """A fault that somebody set by hand is not healed by that."""
    lab.demo.play(Condition.METER_OFFLINE)
    assert lab.demo.faults.get("meter") is not None
    lab.demo.play(Condition.NORMAL)
    assert lab.demo.faults.get("meter") is None
    lab.demo.faults.set("meter", Fault.SLOW)
    lab.demo.play(Condition.IMBALANCE)
    assert lab.demo.faults.get("meter") is not None


async def test_conditions_are_played_over_http_and_wrong_ones_refused(lab: Lab) -> None:
    async with aiohttp.ClientSession(lab.demo.addresses.http) as session:
        async with session.post("/demo/condition", json={"condition": "imbalance"}) as answer:
            assert await answer.json() == {"condition": "imbalance"}
        assert lab.demo.condition is Condition.IMBALANCE
        async with session.get("/demo/state") as answer:
            assert (await answer.json())["condition"] == "imbalance"
        for wrong in ({"condition": "earthquake"}, {}, ["imbalance"], "imbalance"):
            async with session.post("/demo/condition", json=wrong) as answer:
                assert answer.status == 400
        async with session.post("/demo/condition", data="condition=normal") as answer:
            assert answer.status == 415
    assert lab.demo.condition is Condition.IMBALANCE
