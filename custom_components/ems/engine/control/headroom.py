"""What a circuit still leaves, as people ask for it: ampere by phase, and power where that is limited too."""

from collections.abc import Mapping
from dataclasses import dataclass

from .battery import BatterySpec
from .charger import active_terminals, counted_a, house_phases
from .circuit import Circuit
from .rows import KW_PER_A
from .setup import Setup
from .snapshot import MeterWord, Snapshot


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """The room of one circuit. Below 0 it is exceeded.

    Attributes
    ----------
    phases : By phase; None where nobody knows what flows there. [A]
    power_kw : Under the limit on power; None where there is none, or what flows is unknown. [kW]
    """

    phases: Mapping[int, float | None]
    power_kw: float | None = None

    @property
    def least_a(self) -> float | None:
        """Return the room of the tightest phase; None while one of them is unknown. [A]."""
        known = [room_a for room_a in self.phases.values() if room_a is not None]
        return min(known) if known and len(known) == len(self.phases) else None

    @property
    def tightest_a(self) -> float | None:
        """Return the same with the limit on power, as if it were spread evenly. [A]."""
        least_a = self.least_a
        if least_a is None or self.power_kw is None:
            return least_a
        return min(least_a, self.power_kw / KW_PER_A / len(self.phases))


def headroom(setup: Setup, snapshot: Snapshot, circuit: Circuit, *, is_believed: bool) -> Headroom:
    """Return what a circuit leaves in a snapshot.

    is_believed : Whether its meter's word counts; one without a meter needs none.
    """
    if not circuit.is_metered:
        drawn = _drawn_a(setup, snapshot, circuit)
        return Headroom(phases={p: circuit.limit_a - circuit.allowance_a - amps for p, amps in drawn.items()})
    word = snapshot.meters.get(circuit.key)
    if word is None or not is_believed:
        return Headroom(phases=dict.fromkeys(circuit.phases))
    flows = {phase: word.flows.get(phase) for phase in circuit.phases}
    phases = {phase: flow.room_a(circuit.limit_a) if flow else None for phase, flow in flows.items()}
    return Headroom(phases=phases, power_kw=_power_kw(circuit, word))


def net_kw(circuit: Circuit, word: MeterWord) -> float | None:
    """Return what flows into a circuit over all phases; None while one of them is unknown. [kW]."""
    flows = [word.flows.get(phase) for phase in circuit.phases]
    return sum(flow.active_a for flow in flows if flow) * KW_PER_A if all(flows) else None


def _power_kw(circuit: Circuit, word: MeterWord) -> float | None:
    flows_kw = net_kw(circuit, word)
    return None if circuit.limit_kw is None or flows_kw is None else circuit.limit_kw - flows_kw


def _drawn_a(setup: Setup, snapshot: Snapshot, circuit: Circuit) -> dict[int, float]:
    """Return what is known to be drawn below a circuit that nobody measures: cars, and batteries that charge. [A]."""
    drawn = dict.fromkeys(circuit.phases, 0.0)
    for spec in setup.chargers:
        seen = snapshot.chargers.get(spec.key)
        if seen is not None and circuit.key in setup.tree.path(spec.circuit):
            on = house_phases(spec, active_terminals(spec, seen.now)) or circuit.phases
            _add(drawn, on, counted_a(seen.now, seen.now.offered_a or 0.0))
    for battery in setup.batteries:
        if circuit.key in setup.tree.path(battery.circuit):
            _add(drawn, battery.on or circuit.phases, _charging_a(battery, snapshot))
    return drawn


def _charging_a(spec: BatterySpec, snapshot: Snapshot) -> float:
    seen = snapshot.batteries.get(spec.key)
    power_kw = (seen.now.power_kw if seen else None) or 0.0
    return max(0.0, -power_kw) / KW_PER_A / (len(spec.on) or 3)


def _add(drawn: dict[int, float], on: tuple[int, ...], amps: float) -> None:
    for phase in on:
        if phase in drawn:
            drawn[phase] += amps
