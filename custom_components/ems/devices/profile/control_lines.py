"""Commands, leases and the safe state: the part of the schema that says how a role is steered."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from ..points import MODES
from .model import Amount, Confirm, Control, Placeholder, Point, Quantity
from .node import Node
from .phase_lines import parse_phases, parse_phases_need

_FIELDS: Final = (
    "phases",
    "phases_need",
    "prepare",
    "confirm",
    "lease_s",
    "renew_s",
    "keeps",
    "together",
    "wears",
    "wear_writes_per_day",
    "wears_by",
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
    _check_stay(role, found["commands"], commands, lease_s)
    wears = _wears(found, points)
    phases = (
        parse_phases(role, found["phases"], commands, lambda below: _assignments(below, points, lease_s))
        if "phases" in found
        else {}
    )
    # What the number of phases is made of wears by commands, and goes out in one request, like theirs.
    written = {**commands, **{f"{number} phases": assigned for number, assigned in phases.items()}}
    # A mapping hands the device back to its own rule by settings that no command uses.
    gives_back = isinstance(found["safe"].value, dict)
    return Control(
        commands=commands,
        phases=phases,
        phases_need=parse_phases_need(found["phases_need"], points, phases) if "phases_need" in found else {},
        prepare=_assignments(found["prepare"], points, lease_s) if "prepare" in found else {},
        confirm=_confirm(found["confirm"], points) if "confirm" in found else None,
        safe=None if gives_back else _safe(found["safe"], commands, lease_s),
        give_back=_give_back(found["safe"], points, lease_s) if gives_back else {},
        lease_s=lease_s,
        renew_s=renew_s,
        on_expiry=found["on_expiry"].text(),
        keeps=_keeps(found, commands, lease_s),
        together=_together(found, points, written),
        wears=wears,
        wear_writes_per_day=_wear_writes(node, found, written, wears),
        wears_by_change=found["wears_by"].choice("write", "change") == "change"
        if "wears_by" in found
        else False,
        min_write_interval_s=found["min_write_interval_s"].number()
        if "min_write_interval_s" in found
        else 5.0,
        current_min_a=current[0],
        current_max_a=current[1],
    )


def _wears(found: Mapping[str, Node], points: Mapping[str, Quantity]) -> frozenset[str]:
    items = found["wears"].items() if "wears" in found else ()
    return frozenset(_point(item, item.text(), points).key for item in items)


def _wear_writes(
    node: Node,
    found: Mapping[str, Node],
    commands: Mapping[str, Mapping[str, Amount]],
    wears: frozenset[str],
) -> int | None:
    """Return how often a day commands may write what wears. They need a number where they do, and none where not."""
    cycled = sorted(wears & {key for assigned in commands.values() for key in assigned})
    if bool(cycled) != ("wear_writes_per_day" in found):
        node.fail(
            f"commands write {', '.join(cycled)}, which wear out: say `wear_writes_per_day`"
            if cycled
            else "`wear_writes_per_day` belongs to commands that write what `wears`; remove it"
        )
    return found["wear_writes_per_day"].integer(1, 1000) if cycled else None


def _check_stay(role: str, node: Node, commands: Mapping[str, object], lease_s: float | None) -> None:
    """A programme must not be broken off half-way: where `on` runs out, there has to be an `on` that does not."""
    if role == "load" and "on" in commands and ("stay_on" in commands) != (lease_s is not None):
        node.fail("`stay_on` is `on` without a lease: say it where there is `lease_s`, and only there")


def _keeps(
    found: Mapping[str, Node], commands: Mapping[str, Mapping[str, Amount]], lease_s: float | None
) -> frozenset[str]:
    if "keeps" in found and lease_s is None:
        found["keeps"].fail("without `lease_s` every command is kept; remove it")
    return (
        frozenset(item.choice(*commands) for item in found["keeps"].items())
        if "keeps" in found
        else frozenset()
    )


def _together(
    found: Mapping[str, Node], points: Mapping[str, Quantity], commands: Mapping[str, Mapping[str, Amount]]
) -> tuple[tuple[str, ...], ...]:
    """Return the groups that go out in one request: neighbours, in order, and never one without the others."""
    groups = found["together"].items() if "together" in found else ()
    return tuple(_group(group, points, commands) for group in groups)


def _group(
    node: Node, points: Mapping[str, Quantity], commands: Mapping[str, Mapping[str, Amount]]
) -> tuple[str, ...]:
    found = [_point(item, item.text(), points) for item in node.items()]
    group = [point for point in found if isinstance(point, Point)]
    if len(group) < len(found):
        node.fail("belongs to registers, which one request can carry; remove it")
    keys = tuple(point.key for point in group)
    if any(one.register.end != other.register.address for one, other in pairwise(group)):
        node.fail("are no neighbours in the order of their addresses; one request cannot carry them")
    for mode, assigned in commands.items():
        if set(keys) & set(assigned) not in (set(), set(keys)):
            node.fail(f"{mode} assigns some of them; assign all or none")
    return keys


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
    power = _power_unit(point)
    needs = {
        Placeholder.POWER_W: power,
        Placeholder.MINUS_POWER_W: power,
        Placeholder.CURRENT_A: "A",
        Placeholder.LEASE_S: "s",
    }.get(wish)
    if needs is not None and point.unit != needs:
        node.fail(f"{wish} is in {needs} and {point.key} in {point.unit}; name another")
    if wish is not Placeholder.LEASE_S:
        return wish
    if lease_s is None:
        node.fail("needs `lease_s` in this control; add it")
    return _within(node, point, lease_s)


def _power_unit(point: Quantity) -> str:
    """Return the unit a command's power has in a point: W, unless a rating or a voltage turns it into % or A."""
    write = point.write
    if write and write.percent_of:
        return "%"
    return "A" if write and write.amps_at else "W"


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


def _give_back(node: Node, points: Mapping[str, Quantity], lease_s: float | None) -> Mapping[str, Amount]:
    """Return the settings to leave behind. Nobody gives a power or a current then."""
    assigned = _assignments(node, points, lease_s)
    given = {Placeholder.POWER_W, Placeholder.MINUS_POWER_W, Placeholder.CURRENT_A}
    if not assigned or given & set(assigned.values()):
        node.fail("needs settings with values of their own, for instance `current: 6`; name them")
    return assigned


def _safe(node: Node, commands: Mapping[str, object], lease_s: float | None) -> str | None:
    """Return the command for unload and stop, None where letting the lease lapse is the safe state."""
    word = node.choice(*commands, LAPSE)
    if word != LAPSE:
        return word
    if lease_s is None:
        node.fail("a device without `lease_s` keeps its last command for ever; name a command instead")
    return None
