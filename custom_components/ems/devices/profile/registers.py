"""Where a value lives: the part of the schema that reads one register from a profile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Final, cast

from .model import Base, Expectation, Register, Space, WordOrder
from .node import Node

WIDTHS: Final[Mapping[str, int]] = {
    "u16": 1,
    "s16": 1,
    "u32": 2,
    "s32": 2,
    "u64": 4,
    "s64": 4,
    "f32": 2,
    "f64": 4,
    "enum": 1,
    "bit": 1,
}
TYPES: Final = (*WIDTHS, "string")
# What makers write when a quantity is not available. Floats have NaN instead, which the decoder knows.
ABSENT: Final[Mapping[str, int]] = {
    "u16": 0xFFFF,
    "s16": 0x8000,
    "u32": 0xFFFF_FFFF,
    "s32": 0x8000_0000,
    "u64": 0xFFFF_FFFF_FFFF_FFFF,
    "s64": 0x8000_0000_0000_0000,
    "enum": 0xFFFF,
}
# Other makers' and protocols' names for the same things, for a helpful error.
_ALIASES: Final[Mapping[str, str]] = {
    "int16": "s16",
    "uint16": "u16",
    "int32": "s32",
    "uint32": "u32",
    "int64": "s64",
    "uint64": "u64",
    "float": "f32",
    "float32": "f32",
    "float64": "f64",
    "double": "f64",
    "sunssf": "s16",
    "acc32": "u32",
    "acc64": "u64",
}
_CHECKS: Final = ("equals", "matches", "above", "between")
REGISTER_FIELDS: Final = (
    "base",
    "type",
    "length",
    "word_order",
    "byte_order",
    "function",
    "absent",
    "bit",
    "bits",
    "values",
)


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What holds for every register of a profile unless its line says otherwise.

    order_at : Where a device tells the word order it was set to; None where the order is fixed.
    bases : All that a line may name.
    base : The one meant by lines that name none; None for addresses that are the same on every device.
    """

    word_order: WordOrder = "big"
    order_at: Register | None = None
    space: Space = "holding"
    absent: Mapping[str, int] = field(default_factory=lambda: ABSENT)
    bases: Mapping[str, Base] = field(default_factory=dict)
    base: str | None = None


def parse_defaults(node: Node | None) -> Defaults:
    """Read the `defaults` of a profile."""
    if node is None:
        return Defaults()
    found = node.fields(optional=("word_order", "word_order_at", "function", "absent"))
    absent = dict(ABSENT)
    for kind, value in found["absent"].fields(optional=tuple(ABSENT)).items() if "absent" in found else ():
        absent[kind] = value.integer(0, (1 << 16 * WIDTHS[kind]) - 1)
    return Defaults(
        word_order=_word_order(found.get("word_order"), "big"),
        order_at=_order_at(found["word_order_at"]) if "word_order_at" in found else None,
        space=_space(found.get("function"), "holding"),
        absent=absent,
    )


def _order_at(node: Node) -> Register:
    """Read where a device tells its word order: a register whose values are big and little."""
    node.fields(required=("at", "type", "values"), optional=REGISTER_FIELDS)
    register = parse_register(node, Defaults())
    if register.values is None or not set(register.values.values()) <= {"big", "little"}:
        node.fail("maps codes to big and little; write for instance {0: little, 1: big}")
    return register


def parse_register(node: Node, defaults: Defaults) -> Register:
    """Read `at`, `type` and what belongs to them from a point's line."""
    found = node.mapping()
    if "at" not in found:
        node.fail("needs `at`, the register address as sent on the wire; add it")
    kind = _type(found, node)
    count = _count(found, node, kind)
    space = _space(found.get("function"), defaults.space)
    if space == "coil" and kind != "enum":
        node.fail("a coil is on or off: use `type: enum` with `values` for 0 and 1")
    return Register(
        address=found["at"].integer(0, 0x10000 - count),
        count=count,
        type=kind,
        base=parse_base_name(found["base"], defaults.bases) if "base" in found else defaults.base,
        space=space,
        word_order=_word_order(found.get("word_order"), defaults.word_order),
        order_is_set=defaults.order_at is not None and "word_order" not in found and count > 1,
        byte_order=_word_order(found.get("byte_order"), "big"),
        absent=_absent(found.get("absent"), kind, count, defaults),
        bit=_bit(found, node, kind),
        bits=_bits(found, node, kind, count),
        values=_values(found, node, kind),
    )


def parse_bases(node: Node | None, defaults: Defaults) -> Mapping[str, Base]:
    """Read the `bases` of a profile: groups of registers that every device keeps at a place of its own."""
    bases: dict[str, Base] = {}
    for name, below in node.mapping().items() if node else ():
        found = below.fields(required=("sunspec",), optional=("nth",))
        models = frozenset(item.integer(1, 0xFFFE) for item in found["sunspec"].items())
        if not models:
            found["sunspec"].fail("needs at least one number of a SunSpec model; add it")
        nth = found["nth"].integer(1, 99) if "nth" in found else 1
        bases[str(name)] = Base(models=models, nth=nth, space=defaults.space)
    return bases


