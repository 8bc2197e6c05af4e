"""What an installation has made, beside what it should have made: hour by hour, for a little over a year."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..steps import Floats

# Every position of the sun once, and the same season of the year before.
MEMORY_DAYS = 400
MEMORY_HOURS = MEMORY_DAYS * 24
# Of the nameplate: keeps the stored state short, and what is restored equal to what was stored.
DECIMALS = 4
MEASURED, CLEAR = "measured", "clear"


class ProductionRecord:
    """A table in UTC hours that ends with the newest one learned; values are shares of the nameplate.

    What is learned twice counts once, and the order of learning does not matter within the memory's reach.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.first_hour = 0
        self.columns: dict[str, Floats] = {}
        self.changes = 0  # so that what was computed from the record knows when it is outdated

    @property
    def end_hour(self) -> int:
        """The hour after the newest one."""
        return self.first_hour + MEMORY_HOURS

    def column(self, name: str) -> Floats:
        """Return a series by name, NaN throughout where nobody has given it, shape (MEMORY_HOURS,)."""
        return self.columns.get(name, np.full(MEMORY_HOURS, np.nan))

    def names(self) -> list[str]:
        """Return what is known of what should have been made."""
        return [name for name in self.columns if name not in (MEASURED, CLEAR)]

    def add(self, first_hour: int, columns: Mapping[str, Floats]) -> None:
        """Take in consecutive hours; NaN leaves what was there."""
        count = max((len(values) for values in columns.values()), default=0)
        if count == 0:
            return
        self._reach(first_hour + count)
        rows = np.arange(first_hour, first_hour + count) - self.first_hour
        for name, values in columns.items():
            column = self.columns.setdefault(name, np.full(MEMORY_HOURS, np.nan))
            known = np.isfinite(values) & (rows >= 0)
            column[rows[known]] = np.round(values[known], DECIMALS)
        self.changes += 1

    def _reach(self, end_hour: int) -> None:
        """Move the table forward so that it holds everything before `end_hour`."""
        if not self.columns:
            self.first_hour = end_hour - MEMORY_HOURS
        shift = end_hour - self.end_hour
        if shift <= 0:
            return
        for name, column in self.columns.items():
            kept = column[min(shift, MEMORY_HOURS) :]
            self.columns[name] = np.concatenate([kept, np.full(MEMORY_HOURS - len(kept), np.nan)])
        self.first_hour += shift

    def state(self) -> dict[str, Any]:
        """Return the hours of daylight in a form that JSON can hold; nights are 0 and need not be told."""
        lights = [np.nan_to_num(column) > 0 for column in self.columns.values()]
        lit = np.flatnonzero(np.any(lights, axis=0)) if lights else np.zeros(0, dtype=np.int64)
        scale = 10**DECIMALS
        return {
            "end_hour": self.end_hour,
            "hours": (lit + self.first_hour).tolist(),
            "columns": {
                name: [None if np.isnan(x) else round(x * scale) for x in column[lit].tolist()]
                for name, column in self.columns.items()
            },
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace what is remembered by a stored state."""
        rows = np.array(state["hours"], dtype=np.int64) - (int(state["end_hour"]) - MEMORY_HOURS)
        if np.any((rows < 0) | (rows >= MEMORY_HOURS)):
            raise ValueError("hours: outside of what is remembered")
        self.first_hour = int(state["end_hour"]) - MEMORY_HOURS
        self.columns = {}
        for name, values in state["columns"].items():
            column = self.columns[str(name)] = np.full(MEMORY_HOURS, np.nan)
            column[rows] = np.round(np.array(values, dtype=np.float64) / 10**DECIMALS, DECIMALS)
        self.changes += 1
