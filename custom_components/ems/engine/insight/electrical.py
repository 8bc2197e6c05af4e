"""Electrical health of a meter: voltage, balance of the phases, frequency, power factor, and whether it answers.

A pure function of a sample and a clock: `step(state, sample, limits, now_s) → state, verdict, changes`. Every judgement
has hysteresis and a dwell (`thresholds`), what is not known is unknown and never normal, and a clock that is set back
stands still meanwhile instead of undoing what has lasted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from .electrical_limits import ElectricalLimits
from .electrical_verdict import Change, Condition, Finding, Sample, Subject, Verdict
from .phase_voltage import GRAVITY, LEVELS, PhaseVoltage, phase_step
from .thresholds import Scale, Watch, watch_step
from .unbalance import current_spread_a, voltage_unbalance_pct

_UNSEEN: Final = Watch()


@dataclass(frozen=True, kw_only=True)
class _Told:
    condition: Condition
    since_s: float


@dataclass(frozen=True, kw_only=True)
class ElectricalState:
    """What has to be remembered from sample to sample; begins empty.

    Attributes
    ----------
    at_s : The clock at the last step. [s since epoch] None before the first.
    lived_s : Time that has gone by, on a clock of its own that never runs backwards. [s]
    """

    at_s: float | None = None
    lived_s: float = 0.0
    phases: tuple[PhaseVoltage, ...] = ()
    watches: Mapping[Subject, Watch] = field(default_factory=lambda: MappingProxyType({}))
    told: Mapping[Subject, _Told] = field(default_factory=lambda: MappingProxyType({}))


def step(
    state: ElectricalState, sample: Sample, limits: ElectricalLimits, now_s: float
) -> tuple[ElectricalState, Verdict, tuple[Change, ...]]:
    """Return what is remembered, what is known and what is news after one more sample.

    Parameters
    ----------
    now_s : The clock. [s since epoch] Set back, no time has gone by; set forward, what is under way has lasted.
    """
    lived_s = state.lived_s + (max(0.0, now_s - state.at_s) if state.at_s is not None else 0.0)
    phases = _phases(state, sample, limits, lived_s)
    values, scales = _values(sample, phases, limits), _scales(limits)
    watches = {
        subject: watch_step(
            state.watches.get(subject, _UNSEEN),
            scale,
            values[subject],
            clock_s=lived_s,
            patience_s=limits.unknown_after_s,
        )
        for subject, scale in scales.items()
    }
    found = {Subject.VOLTAGE: _voltage(phases, sample, limits)} | {
        subject: _finding(subject, watches[subject], scale, values[subject])
        for subject, scale in scales.items()
    }
    told, changes = _news(state.told, found, lived_s, now_s)
    verdict = Verdict(
        findings={
            subject: finding and replace(finding, since_s=now_s - (lived_s - told[subject].since_s))
            for subject, finding in found.items()
        },
        phases=tuple(phase.condition(limits.voltage) if phase.is_wired else None for phase in phases),
        voltage_unbalance_pct=values[Subject.VOLTAGE_IMBALANCE],
        current_spread_a=values[Subject.CURRENT_IMBALANCE],
    )
    after = ElectricalState(at_s=now_s, lived_s=lived_s, phases=phases, watches=watches, told=told)
    return after, verdict, changes


def _values(
    sample: Sample, phases: Sequence[PhaseVoltage], limits: ElectricalLimits
) -> dict[Subject, float | None]:
    """Return what is put on the scales."""
    return {
        Subject.FREQUENCY: sample.frequency_hz,
        Subject.VOLTAGE_IMBALANCE: voltage_unbalance_pct(_wired(sample.voltage_v, phases)),
        Subject.CURRENT_IMBALANCE: current_spread_a(_wired(sample.current_a, phases)),
        Subject.POWER_FACTOR: _judged_power_factor(sample, limits),
        Subject.CONNECTION: 0.0 if sample.is_fresh else 1.0,
    }


def _scales(limits: ElectricalLimits) -> dict[Subject, Scale]:
    return {
        Subject.FREQUENCY: limits.frequency,
        Subject.VOLTAGE_IMBALANCE: limits.unbalance,
        Subject.CURRENT_IMBALANCE: limits.spread,
        Subject.POWER_FACTOR: limits.power_factor,
        Subject.CONNECTION: limits.offline,
    }


def _phases(
    state: ElectricalState, sample: Sample, limits: ElectricalLimits, clock_s: float
) -> tuple[PhaseVoltage, ...]:
    before = state.phases or (PhaseVoltage(is_wired=limits.expects_all_phases),) * len(sample.voltage_v)
    return tuple(
        phase_step(phase, voltage, limits, clock_s)
        for phase, voltage in zip(before, sample.voltage_v, strict=True)
    )


def _wired(values: tuple[float | None, ...], phases: Sequence[PhaseVoltage]) -> list[float | None]:
    """Return the values of the phases that are wired; of all, where the meter tells no voltages."""
    if len(values) != len(phases):
        return list(values)
    return [value for value, phase in zip(values, phases, strict=True) if phase.is_wired]


def _judged_power_factor(sample: Sample, limits: ElectricalLimits) -> float | None:
    """Return the magnitude to be judged: 1 where so little flows that it says nothing."""
    if sample.power_factor is None or sample.power_w is None:
        return None
    return abs(sample.power_factor) if abs(sample.power_w) >= limits.power_min_w else 1.0


def _voltage(phases: Sequence[PhaseVoltage], sample: Sample, limits: ElectricalLimits) -> Finding | None:
    """Return the worst phase; unknown where nothing is wrong on the known ones and one is not known."""
    scale = limits.voltage
    conditions = [(i, phase.condition(scale)) for i, phase in enumerate(phases) if phase.is_wired]
    known = [(i, condition) for i, condition in conditions if condition is not None]
    if not known:
        return None
    i, worst = max(known, key=lambda each: (GRAVITY[each[1]], -each[0]))
    if worst is Condition.NORMAL:
        return Finding(condition=worst) if len(known) == len(conditions) else None
    level = phases[i].level.level(scale) or 0
    threshold = limits.swing_v if worst is Condition.FLUCTUATING else scale.threshold(level)
    return Finding(condition=worst, phase=i + 1, value=sample.voltage_v[i], threshold=threshold)


_BEYOND: Final = {
    Subject.VOLTAGE_IMBALANCE: Condition.OVER,
    Subject.CURRENT_IMBALANCE: Condition.OVER,
    Subject.POWER_FACTOR: Condition.LOW,
    Subject.CONNECTION: Condition.OFFLINE,
}


def _finding(subject: Subject, watch: Watch, scale: Scale, value: float | None) -> Finding | None:
    level = watch.level(scale)
    if level is None:
        return None
    beyond = _BEYOND.get(subject, LEVELS[level])
    condition = beyond if level else Condition.NORMAL
    if subject is Subject.CONNECTION:
        return Finding(condition=condition)
    return Finding(condition=condition, value=value, threshold=scale.threshold(level))


def _news(
    told: Mapping[Subject, _Told], found: Mapping[Subject, Finding | None], clock_s: float, now_s: float
) -> tuple[dict[Subject, _Told], tuple[Change, ...]]:
    """Return what is told now and what of it is news. That all is well at the beginning is none."""
    after, changes = dict(told), []
    for subject, finding in found.items():
        before = told.get(subject)
        if finding is None or (before is not None and before.condition is finding.condition):
            continue
        after[subject] = _Told(condition=finding.condition, since_s=clock_s)
        if before is None and finding.condition is Condition.NORMAL:
            continue
        changes.append(
            Change(
                subject=subject,
                finding=replace(finding, since_s=now_s),
                before=before.condition if before else None,
                lasted_s=clock_s - before.since_s if before else None,
            )
        )
    return after, tuple(changes)
