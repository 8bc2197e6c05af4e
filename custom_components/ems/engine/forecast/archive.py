"""What was forecast, and what came of it: the last sixty days of one series, hour by hour."""

import base64
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..local_time import DAY_S, HOUR_S, Ints, local_day_and_second
from ..steps import Floats, Steps
from .result import Forecast

type Halves = NDArray[np.float16]

SCHEMA: Final = 1
# As far as plans look.
LEADS: Final = 48
DAYS: Final = 60
ROWS: Final = ("mean", "p10", "p50", "p90")
# Eleven bits: 0.05 % of the value, far below what any forecast knows, in a quarter of the space.
_STORED: Final = np.dtype("<f2")
_DECIMALS: Final = 5
_MOST_OF_A_DAY_H: Final = 12
# The first issues look back on the truth of the two days before them.
_TRUTH_HOURS: Final = (DAYS + 4) * DAY_S // HOUR_S


def hourly_steps(hour: int) -> Steps:
    """Return the steps of a forecast issued at a full hour (hours since the epoch, UTC): the `LEADS` that follow."""
    return Steps(edges_s=HOUR_S * np.arange(hour, hour + LEADS + 1, dtype=np.float64))


class Archive:
    """Forecasts of one series, at most one per hour, beside the truth. The order of adding does not matter.

    Hours are whole hours since the epoch (UTC). A forecast issued at the hour h covers h, h + 1 … h + 47.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._issues: dict[int, Halves] = {}
        self._truth: dict[int, float] = {}

    def __len__(self) -> int:
        """Return the number of forecasts kept."""
        return len(self._issues)

    def copy(self) -> Archive:
        """Return an archive of its own, for a thread that reads while this one goes on."""
        other = Archive()
        other._issues, other._truth = dict(self._issues), dict(self._truth)  # one class
        return other

    def add(self, forecast: Forecast, *, unknown_only: NDArray[np.bool_] | None = None) -> None:
        """Keep a forecast on `hourly_steps`; a second one of the same hour replaces the first.

        `unknown_only` marks the hours that were really forecast, shape (n,): a price that was published already is
        no forecast.
        """
        if len(forecast.steps) != LEADS or np.any(np.diff(forecast.steps.edges_s) != HOUR_S):
            raise ValueError(f"steps: need {LEADS} whole hours")
        table = np.stack([forecast.mean, forecast.p10, forecast.p50, forecast.p90])
        if unknown_only is not None:
            table = np.where(unknown_only, table, np.nan)
        hour = int(forecast.steps.edges_s[0] // HOUR_S)
        self._issues[hour] = _stored(table)
        self._forget(self._issues, hour - DAYS * DAY_S // HOUR_S)

    def add_truth(self, starts_s: ArrayLike, values: ArrayLike) -> None:
        """Take in what was measured: means over whole hours by their starts, shape (m,); NaN is not known."""
        starts, known = np.asarray(starts_s, dtype=np.float64), np.asarray(values, dtype=np.float64)
        usable = np.isfinite(known) & (starts % HOUR_S == 0)
        hours = (starts[usable] // HOUR_S).astype(np.int64).tolist()
        self._truth.update(zip(hours, known[usable].round(_DECIMALS).tolist(), strict=True))
        if self._truth:
            self._forget(self._truth, max(self._truth) - _TRUTH_HOURS)

    @staticmethod
    def _forget(table: dict[int, Any], until: int) -> None:
        for hour in [hour for hour in table if hour <= until]:
            del table[hour]

    @property
    def truth_until_s(self) -> float | None:
        """Return the end of the last hour whose truth is known; None without any. [s since epoch]."""
        return None if not self._truth else float((max(self._truth) + 1) * HOUR_S)

    def truth(self) -> tuple[Floats, Floats]:
        """Return starts [s] and values of the known hours, in order."""
        hours = sorted(self._truth)
        values = np.array([self._truth[hour] for hour in hours], dtype=np.float64)
        return HOUR_S * np.array(hours, dtype=np.float64), values

    def days_known(self, zone: tzinfo) -> int:
        """Return the number of local days of whose truth most is known."""
        starts, _ = self.truth()
        _, hours = np.unique(local_day_and_second(starts, zone)[0], return_counts=True)
        return int((hours > _MOST_OF_A_DAY_H).sum())

    def truth_at(self, hours: Ints) -> Floats:
        """Return the truth of hours, NaN where it is not known, same shape."""
        if not self._truth:
            return np.full(hours.shape, np.nan)
        first, last = min(self._truth), max(self._truth)
        dense = np.full(last - first + 2, np.nan)  # the last place stands for all that lie outside
        dense[np.array(list(self._truth), dtype=np.int64) - first] = list(self._truth.values())
        at = hours - first
        found: Floats = dense[np.where((at >= 0) & (at <= last - first), at, -1)]
        return found

    def issues(self) -> tuple[Ints, Floats]:
        """Return the hours of issue in order, shape (m,), and mean, p10, p50, p90 by lead, shape (m, 4, LEADS)."""
        hours = sorted(self._issues)
        if not hours:
            return np.zeros(0, dtype=np.int64), np.zeros((0, len(ROWS), LEADS))
        table = np.stack([self._issues[hour] for hour in hours]).astype(np.float64)
        return np.array(hours, dtype=np.int64), np.where(np.isfinite(table), table, np.nan)

    def issue(self, hour: int) -> Floats | None:
        """Return mean, p10, p50, p90 by lead of the forecast issued at an hour, shape (4, LEADS)."""
        found = self._issues.get(hour)
        return None if found is None else np.where(np.isfinite(found), found, np.nan).astype(np.float64)

    def state(self) -> dict[str, Any]:
        """Return all of it in a form that JSON can hold: 512 letters per forecast."""
        starts, values = self.truth()
        return {
            "schema": SCHEMA,
            "issues": {str(hour): _packed(table) for hour, table in dict(self._issues).items()},
            "truth": {
                "hours": (starts // HOUR_S).astype(np.int64).tolist(),
                "values": values.tolist(),
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace all of it by a stored state; a ValueError where that is none, and then nothing is replaced."""
        if state.get("schema") != SCHEMA:
            raise ValueError(f"schema: {state.get('schema')!r} is not one this version can read")
        issues = {int(hour): _unpacked(text) for hour, text in state["issues"].items()}
        hours, values = state["truth"]["hours"], state["truth"]["values"]
        truth = {int(hour): float(value) for hour, value in zip(hours, values, strict=True)}
        self._issues, self._truth = issues, truth


def _stored(table: Floats) -> Halves:
    with np.errstate(over="ignore"):  # what is too large to be kept becomes infinite, and is read as unknown
        return table.astype(_STORED)


def _packed(table: Halves) -> str:
    return base64.b64encode(table.astype(_STORED).tobytes()).decode("ascii")


def _unpacked(text: str) -> Halves:
    found = np.frombuffer(base64.b64decode(text, validate=True), dtype=_STORED)
    return found.reshape(len(ROWS), LEADS)
