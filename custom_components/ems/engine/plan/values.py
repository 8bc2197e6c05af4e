"""What a stored kWh is worth in each step: the optimiser's price, and both sides of it.

A linear program's dual is one number where the truth may be two: with the battery full, empty or waiting, one more
kWh is worth less than one kWh less costs. Both are found by giving every step of every store a hair more, and a
hair less, and asking the solver for its prices again. The optimal prices of such a chain of stores form a lattice,
so that one question answers all steps at once.

References
----------
K. Murota, "Discrete Convex Analysis", SIAM, 2003, chapter 9 (optimal potentials form a lattice).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from ..steps import Floats
from .home import Home
from .program import Block, Ints
from .search import Search
from .store_value import StoreValue

# Small beside any amount that matters, large beside the 1e-7 to which a solver keeps its rows. [kWh]
_HAIR_KWH: Final = 1e-5


def store_values(home: Home, found: Search) -> Mapping[str, StoreValue]:
    """Return the values of every store of a home, per device id."""
    spans = {id_: found.model.rows[name] for id_, name in home.balances.items()}
    if not spans:
        return {}
    rows = np.concatenate([_rows(home, id_, block) for id_, block in spans.items()])
    more, less = (_prices(found, rows, by) for by in (_HAIR_KWH, -_HAIR_KWH))
    share = home.horizon.tree.share
    return {
        id_: StoreValue(
            marginal=-found.dual[block.span] / share,
            import_side=-np.maximum(more, found.dual)[block.span] / share,
            export_side=-np.minimum(less, found.dual)[block.span] / share,
        )
        for id_, block in spans.items()
    }


def _rows(home: Home, id_: str, block: Block) -> Ints:
    """Return the rows of a store that can take a nudge: a car that is away takes none."""
    rows = np.arange(block.start, block.stop, dtype=np.int32)
    return rows[home.chargers[id_].steps] if id_ in home.chargers else rows


def _prices(found: Search, rows: Ints, by: float) -> Floats:
    """Return all prices after a nudge; the first ones where a store cannot take it (nothing moves, say)."""
    nudged = found.nudged(rows, by)
    return found.dual if nudged is None or nudged.row_dual is None else nudged.row_dual
