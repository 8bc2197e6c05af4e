"""What `script/bench plan` prints: its shape, never its times."""

from dataclasses import replace
import json
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import growth as growing, plan as measuring
from benchmarks.cases import Case, cases
from benchmarks.days import past_days
from benchmarks.growth import growth
from benchmarks.homes import START_S, clear_sky_kw, clock_hours
from benchmarks.measure import Solved, shape_of, solve_some
from benchmarks.plan import measure, table
from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.steps import even_steps
from tests.engine.plan.homes import problem

ROOT = Path(__file__).parents[3]
CASES = {case.name: case for case in cases()}
TIMES = {"build_ms", "highs_ms", "extract_ms", "total_ms"}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.plan", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)


def test_last_line_is_one_json_object():
    ran = bench("--json", "--only", "lp-48h-15min", "near-48h-15min", "--rounds", "1")
    printed = json.loads(ran.stdout.splitlines()[-1])
    assert [case["name"] for case in printed["cases"]] == ["lp-48h-15min", "near-48h-15min"]
    for case in printed["cases"]:
        assert case["rounds"] >= 9
        assert case["expected_cost"] < case["baseline_cost"]
        assert case["beside_ms"] > 0
        assert 0 < case["fastest_ms"] <= case["total_ms"]
        assert case["cpu_ms"] > 0
        assert case["beside_budget_ms"] == pytest.approx(max(3.0, 0.3 * case["highs_ms"]), abs=1e-3)
        assert TIMES | {"variables", "rows", "objective", "scenarios"} <= set(case)
    assert [case["budget_ms"] for case in printed["cases"]] == [20, 200]
    assert printed["growth"] == []
    assert printed["import_ms"] > 0
    assert printed["import_rss_mb"] > 0


