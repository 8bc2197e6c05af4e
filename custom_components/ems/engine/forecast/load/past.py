"""The days a home has lived through, and what a morning knows of them."""

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np

from ...local_time import Ints
from ...steps import Floats
from ..prior import SPREAD
from .alike import alike_weights
from .days import HOURS
from .quantiles import weighted_quantiles

# Half-lives of means. The short ones follow, the long ones remember; days are counted as they are known.
MEAN_DAYS: Final = (3.0, 4.0, 7.0, 21.0, 60.0)
_WEEK_MEAN, _SLOW_MEAN = MEAN_DAYS.index(7.0), MEAN_DAYS.index(60.0)
WEEKDAY_DAYS, WEEK_CLASS_DAYS, SPREAD_DAYS = 28.0, 14.0, 14.0
# A mean of one weekday leans on the mean of all by this many days.
WEEKDAY_LEAN: Final = 0.7
BASE_DAYS, FAST_DAYS, BAND_DAYS, SLOW_DAYS = 5.0, 4.0, 10.0, 20.0
# The weight of either neighbouring hour in a quantile. Together they stay below the hour itself, or a load on a
# timer would lose its median to the quiet hours around it.
NEIGHBOUR: Final = 0.3
# Fifty-three weeks. Nothing older weighs anything but in the slow mean, and there less than a fiftieth; and sums
# over more days would be large enough for the BLAS to wake its helpers (`regression.fit`).
WINDOW_DAYS: Final = 371
# Imagined days, with this weight together, fill the table before there are real ones. After two weeks they
# weigh nothing where a slot has been seen, and still answer where it has not.
PRIOR_DAYS, LEARNED_DAYS = 1.5, 14
_PRIOR_FLOOR = 1e-6
_LEAST_KW: Final = 1e-6
SATURDAY: Final = 5


