"""From what a charger may have to what it is told: down at once, up slowly, starting small."""

from dataclasses import dataclass
from math import floor
from typing import Final

from .charger import ChargerSpec
from .timer import elapsed_s

_TINY: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How gently currents rise.

    Attributes
    ----------
    settle_s : Between two increases: the car has to follow, and a meter has to see it. [s]
    small_a, small_settle_s : Less than so much more is not worth a write so soon: a meter's flicker would else move
        a charger up and down all day. [A], [s]
    rise_a_per_s : No faster than this: 3 % of 16 A each second, as OpenEMS found bearable. [A/s]
    restart_after_s : A charger that a limit stopped waits as long before it begins again: contactors wear. [s]
    """

    settle_s: float = 10.0
    small_a: float = 2.0
    small_settle_s: float = 60.0
    rise_a_per_s: float = 0.5
    restart_after_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a charger was told last.

    changed_at_s, stopped_at_s : When it was told another current, and when a limit stopped it. [s]
    """

    amps: float = 0.0
    changed_at_s: float | None = None
    stopped_at_s: float | None = None


def next_offer(
    spec: ChargerSpec,
    offer: Offer,
    target_a: float,
    now_s: float,
    pace: Pace,
    *,
    is_limited: bool,
    asked_a: float = 0.0,
) -> Offer:
    """Return what to tell a charger that may have `target_a`; never more than that.

    is_limited : Whether a limit keeps it from more: only then a stop is one that has to be waited out.
    asked_a : What somebody named: that is told as it is and not in the guard's steps. [A]
    """
    is_asked = abs(target_a - asked_a) < _TINY and target_a >= spec.current_min_a
    target_a = target_a if is_asked else in_steps(spec, target_a)
    if target_a < offer.amps - _TINY:
        stopped_at_s = now_s if target_a == 0 and is_limited else offer.stopped_at_s
        return Offer(amps=target_a, changed_at_s=now_s, stopped_at_s=stopped_at_s)
    if target_a <= offer.amps + _TINY:
        return offer
    if offer.amps < spec.current_min_a:
        if elapsed_s(offer.stopped_at_s, now_s) < pace.restart_after_s:
            return offer
        return Offer(amps=in_steps(spec, spec.current_min_a, up=True), changed_at_s=now_s)
    waited_s = elapsed_s(offer.changed_at_s, now_s)
    is_small = target_a < offer.amps + pace.small_a - _TINY
    if waited_s < (pace.small_settle_s if is_small else pace.settle_s):
        return offer
    rise_a = max(spec.step_a, pace.rise_a_per_s * min(waited_s, pace.settle_s))
    amps = target_a if target_a <= offer.amps + rise_a else in_steps(spec, offer.amps + rise_a)
    return (
        Offer(amps=amps, changed_at_s=now_s, stopped_at_s=offer.stopped_at_s) if amps > offer.amps else offer
    )


def in_steps(spec: ChargerSpec, amps: float, *, up: bool = False) -> float:
    """Return a current that the charger understands and that is no more than asked: 0 below its minimum. [A].

    up : Its own minimum, where that lies between two steps, is the next one above.
    """
    steps = -floor(-amps / spec.step_a + _TINY) if up else floor(amps / spec.step_a + _TINY)
    rounded = round(min(steps * spec.step_a, spec.current_max_a), 3)
    return rounded if rounded >= spec.current_min_a - _TINY else 0.0
