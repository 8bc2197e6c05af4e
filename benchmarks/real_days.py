"""Weeks of measured homes: a German, an Austrian and a Californian one, in all four seasons.

Load and sun are recorded; prices are Austrian day-ahead prices, moved to the home's own week by ISO week and
weekday. Nothing is known by name of file but the layout (`load/homes.csv` lists the homes): the first home of
a country that has a whole week is taken.
"""

from collections.abc import Iterator
import csv
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
import gzip
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from custom_components.ems.engine.steps import Floats, Steps

COUNTRIES: Final = ("DE", "AT", "US")
# The middle of each season, away from the weeks in which clocks change.
SEASONS: Final = {"winter": 3, "spring": 16, "summer": 29, "autumn": 42}
_NEAR: Final = (0, 1, -1, 2, -2, 3, -3)  # where a week has gaps, the nearest one without
# A plan looks two days ahead, so that a week's last plan needs two days beyond it.
DAYS: Final = 9
_VIENNA: Final = ZoneInfo("Europe/Vienna")
# What a recorded home without modules is given; a usual roof.
PV_PEAK_KW: Final = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A recording: values hold from their start to the next; NaN is a gap. Shape (m,)."""

    starts_s: Floats
    values: Floats

    def on(self, steps: Steps, moved_s: float = 0.0) -> Floats:
        """Return means over steps that begin `moved_s` earlier here than there, NaN where there is a gap."""
        end = self.starts_s[-1] + np.diff(self.starts_s[-2:])
        starts, values = np.append(self.starts_s, end), np.append(self.values, np.nan)
        return Steps(edges_s=steps.edges_s - moved_s).mean_of(starts, values)


@dataclass(frozen=True, kw_only=True)
class RecordedHome:
    """A line of `load/homes.csv`."""

    id: str
    country: str
    zone: ZoneInfo
    minutes: int
    has_pv: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Week:
    """Nine days from a Monday on. Series have shape (n,). [kW], [EUR/kWh]."""

    home: str
    country: str
    season: str
    monday: str
    pv: str  # which recording the sun is from
    price_year: int
    steps: Steps
    load_kw: Floats
    pv_kw: Floats
    import_price_per_kwh: Floats
    export_price_per_kwh: Floats

    @property
    def per_day(self) -> int:
        """Return the number of steps in a day."""
        return len(self.steps) // DAYS


def weeks(data: Path) -> Iterator[Week]:
    """Yield a week per country and season, as far as the folder has them."""
    homes = [home for home in homes_of(data) if home.country in COUNTRIES]
    for country in COUNTRIES:
        for season, number in SEASONS.items():
            found = (
                week
                for shift in _NEAR
                for home in homes
                if home.country == country
                for week in _whole_weeks(data, home, season, number + shift)
            )
            first = next(found, None)
            if first is not None:
                yield first


def weeks_of(data: Path, home: RecordedHome) -> Iterator[Week]:
    """Yield a home's week of every season."""
    for season, number in SEASONS.items():
        found = (week for shift in _NEAR for week in _whole_weeks(data, home, season, number + shift))
        first = next(found, None)
        if first is not None:
            yield first


def homes_of(data: Path) -> Iterator[RecordedHome]:
    """Yield every recorded home whose consumption is known."""
    with (data / "load" / "homes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if "load_kwh" in row["columns"].split():
                yield RecordedHome(
                    id=row["id"],
                    country=row["country"][:2],
                    zone=ZoneInfo(row["timezone"]),
                    minutes=int(row["resolution_min"]),
                    has_pv="pv_kwh" in row["columns"].split(),
                )


def _whole_weeks(data: Path, home: RecordedHome, season: str, number: int) -> Iterator[Week]:
    """Yield a home's recordings of an ISO week, one per year, that have no gap."""
    width_s = home.minutes * 60
    load = recorded_kw(data, home, "load_kwh")
    years = sorted({datetime.fromtimestamp(s, home.zone).year for s in load.starts_s[[0, -1]]})
    for year in range(years[0], years[-1] + 1):
        monday = date.fromisocalendar(year, number, 1)
        start_s = datetime.combine(monday, time(), home.zone).timestamp()
        steps = Steps(edges_s=start_s + width_s * np.arange(DAYS * 86400 // width_s + 1, dtype=np.float64))
        load_kw, (pv, pv_kw) = load.on(steps), _sun(data, home, steps)
        price_year, price = _price(data, steps, number)
        if np.isfinite(load_kw + pv_kw + price).all():
            yield Week(
                home=home.id,
                country=home.country,
                season=season,
                monday=monday.isoformat(),
                pv=pv,
                price_year=price_year,
                steps=steps,
                load_kw=load_kw,
                pv_kw=pv_kw,
                import_price_per_kwh=(price + 0.15) * 1.2,
                export_price_per_kwh=price - 0.01,
            )


def recorded_kw(data: Path, home: RecordedHome, column: str) -> Series:
    """Return a column of a home's recording as power. [kW]."""
    energy = _read(data / "load" / f"{home.id}.csv.gz", column)
    return Series(starts_s=energy.starts_s, values=energy.values * 60 / home.minutes)


def _sun(data: Path, home: RecordedHome, steps: Steps) -> tuple[str, Floats]:
    """Return where the sun is from and what it gave; a home without modules borrows the same days of a year."""
    if home.has_pv:
        return home.id, recorded_kw(data, home, "pv_kwh").on(steps)
    for path in sorted((data / "pv").glob("*_60min.csv.gz")):
        per_kw = _read(path, "pv_pu")
        moved_s = _new_year_s(steps.edges_s[0]) - _new_year_s(per_kw.starts_s[len(per_kw.starts_s) // 2])
        return path.name.removesuffix("_60min.csv.gz"), PV_PEAK_KW * per_kw.on(steps, moved_s)
    return "none", np.full(len(steps), np.nan)


def _new_year_s(at_s: float) -> float:
    return float(np.datetime64(int(at_s), "s").astype("datetime64[Y]").astype("datetime64[s]").astype(float))


def _price(data: Path, steps: Steps, number: int) -> tuple[int, Floats]:
    """Return the latest year whose prices have every season's week, and its prices of ISO week `number`."""
    for year in range(date.today().year, 2000, -1):  # noqa: DTZ011 - any year late enough will do
        for prices in _markets(data):
            if all(np.isfinite(_price_week(prices, year, week)).all() for week in SEASONS.values()):
                monday_s = _monday_s(year, number)
                return year, prices.on(steps, float(steps.edges_s[0]) - monday_s) / 1000
    return 0, np.full(len(steps), np.nan)


def _price_week(prices: Series, year: int, number: int) -> Floats:
    hours = _monday_s(year, number) + 3600 * np.arange(DAYS * 24 + 1, dtype=np.float64)
    return prices.on(Steps(edges_s=hours))


def _monday_s(year: int, number: int) -> float:
    monday = date.fromisocalendar(year, 1, 1) + timedelta(weeks=number - 1)
    return datetime.combine(monday, time(), _VIENNA).timestamp()


def _markets(data: Path) -> list[Series]:
    return [_read(path, "price_eur_mwh") for path in sorted((data / "prices").glob("at_dayahead_*.csv.gz"))]


@cache
def _read(path: Path, column: str) -> Series:
    """Read a column of a recording; an empty field is a gap."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [(row["timestamp_utc"].rstrip("Z"), row[column]) for row in csv.DictReader(file)]
    starts = np.array([np.datetime64(stamp, "s") for stamp, _ in rows]).astype(np.float64)
    return Series(starts_s=starts, values=np.array([float(v) if v else np.nan for _, v in rows]))
