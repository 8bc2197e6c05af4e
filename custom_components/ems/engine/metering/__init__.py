"""What the meters of a home measure, how they hang together, and what follows for grid, consumption and production."""

from .balance import Balance, balance
from .errors import METER_ERRORS, MeterError
from .meters import BESIDE, Device, DeviceKind, Meter, MeterRole
from .tree import MeterTree

__all__ = [
    "BESIDE",
    "METER_ERRORS",
    "Balance",
    "Device",
    "DeviceKind",
    "Meter",
    "MeterError",
    "MeterRole",
    "MeterTree",
    "balance",
]
