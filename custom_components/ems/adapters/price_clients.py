"""Market prices from outside: which client a stored tariff needs, and what its failures mean to a home."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
import numpy as np

from ..const import (
    CONF_BASE_URL,
    CONF_COUNTRY,
    CONF_ZONE,
    TARIFF_AWATTAR,
    TARIFF_ENERGY_CHARTS,
    TARIFF_ENTSOE,
)
from ..engine.tariff import PublishedPrices
from ..sources.awattar import AwattarClient
from ..sources.energy_charts import EnergyChartsClient
from ..sources.entsoe import EntsoeClient
from ..sources.errors import (
    SourceAuthError,
    SourceConnectionError,
    SourceCurrencyError,
    SourceError,
    SourceRateLimitError,
    SourceZoneError,
)
from ..sources.market import PriceClient
from .price_problem import PriceProblemError

MARKET_KINDS: Final = (TARIFF_AWATTAR, TARIFF_ENERGY_CHARTS, TARIFF_ENTSOE)
# These publish in euro alone, whatever people pay in there.
EURO_ONLY: Final = (TARIFF_AWATTAR, TARIFF_ENERGY_CHARTS)


def price_client(hass: HomeAssistant, tariff: Mapping[str, Any]) -> PriceClient:
    """Return the client of a tariff of market prices; raises `PriceProblemError` where it cannot serve this home."""
    session, base_url, currency = (
        async_get_clientsession(hass),
        tariff.get(CONF_BASE_URL),
        hass.config.currency,
    )
    # The set-up has asked, but currencies change. A demo home's market counts in whatever the home counts in.
    if base_url is None and tariff["kind"] in EURO_ONLY and currency != "EUR":
        raise PriceProblemError("currency_not_eur", currency=currency)
    if tariff["kind"] == TARIFF_AWATTAR:
        return AwattarClient(session, country=tariff[CONF_COUNTRY], base_url=base_url)
    if tariff["kind"] == TARIFF_ENERGY_CHARTS:
        return EnergyChartsClient(session, zone=tariff[CONF_ZONE], base_url=base_url)
    return EntsoeClient(
        session, zone=tariff[CONF_ZONE], token=tariff[CONF_TOKEN], currency=currency, base_url=base_url
    )


async def async_ask(
    hass: HomeAssistant, tariff: Mapping[str, Any], start_s: float, end_s: float
) -> PublishedPrices:
    """Return what a market publishes of a span of time; raises `PriceProblemError`."""
    try:
        found = await price_client(hass, tariff).async_get_prices(start_s, end_s)
    except SourceError as err:
        raise _problem(err) from err
    return PublishedPrices(
        starts_s=np.array(found.starts_s),
        ends_s=np.array(found.ends_s),
        price_per_kwh=np.array(found.price_per_kwh),
    )


def _problem(err: SourceError) -> PriceProblemError:
    """Return a client's failure in the home's words."""
    match err:
        case SourceRateLimitError():
            return PriceProblemError("prices_rate_limited", err.retry_after_s)
        case SourceAuthError():
            return PriceProblemError("prices_token_refused")
        case SourceZoneError():
            return PriceProblemError("prices_other_zone", asked=err.asked, found=err.found)
        case SourceCurrencyError():
            return PriceProblemError("prices_other_currency", found=err.found, currency=err.wanted)
        case SourceConnectionError():
            return PriceProblemError("prices_unreachable", detail=str(err))
        case _:
            return PriceProblemError("prices_unusable", detail=str(err))
