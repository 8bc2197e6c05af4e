"""Day-ahead prices of nearly every European bidding zone from Energy-Charts (Fraunhofer ISE): free, without a key.

The API's page: https://api.energy-charts.info. It answers two columns, instants and prices, always in EUR/MWh,
whatever people pay in there. How long an interval is follows from the next one, so the change from hours to
quarter-hours needs no care. Data of AT, BE, CH, CZ, DE-LU, DK1, DK2, FR, HU, IT-North, NL, NO2, PL, SE4 and SI
are CC BY 4.0 (Bundesnetzagentur, SMARD.de); those of other zones are for private use only.
"""

import asyncio
from itertools import pairwise
from typing import Any

from aiohttp import ClientSession

from .errors import SourceCurrencyError, SourceResponseError
from .http import Patience, Sleep, async_get_json
from .market import HOUR_S, MarketPrices, Row, number_of, series_of

BASE_URL = "https://api.energy-charts.info"
PATH = "/price"
CURRENCY = "EUR"
ZONES = (
    *("AT", "BE", "BG", "CH", "CZ", "DE-LU", "DK1", "DK2", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *(
        "IT-Calabria",
        "IT-Centre-North",
        "IT-Centre-South",
        "IT-North",
        "IT-Sardinia",
        "IT-Sicily",
        "IT-South",
    ),
    *("LT", "LV", "ME", "NL", "NO1", "NO2", "NO3", "NO4", "NO5", "PL", "PT", "RO", "RS"),
    *("SE1", "SE2", "SE3", "SE4", "SI", "SK"),
)


class EnergyChartsClient:
    """Asks Energy-Charts, or a server that answers in its shape."""

    def __init__(
        self,
        session: ClientSession,
        *,
        zone: str,
        base_url: str | None = None,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare to ask."""
        self._session = session
        self._zone = zone
        self._url = (base_url or BASE_URL).rstrip("/") + PATH
        self._patience = patience
        self._sleep = sleep

    async def async_get_prices(self, start_s: float, end_s: float) -> MarketPrices:
        """Return the prices of a span of time as far as they are published."""
        params = {"bzn": self._zone, "start": str(round(start_s)), "end": str(round(end_s))}
        answer = await async_get_json(self._session, self._url, params, self._patience, self._sleep)
        return parse_columns(answer)


def parse_columns(answer: Any) -> MarketPrices:
    """Return the prices in an answer; raise `SourceResponseError` if it is none."""
    if not isinstance(answer, dict):
        raise SourceResponseError("prices: the answer is no object")
    starts, prices = answer.get("unix_seconds"), answer.get("price")
    if not isinstance(starts, list) or not isinstance(prices, list):
        raise SourceResponseError("prices: no columns unix_seconds and price")
    if len(starts) != len(prices):
        raise SourceResponseError(f"prices: {len(starts)} instants, {len(prices)} prices")
    if starts:
        _check_unit(answer.get("unit"))
    instants = [_instant(start) for start in starts]
    rows = [
        Row(start, end, price)
        for start, end, value in zip(instants, _ends(instants), prices, strict=True)
        if (price := _price(value)) is not None
    ]
    return series_of(rows, CURRENCY, len(starts) - len(rows))


def _instant(value: Any) -> float:
    if (instant := number_of(value)) is None:
        raise SourceResponseError(f"prices: {value!r} is no instant")
    return instant


def _price(value: Any) -> float | None:
    """Return a price; None where the service has none yet."""
    if value is not None and number_of(value) is None:
        raise SourceResponseError(f"prices: {value!r} is no price")
    return number_of(value)


def _ends(starts: list[float]) -> list[float]:
    """Return where intervals end: where the next begins, at most an hour on; the last is as long as the one before."""
    gaps = [after - before for before, after in pairwise(starts)]
    if any(gap <= 0 for gap in gaps):
        raise SourceResponseError("prices: instants are not in order")
    widths = [min(gap, HOUR_S) for gap in gaps]
    return [
        start + width for start, width in zip(starts, [*widths, *(widths[-1:] or [HOUR_S])], strict=False)
    ]


def _check_unit(unit: Any) -> None:
    money, _, energy = str(unit or "").replace(" ", "").casefold().partition("/")
    if energy != "mwh" or not money:
        raise SourceResponseError(f"prices: unit {unit!r} instead of EUR / MWh")
    if money != CURRENCY.casefold():
        raise SourceCurrencyError(CURRENCY, money.upper())
