"""What a roof teaches: its level, a tree in the east, what sources are worth; and what must not teach."""

import json

import numpy as np
import pytest

from custom_components.ems.engine.forecast.given_power import GivenPower
from custom_components.ems.engine.forecast.production import MEMORY_DAYS
from custom_components.ems.engine.forecast.solar import SolarForecaster
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.site import PvArray
from tests.engine.forecast.solar_homes import (
    DAY_S,
    MARCH,
    ROOF,
    VIENNA,
    changing_weather,
    computed_kw,
    hours_of,
    middle_sun,
)

NOTHING = Weather(starts_s=np.array([]))
WEEKS = 42


@pytest.fixture(name="sky", scope="module")
def sky_fixture() -> Weather:
    return changing_weather(MARCH, WEEKS + 130)


def learned(values_kw, sky, days: int, array=ROOF) -> SolarForecaster:
    forecaster = SolarForecaster(array, VIENNA)
    forecaster.learn(hours_of(MARCH, days).starts_s, values_kw, sky)
    return forecaster


def next_days(forecaster: SolarForecaster, sky: Weather, after: int, days: int = 3):
    start = MARCH + after * DAY_S
    return forecaster.forecast(start, hours_of(start, days), sky)


@pytest.mark.parametrize("level", [0.1, 0.7, 1.0, 1.2])
def test_the_level_of_a_roof_is_learned_within_weeks(sky, level):
    """A nameplate that was typed wrong, too: what a roof has always done is no fault."""
    measured = level * computed_kw(MARCH, WEEKS, sky)
    forecaster = learned(measured, sky, WEEKS)
    expected = level * computed_kw(MARCH + WEEKS * DAY_S, 3, sky)
    assert forecaster.factor == pytest.approx(level, abs=0.01)
    assert next_days(forecaster, sky, WEEKS).mean.sum() == pytest.approx(expected.sum(), rel=0.04)


def test_one_odd_day_moves_little(sky):
    odd = learned(0.4 * computed_kw(MARCH, 1, sky), sky, 1)
    usual = computed_kw(MARCH + DAY_S, 3, sky)
    assert next_days(odd, sky, 1).mean.sum() == pytest.approx(usual.sum(), rel=0.12)


def shaded(values_kw, sky, starts_s):
    """A tall tree east-south-east takes seven tenths of the beam; of a covered sky it takes nothing."""
    sun = middle_sun(starts_s)
    behind = (sun.azimuth_deg > 105) & (sun.azimuth_deg < 135)
    clear = 1 - np.clip(sky.cloud_cover[: len(values_kw)], 0, 1) ** 3.4
    return np.where(behind, values_kw * (1 - 0.7 * clear), values_kw), behind


def test_a_tree_in_the_east_is_learned_within_weeks_and_only_there(sky):
    whole = computed_kw(MARCH, WEEKS + 5, sky)
    starts = hours_of(MARCH, WEEKS + 5).starts_s
    real, behind = shaded(whole, sky, starts)
    past = WEEKS * 24
    result = next_days(learned(real[:past], sky, WEEKS), sky, WEEKS, 5)
    truth, before, tree = real[past:], whole[past:], behind[past:]
    assert (before - truth)[tree].sum() > 0.3 * before[tree].sum()
    # Most of what the tree takes is known, and noon and afternoon stay what they were.
    assert np.abs(result.mean - truth)[tree].sum() < 0.5 * np.abs(before - truth)[tree].sum()
    assert np.abs(result.mean - truth)[~tree].sum() < 0.07 * truth[~tree].sum()


def test_a_week_under_snow_does_not_poison_the_months_after_it(sky):
    """Zero under a bright sky is snow or a fault, and says nothing about the roof below it."""
    real = 0.9 * computed_kw(MARCH, WEEKS, sky)
    snow = real.copy()
    snow[-7 * 24 :] = 0
    expected = 0.9 * computed_kw(MARCH + WEEKS * DAY_S, 3, sky)
    for values in (real, snow):
        result = next_days(learned(values, sky, WEEKS), sky, WEEKS)
        assert result.mean.sum() == pytest.approx(expected.sum(), rel=0.03)


def test_a_string_that_fails_is_followed_within_two_weeks(sky):
    """Half the power from one day on: that is the roof for now, and the plan has to live with it."""
    real = computed_kw(MARCH, WEEKS, sky)
    real[-14 * 24 :] *= 0.5
    expected = computed_kw(MARCH + WEEKS * DAY_S, 3, sky)
    ratio = next_days(learned(real, sky, WEEKS), sky, WEEKS).mean.sum() / expected.sum()
    assert 0.4 < ratio < 0.72


