"""What to tell a battery, by what a stored kWh is worth."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from ...site import Battery
from ...steps import Bools, Floats
from ..components.battery import asked_reserve_kwh
from ..result import Mode, Reason
from ..store_value import StoreValue
from .common import IDLE_KW, READABLE, VALUE_TOLERANCE, Orders, Tariff, money, peak_of_next_run


@dataclass(frozen=True, kw_only=True, eq=False)
class BatteryFlow:
    """What the plan does with a battery.

    Series have shape (n,), energy (n + 1,). [kW], [kWh], [currency/kWh].
    """

    power_kw: Floats  # + discharge
    energy_kwh: Floats
    value: StoreValue  # of a stored kWh
    floor_kwh: float  # below it the battery is charged for its own sake
    stored_per_kwh: Floats  # of each kWh that the home goes without where it charges


def battery_orders(spec: Battery, flow: BatteryFlow, tariff: Tariff) -> Orders:
    """Turn a plan into modes by marginal value.

    spec : As seen from the home: behind a hybrid inverter with that one's losses in its own (`seen_from_home`).

    With v⁺ what one more stored kWh would bring, and v⁻ what one less would cost:

        charge      p_imp/η_c < v⁺             buying a kWh costs less than storing it is worth
        discharge   (p_exp - wear)·η_d > v⁻    selling it earns more than keeping it
        automatic   (p_imp - wear)·η_d ≥ v⁻    covering the load with it saves at least what it is worth
        hold        otherwise                  it is worth more later

    A setpoint computed from a forecast is wrong within minutes; these comparisons stay right when the load
    differs. Charging and discharging with the grid are ordered only where the plan does so, because there
    power is bounded. So is it where a strategy holds the grid's power to a line (a peak, a ramp): there the
    battery shares with the grid, and following the load would take it all.

    Prices are compared as the strategy weighs them, for so are values.
    """
    masks = _masks(spec, flow, tariff)
    return Orders(_modes(masks), _Words(spec, flow, tariff, masks).reasons())


@dataclass(frozen=True, kw_only=True, eq=False)
class _Masks:
    charge: Bools
    discharge: Bools
    automatic: Bools


def _masks(spec: Battery, flow: BatteryFlow, tariff: Tariff) -> _Masks:
    eta_c, eta_d = flow.stored_per_kwh, spec.discharge_efficiency
    bought, given = flow.value.import_side, _given_worth(spec, flow)
    price, sold, shaped = tariff.weighed.import_price, tariff.weighed.export_price, tariff.weighed.shaped
    charges, discharges = flow.power_kw < -IDLE_KW, flow.power_kw > IDLE_KW
    buys = price / eta_c <= bought + VALUE_TOLERANCE
    sells = (sold - spec.wear_per_kwh) * eta_d >= given - VALUE_TOLERANCE
    covers = (price - spec.wear_per_kwh) * eta_d >= given - VALUE_TOLERANCE
    draws, gives = tariff.import_kw > IDLE_KW, tariff.export_kw > IDLE_KW
    charge = charges & ((draws & buys) | (gives & shaped))
    discharge = discharges & ((gives & sells) | (draws & shaped))
    return _Masks(charge=charge, discharge=discharge, automatic=~charge & ~discharge & (covers | discharges))


def _given_worth(spec: Battery, flow: BatteryFlow) -> Floats:
    """Return what taking a kWh out has to earn: what one less would cost.

    Where the plan has the battery empty there is none to take, and what counts is what one would be used for if
    there were: a battery that turns out fuller than planned then covers the home, as it should.
    """
    empty = flow.energy_kwh[:-1] <= spec.soc_min * spec.capacity_kwh + IDLE_KW
    return np.where(empty, flow.value.import_side, flow.value.export_side)


def _modes(masks: _Masks) -> tuple[Mode, ...]:
    choice = np.select([masks.charge, masks.discharge, masks.automatic], [0, 1, 2], default=3)
    names = (Mode.CHARGE, Mode.DISCHARGE, Mode.AUTOMATIC, Mode.HOLD)
    return tuple(names[i] for i in choice.tolist())


class _Kind(IntEnum):
    """What a step does with a battery, for the words."""

    BUY = 0
    SELL = 1
    COVER = 2
    STORE = 3
    FOLLOW = 4
    HOLD_AND_STORE = 5
    HOLD = 6


_KEYS: Final = {
    _Kind.SELL: "discharge_sell",
    _Kind.COVER: "cover_load",
    _Kind.STORE: "store_surplus",
    _Kind.FOLLOW: "follow_load",
    _Kind.HOLD_AND_STORE: "hold_store_surplus",
}
# The hours that a stored kWh is kept for are the ones that make its worth: two equal numbers explain nothing.
_EVEN_KEYS: Final = {_Kind.COVER: "cover_even", _Kind.FOLLOW: "follow_even"}
# What moves a battery's energy, and what keeps it: told with the weighed price beside the one that is paid.
_WEIGHED_KEYS: Final = {
    _Kind.BUY: "charge_weighed",
    _Kind.SELL: "sell_weighed",
    _Kind.COVER: "cover_weighed",
    _Kind.STORE: "store_weighed",
    _Kind.FOLLOW: "follow_weighed",
}


class _Words:
    """Words each step of one battery.

    Prices and values are per kWh at the battery's terminal, so that people can compare them.
    """

    def __init__(self, spec: Battery, flow: BatteryFlow, tariff: Tariff, masks: _Masks) -> None:
        self._tariff = tariff
        self._kinds = _kinds(masks, flow, tariff)
        self._later = peak_of_next_run(flow.power_kw > IDLE_KW, tariff.import_price).tolist()
        self._starts = tariff.instants()
        self._bought_worth = (flow.value.import_side * flow.stored_per_kwh).tolist()
        self._given_worth = (
            _given_worth(spec, flow) / spec.discharge_efficiency + spec.wear_per_kwh
        ).tolist()
        self._is_low = (flow.energy_kwh[:-1] < flow.floor_kwh - IDLE_KW).tolist()
        asked = asked_reserve_kwh(spec)
        self._is_kept = ((flow.energy_kwh[:-1] <= asked + IDLE_KW) & (asked > 0)).tolist()

    def reasons(self) -> tuple[Reason, ...]:
        """Return one reason per step."""
        return tuple(self._of(k, _Kind(kind)) for k, kind in enumerate(self._kinds))

    def _of(self, k: int, kind: _Kind) -> Reason:
        price = {"price": money(self._tariff.import_price[k])}
        if kind is _Kind.HOLD and self._is_kept[k]:
            return Reason(key="hold_reserve", placeholders=price)
        if kind is _Kind.BUY and self._is_low[k]:
            return Reason(key="charge_to_reserve", placeholders=price)
        worth = self._worth(k, kind)
        paid, counts = self._prices(k, sells=kind in (_Kind.SELL, _Kind.STORE, _Kind.HOLD_AND_STORE))
        if kind in (_Kind.BUY, _Kind.HOLD) and worth > self._tariff.most_counted + READABLE:
            is_buying = kind is _Kind.BUY
            return (
                Reason(key="charge_for_wish", placeholders=price)
                if is_buying
                else Reason(key="hold_for_wish")
            )
        if self._tariff.weighs(counts, paid, worth):
            return self._weighed(k, kind)
        if kind in _EVEN_KEYS and abs(counts - worth) <= READABLE:
            return Reason(key=_EVEN_KEYS[kind], placeholders=price)
        if kind in (_Kind.BUY, _Kind.HOLD):
            return self._compared("charge" if kind is _Kind.BUY else "hold", k, paid, worth)
        return Reason(key=_KEYS[kind], placeholders={"price": money(paid), "value": money(worth)})

    def _worth(self, k: int, kind: _Kind) -> float:
        takes = kind in (_Kind.BUY, _Kind.STORE, _Kind.HOLD_AND_STORE)
        found: float = (self._bought_worth if takes else self._given_worth)[k]
        return found

    def _prices(self, k: int, *, sells: bool) -> tuple[float, float]:
        """Return what a kWh costs or earns, and what it counts for."""
        weighed, tariff = self._tariff.weighed, self._tariff
        if sells:
            return float(tariff.export_price[k]), float(weighed.export_price[k])
        return float(tariff.import_price[k]), float(weighed.import_price[k])

    def _compared(self, stem: str, k: int, price: float, worth: float) -> Reason:
        found = {"price": money(price), "value": money(worth), "saving": money(worth - price)}
        if self._later[k] < 0:
            return Reason(key=f"{stem}_for_end", placeholders=found)
        later = {"later": self._starts[self._later[k]]}
        return Reason(key=f"{stem}_for_later", placeholders={**found, **later})

    def _weighed(self, k: int, kind: _Kind) -> Reason:
        """Word a step in which money alone does not decide."""
        key = _WEIGHED_KEYS.get(kind, "hold_weighed")
        paid, counts = self._prices(k, sells=key in ("sell_weighed", "store_weighed"))
        takes = key in ("charge_weighed", "store_weighed")
        value = (self._bought_worth if takes else self._given_worth)[k]
        found = {"price": paid, "weighed": counts, "value": value}
        return Reason(key=key, placeholders={name: money(one) for name, one in found.items()})


def _kinds(masks: _Masks, flow: BatteryFlow, tariff: Tariff) -> list[int]:
    """Say what each step does. What is told a power may still only store surplus, or cover the home."""
    charges, discharges = flow.power_kw < -IDLE_KW, flow.power_kw > IDLE_KW
    draws, gives = tariff.import_kw > IDLE_KW, tariff.export_kw > IDLE_KW
    choice = {
        _Kind.BUY: masks.charge & draws,
        _Kind.SELL: masks.discharge & gives,
        _Kind.COVER: masks.discharge | (masks.automatic & discharges),
        _Kind.STORE: masks.charge | (masks.automatic & charges),
        _Kind.FOLLOW: masks.automatic,
        _Kind.HOLD_AND_STORE: charges,
    }
    kinds: list[int] = np.select(list(choice.values()), list(choice), default=_Kind.HOLD).tolist()
    return kinds
