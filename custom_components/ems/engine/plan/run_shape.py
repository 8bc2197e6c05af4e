"""Runs of a load on the plan's axis: what one draws in each step, and where it may begin."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ..steps import Bools, Floats, Steps

# Rounding of instants: a run that ends this much after its window ends within it. [h]
_ROUNDING_H = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class RunShape:
    """Energy used since the start of a run: straight lines between points, from (0, 0) to its end.

    [h], [kWh], shape (m,) each.
    """

    times_h: Floats
    energy_kwh: Floats

    @property
    def length_h(self) -> float:
        """How long it takes. [h]."""
        return float(self.times_h[-1])

    @property
    def total_kwh(self) -> float:
        """What it uses. [kWh]."""
        return float(self.energy_kwh[-1])

    def after(self, done_h: float) -> RunShape:
        """Return what is left of a run once it has gone on for some time."""
        at = float(np.clip(done_h, 0.0, self.length_h))
        later = self.times_h > at
        used = float(np.interp(at, self.times_h, self.energy_kwh))
        return RunShape(
            times_h=np.concatenate([[0.0], self.times_h[later] - at]),
            energy_kwh=np.concatenate([[0.0], self.energy_kwh[later] - used]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """Runs that begin with a step: `power_kw` in `step` of the run that begins with step `begin[run]`.

    Attributes
    ----------
    begin : First step of each run, shape (m,).
    run, step, power_kw : One entry per run and step in which it draws power, mean over the step. [kW]
    end : Last step of each run, shape (m,).
    """

    begin: NDArray[np.intp]
    end: NDArray[np.intp]
    run: NDArray[np.intp]
    step: NDArray[np.intp]
    power_kw: Floats


def shape_of(spec: FlexibleLoad, energy_kwh: float) -> RunShape:
    """Return a run from its start: a profile, or full power until the energy is reached."""
    if spec.kind is LoadKind.PROGRAMME:
        times = np.arange(len(spec.profile_kw) + 1, dtype=np.float64) * spec.profile_step_h
        energy = np.concatenate([[0.0], np.cumsum(spec.profile_kw)]) * spec.profile_step_h
        return RunShape(times_h=times, energy_kwh=energy)
    return RunShape(
        times_h=np.array([0.0, energy_kwh / spec.power_kw]), energy_kwh=np.array([0.0, energy_kwh])
    )


def under_way(spec: FlexibleLoad, state: LoadState) -> RunShape | None:
    """Return what is left of a run that has begun; None where nothing is.

    A block that is on works on its first task, whose energy is what is left of it. A programme that is on goes
    through its profile whether or not anybody asked for it; where nobody knows since when, from its start.
    """
    if not state.is_on or spec.kind not in (LoadKind.BLOCK, LoadKind.PROGRAMME):
        return None
    if spec.kind is LoadKind.PROGRAMME:
        rest = shape_of(spec, 0.0).after(state.since_h or 0.0)
    else:
        rest = shape_of(spec, state.tasks[0].energy_kwh if begun(state) else 0.0)
    return rest if rest.length_h > _ROUNDING_H else None


def begun(state: LoadState) -> LoadTask | None:
    """Return the task that a running load is at: the first, if it may be at it now."""
    return state.tasks[0] if state.is_on and state.tasks and bool(state.tasks[0].allowed[0]) else None


def may_begin(allowed: Bools, steps: Steps, length_h: float) -> Bools:
    """Return the steps from whose start on a load may run for so long without a break, shape (n,).

    What the plan is too short for may go on after it.
    """
    edges, begin = _edges_h(steps), np.arange(len(steps))
    return _is_unbroken(allowed, begin, _ends(edges, begin, length_h))


def runs_within(allowed: Bools, steps: Steps, shape: RunShape) -> Runs:
    """Return every run that may be chosen: from the start of a step, ending within the steps allowed."""
    edges = _edges_h(steps)
    begin, end = _fitting(allowed, edges, shape.length_h)
    return _resampled(shape, edges, begin, end)


def run_from_now(steps: Steps, shape: RunShape) -> Runs:
    """Return the one run that has begun, cut off where the plan ends."""
    edges = _edges_h(steps)
    return _resampled(shape, edges, np.zeros(1, np.intp), _ends(edges, np.zeros(1, np.intp), shape.length_h))


def _edges_h(steps: Steps) -> Floats:
    edges: Floats = (steps.edges_s - steps.edges_s[0]) / 3600
    return edges


def _ends(edges: Floats, begin: NDArray[np.intp], length_h: float) -> NDArray[np.intp]:
    """Return the step in which each run ends, the last one where it goes on beyond the plan."""
    ends = np.searchsorted(edges, edges[begin] + length_h - _ROUNDING_H, side="left") - 1
    return np.clip(ends, begin, len(edges) - 2)


def _fitting(allowed: Bools, edges: Floats, length_h: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    begin = np.flatnonzero(edges[:-1] + length_h <= edges[-1] + _ROUNDING_H)
    end = _ends(edges, begin, length_h)
    fits = _is_unbroken(allowed, begin, end)
    return begin[fits], end[fits]


def _is_unbroken(allowed: Bools, begin: NDArray[np.intp], end: NDArray[np.intp]) -> Bools:
    breaks = np.concatenate([[0], np.cumsum(~allowed)])
    return np.asarray(breaks[end + 1] == breaks[begin])


def _resampled(shape: RunShape, edges: Floats, begin: NDArray[np.intp], end: NDArray[np.intp]) -> Runs:
    """Spread each run over its steps: exact means, whatever the widths."""
    span = end - begin + 1
    run = np.repeat(np.arange(len(begin)), span)
    step = np.arange(len(run)) - np.repeat(np.cumsum(span) - span, span) + begin[run]
    since = edges[begin][run]
    used = np.interp(edges[step + 1] - since, shape.times_h, shape.energy_kwh)
    used -= np.interp(edges[step] - since, shape.times_h, shape.energy_kwh)
    return Runs(begin=begin, end=end, run=run, step=step, power_kw=used / np.diff(edges)[step])
