"""Thresholds that people set for a device: power, state of charge, silence; and when one is passed.

A pure function of a sample and a clock: `alert_step(state, sample, limits, now_s) → state, alerts, news`. As with a
meter's electricity (`electrical`), crossing takes a dwell in either direction and the way back leads through a
hysteresis (`thresholds`); what is unknown is neither, and a clock that is set back stands still meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Final

from .. import checks
from .electrical_limits import ONLINE_AFTER_S, UNKNOWN_AFTER_S
from .thresholds import Dwell, Scale, Watch, watch_step

# A kettle is over in three minutes; what lasts a minute is no click.
AFTER_S: Final = 60.0
# Back inside by this much: a heater that rests on its threshold would be news with every click of its thermostat.
POWER_HYSTERESIS_SHARE: Final = 0.05
POWER_HYSTERESIS_W: Final = 20.0
# Batteries tell whole percents, and breathe by one of them.
SOC_HYSTERESIS_PCT: Final = 2.0
_NAME: Final = "alerts"
_UNSEEN: Final = Watch()


class Alarm(StrEnum):
    """What can be passed."""

    POWER_ABOVE = "power_above"
    POWER_BELOW = "power_below"
    SOC_BELOW = "soc_below"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True)
class AlertLimits:
    """The thresholds of one device; None: none.

    Attributes
    ----------
    power_above_w, power_below_w : In the device's own sense of plus. [W]
    soc_below_pct : Of a battery. [%]
    silent_for_min : How long nothing may be heard. [min]
    alert_after_s : How long power and state of charge have to be past theirs, and back. [s]

    Errors: PlanError where a number is out of its range, or the lower power is not below the upper one.
    """

    power_above_w: float | None = None
    power_below_w: float | None = None
    soc_below_pct: float | None = None
    silent_for_min: float | None = None
    alert_after_s: float = AFTER_S

    def __post_init__(self) -> None:
        """Refuse what would never be passed, or always be."""
        if self.power_above_w is not None and self.power_below_w is not None:
            checks.in_order(_NAME, power_below_w=self.power_below_w, power_above_w=self.power_above_w)
        most_w = 1e9
        powers = {"power_above_w": self.power_above_w, "power_below_w": self.power_below_w}
        checks.between(_NAME, -most_w, most_w, **_given(powers))
        checks.between(_NAME, 0, 100, **_given({"soc_below_pct": self.soc_below_pct}))
        checks.above_zero(_NAME, **_given({"silent_for_min": self.silent_for_min}))
        checks.at_least_zero(_NAME, alert_after_s=self.alert_after_s)

    @cached_property
    def scales(self) -> Mapping[Alarm, Scale]:
        """Return a scale for every threshold that is set."""
        dwell = Dwell(enter_s=self.alert_after_s, leave_s=self.alert_after_s)
        scales: dict[Alarm, Scale] = {}
        if (at := self.power_above_w) is not None:
            scales[Alarm.POWER_ABOVE] = Scale(high=(at,), hysteresis=_hysteresis_w(at), dwell=dwell)
        if (at := self.power_below_w) is not None:
            scales[Alarm.POWER_BELOW] = Scale(low=(at,), hysteresis=_hysteresis_w(at), dwell=dwell)
        if (at := self.soc_below_pct) is not None:
            scales[Alarm.SOC_BELOW] = Scale(low=(at,), hysteresis=SOC_HYSTERESIS_PCT, dwell=dwell)
        if self.silent_for_min is not None:
            silence = Dwell(enter_s=self.silent_for_min * 60, leave_s=ONLINE_AFTER_S)
            scales[Alarm.SILENT] = Scale(high=(0.5,), hysteresis=0.0, dwell=silence)
        return scales

    def threshold(self, alarm: Alarm) -> float | None:
        """Return what was set for an alarm. [W, % or min]."""
        return {
            Alarm.POWER_ABOVE: self.power_above_w,
            Alarm.POWER_BELOW: self.power_below_w,
            Alarm.SOC_BELOW: self.soc_below_pct,
            Alarm.SILENT: self.silent_for_min,
        }[alarm]


def _given(fields: Mapping[str, float | None]) -> dict[str, float]:
    return {key: value for key, value in fields.items() if value is not None}


def _hysteresis_w(threshold_w: float) -> float:
    return max(POWER_HYSTERESIS_W, POWER_HYSTERESIS_SHARE * abs(threshold_w))


@dataclass(frozen=True, kw_only=True)
class AlertSample:
    """What a device says now; None is unknown. is_fresh : Whether anything was heard of it recently."""

    power_w: float | None = None
    soc_pct: float | None = None
    is_fresh: bool = True

    def value(self, alarm: Alarm) -> float | None:
        """Return what is put on an alarm's scale."""
        if alarm is Alarm.SILENT:
            return 0.0 if self.is_fresh else 1.0
        return self.soc_pct if alarm is Alarm.SOC_BELOW else self.power_w


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A threshold that is passed.

    Attributes
    ----------
    value : What was measured when it counted; None for silence. [W or %]
    since_s : Since when it counts. [s since epoch]
    """

    alarm: Alarm
    value: float | None
    since_s: float


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """What is known: the thresholds that are passed, and those of which nobody knows."""

    passed: Mapping[Alarm, Alert] = field(default_factory=lambda: MappingProxyType({}))
    unknown: frozenset[Alarm] = frozenset()

    @property
    def is_on(self) -> bool | None:
        """Tell whether any is passed; None where none is known to be, and one is not known."""
        return True if self.passed else None if self.unknown else False


@dataclass(frozen=True, kw_only=True)
class News:
    """A threshold that was passed, or is no longer. lasted_s : How long it was, where it is over. [s]."""

    alert: Alert
    has_ended: bool = False
    lasted_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class AlertState:
    """What has to be remembered from sample to sample; begins empty. Clocks as in `electrical.ElectricalState`."""

    at_s: float | None = None
    lived_s: float = 0.0
    watches: Mapping[Alarm, Watch] = field(default_factory=lambda: MappingProxyType({}))
    passed: Mapping[Alarm, Alert] = field(default_factory=lambda: MappingProxyType({}))


def alert_step(
    state: AlertState, sample: AlertSample, limits: AlertLimits, now_s: float
) -> tuple[AlertState, Alerts, tuple[News, ...]]:
    """Return what is remembered, what is known and what is news after one more sample.

    A threshold that was passed before its device fell silent stays passed until something else is known.
    """
    lived_s = state.lived_s + (max(0.0, now_s - state.at_s) if state.at_s is not None else 0.0)
    patience_s = max(UNKNOWN_AFTER_S, limits.alert_after_s)
    watches = {
        alarm: watch_step(
            state.watches.get(alarm, _UNSEEN),
            scale,
            sample.value(alarm),
            clock_s=lived_s,
            patience_s=patience_s,
        )
        for alarm, scale in limits.scales.items()
    }
    levels = {alarm: watches[alarm].level(scale) for alarm, scale in limits.scales.items()}
    unknown = frozenset(alarm for alarm, level in levels.items() if level is None)
    passed = {
        alarm: state.passed.get(alarm) or _begun(alarm, sample, now_s)
        for alarm, level in levels.items()
        if level or (level is None and alarm in state.passed)
    }
    after = AlertState(at_s=now_s, lived_s=lived_s, watches=watches, passed=passed)
    return after, Alerts(passed=passed, unknown=unknown), _news(state.passed, passed, now_s)


def _begun(alarm: Alarm, sample: AlertSample, now_s: float) -> Alert:
    value = None if alarm is Alarm.SILENT else sample.value(alarm)
    return Alert(alarm=alarm, value=value, since_s=now_s)


def _news(before: Mapping[Alarm, Alert], after: Mapping[Alarm, Alert], now_s: float) -> tuple[News, ...]:
    begun = [News(alert=alert) for alarm, alert in after.items() if alarm not in before]
    ended = [
        News(alert=alert, has_ended=True, lasted_s=max(0.0, now_s - alert.since_s))
        for alarm, alert in before.items()
        if alarm not in after
    ]
    return (*begun, *ended)
