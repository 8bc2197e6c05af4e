"""What to tell a PV array."""

from ...steps import Floats
from ..result import Mode, Reason
from .common import IDLE_KW, Orders, Tariff, money


def pv_orders(power_kw: Floats, available_kw: Floats, export_max_kw: float, tariff: Tariff) -> Orders:
    """Limit an array where the plan curtails it, and say whether price or connection asks for it."""
    limited = (power_kw < available_kw - IDLE_KW).tolist()
    full = (tariff.export_kw >= export_max_kw - IDLE_KW).tolist()
    price = tariff.export_price.tolist()
    free = Reason(key="pv_free")

    def worded(k: int) -> Reason:
        if not limited[k]:
            return free
        if full[k]:
            return Reason(key="pv_limit_connection", placeholders={"limit_kw": round(export_max_kw, 3)})
        return Reason(key="pv_limit_price", placeholders={"price": money(price[k])})

    modes = tuple(Mode.LIMIT if cut else Mode.AUTOMATIC for cut in limited)
    return Orders(modes, tuple(worded(k) for k in range(len(limited))))
