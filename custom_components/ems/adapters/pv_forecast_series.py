"""From another forecaster's words to a production series: entity attributes, or a service's own answer.

Recognised: Solcast (`detailedForecast`, `detailedHourly`, its API's `forecasts`), open-meteo-solar-forecast
(`watts`, `wh_period`), Forecast.Solar's answer (`result.watt_hours_period`), Akkudoktor (`values`), EMHASS
(`forecasts`), our own `forecast`, and the `wh_hours` that every integration gives the Energy dashboard.
Each says in its own way whether a stamp begins or ends its interval, and whether it is W, kW or Wh.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
import math
import re
from typing import Any, Final, NamedTuple

import numpy as np

from ..engine.steps import Floats

HOUR_S: Final = 3600.0
KW_PER: Final = {"w": 0.001, "kw": 1.0, "mw": 1000.0}
# A row that names no end lasts until the next, an hour at most: a longer hole is a hole.
ROW_MAX_S: Final = HOUR_S
# Solcast's finer list before its hourly one.
ROW_LISTS: Final = ("detailedForecast", "forecasts", "detailedHourly", "forecast")
POWER_KEYS: Final = ("pv_estimate", "power_kw", "mean_kw")  # kW
LOW_KEYS, HIGH_KEYS = ("pv_estimate10", "p10_kw"), ("pv_estimate90", "p90_kw")
POWER_MAX_KW: Final = 1e6  # a number beyond is none


class PvForecastError(ValueError):
    """No series could be had; `key` names the message, `placeholders` fill it."""

    def __init__(self, key: str, **placeholders: str) -> None:
        """Keep the reason as data."""
        super().__init__(f"{key}: {placeholders}")
        self.key = key
        self.placeholders: Mapping[str, str] = placeholders


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerForecast:
    """What an array is said to produce: increasing, without overlaps; gaps are possible.

    Attributes
    ----------
    starts_s, hours : Beginning [s since epoch, UTC] and length [h] of each interval, shape (m,).
    mean_kw : Mean power, never below 0, shape (m,). [kW]
    p10_kw, p90_kw : In one case of ten it is less, or more; None where nobody says. [kW]
    """

    starts_s: Floats
    hours: Floats
    mean_kw: Floats
    p10_kw: Floats | None = None
    p90_kw: Floats | None = None

    def knots(self, name: str) -> Floats:
        """Return a column as a step function that ends and has gaps: instants and values, NaN in gaps, shape (k, 2)."""
        values, ends_s = getattr(self, name), self.starts_s + self.hours * HOUR_S
        borders = np.column_stack([self.starts_s, ends_s]).ravel()
        doubled = np.column_stack([values, np.full(len(values), np.nan)]).ravel()
        keep = np.append(np.diff(borders) > 0, True)
        return np.column_stack([borders[keep], doubled[keep]])


class _Row(NamedTuple):
    start_s: float
    end_s: float
    mean_kw: float
    low_kw: float | None = None
    high_kw: float | None = None


def parse_power_forecast(said: Iterable[Any], *, unit: str | None, zone: tzinfo) -> PowerForecast:
    """Return the production that one or several entities (one per day, say) or answers foretell.

    Parameters
    ----------
    said : Attributes of entities, or answers of services. Where two say something, the later counts.
    unit : The entities' unit, for rows that do not say theirs.
    zone : Local time, for stamps without a zone.

    Raises
    ------
    PvForecastError : "pv_forecast_rate_limited", "pv_forecast_rows_missing".
    """
    rows: dict[float, _Row] = {}
    for each in said:
        _refuse_rate_limit(each)
        rows |= {row.start_s: row for row in _rows(each, unit, zone)}
    ordered = [rows[start] for start in sorted(rows)]
    if not ordered:
        raise PvForecastError("pv_forecast_rows_missing")
    starts = np.array([row.start_s for row in ordered])
    ends = np.minimum([row.end_s for row in ordered], np.append(starts[1:], np.inf))
    banded = all(row.low_kw is not None and row.high_kw is not None for row in ordered)
    return PowerForecast(
        starts_s=starts,
        hours=(ends - starts) / HOUR_S,
        mean_kw=np.array([row.mean_kw for row in ordered]),
        p10_kw=np.array([row.low_kw for row in ordered], dtype=np.float64) if banded else None,
        p90_kw=np.array([row.high_kw for row in ordered], dtype=np.float64) if banded else None,
    )


def _refuse_rate_limit(said: Any) -> None:
    """Forecast.Solar says in the body that it was asked too often, and until when."""
    message = said.get("message") if isinstance(said, Mapping) else None
    if isinstance(message, Mapping) and message.get("code") == 429:
        limit = message.get("ratelimit")
        until = limit.get("retry-at") if isinstance(limit, Mapping) else None
        raise PvForecastError("pv_forecast_rate_limited", later=str(until or "–"))


def _rows(said: Any, unit: str | None, zone: tzinfo) -> list[_Row]:
    """Return the rows of the first shape that holds any."""
    return next((rows for rows in _shapes(said, unit, zone) if rows), []) if isinstance(said, Mapping) else []


def _shapes(said: Mapping[str, Any], unit: str | None, zone: tzinfo) -> Iterator[list[_Row]]:
    result = said.get("result")
    yield _energies(result.get("watt_hours_period"), zone) if isinstance(result, Mapping) else []
    for name in ROW_LISTS:
        yield _listed(said.get(name), unit, zone)
    yield _powers(said.get("watts"), zone)
    for name in ("wh_period", "wh_hours"):
        yield _begun(said.get(name), zone)
    yield _planes(said.get("values"), zone)


def _instant(value: Any, zone: tzinfo) -> float | None:
    """Return an instant; local time where it does not say its zone, the first of a doubled hour."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime) or not 1970 < value.year < 9999:
        return None
    return (value if value.tzinfo else value.replace(tzinfo=zone)).timestamp()


