"""On or off, and for how long at least."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats
from ..program import Ints, Program, Term
from .component import Horizon, Pins
from .near import near_nodes
from .settling import Relay, settled

WATT = 1e-3  # [kW]
_DONE_KWH = 1e-5
_ROUNDING_H = 1e-6
NO_TASK = -1


@dataclass(eq=False, kw_only=True)
class Switching:
    """On or off in the near window, with shortest times; z on, u switched on, w switched off.

        p[k] ≤ P·z[k]                                          z in {0, 1}
        P·z[k] + Σ_{j<k} (P·z[j] - p[j]) ≤ P                   less than P only in a task's last step on,
        Σ (P·z - p) ≤ P·f    rest + s·missing ≤ s·asked·(1 - f)  and only if the task is then done; f in {0, 1}
        z[k] - z[k-1] = u[k] - w[k]
        Σ_{s: k within min_on of s} u[s] ≤ z[k]                p[k] ≥ P·Σ φ[k,s]·u[s]
        Σ_{s: k within min_off of s} w[s] ≤ 1 - z[k]

    The last step of a task is partial because the load is switched off once it has what was asked. φ is the
    share of step k that lies within min_on of the start of s. A run does not begin where its window is too
    short for it. Times that reach beyond the near window are kept when it gets there.

    References
    ----------
    D. Rajan, S. Takriti, "Minimum Up/Down Polytopes of the Unit Commitment Problem with Start-Up Costs", IBM
    Research Report RC23628, 2005: these sums over starts are the facets.

    Attributes
    ----------
    power, nodes : Columns of p, and the node of each.
    task : Which task a node belongs to, shape (n,).
    held_kw : What p is at least because the load cannot stop yet, shape (n,). [kW]
    may_start : Nodes from which a shortest run fits into the window, shape (n,).
    missing : Columns of what stays undone, by task and, within each, future.
    swelling, uses_kwh : s and s·asked per task. [1], [kWh]
    """

    name: str
    horizon: Horizon
    power_kw: float
    min_on_h: float
    min_off_h: float
    is_on: bool
    power: Ints
    nodes: NDArray[np.intp]
    task: NDArray[np.intp]
    held_kw: Floats
    may_start: Bools
    missing: Ints
    swelling: Floats
    uses_kwh: Floats

    def __post_init__(self) -> None:
        """Find our columns in the near window."""
        self._near = near_nodes(self.horizon)
        place = np.full(self.horizon.n, -1)
        place[self.nodes] = np.arange(len(self.nodes))
        self._at = place[self._near]
        self._has = np.flatnonzero(self._at >= 0)  # near positions with a power
        self._p = self.power[self._at[self._has]]
        self._beyond = np.flatnonzero(~np.isin(self.nodes, self._near) & (self.task[self.nodes] != NO_TASK))

    def _power(self, x: Floats) -> Floats:
        """Return the power in the near window, shape (m,). [kW]."""
        power = np.zeros(len(self._near))
        power[self._has] = x[self._p]
        return power

    def _rest_kwh(self, x: Floats) -> Floats:
        """Return what a solution leaves of each task for after the near window, or undone. [kWh].

        Of all futures the one with most, shape (tasks,).
        """
        columns, h, rows = self._later()
        futures = self.horizon.tree.n_scenarios
        swelling = np.repeat(self.swelling, futures)
        rest = swelling * x[self.missing] + np.bincount(rows, h * x[columns], len(self.missing))
        most: Floats = rest.reshape(-1, futures).max(axis=1)
        return most

    def _later(self) -> tuple[Ints, Floats, NDArray[np.intp]]:
        """Return columns, hours and rows (task, and within it future) of the powers beyond the near window."""
        nodes = self.nodes[self._beyond]
        at, future = self.horizon.tree.paths(nodes)
        rows = self.task[nodes][at] * self.horizon.tree.n_scenarios + future
        return self.power[self._beyond][at], self.horizon.hours[nodes][at], rows

    def broken(self, x: Floats) -> Bools:
        """Return the near steps with a power between off and on, and those that begin too short a time."""
        power, mask = self._power(x), np.zeros(self.horizon.n, dtype=np.bool_)
        task, on = self.task[self._near], power > WATT
        partial = on & (power < self.power_kw - WATT) & (task != NO_TASK)
        last = _last_of_each(task, on)
        done = np.append(self._rest_kwh(x) < _DONE_KWH, False)[task]
        wrong = partial & ~(last & done)
        mask[self._near] = wrong | self._too_short(power, on)
        return mask

    def _too_short(self, power: Floats, on: Bools) -> Bools:
        """Return the first steps of runs and pauses that begin and end in the near window and are too short."""
        hours = self.horizon.hours[self._near]
        ran_h, mask = hours * power / self.power_kw, np.zeros(len(on), dtype=np.bool_)
        before = np.concatenate([[self.is_on], on])
        turns = np.flatnonzero(np.diff(before.astype(np.int8)))
        for first, past in zip(turns[:-1].tolist(), turns[1:].tolist(), strict=True):
            lasted = float((ran_h if on[first] else hours)[first:past].sum())
            mask[first] = lasted < (self.min_on_h if on[first] else self.min_off_h) - _ROUNDING_H
        return mask

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Make the whole near window on or off: forbidden in one step, a fraction moves to the next."""
        del steps
        usable, held = self._at >= 0, self.held_kw[self._near] > 0
        z = program.variables(
            f"{self.name}.on",
            len(self._near),
            lower=held.astype(np.float64),
            upper=usable.astype(np.float64),
            integer=True,
        )
        most = Term(z[self._has], -self.power_kw)
        program.rows(f"{self.name}.at_most", -np.inf, np.zeros(len(self._has)), Term(self._p, 1.0), most)
        self._add_last_step(program, z)
        self._add_finish(program, z)
        if self.min_on_h > 0 or self.min_off_h > 0:
            self._add_times(program, z)
        return self._near

    def _tasked(self) -> NDArray[np.intp]:
        """Return the near positions at which we work on a task."""
        is_task: Bools = self.task[self._near[self._has]] != NO_TASK
        return self._has[is_task]

    def _add_last_step(self, program: Program, z: Ints) -> None:
        """Allow less than full power only where no step of the same task follows."""
        here = self._tasked()
        task, p = self.task[self._near[here]], self.power[self._at[here]]
        row, before = np.nonzero(np.tri(len(here), k=-1, dtype=np.bool_) & (task[:, None] == task))
        program.rows(
            f"{self.name}.whole",
            -np.inf,
            np.full(len(here), self.power_kw),
            Term(z[here], self.power_kw),
            Term(z[here][before], self.power_kw, row),
            Term(p[before], -1.0, row),
        )

    def _add_finish(self, program: Program, z: Ints) -> None:
        """Allow less than full power only where nothing is left to do."""
        here = self._tasked()
        row, tasks = self.task[self._near[here]], np.arange(len(self.uses_kwh))
        # A task that has no step in the near window is not done in it.
        f = program.variables(f"{self.name}.done", len(tasks), upper=np.isin(tasks, row), integer=True)
        program.rows(
            f"{self.name}.cut",
            -np.inf,
            np.zeros(len(tasks)),
            Term(z[here], self.power_kw, row),
            Term(self.power[self._at[here]], -1.0, row),
            Term(f, -self.power_kw),
        )
        futures = self.horizon.tree.n_scenarios
        uses = np.repeat(self.uses_kwh, futures)
        program.rows(
            f"{self.name}.rest",
            -np.inf,
            uses,
            Term(*self._later()),
            Term(self.missing, np.repeat(self.swelling, futures)),
            Term(np.repeat(f, futures), uses),
        )

    def _add_times(self, program: Program, z: Ints) -> None:
        """Add shortest times on and off."""
        m, begins = len(z), self.horizon.begins_h[self._near]
        since = begins[:, None] - begins  # row: step, column: start
        u = program.variables(f"{self.name}.starts", m, upper=self.may_start[self._near].astype(np.float64))
        w = program.variables(f"{self.name}.stops", m, upper=1.0)
        first = np.zeros(m)
        first[0] = float(self.is_on)
        before = Term(z[:-1], -1.0, np.arange(1, m))
        program.rows(f"{self.name}.turns", first, first, Term(z, 1.0), before, Term(u, -1.0), Term(w, 1.0))
        row, start = np.nonzero(_within(since, self.min_on_h))
        zero, one = np.zeros(m), np.ones(m)
        program.rows(f"{self.name}.stays_on", -np.inf, zero, Term(u[start], 1.0, row), Term(z, -1.0))
        row, start = np.nonzero(_within(since, self.min_off_h))
        program.rows(f"{self.name}.stays_off", -np.inf, one, Term(w[start], 1.0, row), Term(z, 1.0))
        share = np.clip((self.min_on_h - since) / self.horizon.hours[self._near][:, None], 0.0, 1.0)
        share = np.where(since >= 0, share, 0.0)[self._has]
        row, start = np.nonzero(share)
        full = Term(u[start], -self.power_kw * share[row, start], row)
        program.rows(f"{self.name}.runs", np.zeros(len(self._has)), np.inf, Term(self._p, 1.0), full)

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Switch through the near window as the solution leans, by the rules of the load."""
        del steps
        at = self._near
        relay = Relay(
            power_kw=self.power_kw,
            min_on_h=self.min_on_h,
            min_off_h=self.min_off_h,
            is_on=self.is_on,
        )
        power = settled(
            relay,
            hours=self.horizon.hours[at],
            wished_kw=self._power(x),
            held_kw=self.held_kw[at],
            task=np.where(self._at >= 0, self.task[at], NO_TASK),
            may_start=self.may_start[at],
            asked_kwh=self.uses_kwh,
        )[self._has]
        return Pins(self._p, power, power)


def _within(since: Floats, least_h: float) -> Bools:
    """Return for each step which starts lie less than a shortest time before it, its own among them."""
    return np.asarray((since >= 0) & ((since < least_h - _ROUNDING_H) | (since == 0)))


def _last_of_each(task: NDArray[np.intp], on: Bools) -> Bools:
    """Return the last step on of each task."""
    last = np.zeros(len(on), dtype=np.bool_)
    at = np.flatnonzero(on)[::-1]
    _, first = np.unique(task[at], return_index=True)
    last[at[first]] = True
    return last
