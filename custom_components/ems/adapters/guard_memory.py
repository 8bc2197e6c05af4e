"""What the guard must not forget over a restart: how often a charger has changed its phases today, and when last.

And what it takes for remembered where it told nothing: what it finds.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..engine.control.charger import ACTIVE_A, ChargerNow, ChargerSpec, counted_a, drawn_most_a
from ..engine.control.phase_switch import PhaseState, Stage
from ..engine.control.snapshot import ChargerState, State
from ..engine.control.timer import Switch
from ..engine.control.wake_up import AWAKE
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


def as_found(spec: ChargerSpec, now: ChargerNow, state: ChargerState) -> ChargerState:
    """Return what counts for remembered of a charger at the first look of a run.

    A car that charges goes on: it has what it draws, and as long to wait for a plan as for a cloud to pass. Each stop
    wears contactors, and some cars do not begin again.
    """
    drawn_a = counted_a(now, now.offered_a or spec.current_min_a)
    if drawn_a < ACTIVE_A:
        return state
    return replace(_with_phases(spec, now, as_drawn(state, drawn_a)), sun=Switch(is_on=True))


def untold(spec: ChargerSpec, now: ChargerNow, state: ChargerState) -> ChargerState:
    """Return what counts for remembered in advisory operation: it has what it draws, and changes no phases.

    Else the first order after switching to active would move contactors under load.
    """
    drawn_a = drawn_most_a(now) or 0.0
    return _with_phases(spec, now, state if drawn_a <= state.offer.amps else as_drawn(state, drawn_a))


def as_drawn(state: ChargerState, drawn_a: float) -> ChargerState:
    """Return a charging point's memory as if it had been told what it draws."""
    return replace(state, offer=replace(state.offer, amps=drawn_a), above_at_s=None, wake=AWAKE)


def _with_phases(spec: ChargerSpec, now: ChargerNow, state: ChargerState) -> ChargerState:
    drawing = sum(amps >= ACTIVE_A for amps in now.drawn_a or ())
    # One that draws on one may be set to three; one that draws on three is.
    found = now.phases_in_use or (spec.phases if drawing > state.phases.phases else state.phases.phases)
    return replace(
        state, phases=replace(state.phases, phases=found, stage=Stage.NONE, stage_at_s=None, target=0)
    )
