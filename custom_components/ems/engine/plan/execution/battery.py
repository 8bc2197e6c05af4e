"""What to tell a battery, by what a stored kWh is worth."""

from dataclasses import dataclass

import numpy as np

from ...site import Battery
from ...steps import Bools, Floats
from ..components.battery import asked_reserve_kwh
from ..result import Mode, Reason
from ..store_value import StoreValue
from .common import IDLE_KW, VALUE_TOLERANCE, Orders, Tariff, money, peak_of_next_run


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
    return Orders(_modes(masks), _reasons(spec, flow, tariff, masks))


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


def _reasons(spec: Battery, flow: BatteryFlow, tariff: Tariff, masks: _Masks) -> tuple[Reason, ...]:
    """Word each step.

    Prices and values are per kWh at the battery's terminal, so that people can compare them.
    """
    charges, discharges = flow.power_kw < -IDLE_KW, flow.power_kw > IDLE_KW
    later = peak_of_next_run(discharges, tariff.import_price)
    at, starts = later.tolist(), tariff.instants()
    price, sold = tariff.import_price.tolist(), tariff.export_price.tolist()
    bought_worth = (flow.value.import_side * flow.stored_per_kwh).tolist()
    given_worth = (_given_worth(spec, flow) / spec.discharge_efficiency + spec.wear_per_kwh).tolist()
    low = (flow.energy_kwh[:-1] < flow.floor_kwh - IDLE_KW).tolist()
    kept = (flow.energy_kwh[:-1] <= asked_reserve_kwh(spec) + IDLE_KW).tolist()
    kinds = np.select(
        [
            masks.charge,
            masks.discharge,
            masks.automatic & discharges,
            masks.automatic & charges,
            masks.automatic,
            charges,
        ],
        [0, 1, 2, 3, 4, 5],
        default=6,
    )

    def bought(k: int) -> Reason:
        if low[k]:
            return Reason(key="charge_to_reserve", placeholders={"price": money(price[k])})
        return _compared("charge", price[k], bought_worth[k], bought_worth[k] - price[k], k)

    def _compared(stem: str, here: float, worth: float, gain: float, k: int) -> Reason:
        found = {"price": money(here), "value": money(worth), "saving": money(gain)}
        if at[k] < 0:
            return Reason(key=f"{stem}_for_end", placeholders=found)
        return Reason(key=f"{stem}_for_later", placeholders={**found, "later": starts[at[k]]})

    def worded(k: int, kind: int) -> Reason:
        if kind == 6 and kept[k] and asked_reserve_kwh(spec):
            return Reason(key="hold_reserve", placeholders={"price": money(price[k])})
        if tariff.is_weighed and not (kind == 0 and low[k]):
            return _weighed(tariff, k, kind, bought_worth[k], given_worth[k])
        if kind == 0:
            return bought(k)
        if kind == 6:
            return _compared("hold", price[k], given_worth[k], given_worth[k] - price[k], k)
        taken = {"price": money(sold[k] if kind in (1, 3, 5) else price[k])}
        worth = bought_worth[k] if kind in (3, 5) else given_worth[k]
        return Reason(key=_KEYS[kind], placeholders={**taken, "value": money(worth)})

    return tuple(worded(k, kind) for k, kind in enumerate(kinds.tolist()))


_KEYS = {1: "discharge_sell", 2: "cover_load", 3: "store_surplus", 4: "follow_load", 5: "hold_store_surplus"}
# What moves a battery's energy, and what keeps it: told with the weighed price beside the one that is paid.
_WEIGHED_KEYS = {2: "cover_weighed", 3: "store_weighed", 4: "follow_weighed"}


def _weighed(tariff: Tariff, k: int, kind: int, bought_worth: float, given_worth: float) -> Reason:
    """Word a step in which money alone does not decide."""
    key = _WEIGHED_KEYS.get(kind, "hold_weighed")
    if kind == 0:
        key = "charge_weighed" if tariff.import_kw[k] > IDLE_KW else "store_weighed"
    elif kind == 1:
        key = "sell_weighed" if tariff.export_kw[k] > IDLE_KW else "cover_weighed"
    sells, takes = key in ("sell_weighed", "store_weighed"), key in ("charge_weighed", "store_weighed")
    price = (tariff.export_price if sells else tariff.import_price)[k]
    counts = (tariff.weighed.export_price if sells else tariff.weighed.import_price)[k]
    value = bought_worth if takes else given_worth
    return Reason(
        key=key, placeholders={"price": money(price), "weighed": money(counts), "value": money(value)}
    )
