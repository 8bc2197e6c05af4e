"""The prices a tariff stands on: asked for when there can be news, kept when there are none, and said why."""

import asyncio
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import CONF_BASE_URL, CONF_ENTITY, TARIFF_ENTITY
from ..engine.tariff import PublishedPrices
from .price_actions import has_price_action
from .price_clients import MARKET_KINDS, async_ask
from .price_problem import PriceProblemError
from .price_store import KnownPrices, PriceStore, source_of
from .prices import async_read_entity, contradicts, joined

# Five weeks of the past make the estimate for the hours that are not published yet.
PAST: Final = timedelta(days=35)
FUTURE: Final = timedelta(days=2)
# The coupled auction is published at 12:57 of Central European time; some services take an hour more.
NEWS_FROM: Final = time(12, 45)
# A corrected price is rare, and worth four questions a day.
CONFIRM_EVERY_S: Final = 6 * 3600.0
# After a failure: a minute, then twice as long each time. The forecast's own rhythm does the rest.
RETRY_S, RETRY_MAX_S = 60.0, 900.0
PUT_EVERY_S: Final = 900.0
# A service that wants to be left alone and does not say how long.
QUIET_S, QUIET_MAX_S = 600.0, 6 * 3600.0
# What contradicts the published prices for a day is the truth by now: the source itself has changed.
CONTRADICTED_MAX_S: Final = 24 * 3600.0
# A local day of 23 to 25 hours is told apart from the market's by an hour at most.
DAY_SLACK_S: Final = 3600.0


