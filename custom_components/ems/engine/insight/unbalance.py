"""How unevenly three phases are loaded."""

from collections.abc import Sequence
import math


def voltage_unbalance_pct(voltages_v: Sequence[float | None]) -> float | None:
    """Return how far the worst phase is from the mean of all, over that mean. [%].

    100·max |V_φ - mean V| / mean V        shape of `voltages_v`: one per phase [V]

    None where a phase is unknown, where there is only one, and where nothing is on.

    References
    ----------
    NEMA MG-1, 14.36, with phase-to-neutral voltages, which is what meters tell (the "phase voltage unbalance rate" of
    IEEE Std 112). EN 50160 judges the negative sequence instead, for which the angles would be needed; for voltages
    120° apart the two are of one size.
    """
    known = [voltage for voltage in voltages_v if voltage is not None]
    if len(known) < max(2, len(voltages_v)) or (mean_v := sum(known) / len(known)) <= 0:
        return None
    return 100 * max(abs(voltage - mean_v) for voltage in known) / mean_v


def current_spread_a(currents_a: Sequence[float | None]) -> float | None:
    """Return the difference between the phases that draw most and least; feeding in counts negative. [A].

    max I_φ - min I_φ

    None where a phase is unknown and where there is only one.
    """
    known = [current for current in currents_a if current is not None]
    if len(known) < max(2, len(currents_a)):
        return None
    return max(known) - min(known)


def signed_current_a(current_a: float | None, power_w: float | None, voltage_v: float | None) -> float | None:
    """Return a phase's current with the sign of its power, else power over voltage. [A].

    Many meters tell currents without a sign, and 10 A fed in on one phase beside 10 A drawn on another are 20 A apart.
    Without a power nothing is known about the direction: the current counts as the meter says it.
    """
    if current_a is not None:
        return current_a if power_w is None else math.copysign(current_a, power_w)
    if power_w is None or not voltage_v:
        return None
    return power_w / voltage_v
