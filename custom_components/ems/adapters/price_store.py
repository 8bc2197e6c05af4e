"""Prices survive a restart: what was published is written down with when it came, and for what source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.core import HomeAssistant, callback

from ..const import CONF_BASE_URL, CONF_COUNTRY, CONF_ENTITY, CONF_PRICE_UNIT, CONF_ZONE
from ..engine.tariff import PublishedPrices
from ..store import SiteStore

PRICES = "prices"
# Prices of another source, zone or currency are not the last good ones of this.
SOURCE_KEYS = ("kind", CONF_ENTITY, CONF_PRICE_UNIT, CONF_COUNTRY, CONF_ZONE, CONF_BASE_URL)


@dataclass(frozen=True, kw_only=True, eq=False)
class KnownPrices:
    """The last good series, and when it was confirmed. [s since epoch, UTC]."""

    prices: PublishedPrices
    fetched_at_s: float


def source_of(tariff: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return what makes two tariffs stand on the same prices. A token is none of it."""
    return {key: str(tariff[key]) for key in SOURCE_KEYS if key in tariff} | {"currency": currency}


class PriceStore:
    """A file of its own beside the site's: prices are many numbers, and written seldom."""

    def __init__(self, hass: HomeAssistant, entry_id: str, name: str = PRICES) -> None:
        """Name the file."""
        self._store = SiteStore(hass, f"{entry_id}.{name}")

    async def async_load(self, source: Mapping[str, str]) -> KnownPrices | None:
        """Return what the last run knew of this source; None where it was another, or the file is of no use."""
        await self._store.async_load()
        stored = self._store.data.get(PRICES)
        if not isinstance(stored, dict) or stored.get("source") != source:
            return None
        try:
            prices = PublishedPrices(
                starts_s=stored["starts_s"],
                ends_s=stored["ends_s"],
                price_per_kwh=stored["price_per_kwh"],
            )
            return KnownPrices(prices=prices, fetched_at_s=float(stored["fetched_at_s"]))
        except KeyError, TypeError, ValueError:  # a `TariffError` is a ValueError
            return None  # written by hand, or by another version: it costs one question to the service

    @callback
    def put(self, source: Mapping[str, str], known: KnownPrices) -> None:
        """Remember; it is written a little later."""
        self._store.put(
            PRICES,
            {
                "source": dict(source),
                "fetched_at_s": known.fetched_at_s,
                "starts_s": known.prices.starts_s.tolist(),
                "ends_s": known.prices.ends_s.tolist(),
                "price_per_kwh": known.prices.price_per_kwh.tolist(),
            },
        )

    async def async_flush(self) -> None:
        """Write now what there is to write."""
        if self._store.data:
            await self._store.async_flush()

    async def async_remove(self) -> None:
        """Delete the file with the site."""
        await self._store.async_remove()
