"""A battery that cannot be told less, or does not listen, is part of the house: cars make room for it."""

import pytest

from custom_components.ems.engine.control.battery import (
    BatteryAsk,
    BatteryNow,
    BatteryOrder,
    BatteryRules,
    BatterySpec,
)
from custom_components.ems.engine.control.circuit import Circuit
from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.decision import Decided
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.ramp import Offer
from custom_components.ems.engine.control.snapshot import BatterySeen, ChargerState, MeterWord, State
from tests.engine.control.homes import START_S, charger, seen, setup, snapshot, word

ALL = ("automatic", "hold", "charge", "discharge")


def home(modes: tuple[str, ...], last: BatteryOrder | None, ask: BatteryAsk, after_s: float = 0.0) -> Decided:
    """Look at 10 A for the house, 10 A into the car and 10 A into the battery, on a fuse of 25 A."""
    cells = BatterySpec(
        key="b", name="B", circuit="main", charge_max_kw=6.9, discharge_max_kw=6.9, modes=modes
    )
    site = setup(charger(), batteries=(cells,), battery=BatteryRules(holds_for_cars=False))
    orders = {} if last is None else {"b": last}
    state = State(chargers={"car": ChargerState(offer=Offer(amps=10.0))}, batteries=orders)
    for now_s in (START_S, START_S + after_s) if after_s else (START_S,):
        picture = snapshot(
            now_s,
            {"main": word(30.0, 30.0, 30.0, now_s)},
            {"car": seen(EvMode.NOW, drawn=(10.0, 10.0, 10.0))},
            batteries={"b": BatterySeen(now=BatteryNow(power_kw=-6.9, soc=0.5), ask=ask)},
        )
        found = decide(site, picture, state)
        state = found.state
    return found


@pytest.mark.parametrize("modes", [("automatic",), ("automatic", "discharge")])
def test_a_car_makes_room_for_a_battery_that_charges_by_itself(modes: tuple[str, ...]) -> None:
    """5 A too much flow, and only the car can be told: less than 6 A are left for it, so it pauses."""
    found = home(modes, None, BatteryAsk(mode="automatic", source="none"))
    assert found.decisions["car"].current_a == 0
    assert found.decisions["b"].reason.key == "battery_follows"


def test_a_car_makes_room_for_a_battery_that_does_not_listen() -> None:
    """It was told 5 A and takes 10: for 15 s it is believed to follow, then it counts with what it takes."""
    told = BatteryOrder(mode="charge", power_kw=3.45, key="battery_charge", source="plan")
    ask = BatteryAsk(mode="charge", power_kw=6.9)
    early, late = home(ALL, told, ask, 10.0), home(ALL, told, ask, 16.0)
    assert early.decisions["car"].current_a == 10
    assert late.decisions["car"].current_a == 0
    assert late.decisions["b"].power_kw == 0


def test_a_battery_that_follows_itself_is_held_back_in_the_name_of_the_fuse() -> None:
    """Without a plan, too: that nobody asks anything of it is no reason to let a fuse blow."""
    found = home(ALL, None, BatteryAsk(mode="automatic", source="none")).decisions["b"]
    assert found.mode == "hold"
    assert (found.source, found.at_once) == ("protection", True)


def test_a_battery_that_stores_sun_while_it_holds_is_let_go_when_the_hold_is_over() -> None:
    """Many do; with nothing over its limit that is no reason to keep it back."""
    told = BatteryOrder(mode="hold", key="battery_hold", source="override", changed_at_s=START_S)
    cells = BatterySpec(key="b", name="B", circuit="main", charge_max_kw=5.0, discharge_max_kw=5.0)
    state = State(batteries={"b": told})
    asks = [BatteryAsk(mode="hold", source="override")] * 4 + [BatteryAsk(mode="automatic", source="none")]
    for i, ask in enumerate(asks):
        now_s = START_S + 10 * i
        seen_as = {"b": BatterySeen(now=BatteryNow(power_kw=-1.0, soc=0.5), ask=ask)}
        picture = snapshot(now_s, {"main": word(2.0, 2.0, 2.0, now_s)}, {}, batteries=seen_as)
        found = decide(setup(batteries=(cells,)), picture, state)
        state = found.state
    assert found.decisions["b"].mode == "automatic"


@pytest.mark.parametrize(("on", "power_kw"), [((1,), 1.15), ((1, 2, 3), 3.45)])
def test_a_battery_helps_with_what_its_phases_need(on: tuple[int, ...], power_kw: float) -> None:
    """5 A too much: on one phase that is 1.15 kW, and three times as much would be sold."""
    cells = BatterySpec(key="b", name="B", circuit="main", charge_max_kw=5.0, discharge_max_kw=5.0, on=on)
    asked = BatterySeen(now=BatteryNow(power_kw=0.0, soc=0.5), ask=BatteryAsk(mode="hold"))
    main = Circuit(key="main", name="House", limit_a=25.0, phases=on)
    flows = {phase: PhaseFlow(active_a=30.0) for phase in on}
    picture = snapshot(START_S, {"main": MeterWord(at_s=START_S, flows=flows)}, {}, batteries={"b": asked})
    found = decide(setup(circuits=(main,), batteries=(cells,)), picture, State()).decisions["b"]
    assert (found.mode, found.power_kw) == ("discharge", pytest.approx(power_kw))
