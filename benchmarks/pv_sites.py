"""Recorded PV sites: a folder `pv/` with `sites.csv` beside power, weather and simulations as gzipped CSV.

Two layouts. `SITE_power_15min` with `SITE_weather_30min`: power in W and the weather of those days. `SITE_YEAR_60min`:
`pv_pu`, power over the installed peak, beside `sim_*`, what others have computed for the same modules and hours.
"""

from collections.abc import Iterator, Mapping
import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
import gzip
from pathlib import Path
import re
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from custom_components.ems.engine.forecast.given_power import GivenPower
from custom_components.ems.engine.forecast.panels import Panels, Plane
from custom_components.ems.engine.forecast.sky import Place
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.steps import Floats

# The metadata name the country; elsewhere the sun's own hours serve as well.
_ZONES: Final = {
    "US-CO": "America/Denver",
    "US-CA": "America/Los_Angeles",
    "NL": "Europe/Amsterdam",
    "IT": "Europe/Rome",
    "ES": "Europe/Madrid",
    "DE": "Europe/Berlin",
    "AT": "Europe/Vienna",
}
# Stand-ins for forecasts from weather models. The satellites' and the third simulation see the day itself or were
# never agreed on for the bars.
SIMULATIONS: Final = ("sim_pvgis_era5_pu", "sim_rninja_merra2_pu")
# What a nameplate delivers at its AC side in full sun (PVWatts' losses and inverter).
_AC_OF_NAMEPLATE: Final = 0.85
_POWER: Final = "_power_*min.csv.gz"
_WEATHER: Final = "_weather_*min.csv.gz"
# Who issues at midnight and trains on the start of a series, and how much of it.
_TRAINS_ON: Final = 0.7


