"""What every market client answers, and the one way that rows become a series.

Prices are of the exchange, without taxes and fees. Tomorrow's come in the early afternoon of the market's own
clock; until then they are simply not in the answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from .errors import SourceResponseError

KWH_PER_MWH = 1000.0
HOUR_S = 3600.0


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


class PriceClient(Protocol):
    """Somebody who publishes prices of one zone. Built with a session, asked for a span of time."""

    async def async_get_prices(self, start_s: float, end_s: float) -> MarketPrices:
        """Return what is published of a span of time. [s since epoch, UTC].

        Nothing published is an empty series; everything else that goes wrong is a `SourceError`.
        """


class Row(NamedTuple):
    """One price over one interval. [s since epoch, UTC], [currency/MWh]."""

    start_s: float
    end_s: float
    per_mwh: float


def number_of(value: Any) -> float | None:
    """Return a JSON number; None for what is none."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def series_of(rows: Iterable[Row], currency: str, dropped: int = 0) -> MarketPrices:
    """Return rows as one series: a quarter of an hour counts before the hour that holds it, of two alike the later.

    Raises `SourceResponseError` where rows overlap without one holding the other: then one of them is wrong,
    and nobody can say which.
    """
    distinct = {(row.start_s, row.end_s): row for row in rows}
    widest_first = sorted(distinct.values(), key=lambda row: (row.start_s - row.end_s, row.start_s))
    borders = sorted({border for row in widest_first for border in row[:2]})
    index = {border: i for i, border in enumerate(borders)}
    painted: list[Row | None] = [None] * max(len(borders) - 1, 0)
    for row in widest_first:
        for i in range(index[row.start_s], index[row.end_s]):
            under = painted[i]
            if under and not (under.start_s <= row.start_s and row.end_s <= under.end_s):
                raise SourceResponseError("market data: intervals overlap")
            painted[i] = row
    known = [(start, end, row) for (start, end), row in zip(pairwise(borders), painted, strict=True) if row]
    return MarketPrices(
        starts_s=tuple(start for start, _, _ in known),
        ends_s=tuple(end for _, end, _ in known),
        price_per_kwh=tuple(row.per_mwh / KWH_PER_MWH for _, _, row in known),
        currency=currency,
        dropped=dropped,
    )
