"""From the text of a profile to a Profile, or to an error that says where and what to do."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..points import ROLES
from .control_lines import parse_control
from .model import (
    DerivedPoint,
    Expectation,
    Family,
    IdentityMap,
    Link,
    Profile,
    Quantity,
    Register,
    RoleProfile,
)
from .node import Node, parse_yaml
from .point_lines import parse_derived, parse_point
from .registers import REGISTER_FIELDS, Defaults, parse_defaults, parse_expectation, parse_register

_LINK_FIELDS: Final = (
    "transport",
    "port",
    "unit_id",
    "max_registers",
    "gap",
    "pause_s",
    "single_write",
    "poll_s",
    "settings_poll_s",
)
# How a line becomes a point: role, key, the line, and whether words of its maker's own are fine.
type LineParser[P: Quantity] = Callable[[str, str, Node, bool], P]
_IDENTITY_FIELDS: Final = ("model", "serial", "firmware", "unit_id", "serial_per_unit")


def parse_profile(text: str, file: str) -> Profile:
    """Check a profile of registers and return it. Raises ProfileError naming file, line, path and remedy."""
    return register_profile(parse_yaml(text, file))


def register_profile(node: Node) -> Profile:
    """Return a profile of registers."""
    found = node.fields(
        required=("profile", "manufacturer", "models", "source", "confidence", "link", "identity", "roles"),
        optional=("defaults",),
    )
    defaults = parse_defaults(found.get("defaults"))
    profile = Profile(
        id=found["profile"].text(),
        manufacturer=found["manufacturer"].text(),
        models=tuple(model.text() for model in found["models"].items()),
        confidence=found["confidence"].choice("A", "B", "C"),
        source=found["source"].text(),
        link=_link(found["link"]),
        identity=_identity(found["identity"], defaults),
        roles=roles_of(
            found["roles"],
            lambda role, key, line, own: parse_point(role, key, line, defaults, own_words=own),
            lambda present: parse_expectation(present, defaults),
        ),
    )
    check_read_only(profile, found["confidence"])
    _check_widths(profile, node)
    return profile


def _link(node: Node) -> Link:
    found = node.fields(required=("transport", "port", "unit_id"), optional=_LINK_FIELDS)
    plain = Link()
    return Link(
        transport=found["transport"].choice("modbus_tcp"),
        port=found["port"].integer(1, 65535),
        unit_id=found["unit_id"].integer(0, 255),
        max_registers=_integer(found, "max_registers", 1, 125, plain.max_registers),
        gap=_integer(found, "gap", 0, 124, plain.gap),
        pause_s=_number(found, "pause_s", plain.pause_s),
        single_write=found["single_write"].flag() if "single_write" in found else plain.single_write,
        poll_s=_number(found, "poll_s", plain.poll_s),
        settings_poll_s=_number(found, "settings_poll_s", plain.settings_poll_s),
    )


def _integer(found: Mapping[str, Node], name: str, low: int, high: int, default: int) -> int:
    return found[name].integer(low, high) if name in found else default


def _number(found: Mapping[str, Node], name: str, default: float) -> float:
    if name in found and found[name].number() < 0:
        found[name].fail("must not be negative")
    return found[name].number() if name in found else default


def _identity(node: Node, defaults: Defaults) -> IdentityMap:
    found = node.fields(required=("manufacturer", "expect"), optional=_IDENTITY_FIELDS)
    maker = found["manufacturer"]
    expectations = tuple(parse_expectation(item, defaults) for item in found["expect"].items())
    if not expectations:
        found["expect"].fail("needs at least one check that this really is the device; add it")
    return IdentityMap(
        manufacturer=maker.text() if isinstance(maker.value, str) else _identity_register(maker, defaults),
        model=_identity_register(found["model"], defaults) if "model" in found else None,
        serial=_identity_register(found["serial"], defaults) if "serial" in found else None,
        firmware=_identity_register(found["firmware"], defaults) if "firmware" in found else None,
        expect=expectations,
        unit_id=found["unit_id"].integer(0, 255) if "unit_id" in found else None,
        serial_per_unit=found["serial_per_unit"].flag() if "serial_per_unit" in found else False,
    )


def _identity_register(node: Node, defaults: Defaults) -> Register:
    node.fields(required=("at", "type"), optional=REGISTER_FIELDS)
    return parse_register(node, defaults)


def roles_of[P: Quantity](
    node: Node, line: LineParser[P], present: Callable[[Node], Expectation] | None = None
) -> Mapping[str, RoleProfile[P]]:
    """Read `roles`: what a device tells and can be told, each line by `line`."""
    found = node.fields(optional=ROLES)
    if not found:
        node.fail(f"needs at least one of {', '.join(ROLES)}; add it")
    roles = {role: _role(role, below, line, present) for role, below in found.items()}
    _check_terms(roles, found)
    return roles


def _role[P: Quantity](
    role: str, node: Node, line: LineParser[P], present: Callable[[Node], Expectation] | None
) -> RoleProfile[P]:
    optional = ("settings", "present", "control") if present else ("settings", "control")
    found = node.fields(required=("readings",), optional=optional)
    readings, derived = _readings(role, found["readings"], line)
    settings = {
        key: line(role, key, below, True)  # a callable type has no keywords
        for key, below in (found["settings"].mapping() if "settings" in found else {}).items()
    }
    for key in settings.keys() & (readings.keys() | derived.keys()):
        found["settings"].mapping()[key].fail("is a reading as well; keep it in one of the two")
    points = {**readings, **settings}
    _check_limits(points, found)
    return RoleProfile(
        role=role,
        readings=readings,
        settings=settings,
        derived=derived,
        present=present(found["present"]) if present and "present" in found else None,
        control=parse_control(role, found["control"], points) if "control" in found else None,
    )


def _readings[P: Quantity](
    role: str, node: Node, line: LineParser[P]
) -> tuple[Mapping[str, P], Mapping[str, DerivedPoint]]:
    readings: dict[str, P] = {}
    derived: dict[str, DerivedPoint] = {}
    for key, below in node.mapping().items():
        if "sum" in below.mapping():
            derived[key] = parse_derived(role, key, below)
        else:
            readings[key] = line(role, key, below, False)  # a callable type has no keywords
    return readings, derived


def _check_limits(points: Mapping[str, Quantity], found: Mapping[str, Node]) -> None:
    """A limit has to be a point of the same role and unit, else it would never bind."""
    for point in points.values():
        limit = point.write.limit if point.write else None
        if limit is None:
            continue
        if limit not in points or points[limit].unit != point.unit:
            lines = {
                n.line: n for s in ("readings", "settings") if s in found for n in found[s].mapping().values()
            }
            lines[point.line].fail(f"`limit: {limit}` is no point of this role in {point.unit}; name another")


def _check_terms(roles: Mapping[str, RoleProfile[Any]], found: Mapping[str, Node]) -> None:
    """A sum may only use what is read in the same rhythm, else it would mix ages."""
    for role in roles.values():
        for point in role.derived.values():
            for where, key in point.terms:
                term = roles[where].readings.get(key) if where in roles else None
                if term is None or term.unit != point.unit:
                    below = found[role.role].mapping()["readings"].mapping()[point.key]
                    below.fail(f"adds {where}.{key}, which {where}.readings does not have in {point.unit}")


def check_read_only(profile: Family[Any], node: Node) -> None:
    """Refuse to write what nobody has confirmed."""
    if profile.confidence != "C":
        return
    for role in profile.roles.values():
        if role.control or any(p.write for p in (*role.readings.values(), *role.settings.values())):
            node.fail(
                "a C-rated map is read-only until somebody confirmed it on hardware; remove control and write"
            )


def _check_widths(profile: Profile, node: Node) -> None:
    """A value and its scale are read together, so they have to fit into one request."""
    for role in profile.roles.values():
        for point in (*role.readings.values(), *role.settings.values()):
            if point.high - point.low > profile.link.max_registers:
                where = f"roles.{role.role}.{point.key} (line {point.line})"
                node.fail(
                    f"{where} spans {point.high - point.low} registers, more than one request can carry"
                )
