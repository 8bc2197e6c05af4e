"""What the orders of all devices share."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...steps import Bools, Floats, Steps
from ..objective import Weighed
from ..penalties import TIE_PER_KWH
from ..result import Mode, Reason

# Less than a watt is the solver's rounding.
IDLE_KW: Final = 1e-3
# Values come from duals that carry the tie-breakers.
VALUE_TOLERANCE: Final = 3 * TIE_PER_KWH
# Prices that differ by less read the same: people are told tenths of a cent. [currency/kWh]
READABLE: Final = 5e-4


class Orders(NamedTuple):
    """One mode and one reason per step."""

    modes: tuple[Mode, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tariff:
    """Prices on the axis, as paid and as weighed by the strategy. Series have shape (n,)."""

    steps: Steps
    import_price: Floats
    export_price: Floats
    import_kw: Floats
    export_kw: Floats
    weighed: Weighed

    def weighs(self, counts: Floats, paid: Floats, worth: Floats | float = -np.inf) -> Bools:
        """Return where a sentence about money alone would be untrue, shape (n,). [currency/kWh].

        counts, paid : What a kWh counts for, and its price.
        worth : What it is compared with: beyond the dearest price it is more than money, where anything is.
        """
        beyond = np.asarray(worth) > self.dearest + READABLE
        return np.asarray((np.abs(counts - paid) > READABLE) | (self.is_weighed & beyond))

    @cached_property
    def dearest(self) -> float:
        """Return the dearest price that is paid. [currency/kWh]."""
        return float(self.import_price.max())

    @cached_property
    def most_counted(self) -> float:
        """Return the most that an imported kWh counts for: what is worth more is worth it to a wish."""
        return float(self.weighed.import_price.max())

    @cached_property
    def is_weighed(self) -> bool:
        """Return whether anything counts for something else than its price."""
        pairs = (
            (self.weighed.import_price, self.import_price),
            (self.weighed.export_price, self.export_price),
        )
        return any(bool(np.any(np.abs(counts - paid) > READABLE)) for counts, paid in pairs)

    def instants(self) -> list[str]:
        """Return the start of each step in UTC, for whoever shows it in local time."""
        # One call for all: a datetime for each took half of a small plan's time.
        whole = self.steps.starts_s.astype(np.int64).astype("datetime64[s]")
        return [f"{text}+00:00" for text in np.datetime_as_string(whole).tolist()]


def same(mode: Mode, reason: Reason, n: int) -> Orders:
    """Return one order for the whole horizon."""
    return Orders((mode,) * n, (reason,) * n)


def money(value: float) -> float:
    """Round a price to what a person reads; a tenth of a cent is less than anybody decides on."""
    return round(float(value), 4) + 0.0


def monies(values: Floats) -> list[float]:
    """Round prices to what a person reads."""
    rounded: list[float] = (np.round(values, 4) + 0.0).tolist()
    return rounded


def peak_of_next_run(active: Bools, weight: Floats) -> NDArray[np.intp]:
    """Return for each step the weightiest step of the next run of active steps after it, -1 where none comes.

    "What this kWh saves at 19:00" means the dearest moment of the next time the battery is used.
    """
    n = len(active)
    edges = np.diff(np.concatenate([[False], active, [False]]).astype(np.int8))
    first, past = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    peaks = [a + int(np.argmax(weight[a:b])) for a, b in zip(first, past, strict=True)]
    run = np.searchsorted(first, np.arange(n), side="right")
    return np.array([*peaks, -1], dtype=np.intp)[run]
