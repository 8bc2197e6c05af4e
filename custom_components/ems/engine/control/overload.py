"""For how long a circuit has been above its limit today.

    T = Σ (t[k+1] - t[k])     over the meter's words k that were above it

A word holds until the next one. One that nobody followed up within a quarter of a minute says nothing of what came
after it.
"""

from dataclasses import dataclass
from typing import Final

# Meters and cars round: a limit that is used to the full is not exceeded. [A]
OVER_A: Final = 0.5
# The usual patience with a silent meter. [s]
HOLDS_S: Final = 15.0


@dataclass(frozen=True, kw_only=True)
class Overload:
    """What is known of a circuit's day.

    Attributes
    ----------
    day : Local date that is counted.
    seconds : Above the limit in it. [s]
    most_a : How far above it at the worst in it; None: never. [A]
    at_s : When the meter's last word came; None: it said nothing yet. [s since epoch]
    is_over : Whether that was above the limit.
    """

    day: str = ""
    seconds: float = 0.0
    most_a: float | None = None
    at_s: float | None = None
    is_over: bool = False


def after_word(before: Overload, room_a: float | None, at_s: float | None, day: str) -> Overload:
    """Return what is known after a word of the circuit's meter.

    room_a : What the tightest limit leaves; less than 0: by how much it is exceeded. None: nobody knows. [A]
    at_s : When the meter said so; None: it said nothing yet. [s since epoch]
    """
    if day != before.day:
        before = Overload(day=day, at_s=before.at_s, is_over=before.is_over)
    if at_s is None or room_a is None:
        return Overload(day=day, seconds=before.seconds, most_a=before.most_a)
    lasted_s = 0.0 if before.at_s is None else min(max(0.0, at_s - before.at_s), HOLDS_S)
    is_over = room_a < -OVER_A
    return Overload(
        day=day,
        seconds=before.seconds + (lasted_s if before.is_over else 0.0),
        most_a=max(before.most_a or 0.0, -room_a) if is_over else before.most_a,
        at_s=at_s,
        is_over=is_over,
    )
