"""Walk through a home's days: each morning forecast, each evening learn, so that every day is judged unseen."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from ...steps import Floats
from .band import FIT_DAYS, FIT_SHARE, BandOffsets
from .columns import Rows, columns_of
from .experts import Aggregation
from .past import LEARNED_DAYS, MEAN_DAYS, WINDOW_DAYS, Morning, Past, morning_of
from .pretrained import COEFFICIENTS
from .regression import Loss, fit
from .shift import WATCHED_DAYS, LevelWatch
from .warmth import Warmth

# Fits are renewed by the number of days known: so it does not matter in which pieces they were learned.
_FIRST_FIT, _OFTEN_UNTIL, _OFTEN, _SELDOM = 14, 56, 7, 14
_ROUNDS: Final = 2
# Experts begin to be judged when most of what came before is no longer imagined.
_JUDGED_FROM: Final = 8
_TARGET_LIMIT: Final = 8.0
_SEEN_DAYS: Final = 28
# What days before a change of level still count.
_TRUST_BEFORE: Final = 0.25


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A regression: its loss, how fast days fade from it, and how hard it leans on other homes."""

    name: str  # of the coefficients that other homes taught
    loss: Loss
    half_life_days: float
    stiffness: float


FITS: Final = (
    Fit(name="squared", loss=Loss(squared=True), half_life_days=200, stiffness=300),
    Fit(name="absolute", loss=Loss(squared=False), half_life_days=200, stiffness=300),
    Fit(name="tilted", loss=Loss(squared=False, level=0.62), half_life_days=200, stiffness=300),
    Fit(name="squared", loss=Loss(squared=True), half_life_days=50, stiffness=200),
    Fit(name="absolute", loss=Loss(squared=False), half_life_days=50, stiffness=200),
    Fit(name="low", loss=Loss(squared=False, level=0.1), half_life_days=200, stiffness=300),
    Fit(name="high", loss=Loss(squared=False, level=0.9), half_life_days=200, stiffness=300),
)
_EXPERT_FITS: Final = 5  # the other two are edges of the band
_ABSOLUTES: Final = (1, 4)
_OTHER_EXPERTS: Final = 3
_FOLLOWING: Final = MEAN_DAYS.index(4.0)
MEAN, P10, P50, P90 = range(4)


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """A day that has begun.

    Attributes
    ----------
    rows : Mean, p10, p50, p90 per hour, shape (4, 24). [kW]
    experts : What each expert says, shape (experts, 24). [kW]
    """

    morning: Morning
    columns: Rows
    experts: Floats
    rows: Floats


