"""The load forecaster: worked by hand, across clock changes, and with whatever history is there."""

from datetime import datetime
import json
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.history import BLOCK_BINS, MEMORY_BINS, History
from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.forecast.prior import SPREAD, residential_kw
from custom_components.ems.engine.local_time import local_day_and_second
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps

VIENNA = ZoneInfo("Europe/Vienna")
DAY_S = 86400


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA).timestamp()


def breakfast_home(start: str, days: int, zone=VIENNA, width_s: int = 3600):
    """0.3 kW always, and 2 kW from seven to eight by the local clock."""
    starts = at(start) + width_s * np.arange(days * DAY_S // width_s, dtype=float)
    hour = local_day_and_second(starts, zone)[1] // 3600
    return starts, np.where(hour == 7, 2.0, 0.3)


def learned(start="2025-05-01", days=40, **kwargs) -> LoadForecaster:
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(*breakfast_home(start, days, **kwargs))
    return forecaster


def test_a_steady_home_is_forecast_as_it_is():
    """Every day alike: the mean finds the hour of breakfast, though people are seldom so punctual."""
    issued = at("2025-06-10")
    forecast = learned().forecast(issued, even_steps(issued, 24, 60))
    expected = np.full(24, 0.3)
    expected[7] = 2.0
    assert forecast.basis == "learned"
    assert forecast.mean == pytest.approx(expected, abs=0.2)
    assert forecast.p50 == pytest.approx(expected, abs=0.3)
    assert np.all(forecast.p10 <= expected + 0.01)
    assert np.all(forecast.p90 >= expected - 0.2)


@pytest.mark.parametrize("kw", [0.0, 0.4])
def test_a_home_whose_hours_are_all_alike_is_forecast_so(kw):
    """Weekends, seasons and what other homes taught move nothing; the first days' doubts are gone after weeks."""
    issued = at("2025-06-10")
    starts = issued - 3600 * np.arange(60 * 24, 0, -1.0)
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, np.full(len(starts), kw))
    forecast = forecaster.forecast(issued, even_steps(issued, 48, 15))
    for values in (forecast.mean, forecast.p10, forecast.p50, forecast.p90):
        assert values == pytest.approx(np.full(len(values), kw), abs=0.005)


@pytest.mark.parametrize(
    ("day", "hours", "breakfast"),
    [
        ("2025-03-30", 23, 6),  # the seventh hour by the clock is the sixth of the day
        ("2025-10-26", 25, 8),
        ("2025-06-10", 24, 7),
    ],
)
@pytest.mark.parametrize("minutes", [15, 60])
def test_breakfast_stays_at_breakfast_over_the_clock_change(day, hours, breakfast, minutes):
    issued = at(day)
    start = datetime.fromtimestamp(issued - 41 * DAY_S, VIENNA).date().isoformat()
    forecast = learned(start, 41).forecast(issued, even_steps(issued, hours, minutes))
    per_hour = 60 // minutes
    assert len(forecast.mean) == hours * per_hour
    assert np.flatnonzero(forecast.p50 > 1).tolist() == [breakfast * per_hour + i for i in range(per_hour)]


def test_the_days_after_the_clock_change_know_those_before_it():
    """History in winter time, forecast in summer time: the local clock counts."""
    forecaster = learned("2025-02-15", 43)
    issued = at("2025-03-31")
    assert np.argmax(forecaster.forecast(issued, even_steps(issued, 24, 60)).mean) == 7


def test_zones_with_odd_offsets_keep_their_hours():
    """Nepal is 5:45 ahead: hours of the clock begin at a quarter past in UTC."""
    nepal = ZoneInfo("Asia/Kathmandu")
    issued = datetime(2025, 6, 10, tzinfo=nepal).timestamp()
    starts = issued - 40 * DAY_S + 900 * np.arange(40 * 96)
    hour = local_day_and_second(starts, nepal)[1] // 3600
    forecaster = LoadForecaster(nepal)
    forecaster.learn(starts, np.where(hour == 7, 2.0, 0.3))
    forecast = forecaster.forecast(issued, even_steps(issued, 24, 60))
    assert np.flatnonzero(forecast.p50 > 1).tolist() == [7]


