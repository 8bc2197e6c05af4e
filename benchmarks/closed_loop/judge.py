"""How long each phase of the connection was above its limit, whose fault it was, and how long that may take."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from benchmarks.closed_loop.ems import FUSE_A
from benchmarks.closed_loop.mishaps import Event, Mishap
from custom_components.ems.demo import Fault
from custom_components.ems.demo.home import Home
from custom_components.ems.demo.mains import apparent_va

# What a meter of this class cannot tell from the limit. [A]
RESOLUTION_A: Final = 0.2
# Two polls of the meter, and the five seconds that IEC 61851-1 gives a car.
REACTION_S: Final = 2 * 2 + 5
# What knowing takes in the worst case, beside the reaction. [s]
_STALE_S, _FROZEN_S, _LEASE_S, _LOOK_S, _POLL_S = 15, 60, 60, 5, 5
_DISOBEYS_S = 5 + 3  # a charger's own reaction, and reading it
_BATTERY_S = 15  # the same of a battery, which is told every 5 s at most
BOUND_S: Final[Mapping[Mishap | None, int]] = MappingProxyType(
    {
        None: REACTION_S,
        Mishap.METER_SILENT: _STALE_S + _LOOK_S + REACTION_S,
        Mishap.METER_FROZEN: _FROZEN_S + _LOOK_S + REACTION_S,
        Mishap.CHARGER_SILENT: _LEASE_S + REACTION_S,
        Mishap.CHARGER_IGNORES: _DISOBEYS_S + _POLL_S + REACTION_S,
        Mishap.CHARGER_REBOOTS: _DISOBEYS_S + _POLL_S + REACTION_S,
        Mishap.BATTERY_IGNORES: _BATTERY_S + _POLL_S + REACTION_S,
        Mishap.BATTERY_SILENT: REACTION_S,
        Mishap.CLOCK_JUMPS: 3 * 2 + REACTION_S,
        Mishap.EMS_KILLED: _LEASE_S + REACTION_S,
        Mishap.PLAN_MISSING: REACTION_S,
    }
)
# After its end a mishap is no excuse any more: three words of a meter, then a reaction.
RECOVERY_S: Final = 3 * 2 + REACTION_S
_BLIND: Final = frozenset({Mishap.METER_SILENT, Mishap.METER_FROZEN, Mishap.EMS_KILLED})
_DEAF: Final = frozenset({Fault.SILENT, Fault.IGNORES, Fault.REBOOTS})
_PHASES: Final = (0, 1, 2)


@dataclass(kw_only=True)
class Run:
    """One time above the limit. seconds : That somebody could have helped."""

    phase: int
    starts_s: float
    kind: Mishap | None
    seconds: int = 0
    nobody_s: int = 0  # the family alone was above it, or with the safe currents while nobody could know
    most_a: float = 0.0

    @property
    def beyond_s(self) -> int:
        """Return what it lasted longer than it may."""
        return max(0, self.seconds - BOUND_S[self.kind])


@dataclass
class Judge:
    """Looks at every second. safe_a : What boxes fall back to, by phase of the house."""

    home: Home
    safe_a: Sequence[float]
    runs: list[Run] = field(default_factory=list)
    _running: dict[int, Run] = field(default_factory=dict)

    def second(self, event: Event | None) -> None:
        """Judge a second. event : The mishap that is on, or just over."""
        seen, limit_a = self.home.snapshot, FUSE_A + RESOLUTION_A
        for phase in _PHASES:
            volts = seen.voltage_v[phase]
            amps = apparent_va(seen.grid_w[phase], seen.reactive_var[phase]) / volts
            if amps <= limit_a:
                self._running.pop(phase, None)
                continue
            run = self._running.get(phase)
            if run is None:
                run = Run(phase=phase, starts_s=seen.at_s, kind=event.kind if event else None)
                self._running[phase] = run
                self.runs.append(run)
            elif event is not None and run.kind is None:
                run.kind = event.kind
            run.most_a = max(run.most_a, amps)
            if self._nobody_could(phase, event):
                run.nobody_s += 1
            else:
                run.seconds += 1

    def _nobody_could(self, phase: int, event: Event | None) -> bool:
        """Tell whether a phase is too much without all that can be told anything just now."""
        seen, home = self.home.snapshot, self.home
        rest_w = seen.grid_w[phase] - sum(
            point.charger.terminal_w[terminal]
            for point in home.points
            for terminal, at in enumerate(point.spec.box.rotation)
            if at == phase and not self._is_deaf(point.spec.key)
        )
        if not self._is_deaf("inverter"):
            rest_w += min(0.0, seen.flows.battery_w) / 3
        if event is not None and event.kind in _BLIND:
            rest_w += self.safe_a[phase] * seen.voltage_v[phase]
        volts = seen.voltage_v[phase]
        return apparent_va(rest_w, seen.reactive_var[phase]) / volts > FUSE_A and rest_w > 0

    def _is_deaf(self, device: str) -> bool:
        fault = self.home.faults.get(device)
        return fault is not None and fault.kind in _DEAF


@dataclass(frozen=True, kw_only=True)
class Worst:
    """What a mishap came to. runs : Times above the limit; worst_s : the longest that could have been helped."""

    times: int
    runs: int
    worst_s: int
    bound_s: int
    most_a: float
    nobody_s: int
    beyond_s: int


def worst_by_kind(runs: Sequence[Run], happened: Sequence[Event]) -> dict[Mishap | None, Worst]:
    """Return, by mishap, the worst there was."""
    found: dict[Mishap | None, list[Run]] = defaultdict(list)
    for run in runs:
        found[run.kind].append(run)
    times = Counter(event.kind for event in happened)
    return {
        kind: Worst(
            times=times[kind] if kind else 0,
            runs=len(found[kind]),
            worst_s=max((run.seconds for run in found[kind]), default=0),
            bound_s=bound_s,
            most_a=max((run.most_a for run in found[kind]), default=0.0),
            nobody_s=sum(run.nobody_s for run in found[kind]),
            beyond_s=sum(run.beyond_s for run in found[kind]),
        )
        for kind, bound_s in BOUND_S.items()
    }
