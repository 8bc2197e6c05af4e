"""One point, one line: turns a line of the table into a Point in our unit and with our sign."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final, cast

from ..points import (
    KIND_OF_UNIT,
    PLAUSIBLE,
    POINTS,
    POSITIVE,
    UNITS,
    Direction,
    Kind,
    PointSpec,
)
from .model import Coding, DerivedPoint, Point, PointName, Register, Write
from .node import Node
from .registers import REGISTER_FIELDS, Defaults, parse_register

_NUMBER_FIELDS: Final = ("unit", "scale", "coding", "scale_register", "positive", "valid", "when_absent")
_WRITE_FIELDS: Final = ("write", "limit", "tolerance", "step", "percent_of", "amps_at", "plus", "read_back")
_POINT_FIELDS: Final = ("at", *REGISTER_FIELDS, *_NUMBER_FIELDS, *_WRITE_FIELDS)
_DERIVED_FIELDS: Final = ("sum", "unit", "positive", "valid", "floor")


def parse_point(role: str, key: str, node: Node, defaults: Defaults, *, own_words: bool) -> Point:
    """Read one line. `own_words` allows a key that is not canonical: settings differ from maker to maker."""
    found = node.fields(required=("at", "type"), optional=_POINT_FIELDS)
    register = parse_register(node, defaults)
    spec = POINTS[role].get(key) or (_own_spec(key, found, register) if own_words else None)
    if spec is None:
        node.fail(f"is no reading of a {role}; known: {', '.join(POINTS[role])}")
    _check_words(spec, register, node)
    unit_factor = unit_factor_of(spec, found, node)
    sign = sign_of(role, spec, found, node)
    return Point(
        role=role,
        key=key,
        kind=spec.kind,
        unit=spec.unit,
        register=register,
        factor=scale_of(found) * unit_factor * sign,
        coding=_coding(spec, found),
        scale_register=_scale_register(found, register),
        valid=valid_of(spec, found, unit_factor * sign),
        write=_write(role, found, node, register, unit_factor * sign),
        when_absent=_when_absent(spec, found, unit_factor * sign),
        line=node.line,
    )


def parse_alternatives(role: str, key: str, node: Node, defaults: Defaults) -> Point:
    """Read a list of lines: one value as devices of different layouts keep it, the first that is there counts."""
    lines = node.items()
    if len(lines) < 2:
        node.fail("lists alternatives, so it needs two lines or more; write a single one without the list")
    first, *others = (parse_point(role, key, line, defaults, own_words=False) for line in lines)
    named: set[str | None] = set()
    for line, point in zip(lines, (first, *others), strict=True):
        if point.register.base is None or point.register.base in named:
            line.fail("an alternative needs a `base` of its own: that is what chooses between them")
        if point.write is not None:
            line.fail("alternatives are read-only; make it a setting, or remove `write`")
        named.add(point.register.base)
    return replace(first, otherwise=tuple(others))


def parse_derived(role: str, key: str, node: Node) -> DerivedPoint:
    """Read a point that is a weighted sum of others; all terms are in our unit and sign already."""
    found = node.fields(required=("sum",), optional=_DERIVED_FIELDS)
    spec = POINTS[role].get(key)
    if spec is None:
        node.fail(f"is no reading of a {role}; known: {', '.join(POINTS[role])}")
    factor = unit_factor_of(spec, found, node)
    if "positive" in found:
        found["positive"].fail("a sum of our points has our sign already; remove it")
    terms = _terms(role, found["sum"])
    if not terms:
        found["sum"].fail("needs at least one point; add it")
    return DerivedPoint(
        role=role,
        key=key,
        kind=spec.kind,
        unit=spec.unit,
        terms=terms,
        valid=valid_of(spec, found, factor),
        floor=found["floor"].number() * float(factor) if "floor" in found else None,
    )


def _term(role: str, name: object, node: Node) -> PointName:
    where, _, key = str(name).rpartition(".")
    where = where or role
    if where not in POINTS:
        node.fail("is no known point; write role.point, for instance inverter.dc_power")
    return (where, key)


def _own_spec(key: str, found: Mapping[str, Node], register: Register) -> PointSpec:
    """Return the meaning of a setting only this maker has, from its unit and type."""
    if "unit" in found:
        unit = found["unit"].choice(*UNITS)
        return PointSpec(key=key, kind=KIND_OF_UNIT[UNITS[unit][0]], direction=Direction.MAY)
    if register.type == "bit" or (
        register.values and all(isinstance(v, bool) for v in register.values.values())
    ):
        return PointSpec(key=key, kind=Kind.FLAG)
    if counts(register.values):
        return PointSpec(key=key, kind=Kind.COUNT)
    if register.values or register.type == "string":
        return PointSpec(key=key, kind=Kind.TEXT)
    return PointSpec(key=key, kind=Kind.COUNT)


def _check_words(spec: PointSpec, register: Register, node: Node) -> None:
    """Refuse a number where a word belongs, and the other way round."""
    words = set(register.values.values()) if register.values else None
    if spec.kind is Kind.FLAG:
        if register.type != "bit" and (words is None or not all(isinstance(w, bool) for w in words)):
            node.fail("is yes or no: use `type: bit`, or `values` that map to true and false")
    elif spec.kind is Kind.TEXT:
        if words is None and register.type != "string":
            node.fail("is a word: use `type: enum` with `values`, or a string")
        if words and not all(isinstance(w, str) for w in words):
            node.fail(
                "must map to words, not to numbers, true or false; YAML reads on, off, yes and no as such: quote them"
            )
        if spec.words and not (words and words <= set(spec.words)):
            node.fail(f"must map to these words: {', '.join(spec.words)}")
    elif spec.kind is Kind.COUNT and counts(register.values) and register.type != "string":
        pass  # a device that has a code for one and another for three
    elif words is not None or register.type in {"string", "bit", "enum"}:
        node.fail(
            "is a number: use an integer or float type without `values`; only what counts may map codes to numbers"
        )


def counts(values: Mapping[Any, str | int] | None) -> bool:
    """Tell whether codes stand for whole numbers: 0 for one phase, 1 for three."""
    return bool(values) and all(type(word) is int for word in (values or {}).values())


def unit_factor_of(spec: PointSpec, found: Mapping[str, Node], node: Node) -> Fraction:
    """Return what turns the maker's unit into ours."""
    if spec.unit is None:
        if "unit" in found:
            found["unit"].fail(f"a {spec.kind} has no unit; remove it")
        return Fraction(1)
    if "unit" not in found:
        node.fail(f"needs `unit`, for instance {spec.unit}; add it as the maker prints it")
    unit = found["unit"].choice(*UNITS)
    ours, factor = UNITS[unit]
    if ours != spec.unit:
        found["unit"].fail(f"{unit} does not measure {spec.kind}; that needs a multiple of {spec.unit}")
    return factor


