"""Whose turn it is: when a device may be told something, by its own patience and by what became of the last try."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from .channel import Channel, Command, Source
from .const import BATTERY, CHARGER, DISPATCH_INTERVAL
from .engine.plan.result import Mode
from .write_pace import is_gentler, must_wait

# A device that refused is asked again after this, not five seconds later.
RETRY_AFTER = timedelta(seconds=60)
# A device without a lease of its own is let go when its inputs have been silent for as long as a lease lasts.
BLIND_AFTER = timedelta(seconds=60)
# What a current loses on its way through a register; less is no reduction.
_ROUNDING_A: Final = 0.05


def since(at: datetime | None) -> timedelta:
    """Return how long ago something was; for ever where it never was.

    A clock that was set back by an hour must not make anything wait for that hour: it is an hour away, too.
    """
    return timedelta.max if at is None else abs(dt_util.utcnow() - at)


def may_try(channel: Channel) -> bool:
    """Leave a device in trouble in peace for a while."""
    return since(channel.failed_at) >= RETRY_AFTER


def is_done(channel: Channel, wanted: Command) -> bool:
    """Tell whether a device does already what is wanted of it.

    Where a limit takes something away, that goes out however little it is: cars together make amperes of it.
    """
    accepted = channel.accepted
    if accepted is None or not wanted.is_same_as(accepted):
        return False
    if wanted.source is not Source.PROTECTION or wanted.current_a is None or accepted.current_a is None:
        return True
    return wanted.current_a > accepted.current_a - _ROUNDING_A


def is_stop(channel: Channel, command: Command) -> bool:
    """Tell whether a command only keeps a car from charging: no fuse minds, whatever its meter says."""
    return channel.device.role == CHARGER and command.mode == Mode.OFF


def may_send_guarded(channel: Channel, command: Command) -> bool:
    """Tell whether the guard's word goes out now. It has looked at the meters itself, and protects without waiting."""
    guarded = channel.guarded
    if guarded is None or (channel.lapsed_at and not (guarded.renews or is_stop(channel, command))):
        return False  # its lease has run out on purpose: nobody knows what flows
    protects = guarded.at_once or command.source is Source.PROTECTION
    if since(channel.failed_at) < (DISPATCH_INTERVAL if protects else RETRY_AFTER):
        return False
    if protects and channel.failed_at is not None:
        return True  # refused, it is as urgent as it was, and what the device has now nobody knows
    if is_early(channel, command) or (channel.waiting and not protects):
        return False
    if guarded.at_once:
        return True
    # Chargers rise at the guard's own pace; a step that waited would be left out, and the next one be two.
    if channel.sent_at is None or channel.device.role == CHARGER:
        return channel.device.is_fresh
    return channel.device.is_fresh and since(channel.sent_at) >= DISPATCH_INTERVAL


def is_early(channel: Channel, command: Command) -> bool:
    """Tell whether the device asks for more time between two changes.

    What makes it do less never waits, nor does a battery that takes load off a fuse.
    """
    actuator, by_person = channel.device.actuator, command.source is Source.OVERRIDE
    relieves = channel.device.role == BATTERY and command.mode == Mode.DISCHARGE
    if relieves and command.source is Source.PROTECTION:
        return False
    if actuator is None or is_gentler(channel.device.role, command, channel.accepted):
        return False
    least_s = actuator.min_write_interval_s
    return must_wait(least_s, channel.changed_at, dt_util.utcnow(), by_person=by_person)


def is_blind(channel: Channel) -> bool:
    """Tell whether a device that keeps a command for ever has been steered blind for too long."""
    actuator, accepted = channel.device.actuator, channel.accepted
    if actuator is None:
        return False
    if actuator.renew_s is not None and not (accepted and accepted.mode in actuator.keeps):
        return False  # its lease runs out by itself
    return since(channel.seen_at) > BLIND_AFTER