def test_curtailed_hours_do_not_teach(sky):
    """Whoever hands in the history leaves them out; every day at noon here, cut to a third."""
    real = computed_kw(MARCH, WEEKS, sky)
    noon = np.isin(np.arange(len(real)) % 24, (10, 11, 12))
    forecaster = learned(np.where(noon, np.nan, real), sky, WEEKS)
    expected = computed_kw(MARCH + WEEKS * DAY_S, 3, sky)
    assert next_days(forecaster, sky, WEEKS).mean == pytest.approx(expected, abs=0.4)


def test_hours_at_the_inverters_limit_do_not_teach(sky):
    """3 kW behind 10: every bright noon is cut, which is not the modules' fault."""
    small = PvArray(id="a", name="a", peak_kw=10, inverter_max_kw=3, tilt_deg=35, azimuth_deg=180)
    real = computed_kw(MARCH, WEEKS, sky, small)
    assert (real > 2.999).sum() > 50
    forecaster = learned(real, sky, WEEKS, small)
    assert forecaster.factor == pytest.approx(1.0, abs=0.01)
    expected = computed_kw(MARCH + WEEKS * DAY_S, 3, sky, small)
    assert next_days(forecaster, sky, WEEKS).mean == pytest.approx(expected, abs=0.1)


def test_of_two_given_forecasts_the_better_one_is_found_out(sky):
    """One that knows the day and one that guesses: after weeks the blend is nearly the first."""
    rng = np.random.default_rng(3)
    days = WEEKS + 5
    starts = hours_of(MARCH, days).starts_s
    truth = computed_kw(MARCH, days, sky)
    clear = computed_kw(MARCH, days, Weather(starts_s=starts, cloud_cover=np.zeros(len(starts))))
    good = truth * rng.uniform(0.9, 1.1, len(truth))
    poor = clear * np.repeat(rng.uniform(0, 1, days), 24)
    given = {
        name: GivenPower(starts_s=starts, power_kw=values)
        for name, values in (("good", good), ("poor", poor))
    }
    start, past = MARCH + WEEKS * DAY_S, WEEKS * 24
    forecaster = SolarForecaster(ROOF, VIENNA)
    steps = hours_of(start, 5)
    fresh = forecaster.forecast(start, steps, NOTHING, given)
    assert fresh.mean == pytest.approx((good + poor)[past:] / 2, abs=0.01)
    assert fresh.basis == "given"
    forecaster.learn(starts[:past], truth[:past], NOTHING, given)
    blend = forecaster.forecast(start, steps, NOTHING, given)
    errors = [np.abs(kw - truth[past:]).sum() for kw in (good[past:], poor[past:], blend.mean)]
    assert errors[2] < 0.25 * errors[1]
    assert errors[2] < 1.3 * errors[0]


def test_a_given_forecast_that_falls_silent_is_replaced_by_what_else_is_known(sky):
    starts = hours_of(MARCH, 12).starts_s
    truth = computed_kw(MARCH, 12, sky)
    half = GivenPower(starts_s=starts[: 11 * 24], power_kw=0.5 * truth[: 11 * 24])
    forecaster = SolarForecaster(ROOF, VIENNA)
    forecaster.learn(starts[: 10 * 24], truth[: 10 * 24], sky, {"half": half})
    start = MARCH + 10 * DAY_S
    result = forecaster.forecast(start, hours_of(start, 2), sky, {"half": half})
    assert result.mean.sum() == pytest.approx(truth[10 * 24 :].sum(), rel=0.15)


@pytest.mark.parametrize("late_min", [-30, 0, 30])
def test_a_logger_that_stamps_late_is_understood(sky, late_min):
    """Half an hour off, morning and evening are wrong by a tenth of the peak."""
    days = WEEKS + 5
    fine = SolarForecaster(ROOF, VIENNA).forecast(
        MARCH, hours_of(MARCH - late_min * 60, days), sky
    )  # the sun's hours that the logger calls full hours
    past = WEEKS * 24
    forecaster = learned(fine.mean[:past], sky, WEEKS)
    result = next_days(forecaster, sky, WEEKS, 5)
    assert np.abs(result.mean - fine.mean[past:]).mean() < 0.12
    if late_min == 0:
        assert np.abs(result.mean - fine.mean[past:]).mean() < 0.02


def test_the_band_narrows_to_what_the_roof_really_does(sky):
    """Made-up production follows the physics exactly: the band of other people's roofs is far too wide for it."""
    rng = np.random.default_rng(8)
    days = 120
    real = computed_kw(MARCH, days + 5, sky)
    real = real * rng.uniform(0.95, 1.05, len(real))
    past = days * 24
    fresh = next_days(SolarForecaster(ROOF, VIENNA), sky, days, 5)
    known = next_days(learned(real[:past], sky, days), sky, days, 5)
    assert (known.p90 - known.p10).sum() < 0.6 * (fresh.p90 - fresh.p10).sum()
    lit = real[past:] > 0.3
    inside = (real[past:] >= known.p10) & (real[past:] <= known.p90)
    assert inside[lit].mean() > 0.7


