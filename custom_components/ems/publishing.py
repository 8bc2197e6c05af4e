"""When a measured value is worth a new state. Control reads every poll; the database need not.

A meter polled every two seconds would write a gigabyte a day into the recorder, most of it noise on voltages. Here a
state is written at once when it moved by more than its noise, and otherwise once a minute.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homeassistant.util import dt as dt_util

from .devices.points import Kind

# What did not move is confirmed this often, so that a chart of a calm hour has points. [s]
HEARTBEAT_S: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Noise:
    """A change up to `absolute`, or up to `share` of the value, is noise."""

    absolute: float
    share: float = 0.0

    def hides(self, before: float, after: float) -> bool:
        """Tell whether nobody would miss the change."""
        return abs(after - before) <= max(self.absolute, self.share * abs(before))


# Class 1 meters are right to 1 % of their value, voltages wander by a volt with every kettle next door.
NOISE: Final = {
    Kind.POWER: Noise(absolute=5.0, share=0.01),
    Kind.REACTIVE_POWER: Noise(absolute=20.0, share=0.02),
    Kind.APPARENT_POWER: Noise(absolute=20.0, share=0.02),
    Kind.VOLTAGE: Noise(absolute=2.0),
    Kind.CURRENT: Noise(absolute=0.1, share=0.02),
    Kind.FREQUENCY: Noise(absolute=0.05),
    Kind.POWER_FACTOR: Noise(absolute=0.05),
    Kind.TEMPERATURE: Noise(absolute=0.5),
    Kind.SHARE: Noise(absolute=0.5),
    # Counters only ever rise; a minute's worth is what the Energy dashboard can use.
    Kind.ENERGY: Noise(absolute=float("inf")),
    Kind.DURATION: Noise(absolute=float("inf")),
}


class Publisher:
    """Decides, value by value, what becomes a state."""

    def __init__(self, noise: Noise | None, clock: Callable[[], float] | None = None) -> None:
        """Begin with nothing shown; without noise every change counts."""
        self._noise, self._clock = noise, clock or (lambda: dt_util.utcnow().timestamp())
        self._shown: object = None
        self._shown_at_s = float("-inf")
        self._available: bool | None = None

    def is_worth_it(self, value: object, *, available: bool) -> bool:
        """Tell whether to write, and remember what was written."""
        now_s = self._clock()
        if not self._is_news(value, available=available, age_s=now_s - self._shown_at_s):
            return False
        self._shown, self._shown_at_s, self._available = value, now_s, available
        return True

    def _is_news(self, value: object, *, available: bool, age_s: float) -> bool:
        if available is not self._available or age_s >= HEARTBEAT_S:
            return True
        before = self._shown
        if self._noise and isinstance(before, int | float) and isinstance(value, int | float):
            return not self._noise.hides(before, value)
        return value != before
