"""The axis a program is written on: steps in a row, or a tree of them where the future may go several ways.

A node is one step in one future. The first steps are the same in all futures, the trunk; from there each scenario
has a branch of its own. Decisions on the trunk are made once, so that they have to suit every branch: two-stage
stochastic programming without a row that says so.

References
----------
J. R. Birge, F. Louveaux, "Introduction to Stochastic Programming", 2nd ed., Springer, 2011, chapters 1 and 2.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..problem import Problem
from ..steps import Floats

type Places = NDArray[np.intp]

TRUNK = -1


class Paths(NamedTuple):
    """For sums over a whole future: which of some nodes count in which scenario's row."""

    at: Places  # positions among the nodes asked for
    row: Places  # scenario


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """Nodes in an order in which a parent comes before its children.

    Attributes
    ----------
    step : The step of the plan's axis that each node is, shape (N,).
    parent : The node before it, shape (N,); -1 where there is none.
    branch : The scenario it belongs to, shape (N,); `TRUNK` where it belongs to all.
    probability : Of each scenario, shape (S,); together 1.
    """

    step: Places
    parent: Places
    branch: Places
    probability: Floats

    @property
    def n_scenarios(self) -> int:
        """Number of futures."""
        return len(self.probability)

    @property
    def share(self) -> Floats:
        """Return how likely each node is to be reached, shape (N,)."""
        shares: Floats = np.append(self.probability, 1.0)[self.branch]
        return shares

    @property
    def leaves(self) -> Places:
        """Return the last node of each scenario, shape (S,)."""
        return np.flatnonzero(self.step == self.step[-1])

    @property
    def trunk(self) -> Places:
        """Return the nodes that all futures share."""
        return np.flatnonzero(self.branch == TRUNK)

    @property
    def followers(self) -> Places:
        """Return every node that has one before it."""
        return np.flatnonzero(self.parent >= 0)

    def nodes_of_scenarios(self) -> Places:
        """Return the node of each scenario at each step, shape (S, n): the trunk's in all of them."""
        table = np.zeros((self.n_scenarios, int(self.step[-1]) + 1), dtype=np.intp)
        at, row = self.paths(np.arange(len(self.step)))
        table[row, self.step[at]] = at
        return table

    def paths(self, nodes: Places) -> Paths:
        """Return in which scenarios some nodes count: those of the trunk in all of them."""
        branch = self.branch[nodes]
        shared, own = np.flatnonzero(branch == TRUNK), np.flatnonzero(branch != TRUNK)
        every = np.arange(self.n_scenarios)
        at = np.concatenate([np.repeat(shared, len(every)), own])
        return Paths(at, np.concatenate([np.tile(every, len(shared)), branch[own]]))


def single_path(n: int) -> Tree:
    """Return the axis of a plan on the mean: one future, n steps in a row."""
    return Tree(
        step=np.arange(n),
        parent=np.arange(n) - 1,
        branch=np.full(n, TRUNK),
        probability=np.ones(1),
    )


def scenario_tree(problem: Problem) -> Tree:
    """Return a trunk of the first shared hours, and from its end one branch per scenario.

    At least the running step is shared: it is the one that is acted on.
    """
    n, weights = len(problem.steps), np.array([max(s.probability, 0.0) for s in problem.scenarios])
    ends = np.cumsum(problem.steps.hours)
    trunk = int(np.clip(np.count_nonzero(ends <= problem.shared_h + 1e-9), 1, n - 1))
    tail, count = n - trunk, len(weights)
    first = trunk + tail * np.arange(count)
    own_parent = np.arange(trunk, trunk + tail * count) - 1
    own_parent[first - trunk] = trunk - 1
    return Tree(
        step=np.concatenate([np.arange(trunk), np.tile(np.arange(trunk, n), count)]),
        parent=np.concatenate([np.arange(trunk) - 1, own_parent]),
        branch=np.concatenate([np.full(trunk, TRUNK), np.repeat(np.arange(count), tail)]),
        probability=weights / weights.sum(),
    )
