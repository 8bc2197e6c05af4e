"""What `script/bench plan` prints: its shape, never its times."""

import json
from pathlib import Path
import subprocess
import sys

import pytest

from benchmarks.plan import measure, table
from tests.engine.plan.homes import problem

ROOT = Path(__file__).parents[3]


def test_last_line_is_one_json_object_and_the_cases_are_what_they_are_called():
    """A near case that needed no integers, or a linear one that did, would measure something else."""
    command = [sys.executable, "-m", "benchmarks.plan", "--json", "--data", "nowhere"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    printed = json.loads(ran.stdout.splitlines()[-1])
    shapes = {case["name"]: (case["steps"], case["binaries"]) for case in printed["cases"]}
    assert shapes == {
        "lp-48h-15min": (192, 0),
        "near-48h-15min": (192, 16),
        "lp-48h-5min": (576, 0),
        "near-48h-5min": (576, 24),
    }
    for case in printed["cases"]:
        assert case["status"] == "ok"
        assert case["gap_abs"] <= 0.01
        assert case["rounds"] >= 9
        assert case["expected_cost"] < case["baseline_cost"]
        assert {"variables", "rows", "build_ms", "highs_ms", "extract_ms", "total_ms", "objective"} <= set(
            case
        )
    assert printed["import_ms"] > 0
    assert printed["import_rss_mb"] > 0
    assert "--data changes nothing" in ran.stderr


def test_people_get_a_table():
    case = measure("small", problem([0.1, 0.4], [1, 1]), rounds=1)
    assert "small" in table([case])


@pytest.mark.parametrize("suite", ["forecast", "guard", "backtest", "devices"])
def test_what_is_not_measured_yet_says_so(suite):
    if (ROOT / "benchmarks" / f"{suite}.py").exists():
        pytest.skip(f"{suite} is measured")
    ran = subprocess.run(
        ["bash", "script/bench", suite], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "not measured yet" in ran.stderr
