"""A house battery in real time: by what a stored kWh is worth, by the measured load, inside every limit.

Whether to cover the home, wait, buy or sell depends on prices and on the worth of a stored kWh, not on the load: the
plan has compared them (execution/battery.py). How much depends on the load alone, which nobody knows better than the
meter. So the plan's word is the mode, and the meter's is the power; where the device follows the load by itself, it
is left to do so.
"""

from dataclasses import dataclass, replace
from typing import Final

from .. import checks
from .timer import elapsed_s

AUTOMATIC: Final = "automatic"
HOLD: Final = "hold"
CHARGE: Final = "charge"
DISCHARGE: Final = "discharge"
# So much more than it was told is not following: a quarter, and what its electronics take.
_OVER: Final = 1.25
_OVER_KW: Final = 0.3
# Inverters take some seconds to follow, and their meters as long to say so. [s]
OVER_AFTER_S: Final = 15.0


@dataclass(frozen=True, kw_only=True)
class BatterySpec:
    """What is installed.

    Attributes
    ----------
    modes : What its hands can be told.
    on : Phases of the house it hangs on; empty: evenly on all three.
    reserve_soc : Kept for a blackout: not discharged below it. A fraction.
    """

    key: str
    name: str
    circuit: str
    charge_max_kw: float
    discharge_max_kw: float
    modes: tuple[str, ...] = (AUTOMATIC, HOLD, CHARGE, DISCHARGE)
    on: tuple[int, ...] = (1, 2, 3)
    reserve_soc: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no battery can be."""
        checks.at_least_zero(
            self.name, charge_max_kw=self.charge_max_kw, discharge_max_kw=self.discharge_max_kw
        )
        checks.between(self.name, 0, 1, reserve_soc=self.reserve_soc)


@dataclass(frozen=True, kw_only=True)
class BatteryNow:
    """What it says. power_kw : + discharging; None where unknown. soc : A fraction."""

    power_kw: float | None
    soc: float | None


@dataclass(frozen=True, kw_only=True)
class BatteryAsk:
    """What is asked of it now, by the plan, a schedule or a person.

    Attributes
    ----------
    power_kw : For charge and discharge, a magnitude; None: all it can.
    covers, stores : With `automatic`: whether it may cover the home, and take surplus. A device that can only do
        both is steered by the measured load where one of them is wrong.
    source : Whose word it is: "override", "schedule", "plan" or "none" (no plan: it is left to itself).
    """

    mode: str
    power_kw: float | None = None
    covers: bool = True
    stores: bool = True
    source: str = "plan"
    until_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class BatteryOrder:
    """What it is told, and why.

    Attributes
    ----------
    power_kw : A magnitude; None where the mode needs none.
    source : Whose word it was.
    above_at_s : Since when it has charged with more than it was told; None while it does not. [s]
    """

    mode: str
    key: str
    source: str = ""
    power_kw: float | None = None
    changed_at_s: float | None = None
    above_at_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class BatteryRules:
    """How calmly it is steered.

    Attributes
    ----------
    dwell_s : A mode is kept this long; protection does not wait. [s]
    deadband_kw : Smaller changes of power are not sent. [kW]
    holds_for_cars : Whether it keeps its energy while a car charges fast from the grid.
    """

    dwell_s: float = 60.0
    deadband_kw: float = 0.1
    holds_for_cars: bool = True


def above_since_s(last: BatteryOrder | None, now: BatteryNow, now_s: float) -> float | None:
    """Return since when a battery has charged with more than it was told; None where it does not. [s].

    -p > 1.25 P + 0.3 kW        with P = 0 for all that is no charge; left to itself it was told nothing
    """
    if last is None or now.power_kw is None or last.mode == AUTOMATIC:
        return None
    told_kw = (last.power_kw or 0.0) if last.mode == CHARGE else 0.0
    if -now.power_kw <= _OVER * told_kw + _OVER_KW:
        return None
    return now_s if last.above_at_s is None or last.above_at_s > now_s else last.above_at_s


def can_take_less(spec: BatterySpec, above_at_s: float | None, now_s: float) -> bool:
    """Tell whether limits may count on a battery to charge with less: it has the hands for it, and listens."""
    ignores = above_at_s is not None and now_s - above_at_s > OVER_AFTER_S
    return not ignores and not {HOLD, CHARGE}.isdisjoint(spec.modes)


def wanted(
    spec: BatterySpec,
    now: BatteryNow,
    ask: BatteryAsk,
    load_kw: float | None,
    *,
    car_from_grid_kw: float,
    rules: BatteryRules,
) -> BatteryOrder:
    """Return what it should do, limits left aside.

    load_kw : What the home draws less what its PV gives, cars included; None where a meter is silent.
    car_from_grid_kw : What cars draw by somebody's or the plan's word rather than from surplus.
    """
    if load_kw is None:
        return BatteryOrder(mode=_or_else(spec, AUTOMATIC), key="battery_blind")
    is_low = now.soc is not None and now.soc <= spec.reserve_soc and spec.reserve_soc > 0
    if ask.mode == DISCHARGE and is_low:
        return BatteryOrder(mode=_or_else(spec, HOLD), key="battery_reserve")
    if ask.mode == AUTOMATIC:
        return _following(
            spec, ask, load_kw, car_from_grid_kw if rules.holds_for_cars else 0.0, is_low=is_low
        )
    if ask.mode in (CHARGE, DISCHARGE) and ask.mode in spec.modes:
        most_kw = spec.charge_max_kw if ask.mode == CHARGE else spec.discharge_max_kw
        power_kw = most_kw if ask.power_kw is None else min(ask.power_kw, most_kw)
        return BatteryOrder(mode=ask.mode, power_kw=power_kw, key=f"battery_{ask.mode}")
    return BatteryOrder(mode=_or_else(spec, ask.mode), key=f"battery_{ask.mode}")


def _following(
    spec: BatterySpec, ask: BatteryAsk, load_kw: float, car_kw: float, *, is_low: bool
) -> BatteryOrder:
    """Follow the measured load: by itself where that is the same thing, else by power."""
    covers, stores = ask.covers and not is_low, ask.stores
    home_kw = load_kw - car_kw  # what the battery is to cover: fast cars charge because the grid is cheap
    if covers and stores and car_kw <= 0 and AUTOMATIC in spec.modes:
        return BatteryOrder(mode=AUTOMATIC, key="battery_follows")
    if home_kw > 0 and covers and DISCHARGE in spec.modes:
        power_kw = min(home_kw, spec.discharge_max_kw)
        return BatteryOrder(
            mode=DISCHARGE, power_kw=power_kw, key="battery_covers_home" if car_kw > 0 else "battery_covers"
        )
    if home_kw < 0 and load_kw < 0 and stores and CHARGE in spec.modes and HOLD not in spec.modes:
        return BatteryOrder(mode=CHARGE, power_kw=min(-load_kw, spec.charge_max_kw), key="battery_stores")
    if car_kw > 0:
        return BatteryOrder(mode=_or_else(spec, HOLD), key="battery_holds_for_car")
    return BatteryOrder(mode=_or_else(spec, HOLD), key="battery_reserve" if is_low else "battery_holds")


def _or_else(spec: BatterySpec, mode: str) -> str:
    """Return a mode it has: what it cannot be told is left to itself."""
    return mode if mode in spec.modes else AUTOMATIC


def fitted(spec: BatterySpec, order: BatteryOrder, drawn_kw: float, given_kw: float) -> BatteryOrder:
    """Return an order inside the limits: what charges takes no more than it is given.

    drawn_kw : What it takes now, by itself or by order. given_kw : What the limits leave it. [kW]
    """
    if order.mode == CHARGE:
        return replace(order, power_kw=min(order.power_kw or given_kw, given_kw))
    takes_too_much = drawn_kw > given_kw + 0.05
    if order.mode == DISCHARGE or not takes_too_much:
        return order
    if CHARGE in spec.modes and given_kw > 0:
        return BatteryOrder(mode=CHARGE, power_kw=given_kw, key="battery_limited")
    return BatteryOrder(mode=_or_else(spec, HOLD), key="battery_limited")


def relieved(spec: BatterySpec, now: BatteryNow, order: BatteryOrder, short_kw: float) -> BatteryOrder:
    """Return an order that takes load off a fuse which the home alone exceeds.

    short_kw : By how much, with every car at rest. [kW]
    """
    can = DISCHARGE in spec.modes and now.soc is not None and now.soc > spec.reserve_soc
    if short_kw <= 0 or not can or now.power_kw is None:
        return order
    needed_kw = max(0.0, now.power_kw) + short_kw
    if order.mode == DISCHARGE and (order.power_kw or 0.0) >= needed_kw:
        return order
    return BatteryOrder(
        mode=DISCHARGE, power_kw=min(needed_kw, spec.discharge_max_kw), key="battery_protects"
    )


def calmed(
    order: BatteryOrder, last: BatteryOrder | None, now_s: float, rules: BatteryRules, *, at_once: bool
) -> BatteryOrder:
    """Return the order, or the last one where the difference is not worth a write yet.

    at_once : Protection, a person's word or a silent meter: nothing waits.
    """
    if last is None:
        return _at(order, now_s)
    if order.mode != last.mode:
        if at_once or elapsed_s(last.changed_at_s, now_s) >= rules.dwell_s:
            return _at(order, now_s)
        return last
    close = abs((order.power_kw or 0.0) - (last.power_kw or 0.0)) < rules.deadband_kw
    power_kw = last.power_kw if close and not at_once else order.power_kw
    return replace(order, power_kw=power_kw, changed_at_s=last.changed_at_s)


def _at(order: BatteryOrder, now_s: float) -> BatteryOrder:
    return replace(order, changed_at_s=now_s)
