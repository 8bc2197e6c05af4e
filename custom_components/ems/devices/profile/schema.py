"""From the text of a profile to a Profile, or to an error that says where and what to do."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..points import ROLES
from .announcements import parse_discovery
from .control_lines import parse_control
from .link_lines import parse_link
from .model import (
    DerivedPoint,
    Expectation,
    Family,
    IdentityMap,
    Point,
    Profile,
    Quantity,
    Register,
    RoleProfile,
)
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

# How a line becomes a point: role, key, the line, and whether words of its maker's own are fine.
type LineParser[P: Quantity] = Callable[[str, str, Node, bool], P]
_IDENTITY_FIELDS: Final = ("base", "model", "serial", "firmware", "unit_id", "serial_per_unit")
# What a role has only where it is made of registers.
_REGISTER_FIELDS: Final = ("base", "parts", "present")


@dataclass(frozen=True, kw_only=True)
class Lines[P: Quantity]:
    """How the lines of one role are read.

    present : Reads what proves that the role is there; None where nothing can.
    """

    point: LineParser[P]
    present: Callable[[Node], Expectation] | None = None


# From the fields of a role to how its lines are read: they may share a base.
type LinesOf[P: Quantity] = Callable[[Mapping[str, Node]], Lines[P]]


def parse_profile(text: str, file: str) -> Profile:
    """Check a profile of registers and return it. Raises ProfileError naming file, line, path and remedy."""
    return register_profile(parse_yaml(text, file))


def register_profile(node: Node) -> Profile:
    """Return a profile of registers."""
    found = node.fields(
        required=("profile", "manufacturer", "models", "source", "confidence", "link", "identity", "roles"),
        optional=("defaults", "bases", "discovery"),
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
        roles=roles_of(found["roles"], lambda role: _register_lines(role, defaults), extra=_REGISTER_FIELDS),
        bases=bases,
        word_order_at=defaults.order_at,
        discovery=parse_discovery(found.get("discovery")),
    )
    check_read_only(profile, found["confidence"])
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


def _register_lines(role: Mapping[str, Node], defaults: Defaults) -> Lines[Point]:
    """Return how a role with registers is read; its `base` holds for all its lines."""
    placed = _with_base(role.get("base"), defaults)
    return Lines(
        point=lambda name, key, line, own: _register_line(name, key, line, placed, own_words=own),
        present=lambda present: parse_expectation(present, placed),
    )


def _register_line(role: str, key: str, node: Node, defaults: Defaults, *, own_words: bool) -> Point:
    """Read a line, or the alternatives of a reading. Settings and parts have no alternatives."""
    if isinstance(node.value, list) and not own_words:
        return parse_alternatives(role, key, node, defaults)
    return parse_point(role, key, node, defaults, own_words=own_words)


def roles_of[P: Quantity](
    node: Node, lines_of: LinesOf[P], *, extra: Collection[str] = ()
) -> Mapping[str, RoleProfile[P]]:
    """Read `roles`: what a device tells and can be told. `extra` names fields that only this kind of role has."""
    found = node.fields(optional=ROLES)
    if not found:
        node.fail(f"needs at least one of {', '.join(ROLES)}; add it")
    roles = {role: _role(role, below, lines_of, extra) for role, below in found.items()}
    _check_terms(roles, found)
    return roles


def _role[P: Quantity](role: str, node: Node, lines_of: LinesOf[P], extra: Collection[str]) -> RoleProfile[P]:
    found = node.fields(required=("readings",), optional=(*extra, "settings", "control"))
    lines = lines_of(found)
    readings, derived = _readings(role, found["readings"], lines.point)
    parts = {
        key: lines.point(role, key, below, True)  # a callable type has no keywords
        for key, below in (found["parts"].mapping() if "parts" in found else {}).items()
    }
    for key, part in parts.items():
        if part.write is not None:
            found["parts"].mapping()[key].fail(
                "is only part of a sum and cannot be written; make it a setting"
            )
    settings = {
        key: lines.point(role, key, below, True)  # a callable type has no keywords
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
        present=lines.present(found["present"]) if lines.present and "present" in found else None,
        control=parse_control(role, found["control"], points) if "control" in found else None,
    )


def _readings[P: Quantity](
    role: str, node: Node, line: LineParser[P]
) -> tuple[Mapping[str, P], Mapping[str, DerivedPoint]]:
    readings: dict[str, P] = {}
    derived: dict[str, DerivedPoint] = {}
    for key, below in node.mapping().items():
        if not isinstance(below.value, list) and "sum" in below.mapping():
            derived[key] = parse_derived(role, key, below)
        else:
            readings[key] = line(role, key, below, False)  # a callable type has no keywords
    return readings, derived


def _with_base(node: Node | None, defaults: Defaults) -> Defaults:
    return replace(defaults, base=parse_base_name(node, defaults.bases)) if node else defaults


def _check_limits(points: Mapping[str, Quantity], found: Mapping[str, Node]) -> None:
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


def _check_terms(roles: Mapping[str, RoleProfile[Any]], found: Mapping[str, Node]) -> None:
    """A sum may only use what is read in the same rhythm, else it would mix ages."""
    _check_plus(roles, found)
    for role in roles.values():
        for point in role.derived.values():
            for where, key in point.terms:
                term = roles[where].terms.get(key) if where in roles else None
                if term is None or term.unit != point.unit:
                    below = found[role.role].mapping()["readings"].mapping()[point.key]
                    below.fail(f"adds {where}.{key}, which {where}.readings does not have in {point.unit}")


def _check_plus(roles: Mapping[str, RoleProfile[Any]], found: Mapping[str, Node]) -> None:
    """What is added to a command's power has to be a power that is read by the second."""
    for role in roles.values():
        for point in (p for p in role.settings.values() if p.write):
            for where, key in point.write.plus if point.write else ():
                known: dict[str, Quantity | DerivedPoint] = (
                    {**roles[where].terms, **roles[where].derived} if where in roles else {}
                )
                if key not in known or known[key].unit != "W":
                    below = found[role.role].mapping()["settings"].mapping()[point.key]
                    below.fail(f"`plus: {where}.{key}` is no reading in W; name another")


def check_read_only(profile: Family[Any], node: Node) -> None:
    """Refuse to write what nobody has confirmed."""
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
