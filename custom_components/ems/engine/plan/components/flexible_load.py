"""Loads that can wait and may be interrupted: of any power up to a largest, or on and off."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ...steps import Bools, Floats, Steps
from ..at_stake import price_of_leaving
from ..held import held_off, held_on
from ..penalties import TIE_PER_KWH
from ..program import Program, Term
from ..result import Slack
from ..run_shape import begun, may_begin
from .component import Choice, Component, Horizon
from .load_tasks import missing_slack
from .minimum_power import MinimumPower
from .programme import RunLoad
from .switching import NO_TASK, WATT, Switching


class LoadModel(Component, Protocol):
    """A flexible load in a program.

    Attributes
    ----------
    most_kw : The most it could draw in each node, shape (n,). [kW]
    forced_kw : What it draws whatever is decided, because it cannot stop yet, shape (n,). [kW]
    """

    name: str
    state: LoadState
    most_kw: Floats
    forced_kw: Floats

    def value(self, x: Floats) -> Floats:
        """Return the power in a solution, shape (n,). [kW]."""

    def is_on(self, x: Floats) -> Bools:
        """Return where it is to be on, shape (n,): also where a programme draws nothing for a while."""

    def begins(self, x: Floats) -> Bools:
        """Return where it is to be switched on, shape (n,)."""

    def missing_kwh(self, x: Floats) -> Floats:
        """Return what is expected to stay undone of each task, shape (tasks,). [kWh]."""


class DivisibleLoad:
    """Power p where a task allows it.

        0 ≤ p[k] ≤ p_max                            in the steps of a task, else 0
        Σ h·p + s·missing - extra = s·asked         for each task
        cost = price·missing + dump·extra

    Beyond the near window p of a load that is only on or off is its duty cycle times p_max. Where less is asked
    than a shortest run uses, s makes the task as large as that run; else it is 1. `extra` exists only where a
    shortest run could still use more than that; it is priced at the most that a kWh could be paid to be burnt
    for, so that a negative price is no reason to use it.
    """

    def __init__(
        self, program: Program, spec: FlexibleLoad, horizon: Horizon, state: LoadState, steps: Steps
    ) -> None:
        """Add a load with what is asked of it to a program."""
        self.id, self.name, self.state = spec.id, f"load.{spec.id}", state
        self._spec, self._horizon = spec, horizon
        held = horizon.on_nodes(held_on(spec, state, steps))
        self.task = horizon.on_nodes(_task_of(state, ~held_off(spec, state, steps)))
        self.most_kw = np.where(self.task != NO_TASK, spec.power_kw, spec.power_kw * held)
        self.forced_kw = spec.power_kw * held
        self.nodes = np.flatnonzero(self.most_kw > 0)
        self.power = program.variables(
            f"{self.name}.power",
            len(self.nodes),
            lower=self.forced_kw[self.nodes],
            upper=self.most_kw[self.nodes],
            cost=(horizon.counted_h * horizon.later)[self.nodes],
        )
        self.swelling = np.array([_swelling(spec, state, task) for task in state.tasks])
        self._add_energy(program)
        self._choices = self._make_choices(steps)

    def _add_energy(self, program: Program) -> None:
        """Add a row per task and future, in kWh: its dual is what a kWh is worth to the load."""
        tree, tasks = self._horizon.tree, self.state.tasks
        futures, probability = tree.n_scenarios, np.tile(tree.probability, len(tasks))
        asked = np.repeat([task.energy_kwh for task in tasks], futures)
        price = np.repeat([price_of_leaving(task) for task in tasks], futures)
        self.missing = program.variables(
            f"{self.name}.missing", len(asked), upper=asked, cost=price * probability
        )
        every = np.flatnonzero(self.task[self.nodes] != NO_TASK)
        terms = [self._delivered(every), Term(self.missing, np.repeat(self.swelling, futures))]
        if self._spec.min_on_h > 0:
            most = self._spec.power_kw * self._spec.min_on_h
            cost = self._dump_price() * probability
            terms.append(
                Term(program.variables(f"{self.name}.extra", len(asked), upper=most, cost=cost), -1.0)
            )
        uses = asked * np.repeat(self.swelling, futures)
        program.rows(f"{self.name}.energy", uses, uses, *terms)

    def _delivered(self, at: NDArray[np.intp]) -> Term:
        """Return Σ h·p of some of our power columns, rows being tasks and, within each, futures."""
        nodes = self.nodes[at]
        paths = self._horizon.tree.paths(nodes)
        rows = self.task[nodes][paths.at] * self._horizon.tree.n_scenarios + paths.row
        return Term(self.power[at][paths.at], self._horizon.hours[nodes][paths.at], rows)

    def _dump_price(self) -> float:
        """Return the most that burning a kWh could earn, and a hair more. [currency/kWh]."""
        lowest = min(self._horizon.import_price.min(), self._horizon.export_price.min())
        return max(-float(lowest), 0.0) + 4 * TIE_PER_KWH

    def _make_choices(self, steps: Steps) -> list[Choice]:
        spec = self._spec
        if spec.kind is LoadKind.INTERRUPTIBLE:
            return [self._switching(steps)] if len(self.nodes) else []
        if spec.power_min_kw <= 0:
            return []
        own = [np.flatnonzero(self.task[self.nodes] == i) for i in range(len(self.state.tasks))]
        return [
            MinimumPower(
                name=f"{self.name}.task{i}",
                power=self.power[at],
                steps=self.nodes[at],
                horizon=self._horizon,
                least_kw=spec.power_min_kw,
                most_kw=spec.power_kw,
                takes_kwh=self.state.tasks[i].energy_kwh,
            )
            for i, at in enumerate(own)
        ]

    def _switching(self, steps: Steps) -> Switching:
        spec, at = self._spec, self._horizon.tree.step
        open_ = np.zeros(len(steps), dtype=np.bool_)
        open_[at[self.nodes]] = True
        return Switching(
            name=self.name,
            horizon=self._horizon,
            power_kw=spec.power_kw,
            min_on_h=spec.min_on_h,
            min_off_h=spec.min_off_h,
            is_on=self.state.is_on,
            power=self.power,
            nodes=self.nodes,
            task=self.task,
            held_kw=self.forced_kw,
            may_start=self._horizon.on_nodes(may_begin(open_, steps, spec.min_on_h)),
            missing=self.missing,
            swelling=self.swelling,
            uses_kwh=self.swelling * np.array([task.energy_kwh for task in self.state.tasks]),
        )

    def value(self, x: Floats) -> Floats:
        """Return the power in a solution, shape (n,). [kW]."""
        power = np.zeros(self._horizon.n)
        power[self.nodes] = x[self.power]
        return power

    def is_on(self, x: Floats) -> Bools:
        """Return where it draws more than a watt, shape (n,)."""
        return np.asarray(self.value(x) > WATT)

    def begins(self, x: Floats) -> Bools:
        """Return where it is switched on, shape (n,)."""
        on, after = self.is_on(x), self._horizon.tree.followers
        before = np.full(len(on), self.state.is_on)
        before[after] = on[self._horizon.tree.parent[after]]
        return np.asarray(on & ~before)

    def missing_kwh(self, x: Floats) -> Floats:
        """Return what is expected to stay undone of each task, shape (tasks,). [kWh]."""
        tree = self._horizon.tree
        missing: Floats = x[self.missing].reshape(-1, tree.n_scenarios) @ tree.probability
        return missing

    def into_bus(self) -> list[Term]:
        """Return consumption, negative into the bus."""
        return [Term(self.power, np.full(len(self.nodes), -1.0), self.nodes)]

    def choices(self) -> Sequence[Choice]:
        """Return what may need integers: on and off, or off and a smallest power."""
        return self._choices

    def slacks(self, x: Floats) -> list[Slack]:
        """Return the tasks that have to be done and are not."""
        return missing_slack(self.id, self.state.tasks, self.missing_kwh(x), self._horizon)


def _swelling(spec: FlexibleLoad, state: LoadState, task: LoadTask) -> float:
    """Return how much of a task its shortest run makes of it, at least 1; what runs has begun that run."""
    if spec.kind is not LoadKind.INTERRUPTIBLE or task.energy_kwh <= 0 or task is begun(state):
        return 1.0
    return max(spec.power_kw * spec.min_on_h / task.energy_kwh, 1.0)


def _task_of(state: LoadState, usable: Bools) -> NDArray[np.intp]:
    """Return which task each step belongs to, shape (n,)."""
    task = np.full(len(usable), NO_TASK)
    for i, one in enumerate(state.tasks):
        task[one.allowed & usable] = i
    return task


def load_model(
    program: Program, spec: FlexibleLoad, horizon: Horizon, state: LoadState, steps: Steps
) -> LoadModel:
    """Add a load of any kind to a program."""
    in_one_piece = spec.kind in (LoadKind.BLOCK, LoadKind.PROGRAMME)
    kind = RunLoad if in_one_piece else DivisibleLoad
    return kind(program, spec, horizon, state, steps)
