"""A charger's word is older than the meter's: what moved in between is parted between car and household."""

from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.followed import Followed, Shift
from custom_components.ems.engine.control.snapshot import MeterWord

from .closed_loop import House, SimCar
from .homes import charger, setup

ON = (1, 2, 3)


def word(at_s: float, *amps: float) -> MeterWord:
    """Return what a meter says of its phases."""
    flows = {phase: PhaseFlow(active_a=each) for phase, each in zip(ON, amps, strict=True)}
    return MeterWord(at_s=at_s, flows=flows)


def drawn(
    shift: Shift, measured_a: float, offered_a: float, *, at_s: float = 100.0, is_over: bool = False
) -> float:
    """Return what a car is taken to draw by now."""
    found = shift.follow(measured_a, at_s, offered_a, ON, None, may_rise=True, is_over=is_over)
    assert found
    return found.amps


def test_a_rise_towards_what_it_was_told_is_the_cars() -> None:
    """Three of the four amperes that came are still missing to its offer."""
    shift = Shift(word(100, 18, 18, 18), word(102, 22, 22, 22))
    assert drawn(shift, 11, 14) == 14


def test_a_rise_beyond_what_it_was_told_is_the_households() -> None:
    """Nobody else may take what a car has claimed; what is left over is for the next."""
    shift = Shift(word(100, 18, 18, 18), word(102, 22, 22, 22))
    assert drawn(shift, 11, 14) == 14
    assert drawn(shift, 6, 16) == 7


def test_a_rise_on_one_phase_is_not_a_car_on_three() -> None:
    """A kettle."""
    shift = Shift(word(100, 18, 18, 18), word(102, 26, 18, 18))
    assert drawn(shift, 11, 16) == 11


def test_a_fall_towards_what_it_was_told_is_the_cars() -> None:
    """Then what comes on top of it is no longer hidden behind an old word."""
    shift = Shift(word(100, 27, 27, 27), word(102, 24, 24, 24))
    assert drawn(shift, 16, 13) == 13


def test_over_the_limit_a_rise_does_not_count() -> None:
    """It may be a kettle, and then the car has to make room for all of it."""
    shift = Shift(word(100, 18, 18, 18), word(102, 26, 26, 26))
    assert drawn(shift, 11, 16, is_over=True) == 11
    before = Followed(amps=14, measured_a=11, measured_at_s=100)
    found = shift.follow(11, 100, 16, ON, before, may_rise=True, is_over=True)
    assert found == Followed(amps=11, measured_a=11, measured_at_s=100)


def test_a_word_of_the_charger_in_between_has_seen_its_part_already() -> None:
    """Half of the time between the meter's words was over when it was measured."""
    shift = Shift(word(100, 18, 18, 18), word(102, 22, 22, 22))
    assert drawn(shift, 12, 16, at_s=101) == 14
    assert drawn(shift, 14, 16, at_s=102) == 14


def test_without_a_new_word_nothing_moves() -> None:
    """The guard looks more often than a meter speaks."""
    assert drawn(Shift(word(102, 22, 22, 22), word(102, 22, 22, 22)), 11, 16) == 11
    assert drawn(Shift(None, word(102, 22, 22, 22)), 11, 16) == 11


def test_what_a_car_has_given_back_counts_whole_where_its_charger_was_read_halfway() -> None:
    """Its charger still said 11 A half a second before it went down to 8, and the meter saw all of that."""
    before = Followed(amps=11, measured_a=11, measured_at_s=96)
    shift = Shift(word(100, 27, 27, 27), word(102, 24, 24, 24))
    found = shift.follow(11, 101, 8, ON, before, may_rise=True, is_over=False)
    assert found == Followed(amps=8, measured_a=11, measured_at_s=101)
    halfway = Shift(word(100, 27, 27, 27), word(102, 25, 25, 25))
    found = halfway.follow(10, 101, 8, ON, before, may_rise=True, is_over=False)
    assert found == Followed(amps=9, measured_a=10, measured_at_s=101)