def test_without_history_the_prior_speaks_and_its_band_is_wide():
    issued = at("2025-06-09")
    steps = even_steps(issued, 7 * 24, 60)
    forecast = LoadForecaster(VIENNA, annual_kwh=3500).forecast(issued, steps)
    assert forecast.basis == "prior"
    assert forecast.mean.sum() * 52.18 == pytest.approx(3500, rel=0.001)
    assert np.all(forecast.p90 > 5 * forecast.p10)
    assert np.all(forecast.p10 > 0)


def test_the_spread_of_the_prior_keeps_its_mean():
    assert SPREAD.mean() == pytest.approx(1, abs=0.005)


def test_the_prior_has_no_jump_between_hours():
    second = np.arange(0, DAY_S, 60.0)
    shape = residential_kw(3500, np.zeros(len(second), dtype=int), second)
    assert np.abs(np.diff(np.append(shape, shape[0]))).max() < 0.004


def test_the_prior_fades_as_days_arrive():
    """A home with three times the prior's consumption: each day of history brings the forecast nearer."""
    issued, errors = at("2025-06-10"), []
    for days in (0, 1, 3, 7, 14):
        forecaster = LoadForecaster(VIENNA, annual_kwh=3500)
        starts = issued - 3600 * np.arange(days * 24, 0, -1.0)
        forecaster.learn(starts, np.full(len(starts), 1.2))
        forecast = forecaster.forecast(issued, even_steps(issued, 24, 60))
        errors.append(abs(forecast.mean.mean() - 1.2))
    assert errors == sorted(errors, reverse=True)
    assert errors[1] < errors[0] / 2
    assert errors[-1] < 0.02
    assert forecast.basis == "learned"


def test_an_hour_never_seen_is_answered_by_the_prior_at_the_homes_level():
    """The meter is read by day only: the night is not zero."""
    starts, kw = breakfast_home("2025-05-01", 40)
    hour = local_day_and_second(starts, VIENNA)[1] // 3600
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, np.where((hour >= 6) & (hour < 22), kw, np.nan))
    issued = at("2025-06-10")
    night = forecaster.forecast(issued, even_steps(issued, 5, 60)).mean
    assert np.all(night > 0.05)
    assert np.all(night < 0.4)


def test_last_hour_above_expectation_lifts_the_next_and_fades():
    """Guests came: 1 kW above the usual in the last hour is worth 0.4 kW in the next, 0.18 in the one after."""
    forecaster = learned(days=40)
    noon = at("2025-06-10T12:00")
    forecaster.learn(at("2025-06-10") + 3600 * np.arange(12.0), [0.3] * 7 + [2.0] + [0.3] * 3 + [1.3])
    usual = learned(days=40).forecast(noon, even_steps(noon, 12, 60)).mean
    lifted = forecaster.forecast(noon, even_steps(noon, 12, 60)).mean - usual
    assert lifted[0] == pytest.approx(0.4, abs=0.03)
    assert lifted[1] == pytest.approx(0.18, abs=0.03)
    assert abs(lifted[7]) < 0.03


def test_a_meter_that_went_silent_corrects_nothing():
    """The last known hour was high, but it is a day old."""
    forecaster = learned(days=40)
    forecaster.learn([at("2025-06-10T12:00")], [9.0])
    issued = at("2025-06-11T20:00")
    assert forecaster.forecast(issued, even_steps(issued, 2, 60)).mean == pytest.approx([0.3, 0.3], abs=0.04)


@pytest.mark.parametrize(("days", "least"), [(2, 0.6), (4, 0.7), (14, 0.9)])
def test_a_new_level_is_followed_within_days(days, least):
    """A rough home doubles: a holiday at first, a new level after two weeks."""
    issued = at("2025-06-10")
    starts = issued - 3600 * np.arange(60 * 24, 0, -1.0)
    kw = np.random.default_rng(4).gamma(4, 0.125, len(starts))
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, np.where(starts >= issued - days * DAY_S, 2 * kw, kw))
    assert least < forecaster.forecast(issued, even_steps(issued, 24, 60)).mean.mean() < 1.1


def test_the_same_weekday_counts_a_little_more():
    issued = at("2025-06-10")  # a Tuesday
    starts = issued - 3600 * np.arange(56 * 24, 0, -1.0)
    weekday = (local_day_and_second(starts, VIENNA)[0] + 3) % 7
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, np.where(weekday == 1, 2.0, 1.0))
    mean = forecaster.forecast(issued, even_steps(issued, 48, 60)).mean
    assert mean[:24].mean() > mean[24:].mean() + 0.02


