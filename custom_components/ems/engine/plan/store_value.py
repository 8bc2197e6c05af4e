"""What a stored kWh is worth in each step, and both sides of it."""

from dataclasses import dataclass

import numpy as np

from ..steps import Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class StoreValue:
    """Per step, shape (n,). [currency/kWh of stored energy]."""

    marginal: Floats
    import_side: Floats  # what one more would bring
    export_side: Floats  # what one less would cost

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