def _number(value: Any) -> float | None:
    """Return a power or an energy; never below 0, None for what is none."""
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return max(float(value), 0.0) if value < POWER_MAX_KW * 1000 else None


def _table(table: Any, zone: tzinfo) -> list[tuple[float, float]]:
    """Return a table of instants in order, without what is no instant or no number."""
    if not isinstance(table, Mapping):
        return []
    pairs = ((_instant(key, zone), _number(value)) for key, value in table.items())
    return sorted((at, value) for at, value in pairs if at is not None and value is not None)


def _widths_s(starts: list[float]) -> list[float]:
    """Return how long each lasts: until the next, an hour at most; the last as long as the one before."""
    gaps = [min(after - before, ROW_MAX_S) for before, after in pairwise(starts)]
    return [*gaps, *(gaps[-1:] or [ROW_MAX_S])] if starts else []


def _powers(table: Any, zone: tzinfo) -> list[_Row]:
    """W that hold from their stamp on: the quarters' sums are open-meteo-solar-forecast's own hourly energies."""
    pairs = _table(table, zone)
    widths = _widths_s([at for at, _ in pairs])
    return [_Row(at, at + width, watts / 1000) for (at, watts), width in zip(pairs, widths, strict=True)]


def _begun(table: Any, zone: tzinfo) -> list[_Row]:
    """Wh from their stamp on."""
    pairs = _table(table, zone)
    widths = _widths_s([at for at, _ in pairs])
    return [
        _Row(at, at + width, energy / 1000 / (width / HOUR_S))
        for (at, energy), width in zip(pairs, widths, strict=True)
    ]


def _energies(table: Any, zone: tzinfo) -> list[_Row]:
    """Wh since the stamp before: Forecast.Solar's, whose first and last of a day are sunrise and sunset."""
    pairs = _table(table, zone)
    return [
        _Row(before, at, energy / 1000 / ((at - before) / HOUR_S))
        for (before, _), (at, energy) in pairwise(pairs)
    ]


def _listed(rows: Any, unit: str | None, zone: tzinfo) -> list[_Row]:
    """Mean power per row, with a band where it has one."""
    if not isinstance(rows, (list, tuple)):
        return []
    found = [row for each in rows if isinstance(each, Mapping) and (row := _listed_row(each, unit, zone))]
    found.sort()
    widths = _widths_s([row.start_s for row in found])
    return [
        row if math.isfinite(row.end_s) else row._replace(end_s=row.start_s + width)
        for row, width in zip(found, widths, strict=True)
    ]


def _listed_row(row: Mapping[str, Any], unit: str | None, zone: tzinfo) -> _Row | None:
    factor, power = _power_of(row, unit)
    if power is None:
        return None
    low, high = (
        next((_number(row[key]) for key in keys if key in row), None) for keys in (LOW_KEYS, HIGH_KEYS)
    )
    span = _span_of(row, zone)
    return None if span is None else _Row(*span, power * factor, low, high)


def _power_of(row: Mapping[str, Any], unit: str | None) -> tuple[float, float | None]:
    """Return what a row's power counts in, and the power."""
    for key in POWER_KEYS:
        if key in row:
            return 1.0, _number(row[key])
    factor = KW_PER.get((unit or "").casefold())
    ours = [
        key for key in row if "pv" in str(key).casefold()
    ]  # EMHASS: `p_pv_forecast`, in the entity's unit
    return (1.0, None) if factor is None or len(ours) != 1 else (factor, _number(row[ours[0]]))


def _span_of(row: Mapping[str, Any], zone: tzinfo) -> tuple[float, float] | None:
    """Return when a row begins and ends; an end that is not said is infinite."""
    begin = next((row[key] for key in ("period_start", "start", "date", "datetime") if key in row), None)
    end_s = _instant(row.get("period_end", row.get("end")), zone)
    if begin is None:
        length = _length(row.get("period"))
        return None if end_s is None or length is None else (end_s - length.total_seconds(), end_s)
    start_s = _instant(begin, zone)
    if start_s is None or (end_s is not None and end_s <= start_s):
        return None
    return start_s, math.inf if end_s is None else end_s


def _length(period: Any) -> timedelta | None:
    found = re.fullmatch(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?", str(period))
    length = timedelta(hours=int(found[1] or 0), minutes=int(found[2] or 0)) if found else timedelta()
    return length or None


def _planes(planes: Any, zone: tzinfo) -> list[_Row]:
    """AC power in W, hour by hour, of several planes that add up: Akkudoktor's."""
    total: dict[float, float] = {}
    for plane in planes if isinstance(planes, list) else ():
        for row in plane if isinstance(plane, list) else (plane,):
            at = _instant(row.get("datetime"), zone) if isinstance(row, Mapping) else None
            watts = _number(row.get("power")) if at is not None else None
            if at is not None and watts is not None:
                total[at] = total.get(at, 0.0) + watts
    starts = sorted(total)
    return [
        _Row(at, at + width, total[at] / 1000) for at, width in zip(starts, _widths_s(starts), strict=True)
    ]
