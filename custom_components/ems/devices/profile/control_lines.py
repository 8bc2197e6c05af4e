"""Commands, leases and the safe state: the part of the schema that says how a role is steered."""

from collections.abc import Mapping
from typing import Final

from ..points import MODES
from .model import Amount, Confirm, Control, Placeholder, Quantity
from .node import Node

_FIELDS: Final = (
    "prepare",
    "confirm",
    "lease_s",
    "renew_s",
    "wears",
    "min_write_interval_s",
    "current_a",
)
LAPSE: Final = "lapse"


def parse_control(role: str, node: Node, points: Mapping[str, Quantity]) -> Control:
    """Read `control` of a role."""
    if not MODES[role]:
        node.fail(f"a {role} only reports; remove `control`")
    found = node.fields(required=("commands", "safe", "on_expiry"), optional=_FIELDS)
    lease_s, renew_s = _lease(node, found)
    commands = _commands(role, found["commands"], points, lease_s)
    current = found["current_a"].pair() if "current_a" in found else (None, None)
    # A mapping hands the device back to its own rule by settings that no command uses.
    gives_back = isinstance(found["safe"].value, dict)
    return Control(
        commands=commands,
        prepare=_assignments(found["prepare"], points, lease_s) if "prepare" in found else {},
        confirm=_confirm(found["confirm"], points) if "confirm" in found else None,
        safe=None if gives_back else _safe(found["safe"], commands, lease_s),
        give_back=_assignments(found["safe"], points, lease_s) if gives_back else {},
        lease_s=lease_s,
        renew_s=renew_s,
        on_expiry=found["on_expiry"].text(),
        wears=frozenset(_point(n, n.text(), points).key for n in found["wears"].items())
        if "wears" in found
        else frozenset(),
        min_write_interval_s=found["min_write_interval_s"].number()
        if "min_write_interval_s" in found
        else 5.0,
        current_min_a=current[0],
        current_max_a=current[1],
    )


def _lease(node: Node, found: Mapping[str, Node]) -> tuple[float | None, float | None]:
    """Return lease and renewal. Half the lease leaves room for one renewal to get lost."""
    if ("lease_s" in found) != ("renew_s" in found):
        node.fail("`lease_s` and `renew_s` belong together; a command that expires has to be repeated")
    if "lease_s" not in found:
        return None, None
    lease_s, renew_s = found["lease_s"].number(), found["renew_s"].number()
    if not 0 < renew_s <= lease_s / 2:
        found["renew_s"].fail(f"must be above 0 and at most half the lease of {lease_s:g} s; lower it")
    return lease_s, renew_s


def _commands(
    role: str, node: Node, points: Mapping[str, Quantity], lease_s: float | None
) -> Mapping[str, Mapping[str, Amount]]:
    found = node.fields(optional=MODES[role])
    if not found:
        node.fail(f"needs at least one of {', '.join(MODES[role])}; add it or remove `control`")
    return {mode: _assignments(below, points, lease_s) for mode, below in found.items()}


def _assignments(node: Node, points: Mapping[str, Quantity], lease_s: float | None) -> Mapping[str, Amount]:
    return {key: _amount(below, _point(below, key, points), lease_s) for key, below in node.mapping().items()}


def _point(node: Node, key: object, points: Mapping[str, Quantity]) -> Quantity:
    point = points.get(str(key))
    if point is None or point.write is None:
        node.fail(f"{key} is no writable point of this role; add `write:` to its line, or name another")
    return point


def _amount(node: Node, point: Quantity, lease_s: float | None) -> Amount:
    """Return a value in our unit: a number, a word of an enum as its code, or a placeholder."""
    words = point.codes
    if words is not None:
        codes = {word: code for code, word in words.items()}
        if node.value not in codes:
            node.fail(f"{node.shown} is no value of {point.key}; known: {', '.join(map(str, codes))}")
        return float(codes[node.value])
    if isinstance(node.value, str):
        return _placeholder(node, point, lease_s)
    value = float(node.number())
    return _within(node, point, value)


def _placeholder(node: Node, point: Quantity, lease_s: float | None) -> Amount:
    wish = Placeholder(node.choice(*Placeholder))
    needs = {Placeholder.POWER_W: "W", Placeholder.CURRENT_A: "A", Placeholder.LEASE_S: "s"}.get(wish)
    if needs is not None and point.unit != needs:
        node.fail(f"{wish} is in {needs} and {point.key} in {point.unit}; name another")
    if wish is not Placeholder.LEASE_S:
        return wish
    if lease_s is None:
        node.fail("needs `lease_s` in this control; add it")
    return _within(node, point, lease_s)


def _within(node: Node, point: Quantity, value: float) -> float:
    if point.write is not None and not point.write.low <= value <= point.write.high:
        node.fail(f"{value:g} is outside {point.key}'s bounds [{point.write.low:g}, {point.write.high:g}]")
    return value


def _confirm(node: Node, points: Mapping[str, Quantity]) -> Confirm:
    found = node.fields(required=("point", "value", "within_s"))
    key = found["point"].text()
    if key not in points:
        found["point"].fail("is no point of this role; name one")
    return Confirm(key=key, value=found["value"].flag(), within_s=found["within_s"].number())


def _safe(node: Node, commands: Mapping[str, object], lease_s: float | None) -> str | None:
    """Return the command for unload and stop, None where letting the lease lapse is the safe state."""
    word = node.choice(*commands, LAPSE)
    if word != LAPSE:
        return word
    if lease_s is None:
        node.fail("a device without `lease_s` keeps its last command for ever; name a command instead")
    return None
