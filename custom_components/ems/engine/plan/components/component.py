"""What every component shares: the horizon it lives on, its flows into the bus, its choices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...problem import Problem
from ...steps import Bools, Floats
from ..penalties import TIE_PER_KWH, Penalties, penalties_for
from ..program import Ints, Program, Term
from ..result import Slack
from ..tree import Tree


@dataclass(frozen=True, kw_only=True, eq=False)
class Horizon:
    """The axis with its prices, and the tie-breakers that go with it. Series have one value per node, shape (n,).

    Attributes
    ----------
    hours : Width of the node's step. [h]
    begins_h : From now to the start of the node's step. [h]
    counted_h : Width times how likely the node is: what a cost per hour is counted with. [h]
    import_price, export_price : As weighed by the strategy. [currency/kWh]
    later : Cost of using free energy: rises with time, so that of two equal steps the earlier is taken.
        [currency/kWh]
    either_way : Cost of having a kWh go through one of two opposite directions: makes pointless round trips lose.
    """

    tree: Tree
    hours: Floats
    begins_h: Floats
    counted_h: Floats
    import_price: Floats
    export_price: Floats
    penalties: Penalties
    later: Floats
    either_way: float = TIE_PER_KWH / 2

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.hours)

    def on_nodes[T: np.generic](self, series: NDArray[T]) -> NDArray[T]:
        """Return a series of the plan's axis as one of the nodes."""
        return series[self.tree.step]

    def before(self, columns: Ints, coefficient: float) -> Term:
        """Return what variables were one step earlier, in the rows of the nodes that have an earlier one."""
        after = self.tree.followers
        return Term(columns[self.tree.parent[after]], coefficient, after)

    def summed(self, columns: Ints, coefficients: Floats, nodes: NDArray[np.intp]) -> Term:
        """Return a sum over each future, rows being scenarios; `columns` belong to `nodes`."""
        at, row = self.tree.paths(nodes)
        return Term(columns[at], coefficients[at], row)


def horizon_of(
    problem: Problem, tree: Tree, *, import_extra: float | Floats = 0.0, beside_price: float = 0.0
) -> Horizon:
    """Return what components need to know of a problem's axis.

    import_extra : What every imported kWh counts for on top of its price, by strategy. [currency/kWh]
    beside_price : The most a kWh can count for beside its price, for `penalties_for`. [currency/kWh]
    """
    hours = problem.steps.hours
    middle = np.cumsum(hours) - hours / 2
    return Horizon(
        tree=tree,
        hours=hours[tree.step],
        begins_h=(np.cumsum(hours) - hours)[tree.step],
        counted_h=hours[tree.step] * tree.share,
        import_price=(problem.import_price_per_kwh + import_extra)[tree.step],
        export_price=problem.export_price_per_kwh[tree.step],
        penalties=penalties_for(problem, beside_price),
        later=(TIE_PER_KWH / 2 * (1 + middle / hours.sum()))[tree.step],
    )


class Component(Protocol):
    """One part of the home."""

    @property
    def id(self) -> str:
        """Name the device."""

    def into_bus(self) -> list[Term]:
        """Return what flows into the home bus, rows being steps. [kW]."""

    def choices(self) -> Sequence[Choice]:
        """Return the yes-or-no questions this component may have to ask."""

    def slacks(self, x: Floats) -> list[Slack]:
        """Return the wishes a solution breaks."""


class Pins(NamedTuple):
    """Bounds that replace those of some columns."""

    columns: Ints
    lower: Floats
    upper: Floats


class Choice(Protocol):
    """Something a linear program may get wrong, and integers put right where it did."""

    def broken(self, x: Floats) -> Bools:
        """Return the steps in which a solution does what cannot be done, shape (n,)."""

    def enforce(self, program: Program, steps: NDArray[np.intp]) -> NDArray[np.intp]:
        """Add integers that forbid it in these steps at least; return all steps they cover."""

    def settle(self, x: Floats, steps: NDArray[np.intp]) -> Pins:
        """Decide these steps the way the solution leans, for when there is no time for integers."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A non-negative power per step: one column each, and in some steps a second one at another price.

    [kW].
    """

    columns: Ints
    upper: Floats  # largest physical sum of both, shape (n,)
    extra: Ints
    extra_steps: NDArray[np.intp]

    def value(self, x: Floats) -> Floats:
        """Return the flow in a solution, shape (n,)."""
        total = x[self.columns]
        total[self.extra_steps] += x[self.extra]
        return total

    def terms(self, coefficient: float) -> list[Term]:
        """Return the flow times a coefficient, rows being all steps."""
        return [Term(self.columns, coefficient), Term(self.extra, coefficient, self.extra_steps)]

    def columns_at(self, steps: NDArray[np.intp]) -> list[Ints]:
        """Return every column of the flow in some steps."""
        return [self.columns[steps], self.extra[np.isin(self.extra_steps, steps)]]

    def terms_at(self, steps: NDArray[np.intp]) -> list[Term]:
        """Return the flow in some steps, rows being their positions in `steps`; a step may be named twice."""
        if not len(self.extra):
            return [Term(self.columns[steps], 1.0)]
        place = np.minimum(np.searchsorted(self.extra_steps, steps), len(self.extra) - 1)
        rows = np.flatnonzero(self.extra_steps[place] == steps)
        return [Term(self.columns[steps], 1.0), Term(self.extra[place[rows]], 1.0, rows)]


def plain_flow(columns: Ints, upper: Floats) -> Flow:
    """Return a flow that has a single column per step."""
    return Flow(columns, upper, np.zeros(0, np.int32), np.zeros(0, np.intp))


def slack_over(
    amounts: Floats, name: str, component: str, *, amount: float, unit: str, cost: float
) -> list[Slack]:
    """Describe a wish broken in some steps by name, first and last step; nothing where none is worth a word.

    amounts : By how much per step, shape (n,); what is below a watt or a watt-hour is the solver's rounding.
    """
    steps = np.flatnonzero(amounts > 1e-3)
    if not len(steps):
        return []
    return [
        Slack(
            name=name,
            component=component,
            amount=amount,
            unit=unit,
            first_step=int(steps[0]),
            last_step=int(steps[-1]),
            cost=cost,
        )
    ]