def test_pieces_in_any_order_and_again_make_the_whole(sky):
    starts = hours_of(MARCH, 20).starts_s
    real, start = 0.8 * computed_kw(MARCH, 20, sky), MARCH + 20 * DAY_S
    whole, pieces = (SolarForecaster(ROOF, VIENNA) for _ in range(2))
    whole.learn(starts, real, sky)
    parts = np.array_split(np.random.default_rng(1).permutation(20), 6)
    for part in (*parts, parts[2]):
        hours = np.sort((part[:, None] * 24 + np.arange(24)).ravel())
        pieces.learn(starts[hours], real[hours], sky, interval_s=3600)
    one, other = (found.forecast(start, hours_of(start, 2), sky) for found in (whole, pieces))
    for name in ("mean", "p10", "p50", "p90"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_no_forecast_knows_what_came_after_it(sky):
    """Whatever happens from a day on: what was issued up to that day stays the same to the last bit."""
    starts = hours_of(MARCH, 40).starts_s
    real = 0.8 * computed_kw(MARCH, 40, sky)
    changed = real.copy()
    changed[30 * 24 :] = np.random.default_rng(2).uniform(0, 9, 10 * 24)
    one, other = learned(real, sky, 40), learned(changed, sky, 40)
    for day in (10, 25, 30):
        issued = MARCH + day * DAY_S
        early = [found.forecast(issued, hours_of(issued, 2), sky) for found in (one, other)]
        for name in ("mean", "p10", "p50", "p90"):
            assert np.array_equal(getattr(early[0], name), getattr(early[1], name))
    assert not np.array_equal(next_days(one, sky, 40).mean, next_days(other, sky, 40).mean)
    assert len(starts) == len(real)


def test_everything_learned_survives_json(sky):
    forecaster, restored = (SolarForecaster(ROOF, VIENNA) for _ in range(2))
    given = {"other": GivenPower(starts_s=hours_of(MARCH, 30).starts_s, power_kw=np.full(720, 1.0))}
    forecaster.learn(hours_of(MARCH, 30).starts_s, 0.7 * computed_kw(MARCH, 30, sky), sky, given)
    stored = json.dumps(forecaster.state(), allow_nan=False)
    restored.restore(json.loads(stored))
    assert restored.state() == forecaster.state()
    assert restored.hours_learned == forecaster.hours_learned > 300
    one, other = next_days(forecaster, sky, 30), next_days(restored, sky, 30)
    assert other.mean == pytest.approx(one.mean, abs=1e-9)
    assert other.p10 == pytest.approx(one.p10, abs=1e-9)


def test_a_state_of_another_roof_or_version_is_refused(sky):
    forecaster = learned(computed_kw(MARCH, 3, sky), sky, 3)
    steeper = SolarForecaster(PvArray(id="a", name="a", peak_kw=10, tilt_deg=60), VIENNA)
    with pytest.raises(ValueError, match="panels"):
        steeper.restore(forecaster.state())
    with pytest.raises(ValueError, match="schema"):
        forecaster.restore({"schema": 99})
    elsewhen = forecaster.state() | {"hours": [1], "columns": {"clear": [3]}}
    with pytest.raises(ValueError, match="hours"):
        forecaster.restore(elsewhen)


def test_a_little_over_a_year_is_remembered_and_kept_short(sky):
    forecaster = SolarForecaster(ROOF, VIENNA)
    days = MEMORY_DAYS + 60
    long_sky = changing_weather(MARCH, days)
    forecaster.learn(hours_of(MARCH, days).starts_s, computed_kw(MARCH, days, long_sky), long_sky)
    assert 4000 < forecaster.hours_learned < MEMORY_DAYS * 16
    assert len(json.dumps(forecaster.state())) < 200_000


def test_an_array_without_modules_learns_and_produces_nothing(sky):
    nothing = PvArray(id="a", name="a", peak_kw=0)
    forecaster = learned(np.zeros(48), sky, 2, nothing)
    assert forecaster.factor == 1.0
    assert not next_days(forecaster, sky, 2).p90.any()


def test_what_was_learned_holds_when_nobody_knows_the_weather(sky):
    forecaster = learned(0.5 * computed_kw(MARCH, WEEKS, sky), sky, WEEKS)
    fresh = next_days(SolarForecaster(ROOF, VIENNA), NOTHING, WEEKS)
    known = next_days(forecaster, NOTHING, WEEKS)
    assert known.basis == "clear_sky"
    assert known.mean.sum() == pytest.approx(0.5 * fresh.mean.sum(), rel=0.1)
