"""A car that takes nothing is woken twice, and then left in peace."""

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given, strategies as st

from custom_components.ems.engine.control.decide import decide
from custom_components.ems.engine.control.ev_mode import EvMode
from custom_components.ems.engine.control.snapshot import State
from custom_components.ems.engine.control.wake_up import AWAKE, WakeState, wake

from .closed_loop import House, SimCar
from .homes import START_S, charger, seen, setup, snapshot, word


def live(
    seconds: int, state: WakeState = AWAKE, since_s: int = 0, **given: bool | None
) -> tuple[WakeState, list[int]]:
    """Return what is known after a while, and the seconds in which nothing was offered."""
    told = {"is_there": True, "is_offered": True, "takes": False, **given}
    paused = []
    for second in range(since_s, since_s + seconds):
        offered = bool(told["is_offered"]) and not state.must_pause
        state = wake(
            state,
            is_there=bool(told["is_there"]),
            is_offered=offered,
            takes=told["takes"],
            now_s=START_S + second,
        )
        if state.must_pause:
            paused.append(second)
    return state, paused


def test_a_car_that_takes_nothing_for_a_minute_gets_a_pause_of_ten_seconds() -> None:
    state, paused = live(100)
    assert paused == list(range(60, 70))
    assert (state.tries, state.sleeps) == (1, False)


def test_there_are_two_tries_five_minutes_apart_and_then_it_sleeps() -> None:
    state, paused = live(3600)
    assert paused == [*range(60, 70), *range(360, 370)]
    assert state.sleeps
    assert live(400)[0].sleeps is False


def test_a_car_that_begins_to_charge_is_awake() -> None:
    state, _ = live(3600)
    state, paused = live(1, state, 3600, takes=True)
    assert not state.sleeps
    # When it is full it takes nothing again: its tries are spent.
    state, paused = live(3600, state, 3601)
    assert paused == []
    assert state.sleeps


def test_with_the_next_car_everything_begins_anew() -> None:
    state, _ = live(3600)
    assert live(1, state, 3600, is_there=False)[0] == AWAKE


def test_what_nobody_measures_is_not_woken() -> None:
    assert live(3600, takes=None) == (AWAKE, [])


def test_a_car_that_is_offered_nothing_does_not_sleep() -> None:
    assert live(3600, is_offered=False) == (AWAKE, [])


def test_a_pause_ends_when_the_clock_is_set_back() -> None:
    state, _ = live(65)
    assert state.must_pause
    assert not live(1, state, -3600)[0].must_pause


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([True, False, None]), st.integers(1, 400))))
def test_no_stay_sees_more_than_two_pauses_nor_one_longer_than_ten_seconds(
    looks: list[tuple[bool, bool | None, int]],
) -> None:
    state, now_s, begun = AWAKE, START_S, []
    for is_offered, takes, wait_s in looks:
        for _ in range(wait_s):
            now_s += 1
            was = state.must_pause
            offered = is_offered and not was
            state = wake(state, is_there=True, is_offered=offered, takes=takes, now_s=now_s)
            if state.must_pause and not was:
                begun.append(now_s)
            assert not state.must_pause or now_s - begun[-1] <= 10
    assert len(begun) <= 2
    assert all(after - before >= 300 for before, after in pairwise(begun))


def car_that(wakes: Callable[[int], bool]) -> House:
    """Return a house with a car that charges once it was paused so often."""
    house = House(
        setup=setup(charger()), cars={"car": SimCar(takes_a=0.0)}, load_a=lambda at_s: (at_s % 7 / 50,) * 3
    )
    car, pauses, offered = house.cars["car"], 0, 0.0
    for _ in range(900):
        house.run(1)
        pauses += offered > 0 and car.offered_a == 0
        offered = car.offered_a
        car.takes_a = 16.0 if wakes(pauses) else 0.0
    return house


def reason(house: House) -> str:
    """Return why the car is told what it is."""
    assert house.decided is not None
    return house.decided.decisions["car"].reason.key


def test_a_pause_wakes_a_sleeping_car_in_the_house() -> None:
    house = car_that(lambda pauses: pauses >= 1)
    assert house.cars["car"].drawn_a == 16
    assert reason(house) == "ev_now"


def test_a_car_that_does_not_wake_says_so_and_goes_on_being_offered_its_current() -> None:
    house = car_that(lambda _: False)
    assert reason(house) == "ev_car_sleeps"
    assert house.cars["car"].offered_a >= 6
    house.mode = EvMode.OFF
    house.run(10)
    assert reason(house) == "ev_off"


def test_while_it_pauses_it_says_so() -> None:
    house = House(
        setup=setup(charger()), cars={"car": SimCar(takes_a=0.0)}, load_a=lambda at_s: (at_s % 7 / 50,) * 3
    )
    said = set()
    for _ in range(90):
        house.run(1)
        if house.decided:
            said.add((reason(house), house.cars["car"].offered_a))
    assert ("ev_waking", 0.0) in said


def test_a_car_whose_charger_offers_nothing_yet_is_not_woken() -> None:
    # In advisory operation nothing is written, and what would be told is offered to nobody.
    state, now_s = State(), START_S
    picture = seen(EvMode.NOW, offered_a=0.0)
    for _ in range(100):
        now_s += 5
        amps = 2 + now_s % 7 / 50
        found = decide(
            setup(charger()), snapshot(now_s, {"main": word(amps, 2, 2, now_s)}, {"car": picture}), state
        )
        state = found.state
        assert found.decisions["car"].reason.key == "ev_now"
    assert state.chargers["car"].wake == AWAKE
