"""What a charging point draws at the moment the meter spoke, where its own word is older.

A grid meter is asked every two seconds and a charger every five, or tells it when it likes. In between, a car that
follows what it was told moves the meter and not yet its charger's word. Taken for the household's, its rise would be
answered with less current, and its fall would hide a kettle. So what the meter sees is parted:

    ΔI = Δcar + Δhousehold

The car's part is what goes where it was told, and no more than it has left to go. A fall may always be believed: that
errs on the side of the fuse. A rise begins only for as long as a car takes to follow, and does not count while a limit
is exceeded: then the charger's own word holds, however old.

The other way round, a charger's newer word waits for the meter's next: a car that has made room already, beside a
meter that has not seen it yet, would be stopped for nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from .flow import PhaseFlow

type Flows = Mapping[int, PhaseFlow | None]


class Word(Protocol):
    """What a meter said, and when."""

    @property
    def at_s(self) -> float | None:
        """When; None: never. [s]."""

    @property
    def flows(self) -> Flows:
        """By phase; None where it does not say."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A charger's word, brought up to the meter's.

    Attributes
    ----------
    amps : What it draws on each of its phases, as far as that can be told. [A]
    measured_a, measured_at_s : The charger's word that this began with, and when it was measured. [A], [s]
    """

    amps: float
    measured_a: float
    measured_at_s: float


class Shift:
    """What the meter saw change since its word before, as far as no charger has claimed it."""

    def __init__(self, before: Word | None, word: Word | None) -> None:
        """Compare two words; where one is missing nothing is known to have moved."""
        self._from_s = before.at_s if before else None
        self._to_s = word.at_s if word else None
        # Entities of one meter do not speak at once: the oldest gives the word its time, so that flows count as well.
        self._is_same = bool(
            before and word and before.at_s == word.at_s and dict(before.flows) == dict(word.flows)
        )
        self._amps = _moved(before.flows, word.flows) if before and word else {}

    def follow(
        self,
        measured_a: float,
        measured_at_s: float | None,
        offered_a: float | None,
        on: Iterable[int],
        before: Followed | None,
        *,
        may_rise: bool,
        is_over: bool,
    ) -> Followed | None:
        """Return what a charger draws by now; None where its own word is all there is.

        Parameters
        ----------
        offered_a : What it was told; None where nobody knows. [A]
        on : Phases of the house that it loads.
        may_rise : Whether it was told more so lately that a rise may be its own.
        is_over : Whether a limit above it is exceeded: it is taken to draw no more than it measured.
        """
        phases = tuple(on)
        if measured_at_s is None or offered_a is None or not phases or self._to_s is None:
            return None
        if before is not None and self._is_same:
            return before
        if before is not None and before.measured_at_s == measured_at_s:
            begun, share = before, 1.0
        else:
            begun = Followed(amps=measured_a, measured_a=measured_a, measured_at_s=measured_at_s)
            share = self._share_after(measured_at_s)
        amps = min(begun.amps, begun.measured_a) if is_over else begun.amps
        if offered_a < amps:
            return replace(begun, amps=self._fallen(amps, offered_a, before, phases))
        risen = share * self._claimed(offered_a - amps, phases, share) if may_rise and not is_over else 0.0
        return replace(begun, amps=amps + risen)

    def _fallen(
        self, amps: float, offered_a: float, before: Followed | None, phases: tuple[int, ...]
    ) -> float:
        """Return what a car draws that goes down: all that moved since the last word counts, and its own word."""
        start = max(offered_a, before.amps if before else amps)
        return max(offered_a, min(amps, start + self._claimed(offered_a - start, phases)))

    def _claimed(self, gap_a: float, phases: tuple[int, ...], share: float = 1.0) -> float:
        """Return how far the phases moved the way a car was told; that part of it is nobody else's. [A]."""
        moved = self._towards(gap_a, phases)
        for phase in phases:
            self._amps[phase] = self._amps.get(phase, 0.0) - share * moved
        return moved

    def _share_after(self, measured_at_s: float) -> float:
        """Return which part of the time between the words a measurement has not seen."""
        if self._from_s is None or self._to_s is None or self._to_s <= self._from_s:
            return 0.0
        return min(1.0, max(0.0, (self._to_s - measured_at_s) / (self._to_s - self._from_s)))

    def _towards(self, gap_a: float, phases: tuple[int, ...]) -> float:
        """Return how far all of its phases moved the way it was told, at most as far as it was told. [A]."""
        shifts = [self._amps.get(phase, 0.0) for phase in phases]
        if gap_a >= 0:
            return max(0.0, min(gap_a, *shifts))
        return min(0.0, max(gap_a, *shifts))


def _moved(before: Flows, now: Flows) -> dict[int, float]:
    """Return by how much each phase that is known in both moved. [A]."""
    pairs = {phase: (before.get(phase), flow) for phase, flow in now.items()}
    return {phase: new.active_a - old.active_a for phase, (old, new) in pairs.items() if old and new}
