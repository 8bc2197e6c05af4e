"""A car that sleeps: it is offered enough, and takes nothing. A short pause wakes many of them; twice is enough.

Cars that were plugged in long before their current came fall asleep, and some miss the beginning of the offer. A pause
takes the offer away and brings it back, as a hand does that pulls the plug and puts it in again. A car that is full
takes nothing either: so there are few tries, and then it is left in peace until it goes.
"""

from dataclasses import dataclass, replace
from typing import Final

from .timer import elapsed_s


@dataclass(frozen=True, kw_only=True)
class WakeRules:
    """How patiently a car is woken.

    Attributes
    ----------
    after_s : So long it may take nothing. [s]
    pause_s : How long nothing is offered. [s]
    between_s : From one try to the next. [s]
    most_tries : In one stay at the charger.
    """

    after_s: float = 60.0
    pause_s: float = 10.0
    between_s: float = 300.0
    most_tries: int = 2


RULES: Final = WakeRules()


@dataclass(frozen=True, kw_only=True)
class WakeState:
    """What is remembered of a stay.

    since_s : Since when the car has been offered enough and taken nothing; None while it does not. [s]
    tried_at_s : When the last try began. [s]
    must_pause : Whether nothing may be offered just now.
    sleeps : Whether all tries were in vain.
    """

    since_s: float | None = None
    tried_at_s: float | None = None
    tries: int = 0
    must_pause: bool = False
    sleeps: bool = False


AWAKE: Final = WakeState()


def wake(
    state: WakeState,
    *,
    is_there: bool,
    is_offered: bool,
    takes: bool | None,
    now_s: float,
    rules: WakeRules = RULES,
) -> WakeState:
    """Return the state after a look.

    is_there : Whether a car is plugged in; without one the stay is over.
    is_offered : Whether it is wanted that it charges, and it was offered as much as it needs to begin.
    takes : Whether current flows; None where nobody measures it: then nothing is tried.
    """
    if not is_there or takes:
        # One that charges is awake, but its tries stay spent: a car that is full wants topping up for ever.
        return replace(state, since_s=None, must_pause=False, sleeps=False) if is_there else AWAKE
    if state.must_pause:
        over = elapsed_s(state.tried_at_s, now_s) >= rules.pause_s
        return replace(state, must_pause=False, since_s=None) if over or _is_back(state, now_s) else state
    if takes is None or not is_offered:
        return replace(state, since_s=None)
    since_s = now_s if state.since_s is None or state.since_s > now_s else state.since_s
    state = replace(state, since_s=since_s)
    if now_s - since_s < rules.after_s:
        return state
    if state.tries >= rules.most_tries:
        return replace(state, sleeps=True)
    if elapsed_s(state.tried_at_s, now_s) < rules.between_s:
        return state
    return replace(state, tries=state.tries + 1, tried_at_s=now_s, must_pause=True, since_s=None)


def _is_back(state: WakeState, now_s: float) -> bool:
    """Tell whether the clock was set back during a pause: it must not last until it has caught up."""
    return state.tried_at_s is not None and state.tried_at_s > now_s
