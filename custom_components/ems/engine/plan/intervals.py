"""The intervals whose mean import makes a peak: a quarter of an hour, as networks measure it, or a single step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..problem import Problem
from ..steps import Bools, Floats

# Clock-aligned steps end where intervals do; what differs by less than this is rounding. [s]
_ROUNDING_S = 1e-3


@dataclass(frozen=True, kw_only=True, eq=False)
class Intervals:
    """Which steps make an interval together.

    Attributes
    ----------
    of_step : The interval of each step, shape (n,); -1 where it does not count.
    hours : Length of each interval as far as it is known, shape (m,): what is over of the running one counts,
        what lies beyond the last step does not. [h]
    drawn_kwh : Imported in it before the first step, shape (m,). [kWh]
    """

    of_step: NDArray[np.intp]
    hours: Floats
    drawn_kwh: Floats

    def means(self, import_kw: Floats, hours: Floats) -> Floats:
        """Return the mean import of each interval, shape (m,). [kW].

        import_kw, hours : Of each step, shape (n,). [kW], [h]
        """
        counts = self.of_step >= 0
        drawn = np.bincount(self.of_step[counts], (import_kw * hours)[counts], len(self.hours))
        means: Floats = (self.drawn_kwh + drawn) / self.hours
        return means


def intervals_of(problem: Problem) -> Intervals:
    """Return the intervals of a site's demand charge; without one, each step that counts is one.

    Intervals are aligned to the clock as the charge says. A step as long as the interval, or longer, stands for itself.
    """
    steps, charge, peak = problem.steps, problem.site.grid.demand_charge, problem.peak
    n = len(steps)
    counts = np.ones(n, dtype=np.bool_) if peak.counts is None else np.asarray(peak.counts, dtype=np.bool_)
    if charge is None:
        return _grouped(np.arange(n), counts, steps.hours)
    width_s = charge.interval_min * 60
    past_s = charge.starts_past_min * 60
    number = np.floor((steps.starts_s - past_s + _ROUNDING_S) / width_s)
    alone = steps.hours * 3600 >= width_s - _ROUNDING_S
    begins = (np.diff(number, prepend=-np.inf) > 0) | alone | np.concatenate([[False], alone[:-1]])
    found = _grouped(np.cumsum(begins) - 1, counts, steps.hours)
    if not alone[0] and found.of_step[0] >= 0:
        found.hours[0] += max(float(steps.edges_s[0]) - number[0] * width_s - past_s, 0.0) / 3600
        found.drawn_kwh[0] = max(peak.running_kwh, 0.0)
    return found


def _grouped(group: NDArray[np.intp], counts: Bools, hours: Floats) -> Intervals:
    """Number the groups of steps that have one that counts; what counts in part counts as a whole."""
    of_step = np.full(len(group), -1)
    kept = np.isin(group, group[counts])
    _, of_step[kept] = np.unique(group[kept], return_inverse=True)
    lengths = np.bincount(of_step[kept], hours[kept], int(of_step.max()) + 1).astype(np.float64)
    return Intervals(of_step=of_step, hours=lengths, drawn_kwh=np.zeros(len(lengths)))


def rise_kw(problem: Problem, import_kw: Floats) -> float:
    """Return by how much a schedule's imports raise the billing period's peak. [kW]."""
    means = intervals_of(problem).means(import_kw, problem.steps.hours)
    return max(float(means.max(initial=0.0)) - problem.peak.so_far_kw, 0.0)
