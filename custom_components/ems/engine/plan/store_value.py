"""What a stored kWh is worth in each step, and both sides of it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..steps import Floats


class Terminal(Protocol):
    """What lies between a store and the home."""

    @property
    def charge_efficiency(self) -> float:
        """From the terminal into the store."""

    @property
    def discharge_efficiency(self) -> float:
        """From the store to the terminal."""

    @property
    def wear_per_kwh(self) -> float:
        """Cost of a kWh taken out, at the terminal. [currency/kWh]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoreValue:
    """Per step, shape (n,). [currency/kWh of stored energy]."""

    marginal: Floats
    import_side: Floats  # what one more would bring
    export_side: Floats  # what one less would cost

    def at_terminal(self, spec: Terminal) -> StoreValue:
        """Return what a kWh at the terminal is worth going in, and what one coming out costs, wear included."""
        return StoreValue(
            marginal=self.marginal * spec.charge_efficiency,
            import_side=self.import_side * spec.charge_efficiency,
            export_side=self.export_side / spec.discharge_efficiency + spec.wear_per_kwh,
        )

    def until(self, end: int) -> StoreValue:
        """Return the first steps."""
        return StoreValue(
            marginal=self.marginal[:end],
            import_side=self.import_side[:end],
            export_side=self.export_side[:end],
        )

    def led_by(self, first: StoreValue | None) -> StoreValue:
        """Return the values with others in their first steps."""
        if first is None:
            return self
        rest = len(first.marginal)
        return StoreValue(
            marginal=np.concatenate([first.marginal, self.marginal[rest:]]),
            import_side=np.concatenate([first.import_side, self.import_side[rest:]]),
            export_side=np.concatenate([first.export_side, self.export_side[rest:]]),
        )
