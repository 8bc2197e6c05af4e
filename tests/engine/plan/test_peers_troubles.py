"""What has broken other planners in the field, by the threads that tell of it. Each is a plan here.

The numbers are those of the peers' trackers: e EMHASS, b Predbat, d Day Ahead Optimizer, h HAEO, ea EMHASS' add-on.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.engine.plan import Plan, PlanError, PlanStatus, solve
from custom_components.ems.engine.problem import BatteryState, Problem
from custom_components.ems.engine.site import Battery, Grid
from custom_components.ems.engine.steps import Steps, tiered_steps
from tests.engine.plan.homes import START_S, WALLBOX, battery, bus_residual, car, problem

DAY = 24
PRICE = [0.30] * 7 + [0.40] * 3 + [0.25] * 6 + [0.20, 0.35, 0.45, 0.45, 0.40, 0.35, 0.30, 0.30]


def ordinary(**changes) -> Problem:
    """Return a day of an ordinary home with everything in it."""
    known = {
        "pv": [0.0] * 7 + [1, 2, 3, 4, 4, 3, 2, 1] + [0.0] * 9,
        "export_price": 0.08,
        "batteries": {battery(wear_per_kwh=0.02, soc_min=0.15, charge_efficiency=0.95): 5.0},
        "charger": WALLBOX,
        "car": car([True] * DAY, 10.0),
    }
    return problem(PRICE, [0.5] * DAY, **{**known, **changes})


def is_sound(plan: Plan) -> bool:
    return plan.status is PlanStatus.OK and bool(np.abs(bus_residual(plan)).max() < 1e-9)


def test_charge_a_percent_below_the_floor_does_not_cost_the_night_its_plan():
    """e390: SoC 14 % with a 15 % floor was infeasible."""
    (spec,) = ordinary().site.batteries
    plan = solve(replace(ordinary(), batteries={spec.id: BatteryState(energy_kwh=1.4)}))
    assert is_sound(plan)
    assert plan.devices[spec.id].energy_kwh[-1] >= 1.5 - 1e-6


@pytest.mark.parametrize("energy_kwh", [-0.4, 0.0, 1.0, 10.0, 10.7])
def test_measured_energy_is_shown_as_measured(energy_kwh):
    """h174: a state of charge below the minimum was planned as if it were the minimum."""
    (spec,) = ordinary().site.batteries
    plan = solve(replace(ordinary(), batteries={spec.id: BatteryState(energy_kwh=energy_kwh)}))
    assert is_sound(plan)
    assert plan.devices[spec.id].energy_kwh[0] == energy_kwh


def test_nobody_is_asked_for_a_charge_at_the_end():
    """e1049: an omitted final state of charge became 60 % and a hard equality. There is none to omit."""
    full_of_need = ordinary(batteries={battery(soc_min=0.0): 0.1})
    assert is_sound(solve(full_of_need))
    assert not any("final" in name or "end" in name for name in Battery.__dataclass_fields__)


def test_deadline_that_cannot_be_met_is_said_and_blocks_nobody():
    """d28, d755: a deadline too near crashed the solver, and with it the battery's plan."""
    plan = solve(ordinary(car=car([True] * DAY, 60.0, ready_at_s=START_S + 3600)))
    assert is_sound(plan)
    short = next(slack for slack in plan.slacks if slack.name == "car_ready")
    assert short.amount == pytest.approx(60 - 11.04, abs=1e-6)
    assert np.abs(plan.devices["battery"].power_kw).max() > 0


def test_deadline_in_the_past_is_a_car_that_is_late():
    plan = solve(ordinary(car=car([True] * DAY, 5.0, ready_at_s=START_S - 3600)))
    assert is_sound(plan)
    assert plan.devices["wallbox"].power_kw[0] > 0


def test_negative_load_is_a_number_like_any_other():
    """d280: a report's error made the base load negative, and the day infeasible."""
    plan = solve(replace(ordinary(), load_kw=np.full(DAY, -0.4)))
    assert is_sound(plan)


@pytest.mark.parametrize("curtailable", [True, False])
def test_inverter_that_draws_ten_watts_at_night_is_no_reason_for_no_plan(curtailable):
    """e480: PV of -10 W at night."""
    night = [-0.01] * 7 + [1, 2, 3, 4, 4, 3, 2, 1] + [-0.01] * 9
    plan = solve(ordinary(pv=night, curtailable=curtailable))
    assert is_sound(plan)
    assert plan.devices["pv"].power_kw[0] == pytest.approx(-0.01)


