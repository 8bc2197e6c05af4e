"""The weather over the home: what it truly is, and what a forecast issued at some hour said it would be."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .noise import smooth, to_uniform
from .sun import Irradiance, SunPosition, clear_sky, sun_position

type Floats = NDArray[np.float64]

HOUR_S = 3600.0
YEAR_S = 365.2425 * 24 * HOUR_S
RUN_S = 6 * HOUR_S  # weather models run four times a day; between runs the forecast does not move
SKILL_TIME_S = 100 * HOUR_S  # a forecast this far ahead shares 1/e of its cloud signal with the truth
SKILL_AT_ISSUE = 0.96  # not even the next hour is known exactly
_FLICKER_EDGE = 0.25  # share of a cloud that is its blurred rim

# Channels of the noise; any distinct numbers.
_CLOUD, _FLICKER, _AIR_MASS, _CLOUD_ERROR, _AIR_MASS_ERROR = 10, 20, 30, 1000, 2000


@dataclass(frozen=True, kw_only=True, eq=False)
class Sky:
    """The sky at some instants, each field of shape (n,). Cloud cover is a fraction."""

    cloud_cover: Floats
    temperature_c: Floats
    light: Irradiance
    sun: SunPosition


def _clouds(seed: int, channel: int, at_s: ArrayLike) -> Floats:
    """Return the hidden standard normal cloud signal: fronts in days, their parts in hours."""
    parts = ((0.78, 60.0), (0.53, 17.0), (0.33, 4.0))
    return np.asarray(sum(a * smooth(seed, channel + i, at_s, h * HOUR_S) for i, (a, h) in enumerate(parts)))


def _flicker(seed: int, at_s: ArrayLike) -> Floats:
    """Return which quantile of cloud stands before the sun just now, uniform in (0, 1)."""
    z = 0.8 * smooth(seed, _FLICKER, at_s, 900.0) + 0.6 * smooth(seed, _FLICKER + 1, at_s, 150.0)
    return to_uniform(z)


class Weather:
    """A seeded climate for one place. Everything is a function of time; nothing is remembered."""

    def __init__(self, seed: int, latitude: float, longitude: float) -> None:
        """Settle at a place."""
        self._seed = seed
        self.latitude = latitude
        self.longitude = longitude

    def truth(self, at_s: ArrayLike) -> Sky:
        """Return the sky as it is, with clouds passing before the sun."""
        sky = self._sky(at_s, _clouds(self._seed, _CLOUD, at_s), self._air_mass_k(at_s))
        beam = sky.light.dni * sky.sun.cos_zenith
        clear = clear_sky(sky.sun)
        share = np.divide(sky.light.dni, clear.dni, out=np.zeros_like(beam), where=clear.dni > 0)
        edge = _FLICKER_EDGE
        visible = np.clip((share * (1 + edge) - _flicker(self._seed, at_s)) / edge, 0.0, 1.0)
        dni = clear.dni * visible
        light = Irradiance(ghi=sky.light.dhi + dni * sky.sun.cos_zenith, dni=dni, dhi=sky.light.dhi)
        return Sky(cloud_cover=sky.cloud_cover, temperature_c=sky.temperature_c, light=light, sun=sky.sun)

    def forecast(self, at_s: ArrayLike, issued_s: float) -> Sky:
        """Return the sky that the last model run before `issued_s` promised for `at_s`.

        The error is drawn per run and grows with the lead time. The past is told as it was, on average over
        the passing clouds.
        """
        t = np.atleast_1d(np.asarray(at_s, dtype=np.float64))
        run = issued_s // RUN_S
        lead_s = t - run * RUN_S
        skill = np.where(t <= issued_s, 1.0, SKILL_AT_ISSUE * np.exp(-np.maximum(lead_s, 0.0) / SKILL_TIME_S))
        error = _clouds(self._seed + int(run), _CLOUD_ERROR, t)
        clouds = skill * _clouds(self._seed, _CLOUD, t) + np.sqrt(1 - skill**2) * error
        warmth_error = smooth(self._seed + int(run), _AIR_MASS_ERROR, t, 24 * HOUR_S)
        air_mass_k = self._air_mass_k(t) + 3.0 * np.sqrt(1 - skill**2) * warmth_error
        return self._sky(t, clouds, air_mass_k)

    def _air_mass_k(self, at_s: ArrayLike) -> Floats:
        return 3.0 * smooth(self._seed, _AIR_MASS, at_s, 90 * HOUR_S)

    def _sky(self, at_s: ArrayLike, clouds: Floats, air_mass_k: Floats) -> Sky:
        """Turn the hidden signals into a sky whose light is the mean over the passing clouds.

        References
        ----------
        F. Kasten and G. Czeplak, "Solar and terrestrial radiation dependent on the amount and type of cloud",
        Solar Energy 24, 1980: global under cover c is (1 - 0.75 c^3.4) of clear; diffuse share grows with c².
        """
        t = np.atleast_1d(np.asarray(at_s, dtype=np.float64))
        winter = self._winter(t)
        cover = 1 / (1 + np.exp(-(2.6 * clouds + 1.5 + 1.1 * winter)))
        sun = sun_position(t, self.latitude, self.longitude)
        clear = clear_sky(sun)
        ghi = clear.ghi * (1 - 0.75 * cover**3.4)
        clear_share = np.divide(clear.dhi, clear.ghi, out=np.ones_like(ghi), where=clear.ghi > 0)
        dhi = ghi * (clear_share + (1 - clear_share) * cover**2)
        cos_z = np.where(sun.cos_zenith > 0.01, sun.cos_zenith, 1.0)
        light = Irradiance(ghi=ghi, dni=(ghi - dhi) / cos_z, dhi=dhi)
        temperature_c = self._temperature_c(t, winter, cover) + air_mass_k
        return Sky(cloud_cover=cover, temperature_c=temperature_c, light=light, sun=sun)

    def _winter(self, t: Floats) -> Floats:
        """Return 1 in the coldest week, -1 in the warmest."""
        phase = np.cos(2 * np.pi * (t / YEAR_S - 20 / 365))
        return phase if self.latitude >= 0 else -phase

    def _temperature_c(self, t: Floats, winter: Floats, cover: Floats) -> Floats:
        """Return the climate's temperature: warmer to the equator and in mid-afternoon, flat under cloud."""
        latitude = abs(self.latitude)
        solar_h = (t / HOUR_S + self.longitude / 15) % 24
        daily = 4.5 * (1 - 0.6 * cover) * np.cos(2 * np.pi * (solar_h - 15) / 24)
        return np.asarray(27 - 0.35 * latitude - 0.2 * latitude * winter + daily)
