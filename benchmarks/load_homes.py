"""Recorded consumption: a folder `load/` with `homes.csv` and one gzipped CSV per home."""

from collections.abc import Iterator
import csv
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
import gzip
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from custom_components.ems.engine.forecast.load.days import DayTable
from custom_components.ems.engine.local_time import Ints
from custom_components.ems.engine.steps import Floats

# Consumption, or where only the grid's meter is known (sun behind it), what that counted.
_COLUMNS: Final = ("load_kwh", "grid_import_kwh")
_EPOCH: Final = date(1970, 1, 1)
BIN_S: Final = 900


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadHome:
    """A recorded home.

    Attributes
    ----------
    starts_s, kw : Mean power per interval, NaN where it is missing, shape (m,). [s since epoch], [kW]
    hours_kw : The same by local day and hour, NaN where an hour is not known as a whole, shape (days, 24). [kW]
    first_day : Local day (since 1970-01-01) of the table's first row.
    trained_days : How many of the first rows come from the training years.
    """

    id: str
    zone: ZoneInfo
    width_s: float
    starts_s: Floats
    kw: Floats
    hours_kw: Floats
    first_day: int
    trained_days: int = 0

    def midnight_s(self, row: int) -> float:
        """Return the beginning of a row's day. [s since epoch]."""
        day = _EPOCH + timedelta(days=self.first_day + row)
        return datetime.combine(day, time(), self.zone).timestamp()


def load_homes(data: Path, train: Path | None = None) -> Iterator[LoadHome]:
    """Yield every home of a folder whose recording is there, with its earlier years from another folder."""
    table = data / "load" / "homes.csv"
    if not table.exists():
        return
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        path = data / "load" / f"{row['id']}.csv.gz"
        if path.exists():
            earlier = train and train / "load" / path.name
            yield _home(row, path, earlier if earlier and earlier.exists() else None)


def _home(row: dict[str, str], path: Path, earlier: Path | None) -> LoadHome:
    width_s, zone = float(row["resolution_min"]) * 60, ZoneInfo(row["timezone"])
    starts, kwh = _read(path)
    own_first_s = float(starts[0])
    if earlier is not None:
        before, before_kwh = _read(earlier)
        old = before < starts[0]
        starts, kwh = np.concatenate([before[old], starts]), np.concatenate([before_kwh[old], kwh])
    kw = kwh * 3600 / width_s
    hours, first_day = _hours(starts, kw, width_s, zone)
    own_day = (datetime.fromtimestamp(own_first_s, zone).date() - _EPOCH).days
    return LoadHome(
        id=row["id"],
        zone=zone,
        width_s=width_s,
        starts_s=starts,
        kw=kw,
        hours_kw=hours,
        first_day=first_day,
        trained_days=own_day - first_day,
    )


def _hours(starts_s: Floats, kw: Floats, width_s: float, zone: ZoneInfo) -> tuple[Floats, int]:
    """Return hourly means by local day, and the first day."""
    parts = max(round(width_s / BIN_S), 1)
    bins: Ints = (starts_s[:, None] + BIN_S * np.arange(parts)).ravel().astype(np.int64)
    known = np.isfinite(kw).repeat(parts)
    table = DayTable(bins[known], kw.repeat(parts)[known], zone, enough=int(3600 // min(width_s, BIN_S)))
    return table.kw, int(table.days[0])


def _read(path: Path) -> tuple[Floats, Floats]:
    """Return starts and energies of a recording; an empty field is a gap. [s], [kWh]."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        column = next(name for name in _COLUMNS if name in (rows.fieldnames or ()))
        pairs = [(row["timestamp_utc"].rstrip("Z"), row[column]) for row in rows]
    starts = np.array([np.datetime64(stamp, "s") for stamp, _ in pairs]).astype(np.float64)
    return starts, np.array([float(kwh) if kwh else np.nan for _, kwh in pairs])
