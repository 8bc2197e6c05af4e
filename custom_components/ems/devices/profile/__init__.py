"""Device profiles: register maps as data, checked before they are trusted."""

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
    "AnyProfile",
    "Base",
    "Control",
    "DerivedPoint",
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
    "parse_any_profile",
    "parse_profile",
]