def sign_of(role: str, spec: PointSpec, found: Mapping[str, Node], node: Node) -> int:
    """Return what turns the device's way of counting into ours."""
    ways = POSITIVE[role]
    if "positive" in found:
        if spec.direction is Direction.NONE:
            found["positive"].fail(f"{spec.key} has no direction; remove it")
        return ways[found["positive"].choice(*ways)]
    if spec.direction is Direction.MUST:
        node.fail(f"needs `positive: {' or '.join(ways)}`, how the device itself counts; add it")
    return 1


def _coding(spec: PointSpec, found: Mapping[str, Node]) -> Coding:
    if "coding" not in found:
        return "plain"
    if spec.kind is not Kind.POWER_FACTOR:
        found["coding"].fail(f"is for power factors, and {spec.key} is none; remove it")
    return cast("Coding", found["coding"].choice("plain", "four_quadrant"))


def scale_of(found: Mapping[str, Node]) -> Fraction:
    """Return `scale` exactly as it is written."""
    if "scale" not in found:
        return Fraction(1)
    # By way of the text, so that 0.01 is a hundredth and not its nearest binary neighbour.
    scale = Fraction(str(found["scale"].number()))
    if scale <= 0:
        found["scale"].fail("must be above 0; signs belong to `positive`")
    return scale


