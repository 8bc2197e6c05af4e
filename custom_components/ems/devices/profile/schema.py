"""From the text of a profile to a Profile, or to an error that says where and what to do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..points import ROLES
from .control_lines import parse_control
from .link_lines import parse_link
from .model import DerivedPoint, IdentityMap, Point, Profile, Register, RoleProfile
from .node import Node, parse_yaml
from .point_lines import parse_alternatives, parse_derived, parse_point
from .registers import (
    REGISTER_FIELDS,
    Defaults,
    parse_base_name,
    parse_bases,
    parse_defaults,
    parse_expectation,
    parse_register,
)

_IDENTITY_FIELDS: Final = ("base", "model", "serial", "firmware", "unit_id", "serial_per_unit")


def parse_profile(text: str, file: str) -> Profile:
    """Check a profile and return it. Raises ProfileError naming file, line, path and remedy."""
    node = parse_yaml(text, file)
    found = node.fields(
        required=("profile", "manufacturer", "models", "source", "confidence", "link", "identity", "roles"),
        optional=("defaults", "bases"),
    )
    defaults = parse_defaults(found.get("defaults"))
    bases = parse_bases(found.get("bases"), defaults)
    defaults = replace(defaults, bases=bases)
    profile = Profile(
        id=found["profile"].text(),
        manufacturer=found["manufacturer"].text(),
        models=tuple(model.text() for model in found["models"].items()),
        confidence=found["confidence"].choice("A", "B", "C"),
        source=found["source"].text(),
        link=parse_link(found["link"]),
        identity=_identity(found["identity"], defaults),
        roles=_roles(found["roles"], defaults),
        bases=bases,
        word_order_at=defaults.order_at,
    )
    _check_read_only(profile, found["confidence"])
    _check_widths(profile, node)
    return profile


def _identity(node: Node, defaults: Defaults) -> IdentityMap:
    found = node.fields(required=("manufacturer", "expect"), optional=_IDENTITY_FIELDS)
    if "base" in found and "unit_id" in found:
        found["base"].fail("models are looked for in the unit that is read, not in `unit_id`; remove one")
    defaults = _with_base(found.get("base"), defaults)
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


def _roles(node: Node, defaults: Defaults) -> Mapping[str, RoleProfile]:
    found = node.fields(optional=ROLES)
    if not found:
        node.fail(f"needs at least one of {', '.join(ROLES)}; add it")
    roles = {role: _role(role, below, defaults) for role, below in found.items()}
    _check_terms(roles, found)
    return roles


def _role(role: str, node: Node, defaults: Defaults) -> RoleProfile:
    found = node.fields(required=("readings",), optional=("base", "parts", "settings", "present", "control"))
    defaults = _with_base(found.get("base"), defaults)
    readings, derived = _readings(role, found["readings"], defaults)
    parts = {
        key: parse_point(role, key, below, defaults, own_words=True)
        for key, below in (found["parts"].mapping() if "parts" in found else {}).items()
    }
    for key, part in parts.items():
        if part.write is not None:
            found["parts"].mapping()[key].fail(
                "is only part of a sum and cannot be written; make it a setting"
            )
    settings = {
        key: parse_point(role, key, below, defaults, own_words=True)
        for key, below in (found["settings"].mapping() if "settings" in found else {}).items()
    }
    for key in settings.keys() & (readings.keys() | derived.keys() | parts.keys()):
        found["settings"].mapping()[key].fail("is a reading as well; keep it in one of the two")
    for key in parts.keys() & (readings.keys() | derived.keys()):
        found["parts"].mapping()[key].fail("is a reading as well; keep it in one of the two")
    points = {**readings, **settings}
    _check_limits(points, found)
    return RoleProfile(
        role=role,
        readings=readings,
        settings=settings,
        derived=derived,
        parts=parts,
        present=parse_expectation(found["present"], defaults) if "present" in found else None,
        control=parse_control(role, found["control"], points) if "control" in found else None,
    )


def _readings(
    role: str, node: Node, defaults: Defaults
) -> tuple[Mapping[str, Point], Mapping[str, DerivedPoint]]:
    readings: dict[str, Point] = {}
    derived: dict[str, DerivedPoint] = {}
    for key, below in node.mapping().items():
        if isinstance(below.value, list):
            readings[key] = parse_alternatives(role, key, below, defaults)
        elif "sum" in below.mapping():
            derived[key] = parse_derived(role, key, below)
        else:
            readings[key] = parse_point(role, key, below, defaults, own_words=False)
    return readings, derived


def _with_base(node: Node | None, defaults: Defaults) -> Defaults:
    return replace(defaults, base=parse_base_name(node, defaults.bases)) if node else defaults


def _check_limits(points: Mapping[str, Point], found: Mapping[str, Node]) -> None:
    """A limit has to be a point of the same role and unit, else it would never bind; ratings and voltages alike."""
    for point in (p for p in points.values() if p.write):
        needed = {"limit": point.unit, "percent_of": "W", "amps_at": "V"}
        for field, unit in needed.items():
            other = getattr(point.write, field)
            if other is None or (other in points and points[other].unit == unit):
                continue
            lines = {
                n.line: n
                for s in ("readings", "settings", "parts")
                if s in found
                for n in found[s].mapping().values()
            }
            lines[point.line].fail(f"`{field}: {other}` is no point of this role in {unit}; name another")


def _check_terms(roles: Mapping[str, RoleProfile], found: Mapping[str, Node]) -> None:
    """A sum may only use what is read in the same rhythm, else it would mix ages."""
    _check_plus(roles, found)
    for role in roles.values():
        for point in role.derived.values():
            for where, key in point.terms:
                term = roles[where].terms.get(key) if where in roles else None
                if term is None or term.unit != point.unit:
                    below = found[role.role].mapping()["readings"].mapping()[point.key]
                    below.fail(f"adds {where}.{key}, which {where}.readings does not have in {point.unit}")


def _check_plus(roles: Mapping[str, RoleProfile], found: Mapping[str, Node]) -> None:
    """What is added to a command's power has to be a power that is read by the second."""
    for role in roles.values():
        for point in (p for p in role.settings.values() if p.write):
            for where, key in point.write.plus if point.write else ():
                known: dict[str, Point | DerivedPoint] = (
                    {**roles[where].terms, **roles[where].derived} if where in roles else {}
                )
                if key not in known or known[key].unit != "W":
                    below = found[role.role].mapping()["settings"].mapping()[point.key]
                    below.fail(f"`plus: {where}.{key}` is no reading in W; name another")


def _check_read_only(profile: Profile, node: Node) -> None:
    if profile.confidence != "C":
        return
    for role in profile.roles.values():
        if role.control or any(point.write for point in role.points):
            node.fail(
                "a C-rated map is read-only until somebody confirmed it on hardware; remove control and write"
            )


def _check_widths(profile: Profile, node: Node) -> None:
    """A value and its scale are read together, so they have to fit into one request."""
    for role in profile.roles.values():
        for point in (alternative for line in role.points for alternative in (line, *line.otherwise)):
            if point.high - point.low > profile.link.max_registers:
                where = f"roles.{role.role}.{point.key} (line {point.line})"
                node.fail(
                    f"{where} spans {point.high - point.low} registers, more than one request can carry"
                )