def test_a_newer_word_of_the_charger_waits_for_the_meters() -> None:
    """The meter still shows what the car has given back since; by that it would be stopped for nothing."""
    before = Followed(amps=11, measured_a=11, measured_at_s=100)
    same = Shift(word(102, 27, 27, 27), word(102, 27, 27, 27))
    assert same.follow(8, 103, 8, ON, before, may_rise=True, is_over=True) == before
    newer = Shift(word(102, 27, 27, 27), word(104, 24, 24, 24))
    found = newer.follow(8, 103, 8, ON, before, may_rise=True, is_over=False)
    assert found == Followed(amps=8, measured_a=8, measured_at_s=103)


def test_a_meter_whose_phases_speak_one_by_one_has_said_something_new() -> None:
    """The time of its word is that of the oldest phase; what another says counts all the same."""
    before = Followed(amps=11, measured_a=11, measured_at_s=100)
    shift = Shift(word(102, 27, 27, 27), word(102, 24, 27, 27))
    found = shift.follow(8, 103, 8, ON, before, may_rise=True, is_over=True)
    assert found == Followed(amps=8, measured_a=8, measured_at_s=103)


def test_on_unknown_phases_its_own_word_is_all_there_is() -> None:
    """As where nobody says when it was measured, or what it was told."""
    shift = Shift(word(100, 18, 18, 18), word(102, 22, 22, 22))
    assert shift.follow(11, 100, 16, (), None, may_rise=True, is_over=False) is None
    assert shift.follow(11, None, 16, ON, None, may_rise=True, is_over=False) is None
    assert shift.follow(11, 100, None, ON, None, may_rise=True, is_over=False) is None


def house(load_a: list[float]) -> House:
    """Return a home of 25 A with one car, whose charger is asked every five seconds."""
    site = setup(charger("car", rotation=ON, current_max_a=16.0))

    def load(at_s: float) -> tuple[float, float, float]:
        flicker = (at_s % 7) / 100
        return load_a[0] + flicker, load_a[0] + flicker, load_a[0] + flicker

    return House(setup=site, cars={"car": SimCar()}, load_a=load, chargers_every_s=5)


def told_a(home: House, seconds: int) -> list[float]:
    """Return what the car is offered in each second."""
    found = []
    for _ in range(seconds):
        home.run(1)
        found.append(home.cars["car"].offered_a)
    return found


def test_a_car_that_comes_back_to_its_current_is_not_taken_for_the_household() -> None:
    """With just room for 16 A beside the load, no ampere that was given back is taken away again."""
    load_a = [8.3]
    home = house(load_a)
    home.run(120)
    for moment in range(10):
        load_a[0] = 13.3
        home.run(20 + moment)
        load_a[0] = 8.3
        offers = told_a(home, 40)
        assert offers == sorted(offers)
        assert offers[-1] == 16


def test_a_second_load_is_met_although_the_chargers_word_is_old() -> None:
    """It comes a second after the car has made room for the first, before its charger was asked again."""
    for moment in range(10):
        load_a = [8.3]
        home = house(load_a)
        home.run(120 + moment)
        load_a[0] = 11.3
        while home.cars["car"].drawn_a > 13.5:
            home.run(1)
        home.run(1)
        load_a[0] = 14.3
        home.run(2)
        assert home.cars["car"].offered_a <= 10.7


def test_a_look_between_two_words_of_the_meter_stops_nobody() -> None:
    """The car has begun to make room, and only its charger has seen it."""
    load_a = [8.3]
    home = house(load_a)
    home.chargers_every_s = 1
    home.run(120)
    load_a[0] = 16.3
    for _ in range(20):
        home.meter_works = lambda _: True
        home.run(1)
        home.meter_works = lambda _: False
        home.tick()
        assert home.cars["car"].offered_a in (16, 8)
