"""What the sun leaves over for cars, and who of them has enough of it to charge.

    S = -P_net + Σ P_followers - P_discharge + yield · P_charge - reserve

A battery that discharges makes a surplus that is none; what one charges may be a car's, if people put the car first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .timer import Switch, follow


@dataclass(frozen=True, kw_only=True)
class SunRules:
    """When following the sun begins and ends.

    Attributes
    ----------
    enable_after_s, disable_after_s : How long there has to be enough, or too little. [s]
    reserve_kw : Kept out of the reckoning, so that a cloud is not bought at once. [kW]
    battery_yields_from_soc : From this state of charge on the house battery leaves its charging power to cars;
        0: always, 1: never. A fraction.
    """

    enable_after_s: float = 60.0
    disable_after_s: float = 180.0
    reserve_kw: float = 0.0
    battery_yields_from_soc: float = 0.0


def surplus_kw(
    net_kw: float, followers_kw: float, battery_kw: float, battery_soc: float | None, rules: SunRules
) -> float:
    """Return the power that followers of the sun may have together. [kW].

    net_kw : + drawn from the grid. followers_kw : what they draw now. battery_kw : + discharging.
    battery_soc : Of the battery that has least; None where nobody knows: then it yields nothing.
    """
    charging_kw, discharging_kw = max(0.0, -battery_kw), max(0.0, battery_kw)
    from_soc = rules.battery_yields_from_soc
    yields = battery_soc is not None and battery_soc >= from_soc and from_soc < 1
    return -net_kw + followers_kw - discharging_kw + (charging_kw if yields else 0.0) - rules.reserve_kw


@dataclass(frozen=True, kw_only=True)
class Follower:
    """One that follows the sun: what it needs at least, and whether it has been going."""

    least_kw: float
    sun: Switch


def follow_sun(
    followers: Sequence[Follower], total_kw: float, now_s: float, rules: SunRules
) -> tuple[Switch, ...]:
    """Return for each whether it may go on the sun, the first served first.

    Who is going keeps its share while it waits for the sun to come back; only what is left starts another.
    """
    left_kw, found = total_kw, []
    for follower in followers:
        switch = follow(
            follower.sun,
            left_kw >= follower.least_kw,
            now_s,
            on_after_s=rules.enable_after_s,
            off_after_s=rules.disable_after_s,
        )
        found.append(switch)
        # One that is about to start has a claim already, else two would start on the sun for one.
        if switch.is_on or switch.since_s is not None:
            left_kw -= follower.least_kw
    return tuple(found)