def _scale_register(found: Mapping[str, Node], register: Register) -> Register | None:
    """Return the SunSpec-style exponent of a point. It may change: value and exponent share a request."""
    if "scale_register" not in found:
        return None
    at = found["scale_register"].integer(0, 0xFFFF)
    if register.address <= at < register.end:
        found["scale_register"].fail("lies inside the value itself; one of the two addresses is wrong")
    return Register(
        address=at,
        count=1,
        type="s16",
        base=register.base,
        space=register.space,
        absent=frozenset({0x8000}),
    )


def valid_of(spec: PointSpec, found: Mapping[str, Node], factor: Fraction) -> tuple[float, float] | None:
    """Return the range in our unit and sign; given in the maker's, like everything else on the line."""
    if "valid" not in found:
        return PLAUSIBLE.get(spec.kind)
    if spec.kind not in PLAUSIBLE and spec.kind is not Kind.COUNT:
        found["valid"].fail("only numbers have a range; remove it")
    low, high = (end * float(factor) for end in found["valid"].pair())
    return (low, high) if low <= high else (high, low)


def _when_absent(spec: PointSpec, found: Mapping[str, Node], factor: Fraction) -> float | None:
    if "when_absent" not in found:
        return None
    if spec.kind not in PLAUSIBLE:
        found["when_absent"].fail("only what has a unit has a value to stand in; remove it")
    return found["when_absent"].number() * float(factor) + 0.0


def _write(
    role: str, found: Mapping[str, Node], node: Node, register: Register, factor: Fraction
) -> Write | None:
    if "write" not in found:
        for name in _WRITE_FIELDS:
            if name in found:
                found[name].fail("belongs to writable points; add `write: [lowest, highest]` or remove it")
        return None
    if register.space == "input" or register.type in {"string", "bit"} or register.bits:
        node.fail(
            "cannot be written: only whole numbers and enums in holding registers and coils can; remove `write`"
        )
    read_back = found["read_back"].flag() if "read_back" in found else True
    if not read_back and "scale_register" in found:
        found["read_back"].fail(
            "a scale has to be read before anything is written with it; remove one of the two"
        )
    if register.values is not None:
        return write_codes_of(found["write"], register.values, read_back=read_back)
    return replace(write_range_of(role, found, factor), read_back=read_back)


def write_range_of(role: str, found: Mapping[str, Node], factor: Fraction) -> Write:
    """Return the bounds of a writable number, in our unit and sign."""
    low, high = sorted(end * float(factor) for end in found["write"].pair())
    step = _magnitude(found, "step", factor)
    if step is not None and step <= 0:
        found["step"].fail("must be above 0; remove it where every value may be written")
    return Write(
        low=low,
        high=high,
        limit=found["limit"].text() if "limit" in found else None,
        tolerance=_magnitude(found, "tolerance", factor) or 0.0,
        step=step,
        percent_of=found["percent_of"].text() if "percent_of" in found else None,
        amps_at=found["amps_at"].text() if "amps_at" in found else None,
        plus=_terms(role, found["plus"]) if "plus" in found else {},
    )


def _terms(role: str, node: Node) -> Mapping[PointName, float]:
    return {_term(role, name, below): below.number() for name, below in node.mapping().items()}


def _magnitude(found: Mapping[str, Node], name: str, factor: Fraction) -> float | None:
    return abs(found[name].number() * float(factor)) if name in found else None


def write_codes_of(node: Node, values: Mapping[int | str, str | int], *, read_back: bool = True) -> Write:
    """Return the bounds of a writable enum."""
    if node.value is not True:
        node.fail("an enum is writable as a whole: `write: true`; its values are the bounds")
    codes = [code for code in values if isinstance(code, int)]
    return Write(low=min(codes), high=max(codes), read_back=read_back)
