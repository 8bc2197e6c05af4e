"""Load forecasts on recorded homes: each day forecast at its local midnight from what came before, then scored.

The test part begins at day 180 or, of short recordings, in their middle, and holds the last 365 days at most. With
earlier years to train on, all days of the recording are tested. Days 29 to 45 of a home are scored on their own.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
import csv
from dataclasses import dataclass
from datetime import UTC, datetime
import gzip
import os
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final
import warnings

import numpy as np

from benchmarks.load_homes import LoadHome, load_homes
from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.local_time import local_day_and_second
from custom_components.ems.engine.steps import Bools, Floats, Steps

type Scores = dict[str, float]

_LONGEST, _FIRST_TEST = 365, 180
# Days 29 to 45, counted from 1.
FIRST_WEEKS: Final = range(28, 45)
_HOUR_S: Final = 3600
_COLUMNS: Final = ("issued_at", "start", "mean", "p50", "p10", "p90")


@dataclass(frozen=True, kw_only=True, eq=False)
class Walked:
    """Forecasts of single days, with what was true then and what simple rules would have said. [kW].

    Attributes
    ----------
    row : The row of each hour's day in the home's table, shape (hours,).
    issued : The forecast of each day, in order.
    truth : Shape (hours,).
    naive : Yesterday, a week ago, mean and median of the last seven days, shape (4, hours).
    learn_s, forecast_s : Processor time of all learning, and of all forecasts. [s]
    """

    row: Floats
    issued: tuple[Forecast, ...]
    truth: Floats
    naive: Floats
    learn_s: float
    forecast_s: float

    def series(self, name: str) -> Floats:
        """Return a series of all forecasts, shape (hours,)."""
        return np.concatenate([getattr(forecast, name) for forecast in self.issued])


def test_days(home: LoadHome) -> range:
    """Return the rows that are tested."""
    days = len(home.hours_kw)
    own = days - home.trained_days
    first = home.trained_days or min(_FIRST_TEST, own // 2)
    return range(max(first, days - _LONGEST), days)


def walk(home: LoadHome) -> Walked:
    """Issue a forecast at every local midnight that is scored, learning day by day."""
    tested = test_days(home)
    early = [row for row in FIRST_WEEKS if row < tested.start and not home.trained_days]
    forecaster, upto = LoadForecaster(home.zone), 0
    learn_s = forecast_s = 0.0
    rows, issued = [], []
    for row in [*early, *tested]:
        midnight = home.midnight_s(row)
        began = process_time()
        end = int(np.searchsorted(home.starts_s + home.width_s, midnight, side="right"))
        forecaster.learn(home.starts_s[upto:end], home.kw[upto:end], interval_s=home.width_s)
        forecaster.prepare(midnight)
        learned, upto = process_time(), end
        steps = Steps(edges_s=np.arange(midnight, home.midnight_s(row + 1) + 1, _HOUR_S, dtype=np.float64))
        issued.append(forecaster.forecast(midnight, steps))
        learn_s, forecast_s = learn_s + learned - began, forecast_s + process_time() - learned
        rows.append(np.full(len(steps), row))
    row_of = np.concatenate(rows)
    truth, naive = _truth(home, row_of, issued)
    return Walked(
        row=row_of, issued=tuple(issued), truth=truth, naive=naive, learn_s=learn_s, forecast_s=forecast_s
    )


def _truth(home: LoadHome, row: Floats, issued: list[Forecast]) -> tuple[Floats, Floats]:
    """Return what was measured in each hour, and what simple rules say of it."""
    starts = np.concatenate([forecast.steps.starts_s for forecast in issued])
    hour = local_day_and_second(starts, home.zone)[1] // _HOUR_S
    before = [np.where(row >= n, home.hours_kw[np.maximum(row - n, 0), hour], np.nan) for n in range(1, 8)]
    week = np.stack(before)
    with warnings.catch_warnings():
        # A week of gaps has no mean; that hour is left out of this rule's score.
        warnings.simplefilter("ignore", RuntimeWarning)
        rules = [week[0], week[6], np.nanmean(week, axis=0), np.nanmedian(week, axis=0)]
    return home.hours_kw[row, hour], np.stack(rules)


def score(home: LoadHome, walked: Walked) -> Scores:
    """Return all numbers of a home's test part."""
    tested = walked.row >= test_days(home).start
    early = np.isin(walked.row, FIRST_WEEKS) & ~tested
    years = float(home.starts_s[-1] - home.starts_s[0]) / (365 * 86400)
    found = _scores(walked, tested) | {
        "fit_s": walked.learn_s / years,
        "forecast_s": walked.forecast_s / len(walked.issued),
    }
    if early.any():
        first = _scores(walked, early)
        found |= {f"first_weeks_{key}": first[key] for key in ("relative_mae", "coverage_p10_p90")}
    return {key: round(value, 4) for key, value in found.items()}


