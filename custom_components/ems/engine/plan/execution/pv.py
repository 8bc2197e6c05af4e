"""What to tell a PV array."""

from dataclasses import dataclass

from ...site import Grid
from ...steps import Bools, Floats
from ..result import Mode, Reason
from .common import IDLE_KW, Orders, Tariff, money


@dataclass(frozen=True, kw_only=True, eq=False)
class Sun:
    """What an array gives and could give, shape (n,). [kW].

    is_clipped : Where the inverter it is behind is full: what it holds back, it holds back by itself.
    """

    power_kw: Floats
    available_kw: Floats
    is_clipped: Bools


def pv_orders(sun: Sun, grid: Grid, export_max_kw: Floats, tariff: Tariff) -> Orders:
    """Limit an array where the plan curtails it, and say whether price, policy or connection asks for it.

    export_max_kw : What may be fed in, by `export_limits_kw`, shape (n,). [kW]
    """
    held = sun.power_kw < sun.available_kw - IDLE_KW
    limited, clipped = (held & ~sun.is_clipped).tolist(), (held & sun.is_clipped).tolist()
    full = (tariff.export_kw >= export_max_kw - IDLE_KW).tolist()
    asked = (export_max_kw < grid.export_max_kw).tolist()
    price, free = tariff.export_price.tolist(), Reason(key="pv_free")

    def worded(k: int) -> Reason:
        if clipped[k]:
            return Reason(key="pv_clipped_by_inverter")
        if not limited[k]:
            return free
        if full[k] and asked[k]:
            least = money(grid.export_price_min_per_kwh or 0.0)
            return Reason(key="pv_limit_policy", placeholders={"price": money(price[k]), "least": least})
        if full[k]:
            return Reason(key="pv_limit_connection", placeholders={"limit_kw": round(grid.export_max_kw, 3)})
        return Reason(key="pv_limit_price", placeholders={"price": money(price[k])})

    modes = tuple(Mode.LIMIT if cut else Mode.AUTOMATIC for cut in limited)
    return Orders(modes, tuple(worded(k) for k in range(len(limited))))
