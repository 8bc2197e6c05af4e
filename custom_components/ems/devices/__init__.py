"""Devices: protocols and profiles. They speak W, Wh, V, A and know neither Home Assistant nor the plan."""

from .broker import Broker, Message
from .command import DeviceCommand, RegisterWrite
from .device import Device
from .errors import (
    DeviceAuthError,
    DeviceBusyError,
    DeviceConnectionError,
    DeviceError,
    DeviceResponseError,
    DeviceWriteError,
    ProfileError,
)
from .http_client import Access, HttpClient
from .http_device import HttpDevice
from .identity import Identity
from .loader import load_profiles, profiles_for
from .modbus_device import ModbusDevice
from .mqtt_device import MqttDevice
from .profile import AnyProfile, DocumentProfile, Profile
from .reading import Quality, Reading, Value

__all__ = [
    "Access",
    "AnyProfile",
    "Broker",
    "Device",
    "DeviceAuthError",
    "DeviceBusyError",
    "DeviceCommand",
    "DeviceConnectionError",
    "DeviceError",
    "DeviceResponseError",
    "DeviceWriteError",
    "DocumentProfile",
    "HttpClient",
    "HttpDevice",
    "Identity",
    "Message",
    "ModbusDevice",
    "MqttDevice",
    "Profile",
    "ProfileError",
    "Quality",
    "Reading",
    "RegisterWrite",
    "Value",
    "load_profiles",
    "profiles_for",
]
