"""The voltage of one phase: how far from nominal, and how restless."""

from dataclasses import dataclass, field
import math
from typing import Final

from .electrical_limits import (
    SWING_WINDOW_S,
    SWINGS_ENTER,
    SWINGS_LEAVE,
    WIRED_SHARE,
    ElectricalLimits,
)
from .electrical_verdict import Condition
from .swings import Swings, swings_step
from .thresholds import Dwell, Scale, Trip, Watch, trip_step, watch_step

# The window of the swings is dwell enough.
_AT_ONCE: Final = Dwell(enter_s=0.0, leave_s=0.0)
LEVELS: Final = {
    -2: Condition.LOW_CRITICAL,
    -1: Condition.LOW_WARNING,
    0: Condition.NORMAL,
    1: Condition.HIGH_WARNING,
    2: Condition.HIGH_CRITICAL,
}
# Of several phases the worst speaks. A voltage that swings says more than one that is a little low.
GRAVITY: Final = {
    Condition.NORMAL: 0,
    Condition.LOW_WARNING: 1,
    Condition.HIGH_WARNING: 1,
    Condition.FLUCTUATING: 2,
    Condition.LOW_CRITICAL: 3,
    Condition.HIGH_CRITICAL: 3,
}


@dataclass(frozen=True, kw_only=True)
class PhaseVoltage:
    """What has to be remembered of one phase.

    Attributes
    ----------
    is_wired : Whether there was ever voltage on it; one-phase homes have three-phase meters, too.
    is_heard : Whether its voltage was known recently.
    """

    is_wired: bool = False
    is_heard: bool = False
    level: Watch = field(default_factory=Watch)
    swings: Swings = field(default_factory=Swings)
    swinging: Trip = field(default_factory=Trip)

    def condition(self, scale: Scale) -> Condition | None:
        """Return what the phase is like, None where that is unknown.

        A voltage may swing so far that no level ever lasts: then its unrest is all that is known.
        """
        level = self.level.level(scale)
        steady = None if level is None else LEVELS[level]
        if not self.is_heard or not self.swinging.is_over:
            return steady
        is_worse = steady is None or GRAVITY[steady] < GRAVITY[Condition.FLUCTUATING]
        return Condition.FLUCTUATING if is_worse else steady


def phase_step(
    phase: PhaseVoltage, voltage_v: float | None, limits: ElectricalLimits, clock_s: float
) -> PhaseVoltage:
    """Return a phase after one more sample; one that was never under voltage is left alone."""
    known_v = voltage_v if voltage_v is not None and math.isfinite(voltage_v) else None
    is_wired = phase.is_wired or (known_v is not None and known_v >= WIRED_SHARE * limits.nominal_v)
    if not is_wired:
        return phase
    level = watch_step(
        phase.level, limits.voltage, known_v, clock_s=clock_s, patience_s=limits.unknown_after_s
    )
    swings = swings_step(phase.swings, known_v, size=limits.swing_v, window_s=SWING_WINDOW_S, clock_s=clock_s)
    swinging = trip_step(
        phase.swinging,
        len(swings.ended_s) - (SWINGS_ENTER - 0.5),
        hysteresis=SWINGS_ENTER - SWINGS_LEAVE,
        dwell=_AT_ONCE,
        clock_s=clock_s,
    )
    return PhaseVoltage(
        is_wired=True,
        is_heard=clock_s - level.seen_s <= limits.unknown_after_s,
        level=level,
        swings=swings,
        swinging=swinging,
    )
