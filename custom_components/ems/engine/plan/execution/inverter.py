"""What to say of a hybrid inverter. It is told nothing: what is behind it decides what passes it."""

import numpy as np

from ...site import HybridInverter
from ...steps import Floats
from ..result import Mode, Reason
from .common import IDLE_KW, Orders


def inverter_orders(spec: HybridInverter, power_kw: Floats) -> Orders:
    """Say which way energy passes an inverter, and where it can carry no more.

    power_kw : At its AC terminal, + into the home, shape (n,). [kW]
    """
    full = np.abs(power_kw) >= spec.ac_max_kw - IDLE_KW
    kinds = np.select(
        [np.abs(power_kw) <= IDLE_KW, full, power_kw > 0],
        ["inverter_idle", "inverter_full", "inverter_gives"],
        default="inverter_takes",
    ).tolist()
    limit = {"limit_kw": round(spec.ac_max_kw, 3)}
    reasons = (Reason(key=key, placeholders=limit if key == "inverter_full" else {}) for key in kinds)
    return Orders((Mode.AUTOMATIC,) * len(kinds), tuple(reasons))
