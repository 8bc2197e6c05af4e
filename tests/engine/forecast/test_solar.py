"""The solar forecaster: bounded, honest about what it knows, measured against a real array."""

from datetime import datetime
from pathlib import Path

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.module import cell_temperature, dc_kw, inverted_kw
from custom_components.ems.engine.forecast.panels import panels_of
from custom_components.ems.engine.forecast.sky import Place, sky_over
from custom_components.ems.engine.forecast.solar import SolarForecaster
from custom_components.ems.engine.forecast.sun import sun_position
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.site import PvArray
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps

VIENNA = Place(latitude_deg=48.2, longitude_deg=16.4, altitude_m=170)
ROOF = PvArray(id="roof", name="Roof", peak_kw=10, inverter_max_kw=8, tilt_deg=35, azimuth_deg=180)
NOTHING = Weather(starts_s=np.array([]))
DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "pv"


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


JUNE, DECEMBER = at("2025-06-20T00:00:00+00:00"), at("2025-12-20T00:00:00+00:00")


def weather(start_s: float, hours: int = 48, **series) -> Weather:
    """Constant weather by the hour; a list is taken as it is."""
    starts = start_s + 3600 * np.arange(hours, dtype=float)
    return Weather(
        starts_s=starts,
        **{
            name: value if isinstance(value, list) else np.full(hours, value)
            for name, value in series.items()
        },
    )


def forecast(sky: Weather, steps: Steps, array: PvArray = ROOF):
    return SolarForecaster(array, VIENNA).forecast(steps.edges_s[0], steps, sky)


@pytest.mark.parametrize(
    ("sky", "basis"),
    [
        (weather(JUNE, cloud_cover=0.2), "cloud_cover"),
        (weather(JUNE, cloud_cover=0.2, ghi_w_m2=300.0), "irradiance"),
        (weather(JUNE, cloud_cover=float("nan"), temperature_c=20.0), "clear_sky"),
        (NOTHING, "clear_sky"),
    ],
)
def test_the_basis_names_what_the_light_came_from(sky, basis):
    assert forecast(sky, even_steps(JUNE, 24, 60)).basis == basis


def test_where_nothing_is_known_the_band_reaches_from_cloud_to_clear_sky():
    """The clear sky is what can be; about half of it is what usually comes."""
    steps = even_steps(JUNE, 24, 60)
    unknown = forecast(NOTHING, steps)
    clear = forecast(weather(JUNE, cloud_cover=0.0, temperature_c=12.0), steps)
    noon = 11
    assert unknown.p90[noon] > 0.9 * clear.mean[noon]
    assert unknown.p10[noon] < 0.15 * clear.mean[noon]
    assert unknown.mean.sum() == pytest.approx(0.57 * clear.mean.sum(), rel=0.1)


def test_clouds_cost_power_and_irradiance_counts_more_than_clouds():
    steps = even_steps(JUNE, 24, 60)
    clear, half, covered = (forecast(weather(JUNE, cloud_cover=c), steps).mean.sum() for c in (0.0, 0.5, 1.0))
    assert clear > half > covered > 0.2 * clear
    dark = weather(JUNE, cloud_cover=0.0, ghi_w_m2=20.0)
    assert forecast(dark, steps).mean.max() < 0.1 * ROOF.peak_kw


def test_a_june_day_brings_what_such_a_roof_brings():
    """10 kWp in Vienna: 55 to 70 kWh on a cloudless day of June, 20 to 35 in December."""
    june = forecast(weather(JUNE, cloud_cover=0.0, temperature_c=22.0), even_steps(JUNE, 24, 60))
    december = forecast(weather(DECEMBER, cloud_cover=0.0, temperature_c=0.0), even_steps(DECEMBER, 24, 60))
    assert 55 < june.mean.sum() < 70
    assert 20 < december.mean.sum() < 35


def test_an_east_and_a_west_roof_mirror_each_other():
    """About the sun's noon, which in Vienna in June is close to eleven o'clock UTC."""
    steps = even_steps(JUNE, 24, 5)
    sky = weather(JUNE, cloud_cover=0.0)
    east, west = (
        forecast(sky, steps, PvArray(id="a", name="a", peak_kw=5, azimuth_deg=azimuth)).mean
        for azimuth in (90, 270)
    )
    assert east.sum() == pytest.approx(west.sum(), rel=0.03)
    assert (east @ steps.starts_s) / east.sum() < (west @ steps.starts_s) / west.sum() - 3600