def test_the_future_of_the_history_is_not_used():
    """Issued at an instant, whatever was learned about later times must not matter: bit by bit."""
    starts, kw = breakfast_home("2025-05-01", 30)
    issued = at("2025-05-20T10:00")
    early, late = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    early.learn(starts[starts < issued], kw[starts < issued])
    late.learn(starts, np.where(starts < issued, kw, 99.0))
    steps = tiered_steps(issued)
    assert np.array_equal(early.forecast(issued, steps).mean, late.forecast(issued, steps).mean)
    assert np.array_equal(early.forecast(issued, steps).p90, late.forecast(issued, steps).p90)


@given(
    order=st.permutations(range(8)),
    width_min=st.sampled_from([15, 30, 60]),
    holes=st.sets(st.integers(0, 300), max_size=80),
)
@settings(deadline=None, max_examples=20)
def test_learning_in_pieces_in_any_order_and_twice_is_learning_once(order, width_min, holes):
    rng = np.random.default_rng(1)
    width_s = width_min * 60
    starts = at("2025-10-20") + width_s * np.arange(9 * DAY_S // width_s, dtype=float)
    kw = rng.gamma(1.0, 0.5, len(starts))
    kw[[h for h in holes if h < len(kw)]] = np.nan
    whole, pieces = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    whole.learn(starts, kw)
    parts = np.array_split(np.arange(len(starts)), 8)
    for i in [*order, order[0]]:
        pieces.learn(starts[parts[i]], kw[parts[i]], interval_s=width_s)
    assert whole.state() == pieces.state()


def test_learning_leaves_its_input_alone():
    starts, kw = breakfast_home("2025-05-01", 20)
    kw[3] = np.nan
    before = starts.copy(), kw.copy()
    LoadForecaster(VIENNA).learn(starts, kw)
    assert np.array_equal(starts, before[0])
    assert np.array_equal(kw, before[1], equal_nan=True)


def test_a_state_survives_json_bit_by_bit():
    rng = np.random.default_rng(2)
    starts, _ = breakfast_home("2025-05-01", 20, width_s=900)
    kw = rng.gamma(1, 0.5, len(starts))
    kw[100:200] = np.nan
    forecaster, restored = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    forecaster.learn(starts, kw)
    text = json.dumps(forecaster.state(), allow_nan=False)
    restored.restore(json.loads(text))
    issued = at("2025-05-21")
    one, other = (f.forecast(issued, tiered_steps(issued)) for f in (forecaster, restored))
    for name in ("mean", "p10", "p50", "p90"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert restored.state() == forecaster.state()


def test_the_empty_state_survives_too():
    restored = LoadForecaster(VIENNA)
    restored.restore(json.loads(json.dumps(LoadForecaster(VIENNA).state())))
    assert restored.forecast(0, even_steps(0, 1, 60)).basis == "prior"


def test_a_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="schema"):
        LoadForecaster(VIENNA).restore({"schema": 99})


def test_a_home_without_consumption_is_refused():
    with pytest.raises(ValueError, match="annual_kwh"):
        LoadForecaster(VIENNA, annual_kwh=0)


def test_five_minute_values_average_into_quarters():
    history = History()
    history.add(300 * np.arange(6.0), [1, 2, 3, 4, 5, np.nan])
    starts, kw = history.between(0, 1e9)
    assert starts.tolist() == [0]
    assert kw.tolist() == [2.0]


def test_the_memory_ends_at_the_border_of_a_year():
    """What is remembered follows from the newest value, whenever the others came."""
    history = History()
    history.add([0.0], [1.0], 900)
    assert history.add([900.0 * (MEMORY_BINS - 1)], [2.0], 900) == 900.0 * (MEMORY_BINS - 1)
    assert history.between(0, 1e12)[1].tolist() == [1.0, 2.0]
    assert history.add([900.0 * MEMORY_BINS], [3.0], 900) == -np.inf
    assert history.between(0, 1e12)[1].tolist() == [2.0, 3.0]
    assert history.add([900.0 * (BLOCK_BINS - 1)], [1.0], 900) == np.inf  # too old to matter, and no error
    assert history.between(0, 1e12)[1].tolist() == [2.0, 3.0]


def test_learning_says_from_when_on_it_changed_something():
    history = History()
    assert history.add([0.0, 3600.0], [1.0, 2.0], 3600) == 0
    assert history.add([0.0, 3600.0], [1.0, 2.0], 3600) == np.inf
    assert history.add([0.0, 3600.0], [1.0, np.nan], 3600) == np.inf
    assert history.add([3600.0], [2.5], 3600) == 3600


@given(
    seed=st.integers(0, 1000),
    days=st.integers(0, 60),
    issued_h=st.integers(0, 50),
    scale=st.sampled_from([1e-3, 1.0, 50.0]),
)
@settings(deadline=None, max_examples=12)
def test_any_history_gives_an_ordered_band_of_the_right_shape(seed, days, issued_h, scale):
    """Noise, gaps, negative metering errors, a clock change in the horizon: finite, ordered, not negative."""
    rng = np.random.default_rng(seed)
    issued = at("2025-10-24T18:00") + issued_h * 3600
    starts = issued - 3600 * np.arange(days * 24, 0, -1.0)
    kw = rng.gamma(0.5, scale, len(starts)) - 0.1 * scale
    kw[rng.random(len(kw)) < 0.2] = np.nan
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, kw)
    steps = tiered_steps(issued)
    forecast = forecaster.forecast(issued, steps)
    for values in (forecast.mean, forecast.p10, forecast.p50, forecast.p90):
        assert values.shape == (len(steps),)
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)
    assert np.all(forecast.p10 <= forecast.p50)
    assert np.all(forecast.p50 <= forecast.p90)
    again = forecaster.forecast(issued, steps)
    assert np.array_equal(forecast.mean, again.mean)


