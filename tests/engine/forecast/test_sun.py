"""The sun against published positions."""

from datetime import datetime

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.sun import sun_position


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_position_of_the_reference_algorithms_own_example():
    """I. Reda, A. Andreas, "Solar Position Algorithm", NREL/TP-560-34302, table A5.1."""
    sun = sun_position([at("2003-10-17T12:30:30-07:00")], 39.742476, -105.1786)
    assert sun.zenith_deg == pytest.approx([50.11162], abs=0.01)
    assert sun.azimuth_deg == pytest.approx([194.34024], abs=0.01)


@pytest.mark.parametrize(
    ("when", "elevation_deg"),
    [
        ("2024-06-20T20:51:00+00:00", 23.44),  # the solstice: the highest that the pole ever sees it
        ("2024-03-20T03:06:00+00:00", 0.0),  # the equinox
    ],
)
def test_the_pole_sees_the_declination(when, elevation_deg):
    """From the pole the sun's elevation is its declination; seasons are published to the minute."""
    zenith = sun_position([at(when)], 90.0, 0.0).zenith_deg[0]
    lift = 0.04 if elevation_deg > 1 else 0.56  # refraction at this height
    assert 90 - zenith == pytest.approx(elevation_deg + lift, abs=0.06)


@pytest.mark.parametrize(
    ("place", "azimuth_deg"),
    [((48.2, 16.4), 180), ((-33.9, 18.4), 0)],  # at noon the sun is in the south, and in the north down there
)
def test_at_noon_the_sun_is_on_the_meridian(place, azimuth_deg):
    day = at("2025-11-03T00:00:00+00:00") + np.arange(0, 86400, 60.0)
    sun = sun_position(day, *place)
    noon = np.argmin(sun.zenith_deg)
    assert np.cos(np.radians(sun.azimuth_deg[noon] - azimuth_deg)) > 0.9999


@given(
    at_s=st.floats(0, 2.5e9),
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
)
@settings(deadline=None, max_examples=60)
def test_positions_are_positions_anywhere(at_s, latitude, longitude):
    sun = sun_position(np.array([at_s]), latitude, longitude)
    assert 0 <= sun.azimuth_deg[0] < 360
    assert -1 <= sun.zenith_deg[0] <= 181
    assert 1310 < sun.extraterrestrial_w_m2[0] < 1420
    assert sun.cos_zenith[0] >= 0
