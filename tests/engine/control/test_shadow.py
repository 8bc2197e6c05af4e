"""The shadow accounts, worked out on paper."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.control.shadow import MAX_GAP_H, account
from custom_components.ems.engine.control.shadow_ledger import (
    KEPT_DAYS,
    PLAN,
    REAL,
    RULE,
    CarStep,
    Ledger,
    Order,
    Step,
    account_names,
    but_for,
)
from custom_components.ems.engine.plan.baseline import follow
from custom_components.ems.engine.site import DemandCharge
from tests.engine.control.shadow_days import BATTERY, START_S, lived, step, worth

CHARGE = {"b": Order(mode="charge", power_kw=1.25)}
HOLD, FOLLOW = {"b": Order(mode="hold")}, {"b": Order(mode="automatic")}


def two_prices() -> list[Step]:
    """0.10 until six, 0.40 after; EMS buys four kWh by night and covers four hours of the evening with them."""
    orders = [CHARGE] * 4 + [HOLD] * 14 + [FOLLOW] * 4 + [HOLD] * 2
    return [
        step(k, orders=told, import_price_per_kwh=0.10 if k < 6 else 0.40) for k, told in enumerate(orders)
    ]


def test_a_day_of_two_prices_by_hand() -> None:
    """5 kWh at 0.10 become 4 stored ones, which save 4 x 0.40 and wear 4 x 0.02: 1.60 - 0.50 - 0.08 = 1.02."""
    ledger = lived(two_prices())
    assert ledger.could_have_saved == pytest.approx(1.02)
    assert ledger.saved == 0
    assert ledger.today.cost[REAL] == ledger.today.cost[RULE] == pytest.approx(6 * 0.10 + 18 * 0.40)
    assert ledger.today.cost[PLAN] == pytest.approx(7.80 - 1.02)
    assert (ledger.hours, ledger.missing_h) == (24, 0)


def test_what_is_stored_at_noon_counts_at_what_it_is_worth() -> None:
    """After the night 0.50 are paid, and 4 kWh at 0.20 are there for it."""
    ledger = lived(two_prices()[:6])
    assert ledger.could_have_saved == pytest.approx(4 * 0.20 - 0.50)


def test_stored_energy_that_loses_its_worth_is_no_gain_any_more() -> None:
    """Revalued from 0.20 to 0.05 by the new prices: what one account holds more than another counts once."""
    night = two_prices()[:4]
    ledger = lived([*night, step(4, orders=HOLD, worth={"b": worth(0.05)}, import_price_per_kwh=0.10)])
    assert ledger.could_have_saved == pytest.approx(4 * 0.05 - 0.50)


def test_what_was_really_saved_is_measured_against_the_rule() -> None:
    """The same day, but the real battery did it: the meter saw 2.25 kW by night and nothing in the evening."""
    stored = [1.0, 2.0, 3.0, 4.0, *[4.0] * 14, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0]
    day = []
    for one, kwh in zip(two_prices(), stored, strict=True):
        hour = round((one.start_s - START_S) / 3600)
        battery_kw = -1.25 if hour < 4 else 1.0 if 18 <= hour < 22 else 0.0
        day.append(
            replace(
                one,
                grid_kw=1.0 - battery_kw,
                battery_kw={"b": battery_kw},
                energy_kwh={"b": kwh},
                is_active=True,
            )
        )
    ledger = lived([replace(step(-1 / 60, hours=1 / 60), is_active=True), *day])
    assert ledger.saved == pytest.approx(1.02)
    assert ledger.could_have_saved == 0
    assert ledger.today.cost[REAL] == pytest.approx(ledger.today.cost[PLAN])


def test_the_rule_stores_surplus_and_covers_the_home_with_it() -> None:
    """4 h of 2 kW surplus, 6.4 kWh stored; real feeds it in and buys: 0.64 - 1.92 = -1.28, and wear 0.128."""
    day = [*(step(k, need_kw=-2.0) for k in range(4)), *(step(k, need_kw=1.6) for k in range(4, 8))]
    ledger = lived(day)
    assert ledger.today.cost[REAL] == pytest.approx(6.4 * 0.30 - 8 * 0.08)
    assert ledger.today.cost[RULE] == pytest.approx(6.4 * 0.02)
    assert ledger.accounts[RULE].energy_kwh["b"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("order", "need_kw", "stored_kwh", "power_kw"),
    [
        (Order(mode="automatic"), 9.0, 8.0, 5.0),  # no more than it can
        (Order(mode="automatic"), 2.0, 1.0, 1.0),  # no more than it has
        (Order(mode="automatic"), -2.0, 10.0, 0.0),  # nor more than fits
        (Order(mode="hold"), 2.0, 5.0, 0.0),
        (Order(mode="hold"), -2.0, 5.0, -2.0),  # surplus may still enter
        (Order(mode="charge", power_kw=3.0), 2.0, 5.0, -3.0),
        (Order(mode="charge"), 2.0, 5.0, -5.0),  # all it can
        (Order(mode="discharge", power_kw=3.0), 2.0, 5.0, 3.0),  # the rest is sold
        (Order(mode="discharge"), 2.0, 8.0, 5.0),
    ],
)
def test_a_virtual_battery_does_what_it_is_told_within_its_limits(
    order: Order, need_kw: float, stored_kwh: float, power_kw: float
) -> None:
    """Seen in what it stores afterwards."""
    ledger = lived([step(0, need_kw=need_kw, orders={"b": order}, energy_kwh={"b": stored_kwh})])
    change = -power_kw if power_kw > 0 else -power_kw * 0.8
    assert ledger.accounts[PLAN].energy_kwh["b"] == pytest.approx(stored_kwh + change)


def test_a_reserve_is_kept_by_the_rule_as_well() -> None:
    """Else who wants a reserve would see the plan lose to a rule that does not keep it."""
    kept = (replace(BATTERY, reserve_soc=0.3),)
    ledger = lived([step(k, batteries=kept, energy_kwh={"b": 4.0}) for k in range(3)])
    assert ledger.accounts[RULE].energy_kwh["b"] == pytest.approx(3.0)


def test_of_two_batteries_each_has_an_account_without_its_plan() -> None:
    """B sells 2 kWh while A covers the home: without B's plan B helps A, without A's nothing changes."""
    two = (replace(BATTERY, id="a", discharge_max_kw=0.6), BATTERY)
    day = step(
        0,
        batteries=two,
        battery_kw={"a": 0.0, "b": 0.0},
        energy_kwh={"a": 5.0, "b": 5.0},
        worth={"a": worth(0.2), "b": worth(0.2)},
        orders={"b": Order(mode="discharge", power_kw=2.0)},
        export_price_per_kwh=0.30,
    )
    ledger = lived([day])
    assert set(ledger.accounts) == set(account_names(two)) == {REAL, RULE, PLAN, but_for("a"), but_for("b")}
    assert ledger.accounts[PLAN].energy_kwh == pytest.approx({"a": 5.0, "b": 3.0})
    assert ledger.accounts[but_for("b")].energy_kwh == pytest.approx({"a": 4.4, "b": 4.6})
    assert ledger.today.cost[but_for("a")] == pytest.approx(ledger.today.cost[PLAN])


def car(taken_kw: float | None, offered_kw: float | None = 0.0, *, connected: bool = True) -> CarStep:
    return CarStep(measured_kw=taken_kw, connected=connected, offered_kw=offered_kw, power_max_kw=4.0)


def car_evening(*later: CarStep) -> list[Step]:
    """A car charges 4 kW for two hours at 0.40, on plug-in; what EMS gives it follows at 0.10."""
    dear = [step(k, need_kw=5.0, import_price_per_kwh=0.40, cars={"c": car(4.0)}) for k in (0, 1)]
    cheap = [step(2 + k, import_price_per_kwh=0.10, cars={"c": each}) for k, each in enumerate(later)]
    return [*dear, *cheap]


def test_a_car_that_charges_later_pays_the_later_price() -> None:
    """The same 8 kWh, 0.30 cheaper each: 2.40. It takes no more than the real car took, whatever it is offered."""
    ledger = lived(car_evening(*[car(0.0, 4.0)] * 3))
    assert ledger.could_have_saved == pytest.approx(2.40)
    assert ledger.accounts[PLAN].owed_kwh == pytest.approx({"c": 0.0})


def test_what_a_car_has_yet_to_get_is_no_saving() -> None:
    """While it waits at 0.40 nothing is gained; when a kWh costs 0.10, the 8 to come do. Or at what they will cost."""
    assert lived(car_evening()).could_have_saved == pytest.approx(0)
    assert lived(car_evening(car(0.0, 0.0))).could_have_saved == pytest.approx(2.40)
    expected = [replace(each, owed_per_kwh=0.25) for each in car_evening(car(0.0, 4.0), car(0.0, 4.0))]
    assert lived(expected[:2]).could_have_saved == pytest.approx(8 * 0.15)
    assert lived(expected[:3]).could_have_saved == pytest.approx(3.2 - 0.4 - 4 * 0.25)
    assert lived(expected).could_have_saved == pytest.approx(2.40)


def test_a_car_that_drives_off_too_early_is_charged_the_rest_at_once() -> None:
    """4 kWh came at 0.10; the other 4 were to come, and are charged what they cost when it left."""
    ledger = lived(car_evening(car(0.0, 4.0), car(0.0, 4.0, connected=False)))
    assert ledger.could_have_saved == pytest.approx(2.40)
    late = lived([*car_evening(car(0.0, 4.0)), step(3, import_price_per_kwh=0.70)])
    assert late.could_have_saved == pytest.approx(8 * 0.40 - 4 * 0.10 - 4 * 0.70)
    assert late.accounts[PLAN].owed_kwh == {}


def test_a_car_that_is_gone_takes_no_sun() -> None:
    """Its 8 kWh are charged at the price of a bought kWh, and the sun of that hour is fed in."""
    sunny = step(
        2, need_kw=-9.0, cars={"c": car(0.0, 9.0, connected=False)}, orders=HOLD, energy_kwh={"b": 10.0}
    )
    full = [replace(each, energy_kwh={"b": 10.0}, orders=HOLD) for each in car_evening()]
    assert lived([*full, sunny]).could_have_saved == pytest.approx(8 * 0.40 - 8 * 0.30)


def test_a_car_that_nobody_decides_for_charges_at_once() -> None:
    assert lived(car_evening(car(0.0, None))[2:]).could_have_saved == 0
    on_plug_in = [replace(each, cars={"c": car(4.0, None)}) for each in car_evening()]
    assert lived(on_plug_in).could_have_saved == pytest.approx(0)


def test_going_active_leaves_no_debt_of_a_car_behind() -> None:
    """8 kWh were put off and never came: without the settling they would have been free."""
    ledger = lived([*car_evening(), step(2, import_price_per_kwh=0.40, is_active=True)])
    assert ledger.could_have_saved == pytest.approx(0)


def test_a_peak_is_charged_once_its_quarter_hour_is_over() -> None:
    """The meter has 5 kW, EMS covers 2 of it: 2 kW less of a peak at 10 each, less the wear of half a kWh."""
    demand = DemandCharge(price_per_kw=10.0)
    common = {"hours": 0.25, "demand": demand, "energy_kwh": {"b": 5.0}, "worth": {"b": worth(0.3)}}
    told = {"b": Order(mode="discharge", power_kw=2.0)}
    first, second = (
        step(0, need_kw=5.0, orders=told, **common),
        step(0.25, need_kw=0.0, orders=HOLD, **common),
    )
    ledger = lived([first, second])
    assert ledger.today.cost[REAL] == pytest.approx(50 + 1.25 * 0.30)
    assert ledger.today.cost[PLAN] == pytest.approx(30 + 1.25 * 0.30 + 0.5 * 0.02)
    third = replace(step(0.5, need_kw=0.0, orders=HOLD, **common), day="2026-07-01")
    assert account(ledger, third).accounts[REAL].peak_kw == 0  # a month has its own


@pytest.mark.parametrize(
    "unknown",
    [
        {"grid_kw": None},
        {"import_price_per_kwh": None},
        {"export_price_per_kwh": None},
        {"battery_kw": {"b": None}},
        {"battery_kw": {}},
        {"energy_kwh": {"b": None}},
        {"worth": {}},
        {"cars": {"c": car(None)}},
    ],
)
def test_a_step_with_anything_unknown_is_missing_and_changes_nothing(unknown: dict) -> None:
    """None is never 0."""
    ledger = lived(two_prices()[:4])
    after = account(ledger, replace(step(4), **unknown))
    assert after.accounts == ledger.accounts
    assert after.today.cost == ledger.today.cost
    assert (after.missing_h, after.today.missing_h, after.hours) == (1, 1, 4)


def test_after_a_silence_all_accounts_begin_with_what_is_measured() -> None:
    """A real battery that was filled while nobody looked is no gain, and the time counts as missing."""
    ledger = lived(two_prices()[:4])
    gap_h = 2 * MAX_GAP_H
    after = account(ledger, step(4 + gap_h, energy_kwh={"b": 9.0}))
    assert after.could_have_saved == ledger.could_have_saved
    assert {name: one.energy_kwh["b"] for name, one in after.accounts.items()} == dict.fromkeys(
        (REAL, RULE, PLAN), 9.0
    )
    assert after.missing_h == pytest.approx(gap_h + 1)
    short = account(ledger, step(4 + MAX_GAP_H / 2))
    assert short.accounts[PLAN].energy_kwh["b"] == pytest.approx(3.0)
    assert short.missing_h == pytest.approx(MAX_GAP_H / 2)


def test_another_battery_or_another_operation_begins_anew() -> None:
    ledger = lived(two_prices()[:4])
    for changed in (
        step(4, is_active=True),
        step(
            4,
            batteries=(replace(BATTERY, id="n"),),
            battery_kw={"n": 0.0},
            energy_kwh={"n": 0.0},
            worth={"n": worth(0.2)},
        ),
    ):
        after = account(ledger, changed)
        assert all(set(one.energy_kwh.values()) == {0.0} for one in after.accounts.values())
        assert (after.could_have_saved, after.saved) == (ledger.could_have_saved, 0)


def test_a_steered_battery_s_virtual_twin_is_set_right_at_midnight() -> None:
    """Losses that nobody knows of add up; once a day the twin has what is measured, and nothing is gained by it."""
    active = {"is_active": True, "steered": frozenset({"b"}), "energy_kwh": {"b": 3.0}, "orders": HOLD}
    today = lived([step(k, **active) for k in range(2)])
    drifted = replace(today.accounts[PLAN], energy_kwh={"b": 2.0}, held=0.4)
    ledger = replace(today, accounts={**today.accounts, PLAN: drifted})
    after = account(ledger, replace(step(2, **active), day="2026-06-16"))
    assert after.accounts[PLAN].energy_kwh["b"] == pytest.approx(3.0)
    assert after.today.cost[PLAN] == pytest.approx(0.30)
    assert after.accounts[RULE].energy_kwh["b"] == pytest.approx(0.0)  # its own way since hours


@pytest.mark.parametrize("hours", [23, 25])
def test_days_on_which_clocks_change_are_whole(hours: int) -> None:
    """Only the clock knows what day it is; the hours are what they are."""
    ledger = lived([step(k / 4, hours=0.25) for k in range(4 * hours)])
    ledger = account(ledger, replace(step(hours), day="2026-06-16"))
    assert [(day.day, day.hours) for day in ledger.days] == [("2026-06-15", hours)]
    assert ledger.days[0].cost[REAL] == pytest.approx(0.30 * hours)
    assert ledger.days[0].turnover == pytest.approx(0.30 * hours)


def test_sixty_days_are_kept() -> None:
    ledger = None
    for k in range(70):
        day = (np.datetime64("2026-06-15") + k).item().isoformat()
        ledger = account(ledger, replace(step(24 * k, hours=24.0), day=day))
    assert ledger is not None
    assert len(ledger.days) == KEPT_DAYS
    assert ledger.days[-1].day == "2026-08-22"


def test_a_day_that_served_another_wish_for_a_minute_is_not_judged() -> None:
    ledger = lived([step(0), replace(step(1), for_money=False), step(2)])
    assert ledger.today.for_money is False


series = st.lists(st.floats(-6, 6), min_size=3, max_size=12)


@settings(max_examples=60)
@given(need=series, begun=st.floats(0, 10), price=st.floats(-0.1, 0.5), kept=st.floats(0, 1))
def test_identical_policies_cost_the_same(need: list[float], begun: float, price: float, kept: float) -> None:
    """The real battery follows the rule, and so does the plan: nothing is saved, whatever comes."""
    spec = replace(BATTERY, reserve_soc=kept, soc_min=kept)
    power, energy = follow(spec, begun, np.array(need), np.ones(len(need)))
    steps = [
        step(
            k,
            need_kw=kw - float(power[k]),
            batteries=(spec,),
            battery_kw={"b": float(power[k])},
            energy_kwh={"b": float(energy[k + 1])},
            import_price_per_kwh=price,
            orders=FOLLOW,
        )
        for k, kw in enumerate(need)
    ]
    opened = account(None, replace(steps[0], start_s=START_S - 60, hours=1 / 60, energy_kwh={"b": begun}))
    ledger: Ledger = lived(steps, opened)
    assert ledger.could_have_saved == pytest.approx(0, abs=1e-9)
    assert ledger.today.cost[RULE] == pytest.approx(ledger.today.cost[REAL], abs=1e-9)


@settings(max_examples=60)
@given(
    need=series,
    modes=st.lists(st.sampled_from(["automatic", "hold", "charge", "discharge"]), min_size=12, max_size=12),
    begun=st.floats(0, 10),
)
def test_a_virtual_battery_stays_within_what_it_is(need: list[float], modes: list[str], begun: float) -> None:
    """Whatever it is told."""
    orders = [{"b": Order(mode=mode)} for mode in modes]
    ledger = None
    for k, kw in enumerate(need):
        ledger = account(ledger, step(k, need_kw=kw, orders=orders[k], energy_kwh={"b": begun}))
        assert all(-1e-9 <= one.energy_kwh["b"] <= 10 + 1e-9 for one in ledger.accounts.values())
