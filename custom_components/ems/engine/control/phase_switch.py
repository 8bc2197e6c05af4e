"""One phase or three: when a charger changes, and the pause it takes to do so safely.

Each change costs a pause, a relay's life and some cars' patience. So it needs a reason that lasts, a gain that is
worth it, time since the last one, and there are only so many a day.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .charger import ACTIVE_A
from .timer import OFF, Switch, elapsed_s, follow


class Stage(StrEnum):
    """Where a change is."""

    NONE = "none"
    PAUSING = "pausing"  # 0 A, until nothing flows
    SWITCHING = "switching"  # the charger was told, and moves its contactors
    SETTLING = "settling"  # it charges again, at its smallest current


@dataclass(frozen=True, kw_only=True)
class SwitchRules:
    """When a change is allowed, and how long it takes.

    Attributes
    ----------
    up_after_s, down_after_s : How long there has to be a reason. [s]
    least_between_s : Between two changes. [s]
    most_per_day : Changes between two local midnights.
    least_gain_kw : What a change has to bring. [kW]
    pause_s : At most this long for the car to stop, and as long for contactors. [s]
    settle_s : Before anything else is changed. [s]
    """

    up_after_s: float = 60.0
    down_after_s: float = 180.0
    least_between_s: float = 300.0
    most_per_day: int = 10
    least_gain_kw: float = 0.5
    pause_s: float = 10.0
    settle_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class PhaseState:
    """What is remembered of a charger's phases.

    Attributes
    ----------
    phases : On how many it is set to charge; while it changes, the number before until contactors move.
    stage_at_s, changed_at_s : When the stage began, and when it last changed. [s]
    day, changes : The local day, and how many changes it has seen.
    reason : Whether there is a lasting reason to be on the other number.
    target : The number it is changing to; 0 where it is not.
    """

    phases: int = 3
    stage: Stage = Stage.NONE
    stage_at_s: float | None = None
    changed_at_s: float | None = None
    day: str = ""
    changes: int = 0
    reason: Switch = OFF
    target: int = 0

    @property
    def must_pause(self) -> bool:
        """Tell whether nothing may be offered just now."""
        return self.stage in (Stage.PAUSING, Stage.SWITCHING)


@dataclass(frozen=True, kw_only=True)
class PhaseWish:
    """What would be better.

    phases : On how many it would charge best now.
    gain_kw : What it would charge more than as it is.
    at_once : A person or a plan says so: no waiting for the weather to last.
    """

    phases: int
    gain_kw: float
    at_once: bool = False


IDLE: Final = PhaseWish(phases=0, gain_kw=0.0)


def next_phases(
    state: PhaseState,
    wish: PhaseWish,
    drawn_a: float | None,
    now_s: float,
    day: str,
    rules: SwitchRules,
) -> PhaseState:
    """Return the state after a look: one stage further, or a change begun.

    drawn_a : What flows on the phase that carries most; None where nobody measures it. [A]
    day : The local date; with another one the count begins anew.
    """
    if day != state.day:
        state = replace(state, day=day, changes=0)
    if state.stage is not Stage.NONE:
        return _further(state, drawn_a, now_s, rules)
    wants = wish.phases not in (0, state.phases) and wish.gain_kw >= rules.least_gain_kw
    delay_s = rules.up_after_s if wish.phases > state.phases else rules.down_after_s
    reason = follow(state.reason, wants, now_s, on_after_s=0.0 if wish.at_once else delay_s, off_after_s=0.0)
    state = replace(state, reason=reason)
    if not (reason.is_on and _may_change(state, now_s, rules)):
        return state
    return replace(state, target=wish.phases, stage=Stage.PAUSING, stage_at_s=now_s, reason=OFF)


def _may_change(state: PhaseState, now_s: float, rules: SwitchRules) -> bool:
    is_rested = elapsed_s(state.changed_at_s, now_s) >= rules.least_between_s
    return is_rested and state.changes < rules.most_per_day


def _further(state: PhaseState, drawn_a: float | None, now_s: float, rules: SwitchRules) -> PhaseState:
    """Go to the next stage when the present one is over.

    Contactors are only moved with nothing flowing: a car that does not stop keeps its phases.
    """
    waited_s = elapsed_s(state.stage_at_s, now_s)
    match state.stage:
        case Stage.PAUSING if drawn_a is None and waited_s < rules.pause_s:
            return state
        case Stage.PAUSING if drawn_a is None or drawn_a < ACTIVE_A:
            return _switching(state, now_s)
        case Stage.PAUSING if waited_s >= rules.settle_s:
            return replace(state, stage=Stage.NONE, stage_at_s=None, target=0, changed_at_s=now_s)
        case Stage.SWITCHING if waited_s >= rules.pause_s:
            return replace(state, stage=Stage.SETTLING, stage_at_s=now_s)
        case Stage.SETTLING if waited_s >= rules.settle_s:
            return replace(state, stage=Stage.NONE, stage_at_s=None)
    return state


def _switching(state: PhaseState, now_s: float) -> PhaseState:
    return replace(
        state,
        phases=state.target,
        target=0,
        stage=Stage.SWITCHING,
        stage_at_s=now_s,
        changed_at_s=now_s,
        changes=state.changes + 1,
    )
