"""What flows on one phase, as the fuse in it feels it, and how much more may.

A fuse feels the current, not the power: with the active part I_p and the reactive part I_q, √(I_p² + I_q²). Only the
active part moves with what chargers and batteries do (they keep their power factor near 1), and it may be negative.
"""

from dataclasses import dataclass
from math import hypot, isfinite, sqrt

NOMINAL_V = 230.0


@dataclass(frozen=True, kw_only=True)
class PhaseFlow:
    """The current on one phase. Positive flows into the home. [A]."""

    active_a: float
    reactive_a: float = 0.0

    def room_a(self, limit_a: float) -> float:
        """Return how much more active current a limit leaves; negative where it is exceeded. [A].

            √((I_p + d)² + I_q²) ≤ L    ⇒    d = √(L² - I_q²) - I_p

        Where the reactive part alone fills the limit, nothing is left for the active one.
        """
        reactive_a = min(abs(self.reactive_a), limit_a)
        return sqrt(limit_a**2 - reactive_a**2) - self.active_a

    @property
    def magnitude_a(self) -> float:
        """Return what an ammeter shows. [A]."""
        return hypot(self.active_a, self.reactive_a)


def phase_flow(
    power_w: float | None, current_a: float | None, voltage_v: float | None = None
) -> PhaseFlow | None:
    """Return the flow on a phase from what its meter tells; None where that is nothing.

    power_w : Active power, + into the home. [W]
    current_a : As an ammeter shows it; a sign, where there is one, is not trusted. [A]
    voltage_v : None, or one that no house has, is taken as 230 V. [V]

    A current whose power nobody knows is taken as drawn: that errs on the side of the fuse.
    """
    power_w, current_a = _number(power_w), _number(current_a)
    if power_w is None:
        return None if current_a is None else PhaseFlow(active_a=abs(current_a))
    active_a = power_w / _volts(voltage_v)
    if current_a is None:
        return PhaseFlow(active_a=active_a)
    # Rounding may make the whole smaller than its part.
    reactive_a = sqrt(max(0.0, current_a**2 - active_a**2))
    return PhaseFlow(active_a=active_a, reactive_a=reactive_a)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _volts(voltage_v: float | None) -> float:
    """Return a voltage that can be divided by; a meter that lost one says 0 V."""
    if voltage_v is None or not NOMINAL_V / 2 < voltage_v < 2 * NOMINAL_V:
        return NOMINAL_V
    return voltage_v
