"""Published prices: from an entity's attributes, or from aWATTar. Checked and converted before anyone sees them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
import numpy as np

from ..const import CONF_BASE_URL, CONF_COUNTRY, CONF_ENTITY, TARIFF_AWATTAR, TARIFF_ENTITY
from ..engine.tariff import PublishedPrices
from ..sources.awattar import AwattarClient
from ..sources.errors import SourceError
from .price_series import ParsedPrices, parse_price_series
from .price_unit import PriceSeriesError

# Two weeks of the past make the estimate for the hours that are not published yet.
PAST = timedelta(days=14)
FUTURE = timedelta(days=2)


class PriceProblemError(Exception):
    """Prices that cannot be used. `key` names the message, `placeholders` fill it."""

    def __init__(self, key: str, **placeholders: str | float) -> None:
        """Keep the reason as data."""
        super().__init__(f"{key}: {placeholders}")
        self.key = key
        self.placeholders: Mapping[str, str | float] = placeholders


def read_price_entity(hass: HomeAssistant, entity_id: str) -> ParsedPrices:
    """Return the prices that an entity carries, in the site's currency per kWh."""
    state = hass.states.get(entity_id)
    if state is None or state.state == "unavailable":
        raise PriceProblemError("price_entity_unavailable", entity=entity_id)
    try:
        return parse_price_series(
            state.attributes,
            unit=state.attributes.get("unit_of_measurement"),
            currency=hass.config.currency,
            zone=dt_util.get_default_time_zone(),
        )
    except PriceSeriesError as err:
        raise PriceProblemError(err.key, **{"entity": entity_id, **err.placeholders}) from err


async def async_fetch_prices(
    hass: HomeAssistant, tariff: Mapping[str, Any], known: PublishedPrices | None
) -> PublishedPrices | None:
    """Return the published prices that a tariff stands on, None where it needs none. What was known is kept."""
    if tariff["kind"] == TARIFF_ENTITY:
        parsed = read_price_entity(hass, tariff[CONF_ENTITY])
        fresh = PublishedPrices(
            starts_s=parsed.starts_s, ends_s=parsed.ends_s, price_per_kwh=parsed.price_per_kwh
        )
        return joined(known, fresh)
    if tariff["kind"] == TARIFF_AWATTAR:
        return joined(known, await _async_awattar(hass, tariff, known))
    return None


async def _async_awattar(
    hass: HomeAssistant, tariff: Mapping[str, Any], known: PublishedPrices | None
) -> PublishedPrices:
    """Ask for two weeks back the first time, and from then on only for what can be new."""
    # The set-up has asked, but currencies change. A demo home's market counts in whatever the home counts in.
    if CONF_BASE_URL not in tariff and hass.config.currency != "EUR":
        raise PriceProblemError("currency_not_eur", currency=hass.config.currency)
    now = dt_util.utcnow()
    since = now - PAST if known is None else dt_util.start_of_local_day()
    client = AwattarClient(
        async_get_clientsession(hass), country=tariff[CONF_COUNTRY], base_url=tariff.get(CONF_BASE_URL)
    )
    try:
        found = await client.async_get_prices(since.timestamp(), (now + FUTURE).timestamp())
    except SourceError as err:
        raise PriceProblemError("prices_unreachable", detail=str(err)) from err
    return PublishedPrices(
        starts_s=np.array(found.starts_s),
        ends_s=np.array(found.ends_s),
        price_per_kwh=np.array(found.price_per_kwh),
    )


def joined(known: PublishedPrices | None, fresh: PublishedPrices) -> PublishedPrices:
    """Return both as one series, the fresh winning where they meet, the past cut to two weeks."""
    if known is None or len(fresh.starts_s) == 0:
        return known or fresh
    if _same_tail(known, fresh):
        return known  # the very same object: whoever compares sees that nothing is new
    oldest = dt_util.utcnow().timestamp() - PAST.total_seconds()
    kept = (known.ends_s <= fresh.starts_s[0]) & (known.starts_s >= oldest)
    return PublishedPrices(
        starts_s=np.concatenate([known.starts_s[kept], fresh.starts_s]),
        ends_s=np.concatenate([known.ends_s[kept], fresh.ends_s]),
        price_per_kwh=np.concatenate([known.price_per_kwh[kept], fresh.price_per_kwh]),
    )


def _same_tail(known: PublishedPrices, fresh: PublishedPrices) -> bool:
    """Tell whether the fresh prices only repeat the end of the known ones."""
    n = len(fresh.starts_s)
    return (
        len(known.starts_s) >= n
        and np.array_equal(known.starts_s[-n:], fresh.starts_s)
        and np.array_equal(known.price_per_kwh[-n:], fresh.price_per_kwh)
    )
