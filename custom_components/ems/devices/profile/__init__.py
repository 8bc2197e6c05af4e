"""Device profiles: register maps as data, checked before they are trusted."""

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
    "Base",
    "Control",
    "DerivedPoint",
    "Expectation",
    "IdentityMap",
    "Link",
    "Placeholder",
    "Point",
    "PointName",
    "Profile",
    "Register",
    "RoleProfile",
    "SerialLine",
    "Write",
    "parse_profile",
]
