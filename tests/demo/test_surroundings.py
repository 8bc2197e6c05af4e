"""Sun, sky, car and prices: plausible, repeatable, and right on the two odd days of the year."""

from datetime import datetime
from itertools import pairwise
import json

import numpy as np
import pytest

from custom_components.ems.demo.calendar_day import LocalDay
from custom_components.ems.demo.car import Car, trips
from custom_components.ems.demo.market import MARKET_ZONE, prices, published_until_s
from custom_components.ems.demo.noise import smooth, to_uniform, uniform
from custom_components.ems.demo.pv import dc_power, facing_noon
from custom_components.ems.demo.sun import clear_sky, on_plane, sun_position
from custom_components.ems.demo.weather import Weather

from .lab import VIENNA, instant

HOUR_S = 3600
LATITUDE, LONGITUDE = 48.21, 16.37


@pytest.mark.parametrize(
    ("at", "latitude", "longitude", "zenith_deg", "azimuth_deg"),
    [
        # Solar noon at the June solstice: zenith is latitude minus the obliquity of the ecliptic, 23.44°.
        ("2026-06-21T10:56:18+00:00", 48.21, 16.37, 48.21 - 23.44, 180.0),
        # Worked example of I. Reda and A. Andreas, "Solar position algorithm", NREL/TP-560-34302 (Golden).
        ("2003-10-17T19:30:30+00:00", 39.742476, -105.1786, 50.11, 194.34),
        # Equinox on the equator, an hour and a half before noon.
        ("2026-03-20T10:37:28+00:00", 0.0, 0.0, 22.5, 90.0),
    ],
)
def test_the_sun_stands_where_the_almanac_says(at, latitude, longitude, zenith_deg, azimuth_deg):
    sun = sun_position(datetime.fromisoformat(at).timestamp(), latitude, longitude)
    assert np.degrees(sun.zenith[0]) == pytest.approx(zenith_deg, abs=0.1)
    assert np.degrees(sun.azimuth[0]) == pytest.approx(azimuth_deg, abs=0.5)


def test_clear_sky_never_gives_negative_light_and_none_at_night():
    at = instant("2026-01-01T00:00") + 600.0 * np.arange(365 * 144)
    sun = sun_position(at, LATITUDE, LONGITUDE)
    clear = clear_sky(sun)
    for light in (clear.ghi, clear.dni, clear.dhi, on_plane(sun, clear, 35, 180)):
        assert np.all(light >= 0)
        assert np.all(light[np.degrees(sun.zenith) > 90] == 0)
    assert 850 < clear.ghi.max() < 1000
    np.testing.assert_allclose(clear.dni * sun.cos_zenith + clear.dhi, clear.ghi, atol=1e-9)


@pytest.mark.parametrize("latitude", [48.0, -35.0])
def test_a_roof_in_either_hemisphere_yields_a_plausible_year(latitude: float):
    """Between 900 and 1900 kWh per kWp, and more in its summer than in its winter."""
    at = instant("2026-01-01T00:00") + 1800.0 * np.arange(365 * 48)
    power = dc_power(facing_noon(latitude, 1000.0), Weather(1, latitude, 0.0).truth(at)) / 1000
    assert 900 < power.sum() / 2 < 1900
    january, july = power[: 31 * 48].sum(), power[181 * 48 : 212 * 48].sum()
    assert (july > january) == (latitude > 0)
    assert power.max() < 1.2


def test_noise_is_standard_normal_everywhere_and_repeatable():
    at = np.arange(0, 4000 * 100, 37.0)
    z = smooth(1, 2, at, 100.0)
    assert z.mean() == pytest.approx(0, abs=0.08)
    assert z.std() == pytest.approx(1, abs=0.05)
    assert np.array_equal(z, smooth(1, 2, at, 100.0))
    assert not np.array_equal(z, smooth(2, 2, at, 100.0))
    middle, edge = (
        smooth(1, 3, np.arange(3000) * 100 + 50, 100.0),
        smooth(1, 3, np.arange(3000) * 100.0, 100.0),
    )
    assert middle.std() == pytest.approx(edge.std(), abs=0.08), (
        "as lively between the lattice points as on them"
    )
    assert 0 < uniform(1, 1, np.arange(1000)).min() < uniform(1, 1, np.arange(1000)).max() < 1
    assert to_uniform(np.array([0.0, 1.0]))[1] == pytest.approx(0.8413, abs=5e-4)


def test_truth_of_one_instant_does_not_depend_on_what_else_is_asked():
    weather = Weather(1, LATITUDE, LONGITUDE)
    at = instant("2026-06-15T00:00") + 60.0 * np.arange(1440)
    all_day = weather.truth(at)
    assert weather.truth(at[700]).light.ghi[0] == all_day.light.ghi[700]
    assert np.all((all_day.cloud_cover >= 0) & (all_day.cloud_cover <= 1))


def test_forecast_errors_grow_with_lead_time_and_the_past_is_known():
    weather = Weather(1, LATITUDE, LONGITUDE)
    errors: dict[int, list[float]] = {3: [], 24: [], 47: []}
    for day in range(240):
        issued = instant("2026-01-01T06:00") + day * 86_400
        for lead_h, found in errors.items():
            at = issued + lead_h * HOUR_S
            found.append((weather.forecast(at, issued).cloud_cover - weather.truth(at).cloud_cover)[0])
        yesterday = issued - 86_400
        assert weather.forecast(yesterday, issued).cloud_cover == weather.truth(yesterday).cloud_cover
    spread = [float(np.std(found)) for found in errors.values()]
    assert 0.02 < spread[0] < spread[1] < spread[2] < 0.45


