"""Weather as the solar forecast wants it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import Ints
from ..steps import Floats

SERIES = ("cloud_cover", "temperature_c", "ghi_w_m2", "dni_w_m2", "dhi_w_m2")


def _frozen(values: ArrayLike | None, count: int, name: str) -> Floats:
    if values is None:
        return np.full(count, np.nan)
    array = np.array(values, dtype=np.float64)  # None becomes NaN
    if array.shape != (count,):
        raise ValueError(f"{name}: needs one value per start")
    array.flags.writeable = False
    return array


@dataclass(frozen=True, kw_only=True, eq=False)
class Weather:
    """Means over intervals of one width; gaps are allowed, and any value may be missing (None or NaN).

    Attributes
    ----------
    starts_s : Starts of the intervals, increasing, shape (m,). [s since epoch, UTC]
        What a service stamps with the end of the hour is shifted before it comes here.
    interval_s : Width of every interval. [s]
    cloud_cover : Fraction of the sky, 0 to 1.
    temperature_c : Air temperature. [°C]
    ghi_w_m2, dni_w_m2, dhi_w_m2 : Global horizontal, direct normal and diffuse horizontal irradiance. [W/m²]
    """

    starts_s: Floats
    interval_s: float = 3600.0
    cloud_cover: Floats | None = None
    temperature_c: Floats | None = None
    ghi_w_m2: Floats | None = None
    dni_w_m2: Floats | None = None
    dhi_w_m2: Floats | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays; refuse a series that runs backwards and clouds that were meant in percent."""
        starts = np.array(self.starts_s, dtype=np.float64)
        starts.flags.writeable = False
        object.__setattr__(self, "starts_s", starts)
        if np.any(np.diff(starts) < self.interval_s - 1e-6) or not self.interval_s > 0:
            raise ValueError("starts_s: intervals must follow each other")
        for name in SERIES:
            object.__setattr__(self, name, _frozen(getattr(self, name), len(starts), name))
        clouds = self.series("cloud_cover")
        if np.any(clouds[np.isfinite(clouds)] > 1.001):
            raise ValueError("cloud_cover: must be a fraction from 0 to 1")

    def series(self, name: str) -> Floats:
        """Return a series by name; it is NaN throughout where nobody knows it."""
        values: Floats = getattr(self, name)
        return values

    def between(self, start_s: float, end_s: float) -> Weather:
        """Return the intervals that touch a time span, so that years of history cost nothing."""
        here = (self.starts_s + self.interval_s > start_s) & (self.starts_s < end_s)
        return Weather(
            starts_s=self.starts_s[here],
            interval_s=self.interval_s,
            cloud_cover=self.series("cloud_cover")[here],
            temperature_c=self.series("temperature_c")[here],
            ghi_w_m2=self.series("ghi_w_m2")[here],
            dni_w_m2=self.series("dni_w_m2")[here],
            dhi_w_m2=self.series("dhi_w_m2")[here],
        )

    def index_at(self, at_s: Floats) -> Ints:
        """Return the interval that holds each instant, -1 where there is none."""
        index = np.searchsorted(self.starts_s, at_s, side="right") - 1
        if len(self.starts_s) == 0:
            return index
        return np.where(at_s < self.starts_s[index] + self.interval_s, index, -1)
