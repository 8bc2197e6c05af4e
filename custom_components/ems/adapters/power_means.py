"""Means of measured powers over a minute: each word holds until the next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

type Powers = Mapping[str, float | None]

# A power that was unknown for more of the time has no mean.
ENOUGH: Final = 0.8


@dataclass(kw_only=True)
class _Sum:
    """What was seen of one power: Σ P·Δt and Σ Δt."""

    energy_kws: float = 0.0
    seen_s: float = 0.0


class PowerMeans:
    """Adds up powers between two looks."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._since_s: float | None = None
        self._last_s = 0.0
        self._powers: Powers = {}
        self._sums: dict[str, _Sum] = {}

    def observe(self, now_s: float, powers_kw: Powers) -> None:
        """Note what flows from here on. None is silence."""
        if self._since_s is None:
            self._since_s = now_s
        elif now_s > self._last_s:
            for key, power_kw in self._powers.items():
                if power_kw is not None:
                    found = self._sums.setdefault(key, _Sum())
                    found.energy_kws += power_kw * (now_s - self._last_s)
                    found.seen_s += now_s - self._last_s
        self._last_s, self._powers = now_s, dict(powers_kw)

    def take(self, now_s: float, powers_kw: Powers) -> tuple[float, Powers]:
        """Return when it began and the mean of each power since then, and begin anew."""
        self.observe(now_s, powers_kw)
        since_s = now_s if self._since_s is None else self._since_s
        enough_s = ENOUGH * (now_s - since_s)
        means = {
            key: found.energy_kws / found.seen_s
            if (found := self._sums.get(key)) and found.seen_s >= enough_s
            else None
            for key in powers_kw
        }
        self._since_s, self._sums = now_s, {}
        return since_s, means
