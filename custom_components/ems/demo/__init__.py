"""A simulated home with real wires: physics behind Modbus and HTTP servers on loopback."""

from .clock import Clock, HandClock, hurried_clock, real_clock
from .conditions import Condition
from .demo_home import DemoAddresses, DemoHome, DemoPorts, DeviceAddress
from .direct import Direct
from .faults import DEVICES, Fault
from .modbus_server import PortError

__all__ = [
    "DEVICES",
    "Clock",
    "Condition",
    "DemoAddresses",
    "DemoHome",
    "DemoPorts",
    "DeviceAddress",
    "Direct",
    "Fault",
    "HandClock",
    "PortError",
    "hurried_clock",
    "real_clock",
]
