"""Watches, with every tick of the guard, whether meters count the right way and chargers hang where people said."""

from collections.abc import Iterator, Mapping

from homeassistant.core import HomeAssistant, callback

from .engine.control.circuit import Circuit
from .engine.control.decision import Decided
from .engine.control.polarity import Polarity
from .engine.control.setup import Setup
from .engine.control.snapshot import MeterWord, Snapshot
from .engine.control.wiring import Wiring, watch_wiring
from .runtime import EmsConfigEntry
from .watch_issues import Trouble, WatchIssues


class WiringWatch:
    """How one home is wired, as far as it was seen. A reload begins anew: what was wrong may be mended."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry) -> None:
        """Nothing was seen yet."""
        self._issues = WatchIssues(hass, entry)
        self._entry_id = entry.entry_id
        self.wiring = Wiring()

    def is_inverted(self, circuit: str) -> bool:
        """Tell whether a circuit's meter, or a phase of it, counts backwards: then its word is none."""
        return bool(self.wiring.inverted(circuit))

    @callback
    def async_look(
        self,
        setup: Setup,
        snapshot: Snapshot,
        decided: Decided,
        meters: Mapping[str, MeterWord],
        names: Mapping[str, str],
    ) -> None:
        """Learn from a tick.

        meters : Every circuit's meter as it reads, the inverted ones too: they are left out of `snapshot` only.
        names : By circuit, the name of its meter.
        """
        self.wiring = watch_wiring(self.wiring, setup, snapshot, decided.state, decided.decisions, meters)
        self._issues.async_tell(dict(self._troubles(setup, names)))

    def _troubles(self, setup: Setup, names: Mapping[str, str]) -> Iterator[tuple[str, Trouble]]:
        for circuit in setup.tree.circuits:
            if phases := self.wiring.inverted(circuit.key):
                yield f"inverted_{self._entry_id}_{circuit.key}", self._inverted(circuit, phases, names)
        for charger in setup.chargers:
            if found := self.wiring.found(charger):
                told = {
                    "device": charger.name,
                    "said": f"L{charger.rotation[0]}",
                    "found": f"L{found[0]}",
                    "rotation": _phases(found),
                }
                yield f"rotation_{charger.key}", Trouble(key="rotation_wrong", placeholders=told)

    def _inverted(self, circuit: Circuit, phases: tuple[int, ...], names: Mapping[str, str]) -> Trouble:
        told = {"meter": names.get(circuit.key, circuit.name)}
        if self.wiring.signs[circuit.key].whole.verdict is Polarity.INVERTED:
            return Trouble(key="meter_inverted", placeholders=told)
        return Trouble(key="meter_phase_inverted", placeholders={**told, "phases": _phases(phases)})


def _phases(phases: tuple[int, ...]) -> str:
    return ", ".join(f"L{phase}" for phase in phases)
