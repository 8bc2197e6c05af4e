"""Commands that run out by themselves: how long a device believes EMS, and that it has stopped doing so.

A device with a lease falls back to its own safe state when nobody renews what it was told. EMS renews only while it
sees, so it must know by its own clock that a command is over: nobody else will say so.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .channel import Channel
    from .site_device import Actuator


def lease_of(actuator: Actuator | None, mode: str | None) -> float | None:
    """Return how long a command lives, None where it stays without us. [s].

    mode : What was commanded. None: nothing is; the device has a lease where any of its modes runs out.
    """
    if actuator is None:
        return None
    modes = actuator.modes if mode is None else (mode,)
    return actuator.lease_s if any(each not in actuator.keeps for each in modes) else None


def let_lapse(channel: Channel, now: datetime) -> bool:
    """Forget an accepted command whose lease has run out; tell whether one has.

    What a hand did to the device was never sent and has no lease.
    """
    accepted, sent_at = channel.accepted, channel.sent_at
    if accepted is None or sent_at is None or not accepted.is_same_as(channel.asked):
        return False
    lease_s = lease_of(channel.device.actuator, accepted.mode)
    # Of a command from the future, after a clock was set back, nobody knows how old it is.
    if lease_s is None or abs(now - sent_at) <= timedelta(seconds=lease_s):
        return False
    channel.accepted, channel.lapsed_at = None, min(now, sent_at + timedelta(seconds=lease_s))
    return True


def when_ems_is_gone(channel: Channel) -> dict[str, Any]:
    """Return how long the device goes on without us and what it does then, in its profile's words."""
    actuator, accepted = channel.device.actuator, channel.accepted
    return {
        "lease_s": lease_of(actuator, accepted.mode if accepted else None),
        "on_expiry": actuator.on_expiry if actuator else None,
    }
