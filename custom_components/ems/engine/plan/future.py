"""What is expected to happen: one future for a plan on the mean, several for one that is good over all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..steps import Floats
from .inputs import Inputs
from .tree import Tree, scenario_tree, single_path


@dataclass(frozen=True, kw_only=True, eq=False)
class Future:
    """Load and sun on the nodes of a tree, shape (N,) each. [kW]."""

    tree: Tree
    load_kw: Floats
    pv_kw: Mapping[str, Floats]  # id → available


def expected(inputs: Inputs) -> Future:
    """Return the mean forecast as the only future."""
    return Future(
        tree=single_path(len(inputs.problem.steps)), load_kw=inputs.problem.load_kw, pv_kw=inputs.pv_kw
    )


def scenarios(inputs: Inputs) -> Future:
    """Return every scenario as a branch; on the trunk the mean is expected, which is what is measured now."""
    problem = inputs.problem
    tree = scenario_tree(problem)
    return Future(
        tree=tree,
        load_kw=_on_tree(tree, problem.load_kw, [one.load_kw for one in problem.scenarios]),
        pv_kw={
            id_: _on_tree(tree, mean, [one.pv_available_kw[id_] for one in problem.scenarios])
            for id_, mean in inputs.pv_kw.items()
        },
    )


def _on_tree(tree: Tree, mean: Floats, each: list[Floats]) -> Floats:
    """Return a series by node: branch −1, the trunk, takes the last row, which is the mean."""
    table = np.stack([*each, mean])
    values: Floats = table[tree.branch, tree.step]
    return values
