"""What is wrong with a series: gaps, spikes, how far it can be trusted, and when a home uses what nobody expected."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from ..steps import Bools, Floats

# A household is rough by nature, and its nights are so quiet that every kettle stands out of them. So a spike also
# has to be ten times what all but the roughest twentieth of the series reaches.
SPIKE_WINDOW: Final = 13
SPIKE_DEVIATIONS: Final = 8.0
SPIKE_OF_USUAL: Final = 10.0
_USUAL: Final = 0.95
# The standard deviation of a normal distribution over its median absolute deviation.
_MAD_TO_SIGMA: Final = 1.4826
# One hour in five lies outside of a good band, and heavy ones come in pairs: three in a row, on the mean once and a
# half as far from the median as the band's end, are worth a word.
ANOMALOUS_HOURS: Final = 3
ANOMALOUS_REACH: Final = 1.5


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A stretch about which a series says nothing. [s since epoch]."""

    start_s: float
    end_s: float

    @property
    def hours(self) -> float:
        """Return how long it is. [h]."""
        return (self.end_s - self.start_s) / 3600


def gaps(starts_s: Floats, values: Floats, interval_s: float, begin_s: float, end_s: float) -> list[Gap]:
    """Return where a series of equal intervals is not known within a span of time, in order.

    Parameters
    ----------
    starts_s : Starts of the intervals, in order, shape (m,). [s since epoch]
    values : NaN where it is not known, shape (m,).
    """
    known = np.isfinite(values) & (starts_s + interval_s > begin_s) & (starts_s < end_s)
    ends = np.concatenate([[begin_s], starts_s[known] + interval_s])
    begins = np.concatenate([starts_s[known], [end_s]])
    open_ = begins - ends > interval_s / 1000
    return [Gap(start_s=float(a), end_s=float(b)) for a, b in zip(ends[open_], begins[open_], strict=True)]


def spikes(values: Floats) -> Bools:
    """Return which values stand out of their neighbourhood beyond belief (Hampel's filter), shape (m,).

    |x - median| > 8·1.4826·median |x - median| over thirteen values around, and |x| > 10·(95 % quantile of |x|). NaN
    is no spike, and where half of the neighbourhood is equal, so that the scale is zero, nothing is.

    References
    ----------
    F. R. Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974.
    """
    half = SPIKE_WINDOW // 2
    if np.isfinite(values).sum() < SPIKE_WINDOW:
        return np.zeros(len(values), dtype=bool)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, half, mode="reflect"), SPIKE_WINDOW)
    usable = np.isfinite(around).sum(axis=1) > half
    filled = np.where(usable[:, None], around, 0.0)
    middle = np.nanmedian(filled, axis=1)
    scale = _MAD_TO_SIGMA * np.nanmedian(np.abs(filled - middle[:, None]), axis=1)
    usual = SPIKE_OF_USUAL * np.nanquantile(np.abs(values), _USUAL)
    found: Bools = usable & (scale > 0) & (np.abs(values - middle) > SPIKE_DEVIATIONS * scale)
    found &= np.abs(values) > usual
    return found


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How far a source can be trusted.

    score = 100·known·(1 - spiky)·fresh, 0 to 100. [%]

    Attributes
    ----------
    known : Share of what should be known that is.
    spiky : Share of the known that stands out beyond belief.
    fresh : 1 while the source is on time, 0 when it is too old to be used.
    gaps : Number of gaps.
    longest_gap_h : The longest of them. [h]
    """

    known: float
    spiky: float = 0.0
    fresh: float = 1.0
    gaps: int = 0
    longest_gap_h: float = 0.0

    @property
    def score_pct(self) -> float:
        """Return the score. [%]."""
        return 100 * self.known * (1 - self.spiky) * self.fresh


def series_quality(
    starts_s: Floats, values: Floats, interval_s: float, begin_s: float, end_s: float, *, patience_s: float
) -> Quality | None:
    """Return the quality of a series within a span of time; None where it had no time to say anything yet.

    patience_s : After this long without a value the series is worth nothing; before, proportionally less. [s]
    """
    if end_s - begin_s < interval_s:
        return None
    inside = (starts_s >= begin_s - interval_s) & (starts_s < end_s)
    found = gaps(starts_s[inside], values[inside], interval_s, begin_s, end_s)
    known = np.isfinite(values[inside])
    missing_s = sum(gap.hours for gap in found) * 3600
    late_s = found[-1].end_s - found[-1].start_s if found and found[-1].end_s >= end_s else 0.0
    return Quality(
        known=1 - missing_s / (end_s - begin_s),
        spiky=float(spikes(values[inside]).sum() / known.sum()) if known.any() else 0.0,
        fresh=freshness(late_s, on_time_s=2 * interval_s, patience_s=patience_s),
        gaps=len(found),
        longest_gap_h=max((gap.hours for gap in found), default=0.0),
    )


def freshness(age_s: float, *, on_time_s: float, patience_s: float) -> float:
    """Return 1 up to `on_time_s`, 0 from `patience_s` on, a straight line between."""
    return float(np.clip((patience_s - age_s) / (patience_s - on_time_s), 0.0, 1.0))


class Direction(StrEnum):
    """Which way a home differs from what was expected."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, kw_only=True)
class Anomaly:
    """A home that has used something else than expected, for hours.

    Attributes
    ----------
    direction : More than expected, or less.
    hours : How many hours in a row.
    reach : How far from the median, over the distance of the band's end from it; their mean.
    """

    direction: Direction
    hours: int
    reach: float


def consumption_anomaly(truth: Floats, p10: Floats, p50: Floats, p90: Floats) -> Anomaly | None:
    """Return what is odd about the last hours, None where nothing is.

    All hours of the run lie beyond the band on one side, the newest of them is the last one given, there are at
    least `ANOMALOUS_HOURS`, and they reach `ANOMALOUS_REACH` on the mean.

    Parameters
    ----------
    truth, p10, p50, p90 : Mean power of hours that follow one another, oldest first, shape (m,). [kW]
        NaN ends a run: what was not measured is not odd.
    """
    for direction, beyond, end in ((Direction.HIGH, truth > p90, p90), (Direction.LOW, truth < p10, p10)):
        run = int(np.argmin(np.append(beyond[::-1], False)))
        if run < ANOMALOUS_HOURS:
            continue
        last = np.s_[-run:]
        width = np.maximum(np.abs(end - p50)[last], 1e-6)
        reach = float((np.abs(truth - p50)[last] / width).mean())
        if reach >= ANOMALOUS_REACH:
            return Anomaly(direction=direction, hours=run, reach=reach)
    return None
