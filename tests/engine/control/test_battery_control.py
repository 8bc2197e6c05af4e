"""A house battery in real time: a line per case."""

from dataclasses import replace

import pytest

from custom_components.ems.engine.control.battery import (
    BatteryAsk,
    BatteryNow,
    BatteryOrder,
    BatteryRules,
    BatterySpec,
    above_since,
    calmed,
    fitted,
    relieved,
    wanted,
)

SPEC = BatterySpec(
    key="b", name="B", circuit="main", charge_max_kw=5.0, discharge_max_kw=5.0, reserve_soc=0.2
)
SIMPLE = BatterySpec(
    key="b",
    name="B",
    circuit="main",
    charge_max_kw=5.0,
    discharge_max_kw=5.0,
    modes=("charge", "discharge", "automatic"),
)
HALF, LOW = BatteryNow(power_kw=0.0, soc=0.5), BatteryNow(power_kw=0.0, soc=0.2)
FOLLOW, COVER = BatteryAsk(mode="automatic"), BatteryAsk(mode="automatic", stores=False)
STORE = BatteryAsk(mode="automatic", covers=False)

# spec, now, ask, load (less sun), car from grid → mode, power, key
CASES: dict[str, tuple[BatterySpec, BatteryNow, BatteryAsk, float | None, float, str, float | None, str]] = {
    "following is left to the device": (SPEC, HALF, FOLLOW, 1.5, 0, "automatic", None, "battery_follows"),
    "a silent meter too": (
        SPEC,
        HALF,
        BatteryAsk(mode="charge"),
        None,
        0,
        "automatic",
        None,
        "battery_blind",
    ),
    "cover, but feed the sun in: by the meter's power": (
        SPEC,
        HALF,
        COVER,
        1.5,
        0,
        "discharge",
        1.5,
        "battery_covers",
    ),
    "no more than it can": (SPEC, HALF, COVER, 9.0, 0, "discharge", 5.0, "battery_covers"),
    "and with the sun out, hold": (SPEC, HALF, COVER, -2.0, 0, "hold", None, "battery_holds"),
    "store, but do not cover": (SPEC, HALF, STORE, 1.5, 0, "hold", None, "battery_holds"),
    "store without a word for hold": (SIMPLE, HALF, STORE, -2.0, 0, "charge", 2.0, "battery_stores"),
    "a fast car is left out of what is covered": (
        SPEC,
        HALF,
        FOLLOW,
        12.0,
        11.0,
        "discharge",
        1.0,
        "battery_covers_home",
    ),
    "nothing left to cover beside the car": (
        SPEC,
        HALF,
        FOLLOW,
        9.0,
        11.0,
        "hold",
        None,
        "battery_holds_for_car",
    ),
    "the reserve is not used for the home": (SPEC, LOW, FOLLOW, 1.5, 0, "hold", None, "battery_reserve"),
    "nor sold": (SPEC, LOW, BatteryAsk(mode="discharge"), 1.5, 0, "hold", None, "battery_reserve"),
    "charging takes what is asked": (
        SPEC,
        HALF,
        BatteryAsk(mode="charge", power_kw=3),
        1.5,
        0,
        "charge",
        3.0,
        "battery_charge",
    ),
    "and no more than it can": (
        SPEC,
        HALF,
        BatteryAsk(mode="charge", power_kw=9),
        1.5,
        0,
        "charge",
        5.0,
        "battery_charge",
    ),
    "a mode it has not is left to itself": (
        SIMPLE,
        HALF,
        BatteryAsk(mode="hold"),
        1.5,
        0,
        "automatic",
        None,
        "battery_hold",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_battery_should(
    case: tuple[BatterySpec, BatteryNow, BatteryAsk, float | None, float, str, float | None, str],
) -> None:
    spec, now, ask, load_kw, car_kw, mode, power, key = case
    order = wanted(spec, now, ask, load_kw, car_from_grid_kw=car_kw, rules=BatteryRules())
    assert (order.mode, order.power_kw, order.key) == (mode, power, key)


def test_people_may_let_the_battery_feed_a_fast_car() -> None:
    rules = BatteryRules(holds_for_cars=False)
    assert wanted(SPEC, HALF, FOLLOW, 12.0, car_from_grid_kw=11.0, rules=rules).mode == "automatic"


def test_charging_takes_what_the_connection_leaves() -> None:
    order = BatteryOrder(mode="charge", power_kw=5.0, key="battery_charge")
    assert fitted(SPEC, order, 0.0, 1.2).power_kw == 1.2


def test_a_battery_that_charges_by_itself_is_held_back_where_the_fuse_needs_it() -> None:
    order = BatteryOrder(mode="automatic", key="battery_follows")
    assert fitted(SPEC, order, 3.0, 3.0) is order
    assert fitted(SPEC, order, 3.0, 1.0) == BatteryOrder(mode="charge", power_kw=1.0, key="battery_limited")
    assert fitted(SPEC, order, 3.0, 0.0).mode == "hold"


def test_a_battery_helps_a_home_that_alone_exceeds_its_fuse() -> None:
    order = BatteryOrder(mode="hold", key="battery_hold")
    helped = relieved(SPEC, BatteryNow(power_kw=0.5, soc=0.5), order, 1.5)
    assert helped == BatteryOrder(mode="discharge", power_kw=2.0, key="battery_protects")
    assert relieved(SPEC, LOW, order, 1.5) is order
    assert relieved(SPEC, HALF, order, 0.0) is order


def test_help_goes_on_for_a_minute_after_the_meter_has_seen_it() -> None:
    hold, last = (
        BatteryOrder(mode="hold", key="battery_hold"),
        BatteryOrder(mode="discharge", power_kw=3.0, key="battery_protects", changed_at_s=100.0),
    )
    # Its own word is five seconds old, and the meter is below the limit by what it gives.
    assert relieved(SPEC, HALF, hold, -0.5, last=last, now_s=102.0).power_kw == 3.0
    gives = BatteryNow(power_kw=3.0, soc=0.5)
    assert relieved(SPEC, gives, hold, 0.7, last=last, now_s=110.0).power_kw == 3.7
    # After the minute: as much as the fuse needs, and nothing where it needs nothing.
    assert relieved(SPEC, gives, hold, -1.0, last=last, now_s=170.0).power_kw == 2.0
    assert relieved(SPEC, gives, hold, -3.5, last=last, now_s=170.0) is hold
    # What it is to stop giving is off the rows already: it is not counted twice.
    assert relieved(SPEC, gives, hold, 2.0, counted_kw=3.0).power_kw == 2.0


def test_the_minute_of_help_begins_anew_with_every_change_of_it() -> None:
    last = BatteryOrder(mode="discharge", power_kw=3.0, key="battery_protects", changed_at_s=100.0)
    more, same = replace(last, power_kw=4.0), replace(last, changed_at_s=None)
    assert calmed(more, last, 130.0, BatteryRules(), at_once=True).changed_at_s == 130.0
    assert calmed(same, last, 130.0, BatteryRules(), at_once=True).changed_at_s == 100.0


@pytest.mark.parametrize(
    ("mode", "told_kw", "power_kw", "net_kw", "is_above"),
    [
        ("charge", 1.0, -5.0, 6.0, True),
        ("charge", 4.8, -5.0, 6.0, False),  # a device measures differently by some per cent
        ("charge", None, -5.0, 6.0, False),  # all it can
        ("discharge", 2.0, -5.0, 6.0, True),
        ("discharge", 2.0, 2.0, 6.0, False),
        ("hold", None, -3.0, -1.0, False),  # the sun's
        ("hold", None, -3.0, 2.0, True),
        ("automatic", None, -3.0, 2.0, True),
        ("automatic", None, -3.0, None, False),  # blind, nobody knows
        ("automatic", None, None, 2.0, False),
    ],
)
def test_a_battery_that_takes_more_than_it_was_told_is_noticed(
    mode: str, told_kw: float | None, power_kw: float | None, net_kw: float | None, *, is_above: bool
) -> None:
    last = BatteryOrder(mode=mode, power_kw=told_kw, key="x")
    now = BatteryNow(power_kw=power_kw, soc=0.5)
    assert above_since(now, last, net_kw, 50.0) == (50.0 if is_above else None)
    assert above_since(now, replace(last, above_at_s=40.0), net_kw, 50.0) == (40.0 if is_above else None)
    assert above_since(now, replace(last, above_at_s=90.0), net_kw, 50.0) == (50.0 if is_above else None)


def test_a_mode_is_kept_for_a_minute_but_not_against_protection() -> None:
    rules, last = BatteryRules(), BatteryOrder(mode="hold", key="battery_hold", changed_at_s=100.0)
    order = BatteryOrder(mode="charge", power_kw=2.0, key="battery_charge")
    assert calmed(order, last, 159.0, rules, at_once=False) is last
    assert calmed(order, last, 160.0, rules, at_once=False).mode == "charge"
    assert calmed(order, last, 101.0, rules, at_once=True).mode == "charge"


def test_a_few_watts_are_not_worth_a_write() -> None:
    rules = BatteryRules()
    last = BatteryOrder(mode="discharge", power_kw=1.0, key="battery_covers", changed_at_s=0.0)
    near = BatteryOrder(mode="discharge", power_kw=1.09, key="battery_covers")
    far = BatteryOrder(mode="discharge", power_kw=1.11, key="battery_covers")
    assert calmed(near, last, 5.0, rules, at_once=False).power_kw == 1.0
    assert calmed(far, last, 5.0, rules, at_once=False).power_kw == 1.11