@dataclass(frozen=True, kw_only=True)
class Site:
    """A row of sites.csv."""

    id: str
    place: Place
    tilt_deg: float
    azimuth_deg: float
    size: str
    zone: tzinfo


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What is measured: a series to learn from and forecast, in the unit of its file.

    Attributes
    ----------
    starts_s, power : Hourly means that were measured, NaN where one is missing, shape (n,).
    peak : What is called 100 %, in the unit of the file.
    per_kw : What one kW is in the unit of the file.
    first_test_s : Start of the first day that is forecast and scored.
    """

    id: str
    site: Site
    panels: Panels
    starts_s: Floats
    power: Floats
    peak: float
    per_kw: float
    weather: Weather
    given: Mapping[str, GivenPower]
    first_test_s: float


def cases_of(data: Path, train: Path | None) -> Iterator[Case]:
    """Yield the cases of a folder; `train` may hold earlier periods of the same sites."""
    for site in _sites(data):
        if _found(data, site, _POWER):
            yield _with_weather(data, train, site)
        else:
            yield from _by_years(data, train, site)


def _sites(data: Path) -> list[Site]:
    path = data / "pv" / "sites.csv"
    if not path.exists():
        return []
    with path.open() as file:
        return [_site(row) for row in csv.DictReader(file)]


def _site(row: Mapping[str, str]) -> Site:
    place = Place(
        latitude_deg=float(row["latitude"]),
        longitude_deg=float(row["longitude"]),
        altitude_m=float(row["altitude_m"] or 0),
    )
    name = row.get("timezone") or row.get("tz") or _ZONES.get(row["country"])
    zone = ZoneInfo(name) if name else timezone(timedelta(hours=round(place.longitude_deg / 15)))
    return Site(
        id=row["site"],
        place=place,
        tilt_deg=float(row["tilt_deg"]),
        azimuth_deg=float(row["azimuth_deg_from_north"]),
        size=row["size"],
        zone=zone,
    )


def _read(path: Path) -> tuple[Floats, dict[str, Floats]]:
    with gzip.open(path, "rt") as file:
        header, *rows = csv.reader(file)
    at_s = np.array([np.datetime64(row[0].rstrip("Z"), "s") for row in rows]).astype(np.float64)
    cells = [[float(cell) if cell else np.nan for cell in row[1:]] for row in rows]
    return at_s, dict(zip(header[1:], np.array(cells).T, strict=True))


def _hourly(at_s: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Return hourly means of a series that is regular; NaN where a part of the hour is missing."""
    width = float(np.median(np.diff(at_s)))
    hours, owner = np.unique(at_s // 3600, return_inverse=True)
    total = np.bincount(owner, np.nan_to_num(values))
    count = np.bincount(owner, np.isfinite(values))
    return hours * 3600, np.where(count >= 3600 / width, total / np.maximum(count, 1), np.nan)


def _found(folder: Path, site: Site, pattern: str) -> list[Path]:
    return sorted((folder / "pv").glob(site.id + pattern))


def _panels(site: Site, peak_kw: float) -> Panels:
    return Panels(planes=(Plane(peak_kw=peak_kw, tilt_deg=site.tilt_deg, azimuth_deg=site.azimuth_deg),))


def _with_weather(data: Path, train: Path | None, site: Site) -> Case:
    """Return a site with the weather of the day.

    Without a series of its own in `train` the first 70 % are learned, up to a month's end.
    """
    folders = [train] if train is not None and train != data and _found(train, site, _POWER) else []
    parts = [_read(path) for folder in [*folders, data] for path in _found(folder, site, _POWER)]
    skies = [_read(path) for folder in [*folders, data] for path in _found(folder, site, _WEATHER)]
    own = parts[-1][0]
    first_s = _first_day(own[0], site.zone) if folders else _month_after(own, site.zone)
    starts_s, watts = _hourly(*_joined([(at_s, columns["pv_ac_w"]) for at_s, columns in parts]))
    weather_s, ghi = _joined([(at_s, columns["ghi_wm2"]) for at_s, columns in skies])
    width_s = float(np.median(np.diff(weather_s)))
    peak_w = 1000 * _ac_peak_kw(site, watts[starts_s < first_s])
    temperature = _joined([(at_s, columns["temp_c"]) for at_s, columns in skies])[1]
    return Case(
        id=site.id,
        site=site,
        panels=_panels(site, peak_w / 1000 / _AC_OF_NAMEPLATE),
        starts_s=starts_s,
        power=watts,
        peak=peak_w,
        per_kw=1000.0,
        # The satellite's values are at the stamp: it is the middle of its interval.
        weather=Weather(
            starts_s=weather_s - width_s / 2,
            interval_s=width_s,
            ghi_w_m2=ghi,
            temperature_c=temperature,
        ),
        given={},
        first_test_s=first_s,
    )


def _by_years(data: Path, train: Path | None, site: Site) -> Iterator[Case]:
    """Yield each year that has an earlier one to learn from; a site's only year is its own teacher by half."""
    years = _years(data, site)
    known = (_years(train, site) if train is not None else {}) | years
    for year in sorted(years):
        before = [known[other] for other in sorted(known) if other < year]
        if before or len(known) == 1:
            yield _of_year(site, year, [*before, years[year]])


def _years(folder: Path, site: Site) -> dict[int, Path]:
    found = {}
    for path in sorted((folder / "pv").glob(f"{site.id}_*_60min.csv.gz")):
        if match := re.fullmatch(rf"{re.escape(site.id)}_(\d{{4}})_60min\.csv\.gz", path.name):
            found[int(match[1])] = path
    return found


def _of_year(site: Site, year: int, paths: list[Path]) -> Case:
    parts = [_read(path) for path in paths]
    own = parts[-1][0]
    starts_s, power = _joined([(at_s, columns["pv_pu"]) for at_s, columns in parts])
    names = [name for name in SIMULATIONS if all(name in columns for _, columns in parts)]
    given = {name: _joined([(at_s, columns[name]) for at_s, columns in parts])[1] for name in names}
    return Case(
        id=f"{site.id}_{year}",
        site=site,
        panels=_panels(site, 1.0),
        starts_s=starts_s,
        power=power,
        peak=1.0,
        per_kw=1.0,
        weather=Weather(starts_s=np.zeros(0)),
        given={
            name: GivenPower(starts_s=starts_s, power_kw=values, interval_s=3600.0)
            for name, values in given.items()
        },
        first_test_s=_first_day(own[0], site.zone)
        if len(parts) > 1
        else _midnight(own[len(own) // 2], site.zone),
    )


def _joined(parts: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Return series one after the other; where two know an hour, the later one counts."""
    at_s, values = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    at_s, index = np.unique(at_s[::-1], return_index=True)
    return at_s, values[::-1][index]


def _ac_peak_kw(site: Site, learned_w: Floats) -> float:
    """Return the AC peak that the metadata name, else the highest power of the part that trains."""
    if match := re.search(r"([\d.]+)\s*kW", site.size):
        return float(match[1])
    return float(np.nanmax(learned_w)) / 1000


def _midnight(at_s: float, zone: tzinfo) -> float:
    """Return the first local midnight that is not before an instant."""
    local = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if midnight < local:
        midnight = (midnight.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    return midnight.timestamp()


def _first_day(at_s: float, zone: tzinfo) -> float:
    """Return the start of the local day that most of a series' first UTC day belongs to."""
    return _midnight(at_s - 43200, zone)


def _month_after(at_s: Floats, zone: tzinfo) -> float:
    """Return the start of the first month after the part of a series that trains."""
    local = datetime.fromtimestamp(float(at_s[int(_TRAINS_ON * len(at_s))]), UTC).astimezone(zone)
    following = (local.replace(day=1) + timedelta(days=32)).replace(day=1)
    return following.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def local_days(first_s: float, end_s: float, zone: tzinfo) -> Iterator[tuple[float, float]]:
    """Yield start and end of each local day until an instant; two days a year have 23 and 25 hours."""
    start_s = first_s
    while True:
        stop_s = _midnight(start_s + 60, zone)
        if stop_s > end_s:
            return
        yield start_s, stop_s
        start_s = stop_s
