"""From a price entity's attributes to a price series, whatever the integration behind it calls its rows.

Recognised: lists of rows with a start (and an end) under any attribute: Nord Pool (HACS) `raw_today` and
`raw_tomorrow`, EPEX Spot `data`, ENTSO-E `prices`, Amber `forecasts` and `forecast`, Tibber's `today` and
`tomorrow`, Octopus `rates` and `results`, EnergyZero `base`, easyEnergy `prices`, Nord Pool's `multiAreaEntries`,
EMHASS `unit_load_cost_forecasts`, our own `forecast`; tables of time to price; and Energy-Charts' two columns.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
import math
import re
from typing import Any

import numpy as np

from ..engine.steps import Floats
from .price_unit import PriceSeriesError, energy_of, price_factor

__all__ = ["ParsedPrices", "PriceSeriesError", "parse_price_series"]

MINUTE_S, HOUR_S = 60.0, 3600.0
# Above this a number of seconds since 1970 is one of milliseconds (it would be the year 5138).
MILLISECONDS_FROM = 1e11
NUMBER_MAX = 1e18  # neither a price nor an instant in milliseconds
DEPTH_MAX = 6  # how deep rows may be nested

# Keys are compared without case, "_" and "-". The first that a row has counts.
START_KEYS = (
    *(
        "start",
        "starttime",
        "startsat",
        "startat",
        "starttimestamp",
        "startts",
        "deliverystart",
        "periodstart",
    ),
    *("from", "validfrom", "begin", "datetime", "timestamp", "time", "hour", "date"),
)
END_KEYS = (
    *("end", "endtime", "endsat", "endat", "endtimestamp", "endts", "deliveryend", "periodend"),
    *("till", "until", "to", "validto"),
)
VALUE_KEYS = (
    *("priceperkwh", "perkwh", "value", "price", "total", "valueincvat", "priceincvat", "unitloadcost"),
    *("advancedpricepredicted", "marketprice", "spotprice", "rate", "cost", "energypriceexcl"),
    "entryperarea",
)
# Keys that name their unit in full; it counts instead of the entity's.
UNIT_KEYS = {
    "pricectperkwh": "ct/kWh",
    "priceeurpermwh": "EUR/MWh",
    "marketpriceeurocentperkwh": "ct/kWh",
}
PER_KWH_KEYS = ("priceperkwh", "perkwh")
# Nord Pool publishes per MWh, in the currency that the answer names.
PER_MWH_KEYS = ("entryperarea",)
# Where an entity has several lists: published prices come before what somebody predicts.
PREFERRED = ("raw", "prices", "data", "", "rates", "forecasts", "forecast")
# Prices per kWh beyond which a median price is a mistaken unit, not a price.
IMPLAUSIBLE = dict.fromkeys(("EUR", "USD", "GBP", "CHF", "AUD", "NZD", "CAD"), 5.0) | dict.fromkeys(
    ("SEK", "NOK", "DKK", "PLN"), 50.0
)


@dataclass(frozen=True, kw_only=True, eq=False)
class ParsedPrices:
    """A price series: increasing, without overlaps; gaps are possible.

    Attributes
    ----------
    starts_s, ends_s : Interval borders, shape (m,). [s since epoch, UTC]
    price_per_kwh : In the site's currency, shape (m,). [currency/kWh]
    dropped : Rows that could not be used.
    """

    starts_s: Floats
    ends_s: Floats
    price_per_kwh: Floats
    dropped: int


@dataclass(frozen=True, kw_only=True)
class _Row:
    start_s: float
    end_s: float | None
    value: float


def parse_price_series(
    attributes: Mapping[str, Any], *, unit: str | None, currency: str, zone: tzinfo
) -> ParsedPrices:
    """Return the prices that an entity's attributes hold.

    Parameters
    ----------
    attributes : The entity's attributes (or an action's response).
    unit : The entity's unit of measurement, or what the user says it is.
    currency : The site's currency, ISO 4217. A unit in another one is refused.
    zone : Local time, for rows that do not say theirs.

    Raises
    ------
    PriceSeriesError : "price_unit_missing", "price_unit_unknown", "price_unit_currency",
        "price_unit_contradiction", "price_rows_missing", "price_rows_unusable" or "price_implausible".
    """
    _check_currency(attributes, currency)
    groups = _groups(attributes)
    if not groups:
        names = ", ".join(sorted(str(name) for name in attributes)) or "–"
        raise PriceSeriesError("price_rows_missing", attributes=names)
    parsed = {name: _rows(rows, zone) for name, rows in groups.items()}
    name = min(parsed, key=lambda name: _rank(name, len(parsed[name][0])))
    rows, key, row_unit, dropped = parsed[name]
    if not rows:
        raise PriceSeriesError("price_rows_unusable", attribute=name or "today", dropped=dropped)
    if key in PER_MWH_KEYS:
        row_unit = f"{currency}/MWh"
    factor = price_factor(_effective_unit(unit, key, row_unit), currency)
    return _plausible(_series(rows, factor, dropped), currency)


def _check_currency(attributes: Mapping[str, Any], currency: str) -> None:
    named = attributes.get("currency")
    if isinstance(named, str) and re.fullmatch(r"[A-Za-z]{3}", named) and named.upper() != currency:
        raise PriceSeriesError("price_unit_currency", unit=named, currency=currency)


def _rank(name: str, usable: int) -> tuple[bool, int, int]:
    last = name.rpartition(".")[2]
    return usable == 0, PREFERRED.index(last) if last in PREFERRED else len(PREFERRED), -usable


def _effective_unit(unit: str | None, key: str, row_unit: str | None) -> str | None:
    """Return the unit that counts: the row's own before the entity's, and never two that contradict."""
    if key in UNIT_KEYS or row_unit is not None:
        return UNIT_KEYS.get(key, row_unit)
    if unit is not None and key in PER_KWH_KEYS and energy_of(unit) != "kwh":
        raise PriceSeriesError("price_unit_contradiction", unit=unit, field=key)
    return unit


def _plain(key: Any) -> str:
    return str(key).casefold().replace("_", "").replace("-", "")


def _groups(attributes: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return all lists of rows; those that differ only in the day they are for belong together."""
    groups: dict[str, list[Any]] = {}
    for path, rows in _lists(attributes, "", 0):
        parent, _, last = path.rpartition(".")
        stem = re.sub(r"_?(yesterday|today|tomorrow)_?", "", last.casefold())
        groups.setdefault(f"{parent}.{stem}" if parent else stem, []).extend(rows)
    return groups


