"""A meter, or one of its phases, that counts backwards: found by what it shows when our own devices obey.

    score ← max(-most, min(most, score + max(-1, min(1, Δ_meter / Δ_own))))

with both changes in kW over the seconds in which a device of ours did what it was told. A meter that is right adds one
with every clear swing, an inverted one takes one away, and a house that switches something of its own just then adds or
takes at most one as well, as often the one as the other. So four clear swings in a row are enough, and chance is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from .flow import NOMINAL_V
from .swing import PHASES, Moved, Swing

_KW_PER_A: Final = NOMINAL_V / 1000


class Polarity(StrEnum):
    """How a meter counts."""

    UNKNOWN = "unknown"  # not enough was seen yet
    RIGHT = "right"
    INVERTED = "inverted"


@dataclass(frozen=True, kw_only=True)
class PolarityRules:
    """How much proof it takes.

    Attributes
    ----------
    least_kw : A smaller change of our own proves nothing. [kW]
    calm_share : The circuit must not have moved by more than this share of the change just before.
    enough : Score from which a meter is right, or below whose negative it is inverted.
    most : Bound of the score: a clamp that was turned must be found, however long it was right.
    """

    least_kw: float = 1.0
    calm_share: float = 0.3
    enough: float = 3.5
    most: float = 5.0


RULES: Final = PolarityRules()


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What is known of how one thing counts, a whole meter or one phase of it.

    verdict : It stays while later evidence lies between the two thresholds.
    """

    verdict: Polarity = Polarity.UNKNOWN
    score: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Signs:
    """A meter's: of the sum of its phases, and of each of them."""

    whole: Sign = Sign()
    phases: tuple[Sign, Sign, Sign] = (Sign(), Sign(), Sign())

    @property
    def inverted(self) -> tuple[int, ...]:
        """Return the phases that count backwards; all of them where the whole meter does."""
        if self.whole.verdict is Polarity.INVERTED:
            return PHASES
        found = zip(PHASES, self.phases, strict=True)
        return tuple(phase for phase, sign in found if sign.verdict is Polarity.INVERTED)


def weigh(sign: Sign, meter_kw: float, own_kw: float, unrest_kw: float, rules: PolarityRules = RULES) -> Sign:
    """Return what is known after one swing.

    meter_kw, own_kw : By how much the meter, and what our devices draw behind it, rose. [kW]
    unrest_kw : How far the meter moved by itself just before. [kW]
    """
    if abs(own_kw) < rules.least_kw or unrest_kw > rules.calm_share * abs(own_kw):
        return sign
    vote = max(-1.0, min(1.0, meter_kw / own_kw))
    score = max(-rules.most, min(rules.most, sign.score + vote))
    if score >= rules.enough:
        return Sign(verdict=Polarity.RIGHT, score=score)
    if score <= -rules.enough:
        return Sign(verdict=Polarity.INVERTED, score=score)
    return replace(sign, score=score)


def weigh_swing(signs: Signs, swing: Swing, rules: PolarityRules = RULES) -> Signs:
    """Return what is known of a meter after one swing: of its sum where it has all phases, and of each phase."""
    phases = tuple(
        _weigh_phase(sign, swing, phase, rules) for phase, sign in zip(PHASES, signs.phases, strict=True)
    )
    return Signs(whole=_weigh_whole(signs.whole, swing, rules), phases=phases)  # type: ignore[arg-type]


def _weigh_whole(sign: Sign, swing: Swing, rules: PolarityRules) -> Sign:
    flows = [flow for flow in swing.flows if flow is not None]
    unrest = [each for each in swing.unrest if each is not None]
    if not flows or len(flows) != len(unrest) or not _all_may_show(swing, len(flows)):
        return sign
    own_a = sum(sum(moved.amps) for moved in swing.devices.values())
    return weigh(sign, sum(flows) * _KW_PER_A, own_a * _KW_PER_A, sum(unrest) * _KW_PER_A, rules)


def _all_may_show(swing: Swing, measured: int) -> bool:
    """Tell whether everything that moved is on a phase that the meter measures."""
    if measured == len(PHASES):
        return True
    return all(
        moved.on and all(swing.flows[phase - 1] is not None for phase in moved.on)
        for moved in swing.devices.values()
        if any(moved.amps)
    )


def _weigh_phase(sign: Sign, swing: Swing, phase: int, rules: PolarityRules) -> Sign:
    flow, unrest = swing.flows[phase - 1], swing.unrest[phase - 1]
    own_a = [on_phase(moved, phase) for moved in swing.devices.values()]
    if flow is None or unrest is None or any(each is None for each in own_a):
        return sign
    own_kw = sum(filter(None, own_a)) * _KW_PER_A
    return weigh(sign, flow * _KW_PER_A, own_kw, unrest * _KW_PER_A, rules)


def on_phase(moved: Moved, phase: int) -> float | None:
    """Return how much of a device's change is on a phase of the house; None where nobody knows. [A]."""
    if moved.on:
        return sum(_of(moved.amps, moved.on, phase))
    if max(moved.amps) - min(moved.amps) <= _EVEN_A:
        return moved.amps[0]  # the same on every phase, whichever is which
    return None


# Three phases of one charger differ by less.
_EVEN_A: Final = 1.0


def _of(amps: Iterable[float], on: tuple[int, ...], phase: int) -> list[float]:
    return [each for each, house in zip(amps, on, strict=False) if house == phase]
