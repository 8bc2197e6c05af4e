"""What the solar forecast is worth on recorded arrays, walk-forward.

It is issued at 00:00 local time for the hours of that day, from the production up to then, and from what is given
for the day itself: the weather of the day, or what others' weather models made of it. Then the day is learned.

    nMAE = mean |y - f| by day, over the peak
    R² = 1 - Σ(y - f)² / Σ(y - mean(y))²      over all hours; by day: with the sun more than 2° above the horizon
"""

from collections.abc import Mapping
import csv
from datetime import UTC, datetime
import gzip
import json
from pathlib import Path
import sys
from time import process_time
from typing import Any, Final

import numpy as np

from benchmarks.pv_sites import Case, cases_of, local_days
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.forecast.solar import SolarForecaster
from custom_components.ems.engine.forecast.sun import sun_position
from custom_components.ems.engine.steps import Bools, Floats, Steps

_DAYLIGHT_DEG: Final = 2.0
_NAMES: Final = ("mean", "p50", "p10", "p90")

type Days = list[Forecast]


def run(data: Path, train: Path | None = None, export: Path | None = None) -> dict[str, dict[str, float]]:
    """Return the skill of every case in a folder that is laid out like ../shared/data.

    train : A folder with earlier periods of the same sites, to learn from.
    export : Where each case's forecasts go as ID.csv.gz, in the unit of the measured series.
    """
    found = {}
    for case in cases_of(data, train):
        began = process_time()
        days = walk(case)
        if export is not None:
            _write(export / f"{case.id}.csv.gz", case, days)
        found[case.id] = score(case, days) | {"cpu_s": round(process_time() - began, 2)}
    return found


def walk(case: Case) -> Days:
    """Issue a forecast at every local midnight of the test part, learning day by day."""
    forecaster = SolarForecaster(case.panels, case.site.place)
    learned_s = float(case.starts_s[0])
    issued = []
    for start_s, stop_s in local_days(case.first_test_s, float(case.starts_s[-1]) + 3600, case.site.zone):
        _learn(forecaster, case, learned_s, start_s)
        learned_s = start_s
        steps = Steps(edges_s=np.arange(start_s, stop_s + 1800, 3600.0, dtype=np.float64))
        issued.append(forecaster.forecast(start_s, steps, case.weather, case.given))
    return issued


def _learn(forecaster: SolarForecaster, case: Case, from_s: float, to_s: float) -> None:
    """Learn the hours that have ended by an instant."""
    here = (case.starts_s >= from_s) & (case.starts_s + 3600 <= to_s)
    power_kw = case.power[here] / case.per_kw
    forecaster.learn(case.starts_s[here], power_kw, case.weather, case.given, interval_s=3600.0)


def score(case: Case, days: Days) -> dict[str, float]:
    """Return the skill of forecasts, of the hours that were measured."""
    at_s = np.concatenate([day.steps.starts_s for day in days])
    mean, p50, p10, p90 = (np.concatenate([getattr(day, name) for day in days]) for name in _NAMES)
    index = np.searchsorted(case.starts_s, at_s)
    index = np.minimum(index, len(case.starts_s) - 1)
    truth = np.where(case.starts_s[index] == at_s, case.power[index] / case.per_kw, np.nan)
    place = case.site.place
    sun = sun_position(at_s + 1800, place.latitude_deg, place.longitude_deg)
    known = np.isfinite(truth)
    daylight = known & (90 - sun.zenith_deg > _DAYLIGHT_DEG)
    inside = (truth >= p10) & (truth <= p90)
    return {
        "r2": _r2(truth, mean, known),
        "r2_daylight": _r2(truth, mean, daylight),
        "nmae": _rounded(np.abs(truth - mean)[daylight].mean() * case.per_kw / case.peak),
        "bias": _rounded((mean - truth)[known].mean() / truth[known].mean()),
        "coverage_p10_p90": _rounded(inside[daylight].mean()),
        "above_p90": _rounded((truth > p90)[daylight].mean()),
        "below_p50": _rounded((truth < p50)[daylight].mean()),
        "days": float(len(days)),
    }


def _r2(truth: Floats, forecast: Floats, hours: Bools) -> float:
    y, f = truth[hours], forecast[hours]
    return _rounded(1 - np.sum((y - f) ** 2) / np.sum((y - y.mean()) ** 2))


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def _write(path: Path, case: Case, days: Days) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["issued_at", "start", "mean", "p50", "p10", "p90"])
        for day in days:
            table = case.per_kw * np.stack([day.mean, day.p50, day.p10, day.p90], axis=1)
            for start_s, values in zip(day.steps.starts_s, table, strict=True):
                cells = [f"{value:.6g}" for value in values]
                rows.writerow([_stamp(day.issued_at_s), _stamp(start_s), *cells])


def _stamp(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _main(arguments: list[str]) -> None:
    data = Path(arguments[0]) if arguments else Path(__file__).parents[2] / "shared" / "data"
    found: Mapping[str, Mapping[str, float]] = run(data)
    print(json.dumps({"pv": found}, indent=1))


if __name__ == "__main__":
    _main(sys.argv[1:])
