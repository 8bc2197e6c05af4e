"""What-if: small homes changed by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from custom_components.ems.engine.flexible_load import LoadState, LoadTask
from custom_components.ems.engine.plan import PlanError, solve
from custom_components.ems.engine.plan.what_if import (
    NEW_BATTERY,
    NewArray,
    PriceChange,
    PriceCourse,
    WhatIf,
    apply,
)
from custom_components.ems.engine.problem import BatteryState, Problem, Scenario
from custom_components.ems.engine.site import Battery, Grid, Preference, PvArray, Site, Strategy
from tests.engine.plan.homes import START_S, WALLBOX, battery, car, problem


def day(**changes: Any) -> Problem:
    """Return four hours: cheap, dear, cheap, dear."""
    return problem([0.1, 0.4, 0.1, 0.4], [1, 1, 1, 1], **changes)


def course(*points: tuple[float, float]) -> PriceCourse:
    """Return prices from points of (hours after the start, price)."""
    hours, prices = zip(*points, strict=True)
    return PriceCourse(starts_s=START_S + 3600 * np.array(hours), per_kwh=np.array(prices))


def same(left: Problem, right: Problem) -> bool:
    """Tell whether two problems are the same in every number."""
    return repr(left) == repr(right)


def test_nothing_changed_is_nothing_changed():
    asked = day(batteries={battery(): 4.0}, pv=[0, 1, 2, 0], charger=WALLBOX, car=car([True] * 4, 3))
    assert same(apply(asked, WhatIf()), asked)


@pytest.mark.parametrize(
    ("change", "prices"),
    [
        (PriceChange(factor=2), [0.2, 0.8, 0.2, 0.8]),
        (PriceChange(offset_per_kwh=-0.2), [-0.1, 0.2, -0.1, 0.2]),
        (PriceChange(factor=2, offset_per_kwh=0.1), [0.3, 0.9, 0.3, 0.9]),
        (PriceChange(course=course((0, 0.25))), [0.25] * 4),
        (PriceChange(course=course((-9, 0.25), (2.5, 0.35))), [0.25, 0.25, 0.30, 0.35]),
        (PriceChange(course=course((2, 0.25))), [0.1, 0.4, 0.25, 0.25]),  # the home's own before it
        (PriceChange(course=course((1.5, 0.25))), [0.1, 0.4, 0.25, 0.25]),
        (PriceChange(course=course((0, 0.25)), factor=2, offset_per_kwh=0.1), [0.6] * 4),
    ],
)
def test_prices_are_changed_by_hand(change: PriceChange, prices: list[float]):
    assert apply(day(), WhatIf(import_price=change)).import_price_per_kwh == pytest.approx(prices)
    sold = apply(day(export_price=[0.1, 0.4, 0.1, 0.4]), WhatIf(export_price=change))
    assert sold.export_price_per_kwh == pytest.approx(prices)
    assert sold.import_price_per_kwh == pytest.approx([0.1, 0.4, 0.1, 0.4])


@pytest.mark.parametrize(("factor", "shortfall"), [(10, 2.0 + 3.6), (0.5, 2.0)])
def test_wishes_stay_above_the_dearest_price(factor: float, shortfall: float):
    """At ten times the price a missing kWh would otherwise be cheaper than charging it."""
    task = LoadTask(allowed=np.ones(4, dtype=bool), energy_kwh=1)
    asked = day(charger=WALLBOX, car=car([True] * 4, 4.14), loads={"x": LoadState(tasks=(task,))})
    dear = apply(asked, WhatIf(import_price=PriceChange(factor=factor)))
    assert dear.cars["wallbox"].shortfall_price_per_kwh == pytest.approx(shortfall)
    assert dear.loads["x"].tasks[0].shortfall_price_per_kwh == pytest.approx(shortfall)
    assert not [slack for slack in solve(dear).slacks if slack.name == "car_ready"]


def test_a_larger_battery_has_as_much_to_give_as_the_real_one():
    """10 kWh at 4 above a floor of 1 has 3 to give; 20 kWh with a floor of 2 starts at 5."""
    asked = day(batteries={battery(soc_min=0.1): 4.0})
    larger = apply(asked, WhatIf(battery_capacity_kwh=20))
    assert larger.site.batteries[0].capacity_kwh == 20
    assert larger.site.batteries[0].charge_max_kw == 5
    assert larger.batteries["battery"].energy_kwh == pytest.approx(5.0)
    smaller = apply(asked, WhatIf(battery_capacity_kwh=2))
    assert smaller.batteries["battery"].energy_kwh == pytest.approx(2.0)  # no more than fits


def test_a_battery_below_its_floor_stays_as_far_below():
    asked = day(batteries={battery(soc_min=0.5): 4.0})
    assert apply(asked, WhatIf(battery_capacity_kwh=20)).batteries["battery"].energy_kwh == 9
    assert apply(asked, WhatIf(battery_capacity_kwh=1)).batteries["battery"].energy_kwh == 0


def test_a_larger_battery_saves_by_hand():
    """Each more kWh is bought at 0.10 and used at 0.40, twice; half a battery covers half of the dear hours."""
    asked = day(batteries={battery(capacity_kwh=0.5): 0.0})
    costs = [solve(apply(asked, WhatIf(battery_capacity_kwh=kwh))).costs.energy for kwh in (0, 0.5, 1)]
    assert costs == pytest.approx([1.0, 0.7, 0.4])


def test_power_changes_both_ways_and_its_curve_with_it():
    curved = battery(charge_curve=((0.8, 5.0), (1.0, 1.0)), discharge_max_kw=4.0)
    changed = apply(day(batteries={curved: 4.0}), WhatIf(battery_power_kw=10)).site.batteries[0]
    assert (changed.charge_max_kw, changed.discharge_max_kw) == (10, 10)
    assert changed.charge_curve == ((0.8, 10.0), (1.0, 2.0))


def test_several_batteries_share_and_one_can_be_named():
    small, large = battery(id="a", capacity_kwh=5.0), battery(id="b", capacity_kwh=15.0)
    asked = day(batteries={small: 1.0, large: 2.0})
    both = apply(asked, WhatIf(battery_capacity_kwh=40, battery_power_kw=20))
    assert [each.capacity_kwh for each in both.site.batteries] == [10, 30]
    assert [each.charge_max_kw for each in both.site.batteries] == [10, 10]
    one = apply(asked, WhatIf(battery_id="b", battery_capacity_kwh=40))
    assert [each.capacity_kwh for each in one.site.batteries] == [5, 40]
    with pytest.raises(PlanError, match="battery names c, which is no device of this site"):
        apply(asked, WhatIf(battery_id="c", battery_capacity_kwh=40))


def test_an_absent_battery_can_be_given_a_size():
    """Two without any capacity share evenly."""
    asked = day(batteries={battery(id=id_, capacity_kwh=0.0): 0.0 for id_ in "ab"})
    sizes = [each.capacity_kwh for each in apply(asked, WhatIf(battery_capacity_kwh=8)).site.batteries]
    assert sizes == [4, 4]


def test_a_battery_in_trouble_stays_in_trouble():
    asked = day(batteries={battery(): BatteryState(energy_kwh=0.0, available=False)})
    assert not apply(asked, WhatIf(battery_capacity_kwh=20)).batteries["battery"].available


def test_a_home_without_a_battery_gets_one_that_begins_empty():
    added = apply(day(), WhatIf(battery_capacity_kwh=10))
    (new,) = added.site.batteries
    assert (new.id, new.charge_max_kw, new.discharge_max_kw) == (NEW_BATTERY, 5, 5)
    assert added.batteries[NEW_BATTERY].energy_kwh == pytest.approx(new.soc_min * 10)
    assert (
        apply(day(), WhatIf(battery_capacity_kwh=10, battery_power_kw=3)).site.batteries[0].charge_max_kw == 3
    )
    with pytest.raises(PlanError, match="battery_power_kw could be different: give battery_capacity_kwh"):
        apply(day(), WhatIf(battery_power_kw=3))


def test_the_sun_grows_with_its_inverter():
    roof = PvArray(id="pv", name="Roof", peak_kw=5, inverter_max_kw=4)
    barn = PvArray(id="barn", name="Barn", peak_kw=15)
    asked = day(
        pv=[0, 1, 2, 0], scenarios=(Scenario(load_kw=np.ones(4), pv_available_kw={"pv": np.ones(4)}),)
    )
    asked = replace(asked, site=replace(asked.site, pvs=(roof, barn)))
    twice = apply(asked, WhatIf(pv_peak_kw=40))
    assert [(each.peak_kw, each.inverter_max_kw) for each in twice.site.pvs] == [(10, 8), (30, None)]
    assert twice.pv_available_kw["pv"] == pytest.approx([0, 2, 4, 0])
    assert twice.scenarios[0].pv_available_kw["pv"] == pytest.approx([2] * 4)
    assert apply(asked, WhatIf(pv_peak_kw=0)).pv_available_kw["pv"] == pytest.approx([0] * 4)


def test_a_home_without_sun_gets_an_array():
    new = NewArray(array=PvArray(id="new", name="New", peak_kw=3), available_kw=np.array([0, 1, 2, 0.0]))
    asked = day(scenarios=(Scenario(load_kw=np.ones(4)),))
    lit = apply(asked, WhatIf(pv_peak_kw=3, new_array=new))
    assert lit.pv_available_kw["new"] == pytest.approx([0, 1, 2, 0])
    assert lit.scenarios[0].pv_available_kw["new"] == pytest.approx([0, 1, 2, 0])
    assert solve(lit).costs.energy == pytest.approx(0.1 + 0.4)  # a kWh in the first hour, one in the last
    with pytest.raises(PlanError, match="pv_peak_kw"):
        apply(asked, WhatIf(pv_peak_kw=3))


def test_load_limits_and_leanings_are_changed():
    asked = day(scenarios=(Scenario(load_kw=np.ones(4)),))
    what_if = WhatIf(
        load_factor=1.5,
        import_max_kw=6,
        export_max_kw=0,
        strategy=Strategy.PEAK_SHAVING,
        preference=Preference.COMFORT,
    )
    changed = apply(asked, what_if)
    assert changed.load_kw == pytest.approx([1.5] * 4)
    assert changed.scenarios[0].load_kw == pytest.approx([1.5] * 4)
    assert (changed.site.grid.import_max_kw, changed.site.grid.export_max_kw) == (6, 0)
    assert changed.site.grid.fuse_a == Grid().fuse_a
    assert (changed.site.strategy, changed.site.preference) == ("peak_shaving", "comfort")


def test_the_home_itself_is_left_alone():
    """The plan that runs stands on the same arrays."""
    asked = day(batteries={battery(): 4.0}, pv=[0, 1, 2, 0], charger=WALLBOX, car=car([True] * 4, 3))
    before = repr(asked)
    change = PriceChange(factor=3, offset_per_kwh=1)
    apply(
        asked,
        WhatIf(
            import_price=change, export_price=change, battery_capacity_kwh=1, pv_peak_kw=30, load_factor=2
        ),
    )
    assert repr(asked) == before


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: WhatIf(battery_capacity_kwh=-1), "battery_capacity_kwh"),
        (lambda: WhatIf(pv_peak_kw=float("nan")), "pv_peak_kw"),
        (lambda: WhatIf(load_factor=-0.1), "load_factor"),
        (lambda: PriceChange(factor=-1), "factor"),
        (lambda: PriceChange(offset_per_kwh=float("inf")), "offset_per_kwh"),
        (lambda: course((1, 0.2), (1, 0.3)), "start does not run forward at value 2"),
        (lambda: course((1, float("nan"))), "price has no usable number in step 0"),
        (lambda: PriceCourse(starts_s=np.zeros(0), per_kwh=np.zeros(0)), "start does not run forward"),
        (lambda: apply(day(), WhatIf(import_max_kw=-3)), "import_max_kw"),
    ],
)
def test_what_nothing_can_be_is_refused_by_name(build: Any, named: str):
    with pytest.raises(PlanError, match=named):
        build()


def test_a_new_battery_is_an_ordinary_one():
    """Its efficiency and floor are the defaults of every other battery."""
    (new,) = apply(replace(day(), site=Site(name="Test")), WhatIf(battery_capacity_kwh=10)).site.batteries
    plain = Battery(id=NEW_BATTERY, name=new.name, capacity_kwh=10, charge_max_kw=5, discharge_max_kw=5)
    assert new == plain