@dataclass
class Past:
    """Known days in order; one entry per day in every list, hours of the local clock in every row.

    Days of which nothing is known are left out, so that a winter without the meter does not make the home forget.
    """

    days: list[int] = field(default_factory=list)
    weekdays: list[int] = field(default_factory=list)
    kw: list[Floats] = field(default_factory=list)  # NaN where not known
    filled: list[Floats] = field(default_factory=list)  # with the week's mean where not known
    week_mean: list[Floats] = field(default_factory=list)  # as it was that morning
    trust: list[float] = field(default_factory=list)  # 1, less for days before a change of level

    def __len__(self) -> int:
        """Return the number of known days."""
        return len(self.days)

    def copy(self) -> Self:
        """Return a past that can go another way; the rows themselves are shared, nobody changes them."""
        return type(self)(
            list(self.days),
            list(self.weekdays),
            list(self.kw),
            list(self.filled),
            list(self.week_mean),
            list(self.trust),
        )

    def add(self, day: int, weekday: int, kw: Floats, morning: Morning) -> None:
        """Take in a day that is over."""
        self.days.append(day)
        self.weekdays.append(weekday)
        self.kw.append(kw)
        self.filled.append(np.where(np.isfinite(kw), kw, morning.week_mean))
        self.week_mean.append(morning.week_mean)
        self.trust.append(1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Morning:
    """What is known at a local midnight, per hour of the day that begins, shape (24,) unless said. [kW].

    Attributes
    ----------
    means : Decayed means of the same hour, one per half-life of `MEAN_DAYS`, shape (5, 24).
    weekday_mean, class_mean : Of the same weekday; of working days or of weekends.
    spread : Mean distance from the week's mean.
    base, fast_median : Decayed medians (5 and 4 days).
    band : 0.1, 0.5, 0.9 quantiles of ten days, shape (3, 24).
    slow_band : 0.5 and 0.8 quantiles of twenty days, shape (2, 24).
    alike_mean, alike_median : Of days that followed a day like yesterday.
    """

    day: int
    weekday: int
    known_days: float
    means: Floats
    weekday_mean: Floats
    class_mean: Floats
    spread: Floats
    base: Floats
    fast_median: Floats
    band: Floats
    slow_band: Floats
    alike_mean: Floats
    alike_median: Floats

    @property
    def week_mean(self) -> Floats:
        """Decayed mean of a week, shape (24,). [kW]."""
        week: Floats = self.means[_WEEK_MEAN]
        return week

    @property
    def slow_kw(self) -> float:
        """The home's level: the mean of its slow means. [kW]."""
        return max(float(self.means[_SLOW_MEAN].mean()), _LEAST_KW)


def morning_of(past: Past, day: int, weekday: int, shape_kw: Floats) -> Morning:
    """Return what is known at the beginning of a day.

    shape_kw : What a standard household would use, shape (24,). [kW]
    """
    table = _Table.of(past, shape_kw)
    means = np.stack([table.mean(table.decay(days)) for days in MEAN_DAYS])
    week = means[_WEEK_MEAN]
    same = table.weekdays == weekday
    weekend = table.weekdays >= SATURDAY
    alike_class = weekend == (weekday >= SATURDAY)
    alike = table.trust * alike_weights(table.filled, alike_class)
    return Morning(
        day=day,
        weekday=weekday,
        known_days=table.known_days,
        means=means,
        weekday_mean=table.mean(table.decay(WEEKDAY_DAYS) * same, lean_on=week),
        class_mean=table.mean(table.decay(WEEK_CLASS_DAYS) * alike_class, lean_on=week),
        spread=table.spread(past),
        base=table.quantiles(BASE_DAYS, (0.5,))[0],
        fast_median=table.quantiles(FAST_DAYS, (0.5,))[0],
        band=table.quantiles(BAND_DAYS, (0.1, 0.5, 0.9)),
        slow_band=table.quantiles(SLOW_DAYS, (0.5, 0.8)),
        alike_mean=np.maximum(week + table.mean_deviation(past, alike), 0.0),
        alike_median=table.weighted(alike, (0.5,))[0],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """The days of the window as arrays, newest last, with the imagined days that stand in for unknown ones."""

    filled: Floats
    known: Floats
    weekdays: Ints
    trust: Floats
    age: Floats
    imagined: Floats
    imagined_weight: float
    known_days: float

    @classmethod
    def of(cls, past: Past, shape_kw: Floats) -> Self:
        """Return the last days of a past."""
        filled = np.array(past.filled[-WINDOW_DAYS:]).reshape(-1, HOURS)
        known = np.isfinite(np.array(past.kw[-WINDOW_DAYS:]).reshape(-1, HOURS)).astype(np.float64)
        known_days = float(known.sum()) / HOURS
        return cls(
            filled=filled,
            known=known,
            weekdays=np.array(past.weekdays[-WINDOW_DAYS:], dtype=np.int64),
            trust=np.array(past.trust[-WINDOW_DAYS:]),
            age=np.arange(len(filled) - 1, -1, -1, dtype=np.float64),
            imagined=shape_kw * _level(filled, known, shape_kw, known_days),
            imagined_weight=max(PRIOR_DAYS * (1 - known_days / LEARNED_DAYS), _PRIOR_FLOOR),
            known_days=known_days,
        )

    def decay(self, half_life_days: float) -> Floats:
        """Return what each day counts, shape (days,): 0.5^(age / half-life)."""
        return np.asarray(self.trust * 0.5 ** (self.age / half_life_days))

    def mean(self, weights: Floats, lean_on: Floats | None = None) -> Floats:
        """Return the weighted mean of each hour, leaning on imagined days or on another mean."""
        rest, lean = (self.imagined, self.imagined_weight) if lean_on is None else (lean_on, WEEKDAY_LEAN)
        total = weights @ (self.filled * self.known) + lean * rest
        return np.asarray(total / (weights @ self.known + lean))

    def mean_deviation(self, past: Past, weights: Floats) -> Floats:
        """Return the weighted mean distance, with its sign, from the week's mean of the same mornings."""
        weights = weights[:, None] * self.known
        return np.asarray((weights * self._deviation(past)).sum(axis=0) / (weights.sum(axis=0) + 1e-9))

    def spread(self, past: Past) -> Floats:
        """Return the decayed mean distance from the week's mean; while nothing is known, that of strangers."""
        weights = self.decay(SPREAD_DAYS)[:, None] * self.known
        strange = self.imagined * np.abs(SPREAD - 1).mean()
        total = (weights * np.abs(self._deviation(past))).sum(axis=0) + self.imagined_weight * strange
        return np.asarray(total / (weights.sum(axis=0) + self.imagined_weight))

    def _deviation(self, past: Past) -> Floats:
        return np.asarray(self.filled - np.array(past.week_mean[-WINDOW_DAYS:]).reshape(-1, HOURS))

    def quantiles(self, half_life_days: float, levels: tuple[float, ...]) -> Floats:
        """Return decayed quantiles of each hour, shape (levels, 24)."""
        days = int(6 * half_life_days)
        return self.weighted(self.decay(half_life_days), levels, days)

    def weighted(self, weights: Floats, levels: tuple[float, ...], days: int = WINDOW_DAYS) -> Floats:
        """Return quantiles of each hour and, with less weight, the hours beside it, shape (levels, 24)."""
        rows = self.filled[-days:]
        own = weights[-days:, None] * self.known[-days:]
        imagined = self.imagined * SPREAD[:, None]
        share = np.full(imagined.shape, self.imagined_weight * (1 + 2 * NEIGHBOUR) / len(imagined))
        beside = [NEIGHBOUR * np.roll(own, turn, axis=1) for turn in (1, -1)]
        values = [rows, *(np.roll(rows, turn, axis=1) for turn in (1, -1)), imagined]
        return weighted_quantiles(np.concatenate(values), np.concatenate([own, *beside, share]), levels)


def _level(filled: Floats, known: Floats, shape_kw: Floats, known_days: float) -> float:
    """Return the home's level over a standard household's, in which the standard counts for a day."""
    if known_days == 0:
        return 1.0
    measured = (filled * known).sum() / (shape_kw * known).sum()
    return float((known_days * max(measured, 0) + 1) / (known_days + 1))
