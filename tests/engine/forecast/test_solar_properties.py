"""Whatever a roof is, wherever it stands and whatever nonsense it has learned: bounded, ordered, dark at night."""

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.given_power import GivenPower
from custom_components.ems.engine.forecast.lateness import CANDIDATES_H
from custom_components.ems.engine.forecast.panels import Panels, Plane
from custom_components.ems.engine.forecast.sky import Place
from custom_components.ems.engine.forecast.solar import SolarForecaster
from custom_components.ems.engine.forecast.sun import sun_position
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps
from tests.engine.forecast.solar_homes import DAY_S, MARCH, ROOF, VIENNA, at, changing_weather, hours_of

CURVES = ("mean", "p10", "p50", "p90")


@given(
    latitude=st.sampled_from([-77.8, -33.9, 0.0, 48.2, 71.0]),
    longitude=st.floats(-180, 180),
    month=st.integers(1, 12),
    tilt=st.sampled_from([0.0, 35.0, 90.0]),
    azimuth=st.floats(0, 360),
    inverter=st.sampled_from([None, 0.0, 2.0]),
    seed=st.integers(0, 10_000),
    days=st.integers(1, 30),
)
@settings(deadline=None, max_examples=40)
def test_a_roof_that_learned_anything_at_all_stays_within_what_it_can(
    latitude, longitude, month, tilt, azimuth, inverter, seed, days
):
    """Random production, negative too, with holes; random weather and another's forecast beside it."""
    rng = np.random.default_rng(seed)
    start = at(f"2025-{month:02d}-03T00:00:00+00:00")
    place = Place(latitude_deg=latitude, longitude_deg=longitude)
    panels = Panels(
        planes=(Plane(peak_kw=4, tilt_deg=tilt, azimuth_deg=azimuth), Plane(peak_kw=2)),
        inverter_max_kw=inverter,
    )
    hours = hours_of(start, days + 2)
    sky = Weather(starts_s=hours.starts_s, ghi_w_m2=rng.uniform(0, 1100, len(hours)))
    other = GivenPower(
        starts_s=hours.starts_s,
        power_kw=np.where(rng.random(len(hours)) < 0.2, np.nan, rng.uniform(-1, 9, len(hours))),
    )
    measured = np.where(rng.random(len(hours)) < 0.2, np.nan, rng.uniform(-1, 12, len(hours)))
    forecaster = SolarForecaster(panels, place)
    past = days * 24
    forecaster.learn(hours.starts_s[:past], measured[:past], sky, {"other": other})
    now = start + days * DAY_S
    steps = tiered_steps(now)
    result = forecaster.forecast(now, steps, sky, {"other": other})
    night = np.minimum(*(sun_position(edges, latitude, longitude).zenith_deg for edges in _around(steps)))
    for name in CURVES:
        power = getattr(result, name)
        assert np.all(np.isfinite(power))
        assert np.all((power >= 0) & (power <= panels.max_kw + 1e-9))
        assert np.all(power[night > 108] == 0)
    assert np.all(result.p10 <= np.minimum(result.p50, result.mean) + 1e-9)
    assert np.all(result.p90 >= np.maximum(result.p50, result.mean) - 1e-9)


def _around(steps: Steps):
    """A clock that was found to be late may carry an evening on by so much."""
    reach = 3600 * max(CANDIDATES_H)
    return steps.edges_s[:-1] - reach, steps.edges_s[1:] + reach


@pytest.mark.parametrize("minutes", [5, 15, 30, 120])
def test_steps_of_any_width_add_up_to_the_same_energy(minutes):
    """Learned or not; live steps of mixed widths too."""
    sky = changing_weather(MARCH, 40)
    starts = hours_of(MARCH, 30).starts_s
    plain, learned = SolarForecaster(ROOF, VIENNA), SolarForecaster(ROOF, VIENNA)
    learned.learn(starts, 0.7 * plain.forecast(MARCH, hours_of(MARCH, 30), sky).mean, sky)
    now = MARCH + 30 * DAY_S
    for forecaster in (plain, learned):
        hourly = forecaster.forecast(now, hours_of(now, 2), sky)
        other = forecaster.forecast(now, even_steps(now, 48, minutes), sky)
        for name in CURVES:
            energy = getattr(other, name) @ other.steps.hours
            assert energy == pytest.approx(getattr(hourly, name) @ hourly.steps.hours, rel=1e-9)
    live = tiered_steps(now)
    assert learned.forecast(now, live, sky).mean @ live.hours == pytest.approx(
        learned.forecast(now, hours_of(now, 2), sky).mean @ np.ones(48), rel=1e-9
    )


def test_under_the_midnight_sun_there_is_power_at_any_hour_and_none_in_the_polar_night():
    tromso = Place(latitude_deg=69.6, longitude_deg=18.9)
    panels = Panels(planes=(Plane(peak_kw=5, tilt_deg=0),))
    for text, lit in (("2025-06-21T00:00:00+00:00", True), ("2025-12-21T00:00:00+00:00", False)):
        start = at(text)
        sky = Weather(starts_s=start + 3600 * np.arange(24.0), cloud_cover=np.zeros(24))
        mean = SolarForecaster(panels, tromso).forecast(start, hours_of(start, 1), sky).mean
        assert np.all(mean > 0) if lit else not mean.any()


def test_south_of_the_equator_a_roof_faces_north():
    cape = Place(latitude_deg=-33.9, longitude_deg=18.4)
    start = at("2025-06-21T00:00:00+00:00")
    sky = Weather(starts_s=start + 3600 * np.arange(24.0), cloud_cover=np.zeros(24))
    north, south = (
        SolarForecaster(Panels(planes=(Plane(peak_kw=5, azimuth_deg=azimuth),)), cape)
        .forecast(start, hours_of(start, 1), sky)
        .mean.sum()
        for azimuth in (0.0, 180.0)
    )
    assert north > 3 * south
