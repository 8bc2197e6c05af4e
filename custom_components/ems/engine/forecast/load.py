"""Load: what the home will consume, from its own last weeks."""

from datetime import tzinfo
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import DAY_S, HOUR_S, Ints, local_day_and_second, weekday_of
from ..steps import Bools, Floats, Steps
from .history import BIN_S, RecentHistory
from .prior import ANNUAL_KWH, SPREAD, residential_kw
from .result import Forecast

SCHEMA = 1
# All constants below were chosen on the homes and by the protocol of docs/forecasts.md.
HALF_LIFE_DAYS = 4.5  # short memory wins; anything between 4 and 6 does
# Days of the same weekday count for a little more and for longer; more than this costs more than it brings.
WEEKDAY_WEIGHT, WEEKDAY_HALF_LIFE_DAYS = 0.15, 28.0
NEIGHBOUR_SHARE = 0.15  # of the hour before and after in a slot's mean: people are not punctual
BAND_HALF_LIFE_DAYS = 10.0
# The weight of either neighbouring hour in a slot's band. Together they stay below the hour itself, or a load
# on a timer would lose its median to the quiet hours around it.
BAND_NEIGHBOUR_WEIGHT = 0.3
QUANTILES = (0.1, 0.5, 0.9)
# The deviation of the last known hour is worth 0.50, 0.26, 0.15, 0.09 of itself in the four hours that
# follow, which is 0.7·exp(-lead / 1.5 h) at their middles. It takes a quarter off the next hour's squared
# error, and after six hours nothing is left of it.
PERSISTENCE, PERSISTENCE_H, PERSISTENCE_END_S = 0.7, 1.5, 6 * HOUR_S
# Imagined days, with this weight together, fill the table before there are real ones. After two weeks they
# weigh nothing where a slot has been seen, and still answer where it has not.
PRIOR_DAYS, LEARNED_DAYS = 1.5, 14
PRIOR_FLOOR = 1e-6


def _weighted_quantiles(values: Floats, weights: Floats) -> Floats:
    """Return the quantiles of each column, shape (3, columns); values and weights are (rows, columns)."""
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    below = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)
    rows = [np.argmax(below >= q * below[-1], axis=0) for q in QUANTILES]
    return np.stack([np.take_along_axis(ordered, row[None], axis=0)[0] for row in rows])


