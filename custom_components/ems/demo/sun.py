"""Where the sun stands, and what it sends through a clear sky onto the ground and onto a tilted plane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

type Floats = NDArray[np.float64]

_J2000_S = 946_728_000.0  # 2000-01-01 12:00 UTC in seconds since the epoch
_DAY_S = 86_400.0
ALBEDO = 0.2  # grass and asphalt; what a plane sees of the ground


@dataclass(frozen=True, kw_only=True, eq=False)
class SunPosition:
    """Angles of the sun's centre, azimuth clockwise from north. [rad]."""

    zenith: Floats
    azimuth: Floats

    @property
    def cos_zenith(self) -> Floats:
        """Cosine of the zenith angle, 0 below the horizon."""
        return np.asarray(np.maximum(np.cos(self.zenith), 0.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Irradiance:
    """Global horizontal, direct normal and diffuse horizontal irradiance. [W/m²]."""

    ghi: Floats
    dni: Floats
    dhi: Floats


def sun_position(at_s: ArrayLike, latitude: float, longitude: float) -> SunPosition:
    """Return the sun's position.

    Parameters
    ----------
    at_s : Instants. [s since the epoch, UTC]
    latitude, longitude : Place, north and east positive. [°]

    References
    ----------
    M. Blanco-Muriel et al., "Computing the solar vector", Solar Energy 70(5), 2001. About 0.01° until 2050.
    """
    t = np.atleast_1d(np.asarray(at_s, dtype=np.float64))
    n = (t - _J2000_S) / _DAY_S
    omega = 2.1429 - 0.0010394594 * n
    anomaly = 6.2400600 + 0.0172019699 * n
    longitude_ecl = (
        4.8950630
        + 0.017202791698 * n
        + 0.03341607 * np.sin(anomaly)
        + 0.00034894 * np.sin(2 * anomaly)
        - 0.0001134
        - 0.0000203 * np.sin(omega)
    )
    obliquity = 0.4090928 - 6.2140e-9 * n + 0.0000396 * np.cos(omega)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude_ecl), np.cos(longitude_ecl))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude_ecl))
    sidereal_h = 6.6974243242 + 0.0657098283 * n + (t % _DAY_S) / 3600
    return _horizontal(np.radians(sidereal_h * 15 + longitude) - ascension, declination, np.radians(latitude))


def _horizontal(hour_angle: Floats, declination: Floats, latitude: float) -> SunPosition:
    """Turn equatorial into horizontal coordinates, with the parallax of an observer on the surface."""
    cos_h = np.cos(hour_angle)
    cos_zenith = np.cos(latitude) * cos_h * np.cos(declination) + np.sin(declination) * np.sin(latitude)
    zenith = np.arccos(np.clip(cos_zenith, -1.0, 1.0))
    azimuth = np.arctan2(
        -np.sin(hour_angle), np.tan(declination) * np.cos(latitude) - np.sin(latitude) * cos_h
    )
    parallax = 6371.01 / 149_597_890 * np.sin(zenith)
    return SunPosition(zenith=zenith + parallax, azimuth=azimuth % (2 * np.pi))


def clear_sky(sun: SunPosition) -> Irradiance:
    """Return the irradiance under a cloudless sky.

    References
    ----------
    Global: B. Haurwitz, "Insolation in relation to cloudiness and cloud density", J. Meteorology 2, 1945.
    Direct: A. and M. Meinel, "Applied Solar Energy", 1976, over the air mass of F. Kasten and A. Young,
    "Revised optical air mass tables", Applied Optics 28, 1989. Diffuse is what is left.
    """
    cos_z = sun.cos_zenith
    up = cos_z > 0.01
    safe = np.where(up, cos_z, 1.0)
    ghi = np.where(up, 1098 * safe * np.exp(-0.057 / safe), 0.0)
    elevation_deg = np.where(up, 90 - np.degrees(sun.zenith), 90.0)
    air_mass = 1 / (safe + 0.50572 * (elevation_deg + 6.07995) ** -1.6364)
    dni = np.where(up, 1353 * 0.7 ** (air_mass**0.678), 0.0)
    beam = np.minimum(dni * cos_z, 0.95 * ghi)  # near the horizon the two sources could disagree
    return Irradiance(ghi=ghi, dni=np.where(up, beam / safe, 0.0), dhi=ghi - beam)


def on_plane(sun: SunPosition, light: Irradiance, tilt_deg: float, azimuth_deg: float) -> Floats:
    """Return the irradiance on a tilted plane. [W/m²].

    References
    ----------
    B. Liu and R. Jordan, "The long-term average performance of flat-plate solar-energy collectors",
    Solar Energy 7(2), 1963: isotropic sky and ground.
    """
    tilt, azimuth = np.radians(tilt_deg), np.radians(azimuth_deg)
    cos_incidence = np.cos(sun.zenith) * np.cos(tilt) + np.sin(sun.zenith) * np.sin(tilt) * np.cos(
        sun.azimuth - azimuth
    )
    beam = light.dni * np.maximum(cos_incidence, 0.0)
    sky = light.dhi * (1 + np.cos(tilt)) / 2
    ground = light.ghi * ALBEDO * (1 - np.cos(tilt)) / 2
    return np.asarray(beam + sky + ground)
