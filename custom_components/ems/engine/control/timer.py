"""How long something has been true. Clocks may jump; a timer then starts anew rather than run out at once."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A yes or no that follows a condition only when it has held for a while.

    since_s : From when the condition has contradicted it; None while it agrees. [s]
    """

    is_on: bool = False
    since_s: float | None = None


OFF: Final = Switch()


def follow(switch: Switch, wanted: bool, now_s: float, *, on_after_s: float, off_after_s: float) -> Switch:
    """Return the switch after a look at its condition."""
    if wanted is switch.is_on:
        return replace(switch, since_s=None)
    since_s = switch.since_s
    if since_s is None or since_s > now_s:
        since_s = now_s
    if now_s - since_s >= (on_after_s if wanted else off_after_s):
        return Switch(is_on=wanted)
    return replace(switch, since_s=since_s)


def elapsed_s(since_s: float | None, now_s: float) -> float:
    """Return the time since an instant; for ever where there is none, nothing where the clock was set back. [s]."""
    return float("inf") if since_s is None else max(0.0, now_s - since_s)
