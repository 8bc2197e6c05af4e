"""What counts as healthy electricity, and where the numbers come from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .. import checks
from .thresholds import Dwell, Scale

NOMINAL_HZ: Final = (50.0, 60.0)
# EN 50160 judges means of ten minutes; a home wants to know earlier, but not of every motor that starts.
VOLTAGE_DWELL: Final = Dwell(enter_s=10.0, leave_s=30.0)
FREQUENCY_DWELL: Final = Dwell(enter_s=10.0, leave_s=30.0)
# A kettle is over in three minutes and a hob clicks every half minute: what lasts a minute is no click.
IMBALANCE_DWELL: Final = Dwell(enter_s=60.0, leave_s=60.0)
POWER_FACTOR_DWELL: Final = Dwell(enter_s=60.0, leave_s=60.0)
# One answer may be luck; ten seconds of them are a device that is back.
ONLINE_AFTER_S: Final = 10.0
# A value that is missing for so long is unknown. One missed poll of a meter on Modbus is not worth a word.
UNKNOWN_AFTER_S: Final = 30.0
# Below this share of the nominal voltage EN 50160 speaks of an interruption: such a phase is off, or not wired.
WIRED_SHARE: Final = 0.05
# Turns within the window that make a voltage restless, and those that keep it so.
SWING_WINDOW_S: Final = 120.0
SWINGS_ENTER: Final = 4
SWINGS_LEAVE: Final = 2


@dataclass(frozen=True, kw_only=True)
class ElectricalLimits:
    """The thresholds of one meter.

    Attributes
    ----------
    nominal_v : Phase to neutral. [V]
    voltage_warning_pct, voltage_critical_pct : Distance from nominal. EN 50160 (4.2.2.2) allows ±10 % for 95 % of a
        week and inverters leave the grid above (VDE-AR-N 4105: 110 %), so 10 is critical, and 8 leaves time. [%]
    voltage_hysteresis_pct : How far back inside a voltage has to be. [% of nominal]
    swing_pct : Size of a swing. Rapid changes stay below 5 % of nominal in a healthy network (EN 50160, 4.2.3.1). [%]
    unbalance_pct : Of the voltages. EN 50160 (4.2.4) allows 2 %, and 3 % where homes hang on single phases. [%]
    spread_a : Between the phases' currents. VDE-AR-N 4100 allows 4.6 kVA, which are 20 A at 230 V. [A]
    nominal_hz : 50 or 60. [Hz]
    frequency_warning_pct : ±1 %, kept for 99.5 % of a year (EN 50160, 4.2.1). [%]
    frequency_low_critical_pct, frequency_high_critical_pct : -6 % and +4 %, kept always: 47 and 52 Hz. [%]
    power_factor_min : Least magnitude; operators who bill reactive energy begin at 0.9, a motor without
        compensation is at 0.7 or below.
    power_min_w : Power below which a power factor says nothing. Power supplies and motors of an ordinary home need up
        to 1.3 kvar, whatever roof and battery cover of its power: at 1 kW from the grid that would be 0.6, three false
        alarms in a summer week of the demo home; at 2 kW it is 0.84. [W]
    offline_s : Silence after which a meter is offline. [s]
    unknown_after_s : For how long a missing value leaves open what it was; more than one missed reading. [s]
    expects_all_phases : Whether every phase that the meter has is wired. Otherwise a phase counts from the first
        time that there is voltage on it.

    Errors: PlanError where a number is out of its range, or a warning is not below what is critical.

    References
    ----------
    EN 50160:2010, "Voltage characteristics of electricity supplied by public electricity networks".
    """

    nominal_v: float = 230.0
    voltage_warning_pct: float = 8.0
    voltage_critical_pct: float = 10.0
    voltage_hysteresis_pct: float = 1.0
    swing_pct: float = 5.0
    unbalance_pct: float = 3.0
    unbalance_hysteresis_pct: float = 0.5
    spread_a: float = 20.0
    spread_hysteresis_share: float = 0.1
    nominal_hz: float = 50.0
    frequency_warning_pct: float = 1.0
    frequency_low_critical_pct: float = 6.0
    frequency_high_critical_pct: float = 4.0
    frequency_hysteresis_pct: float = 0.1
    power_factor_min: float = 0.8
    power_factor_hysteresis: float = 0.03
    power_min_w: float = 2000.0
    offline_s: float = 60.0
    unknown_after_s: float = UNKNOWN_AFTER_S
    expects_all_phases: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        name = "electrical health"
        checks.above_zero(
            name,
            nominal_v=self.nominal_v,
            voltage_warning_pct=self.voltage_warning_pct,
            swing_pct=self.swing_pct,
            unbalance_pct=self.unbalance_pct,
            spread_a=self.spread_a,
            frequency_warning_pct=self.frequency_warning_pct,
            offline_s=self.offline_s,
            unknown_after_s=self.unknown_after_s,
        )
        checks.in_order(
            name,
            voltage_warning_pct=self.voltage_warning_pct,
            voltage_critical_pct=self.voltage_critical_pct,
        )
        critical_pct = min(self.frequency_low_critical_pct, self.frequency_high_critical_pct)
        checks.in_order(
            name, frequency_warning_pct=self.frequency_warning_pct, frequency_critical_pct=critical_pct
        )
        checks.one_of_numbers(name, "nominal_hz", self.nominal_hz, NOMINAL_HZ)
        checks.between(name, 0.0, 1.0, power_factor_min=self.power_factor_min)
        checks.at_least_zero(
            name,
            power_min_w=self.power_min_w,
            voltage_hysteresis_pct=self.voltage_hysteresis_pct,
            unbalance_hysteresis_pct=self.unbalance_hysteresis_pct,
            spread_hysteresis_share=self.spread_hysteresis_share,
            frequency_hysteresis_pct=self.frequency_hysteresis_pct,
            power_factor_hysteresis=self.power_factor_hysteresis,
        )

    @cached_property
    def voltage(self) -> Scale:
        """Return the scale of a phase's voltage. [V]."""
        pct = (self.voltage_warning_pct, self.voltage_critical_pct)
        return Scale(
            low=_of(self.nominal_v, -pct[0], -pct[1]),
            high=_of(self.nominal_v, *pct),
            hysteresis=self.nominal_v * self.voltage_hysteresis_pct / 100,
            dwell=VOLTAGE_DWELL,
        )

    @cached_property
    def frequency(self) -> Scale:
        """Return the scale of the frequency. [Hz]."""
        warning_pct = self.frequency_warning_pct
        return Scale(
            low=_of(self.nominal_hz, -warning_pct, -self.frequency_low_critical_pct),
            high=_of(self.nominal_hz, warning_pct, self.frequency_high_critical_pct),
            hysteresis=self.nominal_hz * self.frequency_hysteresis_pct / 100,
            dwell=FREQUENCY_DWELL,
        )

    @cached_property
    def unbalance(self) -> Scale:
        """Return the scale of the voltages' unbalance. [%]."""
        return Scale(
            high=(self.unbalance_pct,), hysteresis=self.unbalance_hysteresis_pct, dwell=IMBALANCE_DWELL
        )

    @cached_property
    def spread(self) -> Scale:
        """Return the scale of the currents' difference. [A]."""
        hysteresis = self.spread_a * self.spread_hysteresis_share
        return Scale(high=(self.spread_a,), hysteresis=hysteresis, dwell=IMBALANCE_DWELL)

    @cached_property
    def power_factor(self) -> Scale:
        """Return the scale of the power factor's magnitude."""
        return Scale(
            low=(self.power_factor_min,), hysteresis=self.power_factor_hysteresis, dwell=POWER_FACTOR_DWELL
        )

    @cached_property
    def offline(self) -> Scale:
        """Return the scale of silence: 1 silent, 0 not."""
        return Scale(high=(0.5,), hysteresis=0.0, dwell=Dwell(enter_s=self.offline_s, leave_s=ONLINE_AFTER_S))

    @cached_property
    def swing_v(self) -> float:
        """Return the size of a swing. [V]."""
        return self.nominal_v * self.swing_pct / 100


def _of(nominal: float, *distances_pct: float) -> tuple[float, ...]:
    return tuple(nominal * (1 + distance / 100) for distance in distances_pct)
