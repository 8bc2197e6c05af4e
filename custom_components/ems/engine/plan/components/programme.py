"""Loads that run in one piece: a block of one power, or a programme with a profile of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ...steps import Bools, Floats, Steps
from ..at_stake import price_of_leaving
from ..program import Ints, Program, Term
from ..result import Slack
from ..run_shape import Runs, begun, run_from_now, runs_within, shape_of, under_way
from ..tree import TRUNK
from .component import Choice, Horizon, Pins
from .load_tasks import missing_slack

# What the solver's rounding makes of 0 and 1.
_WHOLE = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedRuns:
    """Runs on the nodes of a tree: column `run` draws `power_kw` at `node`.

    Attributes
    ----------
    begin : Node with which each run begins, shape (m,).
    under_way : Whether it has begun before now.
    """

    begin: NDArray[np.intp]
    run: NDArray[np.intp]
    node: NDArray[np.intp]
    power_kw: Floats
    under_way: bool


class RunLoad:
    """Starts y of runs with power P[s, k], for each task exactly one, or the task is left out.

        p[k] = Σ_s P[s, k]·y[s]                          P: the run that begins with step s, mean over step k
        Σ_s y[s] + left = 1                              s: runs that end within the window
        cost = left · price of the whole task            y in {0, 1}, by integers, where broken

    The row of starts is as tight as rows get: with prices alone the linear program picks one by itself.

    On a tree a run that begins on the trunk goes on in every branch; one that begins in a branch is a decision
    of that future. Only those of the trunk become integers: the others are never acted upon, and the next plan
    has a longer look at them.
    """

    def __init__(
        self, program: Program, spec: FlexibleLoad, horizon: Horizon, state: LoadState, steps: Steps
    ) -> None:
        """Add a load with what is asked of it to a program."""
        self.id, self.name = spec.id, f"load.{spec.id}"
        self._spec, self._horizon, self.state = spec, horizon, state
        self._program = program
        self._columns: list[Ints] = []
        self._placed: list[PlacedRuns] = []
        self._choices: list[SingleStart] = []
        self._left: dict[int, Ints] = {}
        shape, at = under_way(spec, state), begun(state)
        self.forced_kw = np.zeros(horizon.n)
        if shape is not None:
            going_on = self._add("under_way", run_from_now(steps, shape), fixed=True)
            self.forced_kw[going_on.node] = going_on.power_kw
        for i, task in enumerate(state.tasks):
            if task is not at:
                self._add_task(i, task, steps)
        self.most_kw = self.forced_kw.copy()
        for placed in self._placed:
            np.maximum.at(self.most_kw, placed.node, placed.power_kw)

    def _add(self, name: str, runs: Runs, *, fixed: bool = False) -> PlacedRuns:
        """Add a column per run that can begin; `fixed` for one that has begun."""
        placed = _on_tree(runs, self._horizon, under_way=fixed)
        energy = placed.power_kw * self._horizon.counted_h[placed.node]
        later = np.bincount(placed.run, energy * self._horizon.later[placed.node], len(placed.begin))
        columns = self._program.variables(
            f"{self.name}.{name}", len(placed.begin), lower=float(fixed), upper=1.0, cost=later
        )
        self._columns.append(columns)
        self._placed.append(placed)
        return placed

    def _add_task(self, i: int, task: LoadTask, steps: Steps) -> None:
        """Add the row that lets one run of a task begin in every future, or leaves the task out."""
        shape, tree = shape_of(self._spec, task.energy_kwh), self._horizon.tree
        if shape.total_kwh <= 0:
            return
        placed = self._add(f"task{i}.starts", runs_within(task.allowed, steps, shape))
        starts, label = self._columns[-1], f"{self.name}.task{i}"
        price = price_of_leaving(task) * shape.total_kwh
        self._left[i] = left = self._program.variables(
            f"{label}.left_out", tree.n_scenarios, upper=1.0, cost=price * tree.probability
        )
        one, whole = np.ones(tree.n_scenarios), np.ones(len(starts))
        begins = self._horizon.summed(starts, whole, placed.begin)
        self._program.rows(f"{label}.once", one, one, begins, Term(left, 1.0))
        if len(starts):
            self._choices.append(SingleStart(self._horizon, starts, placed.begin))

    def value(self, x: Floats) -> Floats:
        """Return the power in a solution, shape (n,). [kW]."""
        power = np.zeros(self._horizon.n)
        for columns, placed in zip(self._columns, self._placed, strict=True):
            power += np.bincount(placed.node, placed.power_kw * x[columns][placed.run], self._horizon.n)
        return power

    def begins(self, x: Floats) -> Bools:
        """Return where runs begin in a solution, shape (n,); not the one that is under way."""
        first = np.zeros(self._horizon.n, dtype=np.bool_)
        for columns, placed in zip(self._columns, self._placed, strict=True):
            if not placed.under_way:
                first[placed.begin[x[columns] > 0.5]] = True
        return first

    def is_on(self, x: Floats) -> Bools:
        """Return where a run is in progress, parts of it without power among them, shape (n,).

        A programme that takes longer than its profile says is left to end by itself.
        """
        on = np.zeros(self._horizon.n, dtype=np.bool_)
        on[0] = self.state.is_on and self._spec.kind is LoadKind.PROGRAMME
        for columns, placed in zip(self._columns, self._placed, strict=True):
            on[placed.node[x[columns][placed.run] > 0.5]] = True
        return on

    def missing_kwh(self, x: Floats) -> Floats:
        """Return what is expected to stay undone of each task, shape (tasks,). [kWh]."""
        missing = np.zeros(len(self.state.tasks))
        for i, left in self._left.items():
            energy = shape_of(self._spec, self.state.tasks[i].energy_kwh).total_kwh
            missing[i] = energy * float(x[left] @ self._horizon.tree.probability)
        return missing

    def into_bus(self) -> list[Term]:
        """Return consumption, negative into the bus."""
        return [
            Term(columns[placed.run], -placed.power_kw, placed.node)
            for columns, placed in zip(self._columns, self._placed, strict=True)
        ]

    def choices(self) -> Sequence[Choice]:
        """Return one choice per task: when to begin."""
        return self._choices

    def slacks(self, x: Floats) -> list[Slack]:
        """Return the tasks that have to be done and are not."""
        return missing_slack(self.id, self.state.tasks, self.missing_kwh(x), self._horizon)


def _on_tree(runs: Runs, horizon: Horizon, *, under_way: bool) -> PlacedRuns:
    """Let runs begin on every node of their first step, and go on in every future that follows from there."""
    tree = horizon.tree
    table = tree.nodes_of_scenarios()
    begin_nodes = table[0, runs.begin] if under_way else np.unique(table[:, runs.begin])
    which = np.searchsorted(runs.begin, tree.step[begin_nodes])
    column, entry = _entries_of(runs, which)
    branch, step = tree.branch[begin_nodes][column], runs.step[entry]
    shared = (branch == TRUNK) & (step >= len(tree.trunk))
    own = ~shared
    futures = np.arange(tree.n_scenarios)
    node = [table[np.maximum(branch[own], 0), step[own]], table[:, step[shared]].ravel()]
    column = np.concatenate([column[own], np.tile(column[shared], len(futures))])
    power = np.concatenate([runs.power_kw[entry[own]], np.tile(runs.power_kw[entry[shared]], len(futures))])
    return PlacedRuns(
        begin=begin_nodes, run=column, node=np.concatenate(node), power_kw=power, under_way=under_way
    )


def _entries_of(runs: Runs, which: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return for the runs named by `which` (a run may be named twice) their entries: (position, entry)."""
    span = (runs.end - runs.begin + 1)[which]
    first = np.searchsorted(runs.run, which)
    position = np.repeat(np.arange(len(which)), span)
    entry = np.arange(len(position)) - np.repeat(np.cumsum(span) - span, span) + first[position]
    return position, entry


@dataclass(eq=False)
class SingleStart:
    """A run begins whole or not at all."""

    horizon: Horizon
    starts: Ints
    begin: NDArray[np.intp]  # node of each

    def _trunk(self) -> NDArray[np.intp]:
        """Return the positions of starts that all futures share."""
        return np.flatnonzero(self.horizon.tree.branch[self.begin] == TRUNK)

    def broken(self, x: Floats) -> Bools:
        """Return the steps with which a part of a run begins."""
        mask, trunk = np.zeros(self.horizon.n, dtype=np.bool_), self._trunk()
        y = x[self.starts[trunk]]
        mask[self.begin[trunk]] = (y > _WHOLE) & (y < 1 - _WHOLE)
        return mask

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Make all starts whole: with those of a few steps alone, fractions would move to the others."""
        del steps
        trunk = self._trunk()
        program.make_integer(self.starts[trunk])
        return self.begin[trunk]

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Begin where the largest part does, or not yet where most of the run is left for later."""
        del steps
        columns = self.starts[self._trunk()]
        y = x[columns]
        pinned = np.zeros(len(columns))
        pinned[int(np.argmax(y))] = float(y.max() >= 1 - y.sum())
        return Pins(columns, pinned, pinned)