class PriceFeed:
    """Knows one tariff's published prices. It outlives failures and restarts; a fixed tariff needs none."""

    def __init__(self, hass: HomeAssistant, entry_id: str, tariff: Mapping[str, Any]) -> None:
        """Remember whose prices."""
        self._hass, self._tariff = hass, tariff
        self._store = PriceStore(hass, entry_id)
        self._source = source_of(tariff, hass.config.currency)
        self._is_recalled = False
        self._known: KnownPrices | None = None
        self._lock = asyncio.Lock()
        self._failures = 0
        self._quiet_until_s = 0.0
        self._put_at_s = 0.0
        self._problem: PriceProblemError | None = None
        self._contradicted_since_s: float | None = None

    @property
    def prices(self) -> PublishedPrices | None:
        """Return the last good series; None where the tariff needs none, or none could be had yet."""
        return self._known.prices if self._known else None

    @property
    def age_s(self) -> float | None:
        """Return how long ago the series was last confirmed. [s]."""
        return None if self._known is None else max(_now_s() - self._known.fetched_at_s, 0.0)

    @property
    def retry_in_s(self) -> float | None:
        """Return after what time to ask again after a failure; None where there is no reason to. [s]."""
        if self._failures == 0 or self._tariff["kind"] not in MARKET_KINDS:
            return None  # an entity says by itself when it has news
        wait_s = min(RETRY_S * 2.0 ** min(self._failures - 1, 10), RETRY_MAX_S)
        return max(wait_s, self._quiet_until_s - _now_s())

    async def async_refresh(self) -> None:
        """Bring the series up to date; raises `PriceProblemError` where that fails, the last good one stays."""
        if self._tariff["kind"] not in (TARIFF_ENTITY, *MARKET_KINDS):
            return
        async with self._lock:  # the clock, a retry and an action may come at once: one question serves all
            await self._async_refresh()

    async def _async_refresh(self) -> None:
        await self._async_recall()
        if self._problem and _now_s() < self._quiet_until_s:
            raise self._problem
        if not self._is_due():
            return
        try:
            self._take(await self._async_fresh())
        except PriceProblemError as err:
            self._failed(err)
            raise
        self._failures, self._problem = 0, None

    async def async_flush(self) -> None:
        """Write down what is known."""
        self._put()
        await self._store.async_flush()

    async def _async_recall(self) -> None:
        """Read what the last run left, once."""
        if not self._is_recalled:
            self._is_recalled = True
            self._known = await self._store.async_load(self._source)

    def _is_due(self) -> bool:
        """Tell whether there can be news. Attributes and a demo home's market cost nobody anything."""
        if CONF_BASE_URL in self._tariff or (
            self._tariff["kind"] == TARIFF_ENTITY
            and not has_price_action(self._hass, self._tariff[CONF_ENTITY])
        ):
            return True
        if self._known is None or self._failures or _now_s() - self._known.fetched_at_s >= CONFIRM_EVERY_S:
            return True
        today = dt_util.start_of_local_day()
        is_auctioned = dt_util.now().time() >= NEWS_FROM
        wanted = dt_util.start_of_local_day(today + timedelta(days=2 if is_auctioned else 1, hours=12))
        ends_s = self._known.prices.ends_s
        return len(ends_s) == 0 or ends_s[-1] < wanted.timestamp() - DAY_SLACK_S

    async def _async_fresh(self) -> PublishedPrices:
        if self._tariff["kind"] == TARIFF_ENTITY:
            parsed = await async_read_entity(self._hass, self._tariff)
            return PublishedPrices(
                starts_s=parsed.starts_s, ends_s=parsed.ends_s, price_per_kwh=parsed.price_per_kwh
            )
        return await async_ask(
            self._hass, self._tariff, self._ask_from_s(), _now_s() + FUTURE.total_seconds()
        )

    def _ask_from_s(self) -> float:
        """Return from when on to ask: five weeks back the first time, then what can be new or was missed."""
        oldest_s = _now_s() - PAST.total_seconds()
        if self._known is None or len(self._known.prices.ends_s) == 0:
            return oldest_s
        today_s = dt_util.start_of_local_day().timestamp()
        return max(oldest_s, min(today_s, float(self._known.prices.ends_s[-1])))

    def _take(self, fresh: PublishedPrices) -> None:
        """Join an answer to what is known, unless it belies itself."""
        now_s = _now_s()
        if self._tariff["kind"] in MARKET_KINDS:
            self._check_market(fresh, now_s)
        prices = joined(self.prices, fresh, now_s - PAST.total_seconds())
        if fresh.ends_s[-1] <= now_s:
            # Yesterday's file, served as today's. It is true as far as it goes, so it stays as history.
            self._keep(prices, self._known.fetched_at_s if self._known else float(fresh.ends_s[-1]))
            until = dt_util.utc_from_timestamp(float(fresh.ends_s[-1])).isoformat()
            raise PriceProblemError("prices_stale", later=until)
        self._keep(prices, now_s)

    def _check_market(self, fresh: PublishedPrices, now_s: float) -> None:
        """Refuse an answer without a price, and one that takes back what was published."""
        if len(fresh.starts_s) == 0:
            raise PriceProblemError("prices_empty")
        if self._known is None or not contradicts(self._known.prices, fresh):
            self._contradicted_since_s = None
            return
        since_s = self._contradicted_since_s = self._contradicted_since_s or now_s
        if now_s - since_s < CONTRADICTED_MAX_S:
            raise PriceProblemError("prices_contradict")
        self._known = self._contradicted_since_s = None

    def _keep(self, prices: PublishedPrices, fetched_at_s: float) -> None:
        is_news = self._known is None or self._known.prices is not prices
        self._known = KnownPrices(prices=prices, fetched_at_s=fetched_at_s)
        # An auction is news once a day. An entity may change every minute, which no SD card likes to hear of.
        if (is_news and self._tariff["kind"] in MARKET_KINDS) or _now_s() - self._put_at_s >= PUT_EVERY_S:
            self._put()

    def _put(self) -> None:
        if self._known:
            self._put_at_s = _now_s()
            self._store.put(self._source, self._known)

    def _failed(self, err: PriceProblemError) -> None:
        self._failures, self._problem = self._failures + 1, err
        if err.key == "prices_rate_limited":
            guess_s = min(QUIET_S * 2.0 ** min(self._failures - 1, 10), QUIET_MAX_S)
            self._quiet_until_s = _now_s() + (guess_s if err.retry_after_s is None else err.retry_after_s)


def _now_s() -> float:
    return dt_util.utcnow().timestamp()
