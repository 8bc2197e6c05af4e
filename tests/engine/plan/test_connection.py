"""Days that pay for drawing and do not punish feeding in: what narrows the search cuts off no plan."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

from hypothesis import given, settings, strategies as st
import numpy as np
from numpy.testing import assert_allclose
import pytest

from benchmarks.homes import HOURS, SUNDAY_S, negative_home
from custom_components.ems.engine.plan import Plan, PlanStatus, solve
from custom_components.ems.engine.plan.components.connection import Connection
from custom_components.ems.engine.plan.components.direction import Direction
from custom_components.ems.engine.plan.components.store_direction import StoreDirection
from custom_components.ems.engine.plan.home import Home
from custom_components.ems.engine.plan.inputs import judge
from custom_components.ems.engine.plan.program import Ints, Model
from custom_components.ems.engine.plan.solvers import open_solver
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Charger, Grid
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.homes import WALLBOX, battery, car, homes, problem

LENDING = Charger(id="wallbox", name="Wallbox", discharge_max_kw=4.0)
# An hour nearly fills or empties it.
CELL = battery(
    capacity_kwh=3.0, charge_efficiency=0.9, discharge_efficiency=0.9, soc_min=0.1, wear_per_kwh=0.02
)
FIRST = np.arange(2)


def paid_hours(prices: tuple[float, ...] = (-0.1, -0.25, 0.1, 0.3), **changes: object) -> Problem:
    """Return two hours paid for drawing, unless told otherwise, and two that are not."""
    known = {"export_price": 0.02, "pv": [2, 1, 3, 0], "curtailable": True, "batteries": {CELL: 1.0}}
    return problem(list(prices), [0.5, 1.5, 0.4, 1], **{**known, **changes})


HOMES = {
    "battery": paid_hours(),
    "hours that cost": paid_hours((0.3, 0.4, 0.1, 0.3), pv=[0.4, 1, 3, 0]),
    "sun that cannot be held back": paid_hours(curtailable=False),
    "narrow connection": paid_hours(grid=Grid(import_max_kw=3, export_max_kw=2)),
    "car": paid_hours(charger=WALLBOX, car=car([True] * 4, 6)),
    "car that lends": paid_hours(charger=LENDING, car=car([True] * 4, 6, energy_spare_kwh=4.0)),
}


def directions(home: Home) -> list[Direction]:
    return [one for one in home.choices if isinstance(one, Direction)]


def closed_ways(home: Home) -> Iterator[Ints]:
    """Yield the columns to close for every pattern of directions in the first two hours."""
    pairs = [(one, step) for one in directions(home) for step in FIRST]
    for pattern in product((False, True), repeat=len(pairs)):
        closed = [
            columns
            for (one, step), inward in zip(pairs, pattern, strict=True)
            for columns in (one.out if inward else one.into).columns_at(np.array([step]))
        ]
        yield np.concatenate(closed)


def minimum(model: Model, closed: Ints) -> float:
    """Return the minimum with some columns closed, whole numbers or not, and every row in force."""
    nothing = np.zeros(len(closed))
    model = replace(model.with_bounds(closed, nothing, nothing), integer=np.zeros_like(model.integer))
    outcome = open_solver("highs")(model, time_limit_s=60, gap_abs=0)
    return outcome.objective if outcome.has_answer else np.inf


def decided(home: Home) -> Model:
    for one in directions(home):
        one.enforce(home.program, FIRST)
    return home.program.build()


@pytest.mark.parametrize("name", HOMES)
def test_every_way_to_run_a_home_costs_the_same_with_the_rows_that_narrow_the_search(name):
    """By bounds alone on one side: the rows cut off no plan, and the best pattern is the best by enumeration."""
    home = Home(judge(HOMES[name]))
    plain = home.program.build()
    tight = decided(home)
    assert tight.implied is not None
    assert tight.implied.any()
    costs = [(minimum(plain, closed), minimum(tight, closed)) for closed in closed_ways(home)]
    assert_allclose(*zip(*costs, strict=True), atol=1e-6)
    found = open_solver("highs")(tight, time_limit_s=60, gap_abs=0)
    assert found.objective == pytest.approx(min(cost for cost, _ in costs), abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(homes(prices=(-0.8, 0.1)), st.sampled_from([0.0, 0.08]))
def test_what_is_found_is_as_good_as_without_these_rows(asked, paid):
    asked = replace(asked, export_price_per_kwh=np.full(len(asked.steps), paid))
    one = solve(asked, time_limit_s=60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "decide", Direction.decide)
        patch.setattr(StoreDirection, "decide", Direction.decide)
        other = solve(asked, time_limit_s=60)
    assert one.status is other.status is PlanStatus.OK
    assert abs(one.stats.objective - other.stats.objective) <= 0.01 + 1e-6


def unpaid_day() -> Problem:
    return negative_home(even_steps(SUNDAY_S, HOURS, 15), feed_in_per_kwh=0.0)


def test_linear_program_says_nearly_what_a_day_of_unpaid_feed_in_is_worth():
    """Within 0.15 of 17.08, where big-M rows alone promise 2.8 more than any plan can earn."""
    asked = unpaid_day()
    home, steps = Home(judge(asked)), np.flatnonzero(asked.import_price_per_kwh < 0)
    for one in directions(home):
        one.enforce(home.program, steps)
    model, none = home.program.build(), np.zeros(0, dtype=np.int32)
    assert minimum(model, none) == pytest.approx(-17.08, abs=0.15)
    assert minimum(model.without_integers(), none) < -19.5


@cache
def plan_of_unpaid_day() -> Plan:
    return solve(unpaid_day(), time_limit_s=120)


def test_day_of_unpaid_feed_in_is_proven():
    plan = plan_of_unpaid_day()
    assert plan.status is PlanStatus.OK
    assert plan.stats.gap_abs <= 0.01
    assert not np.any((plan.import_kw > 1e-4) & (plan.export_kw > 1e-4))


def test_rows_that_narrow_the_search_have_no_share_in_prices():
    """A kWh more costs what drawing it costs, or what feeding it in would earn; the search says so twice."""
    asked, plan = unpaid_day(), plan_of_unpaid_day()
    drawing, giving = plan.import_kw > 0.01, plan.export_kw > 0.01
    assert drawing.any()
    assert giving.any()
    value = plan.marginal_value_per_kwh
    assert_allclose(value[drawing], asked.import_price_per_kwh[drawing], atol=1e-3)
    assert_allclose(value[giving], asked.export_price_per_kwh[giving], atol=1e-3)
