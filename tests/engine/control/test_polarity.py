"""A meter that counts backwards is found after a few clear commands, and a house's noise accuses none."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.engine.control.polarity import Polarity, Sign, Signs, weigh, weigh_swing
from custom_components.ems.engine.control.swing import Moved, Swing

CALM = (0.1, 0.1, 0.1)
CAR = Moved(amps=(6, 6, 6), on=(1, 2, 3), was_told=True)


def after(votes: list[float], own_kw: float = 4.0) -> Sign:
    """Return what is known after swings of a device, given what the meter showed of them as a share."""
    sign = Sign()
    for vote in votes:
        sign = weigh(sign, vote * own_kw, own_kw, 0.0)
    return sign


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ([], Polarity.UNKNOWN),
        ([1, 1, 1], Polarity.UNKNOWN),
        ([1, 1, 1, 1], Polarity.RIGHT),
        ([-1, -1, -1], Polarity.UNKNOWN),
        ([-1, -1, -1, -1], Polarity.INVERTED),
        ([-0.9, -0.95, -0.9, -0.95], Polarity.INVERTED),
        ([-1, -1, 1, -1, -1, -1], Polarity.INVERTED),  # somebody cooked during one of them
        ([-1, 1, -1, 1, -1, 1, -1, 1], Polarity.UNKNOWN),
        ([0, 0, 0, 0, 0, 0], Polarity.UNKNOWN),  # it is not behind this meter at all
        ([-0.1] * 10, Polarity.UNKNOWN),
        ([-9], Polarity.UNKNOWN),  # one large load counts once
        ([1] * 20 + [-1] * 8, Polarity.RIGHT),
        ([1] * 20 + [-1] * 9, Polarity.INVERTED),  # the clamp was turned after weeks of being right
        ([-1] * 4 + [1] * 4, Polarity.INVERTED),
        ([-1] * 4 + [1] * 8, Polarity.RIGHT),
    ],
)
def test_the_verdict_follows_the_evidence(votes: list[float], verdict: Polarity) -> None:
    assert after(votes).verdict is verdict


@pytest.mark.parametrize("own_kw", [1.0, -1.0, -7.0])
def test_a_device_that_takes_less_proves_as_much_as_one_that_takes_more(own_kw: float) -> None:
    assert after([-1] * 4, own_kw).verdict is Polarity.INVERTED
    assert after([1] * 4, own_kw).verdict is Polarity.RIGHT


def test_less_than_a_kilowatt_proves_nothing() -> None:
    assert after([-1] * 50, own_kw=0.9).score == 0


def test_a_meter_that_moved_just_before_proves_nothing() -> None:
    assert weigh(Sign(), -4.0, 4.0, 1.3).score == 0
    assert weigh(Sign(), -4.0, 4.0, 1.1).score == -1


def inverted_after(swing: Swing, times: int = 4) -> tuple[int, ...]:
    signs = Signs()
    for _ in range(times):
        signs = weigh_swing(signs, swing)
    return signs.inverted


def test_a_whole_meter_that_is_inverted_is_so_on_all_phases() -> None:
    assert inverted_after(Swing(flows=(-6, -6, -6), unrest=CALM, devices={"car": CAR})) == (1, 2, 3)
    assert inverted_after(Swing(flows=(6, 6, 6), unrest=CALM, devices={"car": CAR})) == ()


def test_one_turned_clamp_is_named() -> None:
    # The sum says a third of what it should, and the second phase the opposite.
    assert inverted_after(Swing(flows=(6, -6, 6), unrest=CALM, devices={"car": CAR})) == (2,)


def test_a_car_whose_wiring_nobody_knows_shows_a_phase_only_where_it_takes_the_same_on_all() -> None:
    three = Moved(amps=(6, 6, 6), on=(), was_told=True)
    one = Moved(amps=(16, 0, 0), on=(), was_told=True)
    assert inverted_after(Swing(flows=(6, 6, -6), unrest=CALM, devices={"car": three})) == (3,)
    assert inverted_after(Swing(flows=(0, 0, -16), unrest=CALM, devices={"car": one})) == (1, 2, 3)
    assert inverted_after(Swing(flows=(0, 16, 0), unrest=CALM, devices={"car": one})) == ()


def test_a_charger_on_another_phase_than_said_accuses_no_meter() -> None:
    wrong = Moved(amps=(16, 0, 0), on=(1, 2, 3), was_told=True)
    assert inverted_after(Swing(flows=(0, 16, 0), unrest=CALM, devices={"car": wrong}), 20) == ()


def test_a_meter_of_one_phase_is_held_against_what_is_on_it() -> None:
    on_it = Moved(amps=(16, 0, 0), on=(1,), was_told=True)
    beside = Moved(amps=(16, 0, 0), on=(2,), was_told=True)
    flows, calm = (-16, None, None), (0.0, None, None)
    assert inverted_after(Swing(flows=flows, unrest=calm, devices={"car": on_it})) == (1, 2, 3)
    assert inverted_after(Swing(flows=flows, unrest=calm, devices={"car": beside})) == ()


# What a house does of its own during a swing, as a share of it: mostly little, now and then a cooker, up or down.
HOUSE = st.one_of(*[st.floats(-0.4, 0.4)] * 6, st.floats(-2.5, 2.5))


@settings(max_examples=200)
@given(st.lists(HOUSE, min_size=1, max_size=300), st.floats(1.0, 11.0))
def test_no_verdict_comes_from_less_than_four_votes_that_outweigh_the_others(
    house: list[float], own_kw: float
) -> None:
    """Votes are at most one: to accuse a right meter, disturbed swings must outnumber the others by four."""
    sign, disturbed, lead, most = Sign(), 0, 0.0, 0.0
    for share in house:
        sign = weigh(sign, (1 + share) * own_kw, own_kw, 0.0)
        disturbed += share < -1
        lead = max(0.0, lead + (1 if share < -1 else -max(0.0, min(1.0, 1 + share))))
        most = max(most, lead)
        assert -5 <= sign.score <= 5
        if most < 3.5:
            assert sign.verdict is not Polarity.INVERTED


@settings(max_examples=100)
@given(st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=6), st.booleans(), st.floats(1.0, 11.0))
def test_six_swings_are_enough_in_a_house_that_is_not_idle(
    house: list[float], is_right: bool, own_kw: float
) -> None:
    sign, factor = Sign(), 1 if is_right else -1
    for share in house:
        sign = weigh(sign, (factor + share) * own_kw, own_kw, 0.0)
    assert sign.verdict is (Polarity.RIGHT if is_right else Polarity.INVERTED)
