"""The walk that measures load forecasts, on a made-up folder."""

import csv
import gzip
import json
from pathlib import Path
import subprocess
import sys

import numpy as np
import pytest

from benchmarks import forecast_load
from benchmarks.load_homes import load_homes

ROOT = Path(__file__).resolve().parents[3]


def write_home(folder: Path, name: str, minutes: int, days: int, first: str = "2025-03-01") -> None:
    """Write a rough home with a morning and an evening, one gap, and its line in the table."""
    (folder / "load").mkdir(parents=True, exist_ok=True)
    starts = np.datetime64(first, "s") + np.arange(days * 1440 // minutes) * np.timedelta64(minutes * 60, "s")
    hour = np.arange(len(starts)) * minutes / 60 % 24
    rng = np.random.default_rng(3)
    kw = 0.3 + np.exp(-(((hour - 7) / 2) ** 2)) + 1.5 * np.exp(-(((hour - 19) / 2) ** 2))
    kwh = (kw * rng.gamma(4, 0.25, len(starts)) * minutes / 60).round(4)
    fields = [
        f"{start}Z,{'' if i == 500 else value}"
        for i, (start, value) in enumerate(zip(starts, kwh, strict=True))
    ]
    with gzip.open(folder / "load" / f"{name}.csv.gz", "wt") as file:
        file.write("\n".join(["timestamp_utc,load_kwh", *fields]) + "\n")
    table = folder / "load" / "homes.csv"
    new = not table.exists()
    with table.open("a", newline="") as file:
        rows = csv.writer(file)
        if new:
            rows.writerow(["id", "timezone", "resolution_min"])
        rows.writerow([name, "Europe/Vienna", minutes])


def test_the_test_part_is_that_of_the_protocol(tmp_path):
    write_home(tmp_path, "short", 60, 90)
    write_home(tmp_path, "long", 60, 700)
    short, long = load_homes(tmp_path)
    assert forecast_load.test_days(short) == range(45, 91)  # the last day begins in UTC's evening
    assert forecast_load.test_days(long) == range(701 - 365, 701)


def test_earlier_years_are_learned_and_all_later_days_are_tested(tmp_path):
    write_home(tmp_path / "now", "home", 60, 60, "2026-03-01")
    write_home(tmp_path / "before", "home", 60, 90, "2025-03-01")
    (home,) = load_homes(tmp_path / "now", tmp_path / "before")
    assert forecast_load.test_days(home) == range(365, 365 + 61)
    assert np.isfinite(home.hours_kw[:90]).any()


def test_quarters_are_scored_as_hours(tmp_path):
    write_home(tmp_path, "home", 15, 30)
    (home,) = load_homes(tmp_path)
    first = home.kw[4:8].mean()
    assert home.hours_kw[0, 2] == pytest.approx(first)  # 01:00 UTC is 02:00 in Vienna in March
    assert np.isnan(home.hours_kw).sum() == 1 + 1 + 23  # the gap's hour, before the first, after the last


def test_truncated_input_gives_the_same_forecasts(tmp_path):
    """The leak test of whoever judges: the same export, as far as it goes, from half of the days."""
    write_home(tmp_path / "whole", "home", 60, 80)
    write_home(tmp_path / "part", "home", 60, 60)
    exports = []
    for name in ("whole", "part"):
        (home,) = load_homes(tmp_path / name)
        walked = forecast_load.walk(home)
        exports.append({f.issued_at_s: f for f in walked.issued})
    common = sorted(set(exports[0]) & set(exports[1]))[:-2]  # the part ends within its last day
    assert len(common) > 10
    for issued_at in common:
        assert np.array_equal(exports[0][issued_at].mean, exports[1][issued_at].mean)
        assert np.array_equal(exports[0][issued_at].p90, exports[1][issued_at].p90)


def test_the_command_ends_with_one_json_object(tmp_path):
    write_home(tmp_path, "home", 60, 70)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.forecast",
            "--data",
            tmp_path,
            "--export",
            tmp_path / "out",
            "--json",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    asked = "mae relative_mae relative_rmse nrmse bias daily_energy_relative_mae coverage_p10_p90 pinball"
    asked += " mae_yesterday mae_last_week mae_mean7 mae_median7 fit_s forecast_s"
    assert set(asked.split()) <= set(found["load"]["series"]["home"])
    assert found["load"]["median"]["relative_mae"] < 1
    with gzip.open(tmp_path / "out" / "home.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["issued_at", "start", "mean", "p50", "p10", "p90"]
    assert rows[0]["issued_at"].endswith("Z")
    assert float(rows[0]["p10"]) <= float(rows[0]["p50"]) <= float(rows[0]["p90"])
