"""Device profiles: register maps as data, checked before they are trusted."""

from .any_schema import AnyProfile, parse_any_profile
from .documents import DocumentPoint, DocumentProfile, HttpLink, MqttLink
from .model import (
    Amount,
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
    Write,
)
from .schema import parse_profile

__all__ = [
    "Amount",
    "AnyProfile",
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
    "Write",
    "parse_any_profile",
    "parse_profile",
]