def _scores(walked: Walked, where: Bools) -> Scores:
    """Return the numbers of some hours; those without truth or without a yesterday are left out."""
    ok = where & np.isfinite(walked.truth) & np.isfinite(walked.naive[0])
    truth, mean = walked.truth[ok], walked.series("mean")[ok]
    low, high = walked.series("p10")[ok], walked.series("p90")[ok]
    error, level = truth - mean, float(truth.mean())
    naive = [_mae(walked.truth - rule, ok & np.isfinite(rule)) for rule in walked.naive]
    rmse = float(np.sqrt(np.mean(error**2)))
    return {
        "hours": float(ok.sum()),
        "mae": float(np.abs(error).mean()),
        "relative_mae": float(np.abs(error).mean()) / naive[0],
        "relative_rmse": rmse / float(np.sqrt(np.mean((truth - walked.naive[0][ok]) ** 2))),
        "nrmse": rmse / level,
        "bias": float(error.mean()) / level,
        "daily_energy_relative_mae": _daily(walked, ok),
        "coverage_p10_p90": float(np.mean((truth >= low) & (truth <= high))),
        "pinball": (_pinball(truth - low, 0.1) + _pinball(truth - high, 0.9)) / level,
        "ratio_to_best_naive": float(np.abs(error).mean()) / min(naive),
        "relative_mae_p50": float(np.abs(truth - walked.series("p50")[ok]).mean()) / naive[0],
        "mae_yesterday": naive[0],
        "mae_last_week": naive[1],
        "mae_mean7": naive[2],
        "mae_median7": naive[3],
    }


def _mae(error: Floats, ok: Bools) -> float:
    return float(np.abs(error[ok]).mean()) if ok.any() else float("nan")


def _pinball(residual: Floats, level: float) -> float:
    return float(np.maximum(level * residual, (level - 1) * residual).mean())


def _daily(walked: Walked, ok: Bools) -> float:
    """Return the MAE of days' energy over that of yesterday's, of days known as a whole."""
    rows, at = np.unique(walked.row, return_inverse=True)
    whole = np.bincount(at, ~ok, len(rows)) == 0
    ours, theirs = (
        np.abs(np.bincount(at, np.nan_to_num(walked.truth - said), len(rows)))[whole].mean()
        for said in (walked.series("mean"), walked.naive[0])
    )
    return float(ours / theirs)


def run(
    data: Path, train: Path | None = None, export: Path | None = None, *, workers: int = 2
) -> Iterator[tuple[str, Scores]]:
    """Yield the numbers of every home of a folder."""
    # One thread each: the BLAS would wake helpers, which spin on the cores that the other worker needs.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    homes = list(load_homes(data, train))
    exports = [export] * len(homes)
    if workers <= 1:
        yield from map(_run_home, homes, exports, strict=True)
        return
    with ProcessPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(_run_home, homes, exports)


def _run_home(home: LoadHome, export: Path | None) -> tuple[str, Scores]:
    walked = walk(home)
    if export is not None:
        _write(export / f"{home.id}.csv.gz", walked)
    return home.id, score(home, walked)


def _write(path: Path, walked: Walked) -> None:
    """Write every forecast, one hour per row. [kW], which is kWh of the hour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(_COLUMNS)
        for forecast in walked.issued:
            issued = _stamp(forecast.issued_at_s)
            series = np.stack([getattr(forecast, name) for name in _COLUMNS[2:]]).T
            for start, values in zip(forecast.steps.starts_s, series, strict=True):
                rows.writerow([issued, _stamp(start), *(f"{value:.5f}" for value in values)])


def _stamp(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%MZ")


def medians(series: dict[str, Scores]) -> Scores:
    """Return the median of every number over the homes that have it."""
    keys = list(dict.fromkeys(key for scores in series.values() for key in scores))
    return {key: round(median(scores[key] for scores in series.values() if key in scores), 4) for key in keys}


def bars(series: dict[str, Scores]) -> Scores:
    """Return what is asked of all homes rather than of the median one."""
    rows = list(series.values())
    covered = [row["coverage_p10_p90"] for row in rows]
    return {
        "homes": len(rows),
        "better_than_yesterday": sum(row["relative_mae"] < 1 for row in rows),
        "worst_ratio_to_best_naive": max(row["ratio_to_best_naive"] for row in rows),
        "coverage_within_75_85": sum(0.75 <= share <= 0.85 for share in covered),
    }