def test_recorded_homes_are_planned_where_they_lie_and_missed_by_name(monkeypatch, tmp_path, capsys):
    weeks = {"cases": [], "targets": [], "battery_kwh": 10.0}
    monkeypatch.setattr(measuring, "real_days", lambda _folder: weeks)
    monkeypatch.setattr(sys, "argv", ["plan", "--json", "--only", "live", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        measuring.main()
    assert "no load/homes.csv" in capsys.readouterr().err
    (tmp_path / "load").mkdir()
    (tmp_path / "load" / "homes.csv").touch()
    measuring.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["real_days"] == weeks


@pytest.mark.parametrize(
    ("name", "steps", "binaries"),
    [
        ("lp-48h-15min", 192, 0),
        ("near-48h-15min", 192, 16),
        ("lp-48h-5min", 576, 0),
        ("near-48h-5min", 576, 24),
        ("live", 128, 0),
        ("live-near", 128, 24),
        ("self_consumption-lp-48h-15min", 192, 0),
        ("self_consumption-near-48h-15min", 192, 16),
        ("peak_shaving-lp-48h-15min", 192, 0),
        ("peak_shaving-near-48h-15min", 192, 16),
        ("load_balancing-lp-48h-15min", 192, 0),
        ("load_balancing-near-48h-15min", 192, 16),
        ("many-devices", 192, 80),
    ],
)
def test_a_case_is_what_it_is_called(name, steps, binaries):
    """A near case that needed no integers, or a linear one that did, would measure something else."""
    shape = shape_of(solve(CASES[name].problem()))
    assert (shape["steps"], shape["binaries"], shape["status"]) == (steps, binaries, "ok")
    assert shape["gap_abs"] <= 0.01


@pytest.mark.parametrize("name", [name for name in CASES if "negative" in name])
def test_a_negative_day_has_38_negative_quarter_hours_and_every_device(name):
    asked = CASES[name].problem()
    below = asked.import_price_per_kwh < 0
    assert np.count_nonzero(below) == 38
    assert set(asked.steps.hours[below]) == {0.25}
    assert asked.load_kw.min() > 0
    assert asked.pv_available_kw["roof"][below].max() > 1
    assert asked.batteries
    assert asked.cars["car"].connected[below].all()


@pytest.mark.parametrize(("name", "days"), [("scenarios10-48h-15min", 10), ("scenarios28-live", 28)])
def test_scenarios_are_days_that_could_be(name, days):
    """No sun at night, never more than a clear sky gives, and every day another one."""
    asked = CASES[name].problem()
    most = clear_sky_kw(clock_hours(asked.steps))
    assert len(asked.scenarios) == days
    for scenario in asked.scenarios:
        sun = scenario.pv_available_kw["roof"]
        assert sun.min() >= 0
        assert np.all(sun <= most + 1e-12)
        assert not sun[most == 0].any()
        assert scenario.load_kw.min() >= 0.1
    sunshine = [float(scenario.pv_available_kw["roof"] @ asked.steps.hours) for scenario in asked.scenarios]
    assert len({round(kwh, 6) for kwh in sunshine}) == days
    assert max(sunshine) > 1.3 * min(sunshine)


def test_only_the_ten_scenarios_ask_for_the_worst_tenth_and_share_an_hour():
    """`scenarios28-live` measures the default of homes with PV."""
    ten, many = (CASES[name].problem() for name in ("scenarios10-48h-15min", "scenarios28-live"))
    assert ten.site.risk_weight > 0
    assert many.site.risk_weight == 0
    assert ten.shared_h == many.shared_h == 1.0


def test_past_days_know_no_bias_and_dull_days_use_more():
    days = past_days(28, even_steps(START_S, 48, 5))
    assert np.abs(days.load_kw.mean(axis=0)).max() < 1e-12
    assert np.abs(days.sun_share.mean(axis=0)).max() < 1e-12
    assert np.corrcoef(days.load_kw.ravel(), days.sun_share.ravel())[0, 1] < -0.05


def test_cases_are_the_same_every_time():
    for case in CASES.values():
        one, other = case.problem(), case.problem()
        np.testing.assert_array_equal(one.load_kw, other.load_kw)
        for a, b in zip(one.scenarios, other.scenarios, strict=True):
            np.testing.assert_array_equal(a.load_kw, b.load_kw)
        assert {i: s.energy_kwh for i, s in one.batteries.items()} == {
            i: s.energy_kwh for i, s in other.batteries.items()
        }


def test_every_budget_of_the_design_has_its_case():
    budgets = {name: case.budget_ms for name, case in CASES.items() if case.budget_ms is not None}
    assert budgets == {
        "lp-48h-15min": 20,
        "near-48h-15min": 200,
        "lp-48h-5min": 200,
        "near-48h-5min": 800,
        "negative-48h-15min": 400,
        "negative-fed-in-48h-15min": 400,
        "negative-unpaid-48h-15min": 400,
        "scenarios10-48h-15min": 250,
        "scenarios28-live": 800,
    }


def test_growth_is_measured_along_both_axes(monkeypatch):
    monkeypatch.setattr(growing, "STEPS", (48, 96))
    monkeypatch.setattr(growing, "DEVICES", (1, 3))
    monkeypatch.setattr(growing, "ROUNDS", 1)
    points = list(growth())
    assert [(point["axis"], point["n"]) for point in points] == [
        ("steps", 48),
        ("steps", 96),
        ("devices", 1),
        ("devices", 3),
    ]
    assert [point["steps"] for point in points] == [48, 96, 192, 192]
    assert points[1]["variables"] > 1.9 * points[0]["variables"]
    for point in points:
        assert point["binaries"] == 0
        assert point["rounds"] >= 1
        assert TIMES | {"variables", "rows"} <= set(point)


def test_growth_reaches_as_far_as_it_was_asked():
    assert growing.STEPS == (96, 192, 288, 576, 1152, 2304)
    assert (growing.DEVICES[0], growing.DEVICES[-1]) == (1, 50)


def test_exporting_writes_a_model_and_an_answer_per_case(tmp_path):
    ran = bench("--export", str(tmp_path / "out"), "--only", "lp-48h-15min", "live")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "live.json",
        "live.mps",
        "lp-48h-15min.json",
        "lp-48h-15min.mps",
    ]
    assert not ran.stdout


def test_what_is_slow_is_not_solved_nine_times():
    asked = problem([0.1, 0.4], [1, 1])
    assert len(solve_some(asked, 9)) == 9
    assert len(solve_some(asked, 9, slow_ms=0.0)) == 3


def test_people_get_a_table(capsys):
    entry = measure(Case(name="small", problem=lambda: problem([0.1, 0.4], [1, 1])), rounds=1)
    assert "small" in table([entry])
    assert not capsys.readouterr().err


def test_a_time_without_the_scenarios_that_were_asked_for_is_called_none(monkeypatch, capsys):
    asked = CASES["scenarios28-live"]
    on_the_mean = solve(replace(asked.problem(), scenarios=()))
    monkeypatch.setattr(measuring, "solve_some", lambda _problem, _rounds: [Solved(on_the_mean, 1.0)])
    measure(asked, rounds=1)
    assert "asked for 28 scenarios, planned on the mean" in capsys.readouterr().err


@pytest.mark.parametrize("suite", ["forecast", "guard", "backtest", "devices"])
def test_what_is_not_measured_yet_says_so(suite):
    if (ROOT / "benchmarks" / f"{suite}.py").exists():
        pytest.skip(f"{suite} is measured")
    ran = subprocess.run(
        ["bash", "script/bench", suite], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "not measured yet" in ran.stderr
