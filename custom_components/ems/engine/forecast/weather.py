"""Weather as the solar forecast wants it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import Ints
from ..steps import Bools, Floats

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
        return self._only((self.starts_s + self.interval_s > start_s) & (self.starts_s < end_s))

    def after(self, past: Weather | None, since_s: float) -> Weather:
        """Return this weather with what another one knew before it, back to an instant.

        What was forecast for an hour is kept until the hour's production has been learned beside it.
        """
        if past is None or past.interval_s != self.interval_s or not len(self.starts_s):
            return self
        ends_s = past.starts_s + past.interval_s
        older = past._only((ends_s > since_s) & (ends_s <= self.starts_s[0] + 1e-6))  # noqa: SLF001  # of our own kind
        return Weather(
            starts_s=np.concatenate([older.starts_s, self.starts_s]),
            interval_s=self.interval_s,
            **{name: np.concatenate([older.series(name), self.series(name)]) for name in SERIES},
        )

    def _only(self, here: Bools) -> Weather:
        return Weather(
            starts_s=self.starts_s[here],
            interval_s=self.interval_s,
            **{name: self.series(name)[here] for name in SERIES},
        )

    def index_at(self, at_s: Floats) -> Ints:
        """Return the interval that holds each instant, -1 where there is none."""
        index = np.searchsorted(self.starts_s, at_s, side="right") - 1
        if len(self.starts_s) == 0:
            return index
        return np.where(at_s < self.starts_s[index] + self.interval_s, index, -1)
