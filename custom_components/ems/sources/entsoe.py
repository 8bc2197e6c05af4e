"""Day-ahead prices of every European bidding zone from the ENTSO-E Transparency Platform; needs a token.

The API's page: https://transparencyplatform.zendesk.com (REST API, 12.1.D "Energy Prices", document type A44).
The standard behind it is IEC 62325-351: points are numbered from 1 within a period. By curve type A03
("variable sized block") a position that is left out repeats the price before it, up to the end of the period;
by A01 ("sequential fixed size block") it is simply missing.

Two auctions are published for Austria and Germany: sequence 1 is the coupled one that suppliers bill by,
sequence 2 the earlier and smaller one of EXAA. In the overlap sample of our tests the quarter-hours of sequence 2
differ from the hours of sequence 1 by 12.6 EUR/MWh on the mean and 95 at most, so they are no finer view of the
same prices: the lowest sequence of a document counts alone. Within it, quarter-hours count before hours.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import math
import re
from typing import Final
from xml.etree.ElementTree import Element

from aiohttp import ClientSession

from .errors import SourceCurrencyError, SourceResponseError, SourceZoneError
from .http import Patience, Sleep, async_get
from .market import MarketPrices, Row, series_of
from .xml import parse_xml

BASE_URL = "https://web-api.tp.entsoe.eu"
PATH = "/api"
PRICES, ACKNOWLEDGEMENT = "Publication_MarketDocument", "Acknowledgement_MarketDocument"
NOTHING_FOUND = "no matching data"
VARIABLE_BLOCKS = "A03"
PERIOD_MAX = timedelta(days=400)  # the service answers a year at most
# Energy identification codes of the bidding zones that have an auction.
ZONES: Final = {
    "AT": "10YAT-APG------L",
    "BE": "10YBE----------2",
    "BG": "10YCA-BULGARIA-R",
    "CH": "10YCH-SWISSGRIDZ",
    "CZ": "10YCZ-CEPS-----N",
    "DE-LU": "10Y1001A1001A82H",
    "DK1": "10YDK-1--------W",
    "DK2": "10YDK-2--------M",
    "EE": "10Y1001A1001A39I",
    "ES": "10YES-REE------0",
    "FI": "10YFI-1--------U",
    "FR": "10YFR-RTE------C",
    "GR": "10YGR-HTSO-----Y",
    "HR": "10YHR-HEP------M",
    "HU": "10YHU-MAVIR----U",
    "IE-SEM": "10Y1001A1001A59C",
    "IT-Calabria": "10Y1001C--00096J",
    "IT-Centre-North": "10Y1001A1001A70O",
    "IT-Centre-South": "10Y1001A1001A71M",
    "IT-North": "10Y1001A1001A73I",
    "IT-Sardinia": "10Y1001A1001A74G",
    "IT-Sicily": "10Y1001A1001A75E",
    "IT-South": "10Y1001A1001A788",
    "LT": "10YLT-1001A0008Q",
    "LV": "10YLV-1001A00074",
    "ME": "10YCS-CG-TSO---S",
    "MK": "10YMK-MEPSO----8",
    "NL": "10YNL----------L",
    "NO1": "10YNO-1--------2",
    "NO2": "10YNO-2--------T",
    "NO3": "10YNO-3--------J",
    "NO4": "10YNO-4--------9",
    "NO5": "10Y1001A1001A48H",
    "PL": "10YPL-AREA-----S",
    "PT": "10YPT-REN------W",
    "RO": "10YRO-TEL------P",
    "RS": "10YCS-SERBIATSOV",
    "SE1": "10Y1001A1001A44P",
    "SE2": "10Y1001A1001A45N",
    "SE3": "10Y1001A1001A46L",
    "SE4": "10Y1001A1001A47J",
    "SI": "10YSI-ELES-----O",
    "SK": "10YSK-SEPS-----K",
}


class EntsoeClient:
    """Asks the Transparency Platform, or a server that answers in its shape."""

    def __init__(
        self,
        session: ClientSession,
        *,
        zone: str,
        token: str,
        currency: str = "EUR",
        base_url: str | None = None,
        patience: Patience | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Prepare to ask; where a zone publishes in two currencies, `currency` is the one to take."""
        self._session = session
        self._zone, self._token, self._currency = ZONES[zone], token, currency
        self._url = (base_url or BASE_URL).rstrip("/") + PATH
        self._patience = patience
        self._sleep = sleep

    async def async_get_prices(self, start_s: float, end_s: float) -> MarketPrices:
        """Return the prices of a span of time as far as they are published."""
        params = {
            "securityToken": self._token,
            "documentType": "A44",
            "contract_MarketAgreement.type": "A01",
            "in_Domain": self._zone,
            "out_Domain": self._zone,
            "periodStart": _asked(start_s),
            "periodEnd": _asked(end_s),
        }
        try:
            body = await async_get(self._session, self._url, params, self._patience, self._sleep)
        except SourceResponseError as err:
            body = _explained(err)
        return parse_document(body, zone=self._zone, currency=self._currency)


