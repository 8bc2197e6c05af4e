"""A house battery in real time: a line per case."""

import pytest

from custom_components.ems.engine.control.battery import (
    BatteryAsk,
    BatteryNow,
    BatteryOrder,
    BatteryRules,
    BatterySpec,
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