def test_forecast_stands_still_between_model_runs():
    weather, at = Weather(1, LATITUDE, LONGITUDE), instant("2026-06-16T12:00")
    issued = [instant(f"2026-06-15T{hour}:00Z") for hour in ("06", "07", "11", "12")]
    seen = [float(weather.forecast(at, moment).cloud_cover[0]) for moment in issued]
    assert seen[0] == seen[1] == seen[2] != seen[3]


def test_car_leaves_in_the_morning_and_returns_before_dinner_on_weekdays():
    for day in range(5):
        local = LocalDay.holding(instant("2026-06-15T12:00") + day * 86_400, VIENNA)
        (trip,) = trips(1, local)
        assert local.at(7.3) <= trip.leave_s <= local.at(7.7)
        assert local.at(17) <= trip.return_s <= local.at(18)
        assert 7_000 <= trip.energy_wh <= 15_000


def test_car_comes_home_emptier_once_and_only_once():
    car = Car(seed=1, zone=VIENNA, energy_wh=50_000.0, settled_s=instant("2026-06-15T06:00"))
    assert car.at_home(instant("2026-06-15T06:00"))
    assert not car.at_home(instant("2026-06-15T12:00"))
    assert car.energy_wh == 50_000
    assert car.at_home(instant("2026-06-15T18:30"))
    after = car.energy_wh
    assert 35_000 <= after <= 43_000
    assert car.at_home(instant("2026-06-15T18:31"))
    assert car.energy_wh == after


def test_car_takes_what_it_is_offered_between_six_and_sixteen_amperes():
    volts = (230.0, 230.0, 230.0)
    for offered_a, taken_a in ((0.0, 0.0), (5.9, 0.0), (6.0, 6.0), (10.0, 10.0), (32.0, 16.0)):
        car = Car(seed=1, zone=VIENNA, energy_wh=20_000.0)
        for second in range(30):
            amps = car.take(now_s=second, step_s=1, offered_a=offered_a, phases=3, at_home=True, volts=volts)
        assert amps == pytest.approx((taken_a,) * 3)
    one = car.take(now_s=30, step_s=1, offered_a=16, phases=1, at_home=True, volts=volts)
    assert one[1:] == (0, 0)
    assert car.take(now_s=31, step_s=1, offered_a=16, phases=3, at_home=False, volts=volts) == (0, 0, 0)


def test_car_stores_ninety_per_cent_and_stops_at_its_limit():
    car = Car(seed=1, zone=VIENNA, energy_wh=20_000.0, current_a=16.0)
    hour = {"offered_a": 16.0, "phases": 3, "at_home": True, "volts": (230.0,) * 3}
    car.take(now_s=0, step_s=3600, **hour)
    assert car.energy_wh == pytest.approx(20_000 + 0.9 * 3 * 16 * 230)
    car.energy_wh = 0.9 * car.spec.capacity_wh
    assert not car.wants
    assert car.take(now_s=3600, step_s=3600, **hour) == (0, 0, 0)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-15", 24)])
def test_a_market_day_has_a_price_for_each_of_its_hours(day: str, hours: int):
    local = LocalDay.holding(instant(f"{day}T12:00"), MARKET_ZONE)
    found = prices(1, local.start_s, local.end_s, local.end_s)
    assert len(found) == hours
    assert all(b.start_s == a.end_s == a.start_s + HOUR_S for a, b in pairwise(found))


def test_tomorrow_is_published_at_one_o_clock():
    tomorrow = instant("2026-06-16T00:00")
    assert published_until_s(instant("2026-06-15T12:59:59")) == tomorrow
    assert published_until_s(instant("2026-06-15T13:00")) == instant("2026-06-17T00:00")
    before = prices(1, tomorrow - HOUR_S, tomorrow + HOUR_S, instant("2026-06-15T12:59:59"))
    after = prices(1, tomorrow - HOUR_S, tomorrow + HOUR_S, instant("2026-06-15T13:00"))
    assert (len(before), len(after)) == (1, 2)
    assert before[0] == after[0], "a published price does not move"


def test_prices_have_the_shape_of_a_market():
    """A year: evenings dear, summer noons cheap and now and then below zero, weekends cheaper."""
    start = instant("2026-01-01T00:00")
    found = prices(1, start, start + 364 * 86_400, start + 400 * 86_400)
    by = {"evening": [], "noon": [], "weekend": [], "weekday": []}
    for price in found:
        moment = datetime.fromtimestamp(price.start_s, MARKET_ZONE)
        by["weekend" if moment.weekday() >= 5 else "weekday"].append(price.eur_per_mwh)
        if moment.hour in {19, 12}:
            by["evening" if moment.hour == 19 else "noon"].append(price.eur_per_mwh)
    means = {name: sum(values) / len(values) for name, values in by.items()}
    assert means["noon"] + 40 < means["evening"]
    assert means["weekend"] + 10 < means["weekday"]
    assert 50 < sum(p.eur_per_mwh for p in found) / len(found) < 130
    assert 20 < sum(p.eur_per_mwh < 0 for p in found) < 500


def test_prices_are_json_numbers_of_two_digits():
    found = prices(1, instant("2026-06-15T00:00"), instant("2026-06-16T00:00"), instant("2026-06-16T00:00"))
    assert all(json.loads(json.dumps(p.eur_per_mwh)) == round(p.eur_per_mwh, 2) for p in found)
