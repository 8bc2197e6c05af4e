"""What the guard must not forget over a restart: how often a charger has changed its phases today, and when last."""

from collections.abc import Mapping
from typing import Any, Final

from ..engine.control.phase_switch import PhaseState
from ..engine.control.snapshot import ChargerState, State
from ..store import SiteStore

STORE_KEY: Final = "phase_changes"


def restored(store: SiteStore) -> State:
    """Return what the last run left. Else a restart an hour would wear contactors out all day."""
    rows: Mapping[str, Mapping[str, Any]] = store.data.get(STORE_KEY, {})
    return State(chargers={key: ChargerState(phases=PhaseState(**row)) for key, row in rows.items()})


def keep(store: SiteStore, state: State) -> None:
    """Write down what changed since."""
    rows = {key: _row(each.phases) for key, each in state.chargers.items() if each.phases.changes}
    if rows != store.data.get(STORE_KEY, {}):
        store.put(STORE_KEY, rows)


def _row(phases: PhaseState) -> dict[str, Any]:
    return {
        "phases": phases.phases,
        "day": phases.day,
        "changes": phases.changes,
        "changed_at_s": phases.changed_at_s,
    }
