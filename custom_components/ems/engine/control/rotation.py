"""A charger whose phases are not where people said: found by where its own current shows.

A car that charges on one phase moves one phase of the house. With three it moves all alike, and says nothing.

    score_p ← keeps · score_p + max(-1, min(1, Δ_p / Δ_own))        for each phase p of the house
"""

from dataclasses import dataclass
from typing import Final

from .swing import PHASES, Moved, Swing

type Scores = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class RotationRules:
    """How much proof it takes.

    Attributes
    ----------
    least_a : A smaller change proves nothing. [A]
    calm_share : No phase must have moved by more than this share of the change just before, and no other device of
        ours by more during it.
    keeps : So much of a score is left with every swing: a charger that was wired anew must be found.
    enough, least_lead : The phase that is found has scored this much, and so much more than any other. Four clear
        swings make 1 + 0.8 + 0.64 + 0.51 = 2.95.
    """

    least_a: float = 4.5
    calm_share: float = 0.3
    keeps: float = 0.8
    enough: float = 2.7
    least_lead: float = 2.0


RULES: Final = RotationRules()
_IDLE_A: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a charger's first terminal hangs, as far as it was seen.

    scores : By phase of the house.
    found : That phase; None where not enough was seen.
    """

    scores: Scores = (0.0, 0.0, 0.0)
    found: int | None = None

    def contradicts(self, rotation: tuple[int, ...]) -> bool:
        """Tell whether people said otherwise. Where they said nothing, nothing is wrong."""
        return self.found is not None and bool(rotation) and rotation[0] != self.found

    def rotation(self, phases: int) -> tuple[int, ...]:
        """Return the rotation to enter: the phase that was seen, the others in turn as installers do."""
        if self.found is None:
            return ()
        return tuple((self.found - 1 + i) % len(PHASES) + 1 for i in range(phases))


def place(known: Place, key: str, swing: Swing, rules: RotationRules = RULES) -> Place:
    """Return what is known of a charger's place after one swing of its circuit."""
    moved = swing.devices.get(key)
    if moved is None or not moved.was_told or not _is_clear(moved, key, swing, rules):
        return known
    votes = [max(-1.0, min(1.0, (flow or 0.0) / moved.amps[0])) for flow in swing.flows]
    scores = [rules.keeps * score + vote for score, vote in zip(known.scores, votes, strict=True)]
    first, second = sorted(scores, reverse=True)[:2]
    is_found = first >= rules.enough and first - second >= rules.least_lead
    found = scores.index(first) + 1 if is_found else known.found
    return Place(scores=(scores[0], scores[1], scores[2]), found=found)


def _is_clear(moved: Moved, key: str, swing: Swing, rules: RotationRules) -> bool:
    """Tell whether one terminal of one device moved, on a calm circuit whose phases are all measured."""
    amps = moved.amps[0]
    if abs(amps) < rules.least_a or max(abs(moved.amps[1]), abs(moved.amps[2])) > _IDLE_A:
        return False
    bearable_a = rules.calm_share * abs(amps)
    others = [other for name, each in swing.devices.items() if name != key for other in each.amps]
    if any(flow is None for flow in swing.flows) or any(abs(other) > bearable_a for other in others):
        return False
    return all(unrest is not None and unrest <= bearable_a for unrest in swing.unrest)
