"""Where the sun is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..steps import Floats

# Days from the Unix epoch to noon of 1 January 2000 (J2000.0), from which almanacs count.
J2000_DAYS = 10957.5
SOLAR_CONSTANT_W_M2 = 1361.0  # G. Kopp, J. L. Lean, Geophysical Research Letters 38, L01706, 2011


@dataclass(frozen=True, kw_only=True, eq=False)
class SunPosition:
    """Position of the sun as seen from the ground, and its strength above the atmosphere.

    Attributes
    ----------
    zenith_deg : Angle from overhead, refraction included; above 90 the sun is down. [°]
    azimuth_deg : From north, clockwise. [°]
    extraterrestrial_w_m2 : Irradiance normal to the rays above the atmosphere. [W/m²]
    """

    zenith_deg: Floats
    azimuth_deg: Floats
    extraterrestrial_w_m2: Floats

    @property
    def cos_zenith(self) -> Floats:
        """Cosine of the zenith angle, 0 where the sun is down."""
        return np.asarray(np.maximum(np.cos(np.radians(self.zenith_deg)), 0))


def pressure_share(altitude_m: float) -> float:
    """Return the air's pressure over that at sea level, in the standard atmosphere."""
    return float((1 - 2.25577e-5 * altitude_m) ** 5.25588)


def _refraction_deg(elevation_deg: Floats, altitude_m: float) -> Floats:
    """Return by how much the air lifts the sun, for a standard atmosphere. [°]."""
    e = np.maximum(elevation_deg, -0.56)
    lift = 3.51561 * (0.1594 + 0.0196 * e + 0.00002 * e**2) / (1 + 0.505 * e + 0.0845 * e**2)
    return np.where(elevation_deg > -0.56, lift * pressure_share(altitude_m), 0.0)


def sun_position(
    at_s: ArrayLike, latitude_deg: float, longitude_deg: float, altitude_m: float = 0.0
) -> SunPosition:
    """Return the sun's position at instants.

    Parameters
    ----------
    at_s : Instants. [s since epoch, UTC]
    latitude_deg, longitude_deg : North and east are positive. [°]
    altitude_m : Thin air lifts the sun less. [m]

    References
    ----------
    J. J. Michalsky, "The Astronomical Almanac's algorithm for approximate solar position (1950–2050)",
    Solar Energy 40(3), 1988 (errata 41(1) and 43(5)). Good to 0.01°.
    """
    days = np.asarray(at_s, dtype=np.float64) / 86400 - J2000_DAYS
    mean_longitude_deg = 280.460 + 0.9856474 * days
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(mean_longitude_deg + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))

    sidereal_deg = 280.46061837 + 360.98564736629 * days + longitude_deg
    hour_angle = np.radians(sidereal_deg) - right_ascension
    latitude = np.radians(latitude_deg)
    up = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.cos(latitude) * np.sin(declination) - np.sin(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )
    elevation_deg = np.degrees(np.arcsin(np.clip(up, -1, 1)))

    # The earth's ellipse, from the same anomaly (Almanac: distance in astronomical units).
    distance_au = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return SunPosition(
        zenith_deg=90 - elevation_deg - _refraction_deg(elevation_deg, altitude_m),
        azimuth_deg=np.degrees(np.arctan2(east, north)) % 360,
        extraterrestrial_w_m2=SOLAR_CONSTANT_W_M2 / distance_au**2,
    )
