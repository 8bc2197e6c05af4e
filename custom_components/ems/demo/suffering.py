"""What a fault does inside a device: those that are more than an answer that does not come."""

from typing import TYPE_CHECKING

from .faults import ActiveFault, Fault

if TYPE_CHECKING:
    from .home import Home


def suffer(home: Home, device: str, fault: ActiveFault | None) -> None:
    """Let a device begin to disobey, reboot, or come to its senses."""
    kind = fault.kind if fault else None
    if device == "inverter":
        home.inverter.stuck = home.inverter.order(home.at_s) if kind is Fault.IGNORES else None
    for point in home.points:
        if point.spec.key != device:
            continue
        point.charger.stuck_a = None
        if kind is Fault.IGNORES:
            point.charger.get_stuck(home.at_s)
        elif fault is not None and kind is Fault.REBOOTS:
            point.charger.reboot(home.at_s, fault.ends_s - home.at_s)
