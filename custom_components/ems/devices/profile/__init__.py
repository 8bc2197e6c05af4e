"""Device profiles: register maps as data, checked before they are trusted."""

from .announcements import Announcement, Dhcp, Zeroconf
from .any_schema import AnyProfile, parse_any_profile
from .documents import DocumentPoint, DocumentProfile, HttpLink, MqttLink
from .model import (
    Amount,
    Base,
    Control,
    DerivedPoint,
    Expectation,
    IdentityMap,
    Link,
    Placeholder,
    Point,
    PointName,
    Profile,
    Register,
    RoleProfile,
    SerialLine,
    Write,
)
from .schema import parse_profile

__all__ = [
    "Amount",
    "Announcement",
    "AnyProfile",
    "Base",
    "Control",
    "DerivedPoint",
    "Dhcp",
    "DocumentPoint",
    "DocumentProfile",
    "Expectation",
    "HttpLink",
    "IdentityMap",
    "Link",
    "MqttLink",
    "Placeholder",
    "Point",
    "PointName",
    "Profile",
    "Register",
    "RoleProfile",
    "SerialLine",
    "Write",
    "Zeroconf",
    "parse_any_profile",
    "parse_profile",
]
