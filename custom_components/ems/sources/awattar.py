"""Day-ahead prices of Austria and Germany from aWATTar: free, without a key, hourly.

The API's page: https://www.awattar.at/services/api. Prices are of the exchange, without taxes and fees;
tomorrow's come at about 14:00 local time, and until then are simply not in the answer.
"""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
import math
from typing import Any

from aiohttp import ClientSession

from .errors import SourceResponseError
from .http import Patience, Sleep, async_get_json

BASE_URLS = {"at": "https://api.awattar.at", "de": "https://api.awattar.de"}
PATH = "/v1/marketdata"
UNIT = "eur/mwh"
KWH_PER_MWH = 1000


@dataclass(frozen=True, kw_only=True)
class MarketPrices:
    """Prices as published, in order, without overlaps; gaps are possible.

    Attributes
    ----------
    starts_s, ends_s : Interval borders. [s since epoch, UTC]
    price_per_kwh : [currency/kWh]
    currency : ISO 4217.
    dropped : Rows without a price.
    """

    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    price_per_kwh: tuple[float, ...]
    currency: str
    dropped: int = 0


class AwattarClient:
    """Asks aWATTar, or a server that answers in its shape."""

    def __init__(
        self,
        session: ClientSession,
        *,
        country: str = "at",
        base_url: str | None = None,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare to ask."""
        self._session = session
        self._url = (base_url or BASE_URLS[country]).rstrip("/") + PATH
        self._patience = patience
        self._sleep = sleep

    async def async_get_prices(self, start_s: float, end_s: float) -> MarketPrices:
        """Return the prices of a span of time as far as they are published.

        Start and end are both asked for: with a start alone the service answers 24 hours, and the day of 25
        would lose its last.
        """
        params = {"start": str(round(start_s * 1000)), "end": str(round(end_s * 1000))}
        answer = await async_get_json(self._session, self._url, params, self._patience, self._sleep)
        return parse_market_data(answer, start_s, end_s)


def parse_market_data(answer: Any, start_s: float = -math.inf, end_s: float = math.inf) -> MarketPrices:
    """Return the prices in an answer that touch a span of time; raise `SourceResponseError` if it is none."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise SourceResponseError("market data: no list called data")
    parsed = [_row(row) for row in rows]
    priced = {row[0]: row for row in parsed if row[2] is not None and row[1] > start_s and row[0] < end_s}
    ordered = [priced[start] for start in sorted(priced)]
    if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
        raise SourceResponseError("market data: intervals overlap")
    return MarketPrices(
        starts_s=tuple(row[0] for row in ordered),
        ends_s=tuple(row[1] for row in ordered),
        price_per_kwh=tuple(row[2] / KWH_PER_MWH for row in ordered if row[2] is not None),
        currency="EUR",
        dropped=sum(row[2] is None for row in parsed),
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _row(row: Any) -> tuple[float, float, float | None]:
    """Return start and end in seconds, and the price per MWh if there is one."""
    if not isinstance(row, dict):
        raise SourceResponseError(f"market data: {row!r} is no row")
    start, end = _number(row.get("start_timestamp")), _number(row.get("end_timestamp"))
    if start is None or end is None or end <= start:
        raise SourceResponseError(f"market data: {row!r} has no interval")
    unit = str(row.get("unit", "")).replace(" ", "").casefold()
    if unit != UNIT:
        raise SourceResponseError(f"market data: unit {row.get('unit')!r} instead of Eur/MWh")
    price = row.get("marketprice")
    if price is not None and _number(price) is None:
        raise SourceResponseError(f"market data: {price!r} is no price")
    return start / 1000, end / 1000, _number(price)
