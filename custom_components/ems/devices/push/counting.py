"""From the energies of reports to counters that never fall, and to a power where none was sent."""

from dataclasses import replace
from typing import Final

from .fields import COUNTERS, LOAD, POWER, POWER_KW, PRODUCED
from .refusal import PushRefusedError
from .report import Report
from .setup import SILENT_AFTER, EnergyKind, PushSetup
from .state import Counter, PushState

_S_PER_H: Final = 3600.0
_W_PER_KW: Final = 1000.0
# No connection that EMS is for carries more, so no interval can hold more energy than this would bring.
_POWER_MAX_KW: Final = 10_000.0
# A counter that fell below this share of what it was has begun anew; a smaller fall is noise (as Home
# Assistant judges total_increasing sensors).
_RESET_BELOW: Final = 0.9
# Two reports so much closer or further apart than agreed say nothing about the time their energies stand for.
_NEAR, _FAR = 0.5, 1.5


def count(report: Report, state: PushState, setup: PushSetup, at_s: float) -> PushState:
    """Return the state with the report's energies counted and a power derived from them. Raises PushRefusedError."""
    counters = dict(state.counters)
    taken = [name for name in COUNTERS[setup.role] if name in report.values]
    for name in taken:
        energy_kwh = report.values[name]
        if setup.energy is EnergyKind.INTERVAL:
            _check_amount(name, energy_kwh, _hours(state, setup, at_s, longest=True))
            before = counters.get(name, Counter(total_kwh=0.0))
            counters[name] = Counter(total_kwh=before.total_kwh + energy_kwh)
        else:
            counters[name] = _advanced(counters.get(name), energy_kwh)
    counted = replace(state, counters=counters)
    if not taken:
        return replace(counted, derived_w=None)
    return _derived(state, counted, setup, at_s)


def _advanced(counter: Counter | None, raw_kwh: float) -> Counter:
    """Return a counter with a new reading of the device's own."""
    if counter is None:
        return Counter(total_kwh=raw_kwh, raw_kwh=raw_kwh)
    if counter.raw_kwh is None:  # it reported intervals before: go on from what was counted
        return Counter(total_kwh=counter.total_kwh, raw_kwh=raw_kwh)
    if raw_kwh >= counter.raw_kwh:
        return Counter(total_kwh=counter.total_kwh + (raw_kwh - counter.raw_kwh), raw_kwh=raw_kwh)
    if raw_kwh < _RESET_BELOW * counter.raw_kwh:
        return Counter(total_kwh=counter.total_kwh + raw_kwh, raw_kwh=raw_kwh)
    return counter


def _derived(state: PushState, counted: PushState, setup: PushSetup, at_s: float) -> PushState:
    """Return the state with the mean power since the report before: P = Σ sign · ΔE / Δt. [W]."""
    net_kwh = sum(
        sign * counted.counters[name].total_kwh
        for name, (_, sign) in COUNTERS[setup.role].items()
        if name in counted.counters
    )
    known = set(counted.counters) == set(state.counters)
    anew = replace(counted, from_s=at_s, from_kwh=net_kwh)
    if setup.energy is EnergyKind.INTERVAL:
        net_before_kwh = state.from_kwh if state.from_s is not None else 0.0
        hours = _hours(state, setup, at_s)
        return replace(anew, derived_w=_W_PER_KW * (net_kwh - net_before_kwh) / hours)
    if state.from_s is None or not known:
        return replace(anew, derived_w=None)
    elapsed_s = at_s - state.from_s
    if elapsed_s < _NEAR * setup.interval_s:
        return counted
    if elapsed_s > SILENT_AFTER * setup.interval_s:
        return replace(anew, derived_w=None)  # the mean of a long silence is not the power now
    return replace(anew, derived_w=_W_PER_KW * (net_kwh - state.from_kwh) * _S_PER_H / elapsed_s)


def _hours(state: PushState, setup: PushSetup, at_s: float, *, longest: bool = False) -> float:
    """Return how long the energies of a report stand for: since the last one, as far as that is believable. [h]."""
    elapsed_s = setup.interval_s if state.from_s is None else at_s - state.from_s
    if longest:
        return max(elapsed_s, setup.interval_s) / _S_PER_H
    is_near = _NEAR * setup.interval_s <= elapsed_s <= _FAR * setup.interval_s
    return (elapsed_s if is_near else setup.interval_s) / _S_PER_H


def _check_amount(name: str, energy_kwh: float, hours: float) -> None:
    if energy_kwh > (most_kwh := _POWER_MAX_KW * hours):
        raise PushRefusedError(
            f"{name} is more than {_POWER_MAX_KW:g} kW can bring in the time since the last report",
            field=name,
            remedy=f"At most {most_kwh:g} kWh per report. A counter's reading has to be set up as cumulative.",
        )


def power_w(report: Report, counted: PushState, setup: PushSetup) -> float | None:
    """Return the power in our sign: what was sent, else the load, else what the energies make. [W].

    A load tells of consumption only: where energy was produced, too, the balance of the energies is nearer.
    """
    values = report.values
    if POWER in values:
        return values[POWER]
    if POWER_KW in values:
        return _W_PER_KW * values[POWER_KW]
    if LOAD in values and setup.capacity_kw is not None and not _produces(report, counted, setup):
        return _W_PER_KW * setup.capacity_kw * values[LOAD] / 100
    return counted.derived_w


def _produces(report: Report, counted: PushState, setup: PushSetup) -> bool:
    """Tell whether a report's energies say that more flowed out than in, or that anything was produced."""
    if setup.energy is EnergyKind.INTERVAL:
        return report.values.get(PRODUCED, 0.0) > 0
    return counted.derived_w is not None and counted.derived_w < 0
