"""A mixed-integer linear program, written in blocks: named arrays of variables, named arrays of sparse rows.

Steps are an axis, never a loop. What is written here is handed to a solver once, as arrays.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, override

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..steps import Bools, Floats
from .notation import model_as_maths

type Ints = NDArray[np.int32]

# HiGHS drops matrix entries below this with a warning status; dropping them here keeps "ok" meaning ok.
SMALLEST_COEFFICIENT = 1e-9


class Term(NamedTuple):
    """Coefficients × variables, one for each row of a block in order, or for the `rows` named."""

    columns: Ints
    coefficients: ArrayLike
    rows: NDArray[np.intp] | None = None

    def only(self, rows: NDArray[np.intp], n: int) -> Term:
        """Return the term in some of its n rows alone, the new rows being their positions."""
        own = np.arange(n) if self.rows is None else np.asarray(self.rows)
        position = np.full(n, -1)
        position[rows] = np.arange(len(rows))
        kept = np.flatnonzero(position[own] >= 0)
        size = np.broadcast_to(np.asarray(self.coefficients, dtype=np.float64), own.shape)
        return Term(self.columns[kept], size[kept], position[own[kept]])


class Block(NamedTuple):
    """A named run of variables or rows."""

    name: str
    start: int
    stop: int

    @property
    def span(self) -> slice:
        """Return where the block lies in the model's arrays."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A finished program: minimise cost·x + offset, row_lower ≤ A·x ≤ row_upper, lower ≤ x ≤ upper.

    A is stored by column (CSC): `start` has shape (columns + 1,), `index` holds rows, `value` coefficients.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integer: Bools
    row_lower: Floats
    row_upper: Floats
    start: Ints
    index: Ints
    value: Floats
    columns: Mapping[str, Block] = field(default_factory=dict)
    rows: Mapping[str, Block] = field(default_factory=dict)
    offset: float = 0.0
    # Rows that follow from the others once integers are whole: they only narrow a search. None: there are none.
    implied: Bools | None = None
    # A hint for solvers: many steps in one row, which the primal simplex walks through several times faster.
    is_long_path: bool = False

    @property
    def n_columns(self) -> int:
        """Number of variables."""
        return len(self.cost)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    @property
    def n_integers(self) -> int:
        """Number of integer variables."""
        return int(np.count_nonzero(self.integer))

    def activity(self, x: Floats) -> Floats:
        """Return A·x."""
        column = np.repeat(np.arange(self.n_columns), np.diff(self.start))
        total: Floats = np.bincount(self.index, self.value * x[column], self.n_rows).astype(np.float64)
        return total

    def with_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> Model:
        """Return the model with other bounds on some columns."""
        low, high = self.lower.copy(), self.upper.copy()
        low[columns], high[columns] = lower, upper
        return replace(self, lower=low, upper=high)

    def with_integers_fixed(self, x: Floats) -> Model:
        """Return the linear program that is left once every integer is held at its rounded value in `x`."""
        held = np.where(self.integer, np.round(x), 0.0)
        return replace(
            self.without_integers(),
            lower=np.where(self.integer, held, self.lower),
            upper=np.where(self.integer, held, self.upper),
        )

    def without_integers(self) -> Model:
        """Return the linear program, without the rows that only narrow a search: they would share in its prices."""
        model = replace(self, integer=np.zeros_like(self.integer))
        if self.implied is None or not self.implied.any():
            return model
        free = np.where(self.implied, np.inf, 0.0)
        return replace(model, row_lower=self.row_lower - free, row_upper=self.row_upper + free)

    @override
    def __repr__(self) -> str:
        """Read as maths."""
        return model_as_maths(self)