def test_coarse_steps_are_the_means_of_fine_ones():
    """An hour's mean is not its middle: at sunrise the two differ by half."""
    sky = weather(JUNE, cloud_cover=0.3, temperature_c=15.0)
    fine = forecast(sky, even_steps(JUNE, 24, 5)).mean.reshape(-1, 12).mean(axis=1)
    assert forecast(sky, even_steps(JUNE, 24, 60)).mean == pytest.approx(fine, abs=1e-9)


def test_an_hours_irradiance_is_kept_in_the_mean():
    """Spread over the hour as the clear sky is, it still adds up to what was given; sunrise included."""
    rng = np.random.default_rng(4)
    starts = JUNE + 3600 * np.arange(24.0)
    clear = sky_over(even_steps(JUNE, 24, 60), VIENNA, NOTHING)
    given_ghi = clear.samples.mean(clear.clear.ghi) * rng.uniform(0.1, 1.0, 24)
    sky = sky_over(even_steps(JUNE, 24, 60), VIENNA, Weather(starts_s=starts, ghi_w_m2=given_ghi))
    light = given_ghi > 20
    assert sky.samples.mean(sky.light.ghi)[light] == pytest.approx(given_ghi[light], rel=1e-6)


@pytest.mark.parametrize("name", ["dhi_w_m2", "dni_w_m2"])
def test_given_diffuse_or_direct_light_is_used(name):
    """The same GHI, all diffuse or mostly direct: a plane that faces the sun gets more of the second."""
    steps, noon = even_steps(DECEMBER, 24, 60), 11
    diffuse, direct = {"dhi_w_m2": (200.0, 60.0), "dni_w_m2": (0.0, 450.0)}[name]
    dull = forecast(weather(DECEMBER, ghi_w_m2=200.0, **{name: diffuse}), steps).mean[noon]
    bright = forecast(weather(DECEMBER, ghi_w_m2=200.0, **{name: direct}), steps).mean[noon]
    assert bright > 1.3 * dull


def test_a_plane_that_faces_away_is_held_by_its_band():
    """In December an upright north wall gets more from clouds than from a clear sky."""
    wall = PvArray(id="a", name="a", peak_kw=5, tilt_deg=90, azimuth_deg=0)
    steps = even_steps(DECEMBER, 24, 60)
    result = forecast(weather(DECEMBER, ghi_w_m2=150.0, dhi_w_m2=150.0), steps, wall)
    assert result.mean.max() > 0.2
    assert np.all(result.mean <= result.p90)
    pitch_dark = forecast(weather(DECEMBER, ghi_w_m2=0.0), steps, wall)
    assert np.all(pitch_dark.p10 <= pitch_dark.mean)


def test_a_beam_is_never_stronger_than_through_clear_air():
    """Too much light for a sun on the horizon is spread over the sky, not shot along the ground."""
    sky = sky_over(even_steps(JUNE, 24, 15), VIENNA, weather(JUNE, ghi_w_m2=600.0, dhi_w_m2=10.0))
    assert np.all(sky.light.dni <= 1.25 * sky.clear.dni + 1e-9)
    assert sky.light.ghi == pytest.approx(sky.light.dhi + sky.light.dni * sky.sun.cos_zenith)


def test_heat_costs_power():
    steps = even_steps(JUNE, 24, 60)
    cold, hot = (
        forecast(weather(JUNE, cloud_cover=0.0, temperature_c=t), steps).mean.sum() for t in (0.0, 35.0)
    )
    assert 0.85 < hot / cold < 0.92


def test_faiman_by_hand():
    """1000 W/m² at 1 m/s: 1000/(25 + 6.84) = 31.4 K above the air."""
    assert cell_temperature(np.array([20.0]), np.array([1000.0])) == pytest.approx([51.407], abs=0.001)


def test_standard_conditions_give_the_nameplate_less_the_losses():
    """25 °C cells at 1000 W/m²: 10 kW · 0.86/0.97 = 8.866 kW DC, which a big inverter passes on with 96 %."""
    direct = dc_kw(10, np.array([1000.0]), np.array([25 - 1000 / 31.84]))
    assert direct == pytest.approx([8.866], abs=0.001)
    # 8.866 of 12/0.96 = 12.5 kW is 71 % load: 0.96/0.9637 · (0.9858 - 0.0115 - 0.0083) = 0.9623.
    assert inverted_kw(direct, 12.0) == pytest.approx([8.866 * 0.9623], abs=0.001)


