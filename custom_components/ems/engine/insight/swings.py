"""How often a value swings up and down."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Swings:
    """A value's turns within a window.

    A swing is a move of at least some size in one direction; the next one counts from its far end. So noise below the
    size is no swing, however often it turns, and a slow drift is one at most.

    Attributes
    ----------
    low, high : Ends of the running move; None while the value is unknown.
    is_rising : Its direction; None as long as it is smaller than a swing.
    ended_s : When the swings within the window were seen. [s]
    """

    low: float | None = None
    high: float | None = None
    is_rising: bool | None = None
    ended_s: tuple[float, ...] = ()


def swings_step(
    swings: Swings, value: float | None, *, size: float, window_s: float, clock_s: float
) -> Swings:
    """Return the swings after one more sample. What went on in a silence is unknown: the next move begins after it."""
    ended_s = tuple(at_s for at_s in swings.ended_s if at_s > clock_s - window_s)
    if value is None or swings.low is None or swings.high is None:
        return Swings(low=value, high=value, ended_s=ended_s)
    low, high = min(swings.low, value), max(swings.high, value)
    if swings.is_rising is not True and value - low >= size:
        return Swings(low=value, high=value, is_rising=True, ended_s=(*ended_s, clock_s))
    if swings.is_rising is not False and high - value >= size:
        return Swings(low=value, high=value, is_rising=False, ended_s=(*ended_s, clock_s))
    return Swings(low=low, high=high, is_rising=swings.is_rising, ended_s=ended_s)
