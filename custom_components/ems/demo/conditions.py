"""What the street does to the home, on demand: every electrical condition that a meter can be judged by.

Faults (`faults`) break a device's answers; conditions are really there. What the meter shows then is true, and
the car, the battery and every counter live with it.
"""

from dataclasses import dataclass
from enum import StrEnum
import math

type Phases = tuple[float, float, float]


class Condition(StrEnum):
    """What can be played."""

    NORMAL = "normal"
    VOLTAGE_LOW_WARNING = "voltage_low_warning"
    VOLTAGE_LOW_CRITICAL = "voltage_low_critical"
    VOLTAGE_HIGH_WARNING = "voltage_high_warning"
    VOLTAGE_HIGH_CRITICAL = "voltage_high_critical"
    VOLTAGE_FLUCTUATING = "voltage_fluctuating"
    IMBALANCE = "imbalance"
    FREQUENCY_LOW_WARNING = "frequency_low_warning"
    FREQUENCY_LOW_CRITICAL = "frequency_low_critical"
    FREQUENCY_HIGH_WARNING = "frequency_high_warning"
    FREQUENCY_HIGH_CRITICAL = "frequency_high_critical"
    POWER_FACTOR_LOW = "power_factor_low"
    METER_OFFLINE = "meter_offline"


@dataclass(frozen=True, kw_only=True)
class Mains:
    """What comes out of the street, and what hangs on it beside the household."""

    voltage_v: Phases
    frequency_hz: float
    load_w: Phases = (0.0, 0.0, 0.0)
    reactive_var: Phases = (0.0, 0.0, 0.0)


# Around 231.5 V the street wanders by two or three; a fifth of that stays, so that a level is surely what it is called.
_USUAL_V, _CALM = 231.5, 0.2
_LEVELS_V = {
    Condition.VOLTAGE_LOW_WARNING: 209.3,  # -9 %
    Condition.VOLTAGE_LOW_CRITICAL: 202.4,  # -12 %
    Condition.VOLTAGE_HIGH_WARNING: 250.7,  # +9 %
    Condition.VOLTAGE_HIGH_CRITICAL: 257.6,  # +12 %
}
_FREQUENCIES_HZ = {
    Condition.FREQUENCY_LOW_WARNING: 49.2,
    Condition.FREQUENCY_LOW_CRITICAL: 46.5,
    Condition.FREQUENCY_HIGH_WARNING: 50.8,
    Condition.FREQUENCY_HIGH_CRITICAL: 52.5,
}
# A welder next door: 8 V down and up again, ten seconds each.
_SWING_V, _HALF_SWING_S = 8.0, 10
# A heater of 26 A on L1, at the end of a long line.
_HEATER_W, _DROP_V = 6000.0, 12.0
# Motors without compensation, more than roof and battery can feed together: cos φ 0.61 at the motors.
_MOTORS_W, _MOTORS_VAR = 10_500.0, 13_500.0


def under(condition: Condition, at_s: float, mains: Mains) -> Mains:
    """Return what the street and the home are like under a condition."""
    volts, hertz = mains.voltage_v, mains.frequency_hz
    match condition:
        case Condition.VOLTAGE_FLUCTUATING:
            is_up = math.floor(at_s / _HALF_SWING_S) % 2
            volts = _around(_USUAL_V + (_SWING_V if is_up else -_SWING_V), volts)
        case Condition.IMBALANCE:
            l1_v, l2_v, l3_v = _around(_USUAL_V, volts)
            return Mains(
                voltage_v=(l1_v - _DROP_V, l2_v, l3_v), frequency_hz=hertz, load_w=(_HEATER_W, 0.0, 0.0)
            )
        case Condition.POWER_FACTOR_LOW:
            return Mains(
                voltage_v=volts,
                frequency_hz=hertz,
                load_w=(_MOTORS_W / 3,) * 3,
                reactive_var=(_MOTORS_VAR / 3,) * 3,
            )
        case _ if condition in _LEVELS_V:
            volts = _around(_LEVELS_V[condition], volts)
        case _ if condition in _FREQUENCIES_HZ:
            hertz = _FREQUENCIES_HZ[condition]
    return Mains(voltage_v=volts, frequency_hz=hertz)


def _around(level_v: float, volts: Phases) -> Phases:
    """Return a calm street at another level. [V]."""
    a, b, c = (level_v + _CALM * (volt - _USUAL_V) for volt in volts)
    return a, b, c