@pytest.mark.parametrize(("inverter", "limit"), [(8.0, 8.0), (None, 10.0), (12.0, 10.0)])
def test_the_limit_is_the_smaller_of_nameplate_and_inverter(inverter, limit):
    assert panels_of(PvArray(id="a", name="a", peak_kw=10, inverter_max_kw=inverter)).max_kw == limit


@given(
    month=st.integers(1, 12),
    latitude=st.floats(-70, 75),
    longitude=st.floats(-180, 180),
    tilt=st.floats(0, 90),
    azimuth=st.floats(0, 360),
    seed=st.integers(0, 1000),
    inverter=st.sampled_from([None, 2.0, 20.0]),
)
@settings(deadline=None, max_examples=40)
def test_any_weather_anywhere_gives_an_ordered_bounded_band(
    month, latitude, longitude, tilt, azimuth, seed, inverter
):
    """Missing values, nonsense from a service, the polar night: between nothing and the limit."""
    rng = np.random.default_rng(seed)
    start = at(f"2025-{month:02d}-11T07:00:00+00:00")
    values = {
        name: np.where(rng.random(40) < 0.3, np.nan, rng.uniform(0, top, 40))
        for name, top in (("cloud_cover", 1), ("temperature_c", 30), ("ghi_w_m2", 1200), ("dhi_w_m2", 900))
    }
    sky = Weather(starts_s=start + 3600 * np.arange(40.0), **values)
    array = PvArray(id="a", name="a", peak_kw=5, inverter_max_kw=inverter, tilt_deg=tilt, azimuth_deg=azimuth)
    place = Place(latitude_deg=latitude, longitude_deg=longitude)
    steps = tiered_steps(start)
    result = SolarForecaster(array, place).forecast(start, steps, sky)
    night = np.minimum(
        sun_position(steps.edges_s[:-1], latitude, longitude).zenith_deg,
        sun_position(steps.edges_s[1:], latitude, longitude).zenith_deg,
    )
    for name in ("mean", "p10", "p50", "p90"):
        power = getattr(result, name)
        assert power.shape == (len(steps),)
        assert np.all(np.isfinite(power))
        assert np.all(power >= 0)
        assert np.all(power <= panels_of(array).max_kw + 1e-9)
        assert np.all(power[night > 105] == 0)
    assert np.all(result.p10 <= result.p50 + 1e-9)
    assert np.all(result.p50 <= result.p90 + 1e-9)
    assert np.all(result.p10 <= result.mean)
    assert np.all(result.mean <= result.p90)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"starts_s": np.array([0.0, 3600]), "cloud_cover": np.array([50.0, 20])}, "cloud_cover"),
        ({"starts_s": np.array([0.0, 1800])}, "starts_s"),
        ({"starts_s": np.array([0.0]), "interval_s": 0}, "starts_s"),
        ({"starts_s": np.array([0.0]), "ghi_w_m2": np.array([1.0, 2.0])}, "ghi_w_m2"),
    ],
)
def test_weather_that_is_none_is_refused(fields, message):
    """Percent for a fraction above all."""
    with pytest.raises(ValueError, match=message):
        Weather(**fields)


def test_missing_values_may_be_none():
    sky = Weather(starts_s=[0, 3600], cloud_cover=(0.5, None))
    assert np.isnan(sky.cloud_cover[1])


def test_a_place_off_the_map_is_refused():
    with pytest.raises(ValueError, match="latitude_deg"):
        Place(latitude_deg=95, longitude_deg=0)


def test_weather_remembers_what_was_forecast_for_hours_that_are_over():
    """The newer word counts where both speak, and what is too old or of another width is forgotten."""
    past = Weather(starts_s=3600.0 * np.arange(6), cloud_cover=np.full(6, 0.1), temperature_c=np.full(6, 5.0))
    fresh = Weather(starts_s=3600.0 * np.arange(4, 8), cloud_cover=np.full(4, 0.9))
    both = fresh.after(past, 3600.0)
    assert both.starts_s.tolist() == [3600.0 * hour for hour in range(1, 8)]
    assert both.cloud_cover.tolist() == [0.1] * 3 + [0.9] * 4
    assert both.temperature_c[:3].tolist() == [5.0] * 3
    assert np.isnan(both.temperature_c[3:]).all()
    assert fresh.after(None, 0.0) is fresh
    assert fresh.after(Weather(starts_s=np.array([0.0]), interval_s=900), 0.0) is fresh
    assert NOTHING.after(past, 0.0) is NOTHING
