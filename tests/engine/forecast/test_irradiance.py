"""Irradiance: conserved, bounded, and as published."""

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.irradiance import (
    Irradiance,
    clear_sky,
    clear_sky_share,
    cos_incidence,
    diffuse_share,
    glass_transmission,
    plane_irradiance,
    relative_air_mass,
)
from custom_components.ems.engine.forecast.sun import SunPosition

ZENITHS = np.array([0.0, 30, 60, 80, 85, 89, 91])


def suns(zenith_deg, azimuth_deg=180.0, extra=1361.0) -> SunPosition:
    zenith = np.asarray(zenith_deg, dtype=float)
    return SunPosition(
        zenith_deg=zenith,
        azimuth_deg=np.full(zenith.shape, azimuth_deg),
        extraterrestrial_w_m2=np.full(zenith.shape, extra),
    )


@pytest.mark.parametrize(
    ("zenith", "air_mass"), [(0, 0.9997), (60, 1.9939), (75, 3.8160), (85, 10.3164), (90, 37.92)]
)
def test_air_mass_is_that_of_the_papers_table(zenith, air_mass):
    """F. Kasten, A. T. Young, 1989, table III."""
    assert relative_air_mass(np.array([zenith])) == pytest.approx([air_mass], rel=0.002)


@pytest.mark.parametrize("altitude_m", [0.0, 500.0, 2000.0])
def test_a_clear_sky_closes_and_is_dark_at_night(altitude_m):
    sun = suns(ZENITHS)
    light = clear_sky(sun, altitude_m)
    assert light.ghi == pytest.approx(light.dhi + light.dni * sun.cos_zenith)
    assert np.all(light.dhi >= -1e-9)
    assert np.all(np.diff(light.ghi) <= 0)
    assert (light.ghi[-1], light.dni[-1], light.dhi[-1]) == (0, 0, 0)


def test_a_clear_noon_has_about_a_kilowatt_per_square_metre():
    light = clear_sky(suns([20.0]))
    assert 850 < light.ghi[0] < 1000
    assert 800 < light.dni[0] < 950


def test_thin_air_and_clean_air_are_brighter():
    sun = suns([40.0])
    assert clear_sky(sun, 2000).ghi > clear_sky(sun, 0).ghi
    assert clear_sky(sun, 0, turbidity=2).ghi > clear_sky(sun, 0, turbidity=5).ghi


@pytest.mark.parametrize(("cover", "share"), [(0, 1), (0.5, 0.929), (1, 0.25)])
def test_clouds_take_what_the_paper_says(cover, share):
    """Kasten and Czeplak: eight eighths leave a quarter."""
    assert clear_sky_share(np.array([cover])) == pytest.approx([share], abs=0.001)


@pytest.mark.parametrize(
    ("kt", "share"), [(0.1, 0.991), (0.22, 0.9802), (0.5, 0.6592), (0.8, 0.165), (0.9, 0.165)]
)
def test_erbs_by_hand(kt, share):
    """0.5: 0.9511 - 0.0802 + 1.097 - 2.07975 + 0.771 = 0.6592."""
    sun = suns([0.0])
    assert diffuse_share(np.array([kt * 1361]), sun) == pytest.approx([share], abs=0.002)


def test_a_flat_plane_sees_the_global_irradiance():
    """But for what the glass reflects of the beam."""
    sun = suns([30.0])
    light = clear_sky(sun)
    assert plane_irradiance(light, sun, 0, 180) == pytest.approx(light.ghi, rel=0.01)


def test_a_plane_that_faces_the_sun_sees_the_whole_beam():
    sun = suns([35.0], azimuth_deg=180.0)
    assert cos_incidence(sun, 35, 180) == pytest.approx([1.0])
    light = Irradiance(ghi=np.array([0.0]), dni=np.array([800.0]), dhi=np.array([0.0]))
    assert plane_irradiance(light, sun, 35, 180) == pytest.approx([800.0])


@pytest.mark.parametrize(("angle_deg", "share"), [(0, 1.0), (60, 0.95), (80, 0.762), (89.9, 0.0), (120, 0.0)])
def test_glass_reflects_slanting_beams(angle_deg, share):
    """1 - 0.05·(1/cos θ - 1): at 60° a twentieth is lost."""
    assert glass_transmission(np.cos(np.radians([angle_deg]))) == pytest.approx([share], abs=0.001)


def test_a_slanting_beam_by_hand():
    """60° off the normal: 800·0.5·0.95 = 380."""
    sun = suns([60.0])
    light = Irradiance(ghi=np.array([0.0]), dni=np.array([800.0]), dhi=np.array([0.0]))
    assert plane_irradiance(light, sun, 0, 180) == pytest.approx([380.0])


def test_the_plane_by_hand():
    """Tilt 60°, sun 30° above the horizon in front, even sky of 100, ground of 0.2·GHI.

    DNI 0: sky 100·(1 + 0.5)/2 = 75, ground 200·0.2·(1 - 0.5)/2 = 10.
    """
    sun = suns([60.0])
    light = Irradiance(ghi=np.array([200.0]), dni=np.array([0.0]), dhi=np.array([100.0]))
    assert plane_irradiance(light, sun, 60, 180) == pytest.approx([85.0])


@given(
    zenith=st.floats(0, 120),
    azimuth=st.floats(0, 360),
    tilt=st.floats(0, 90),
    plane_azimuth=st.floats(0, 360),
    share=st.floats(0, 1.25),
)
@settings(deadline=None, max_examples=80)
def test_a_plane_gets_neither_less_than_nothing_nor_more_than_the_sun(
    zenith, azimuth, tilt, plane_azimuth, share
):
    sun = suns([zenith], azimuth)
    clear = clear_sky(sun)
    ghi = clear.ghi * share
    dni = np.minimum(ghi * (1 - diffuse_share(ghi, sun)) / np.maximum(sun.cos_zenith, 0.02), clear.dni)
    light = Irradiance(ghi=ghi, dni=dni, dhi=ghi - dni * sun.cos_zenith)
    plane = plane_irradiance(light, sun, tilt, plane_azimuth)
    assert 0 <= plane[0] < 1361 * 1.1
    if zenith > 90:
        assert plane[0] == 0
