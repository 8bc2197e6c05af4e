"""A problem or plan as a file is the same problem or plan when it is read back."""

import json

from hypothesis import given, settings
import numpy as np
import pytest

from custom_components.ems.engine.plan import PlanError, solve
from custom_components.ems.engine.plan.serial import (
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)
from custom_components.ems.engine.site import Preference, Strategy
from tests.engine.plan.homes import battery, homes, problem
from tests.engine.plan.leanings import leaning


def through_text(data):
    """Write strictly (no NaN, no numpy) and read back."""
    return json.loads(json.dumps(data, allow_nan=False))


@settings(max_examples=15)
@given(homes(sane=False))
def test_problems_survive_the_round_trip_and_so_do_their_plans(asked):
    data = problem_to_json(asked)
    again = problem_from_json(through_text(data))
    assert problem_to_json(again) == data
    np.testing.assert_array_equal(again.steps.edges_s, asked.steps.edges_s)
    np.testing.assert_array_equal(again.import_price_per_kwh, asked.import_price_per_kwh)
    assert again.site == asked.site
    one, two = solve(asked), solve(again)
    assert one.expected_cost == two.expected_cost
    assert plan_to_json(plan_from_json(through_text(plan_to_json(one)))) == plan_to_json(one)


def test_form_is_versioned_and_readable():
    asked = problem([0.1, 0.4], [0, 1], batteries={battery(charge_max_kw=1): 0})
    data = problem_to_json(asked)
    assert data["schema"] == 1
    assert data["steps"] == {
        "starts": ["2026-05-12T10:00:00+00:00", "2026-05-12T11:00:00+00:00"],
        "hours": [1.0, 1.0],
        "end": "2026-05-12T12:00:00+00:00",
    }
    assert data["load_kw"] == [0.0, 1.0]
    plan = plan_to_json(solve(asked))
    assert plan["objective"] == plan["stats"]["objective"]
    assert plan["expected_cost"] == pytest.approx(0.1)
    assert plan["devices"]["battery"]["modes"] == ["charge", "automatic"]


def test_what_was_chosen_is_carried_by_problem_and_plan():
    asked = leaning(problem([0.1, 0.4], [0, 1]), Strategy.PEAK_SHAVING, Preference.COMFORT)
    again = problem_from_json(through_text(problem_to_json(asked)))
    assert (again.site.strategy, again.site.preference) == (Strategy.PEAK_SHAVING, Preference.COMFORT)
    data = plan_to_json(solve(asked))
    assert (data["strategy"], data["preference"]) == ("peak_shaving", "comfort")
    assert plan_from_json(through_text(data)).strategy is Strategy.PEAK_SHAVING
    del data["strategy"], data["preference"]  # as written before there were any
    assert plan_from_json(data).preference is Preference.ECONOMIC


def test_gaps_are_null_and_never_zero():
    asked = problem([0.1, float("nan")], [0, float("inf")])
    data = through_text(problem_to_json(asked))
    assert data["import_price_per_kwh"] == [0.1, None]
    again = problem_from_json(data)
    assert np.isnan(again.import_price_per_kwh[1])
    assert np.isposinf(again.load_kw[1])


def test_unknown_schema_and_missing_fields_are_named():
    data = problem_to_json(problem([0.1], [1]))
    with pytest.raises(PlanError, match="schema 2"):
        problem_from_json({**data, "schema": 2})
    del data["load_kw"]
    with pytest.raises(PlanError, match=r"Problem\.load_kw"):
        problem_from_json(data)


def test_fields_with_defaults_may_be_missing():
    """A file from before a field existed is still a bug report."""
    data = problem_to_json(problem([0.1], [1]))
    del data["degraded"], data["site"]["strategy"]
    assert problem_from_json(data).degraded == ()
