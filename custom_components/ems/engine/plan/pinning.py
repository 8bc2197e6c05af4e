"""Starts of runs, decided without integers where that can be proven to cost nothing.

A run may begin with any of hundreds of steps, and integers for all of them are what takes time. So the starts are
first held where the linear program puts most of each. If what comes out is within the gap of the linear program's
own bound, no search can do better. If it is not, it still tells which starts cannot be part of a better answer:
those whose reduced cost alone exceeds the distance (reduced-cost fixing).

References
----------
L. A. Wolsey, "Integer Programming", 2nd ed., Wiley, 2020, section 7.6 (preprocessing, reduced-cost fixing).
"""

from collections.abc import Sequence

import numpy as np

from ..steps import Floats
from .components.component import Pins
from .components.programme import SingleStart
from .program import Model

# The solver's own tolerance on reduced costs, with room. [currency]
_ROUNDING = 1e-6


def held_starts(starts: Sequence[SingleStart], x: Floats) -> list[Pins]:
    """Return every start held where a solution puts most of it."""
    return [start.settle(x, start.begin) for start in starts]


def hopeless_starts(
    starts: Sequence[SingleStart], model: Model, row_dual: Floats, distance: float
) -> list[Pins]:
    """Return the starts that would alone cost more than what is left to gain, held at nothing.

    model, row_dual : The linear program without integers, and its prices.
    distance : From its bound to the best answer known. [currency]
    """
    reduced = reduced_costs(model, row_dual)
    return [
        Pins(columns, np.zeros(len(columns)), np.zeros(len(columns)))
        for start in starts
        if len(columns := start.starts[reduced[start.starts] > distance + _ROUNDING])
    ]


def pinned(model: Model, pins: Sequence[Pins]) -> Model:
    """Return a model with the bounds of some columns replaced."""
    if not pins:
        return model
    return model.with_bounds(*(np.concatenate(part) for part in zip(*pins, strict=True)))


def reduced_costs(model: Model, row_dual: Floats) -> Floats:
    """Return cost - Aᵀ·dual, shape (columns,)."""
    column = np.repeat(np.arange(model.n_columns), np.diff(model.start))
    priced = np.bincount(column, model.value * row_dual[model.index], model.n_columns)
    reduced: Floats = model.cost - priced
    return reduced
