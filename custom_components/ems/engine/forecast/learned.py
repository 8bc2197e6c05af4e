"""What a production record teaches about the hours to come: level, shading, blend and lateness in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..local_time import Ints
from ..steps import Floats
from .band import NO_WEATHER_MEAN, Band
from .correction import Fit, fit, teaching_hours
from .drift import HALF_LIFE_DAYS, level
from .features import Hours, design, solar_day
from .lateness import lateness_h
from .production import CLEAR, MEASURED, ProductionRecord
from .sky import Place

# Full hours of the nameplate for which sources are taken to say the same.
HABIT_PRIOR_H = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """A correction for the sources that were named, and its band."""

    place: Place
    fit: Fit | None
    level: float  # of the weeks before `until_hour`, beside what was learned of the whole year
    until_hour: int
    late_h: float
    band: Band
    factor: float  # production over what was expected, by energy
    habits: Mapping[str, float]  # what each source says over what all say, by energy

    def power(self, hours: Hours) -> Floats:
        """Return the corrected power of hours, shares of the nameplate, shape (n,)."""
        if self.fit is None:
            return hours.mean
        corrected = self.fit.predict(design(hours, self.place, self.late_h))
        ahead_days = np.maximum(hours.first_hour + np.arange(len(corrected)) - self.until_hour, 0) / 24
        # Dirt is washed off some day: what the last weeks said fades as it came.
        kept = 1 + (self.level - 1) * 0.5 ** (ahead_days / HALF_LIFE_DAYS)
        return np.asarray(np.maximum(kept * corrected, 0))


def learn_from(record: ProductionRecord, before_hour: int, names: Sequence[str], place: Place) -> Learned:
    """Learn from everything that ended before an hour, for a forecast from the sources named."""
    end = min(max(before_hour - record.first_hour, 0), len(record.column(CLEAR)))
    columns = {name: record.column(name)[:end] for name in (MEASURED, CLEAR, *names)}
    known = np.isfinite(columns[MEASURED]) & (columns[CLEAR] > 0)
    known &= np.any([np.isfinite(columns[name]) for name in names], axis=0) if names else False
    if not known.any():
        return Learned(
            place=place,
            fit=None,
            level=1.0,
            until_hour=before_hour,
            late_h=0.0,
            band=Band(None),
            factor=1.0,
            habits={},
        )
    # A day more than there is: its neighbours are looked at too.
    first = max(int(np.argmax(known)) - 24, 0)
    span = slice(first, int(len(known) - np.argmax(known[::-1])))
    measured = np.where(known, columns[MEASURED], np.nan)[span]
    series = {name: columns[name][span] for name in names}
    habits = _habits(series)
    hours = filled(record.first_hour + first, np.nan_to_num(columns[CLEAR][span]), series, place, habits)
    return _learned(hours, measured, habits, place)


def _habits(series: Mapping[str, Floats]) -> dict[str, float]:
    """Return what each source says over what all say where all are heard, by energy; 1 from the start.

    One may be for other modules altogether: where it falls silent, the others speak in its voice.
    """
    table = np.stack(list(series.values()))
    table = table[:, np.isfinite(table).all(axis=0)]
    usual = HABIT_PRIOR_H + table.mean(axis=0).sum()
    return {name: float((HABIT_PRIOR_H + row.sum()) / usual) for name, row in zip(series, table, strict=True)}


def _learned(hours: Hours, measured: Floats, habits: Mapping[str, float], place: Place) -> Learned:
    usable = teaching_hours(design(hours, place), measured)
    late_h = lateness_h(hours.mean, hours.clear, measured, usable)
    seen = design(hours, place, late_h)
    found = fit(seen, measured, hours.clear)
    should = float(hours.mean[usable].sum())
    return Learned(
        place=place,
        fit=found,
        level=1.0 if found is None else level(found),
        until_hour=hours.first_hour + len(measured),
        late_h=late_h,
        band=Band(found),
        factor=float(measured[usable].sum()) / should if should > 0 else 1.0,
        habits=habits,
    )


def filled(
    first_hour: int, clear: Floats, series: Mapping[str, Floats], place: Place, habits: Mapping[str, float]
) -> Hours:
    """Return hours whose sources have no gaps: one that is silent says what the others say, or what its day did."""
    day = solar_day(first_hour, len(clear), place.longitude_deg)
    if not series:
        return Hours(first_hour=first_hour, clear=clear, sources=(NO_WEATHER_MEAN * clear)[None, :])
    habit = np.array([[max(habits.get(name, 1.0), 1e-3)] for name in series])
    table = np.stack(list(series.values())) / habit
    known = np.isfinite(table)
    heard = known.sum(axis=0)
    others = np.where(heard > 0, np.nan_to_num(table).sum(axis=0) / np.maximum(heard, 1), np.nan)
    others = np.where(heard > 0, others, _share_of_day(others, clear, day) * clear)
    return Hours(first_hour=first_hour, clear=clear, sources=np.where(known, table, others) * habit)


def _share_of_day(power: Floats, clear: Floats, day: Ints) -> Floats:
    """Return the share of the clear sky in the known hours of each hour's day, else what is usual."""
    index, known = day - day.min(), np.isfinite(power)
    of_clear = np.bincount(index, np.where(known, clear, 0))
    share = np.bincount(index, np.where(known, power, 0)) / np.maximum(of_clear, 1e-6)
    return np.asarray(np.where(of_clear > 1e-3, share, NO_WEATHER_MEAN)[index])