def _asked(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y%m%d%H%M")


def _explained(refused: SourceResponseError) -> bytes:
    """Return the body of a refusal where it is a document of the service's, which says why in words."""
    if ACKNOWLEDGEMENT.encode() not in refused.body:
        raise refused
    return refused.body


def parse_document(body: bytes, *, zone: str | None = None, currency: str = "EUR") -> MarketPrices:
    """Return the prices in a document; raises `SourceResponseError` if it holds none for this zone and currency."""
    root = parse_xml(body)
    if root.tag == ACKNOWLEDGEMENT:
        return _acknowledged(root, currency)
    if root.tag != PRICES:
        raise SourceResponseError(f"prices: the answer is a {root.tag}")
    every = root.findall("TimeSeries")
    for series in every:
        _check_zone(series, zone)
    chosen = _coupled(_in_currency(every, currency))
    rows, dropped = [], 0
    for series in chosen:
        for period in series.findall("Period"):
            found, beyond = _period(period, repeats=_text(series, "curveType", "A03") == VARIABLE_BLOCKS)
            rows += found
            dropped += beyond
    return series_of(rows, currency, dropped)


def _acknowledged(root: Element, currency: str) -> MarketPrices:
    """Return an empty series where nothing is published yet; every other acknowledgement is a refusal."""
    why = " ".join(_text(reason, "text", "") for reason in root.findall("Reason"))
    if NOTHING_FOUND in why.casefold():
        return series_of((), currency)
    raise SourceResponseError(f"refused: {why[:200] or 'no reason given'}")


def _text(parent: Element, name: str, default: str | None = None) -> str:
    text = (parent.findtext(name) or "").strip() or default
    if text is None:
        raise SourceResponseError(f"prices: {parent.tag} without {name}")
    return text


def _check_zone(series: Element, zone: str | None) -> None:
    found = _text(series, "in_Domain.mRID", zone)
    if zone is not None and found != zone:
        raise SourceZoneError(zone, found)


def _in_currency(every: list[Element], currency: str) -> list[Element]:
    """Return the series in the home's currency, per MWh."""
    units = {_text(series, "price_Measure_Unit.name").upper() for series in every}
    if units - {"MWH"}:
        raise SourceResponseError(f"prices: per {', '.join(sorted(units))} instead of per MWH")
    chosen = [series for series in every if _text(series, "currency_Unit.name").upper() == currency]
    if every and not chosen:
        raise SourceCurrencyError(currency, _text(every[0], "currency_Unit.name"))
    return chosen


def _coupled(every: list[Element]) -> list[Element]:
    """Return the series of the lowest sequence: of two auctions, the one that suppliers bill by."""
    sequence = [
        _text(series, "classificationSequence_AttributeInstanceComponent.position", "1") for series in every
    ]
    numbers = [int(text) if text.isdecimal() else 1 for text in sequence]
    return [series for series, number in zip(every, numbers, strict=True) if number == min(numbers)]


def _period(period: Element, *, repeats: bool) -> tuple[list[Row], int]:
    """Return the rows of a period, and how many points lay beyond its end."""
    start_s, end_s = (_instant(period, f"timeInterval/{name}") for name in ("start", "end"))
    width_s = _width_s(_text(period, "resolution"))
    count = round((end_s - start_s) / width_s)
    if not 0 < end_s - start_s <= PERIOD_MAX.total_seconds() or not math.isclose(
        count * width_s, end_s - start_s
    ):
        raise SourceResponseError("prices: a period that its resolution does not divide")
    points = dict(_point(point) for point in period.findall("Point"))
    prices = list(_each(points, count, repeats=repeats))
    rows = [
        Row(start_s + i * width_s, start_s + (i + 1) * width_s, price)
        for i, price in enumerate(prices)
        if price is not None
    ]
    return rows, sum(position > count for position in points)


def _each(points: dict[int, float], count: int, *, repeats: bool) -> Iterator[float | None]:
    """Yield the price of each position; left out, it is the one before it, or by curve type A01 none."""
    last = None
    for position in range(1, count + 1):
        last = points.get(position, last if repeats else None)
        yield last


def _instant(period: Element, path: str) -> float:
    text = _text(period, path)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as err:
        raise SourceResponseError(f"prices: {text!r} is no instant") from err
    if instant.tzinfo is None:
        raise SourceResponseError(f"prices: {text!r} does not say in which zone")
    return instant.timestamp()


def _width_s(resolution: str) -> float:
    if not (found := re.fullmatch(r"PT(\d{1,2})([HM])", resolution)) or int(found[1]) == 0:
        raise SourceResponseError(f"prices: resolution {resolution!r}")
    return int(found[1]) * (3600.0 if found[2] == "H" else 60.0)


def _point(point: Element) -> tuple[int, float]:
    position, price = _text(point, "position"), _text(point, "price.amount")
    try:
        number, amount = int(position), float(price)
    except ValueError as err:
        raise SourceResponseError(f"prices: point {position!r} with price {price!r}") from err
    if number < 1 or not math.isfinite(amount):
        raise SourceResponseError(f"prices: point {position!r} with price {price!r}")
    return number, amount
