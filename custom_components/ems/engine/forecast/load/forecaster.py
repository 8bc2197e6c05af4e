"""The load forecaster: learns from history, answers for steps of any width."""

from collections.abc import Collection
from datetime import tzinfo
from functools import cache, partial
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from ...local_time import DAY_S, HOUR_S, Ints, local_day_and_second, weekday_of
from ...steps import Floats, Steps
from ..history import BIN_S, History
from ..prior import ANNUAL_KWH, residential_kw
from ..result import Forecast
from .days import HOURS, DayTable
from .past import LEARNED_DAYS
from .quarters import WEEKS_S, Quarters
from .today import Deviation
from .walk import MEAN, Opened, Walk
from .warmth import Warmth

SCHEMA = 2
# The clock is nowhere further from UTC.
_FURTHEST_S: Final = 15 * HOUR_S
# Where the walk can be taken up again when something older was learned: every so many days.
_MARK_DAYS: Final = 28
_SUNDAY: Final = 6


class LoadForecaster:
    """An ensemble that walked through all the home's days, each forecast unseen; a standard household at first.

    Hours are those of the local clock, so that breakfast stays at breakfast over the clock changes. The answer for
    an instant stands on what ended before it, whatever else was learned.

    Parameters
    ----------
    zone : The home's time zone.
    annual_kwh : What the household is believed to use in a year; it matters in the first days only. [kWh]
    holidays : Local days (since 1970-01-01) on which people live as on Sundays.
    """

    def __init__(
        self, zone: tzinfo, annual_kwh: float = ANNUAL_KWH, holidays: Collection[int] = frozenset()
    ) -> None:
        """Begin with the prior."""
        if not annual_kwh > 0:
            raise ValueError("annual_kwh: must be above 0")
        self._zone = zone
        self._holidays = frozenset(holidays)
        self._shape_kw = cache(partial(standard_day, annual_kwh))
        self._history, self._outdoor_c = History(), History()
        # Walks at some of their days, the last one furthest. They are never changed, only replaced by others:
        # whoever forecasts meanwhile in another thread keeps the ones there were.
        self._walks: tuple[Walk, ...] = ()

    def learn(
        self,
        starts_s: ArrayLike,
        values_kw: ArrayLike,
        *,
        interval_s: float | None = None,
        outdoor_c: ArrayLike | None = None,
    ) -> None:
        """Take in history: mean power per interval of 5 minutes to an hour, NaN where it is not known.

        Call it with everything or piece by piece, in any order; what is learned twice counts once.

        Parameters
        ----------
        interval_s : The intervals' width, by default the commonest distance of the starts. [s]
        outdoor_c : Outdoor temperature of the same intervals, NaN where it is not known. [°C]
        """
        changed_s = self._history.add(starts_s, values_kw, interval_s)
        if outdoor_c is not None:
            changed_s = min(changed_s, self._outdoor_c.add(starts_s, outdoor_c, interval_s))
        if np.isfinite(changed_s):
            day = int(local_day_and_second(np.array([changed_s]), self._zone)[0][0])
            self._walks = tuple(walk for walk in self._walks if walk.last_day < day)
        elif changed_s < 0:
            self._walks = ()

    def prepare(self, issued_at_s: float) -> None:
        """Learn all there is to learn for forecasts issued from an instant on, so that they answer at once."""
        self._walk_to(self._day_of(issued_at_s), issued_at_s)

    def state(self) -> dict[str, Any]:
        """Return everything learned in a form that JSON can hold: what was measured, the rest follows from it."""
        return {"schema": SCHEMA, "history": self._history.state(), "outdoor_c": self._outdoor_c.state()}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a stored state."""
        if state.get("schema") != SCHEMA:
            raise ValueError(f"schema: {state.get('schema')!r} is not one this version can read")
        self._history = History.restored(state["history"])
        self._outdoor_c = History.restored(state["outdoor_c"])
        self._walks = ()

    def forecast(self, issued_at_s: float, steps: Steps, *, outdoor_c: ArrayLike | None = None) -> Forecast:
        """Answer with mean and band, shape (n,) each, from what ended before `issued_at_s`. [kW].

        outdoor_c : Forecast outdoor temperature of the steps, NaN where it is not known, shape (n,). [°C]
        """
        today = self._day_of(issued_at_s)
        walk = self._walk_to(today, issued_at_s)
        ahead = walk if outdoor_c is None else self._with_weather(walk, steps, outdoor_c)
        bins = _bins(steps)
        hourly = self._rows(ahead, today, issued_at_s, bins)
        quarters = self._within_hours(issued_at_s, bins, hourly) if np.any(steps.hours < 1) else hourly
        hours, fine = (np.stack([steps.mean_of(bins, row) for row in rows]) for rows in (hourly, quarters))
        mean, *band = np.maximum(np.where(steps.hours >= 1, hours, fine), 0.0)
        p10, p50, p90 = np.sort(band, axis=0)
        known_days = len(walk.past)
        basis = "prior_and_learned" if known_days < LEARNED_DAYS else "learned"
        if not known_days and not len(self._history.between(-np.inf, issued_at_s)[0]):
            basis = "prior"
        return Forecast(
            issued_at_s=issued_at_s, steps=steps, mean=mean, p10=p10, p50=p50, p90=p90, basis=basis
        )

    def past_error(self, issued_at_s: float, steps: Steps, days_ago: int) -> Floats:
        """Return by how much consumption differed from what was expected of it, some days ago. [kW].

        Of the same stretch of time, moved back by whole days; every day is expected from the days before it. NaN
        where nothing was measured. Around a clock change it is an hour off, which an error does not mind.
        """
        today = self._day_of(issued_at_s)
        walk = self._walk_to(today, issued_at_s)
        bins = _bins(steps)
        past = bins - days_ago * DAY_S
        starts, kw = self._history.between(past[0], min(past[-1] + BIN_S, issued_at_s))
        error = np.full(len(past), np.nan)
        if len(starts):
            at = ((starts - past[0]) // BIN_S).astype(np.intp)
            error[at] = kw - self._expected(walk, today, starts)[MEAN]
        return steps.mean_of(bins, error)

    def _day_of(self, instant_s: float) -> int:
        return int(local_day_and_second(np.array([instant_s]), self._zone)[0][0])

    def _weekday(self, day: int) -> int:
        return _SUNDAY if day in self._holidays else int(weekday_of(np.array([day]))[0])

    def _walk_to(self, today: int, issued_at_s: float) -> Walk:
        """Return the walk up to the evening before a day."""
        before = [walk for walk in self._walks if walk.last_day < today]
        walk = before[-1].copy() if before else Walk(self._shape_kw, Warmth())
        since_s = -np.inf if walk.last_day < 0 else (walk.last_day + 1) * DAY_S - _FURTHEST_S
        starts, kw = self._history.between(since_s, issued_at_s)
        table = DayTable(starts, kw, self._zone)
        warm = self._temperatures(since_s, issued_at_s)
        new = (table.days > walk.last_day) & (table.days < today) & np.isfinite(table.kw).any(axis=1)
        if not new.any():
            return before[-1] if before else walk
        marks = list(before)
        for day, row in zip(table.days[new].tolist(), table.kw[new], strict=True):
            if len(walk.past) % _MARK_DAYS == 0 and len(walk.past):
                marks.append(walk.copy())
            walk.warmth.known(day, warm.get(day))
            walk.close(walk.open(day, self._weekday(day)), row)
        self._walks = (*(mark for mark in marks if len(mark.past) % _MARK_DAYS == 0), walk)
        return walk

    def _temperatures(self, since_s: float, until_s: float) -> dict[int, float]:
        """Return the mean outdoor temperature of local days. [°C]."""
        starts, outdoor_c = self._outdoor_c.between(since_s, until_s)
        table = DayTable(starts, outdoor_c, self._zone)
        enough = np.isfinite(table.kw).sum(axis=1) >= HOURS // 2
        return dict(zip(table.days[enough].tolist(), np.nanmean(table.kw[enough], axis=1), strict=True))

    def _with_weather(self, walk: Walk, steps: Steps, outdoor_c: ArrayLike) -> Walk:
        """Return a walk that knows how warm the days to come will be."""
        given = np.asarray(outdoor_c, dtype=np.float64)
        known, days = np.isfinite(given), local_day_and_second(steps.starts_s, self._zone)[0]
        ahead = walk.copy()
        for day in np.unique(days[known]).tolist():
            here = known & (days == day)
            ahead.warmth.known(day, float(np.average(given[here], weights=steps.hours[here])))
        return ahead

    def _rows(self, walk: Walk, today: int, issued_at_s: float, bins: Floats) -> Floats:
        """Return mean, p10, p50 and p90 per quarter-hour, as means of its hour, shape (4, bins). [kW]."""
        day, second = local_day_and_second(bins, self._zone)
        starts, kw = self._history.between(today * DAY_S - _FURTHEST_S, issued_at_s)
        now_day, now_second = local_day_and_second(starts, self._zone)
        is_today = now_day == today
        starts, kw, now_hour = starts[is_today], kw[is_today], now_second[is_today] // HOUR_S
        opened = walk.open(today, self._weekday(today))
        deviation = Deviation.of(starts, kw - opened.rows[MEAN][now_hour], BIN_S)
        tables = {**walk.published, today: opened.rows}
        if day.max() > today:
            seen = DayTable(starts, kw, self._zone).kw
            tables |= self._days_ahead(walk, today, int(day.max()), opened, seen, deviation)
        rows = np.empty((4, len(bins)))
        for target in np.unique(day).tolist():
            here = day == target
            table = tables.get(target)
            rows[:, here] = (opened.rows if table is None else table)[:, second[here] // HOUR_S]
        return rows if deviation is None else rows + deviation.left(bins + BIN_S / 2)

    def _days_ahead(
        self, walk: Walk, today: int, last: int, opened: Opened, seen: Floats, deviation: Deviation | None
    ) -> dict[int, Floats]:
        """Return the rows of the days after today, each as if the days before it had gone as forecast."""
        ahead, tables = walk.copy(), {}
        for day in range(today, last + 1):
            if day > today:
                opened = ahead.open(day, self._weekday(day))
                tables[day] = opened.rows
            # Nothing is gained from imagining while the home itself is still half imagined.
            if len(walk.past) >= LEARNED_DAYS:
                ahead.imagine(opened, self._imagined(opened, seen if day == today else None, deviation))
        return tables

    def _imagined(self, opened: Opened, seen: Floats | None, deviation: Deviation | None) -> Floats:
        """Return a day as it was seen so far and is expected on, shape (24,). [kW]."""
        mean: Floats = opened.rows[MEAN]
        if seen is None or deviation is None or not len(seen):
            return mean
        return np.where(np.isfinite(seen[0]), seen[0], mean)

    def _within_hours(self, issued_at_s: float, bins: Floats, rows: Floats) -> Floats:
        """Return rows whose quarters differ as they did in the last weeks, with the same hourly means."""
        starts, kw = self._history.between(issued_at_s - WEEKS_S, issued_at_s)
        quarters = Quarters.of(starts, kw, self._zone)
        slot = local_day_and_second(bins, self._zone)[1] // BIN_S
        return np.vstack([rows[:1] * quarters.share[slot], rows[1:] + quarters.band[:, slot]])

    def _expected(self, walk: Walk, today: int, starts: Ints) -> Floats:
        """Return the rows of quarter-hours that are over, as they were forecast in the morning, shape (4, n)."""
        day, second = local_day_and_second(starts, self._zone)
        rows = np.empty((4, len(starts)))
        for target in np.unique(day).tolist():
            here = day == target
            table = walk.published.get(target)
            if table is None:
                table = walk.open(today, self._weekday(today)).rows
            rows[:, here] = table[:, second[here] // HOUR_S]
        return rows


def _bins(steps: Steps) -> Floats:
    """Return the starts of the quarter-hours that some steps touch. [s]."""
    return BIN_S * np.arange(steps.edges_s[0] // BIN_S, -(-steps.edges_s[-1] // BIN_S))


def standard_day(annual_kwh: float, weekday: int) -> Floats:
    """Return what a standard household uses by the hour of a day, shape (24,). [kW]."""
    seconds = (np.arange(HOURS, dtype=np.float64) + 0.5) * HOUR_S
    return residential_kw(annual_kwh, np.full(HOURS, weekday), seconds)
