"""One look at how everything is wired: the sign of every circuit's meter, and the place of every charger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .battery import BatteryNow, BatterySpec
from .charger import ChargerSpec, PhaseCurrents, active_terminals, counted_a
from .flow import NOMINAL_V
from .polarity import Signs, weigh_swing
from .rotation import Place, place
from .setup import Setup
from .snapshot import ChargerSeen, ChargerState, MeterWord, Snapshot, State
from .swing import PHASES, Drawn, Watching, next_swing

if TYPE_CHECKING:
    from .decision import Decision


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What is remembered between two looks.

    signs : By circuit.
    places : By charger.
    """

    watching: Mapping[str, Watching] = field(default_factory=dict)
    signs: Mapping[str, Signs] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)

    def inverted(self, circuit: str) -> tuple[int, ...]:
        """Return the phases of a circuit whose meter counts backwards there."""
        found = self.signs.get(circuit)
        return () if found is None else found.inverted

    def found(self, charger: ChargerSpec) -> tuple[int, ...]:
        """Return a charger's rotation as it was seen, where it is another than people said."""
        known = self.places.get(charger.key, Place())
        return known.rotation(charger.phases) if known.contradicts(charger.rotation) else ()


def watch_wiring(
    wiring: Wiring,
    setup: Setup,
    snapshot: Snapshot,
    state: State,
    decisions: Mapping[str, Decision],
    meters: Mapping[str, MeterWord],
) -> Wiring:
    """Return what is known after a tick.

    state, decisions : As the tick left them.
    meters : Every circuit's meter as it reads, also those that `snapshot` leaves out because they are not believed.
    """
    watching, signs, places = {}, dict(wiring.signs), dict(wiring.places)
    for circuit in setup.tree.circuits:
        drawn = drawn_below(circuit.key, setup, snapshot, state, decisions)
        before = wiring.watching.get(circuit.key, Watching())
        watching[circuit.key], swing = next_swing(before, meters.get(circuit.key), drawn, snapshot.now_s)
        if swing is None:
            continue
        signs[circuit.key] = weigh_swing(signs.get(circuit.key, Signs()), swing)
        for key in _placed_by(circuit.key, setup, meters):
            places[key] = place(places.get(key, Place()), key, swing)
    return Wiring(watching=watching, signs=signs, places=places)


def drawn_below(
    circuit: str, setup: Setup, snapshot: Snapshot, state: State, decisions: Mapping[str, Decision]
) -> Mapping[str, Drawn] | None:
    """Return what our devices below a circuit draw; None where one of them does not say."""
    found: dict[str, Drawn] = {}
    for spec in setup.chargers:
        seen = snapshot.chargers.get(spec.key)
        if circuit not in setup.tree.path(spec.circuit) or seen is None:
            continue
        if not seen.now.is_reachable:
            return None
        amps = _by_terminal(spec, seen, state.chargers.get(spec.key, ChargerState()))
        found[spec.key] = Drawn(amps=amps, on=spec.rotation, told=_told(decisions.get(spec.key)))
    for battery in setup.batteries:
        known = snapshot.batteries.get(battery.key)
        if circuit not in setup.tree.path(battery.circuit) or known is None:
            continue
        drawn = _of_battery(battery, known.now)
        if drawn is None:
            return None
        found[battery.key] = Drawn(
            amps=drawn, on=battery.on or PHASES, told=_told(decisions.get(battery.key))
        )
    return found


def _by_terminal(spec: ChargerSpec, seen: ChargerSeen, state: ChargerState) -> PhaseCurrents:
    if seen.now.drawn_a is not None:
        return seen.now.drawn_a
    amps, on = counted_a(seen.now, state.offer.amps), active_terminals(spec, seen.now)
    return tuple(amps if i in on else 0.0 for i in range(3))  # type: ignore[return-value]


def _of_battery(spec: BatterySpec, now: BatteryNow) -> PhaseCurrents | None:
    if now.power_kw is None:
        return None
    on = spec.on or PHASES
    amps = -now.power_kw * 1000 / NOMINAL_V / len(on)
    return tuple(amps if i < len(on) else 0.0 for i in range(3))  # type: ignore[return-value]


def _told(decision: Decision | None) -> tuple[str, float | None, float | None, int | None] | None:
    if decision is None:
        return None
    return decision.mode, decision.power_kw, decision.current_a, decision.phases


def _placed_by(circuit: str, setup: Setup, meters: Mapping[str, MeterWord]) -> list[str]:
    """Return the chargers for which this is the nearest circuit with a meter that measures every phase."""
    return [spec.key for spec in setup.chargers if _nearest(spec, setup, meters) == circuit]


def _nearest(spec: ChargerSpec, setup: Setup, meters: Mapping[str, MeterWord]) -> str | None:
    def measures(key: str) -> bool:
        word = meters.get(key)
        return word is not None and all(word.flows.get(phase) is not None for phase in PHASES)

    return next((key for key in setup.tree.path(spec.circuit) if measures(key)), None)
