"""What to tell a battery, by what a stored kWh is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...site import Battery
from ...steps import Bools, Floats
from ..components.battery import asked_reserve_kwh
from ..result import Mode, Reason
from ..store_value import StoreValue
from .common import IDLE_KW, READABLE, VALUE_TOLERANCE, Orders, Tariff, monies, peak_of_next_run


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


_KINDS: Final = tuple(_Kind)
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
# By kind: whether it is compared with what feeding in earns, and whether energy goes into the battery.
_SELLS: Final = np.array([kind in (_Kind.SELL, _Kind.STORE, _Kind.HOLD_AND_STORE) for kind in _Kind])
_TAKES: Final = np.array([kind in (_Kind.BUY, _Kind.STORE, _Kind.HOLD_AND_STORE) for kind in _Kind])
_WEIGHED_KEYS: Final = {
    _Kind.BUY: "charge_weighed",
    _Kind.SELL: "sell_weighed",
    _Kind.COVER: "cover_weighed",
    _Kind.STORE: "store_weighed",
    _Kind.FOLLOW: "follow_weighed",
    _Kind.HOLD: "hold_weighed",
}


class _Words:
    """Words each step of one battery.

    Prices and values are per kWh at the battery's terminal, so that people can compare them.
    """

    def __init__(self, spec: Battery, flow: BatteryFlow, tariff: Tariff, masks: _Masks) -> None:
        kinds = _kinds(masks, flow, tariff)
        self._kinds = [_KINDS[kind] for kind in kinds.tolist()]
        self._later = peak_of_next_run(flow.power_kw > IDLE_KW, tariff.import_price).tolist()
        self._starts = tariff.instants()
        bought = flow.value.import_side * flow.stored_per_kwh
        given = _given_worth(spec, flow) / spec.discharge_efficiency + spec.wear_per_kwh
        worth, sells = np.where(_TAKES[kinds], bought, given), _SELLS[kinds]
        paid = np.where(sells, tariff.export_price, tariff.import_price)
        counts = np.where(sells, tariff.weighed.export_price, tariff.weighed.import_price)
        asked, now = asked_reserve_kwh(spec), flow.energy_kwh[:-1]
        self._is_low = (now < flow.floor_kwh - IDLE_KW).tolist()
        self._is_kept = ((now <= asked + IDLE_KW) & (asked > 0)).tolist()
        self._is_wish = (worth > tariff.most_counted + READABLE).tolist()
        self._weighs = tariff.weighs(counts, paid, worth).tolist()
        self._is_even = (np.abs(counts - worth) <= READABLE).tolist()
        self._grid, self._paid, self._counts, self._worth, self._saving = (
            monies(series) for series in (tariff.import_price, paid, counts, worth, worth - paid)
        )

    def reasons(self) -> tuple[Reason, ...]:
        """Return one reason per step."""
        return tuple(self._of(k, kind) for k, kind in enumerate(self._kinds))

    def _of(self, k: int, kind: _Kind) -> Reason:
        price = {"price": self._grid[k]}
        if kind is _Kind.HOLD and self._is_kept[k]:
            return Reason(key="hold_reserve", placeholders=price)
        if kind is _Kind.BUY and self._is_low[k]:
            return Reason(key="charge_to_reserve", placeholders=price)
        if self._is_wish[k] and kind is _Kind.BUY:
            return Reason(key="charge_for_wish", placeholders=price)
        if self._is_wish[k] and kind is _Kind.HOLD:
            return Reason(key="hold_for_wish")
        found = {"price": self._paid[k], "value": self._worth[k]}
        if self._weighs[k] and kind in _WEIGHED_KEYS:
            return Reason(key=_WEIGHED_KEYS[kind], placeholders={**found, "weighed": self._counts[k]})
        if self._is_even[k] and kind in _EVEN_KEYS:
            return Reason(key=_EVEN_KEYS[kind], placeholders=price)
        if kind in (_Kind.BUY, _Kind.HOLD):
            return self._compared("charge" if kind is _Kind.BUY else "hold", k, found)
        return Reason(key=_KEYS[kind], placeholders=found)

    def _compared(self, stem: str, k: int, found: Mapping[str, float]) -> Reason:
        told = {**found, "saving": self._saving[k]}
        if self._later[k] < 0:
            return Reason(key=f"{stem}_for_end", placeholders=told)
        return Reason(key=f"{stem}_for_later", placeholders={**told, "later": self._starts[self._later[k]]})


def _kinds(masks: _Masks, flow: BatteryFlow, tariff: Tariff) -> NDArray[np.intp]:
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
    return np.select(list(choice.values()), list(choice), default=_Kind.HOLD)