def zoned(zone: str, day: str) -> Steps:
    """Return the quarter-hours of a local day, midnight to midnight."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    following = midnight.replace(day=midnight.day + 1)
    return Steps(edges_s=np.arange(midnight.timestamp(), following.timestamp() + 1, 900.0))


@pytest.mark.parametrize(
    ("zone", "day", "quarters"),
    [
        ("Europe/Berlin", "2026-03-29", 92),  # e496, e766, b3694: 23 hours
        ("Europe/Berlin", "2026-10-25", 100),  # e589, b1566: 25 hours
        ("Australia/Adelaide", "2026-10-04", 92),  # half an hour off, and the other way round
        ("Australia/Lord_Howe", "2026-04-05", 98),  # a change of half an hour
        ("Asia/Kolkata", "2026-06-01", 96),
        ("Asia/Kathmandu", "2026-06-01", 96),  # three quarters off
    ],
)
def test_days_of_any_length_in_any_zone_are_planned_to_their_end(zone, day, quarters):
    """Every product broke twice a year: 668 values for 672 steps, one hour counted twice, no charge windows."""
    steps = zoned(zone, day)
    assert len(steps) == quarters
    price = np.resize(PRICE, quarters).tolist()
    plan = solve(problem(price, [0.5] * quarters, batteries={battery(): 5.0}, steps=steps))
    assert is_sound(plan)
    assert len(plan.devices["battery"].power_kw) == quarters


@pytest.mark.parametrize("at_s", [1_774_746_000.0 - 7200, 1_792_890_000.0 - 7200])
def test_live_axis_runs_through_the_clock_changes(at_s):
    """e985, b3689: prices shifted by an hour. The axis is instants; only people have clocks."""
    steps = tiered_steps(at_s)
    assert np.all(np.diff(steps.edges_s) > 0)
    assert steps.edges_s[-1] - steps.edges_s[0] >= 48 * 3600


@pytest.mark.parametrize(
    ("import_price", "export_price"),
    [(-0.15, -0.2), (0.2, 0.3), (-0.1, 0.1), (-0.05, -0.05)],
    ids=["negative", "export above import", "both", "equal"],
)
def test_energy_is_never_run_in_circles(import_price, export_price):
    """h: 5 kW in and out of the battery at negative prices, 10 kW through the meter with export above import."""
    asked = replace(ordinary(export_price=export_price), import_price_per_kwh=np.full(DAY, import_price))
    # A whole day of money machines takes long to prove; what is found in a second is as physical.
    plan = solve(asked, time_limit_s=1.0)
    assert {reason.key for reason in plan.reasons} <= {"stopped_early"}
    assert np.abs(bus_residual(plan)).max() < 1e-9
    assert np.minimum(plan.import_kw, plan.export_kw).max() == 0
    device = plan.devices["battery"]
    losses = device.energy_kwh[0] - device.energy_kwh[-1]
    assert losses == pytest.approx(
        float(np.where(device.power_kw > 0, device.power_kw, 0.95 * device.power_kw).sum()), abs=1e-6
    )


def test_cheap_cycles_below_the_wear_are_not_made():
    """e111, e279, b525: seven cycles a day on tiny spreads."""
    spread = [0.30, 0.31] * 12
    plan = solve(problem(spread, [1.0] * DAY, batteries={battery(wear_per_kwh=0.02): 0.0}))
    assert np.abs(plan.devices["battery"].power_kw).max() < 1e-6


@pytest.mark.parametrize("efficiency", [0.8, 0.95, 1.0])
def test_five_kilowatts_are_five_kilowatts_at_the_terminal(efficiency):
    """h506: a 5 kW limit at 95 % efficiency yielded 5.26 kW."""
    spec = battery(charge_efficiency=efficiency, discharge_efficiency=efficiency)
    power = solve(problem([0.05, 0.9] * 12, [9.0] * DAY, batteries={spec: 5.0})).devices["battery"].power_kw
    assert np.abs(power).max() == pytest.approx(5.0)


def test_an_import_limit_from_outside_is_a_wish_that_is_named():
    """h208: an import limit fed by a user made everything unavailable; h253: and nobody said why."""
    plan = solve(ordinary(grid=Grid(import_max_kw=0.1), pv=[0.0] * DAY))
    assert is_sound(plan)
    assert "import_limit" in {slack.name for slack in plan.slacks}


def test_flat_prices_give_the_same_plan_every_time():
    """b605, b1793: a new plan every five minutes. Ties go to the earlier hour, and to the plan in force."""
    asked = ordinary()
    asked = replace(asked, import_price_per_kwh=np.full(DAY, 0.3))
    one = solve(asked)
    for again in (solve(asked), solve(asked, previous=one)):
        for id_, device in one.devices.items():
            np.testing.assert_allclose(again.devices[id_].power_kw, device.power_kw, atol=1e-6)


def test_series_of_another_length_are_refused_by_name():
    """e943, "a length mismatch causes silent truncation": never here."""
    with pytest.raises(PlanError, match="load_kw has 23 values where the plan has 24 steps"):
        solve(replace(ordinary(), load_kw=np.full(23, 0.5)))


def test_home_without_any_device_has_a_plan():
    assert is_sound(solve(problem(PRICE, [0.5] * DAY)))
