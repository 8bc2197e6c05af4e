"""How a device tells the network that it is there, as a profile declares it: `discovery`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
import re
from typing import Any, Final

from .node import Node

_TYPE: Final = re.compile(r"_[a-z0-9-]+\._(tcp|udp)\.local\.")
_MAC: Final = re.compile(r"[0-9A-F]{6,12}\*?")


@dataclass(frozen=True, kw_only=True)
class Zeroconf:
    """A service that a device announces by multicast DNS. Patterns are in lower case, with * and ?.

    unit_id_in : Property that tells the Modbus unit, where one does.
    """

    type: str
    name: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    unit_id_in: str | None = None

    def fits(self, type_: str, name: str, properties: Mapping[str, Any]) -> bool:
        """Tell whether an announcement is of this kind."""
        if type_ != self.type or (self.name and not fnmatchcase(name.lower(), self.name)):
            return False
        said = {key: str(value).lower() for key, value in properties.items()}
        return all(
            key in said and fnmatchcase(said[key], pattern) for key, pattern in self.properties.items()
        )

    @property
    def manifest(self) -> Mapping[str, Any] | str:
        """Return what the manifest says, so that Home Assistant listens for it."""
        wanted = {"name": self.name, "properties": dict(self.properties)}
        told = {key: value for key, value in wanted.items() if value}
        return {"type": self.type, **told} if told else self.type


@dataclass(frozen=True, kw_only=True)
class Dhcp:
    """What a device says when it asks for its address: its name in lower case, its hardware in upper case."""

    hostname: str | None = None
    macaddress: str | None = None

    def fits(self, hostname: str, macaddress: str) -> bool:
        """Tell whether somebody who asked for an address is of this kind."""
        pairs = ((hostname.lower(), self.hostname), (macaddress.upper(), self.macaddress))
        return all(pattern is None or fnmatchcase(said, pattern) for said, pattern in pairs)

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Return what the manifest says, so that Home Assistant listens for it."""
        wanted = {"hostname": self.hostname, "macaddress": self.macaddress}
        return {key: value for key, value in wanted.items() if value}


type Announcement = Zeroconf | Dhcp


def parse_discovery(node: Node | None) -> tuple[Announcement, ...]:
    """Read `discovery` of a profile. Every line names where it is known from: a guess would talk to strangers."""
    return tuple(each for item in (node.items() if node else ()) for each in _announcements(item))


def _announcements(node: Node) -> Iterable[Announcement]:
    found = node.fields(required=("source",), optional=("zeroconf", "dhcp"))
    found["source"].text()
    if ("zeroconf" in found) == ("dhcp" in found):
        node.fail("needs one of `zeroconf` and `dhcp`; add or remove one")
    return _zeroconf(found["zeroconf"]) if "zeroconf" in found else [_dhcp(found["dhcp"])]


def _zeroconf(node: Node) -> Iterable[Zeroconf]:
    """Return one for every type and every name."""
    found = node.fields(required=("type",), optional=("name", "properties", "unit_id_in"))
    properties = found["properties"].mapping() if "properties" in found else {}
    names = [_lower(name) for name in found["name"].items()] if "name" in found else [None]
    told = {str(key): _lower(pattern) for key, pattern in properties.items()}
    unit_id_in = found["unit_id_in"].text() if "unit_id_in" in found else None
    return [
        Zeroconf(type=_service(kind), name=name, properties=told, unit_id_in=unit_id_in)
        for kind in found["type"].items()
        for name in names
    ]


def _service(node: Node) -> str:
    if not _TYPE.fullmatch(node.text()):
        node.fail("is no type of service; write it like _http._tcp.local.")
    return node.text()


def _dhcp(node: Node) -> Dhcp:
    found = node.fields(optional=("hostname", "macaddress"))
    if not found:
        node.fail("needs `hostname` or `macaddress`; add one")
    if "macaddress" in found and not _MAC.fullmatch(found["macaddress"].text()):
        found["macaddress"].fail("is at least six hexadecimal digits in upper case, then *: 0015BB*")
    return Dhcp(
        hostname=_lower(found["hostname"]) if "hostname" in found else None,
        macaddress=found["macaddress"].text() if "macaddress" in found else None,
    )


def _lower(node: Node) -> str:
    text = node.text()
    if text != text.lower():
        node.fail("is compared in lower case; write it so")
    return text
