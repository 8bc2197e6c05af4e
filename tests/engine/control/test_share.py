"""Who gets how much: worked by hand, and what holds whatever is asked."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.control.circuit import Circuit, CircuitNow, CircuitTree
from custom_components.ems.engine.control.claim import Claim, Rank
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.freshness import Trust
from custom_components.ems.engine.control.rows import Bound, BoundKind, PowerBound, rows_of
from custom_components.ems.engine.control.share import share

MAIN = Circuit(key="main", name="House", limit_a=25.0)
GROUP = Circuit(key="garage", name="Garage", limit_a=16.0, above="main", is_metered=False)
ONE, BOTH = CircuitTree(circuits=(MAIN,)), CircuitTree(circuits=(MAIN, GROUP))


def car(key: str = "a", **kwargs: object) -> Claim:
    given_ = {"circuit": "main", "on": (1, 2, 3), "least_a": 6.0, "most_a": 16.0, **kwargs}
    return Claim(key=key, **given_)  # type: ignore[arg-type]


def house(*amps: float, trust: Trust = Trust.FRESH) -> dict[str, CircuitNow]:
    flows = {i + 1: PhaseFlow(active_a=a) for i, a in enumerate(amps)}
    return {"main": CircuitNow(flows=flows, trust=trust)}


def given_to(
    claims: list[Claim],
    now: dict[str, CircuitNow],
    tree: CircuitTree = ONE,
    powers: tuple[PowerBound, ...] = (),
) -> list[float]:
    return [round(a, 3) for a in share(claims, rows_of(tree, now, claims, powers)).amps.tolist()]


def test_one_car_gets_what_the_worst_of_its_phases_leaves() -> None:
    assert given_to([car()], house(5, 12, 3)) == [13]


def test_what_it_draws_already_is_its_own() -> None:
    assert given_to([car(drawn_a=10)], house(15, 22, 13)) == [13]


def test_a_car_on_one_phase_is_not_held_by_another() -> None:
    # evcc #29532: an overload on L1 stopped a car on L2.
    assert given_to([car(on=(2,), terminals=1)], house(30, 5, 5)) == [16]


def test_two_cars_on_different_phases_do_not_add_up() -> None:
    # evcc #14261: cars on L1 and L3 counted as 32 A.
    cars = [car("a", on=(1,), terminals=1), car("b", on=(3,), terminals=1)]
    assert given_to(cars, house(5, 5, 5)) == [16, 16]


def test_a_car_on_nobody_knows_which_phase_counts_on_the_worst() -> None:
    assert given_to([car(on=(), terminals=1)], house(5, 15, 3)) == [10]


def test_alike_cars_share_evenly() -> None:
    assert given_to([car("a"), car("b")], house(5, 5, 5)) == [10, 10]


def test_who_asks_for_less_leaves_the_rest_to_the_other() -> None:
    assert given_to([car("a", most_a=7), car("b")], house(5, 5, 5)) == [7, 13]


def test_a_higher_priority_gets_all_it_asks_for_first() -> None:
    assert given_to([car("a"), car("b", priority=1)], house(1, 1, 1)) == [8, 16]


def test_a_person_comes_before_the_plan_and_the_plan_before_the_sun() -> None:
    cars = [car("sun", rank=Rank.SURPLUS), car("plan"), car("now", rank=Rank.OVERRIDE)]
    assert given_to(cars, house(2, 2, 2)) == [0, 7, 16]


def test_where_not_all_get_the_minimum_the_first_in_the_queue_does() -> None:
    cars = [car("a", turn=(1.0, 5.0)), car("b", turn=(0.0, 9.0))]
    assert given_to(cars, house(15, 15, 15)) == [0, 10]


def test_less_than_the_minimum_is_nothing() -> None:
    assert given_to([car()], house(20, 0, 0)) == [0]


def test_nobody_counts_on_a_decrease_that_no_meter_has_seen() -> None:
    # `a` draws 16 and is to give way to `b`, which waits until the current has gone.
    cars = [car("a", drawn_a=16.0, most_a=16.0), car("b", rank=Rank.OVERRIDE)]
    assert given_to(cars, house(20, 20, 20)) == [0, 0]
    assert given_to([replace(cars[0], drawn_a=0.0), cars[1]], house(4, 4, 4)) == [0, 16]


def test_a_charger_that_does_not_listen_is_counted_with_all_it_may_draw() -> None:
    cars = [car("deaf", fixed_a=16.0, drawn_a=10.0), car("b", drawn_a=8.0)]
    assert given_to(cars, house(20, 20, 20)) == [0, 7]


def test_the_tightest_circuit_on_the_way_wins() -> None:
    cars = [car("a", circuit="garage"), car("b", circuit="garage"), car("c")]
    assert given_to(cars, house(0, 0, 0), BOTH) == [8, 8, 9]


def test_a_meter_that_is_not_believed_leaves_the_safe_current() -> None:
    cars = [car("a", untrusted_a=6.0, drawn_a=16.0), car("b", untrusted_a=0.0)]
    rows = rows_of(ONE, house(5, 5, 5, trust=Trust.STALE), cars)
    found = share(cars, rows)
    assert found.amps.tolist() == [6, 0]
    assert found.held_by[0] == Bound(kind=BoundKind.UNTRUSTED, circuit="main")


def test_a_phase_that_nobody_measures_is_not_believed_either() -> None:
    now = {"main": CircuitNow(flows={1: PhaseFlow(active_a=0), 2: None, 3: None}, trust=Trust.FRESH)}
    assert given_to([car(untrusted_a=6.0)], now) == [6]


def test_a_limit_on_power_holds_all_phases_together() -> None:
    power = PowerBound(kind=BoundKind.OPERATOR, circuit="main", limit_kw=4.2)
    # 4.2 kW / (3 · 230 V) = 6.09 A
    assert given_to([car(step_a=0.1)], house(0, 0, 0), powers=(power,)) == [6.0]
    assert given_to([car(on=(1,), terminals=1)], house(0, 0, 0), powers=(power,)) == [16]


def test_only_who_follows_the_sun_is_held_by_the_surplus() -> None:
    power = PowerBound(kind=BoundKind.SURPLUS, circuit="main", limit_kw=6.9, net_kw=0.0, only_surplus=True)
    cars = [car("sun", follows_surplus=True), car("grid", most_a=7.0)]
    assert given_to(cars, house(0, 0, 0), powers=(power,)) == [10, 7]


def test_a_floor_is_kept_without_sun_and_more_only_with_it() -> None:
    dark = PowerBound(kind=BoundKind.SURPLUS, circuit="main", limit_kw=0.0, net_kw=0.0, only_surplus=True)
    steady = car(follows_surplus=True, floor_a=9.0)
    assert given_to([steady], house(0, 0, 0), powers=(dark,)) == [9]
    assert given_to([steady], house(0, 0, 0), powers=(replace(dark, limit_kw=8.28),)) == [12]


def test_what_rounding_leaves_over_goes_to_somebody() -> None:
    # 25 - 2 = 23 A for three: 7.67 each; in whole amperes 8, 8 and 7.
    cars = [car(key, step_a=1.0, turn=(0.0, float(i))) for i, key in enumerate("abc")]
    assert given_to(cars, house(2, 2, 2)) == [8, 8, 7]


CLAIMS = st.lists(
    st.builds(
        Claim,
        key=st.just("x"),
        circuit=st.sampled_from(["main", "garage"]),
        on=st.sampled_from([(1, 2, 3), (1,), (2,), (3,), (1, 2), ()]),
        terminals=st.integers(1, 3),
        least_a=st.sampled_from([0.0, 6.0]),
        most_a=st.sampled_from([0.0, 6.0, 10.0, 16.0, 32.0]),
        drawn_a=st.floats(0, 32),
        rank=st.sampled_from(list(Rank)),
        priority=st.integers(0, 2),
        follows_surplus=st.booleans(),
        fixed_a=st.none() | st.floats(0, 32),
        step_a=st.sampled_from([0.0, 0.1, 1.0]),
    ),
    min_size=1,
    max_size=8,
)
FLOWS = st.tuples(*[st.floats(-30, 40)] * 3)


@settings(max_examples=300, deadline=None)
@given(claims=CLAIMS, flows=FLOWS, sun_kw=st.floats(-5, 15))
def test_no_row_is_exceeded_by_what_is_given(
    claims: list[Claim], flows: tuple[float, float, float], sun_kw: float
) -> None:
    power = PowerBound(kind=BoundKind.SURPLUS, circuit="main", limit_kw=sun_kw, net_kw=0.0, only_surplus=True)
    rows = rows_of(BOTH, house(*flows), claims, (power,))
    found = share(claims, rows)
    given_ = rows.load @ found.amps
    added = rows.load @ np.maximum(0.0, found.amps - np.array([claim.drawn_a for claim in claims]))
    assert (given_ <= np.maximum(rows.room, 0.0) + 1e-6).all()
    steerable = np.array([claim.fixed_a is None for claim in claims])
    assert (added[~rows.yields] <= rows.free[~rows.yields] + 1e-6).all()
    assert (found.amps[~steerable] == 0).all()


@settings(max_examples=300, deadline=None)
@given(claims=CLAIMS, flows=FLOWS)
def test_everybody_gets_a_current_between_what_they_need_and_what_they_ask(
    claims: list[Claim], flows: tuple[float, float, float]
) -> None:
    found = share(claims, rows_of(BOTH, house(*flows), claims))
    for claim, amps in zip(claims, found.amps.tolist(), strict=True):
        assert amps == 0 or claim.least_a - 1e-6 <= amps <= claim.most_a + 1e-6


@settings(max_examples=200, deadline=None)
@given(wants=st.lists(st.sampled_from([6.0, 8.0, 10.0, 16.0]), min_size=2, max_size=5), load=st.floats(0, 20))
def test_nobody_alike_could_have_more_but_at_the_cost_of_who_has_less(
    wants: list[float], load: float
) -> None:
    claims = [car(str(i), most_a=want, least_a=0.0) for i, want in enumerate(wants)]
    amps = share(claims, rows_of(ONE, house(load, load, load), claims)).amps.tolist()
    for mine, want in zip(amps, wants, strict=True):
        if mine < want - 1e-6:
            # Not satisfied: the fuse is full, and nobody has more than this.
            assert sum(amps) == pytest.approx(25 - load, abs=1e-6)
            assert max(amps) <= mine + 1e-6
