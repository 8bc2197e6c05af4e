"""Writes a model down as maths: each block of variables with its bounds, each block of rows once."""

from typing import TYPE_CHECKING

import numpy as np

from ..steps import Floats

if TYPE_CHECKING:
    from .program import Block, Ints, Model

# More terms than this of one block in one row are written as a sum.
_LONGEST_TERM = 4


def model_as_maths(model: Model) -> str:
    """Return the model in words: sizes, variables with their range and cost, one typical row per block."""
    head = (
        f"minimise over {model.n_columns} variables ({model.n_integers} integer), "
        f"{model.n_rows} rows, {len(model.value)} coefficients"
    )
    lines = [_variables_line(model, block) for block in model.columns.values() if block.stop > block.start]
    rows = [_row_line(model, block) for block in model.rows.values() if block.stop > block.start]
    return "\n".join([head, *lines, "subject to", *rows])


def _variables_line(model: Model, block: Block) -> str:
    domain = "ℤ ∩ " if model.integer[block.span].any() else ""
    bounds = f"[{_low(model.lower[block.span])}, {_high(model.upper[block.span])}]"
    cost = model.cost[block.span]
    priced = f", cost {_range(cost)}" if np.any(cost) else ""
    return f"  {block.name}{_axis(block)} ∈ {domain}{bounds}{priced}"


def _row_line(model: Model, block: Block) -> str:
    """Show the block's middle row: the first often differs, because it starts from what was measured."""
    at = (block.stop - block.start) // 2
    hits = np.flatnonzero(model.index == block.start + at)
    columns = (np.searchsorted(model.start, hits, side="right") - 1).astype(np.int32)
    terms = [
        _term(columns[owned] - other.start, model.value[hits[owned]], at, other)
        for other in model.columns.values()
        if (owned := (columns >= other.start) & (columns < other.stop)).any()
    ]
    total = " ".join(terms).removeprefix("+ ") or "0"
    low, high = model.row_lower[block.start + at], model.row_upper[block.start + at]
    many = block.stop - block.start > 1
    where = f"   (k = {at} of {_axis(block)})" if many else ""
    return f"  {block.name}{'[k]' if many else ''}: {_between(low, total, high)}{where}"


def _between(low: float, total: str, high: float) -> str:
    if low == high:
        return f"{total} = {low:.4g}"
    left = "" if np.isneginf(low) else f"{low:.4g} ≤ "
    right = "" if np.isposinf(high) else f" ≤ {high:.4g}"
    return f"{left}{total}{right}"


def _term(places: Ints, values: Floats, at: int, block: Block) -> str:
    """Write what one block of variables adds to a row; a long run of equal coefficients is a sum."""
    if len(places) > _LONGEST_TERM:
        sign, size = _factor(float(values[0])) if np.ptp(values) == 0 else ("+", f"({_range(values)})·")
        return f"{sign} Σ {size}{block.name}[{places.min()}..{places.max()}]"
    single = block.stop - block.start == 1
    written = []
    for place, value in zip(places.tolist(), values.tolist(), strict=True):
        sign, size = _factor(value)
        written.append(f"{sign} {size}{block.name}{'' if single else _index(place - at)}")
    return " ".join(written)


def _factor(value: float) -> tuple[str, str]:
    return ("-" if value < 0 else "+"), ("" if abs(value) == 1 else f"{abs(value):.4g}·")


def _index(shift: int) -> str:
    return f"[k{shift:+d}]" if shift else "[k]"


def _axis(block: Block) -> str:
    n = block.stop - block.start
    return f"[0..{n - 1}]" if n > 1 else ""


def _range(values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.4g}" if low == high else f"{low:.4g} … {high:.4g}"


def _low(values: Floats) -> str:
    return f"{values.min():.4g}".replace("inf", "∞")


def _high(values: Floats) -> str:
    return f"{values.max():.4g}".replace("inf", "∞")
