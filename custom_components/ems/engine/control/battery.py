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
# Why it discharges although nobody asked for it: a fuse.
PROTECTS: Final = "battery_protects"
# More than this above what it was told, for so long, is not following: it is told and asked every 5 s at most.
_OVER: Final = 1.1
_OVER_KW: Final = 0.2
IGNORES_AFTER_S: Final = 15.0


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
    above_at_s : Since when it has taken more than it was told; None while it does not. [s]
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


def has_hands(spec: BatterySpec) -> bool:
    """Tell whether limits may count on a battery to charge with less when it is told so."""
    return not {HOLD, CHARGE}.isdisjoint(spec.modes)


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


def above_since(
    now: BatteryNow, last: BatteryOrder | None, net_kw: float | None, now_s: float
) -> float | None:
    """Return since when a battery has taken more than it was told; None while it does not. [s].

    net_kw : What flows in at the connection: one that follows the load takes nothing from the grid.
    """
    if last is None or now.power_kw is None:
        return None
    takes_kw = -now.power_kw
    may_kw = takes_kw - max(0.0, net_kw or 0.0)
    if last.mode in (CHARGE, DISCHARGE):
        may_kw = 0.0 if last.mode == DISCHARGE else (takes_kw if last.power_kw is None else last.power_kw)
    if takes_kw <= _OVER * max(0.0, may_kw) + _OVER_KW:
        return None
    return now_s if last.above_at_s is None or last.above_at_s > now_s else last.above_at_s


def relieved(
    spec: BatterySpec,
    now: BatteryNow,
    order: BatteryOrder,
    short_kw: float,
    *,
    last: BatteryOrder | None = None,
    counted_kw: float = 0.0,
    now_s: float = 0.0,
    dwell_s: float = BatteryRules.dwell_s,
) -> BatteryOrder:
    """Return an order that takes load off a fuse which the home alone exceeds.

    short_kw : By how much, with every car at rest; below 0: by how much it does not.
    counted_kw : What it gives and is to stop giving: `short_kw` is without that already.

    Help goes on as it is for `dwell_s`: the meter sees it before the battery says so, and a fuse that is just held
    would else be let go at once.
    """
    can = DISCHARGE in spec.modes and now.soc is not None and now.soc > spec.reserve_soc
    helps_kw = (last.power_kw or 0.0) if last is not None and last.key == PROTECTS else 0.0
    if not can or now.power_kw is None or (short_kw <= 0 and helps_kw <= 0):
        return order
    needed_kw = max(0.0, now.power_kw) - counted_kw + short_kw
    if last is not None and elapsed_s(last.changed_at_s, now_s) < dwell_s:
        needed_kw = max(needed_kw, helps_kw)
    if needed_kw <= 0 or (order.mode == DISCHARGE and (order.power_kw or 0.0) >= needed_kw):
        return order
    return BatteryOrder(mode=DISCHARGE, power_kw=min(needed_kw, spec.discharge_max_kw), key=PROTECTS)


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
    helps_anew = order.key == PROTECTS and power_kw != last.power_kw
    return replace(order, power_kw=power_kw, changed_at_s=now_s if helps_anew else last.changed_at_s)


def _at(order: BatteryOrder, now_s: float) -> BatteryOrder:
    return replace(order, changed_at_s=now_s)