class Walk:
    """All that is learned from a home's days.

    Parameters
    ----------
    shape_kw : Weekday → what a standard household uses by the hour, shape (24,). [kW]
    warmth : Outdoor temperatures, as far as they are known; more can be told later.
    """

    def __init__(self, shape_kw: Callable[[int], Floats], warmth: Warmth) -> None:
        self._shape_kw, self.warmth = shape_kw, warmth
        self.past = Past()
        self.published: dict[int, Floats] = {}
        self.columns: list[Rows] = []
        self.targets: list[Floats] = []
        self._experts = Aggregation.of(_EXPERT_FITS + _OTHER_EXPERTS)
        self._band = BandOffsets.new()
        self._watch = LevelWatch()
        self._coefficients = [COEFFICIENTS[fit.name] for fit in FITS]

    def copy(self) -> Self:
        """Return a walk that can go another way from here; what lies behind is shared."""
        other = copy(self)
        other.past, other.warmth = self.past.copy(), self.warmth.copy()
        other.published = dict(self.published)
        other.columns, other.targets = list(self.columns), list(self.targets)
        return other

    @property
    def last_day(self) -> int:
        """The local day up to which everything is learned; -1 where nothing is."""
        return self.past.days[-1] if len(self.past) else -1

    def open(self, day: int, weekday: int) -> Opened:
        """Forecast a day from all the days before it."""
        morning = morning_of(self.past, day, weekday, self._shape_kw(weekday))
        columns = columns_of(self.past, morning, self.warmth.beside(day, self.past.days))
        fits = np.stack([columns @ beta for beta in self._coefficients])
        fits = self._within_seen(morning.base + morning.slow_kw * fits)
        others = [morning.means[_FOLLOWING], morning.fast_median, morning.alike_mean]
        experts = np.stack([*fits[:_EXPERT_FITS], *others])
        return Opened(
            morning=morning, columns=columns, experts=experts, rows=self._rows(morning, fits, experts)
        )

    def _within_seen(self, fits: Floats) -> Floats:
        """Keep fits to what the last weeks saw at the hour or beside it: lines go on for ever, homes do not."""
        if not len(self.past):
            return np.maximum(fits, 0.0)
        seen = np.array(self.past.filled[-_SEEN_DAYS:])
        low, high = seen.min(axis=0), seen.max(axis=0)
        low = np.minimum(low, np.minimum(np.roll(low, 1), np.roll(low, -1)))
        high = np.maximum(high, np.maximum(np.roll(high, 1), np.roll(high, -1)))
        return np.clip(fits, np.maximum(low, 0.0), np.maximum(high, 0.0))

    def _rows(self, morning: Morning, fits: Floats, experts: Floats) -> Floats:
        days = len(self.past)
        share = FIT_SHARE * days / (days + FIT_DAYS)
        low, high = (
            share * edge + (1 - share) * slot
            for edge, slot in zip(fits[_EXPERT_FITS:], morning.band[[0, 2]], strict=True)
        )
        low, high = self._band.applied(low, high, float(morning.spread.mean()))
        middle = np.mean([*(fits[row] for row in _ABSOLUTES), morning.fast_median], axis=0)
        # A half imagined home is answered by its mean: medians of imagined days are far below it.
        share = min(2 * morning.known_days / LEARNED_DAYS, 1.0)
        mean = share * self._experts.answer(experts) + (1 - share) * morning.means[_FOLLOWING]
        return np.vstack([mean, np.sort([low, middle, high], axis=0)])

    def close(self, opened: Opened, kw: Floats) -> None:
        """Learn from a day that is over: hours not known are NaN, shape (24,). [kW]."""
        morning, days = opened.morning, len(self.past)
        self.published[morning.day] = opened.rows
        if days >= _JUDGED_FROM:
            self._experts = self._experts.seen(kw, opened.experts, morning.slow_kw, days)
            self._band = self._band.seen(kw, opened.rows[P10], opened.rows[P90])
        self.imagine(opened, kw)
        target = (self.past.filled[-1] - morning.base) / morning.slow_kw
        self.columns.append(opened.columns)
        self.targets.append(np.clip(target, -_TARGET_LIMIT, _TARGET_LIMIT))
        self._notice_change()
        if self._due():
            self._fit()

    def imagine(self, opened: Opened, kw: Floats) -> None:
        """Take a day as having gone so, without learning from it: the way to the day after tomorrow."""
        self.past.add(opened.morning.day, opened.morning.weekday, kw, opened.morning)

    def _notice_change(self) -> None:
        totals = np.array([row.mean() for row in self.past.filled[-WATCHED_DAYS:]])
        self._watch = self._watch.seen(totals)
        if days := self._watch.changed_days:
            self.past.trust[:-days] = [_TRUST_BEFORE * trust for trust in self.past.trust[:-days]]

    def _due(self) -> bool:
        days = len(self.past)
        return days >= _FIRST_FIT and days % (_OFTEN if days < _OFTEN_UNTIL else _SELDOM) == 0

    def _fit(self) -> None:
        x = np.stack(self.columns[-WINDOW_DAYS:])
        y = np.stack(self.targets[-WINDOW_DAYS:])
        known = np.isfinite(np.array(self.past.kw[-WINDOW_DAYS:]))
        age = np.arange(len(known) - 1, -1, -1.0)[:, None]
        trust = np.array(self.past.trust[-WINDOW_DAYS:])[:, None]
        self._coefficients = [
            fit(
                x,
                y,
                known * trust * 0.5 ** (age / each.half_life_days),
                each.loss,
                prior=COEFFICIENTS[each.name],
                stiffness=each.stiffness,
                start=beta,
                rounds=_ROUNDS,
            )
            for each, beta in zip(FITS, self._coefficients, strict=True)
        ]
