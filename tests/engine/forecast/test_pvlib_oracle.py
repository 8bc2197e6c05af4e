"""The physics against pvlib, the reference implementation of the science: the same models give the same numbers."""

import warnings

import numpy as np
import pytest

from custom_components.ems.engine.forecast.horizon import Horizon
from custom_components.ems.engine.forecast.irradiance import (
    Irradiance,
    clear_sky,
    diffuse_share,
    glass_transmission,
    light_on_plane,
    plane_irradiance,
)
from custom_components.ems.engine.forecast.module import cell_temperature, inverted_kw
from custom_components.ems.engine.forecast.sun import sun_position

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pandas' and h5py's own affairs
    import pandas as pd
    import pvlib

PLACES = [
    (48.2, 16.4, 170.0),
    (-33.9, 18.4, 50.0),
    (0.0, -78.5, 2850.0),
    (69.6, 18.9, 10.0),
    (-54.8, -68.3, 20.0),
]
PLANES = [(0, 180), (35, 180), (45, 95), (30, 290), (90, 180), (90, 10)]


@pytest.fixture(name="year", scope="module")
def year_fixture():
    """Instants of 2026, some 50 minutes apart, so that they fall on every minute of the hour."""
    start = np.datetime64("2026-01-01T00:00:00", "s").astype(float)
    return start + np.arange(0, 365 * 86400, 3013.0)


def stamps(at_s) -> pd.DatetimeIndex:
    return pd.DatetimeIndex((at_s * 1e9).astype("int64"), tz="UTC")


@pytest.mark.parametrize(("latitude", "longitude", "altitude"), PLACES)
def test_the_sun_stands_where_pvlib_sees_it(year, latitude, longitude, altitude):
    """Within 0.1° of NREL's algorithm, refraction included; near the zenith azimuths say nothing, hence the chord."""
    theirs = pvlib.solarposition.get_solarposition(stamps(year), latitude, longitude, altitude)
    ours = sun_position(year, latitude, longitude, altitude)
    up = theirs["elevation"].to_numpy() > 0
    assert up.sum() > 3000
    assert np.abs(ours.zenith_deg - theirs["apparent_zenith"].to_numpy())[up].max() < 0.1
    turn = np.radians(ours.azimuth_deg - theirs["azimuth"].to_numpy())
    chord = np.degrees(np.abs(2 * np.sin(turn / 2))) * np.sin(np.radians(ours.zenith_deg))
    assert chord.max() < 0.1


def test_the_strength_above_the_air_is_pvlibs(year):
    theirs = pvlib.irradiance.get_extra_radiation(stamps(year), solar_constant=1361.0, method="nrel")
    assert sun_position(year, 0, 0).extraterrestrial_w_m2 == pytest.approx(theirs.to_numpy(), rel=1e-3)


@pytest.mark.parametrize(("latitude", "longitude", "altitude"), PLACES)
def test_the_clear_sky_is_that_of_ineichen(year, latitude, longitude, altitude):
    everywhen = sun_position(year, latitude, longitude)
    sun = sun_position(year[everywhen.zenith_deg < 85], latitude, longitude)
    air_mass = pvlib.atmosphere.get_relative_airmass(sun.zenith_deg)
    absolute = air_mass * (1 - 2.25577e-5 * altitude) ** 5.25588
    theirs = pvlib.clearsky.ineichen(
        sun.zenith_deg, absolute, 3.0, altitude, dni_extra=sun.extraterrestrial_w_m2
    )
    ours = clear_sky(sun, altitude)
    for name in ("ghi", "dni", "dhi"):
        assert np.abs(getattr(ours, name) - theirs[name]).max() < 10, name


@pytest.fixture(name="weather", scope="module")
def weather_fixture(year):
    """Any share of the light that reaches Vienna, with its sun."""
    sun = sun_position(year, 48.2, 16.4)
    rng = np.random.default_rng(5)
    ghi = sun.extraterrestrial_w_m2 * sun.cos_zenith * rng.uniform(0.02, 0.8, len(year))
    return sun, ghi


def test_erbs_is_pvlibs_erbs(year, weather):
    """Within 5 W/m²: pvlib's solar constant here is the older 1366.1 W/m²."""
    sun, ghi = weather
    theirs = pvlib.irradiance.erbs(ghi, sun.zenith_deg, stamps(year))
    up = sun.zenith_deg < 85
    assert (ghi * diffuse_share(ghi, sun))[up] == pytest.approx(np.asarray(theirs["dhi"])[up], abs=5)


@pytest.mark.parametrize(("tilt", "azimuth"), PLANES)
def test_light_on_a_plane_is_pvlibs_hay_and_davies(weather, tilt, azimuth):
    """Within 1 % of 1000 W/m² wherever the sun is more than 5° up."""
    sun, ghi = weather
    dhi = ghi * diffuse_share(ghi, sun)
    dni = np.where(sun.cos_zenith > 0.05, (ghi - dhi) / np.maximum(sun.cos_zenith, 0.05), 0)
    theirs = pvlib.irradiance.get_total_irradiance(
        tilt,
        azimuth,
        sun.zenith_deg,
        sun.azimuth_deg,
        dni,
        ghi,
        dhi,
        dni_extra=sun.extraterrestrial_w_m2,
        albedo=0.2,
        model="haydavies",
    )
    ours = light_on_plane(Irradiance(ghi=ghi, dni=dni, dhi=dhi), sun, tilt, azimuth)
    up = sun.zenith_deg < 85
    assert up.sum() > 3000
    assert np.abs(ours.total - np.asarray(theirs["poa_global"]))[up].max() < 10
    assert np.abs(ours.beam - np.asarray(theirs["poa_direct"]))[up].max() < 10


def test_glass_reflects_as_ashrae_says():
    angles = np.linspace(0, 89, 60)
    theirs = pvlib.iam.ashrae(angles, b=0.05)
    assert glass_transmission(np.cos(np.radians(angles))) == pytest.approx(theirs, abs=1e-6)


def test_cells_are_as_warm_as_faimans():
    """Within 0.5 K."""
    rng = np.random.default_rng(6)
    light, outdoor, wind = rng.uniform(0, 1200, 500), rng.uniform(-20, 40, 500), rng.uniform(0, 12, 500)
    theirs = pvlib.temperature.faiman(light, outdoor, wind)
    ours = [cell_temperature(a, g, w) for a, g, w in zip(outdoor, light, wind, strict=True)]
    assert np.abs(np.array(ours) - theirs).max() < 0.5


def test_the_inverter_is_that_of_pvwatts():
    direct = np.linspace(0, 5.2, 200)
    theirs = pvlib.inverter.pvwatts(direct, pdc0=5 / 0.96)
    assert np.minimum(inverted_kw(direct, 5.0), 5.0) == pytest.approx(np.asarray(theirs), abs=1e-6)


def test_a_horizon_takes_the_sky_that_its_line_hides():
    """Pvlib's isotropic sky over a ring of hills at a constant height: cos² of it is left on the horizontal."""
    ring = Horizon(azimuth_deg=(0.0, 120.0, 240.0), elevation_deg=(20.0, 20.0, 20.0))
    assert ring.sky_share == pytest.approx(np.cos(np.radians(20)) ** 2)
    sun = sun_position(np.array([1_781_000_000.0]), 48.2, 16.4)
    even = Irradiance(ghi=np.array([100.0]), dni=np.array([0.0]), dhi=np.array([100.0]))
    assert plane_irradiance(even, sun, 0, 180, ring) == pytest.approx([100 * ring.sky_share])
