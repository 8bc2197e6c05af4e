"""What other homes teach a new one: `python -m benchmarks.pretrain` prints the tables that the engine carries.

Derives the coefficients of `engine/forecast/load/pretrained.py` and the three rows of `today.py` from the homes of a
folder. `--fold N` leaves a fifth of the homes out and scores only those, with tables made from the others: the honest
number for homes that nothing was derived from.
"""

import argparse
from collections.abc import Iterable, Sequence
import os
from pathlib import Path
import sys
from typing import Final, NamedTuple

import numpy as np

from benchmarks import forecast_load
from benchmarks.forecast import DATA
from benchmarks.load_homes import LoadHome, load_homes
from custom_components.ems.engine.forecast.load import pretrained, today
from custom_components.ems.engine.forecast.load.columns import Rows
from custom_components.ems.engine.forecast.load.forecaster import standard_day
from custom_components.ems.engine.forecast.load.regression import Loss, fit
from custom_components.ems.engine.forecast.load.walk import FITS, MEAN, Walk
from custom_components.ems.engine.forecast.load.warmth import Warmth
from custom_components.ems.engine.local_time import weekday_of
from custom_components.ems.engine.steps import Floats

FOLDS: Final = 5
# Homes with long recordings are not to outvote the others.
_DAYS_PER_HOME, _FIRST_DAY = 300, 10
_STIFFNESS, _ROUNDS = 50.0, 8
_LEAST_SPREAD: Final = 0.1
_REACH_H, _BEFORE_H = today.REACH_H, today.BEFORE_H
_DECIMALS: Final = 3


class Lived(NamedTuple):
    """A home's days: design rows (days, 24, p), targets and whether they are known (days, 24), errors in kW."""

    rows: Rows
    targets: Floats
    known: Floats
    errors_kw: Floats


def live(home: LoadHome) -> Lived:
    """Walk through a home's days with the tables there are."""
    walk = Walk(lambda weekday: standard_day(3500.0, weekday), Warmth())
    errors = []
    for row, kw in enumerate(home.hours_kw):
        if np.isfinite(kw).any():
            day = home.first_day + row
            opened = walk.open(day, int(weekday_of(np.array([day]))[0]))
            walk.close(opened, kw)
            errors.append(kw - opened.rows[MEAN])
    return Lived(
        np.stack(walk.columns), np.stack(walk.targets), np.isfinite(np.stack(walk.past.kw)), np.stack(errors)
    )


def coefficients(homes: Sequence[Lived]) -> dict[str, Floats]:
    """Return what the pooled days of all homes say, one set per loss."""
    parts = [_some_days(home) for home in homes]
    x, y, weights = (np.concatenate([part[i] for part in parts]) for i in range(3))
    nothing = np.zeros(x.shape[-1])
    return {name: _pooled(x, y, weights / weights.mean(), loss, nothing) for name, loss in _losses().items()}


def _losses() -> dict[str, Loss]:
    return {each.name: each.loss for each in FITS}


def _pooled(x: Rows, y: Floats, weights: Floats, loss: Loss, nothing: Floats) -> Floats:
    return fit(x, y, weights, loss, prior=nothing, stiffness=_STIFFNESS, start=nothing, rounds=_ROUNDS)


def _some_days(home: Lived) -> tuple[Rows, Floats, Floats]:
    """Return rows, targets and weights of days spread over a recording.

    A home counts by the root of its days, and less the rougher it is.
    """
    count = min(_DAYS_PER_HOME, len(home.rows) - _FIRST_DAY)
    days = np.linspace(_FIRST_DAY, len(home.rows) - 1, max(count, 0)).astype(int)
    known, targets = home.known[days], home.targets[days]
    spread = max(float(np.abs(targets[known]).mean()), _LEAST_SPREAD) if known.any() else 1.0
    return home.rows[days], targets, known / np.sqrt(max(known.sum(), 1)) / spread


def persistence(homes: Sequence[Lived]) -> Floats:
    """Return what is left of today's deviation so many hours later: least squares, each lead for itself.

    Shape (3, leads): of the last hour, of the mean of the three hours before it, of the mean of the day so far.
    """
    rows = [_leads(home.errors_kw[forecast_load.FIRST_WEEKS.start :]) for home in homes]
    table = np.zeros((3, _REACH_H))
    for lead in range(_REACH_H):
        x = np.concatenate([row[0][lead] for row in rows])
        y = np.concatenate([row[1][lead] for row in rows])
        table[:, lead] = np.linalg.lstsq(x, y, rcond=None)[0]
    return table


def _leads(errors_kw: Floats) -> tuple[list[Floats], list[Floats]]:
    """Return regressors (n, 3) and targets (n,) per lead, in units of the home's mean absolute error."""
    scaled = errors_kw / np.nanmean(np.abs(errors_kw))
    x: list[list[Floats]] = [[] for _ in range(_REACH_H)]
    y: list[list[Floats]] = [[] for _ in range(_REACH_H)]
    for hour in range(1, 24):
        so_far = np.nan_to_num(scaled[:, :hour])
        before = so_far[:, max(hour - 1 - _BEFORE_H, 0) : hour - 1]
        seen = np.stack(
            [so_far[:, -1], before.mean(axis=1) if hour > 1 else 0 * so_far[:, -1], so_far.mean(axis=1)],
            axis=1,
        )
        for lead in range(min(_REACH_H, 24 - hour)):
            known = np.isfinite(scaled[:, hour + lead]) & np.isfinite(scaled[:, hour - 1])
            x[lead].append(seen[known])
            y[lead].append(scaled[known, hour + lead])
    return [np.concatenate(part) for part in x], [np.concatenate(part) for part in y]


def left_out(
    homes: Sequence[LoadHome], lived: Sequence[Lived], fold: int
) -> Iterable[tuple[str, forecast_load.Scores]]:
    """Yield the scores of every fifth home with coefficients from the others."""
    others = [each for number, each in enumerate(lived) if number % FOLDS != fold]
    pretrained.COEFFICIENTS.update(coefficients(others))
    for home in homes[fold::FOLDS]:
        yield home.id, forecast_load.score(home, forecast_load.walk(home))


def main() -> None:
    """Print the tables, or what they are worth for homes they do not come from."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pretrain", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of recorded homes")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), help="score a fifth of the homes, left out")
    parser.add_argument("--all-folds", action="store_true", help="score every home, left out in its turn")
    options = parser.parse_args()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    homes = list(load_homes(options.data))
    lived = [live(home) for home in homes]
    folds = range(FOLDS) if options.all_folds else [] if options.fold is None else [options.fold]
    if not folds:
        _print_tables(lived)
        return
    series = {}
    for fold in folds:
        for id_, scores in left_out(homes, lived, fold):
            series[id_] = scores
            print(id_, scores, flush=True)
    print("median", forecast_load.medians(series), forecast_load.bars(series))


def _print_tables(lived: Sequence[Lived]) -> None:
    for name, values in coefficients(lived).items():
        print(f"{name}: {', '.join(_number(value) for value in values)}")
    for name, values in zip(("last", "before", "so far"), persistence(lived), strict=True):
        print(f"{name}: {', '.join(f'{value:.2f}' for value in values)}")
    print("the tables above go into engine/forecast/load/pretrained.py and today.py", file=sys.stderr)


def _number(value: float) -> str:
    return f"{round(float(value), _DECIMALS) + 0.0:g}"


if __name__ == "__main__":
    main()
