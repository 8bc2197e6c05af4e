"""What to tell each device in each step, by the marginal value of its energy, and why."""

from .battery import battery_orders
from .charger import CarFlow, charger_orders
from .common import Orders
from .inverter import inverter_orders
from .load import load_orders
from .pv import pv_orders

__all__ = [
    "CarFlow",
    "Orders",
    "battery_orders",
    "charger_orders",
    "inverter_orders",
    "load_orders",
    "pv_orders",
]