def _neighbours(table: Floats, slots: int) -> tuple[Floats, Floats]:
    """Return a table's slots an hour earlier and later; the day's ends meet."""
    return np.roll(table, slots // 24, axis=-1), np.roll(table, -(slots // 24), axis=-1)


class _DayTable:
    """Local days × slots of the clock. In autumn the doubled hour is averaged; in spring one is missing."""

    def __init__(self, starts_s: Ints, kw: Floats, zone: tzinfo, width_s: int) -> None:
        self.slots = DAY_S // width_s
        day, second = local_day_and_second(starts_s, zone)
        self.days: Ints = np.arange(day.min(), day.max() + 1) if len(day) else np.zeros(0, dtype=np.int64)
        cell = (day - (self.days[0] if len(day) else 0)) * self.slots + second // width_s
        size = len(self.days) * self.slots
        count = np.bincount(cell, minlength=size).reshape(-1, self.slots)
        total = np.bincount(cell, weights=kw, minlength=size).reshape(-1, self.slots)
        self.known = count > 0
        self.kw = total / np.maximum(count, 1)


class LoadForecaster:
    """Decayed means and quantiles of the same time of day, leaning on a standard household until learned.

    Slots are those of the local clock, so that breakfast stays at breakfast over the clock changes.

    Parameters
    ----------
    zone : The home's time zone.
    annual_kwh : What the household is believed to use in a year; it matters in the first days only. [kWh]
    """

    def __init__(self, zone: tzinfo, annual_kwh: float = ANNUAL_KWH) -> None:
        """Begin with the prior."""
        if not annual_kwh > 0:
            raise ValueError("annual_kwh: must be above 0")
        self._zone = zone
        self._annual_kwh = annual_kwh
        self._history = RecentHistory()

    def learn(self, starts_s: ArrayLike, values_kw: ArrayLike, *, interval_s: float | None = None) -> None:
        """Take in history: mean power per interval of 15 minutes to an hour, NaN where it is not known.

        Call it with everything or piece by piece, in any order; what is learned twice counts once.
        `interval_s` is the intervals' width, by default the commonest distance of the starts.
        """
        self._history.add(starts_s, values_kw, interval_s)

    def state(self) -> dict[str, Any]:
        """Return everything learned in a form that JSON can hold."""
        return {"schema": SCHEMA, "history": self._history.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a stored state."""
        if state.get("schema") != SCHEMA:
            raise ValueError(f"schema: {state.get('schema')!r} is not one this version can read")
        self._history.restore(state["history"])

    def forecast(self, issued_at_s: float, steps: Steps) -> Forecast:
        """Answer with mean and band, shape (n,) each, from what ended before `issued_at_s`. [kW]."""
        starts, kw = self._history.before(issued_at_s)
        # The band is of the step's mean power: an hour's mean swings less than a quarter's.
        quarters, hours = (self._rows(starts, kw, steps, width_s) for width_s in (BIN_S, HOUR_S))
        mean, *band = np.where(steps.hours >= 1, hours, quarters)
        p10, p50, p90 = np.sort(band, axis=0)
        seen = len(np.unique(starts // DAY_S))
        basis = "prior" if seen == 0 else "prior_and_learned" if seen < LEARNED_DAYS else "learned"
        return Forecast(
            issued_at_s=issued_at_s, steps=steps, mean=mean, p10=p10, p50=p50, p90=p90, basis=basis
        )

    def past_error(self, issued_at_s: float, steps: Steps, days_ago: int) -> Floats:
        """Return by how much consumption differed from what was expected of it, some days ago. [kW].

        Of the same stretch of time, moved back by whole days; every day is expected from the days before it. NaN
        where nothing was measured. Around a clock change it is an hour off, which an error does not mind.
        """
        starts, kw = self._history.before(issued_at_s)
        table = _DayTable(starts, kw, self._zone, BIN_S)
        bins = BIN_S * np.arange(steps.edges_s[0] // BIN_S, -(-steps.edges_s[-1] // BIN_S))
        past = bins - days_ago * DAY_S
        at = np.searchsorted(starts, past)
        inside = np.minimum(at, max(len(starts) - 1, 0))
        measured = (at < len(starts)) & (starts[inside] == past) if len(starts) else np.zeros(len(past), bool)
        error = np.full(len(past), np.nan)
        if measured.any():
            error[measured] = kw[at[measured]] - self._on_bins(table, past[measured])[0]
        return steps.mean_of(bins, error)

    def _rows(self, starts: Ints, kw: Floats, steps: Steps, width_s: int) -> Floats:
        """Return mean, p10, p50 and p90 per step from slots of one width, shape (4, n)."""
        table = _DayTable(starts, kw, self._zone, width_s)
        first, last = steps.edges_s[0] // BIN_S, -(-steps.edges_s[-1] // BIN_S)
        bins = BIN_S * np.arange(first, last)
        rows = self._on_bins(table, bins) + self._persistence(table, starts, kw, bins)
        return np.stack([steps.mean_of(bins, row) for row in np.maximum(rows, 0)])

    def _persistence(self, table: _DayTable, starts: Ints, kw: Floats, bins_s: Floats) -> Floats:
        """Return what is left, in each bin, of the last known hour's deviation from its expectation. [kW]."""
        known_until_s = starts[-1] + BIN_S if len(starts) else -np.inf
        lead_s = bins_s + BIN_S / 2 - known_until_s
        if lead_s[0] > PERSISTENCE_END_S:
            return np.zeros(len(bins_s))
        recent = starts >= known_until_s - HOUR_S
        deviation = float(np.mean(kw[recent] - self._on_bins(table, starts[recent])[0]))
        left: Floats = np.exp(-np.maximum(lead_s, 0) / HOUR_S / PERSISTENCE_H)
        return PERSISTENCE * deviation * left

    def _on_bins(self, table: _DayTable, bins_s: Floats | Ints) -> Floats:
        """Return mean, p10, p50 and p90 of each bin, shape (4, bins): every day from the days before it."""
        day, second = local_day_and_second(bins_s, self._zone)
        slot = second // (DAY_S // table.slots)
        rows = np.empty((4, len(bins_s)))
        for target in np.unique(day):
            here = day == target
            rows[:, here] = self._day(table, int(target))[:, slot[here]]
        return rows

    def _day(self, table: _DayTable, day: int) -> Floats:
        """Return mean, p10, p50 and p90 of each slot of a local day, shape (4, slots)."""
        past = table.days < day
        kw, known = table.kw[past], table.known[past]
        weekday = weekday_of(np.array([day]))
        prior = self._prior(table.slots, weekday)
        # Ages count from the newest day there is: an old history is still better than none.
        age = table.days[past][-1] + 1 - table.days[past] if len(kw) else np.zeros(0)
        days_known = float(known.mean(axis=1).sum()) if len(kw) else 0.0
        level = self._level(kw, known, prior, days_known)
        prior_weight = max(PRIOR_DAYS * (1 - days_known / LEARNED_DAYS), PRIOR_FLOOR)

        same_weekday = weekday_of(table.days[past]) == weekday
        mean = _mean(kw, known, age, same_weekday, level * prior, prior_weight)
        weights = 0.5 ** (age / BAND_HALF_LIFE_DAYS)[:, None] * known
        return np.vstack([mean, _band(kw, weights, level * prior * SPREAD[:, None], prior_weight)])

    def _prior(self, slots: int, weekday: Ints) -> Floats:
        second = (np.arange(slots) + 0.5) * DAY_S / slots
        return residential_kw(self._annual_kwh, np.repeat(weekday, slots), second)

    @staticmethod
    def _level(kw: Floats, known: Bools, prior: Floats, days_known: float) -> float:
        """Return the home's level over the prior's, in which the prior counts for a day."""
        if days_known == 0:
            return 1.0
        measured = (kw * known).sum() / (prior * known).sum()
        return float((days_known * max(measured, 0) + 1) / (days_known + 1))


def _mean(
    kw: Floats, known: Bools, age: Floats, same_weekday: Bools, imagined: Floats, prior_weight: float
) -> Floats:
    """Return the decayed mean of each slot, with the imagined day among the real ones."""
    weekly = WEEKDAY_WEIGHT * same_weekday * 0.5 ** (age / WEEKDAY_HALF_LIFE_DAYS)
    weights = 0.5 ** (age / HALF_LIFE_DAYS) + weekly
    mean = (weights @ (kw * known) + prior_weight * imagined) / (weights @ known + prior_weight)
    before, after = _neighbours(mean, len(mean))
    return np.asarray((1 - 2 * NEIGHBOUR_SHARE) * mean + NEIGHBOUR_SHARE * (before + after))


def _band(kw: Floats, weights: Floats, imagined: Floats, prior_weight: float) -> Floats:
    """Return the quantiles of each slot from past days, their neighbouring hours and imagined days."""
    slots = imagined.shape[1]
    values = np.concatenate([kw, *_neighbours(kw, slots), imagined])
    beside = _neighbours(BAND_NEIGHBOUR_WEIGHT * weights, slots)
    share = prior_weight * (1 + 2 * BAND_NEIGHBOUR_WEIGHT) / len(imagined)
    return _weighted_quantiles(values, np.concatenate([weights, *beside, np.full(imagined.shape, share)]))
