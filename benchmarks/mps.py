"""Writes a model as free-format MPS, the file every solver reads.

What the format leaves to its readers is written out: both bounds of every column, and nothing by default but
the direction, which is to minimise. Numbers are written so that they read back to the last bit.

References
----------
HiGHS documentation, "Model file formats": the objective's right-hand side is the offset with its sign turned.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

import numpy as np

from custom_components.ems.engine.plan.program import Block, Model

OBJECTIVE: Final = "cost"
# Free format ends a name at a blank; what is quoted stays one name, and no two names become the same.
_SAFE: Final = "[]./:,_-"


def mps(model: Model, name: str) -> str:
    """Return a model as the text of an MPS file."""
    columns, rows = _names(model.columns), _names(model.rows)
    lines = (
        "* minimise; columns and rows are named block[place in it]",
        f"NAME {quote(name, safe=_SAFE)}",
        *_rows(model, rows),
        *_columns(model, columns, rows),
        *_right_hand_sides(model, rows),
        *_ranges(model, rows),
        *_bounds(model, columns),
        "ENDATA",
    )
    return "\n".join(lines) + "\n"


def _names(blocks: Mapping[str, Block]) -> list[str]:
    return [name for block in blocks.values() for name in _names_in(block)]


def _names_in(block: Block) -> list[str]:
    name, n = quote(block.name, safe=_SAFE), block.stop - block.start
    return [name] if n == 1 else [f"{name}[{i}]" for i in range(n)]


def _rows(model: Model, names: list[str]) -> Iterator[str]:
    """E: equal, G: at least, L: at most, N: free. A row with two bounds is an L with a range."""
    yield "ROWS"
    yield f" N {OBJECTIVE}"
    for name, low, high in zip(names, model.row_lower, model.row_upper, strict=True):
        yield f" {_sense(low, high)} {name}"


def _sense(low: float, high: float) -> str:
    if low == high:
        return "E"
    if np.isfinite(high):
        return "L"
    return "G" if np.isfinite(low) else "N"


def _columns(model: Model, columns: list[str], rows: list[str]) -> Iterator[str]:
    """Every column names its cost, so that one without any entry exists all the same."""
    yield "COLUMNS"
    is_integer = False
    for j, column in enumerate(columns):
        if model.integer[j] != is_integer:
            is_integer = not is_integer
            yield f" marker{j} 'MARKER' {"'INTORG'" if is_integer else "'INTEND'"}"
        yield f" {column} {OBJECTIVE} {_number(model.cost[j])}"
        for entry in range(model.start[j], model.start[j + 1]):
            yield f" {column} {rows[model.index[entry]]} {_number(model.value[entry])}"
    if is_integer:
        yield " marker_last 'MARKER' 'INTEND'"


def _right_hand_sides(model: Model, names: list[str]) -> Iterator[str]:
    yield "RHS"
    if model.offset:
        yield f" RHS {OBJECTIVE} {_number(-model.offset)}"
    for name, low, high in zip(names, model.row_lower, model.row_upper, strict=True):
        bound = high if np.isfinite(high) else low
        if np.isfinite(bound) and bound:
            yield f" RHS {name} {_number(bound)}"


def _ranges(model: Model, names: list[str]) -> Iterator[str]:
    both = np.isfinite(model.row_lower) & np.isfinite(model.row_upper) & (model.row_lower < model.row_upper)
    if both.any():
        yield "RANGES"
    for i in np.flatnonzero(both):
        yield f" RANGE {names[i]} {_number(model.row_upper[i] - model.row_lower[i])}"


def _bounds(model: Model, names: list[str]) -> Iterator[str]:
    """Both bounds of every column: readers differ on what an integer or a negative upper bound leaves open."""
    yield "BOUNDS"
    for name, low, high in zip(names, model.lower, model.upper, strict=True):
        if low == high:
            yield f" FX BOUND {name} {_number(low)}"
            continue
        yield f" LO BOUND {name} {_number(low)}" if np.isfinite(low) else f" MI BOUND {name}"
        yield f" UP BOUND {name} {_number(high)}" if np.isfinite(high) else f" PL BOUND {name}"


def _number(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return repr(float(value))
