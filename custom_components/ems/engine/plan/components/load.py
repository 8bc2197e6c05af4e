"""What cannot be moved: the household's own consumption, and production that cannot be curtailed."""

from collections.abc import Iterable

import numpy as np

from ...steps import Floats


def net_of_what_cannot_move(load_kw: Floats, fixed_pv_kw: Iterable[Floats]) -> Floats:
    """Return the right-hand side of the bus balance, l[k] - Σ pv[k]. [kW].

    It holds no decision, so it is no variable. A negative load (a report error, or production nobody told us
    of) is as good a number as any other.
    """
    return load_kw - sum(fixed_pv_kw, np.zeros_like(load_kw))
