"""From a command to the settings it means, bounded by what the profile allows."""

from collections.abc import Mapping
from fractions import Fraction
import math
from typing import Any

from .command import DeviceCommand
from .errors import DeviceWriteError
from .profile.documents import DocumentPoint
from .profile.model import Amount, Control, Family, Placeholder, Point, Quantity, RoleProfile
from .ranges import Range
from .writer import Target


def control_of(profile: Family[Any], role: str) -> Control:
    """Return how a role is steered. Raises DeviceWriteError where it is not."""
    found = profile.roles.get(role)
    if found is None or found.control is None:
        raise DeviceWriteError(f"{profile.label}: no {role} can be commanded with this profile")
    return found.control


def assignments_of(control: Control, command: DeviceCommand) -> Mapping[str, Amount]:
    """Return the settings a mode means. Raises DeviceWriteError for a mode the profile does not know.

    Less current than the charger can is none: it is switched off in the way its profile knows, since many take
    no 0 A for a current. A number of phases is set before it may charge and after it may not any more.
    """
    found = control.commands.get(command.mode)
    if command.mode == "charge" and 0 <= (command.current_a or 0) < (control.current_min_a or 0):
        found = control.commands.get("off", found) if command.current_a is not None else found
    if found is None:
        modes = ", ".join(control.commands)
        raise DeviceWriteError(f"this {command.role} knows {modes}, not {command.mode!r}")
    phases = control.phases.get(command.phases or 0, {})
    return {**phases, **found} if found is control.commands.get("charge") else {**found, **phases}


def points_of[P: Quantity](role: RoleProfile[P], assignments: Mapping[str, Amount]) -> list[P]:
    """Return the points that are assigned, in the order of writing."""
    return [point for key in assignments if (point := role.point(key)) is not None]


def targets_of[P: Quantity](
    role: RoleProfile[P],
    control: Control,
    assignments: Mapping[str, Amount],
    command: DeviceCommand,
    ranges: Mapping[str, Range],
) -> list[Target[P]]:
    """Return points with the values they are to have. `ranges` holds today's bounds by point key."""
    return [
        Target(point=point, value=float(_amount(assignments[point.key], control, command, ranges[point.key])))
        for point in points_of(role, assignments)
    ]


def _amount(amount: Amount, control: Control, command: DeviceCommand, bounds: Range) -> float:
    match amount:
        case Placeholder.MAX:
            return bounds.high
        case Placeholder.POWER_W:
            return bounds.of_power(_given(command, "power_w", command.power_w))
        case Placeholder.MINUS_POWER_W:
            return bounds.of_power(-_given(command, "power_w", command.power_w))
        case Placeholder.CURRENT_A:
            wish_a = min(_current(control, _given(command, "current_a", command.current_a)), bounds.high)
            return _rounded_down(bounds.point, wish_a)
        case Placeholder.LEASE_S:
            return control.lease_s or 0.0
    return amount


def _given(command: DeviceCommand, name: str, value: float | None) -> float:
    if value is None or not math.isfinite(value) or value < 0:
        raise DeviceWriteError(
            f"{command.role} {command.mode}: needs {name}, a number of at least 0, not {value}"
        )
    return value


def _current(control: Control, wish_a: float) -> float:
    """Bound a charging current. Too little becomes none, never more: less current is the safe direction."""
    if control.current_min_a is not None and wish_a < control.current_min_a:
        return 0.0
    return wish_a if control.current_max_a is None else min(wish_a, control.current_max_a)


def _rounded_down(point: Quantity, current_a: float) -> float:
    """Return the highest current the device can hold that is not above the wish: fuses count the difference."""
    if isinstance(point, Point):
        if point.register.type in {"f32", "f64"} or point.scale_register is not None:
            return current_a
    elif not (isinstance(point, DocumentPoint) and point.whole):
        return current_a
    raw = Fraction(repr(current_a)) / point.factor
    return float(math.floor(raw) * point.factor)