def test_quarters_swing_more_than_hours():
    """The band is of the step's own mean: a kettle fills a quarter of an hour, but not the hour."""
    rng = np.random.default_rng(3)
    issued = at("2025-06-10")
    starts = issued - 900 * np.arange(50 * 96, 0, -1.0)
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, np.where(rng.random(len(starts)) < 0.15, 2.0, 0.2))
    quarters = forecaster.forecast(issued, even_steps(issued, 24, 15))
    hours = forecaster.forecast(issued, even_steps(issued, 24, 60))
    assert np.median(quarters.p90 - quarters.p10) > 1.2 * np.median(hours.p90 - hours.p10)
    assert quarters.mean.mean() == pytest.approx(hours.mean.mean(), rel=0.02)


def test_steps_of_odd_width_and_start_are_answered():
    issued = at("2025-06-10T10:07")
    steps = Steps(edges_s=issued + np.array([0.0, 37, 400, 2000, 9000]))
    assert np.all(np.isfinite(learned().forecast(issued, steps).mean))


@given(cut_h=st.integers(24 * 20, 24 * 40 - 1), seed=st.integers(0, 100))
@settings(deadline=None, max_examples=6)
def test_what_came_after_does_not_matter_however_it_was_learned(cut_h, seed):
    """Leak test: everything from an instant on is replaced; a forecast issued there stays bit by bit."""
    rng = np.random.default_rng(seed)
    starts = at("2025-03-10") + 3600 * np.arange(24 * 40.0)
    kw = rng.gamma(1, 0.5, len(starts))
    issued = starts[cut_h]
    truncated, randomised = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    truncated.learn(starts[:cut_h], kw[:cut_h])
    randomised.learn(starts, np.append(kw[:cut_h], rng.gamma(1, 5, len(kw) - cut_h)))
    randomised.forecast(starts[-1], even_steps(starts[-1], 1, 60))  # it has even learned from it
    steps = even_steps(issued, 48, 30)
    one, other = truncated.forecast(issued, steps), randomised.forecast(issued, steps)
    for name in ("mean", "p10", "p50", "p90"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


def test_day_by_day_or_backwards_or_at_once_gives_the_same_forecast():
    """Fits are renewed by the number of days, not by the calls: a restart changes nothing either."""
    rng = np.random.default_rng(5)
    starts = at("2025-03-10") + 3600 * np.arange(24 * 45.0)
    kw = rng.gamma(1, 0.5, len(starts))
    issued = starts[-1] + 3600
    steps = even_steps(issued, 24, 60)
    daily, backwards, at_once, restored = (LoadForecaster(VIENNA) for _ in range(4))
    for day in np.split(np.arange(len(starts)), 45):
        daily.learn(starts[day], kw[day])
        daily.prepare(starts[day[-1]] + 3600)
    for day in np.split(np.arange(len(starts)), 45)[::-9]:
        backwards.learn(starts[day], kw[day])
        backwards.prepare(issued)
    backwards.learn(starts, kw)
    at_once.learn(starts, kw)
    restored.restore(json.loads(json.dumps(daily.state())))
    expected = daily.forecast(issued, steps)
    for other in (backwards, at_once, restored):
        forecast = other.forecast(issued, steps)
        assert np.array_equal(expected.mean, forecast.mean)
        assert np.array_equal(expected.p10, forecast.p10)


def test_a_correction_of_the_past_is_learned_from_there_on():
    """The recorder's hour of three weeks ago is put right: as if it had never been wrong."""
    starts, kw = breakfast_home("2025-05-01", 40)
    wrong = kw.copy()
    wrong[24 * 20 : 24 * 21] = 5.0
    corrected, right = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    corrected.learn(starts, wrong)
    issued = at("2025-06-10")
    corrected.prepare(issued)
    corrected.learn(starts, kw)
    right.learn(starts, kw)
    steps = even_steps(issued, 24, 60)
    assert np.array_equal(corrected.forecast(issued, steps).mean, right.forecast(issued, steps).mean)


def test_a_winter_without_the_meter_is_not_forgetting():
    """Nothing known for a hundred days: the home is what it was, and not zero."""
    starts, kw = breakfast_home("2025-01-01", 40)
    forecaster = LoadForecaster(VIENNA)
    forecaster.learn(starts, kw)
    issued = at("2025-05-20")
    mean = forecaster.forecast(issued, even_steps(issued, 24, 60)).mean
    assert mean == pytest.approx(np.where(np.arange(24) == 7, 2.0, 0.3), abs=0.25)


def cold_home(days: int):
    """A home that heats: 0.05 kW for every degree below 15, with weather that comes and goes and ends in frost."""
    rng = np.random.default_rng(6)
    starts = at("2025-01-01") + 3600 * np.arange(24.0 * days)
    daily_c = rng.normal(6, 5, days)
    daily_c[-1] = -5.0
    outdoor_c = np.repeat(daily_c, 24)
    return starts, 0.5 + 0.05 * np.clip(15 - outdoor_c, 0, None) + rng.gamma(1, 0.1, len(starts)), outdoor_c


def test_a_cold_day_is_foreseen_where_the_weather_is_known():
    """Learned from the home alone: no other home taught what a kelvin costs."""
    starts, kw, outdoor_c = cold_home(90)
    issued, today = starts[-24], slice(-24, None)
    steps = even_steps(issued, 24, 60)
    with_weather, without = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    with_weather.learn(starts[:-24], kw[:-24], outdoor_c=outdoor_c[:-24])
    without.learn(starts[:-24], kw[:-24])
    informed = with_weather.forecast(issued, steps, outdoor_c=outdoor_c[today]).mean
    blind = without.forecast(issued, steps).mean
    assert abs(informed.mean() - kw[today].mean()) < 0.6 * abs(blind.mean() - kw[today].mean())


def test_a_holiday_is_a_sunday():
    """Sundays use twice as much; one Monday is lived like them."""
    issued = at("2025-06-09")
    day = int(local_day_and_second(np.array([issued]), VIENNA)[0][0])
    starts = issued - 3600 * np.arange(84 * 24, 0, -1.0)
    sunday = (local_day_and_second(starts, VIENNA)[0] + 3) % 7 == 6
    means = []
    for holidays in ((), (day,)):
        forecaster = LoadForecaster(VIENNA, holidays=holidays)
        forecaster.learn(starts, np.where(sunday, 2.0, 1.0))
        means.append(forecaster.forecast(issued, even_steps(issued, 24, 60)).mean.mean())
    assert means[1] > means[0] + 0.1


def test_a_day_that_went_otherwise_lifts_tomorrow_too():
    """Guests since the morning: the day after tomorrow knows of them from what is already over."""
    starts, kw = breakfast_home("2025-05-01", 40)
    noon = at("2025-06-10T18:00")
    usual, busy = LoadForecaster(VIENNA), LoadForecaster(VIENNA)
    for forecaster, more in ((usual, 0.0), (busy, 1.0)):
        forecaster.learn(starts, kw)
        forecaster.learn(at("2025-06-10") + 3600 * np.arange(18.0), kw[:18] + more)
    steps = even_steps(at("2025-06-11T06:00"), 18, 60)
    assert busy.forecast(noon, steps).mean.mean() > usual.forecast(noon, steps).mean.mean() + 0.02
