"""Published prices of a price entity, and how what comes fresh joins what was known."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CONF_ENTITY, CONF_PRICE_UNIT
from ..engine.steps import Bools, Floats
from ..engine.tariff import PublishedPrices
from .price_actions import async_ask_action, has_price_action
from .price_problem import PriceProblemError
from .price_series import ParsedPrices, parse_price_series
from .price_unit import PriceSeriesError

__all__ = ["PriceProblemError", "async_read_entity", "contradicts", "joined"]

# Half the hours that both know differ by more than a hundredth of the dearest: not the same market.
CONTRADICTS_SHARE = 0.5
CONTRADICTS_OF_DEAREST = 0.01


async def async_read_entity(hass: HomeAssistant, tariff: Mapping[str, Any]) -> ParsedPrices:
    """Return the prices of a price entity, in the site's currency per kWh: its own, or its integration's answer."""
    entity_id: str = tariff[CONF_ENTITY]
    state = hass.states.get(entity_id)
    if state is None or state.state == "unavailable":
        raise PriceProblemError("price_entity_unavailable", entity=entity_id)
    unit = state.attributes.get("unit_of_measurement") or tariff.get(CONF_PRICE_UNIT)
    try:
        return _parsed(hass, state.attributes, unit)
    except PriceSeriesError as err:
        if err.key != "price_rows_missing" or not has_price_action(hass, entity_id):
            raise PriceProblemError(err.key, **{"entity": entity_id, **err.placeholders}) from err
    answer, unit = await async_ask_action(hass, state)
    try:
        return _parsed(hass, answer, unit)
    except PriceSeriesError as err:
        raise PriceProblemError(err.key, **{"entity": entity_id, **err.placeholders}) from err


def _parsed(hass: HomeAssistant, rows: Mapping[str, Any], unit: str | None) -> ParsedPrices:
    zone = dt_util.get_default_time_zone()
    return parse_price_series(rows, unit=unit, currency=hass.config.currency, zone=zone)


def joined(known: PublishedPrices | None, fresh: PublishedPrices, oldest_s: float) -> PublishedPrices:
    """Return both as one series from `oldest_s` on: the fresh wins where they meet, the rest of the known stays.

    Where that says nothing new it is the very same object, so that whoever compares sees it.
    """
    if known is None or len(fresh.starts_s) == 0:
        return known or fresh
    if _only_repeats(known, fresh):
        return known
    kept = ~_met(known, fresh) & (known.starts_s >= oldest_s)
    starts = np.concatenate([known.starts_s[kept], fresh.starts_s])
    order = np.argsort(starts)
    return PublishedPrices(
        starts_s=starts[order],
        ends_s=np.concatenate([known.ends_s[kept], fresh.ends_s])[order],
        price_per_kwh=np.concatenate([known.price_per_kwh[kept], fresh.price_per_kwh])[order],
    )


def contradicts(known: PublishedPrices, fresh: PublishedPrices) -> bool:
    """Tell whether an answer says other prices for hours that were published already: it is of another place.

    An auction's result is final. What an entity predicts is not, so this is asked of markets only.
    """
    at = np.searchsorted(known.starts_s, fresh.starts_s)
    same = at < len(known.starts_s)
    same[same] = known.starts_s[at[same]] == fresh.starts_s[same]
    same[same] = known.ends_s[at[same]] == fresh.ends_s[same]
    if not same.any():
        return False
    before, after = known.price_per_kwh[at[same]], fresh.price_per_kwh[same]
    differ = np.abs(before - after) > CONTRADICTS_OF_DEAREST * np.abs(before).max()
    return bool(differ.mean() > CONTRADICTS_SHARE)


def _met(known: PublishedPrices, fresh: PublishedPrices) -> Bools:
    """Return which known intervals share time with a fresh one."""
    first = np.searchsorted(fresh.ends_s, known.starts_s, side="right")
    begins: Floats = np.append(fresh.starts_s, np.inf)[first]
    return begins < known.ends_s


def _only_repeats(known: PublishedPrices, fresh: PublishedPrices) -> bool:
    """Tell whether every fresh interval is known already, to the digit."""
    at = np.minimum(np.searchsorted(known.starts_s, fresh.starts_s), len(known.starts_s) - 1)
    return len(known.starts_s) > 0 and all(
        np.array_equal(ours[at], theirs)
        for ours, theirs in (
            (known.starts_s, fresh.starts_s),
            (known.ends_s, fresh.ends_s),
            (known.price_per_kwh, fresh.price_per_kwh),
        )
    )