def _columns(branch: Mapping[str, Any]) -> list[Any] | None:
    """Return the rows of two columns side by side, as Energy-Charts answers them; None where there are none."""
    starts, prices = branch.get("unix_seconds"), branch.get("price")
    if not isinstance(starts, list) or not isinstance(prices, list) or len(starts) != len(prices):
        return None
    unit = str(branch.get("unit", ""))
    return [
        {"start": start, "price": price, "unit": unit} for start, price in zip(starts, prices, strict=True)
    ]


def _lists(branch: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    if (columns := _columns(branch)) is not None:
        yield path, columns
    for name, value in branch.items():
        here = f"{path}.{name}" if path else str(name)
        if isinstance(value, (list, tuple)):
            if any(isinstance(row, Mapping) and _key(row, START_KEYS) for row in value):
                yield here, list(value)
            elif len(value) == 1 and isinstance(value[0], Mapping) and depth < DEPTH_MAX:
                yield from _lists(value[0], here, depth + 1)  # one home; of several nobody knows which
        elif isinstance(value, Mapping) and depth < DEPTH_MAX:
            if any(_is_time(key) for key in value):
                yield here, [{"start": time, "value": price} for time, price in value.items()]
            else:
                yield from _lists(value, here, depth + 1)


def _is_time(text: Any) -> bool:
    return isinstance(text, datetime) or (
        isinstance(text, str) and re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text) is not None
    )


