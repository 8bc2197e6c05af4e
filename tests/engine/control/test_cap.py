"""A limit by the clock in the guard: everything at the connection counts against it."""

import pytest

from custom_components.ems.engine.control.battery import BatteryAsk, BatteryNow, BatterySpec
from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.decision import Decided
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.ramp import Offer
from custom_components.ems.engine.control.snapshot import BatterySeen, ChargerState, State

from .homes import START_S, charger, seen, setup, snapshot, word


def told(home_a: float, cap_kw: float | None, drawn_a: float = 0.0) -> Decided:
    """Return what a car is told whose home draws some amperes on each phase besides."""
    at_meter = home_a + drawn_a
    meters = {"main": word(at_meter, at_meter, at_meter, START_S)}
    charging = seen(EvMode.NOW, drawn=(drawn_a, drawn_a, drawn_a))
    before = State(chargers={"car": ChargerState(offer=Offer(amps=drawn_a))})
    return decide(setup(charger()), snapshot(START_S, meters, {"car": charging}, cap_kw=cap_kw), before)


@pytest.mark.parametrize(
    ("home_a", "drawn_a", "cap_kw", "current_a"),
    [
        (4, 16, None, 16),  # 25 A carry both
        (4, 16, 11.04, 12),  # 16 A together: 3 · 230 V · 16 A
        (4, 16, 6.9, 6),  # 10 A together: just the smallest current
        (4, 16, 6.8, 0),  # and no less than that
        (4, 16, 0.0, 0),
        (-10, 16, 4.14, 16),  # what the roof gives is not drawn from the network
    ],
)
def test_a_car_keeps_to_the_limit_of_the_hour(
    home_a: float, drawn_a: float, cap_kw: float | None, current_a: float
) -> None:
    assert told(home_a, cap_kw, drawn_a).decisions["car"].current_a == pytest.approx(current_a)


def test_the_reason_names_the_time_of_day() -> None:
    """Nobody should look for a fuse that is not full."""
    assert told(4, 5.0, 16).decisions["car"].reason.key == "held_cap"


def test_a_battery_buys_no_more_than_the_limit_of_the_hour_leaves() -> None:
    battery = BatterySpec(key="b", name="B", circuit="main", charge_max_kw=9.0, discharge_max_kw=5.0)
    site = setup(batteries=(battery,))
    buying = BatterySeen(now=BatteryNow(power_kw=0.0, soc=0.5), ask=BatteryAsk(mode="charge"))
    meters = {"main": word(2, 2, 2, START_S)}  # 1.38 kW
    found = decide(site, snapshot(START_S, meters, {}, batteries={"b": buying}, cap_kw=5.0), State())
    assert found.decisions["b"].power_kw == pytest.approx(3.62)
