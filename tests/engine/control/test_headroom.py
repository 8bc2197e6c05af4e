"""What a circuit still leaves, by hand."""

import pytest

from custom_components.ems.engine.control.battery import BatteryAsk, BatteryNow, BatterySpec
from custom_components.ems.engine.control.charger import ChargerNow, ChargerSpec
from custom_components.ems.engine.control.circuit import Circuit, CircuitTree
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.headroom import Headroom, headroom
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.engine.control.snapshot import BatterySeen, ChargerSeen, MeterWord, Snapshot

HOUSE = Circuit(key="house", name="House", limit_a=25, limit_kw=11.5)
GARAGE = Circuit(key="garage", name="Garage", limit_a=20, above="house", allowance_a=2, is_metered=False)
CAR = ChargerSpec(key="car", name="Car", circuit="garage", phases=1, rotation=(2,))
CELLS = BatterySpec(key="cells", name="Cells", circuit="garage", charge_max_kw=5, discharge_max_kw=5)
SETUP = Setup(tree=CircuitTree(circuits=(HOUSE, GARAGE)), chargers=(CAR,), batteries=(CELLS,))


def seen(*amps: float | None, drawn_a: float = 0.0, battery_kw: float = 0.0) -> Snapshot:
    """Return a picture of the house."""
    flows = {
        phase: None if a is None else PhaseFlow(active_a=a) for phase, a in zip((1, 2, 3), amps, strict=False)
    }
    return Snapshot(
        now_s=0,
        day="2026-06-15",
        meters={"house": MeterWord(at_s=0, flows=flows)},
        chargers={"car": ChargerSeen(now=ChargerNow(drawn_a=(drawn_a, 0, 0)))},
        batteries={
            "cells": BatterySeen(now=BatteryNow(power_kw=battery_kw, soc=0.5), ask=BatteryAsk(mode="hold"))
        },
    )


def test_a_phase_leaves_its_limit_less_what_flows() -> None:
    found = headroom(SETUP, seen(10, 20, -5), HOUSE, is_believed=True)
    assert found.phases == {1: 15, 2: 5, 3: 30}
    assert found.least_a == 5
    assert found.power_kw == pytest.approx(11.5 - 25 * 0.23)
    assert found.tightest_a == 5


def test_a_limit_on_power_may_be_tighter_than_the_fuse() -> None:
    """11.5 kW less 10.35 kW are 1.15 kW: 1.67 A on each phase, where the fuse leaves 10 A."""
    found = headroom(SETUP, seen(15, 15, 15), HOUSE, is_believed=True)
    assert found.least_a == 10
    assert found.tightest_a == pytest.approx(1.15 / 0.69)


def test_what_is_exceeded_leaves_less_than_nothing() -> None:
    assert headroom(SETUP, seen(30, 0, 0), HOUSE, is_believed=True).least_a == -5


def test_a_phase_that_nobody_knows_leaves_nobody_knows_what() -> None:
    found = headroom(SETUP, seen(10, None, 5), HOUSE, is_believed=True)
    assert (found.phases[1], found.phases[2], found.least_a, found.power_kw) == (15, None, None, None)


def test_a_meter_that_is_not_believed_says_nothing() -> None:
    found = headroom(SETUP, seen(10, 20, 5), HOUSE, is_believed=False)
    assert (found.phases, found.least_a) == ({1: None, 2: None, 3: None}, None)


def test_a_circuit_without_a_meter_is_added_up() -> None:
    """20 A less 2 A that nobody measures; the car is on L2 with 16 A, the battery takes 2.07 kW: 3 A on each."""
    found = headroom(SETUP, seen(0, 0, 0, drawn_a=16, battery_kw=-2.07), GARAGE, is_believed=False)
    assert found.phases == pytest.approx({1: 15, 2: -1, 3: 15})


def test_a_battery_that_gives_takes_no_room() -> None:
    found = headroom(SETUP, seen(0, 0, 0, battery_kw=3), GARAGE, is_believed=False)
    assert found.phases == {1: 18, 2: 18, 3: 18}


def test_nothing_is_known_of_no_phases() -> None:
    assert Headroom(phases={}).tightest_a is None
