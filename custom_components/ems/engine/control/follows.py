"""Whether a device does what it is told: how long a charger or a battery has gone its own way.

A charger that draws more than it was told is known to the tick itself (cars.py), which counts with what it draws. Here
a battery's measured power is held against its order, and it is kept for how long either has lasted: what is told to
people has to last, and to be over for good.
"""

from dataclasses import dataclass
from typing import Final

from .battery import CHARGE, DISCHARGE, HOLD, BatteryNow, BatteryOrder, BatterySpec
from .timer import Switch, follow


@dataclass(frozen=True, kw_only=True)
class FollowRules:
    """How much, and for how long.

    Attributes
    ----------
    least_kw, share : A battery may miss its order by the larger of this and this share of it. [kW]
    does_share : Less than this share of its order is doing nothing; more, but less than all of it, is its own
        management at work: the cold, the last per cent, an inverter that is full with sun.
    room_soc : So far from empty, its reserve and full nobody expects it to obey. A fraction.
    battery_after_s, charger_after_s : How long it has to last. [s]
    back_after_s : And how long it has to be over. [s]
    """

    least_kw: float = 0.3
    share: float = 0.25
    does_share: float = 0.2
    room_soc: float = 0.05
    battery_after_s: float = 60.0
    charger_after_s: float = 120.0
    back_after_s: float = 10.0


RULES: Final = FollowRules()


def misses(
    spec: BatterySpec, now: BatteryNow, order: BatteryOrder, rules: FollowRules = RULES
) -> bool | None:
    """Tell whether a battery does something else than it was told; None where nobody can say.

    With p the measured power in the direction of the order and P the order: p > P + tolerance, or p < 0.2 P. Told to
    hold, it must not give; many go on storing surplus then. Left to itself there is nothing to miss.
    """
    if order.mode not in (CHARGE, DISCHARGE, HOLD):
        return False
    if now.power_kw is None or now.soc is None:
        return None
    told_kw = order.power_kw or 0.0
    bearable_kw = max(rules.least_kw, rules.share * told_kw)
    if order.mode == HOLD:
        return now.power_kw > bearable_kw
    does_kw = now.power_kw if order.mode == DISCHARGE else -now.power_kw
    if does_kw > told_kw + bearable_kw:
        return True
    can = _has_room(spec, now.soc, order.mode, rules)
    return can and told_kw > bearable_kw and does_kw < rules.does_share * told_kw


def _has_room(spec: BatterySpec, soc: float, mode: str, rules: FollowRules) -> bool:
    if mode == CHARGE:
        return soc < 1 - rules.room_soc
    # What a battery keeps for itself is mostly 10 %, and nobody tells.
    return soc > max(0.1, spec.reserve_soc) + rules.room_soc


def ignoring(
    state: Switch, ignores: bool | None, now_s: float, *, after_s: float, rules: FollowRules = RULES
) -> Switch:
    """Return whether a device has ignored its commands for long enough to be told to people.

    ignores : None where nobody can say: then what was known stays.
    """
    if ignores is None:
        return state
    return follow(state, ignores, now_s, on_after_s=after_s, off_after_s=rules.back_after_s)