def parse_base_name(node: Node, bases: Mapping[str, Base]) -> str:
    """Return the name of a base that the profile declares."""
    if not bases:
        node.fail("names a base, and this profile has no `bases`; add them to the head")
    return node.choice(*bases)


def parse_expectation(node: Node, defaults: Defaults) -> Expectation:
    """Read something a register must hold."""
    found = node.fields(required=("at", "type", "means"), optional=(*REGISTER_FIELDS, *_CHECKS))
    register = parse_register(node, defaults)
    checks = [name for name in _CHECKS if name in found]
    if len(checks) != 1:
        node.fail(
            "needs one of `equals` (numbers), `matches` (a regular expression), `above` (a number) and "
            "`between` ([lowest, highest])"
        )
    if ("matches" in found) != (register.type == "string"):
        node.fail("texts are checked by `matches`, numbers by the others; use the other one")
    equals = None
    if "equals" in found:
        equals = frozenset(
            item.integer(0, (1 << 16 * register.count) - 1) for item in found["equals"].items()
        )
    matches = _pattern(found["matches"]) if "matches" in found else None
    above = found["above"].number() if "above" in found else None
    return Expectation(
        register=register,
        means=found["means"].text(),
        equals=equals,
        matches=matches,
        above=above,
        between=found["between"].pair() if "between" in found else None,
    )


def _pattern(node: Node) -> str:
    try:
        re.compile(node.text())
    except re.error as err:
        node.fail(f"is no regular expression: {err}; mend it")
    return node.text()


def _type(found: Mapping[str, Node], node: Node) -> str:
    if "type" not in found:
        node.fail(f"needs `type`, one of {', '.join(TYPES)}; add it")
    kind = found["type"].text()
    if kind in _ALIASES:
        found["type"].fail(f"{kind!r} is called {_ALIASES[kind]} here; write that")
    return found["type"].choice(*TYPES)


def _count(found: Mapping[str, Node], node: Node, kind: str) -> int:
    if kind != "string":
        if "length" in found:
            found["length"].fail("belongs to strings only; a number's width follows from its type; remove it")
        return WIDTHS[kind]
    if "length" not in found:
        node.fail("needs `length`, the number of registers the text fills; add it")
    return found["length"].integer(1, 125)


def _absent(node: Node | None, kind: str, count: int, defaults: Defaults) -> frozenset[int]:
    if node is None:
        return frozenset({defaults.absent[kind]}) if kind in defaults.absent else frozenset()
    if kind == "string":
        node.fail("a text that is empty is absent by itself; remove `absent`")
    return frozenset(item.integer(0, (1 << 16 * count) - 1) for item in node.items())


def _bit(found: Mapping[str, Node], node: Node, kind: str) -> int | None:
    if (kind == "bit") != ("bit" in found):
        node.fail("`type: bit` and `bit: 0…15` belong together; add or remove one")
    return found["bit"].integer(0, 15) if "bit" in found else None


def _bits(found: Mapping[str, Node], node: Node, kind: str, count: int) -> tuple[int, int] | None:
    if "bits" not in found:
        return None
    if kind not in {"enum", "u16", "u32", "u64"}:
        found["bits"].fail("belongs to unsigned numbers and enums; change the type or remove it")
    ends = [item.integer(0, 16 * count - 1) for item in found["bits"].items()]
    if len(ends) != 2 or ends[0] > ends[1]:
        found["bits"].fail("needs [lowest, highest], counted from the least significant bit, 0")
    return ends[0], ends[1]


def _values(found: Mapping[str, Node], node: Node, kind: str) -> Mapping[int | str, str | int] | None:
    if "values" not in found:
        if kind == "enum":
            node.fail("needs `values`, a mapping of codes to words; add it")
        return None
    if kind not in {"enum", "u16", "u32", "string"}:
        found["values"].fail("belongs to enum, u16, u32 and string; change the type or remove it")
    entries: dict[int | str, str | int] = {}
    for raw, value in found["values"].mapping().items():
        if isinstance(raw, bool) or not isinstance(raw, str if kind == "string" else int):
            value.fail(
                "a code is a number (a text where the type is string); mind YAML's on, off, yes and no"
            )
        if not isinstance(value.value, str | int):
            value.fail(f"must be a word, true or false, or a whole number, not {value.shown}")
        entries[raw] = value.value
    if len({type(word) for word in entries.values()} | {int}) > 1 and any(
        type(w) is int for w in entries.values()
    ):
        found["values"].fail("has numbers among words: each must be a word, or each a whole number")
    return entries


def _space(node: Node | None, default: Space) -> Space:
    return default if node is None else cast("Space", node.choice("holding", "input", "coil"))


def _word_order(node: Node | None, default: WordOrder) -> WordOrder:
    return default if node is None else cast("WordOrder", node.choice("big", "little"))
