"""Whose turn it is: when a device may be told something, by its own patience and by what became of the last try."""

from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util

from .channel import Channel, Command, Source
from .const import CHARGER, DISPATCH_INTERVAL
from .write_pace import is_gentler, must_wait

# A device that refused is asked again after this, not five seconds later.
RETRY_AFTER = timedelta(seconds=60)
# A device without a lease of its own is let go when its inputs have been silent for as long as a lease lasts.
BLIND_AFTER = timedelta(seconds=60)


def has_passed(since: datetime | None, least: timedelta) -> bool:
    """Tell whether so much time has passed since something; a clock that was set back must not become a long wait."""
    return since is None or not timedelta(0) <= dt_util.utcnow() - since < least


def may_try(channel: Channel) -> bool:
    """Leave a device in trouble in peace for a while."""
    return has_passed(channel.failed_at, RETRY_AFTER)


def may_send_guarded(channel: Channel, command: Command) -> bool:
    """Tell whether the guard's word goes out now. It has looked at the meters itself, and protects without waiting."""
    guarded = channel.guarded
    if guarded is None or (channel.lapsed_at and not guarded.renews):
        return False  # its lease has run out on purpose: nobody knows what flows
    protects = guarded.at_once or command.source is Source.PROTECTION
    if not has_passed(channel.failed_at, DISPATCH_INTERVAL if protects else RETRY_AFTER):
        return False
    if is_early(channel, command) or (channel.waiting and not protects):
        return False
    if guarded.at_once:
        return True
    # Chargers rise at the guard's own pace; a step that waited would be left out, and the next one be two.
    if channel.sent_at is None or channel.device.role == CHARGER:
        return channel.device.is_fresh
    return channel.device.is_fresh and has_passed(channel.sent_at, DISPATCH_INTERVAL)


def is_early(channel: Channel, command: Command) -> bool:
    """Tell whether the device asks for more time between two changes. What makes it do less never waits."""
    actuator, by_person = channel.device.actuator, command.source is Source.OVERRIDE
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
    return channel.seen_at is None or dt_util.utcnow() - channel.seen_at > BLIND_AFTER