def _key(row: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
    """Return the row's own name of the first known key it has."""
    names = {_plain(name): name for name in row}
    return next((names[key] for key in known if key in names), None)


def _value_key(row: Mapping[str, Any]) -> str | None:
    """Return the key of the price; where no name is known, the only number beside the times."""
    known = _key(row, (*VALUE_KEYS, *UNIT_KEYS))
    if known is not None:
        return known
    numbers = [
        name
        for name, value in row.items()
        if _plain(name) not in START_KEYS + END_KEYS and _number(value) is not None
    ]
    return numbers[0] if len(numbers) == 1 else None


def _number(value: Any) -> float | None:
    """Return a finite number, also where it is text or the only entry of a table; "unknown" is none."""
    if isinstance(value, Mapping):
        value = next(iter(value.values())) if len(value) == 1 else None
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -NUMBER_MAX < value < NUMBER_MAX else None


def _rows(rows: list[Any], zone: tzinfo) -> tuple[list[_Row], str, str | None, int]:
    """Return the usable rows, the plain key of their prices, the unit they name, and how many are not."""
    clock = _Clock(zone)
    usable: list[_Row] = []
    key, unit = "", None
    for row in rows:
        parsed = _row(row, clock)
        if parsed is None:
            continue
        usable.append(parsed)
        key = key or _plain(_value_key(row))
        named = row.get("unit")
        unit = unit or (named if isinstance(named, str) and "/" in named else None)
    return usable, key, unit, len(rows) - len(usable)


def _row(row: Any, clock: _Clock) -> _Row | None:
    if not isinstance(row, Mapping):
        return None
    start_key, end_key, value_key = _key(row, START_KEYS), _key(row, END_KEYS), _value_key(row)
    if start_key is None or value_key is None:
        return None
    value = _number(row[value_key])
    start_s = clock.start_s(row[start_key]) if value is not None else None
    if value is None or start_s is None:
        return None
    end_s = clock.end_s(row[end_key], start_s) if end_key is not None else None
    if end_s is not None and end_s <= start_s:
        return None
    return _Row(start_s=start_s, end_s=end_s, value=value)


class _Clock:
    """Reads instants; without a zone of their own in local time, through the doubled hour of autumn."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._seen: set[datetime] = set()

    def start_s(self, value: Any) -> float | None:
        """Return the instant a row starts at; a local time that was seen before is the second of its kind."""
        moment = _moment(value)
        if isinstance(moment, datetime) and moment.tzinfo is None:
            local = self._local(moment, fold=int(moment in self._seen))
            self._seen.add(moment)
            return local
        return _instant_s(moment)

    def end_s(self, value: Any, start_s: float) -> float | None:
        """Return the instant a row ends at: of a doubled local time, the first after its start."""
        moment = _moment(value)
        if isinstance(moment, datetime) and moment.tzinfo is None:
            both = [self._local(moment, fold=fold) for fold in (0, 1)]
            return min((end for end in both if end is not None and end > start_s), default=start_s)
        return _instant_s(moment)

    def _local(self, moment: datetime, fold: int) -> float | None:
        """Return the instant of a local time; None for one that the clock skips in spring."""
        if not 1970 <= moment.year < 9999:
            return None
        instant = moment.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)
        if instant.astimezone(self._zone).replace(tzinfo=None) != moment:
            return None
        return _instant_s(instant)


def _moment(value: Any) -> datetime | float | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    number = _number(value)
    if number is None:
        return None
    return number / 1000 if abs(number) >= MILLISECONDS_FROM else number


def _instant_s(moment: datetime | float | None) -> float | None:
    """Return seconds since the epoch, to the minute: some services begin their intervals a second late."""
    if moment is None:
        return None
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment
    return round(seconds / MINUTE_S) * MINUTE_S


def _widths_s(starts_s: Floats) -> Floats:
    """Return the widths of rows that do not name their end, from the starts of all, in order.

    A row lasts until the next. Where the next is more than an hour away, or further than the rows before and
    after are from each other, rows are missing, and this one is as wide as the one before it.
    """
    if len(starts_s) < 2:
        return np.full(len(starts_s), HOUR_S)
    gaps = np.diff(starts_s)
    before, after = np.append(gaps[:1], gaps[:-1]), np.append(gaps[1:], gaps[-1:])
    missing = (gaps > HOUR_S) | ((gaps > before) & (gaps > after))
    widths = np.minimum(np.where(missing, before, gaps), HOUR_S)
    return np.append(widths, widths[-1])


def _series(rows: list[_Row], factor: float, dropped: int) -> ParsedPrices:
    """Return the rows as one series: the finer row counts where two overlap, of two alike the later."""
    starts = np.array([row.start_s for row in rows])
    distinct = np.unique(starts)
    derived = starts + _widths_s(distinct)[np.searchsorted(distinct, starts)]
    ends = np.array([end if row.end_s is None else row.end_s for row, end in zip(rows, derived, strict=True)])
    borders = np.unique(np.concatenate([starts, ends]))
    painted = np.full(len(borders) - 1, np.nan)
    for i in np.argsort(starts - ends, kind="stable"):  # the widest first
        first, last = np.searchsorted(borders, [starts[i], ends[i]])
        painted[first:last] = rows[i].value * factor
    known = np.isfinite(painted)
    return ParsedPrices(
        starts_s=borders[:-1][known], ends_s=borders[1:][known], price_per_kwh=painted[known], dropped=dropped
    )


def _plausible(prices: ParsedPrices, currency: str) -> ParsedPrices:
    middle = float(np.median(np.abs(prices.price_per_kwh)))
    if middle > IMPLAUSIBLE.get(currency, math.inf):
        raise PriceSeriesError("price_implausible", price=round(middle, 2), unit=f"{currency}/kWh")
    return prices
