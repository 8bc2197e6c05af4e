"""Devices: protocols and profiles. They speak W, Wh, V, A and know neither Home Assistant nor the plan."""

from .command import DeviceCommand, RegisterWrite
from .errors import (
    DeviceAuthError,
    DeviceConnectionError,
    DeviceError,
    DeviceResponseError,
    DeviceWriteError,
    ProfileError,
)
from .identity import Identity
from .loader import load_profiles, profiles_for
from .modbus_device import ModbusDevice
from .profile import Profile
from .reading import Quality, Reading, Value

__all__ = [
    "DeviceAuthError",
    "DeviceCommand",
    "DeviceConnectionError",
    "DeviceError",
    "DeviceResponseError",
    "DeviceWriteError",
    "Identity",
    "ModbusDevice",
    "Profile",
    "ProfileError",
    "Quality",
    "Reading",
    "RegisterWrite",
    "Value",
    "load_profiles",
    "profiles_for",
]
