"""Means over steps of functions that are known at instants only: the sun, a clock-driven tariff."""

from dataclasses import dataclass

import numpy as np

from .local_time import Ints
from .steps import Floats, Steps


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Midpoints of equal slices of each step.

    Attributes
    ----------
    at_s : The midpoints, step by step, shape (m,). [s since epoch]
    firsts : Index of each step's first sample, shape (n,).
    counts : Number of samples per step, shape (n,).
    """

    at_s: Floats
    firsts: Ints
    counts: Ints

    def mean(self, values: Floats) -> Floats:
        """Return the mean per step of values at the samples, shape (n,). A NaN sample makes its step NaN."""
        return np.add.reduceat(values, self.firsts) / self.counts


def samples_of(steps: Steps, slice_s: float) -> Samples:
    """Cut each step into equal slices no wider than `slice_s` and return their midpoints."""
    widths = np.diff(steps.edges_s)
    counts = np.ceil(widths / slice_s - 1e-9).astype(np.int64)
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.arange(counts.sum()) - np.repeat(firsts, counts)
    at_s = np.repeat(steps.starts_s, counts) + (within + 0.5) * np.repeat(widths / counts, counts)
    return Samples(at_s=at_s, firsts=firsts, counts=counts)