class Program:
    """Collects blocks; `build` freezes what has been collected and may be called again after adding more."""

    def __init__(self, *, is_long_path: bool = False) -> None:
        """Start empty."""
        self._is_long_path = is_long_path
        self._columns: dict[str, Block] = {}
        self._rows: dict[str, Block] = {}
        self._bounds: list[tuple[Floats, Floats, Floats, Bools]] = []
        self._row_bounds: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._made_integer: list[Ints] = []
        self._implied: list[Ints] = []

    def variables(
        self,
        name: str,
        n: int,
        *,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = np.inf,
        cost: ArrayLike = 0.0,
        integer: bool = False,
    ) -> Ints:
        """Add a block of `n` variables and return their column numbers, shape (n,)."""
        block = _next_block(self._columns, name, n)
        series = [np.broadcast_to(np.asarray(a, dtype=np.float64), (n,)) for a in (cost, lower, upper)]
        self._bounds.append((series[0], series[1], series[2], np.full(n, integer)))
        return np.arange(block.start, block.stop, dtype=np.int32)

    def make_integer(self, columns: Ints) -> None:
        """Ask for whole values of variables that were added as continuous ones."""
        self._made_integer.append(columns)

    def implied_rows(self, name: str, lower: ArrayLike, upper: ArrayLike, *terms: Term) -> None:
        """Add rows that follow from the others once integers are whole, and only narrow the search for them."""
        self._implied.append(self.rows(name, lower, upper, *terms))

    def rows(self, name: str, lower: ArrayLike, upper: ArrayLike, *terms: Term) -> Ints:
        """Add a block of rows, lower ≤ Σ terms ≤ upper, and return their row numbers."""
        low, high = np.atleast_1d(*np.broadcast_arrays(lower, upper))
        block = _next_block(self._rows, name, len(low))
        self._row_bounds.append((low.astype(np.float64), high.astype(np.float64)))
        for term in terms:
            self._add_entries(block, term)
        return np.arange(block.start, block.stop, dtype=np.int32)

    def reach(self, terms: Iterable[Term], n: int) -> tuple[Floats, Floats]:
        """Return between what the sum of some terms lies in each of n rows, by the bounds of their variables."""
        lower, upper = (np.concatenate([part[i] for part in self._bounds]) for i in (1, 2))
        least, most = np.zeros(n), np.zeros(n)
        for term in terms:
            size = np.broadcast_to(np.asarray(term.coefficients, dtype=np.float64), term.columns.shape)
            rows = np.arange(n) if term.rows is None else term.rows
            ends = np.stack([lower[term.columns] * size, upper[term.columns] * size])
            np.add.at(least, rows, ends.min(axis=0))
            np.add.at(most, rows, ends.max(axis=0))
        return least, most

    def _add_entries(self, block: Block, term: Term) -> None:
        n = len(term.columns)
        row = np.arange(n) if term.rows is None else np.asarray(term.rows)
        if n and (len(row) != n or row.min() < 0 or row.max() >= block.stop - block.start):
            raise ValueError(f"{block.name}: a term does not fit its {block.stop - block.start} rows")
        value = np.broadcast_to(np.asarray(term.coefficients, dtype=np.float64), (n,))
        self._entries.append(((row + block.start).astype(np.int32), term.columns, value))

    def build(self) -> Model:
        """Freeze everything collected so far into one model."""
        cost, lower, upper, integer = (np.concatenate(part) for part in zip(*self._bounds, strict=True))
        for columns in self._made_integer:
            integer[columns] = True
        row_lower, row_upper = (np.concatenate(part) for part in zip(*self._row_bounds, strict=True))
        start, index, value = _by_column(self._entries, len(cost))
        implied = np.zeros(len(row_lower), dtype=np.bool_)
        for rows in self._implied:
            implied[rows] = True
        return Model(
            cost=cost,
            lower=lower,
            upper=upper,
            integer=integer,
            row_lower=row_lower,
            row_upper=row_upper,
            start=start,
            index=index,
            value=value,
            columns=MappingProxyType(dict(self._columns)),
            rows=MappingProxyType(dict(self._rows)),
            implied=implied,
            is_long_path=self._is_long_path,
        )


def _next_block(blocks: dict[str, Block], name: str, n: int) -> Block:
    if name in blocks:
        raise ValueError(f"{name}: this name is taken")
    start = next(reversed(blocks.values())).stop if blocks else 0
    blocks[name] = block = Block(name, start, start + n)
    return block


def _by_column(entries: list[tuple[Ints, Ints, Floats]], n_columns: int) -> tuple[Ints, Ints, Floats]:
    """Sort entries by column, then row; refuse a place named twice, for solvers differ on what it means."""
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    kept = np.abs(value) > SMALLEST_COEFFICIENT
    row, column, value = row[kept], column[kept], value[kept]
    place = column.astype(np.int64) << 32 | row
    order = np.argsort(place, kind="stable")
    if np.any(np.diff(place[order]) == 0):
        raise ValueError("a variable appears twice in one row: add its coefficients up first")
    start = np.zeros(n_columns + 1, dtype=np.int32)
    np.cumsum(np.bincount(column, minlength=n_columns), out=start[1:])
    return start, row[order], value[order]
