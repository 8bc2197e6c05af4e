"""What a device is told, by whom, and what is known of it: commands and the channel they go through."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from homeassistant.util import dt as dt_util

from .engine.plan.result import Reason
from .site_device import SetpointWrite, SiteDevice

# Smaller changes cost a write and change nothing anyone could measure.
DEADBAND_W = 100.0
DEADBAND_A = 0.5


class Source(StrEnum):
    """Who wants it, in the order in which they are heard."""

    PROTECTION = "protection"
    OVERRIDE = "override"
    SCHEDULE = "schedule"
    PLAN = "plan"
    SURPLUS = "surplus"


@dataclass(frozen=True, kw_only=True)
class Command:
    """What a device shall do (design §10). `power_w` is a magnitude; the mode gives the direction."""

    mode: str
    power_w: float | None = None
    current_a: float | None = None
    phases: int | None = None
    expires_at: datetime | None = None
    source: Source = Source.PLAN
    reason: Reason | None = None

    def is_same_as(self, other: Command | None) -> bool:
        """Tell whether the device would notice a difference."""
        return (
            other is not None
            and self.mode == other.mode
            and _close(self.power_w, other.power_w, DEADBAND_W)
            and _close(self.current_a, other.current_a, DEADBAND_A)
            and (self.phases == other.phases or None in (self.phases, other.phases))
        )

    def at_setpoint_of(self, sent: Command) -> Command:
        """Return this command with the values that were sent, so that small changes add up against them."""
        return replace(self, power_w=sent.power_w, current_a=sent.current_a)


def _close(one: float | None, other: float | None, deadband: float) -> bool:
    if one is None or other is None:
        return one is other
    # Nothing and something are never the same: 0 A is a pause, and 0 W is a stop.
    return abs(one - other) < deadband and (one == 0) == (other == 0)


def is_over(command: Command | None) -> bool:
    """Tell whether a command has run out."""
    return command is not None and command.expires_at is not None and command.expires_at <= dt_util.utcnow()


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """What the guard lets a device do.

    Attributes
    ----------
    command : None: it is left to itself.
    until : The guard looks every few seconds; a word older than this is of one that stopped.
    renews : Whether a lease may be renewed: not while a meter above it cannot be believed.
    at_once : Whether it goes out past the beat: protection does not wait its turn.
    """

    command: Command | None
    until: datetime
    renews: bool = True
    at_once: bool = False


@dataclass(kw_only=True)
class Channel:
    """What the dispatcher knows about one device."""

    device: SiteDevice
    override: Command | None = None
    waiting: Command | None = None  # a person's, that came too early for the device, or is of the last run
    is_restored: bool = (
        False  # what waits is of the last run: nobody stands by, so it waits for the inputs too
    )
    planned: Command | None = None
    guarded: Guarded | None = None  # the guard's last word; None where nobody guards the device
    is_queued: bool = False  # a look at it waits for its turn already
    accepted: Command | None = None
    asked: Command | None = None  # what was sent last, taken or not; None for the safe state
    lapsed_at: datetime | None = None  # when the lease of what was accepted ran out; None while none has
    is_touched: bool = False  # something was written since the last release, accepted as a whole or not
    seen_at: datetime | None = None  # when the inputs were fresh last
    sent_at: datetime | None = None
    changed_at: datetime | None = None  # when something was written that had not been there
    failed_at: datetime | None = None
    error: str | None = None
    writes: list[SetpointWrite] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
