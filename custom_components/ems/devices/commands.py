"""From a command to the settings it means, bounded by what the profile allows."""

from collections.abc import Mapping
import math

from .command import DeviceCommand
from .errors import DeviceWriteError
from .profile.model import Amount, Control, Placeholder, Point, Profile, RoleProfile
from .ranges import Range
from .writer import Target


def control_of(profile: Profile, role: str) -> Control:
    """Return how a role is steered. Raises DeviceWriteError where it is not."""
    found = profile.roles.get(role)
    if found is None or found.control is None:
        raise DeviceWriteError(f"{profile.label}: no {role} can be commanded with this profile")
    return found.control


def assignments_of(control: Control, command: DeviceCommand) -> Mapping[str, Amount]:
    """Return the settings a mode means. Raises DeviceWriteError for a mode the profile does not know."""
    found = control.commands.get(command.mode)
    if found is None:
        modes = ", ".join(control.commands)
        raise DeviceWriteError(f"this {command.role} knows {modes}, not {command.mode!r}")
    return found


def points_of(role: RoleProfile, assignments: Mapping[str, Amount]) -> list[Point]:
    """Return the points that are assigned, in the order of writing."""
    return [point for key in assignments if (point := role.point(key)) is not None]


def targets_of(
    role: RoleProfile,
    control: Control,
    assignments: Mapping[str, Amount],
    command: DeviceCommand,
    ranges: Mapping[str, Range],
) -> list[Target]:
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
            return min(_current(control, _given(command, "current_a", command.current_a)), bounds.high)
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
