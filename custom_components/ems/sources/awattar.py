"""Day-ahead prices of Austria and Germany from aWATTar: free, without a key.

The API's page: https://www.awattar.at/services/api. Prices are of the exchange, without taxes and fees;
tomorrow's come at about 14:00 local time, and until then are simply not in the answer. Rows say how long they
are, so hours and quarter-hours are read alike.
"""

import asyncio
import math
from typing import Any

from aiohttp import ClientSession

from .errors import SourceCurrencyError, SourceResponseError
from .http import Patience, Sleep, async_get_json
from .market import MarketPrices, Row, number_of, series_of

BASE_URLS = {"at": "https://api.awattar.at", "de": "https://api.awattar.de"}
PATH = "/v1/marketdata"
CURRENCY = "EUR"
PER_ENERGY = "/mwh"


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
    priced = [row for row in parsed if row is not None]
    asked_for = (row for row in priced if row.end_s > start_s and row.start_s < end_s)
    return series_of(asked_for, CURRENCY, len(parsed) - len(priced))


def _row(row: Any) -> Row | None:
    """Return one row in seconds and per MWh, None if it has no price."""
    if not isinstance(row, dict):
        raise SourceResponseError(f"market data: {row!r} is no row")
    start, end = number_of(row.get("start_timestamp")), number_of(row.get("end_timestamp"))
    if start is None or end is None or end <= start:
        raise SourceResponseError(f"market data: {row!r} has no interval")
    _check_unit(row.get("unit"))
    if (price := row.get("marketprice")) is None:
        return None
    if (per_mwh := number_of(price)) is None:
        raise SourceResponseError(f"market data: {price!r} is no price")
    return Row(start / 1000, end / 1000, per_mwh)


def _check_unit(unit: Any) -> None:
    """Refuse what is not Eur/MWh: per kWh it would be a thousandfold, in crowns a tenfold."""
    text = str(unit or "").replace(" ", "").casefold()
    money = text.removesuffix(PER_ENERGY)
    if money == text or not money:
        raise SourceResponseError(f"market data: unit {unit!r} instead of Eur/MWh")
    if money != CURRENCY.casefold():
        raise SourceCurrencyError(CURRENCY, money.upper())
