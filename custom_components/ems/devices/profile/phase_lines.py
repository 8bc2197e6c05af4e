"""On how many phases a charger charges: the part of `control` that says how that is set, and when it can be."""

from collections.abc import Callable, Mapping
from typing import Final

from ..reading import Scalar
from .model import Amount, Placeholder, Quantity
from .node import Node

_NUMBERS: Final = (1, 2, 3)

type Assignments = Mapping[str, Amount]


def parse_phases(
    role: str,
    node: Node,
    commands: Mapping[str, Assignments],
    assignments_of: Callable[[Node], Assignments],
) -> Mapping[int, Assignments]:
    """Read `phases`: each number with the settings that make it so. Raises ProfileError."""
    if role != "charger":
        node.fail(f"belongs to a charger, and this is a {role}; remove it")
    if "charge" not in commands or "off" not in commands:
        node.fail("needs the commands `off` and `charge`: contactors move while nothing flows; add them")
    phases = {_number(number, below): assignments_of(below) for number, below in node.mapping().items()}
    if len(phases) < 2:
        node.fail("needs two numbers or more, for instance {1: {relay: open}, 3: {relay: closed}}; add one")
    keys = {frozenset(assigned) for assigned in phases.values()}
    if len(keys) > 1 or not all(keys):
        node.fail("each number assigns the same settings, or one of them would never be taken back; add them")
    if any(isinstance(amount, Placeholder) for each in phases.values() for amount in each.values()):
        node.fail("needs settings with values of their own; replace the placeholder by a value")
    for mode, assigned in commands.items():
        if shared := sorted(set(assigned) & set(*keys)):
            node.fail(f"assigns {shared[0]}, and so does the command {mode}; keep it in one of the two")
    return phases


def parse_phases_need(
    node: Node, points: Mapping[str, Quantity], phases: Mapping[int, object]
) -> Mapping[str, Scalar]:
    """Read `phases_need`: points of the role and what they must say. Raises ProfileError."""
    if not phases:
        node.fail("belongs to `phases`; add that, or remove this")
    return {str(key): _wanted(str(key), below, points) for key, below in node.mapping().items()}


def _number(number: object, node: Node) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number not in _NUMBERS:
        node.fail(f"{number!r} is no number of phases; write 1, 2 or 3")
    return number


def _wanted(key: str, node: Node, points: Mapping[str, Quantity]) -> Scalar:
    """Return what a point must say: one of its words, or a number."""
    point = points.get(key)
    if point is None or (point.write is not None and not point.write.read_back):
        node.fail("is no point of this role that can be read; name one of its readings or settings")
    if point.codes is None:
        return float(node.number())
    known = [word for word in point.codes.values() if word == node.value and type(word) is type(node.value)]
    if not known:
        node.fail(f"{node.shown} is no value of {key}; known: {', '.join(map(str, point.codes.values()))}")
    return known[0]
