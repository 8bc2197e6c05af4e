"""The parts of the load forecaster, each worked by hand."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.load.alike import alike_weights
from custom_components.ems.engine.forecast.load.band import BandOffsets
from custom_components.ems.engine.forecast.load.columns import columns_of
from custom_components.ems.engine.forecast.load.days import DayTable
from custom_components.ems.engine.forecast.load.experts import Aggregation
from custom_components.ems.engine.forecast.load.past import Past, morning_of
from custom_components.ems.engine.forecast.load.pretrained import COEFFICIENTS
from custom_components.ems.engine.forecast.load.quantiles import smoothed, weighted_quantiles
from custom_components.ems.engine.forecast.load.quarters import Quarters
from custom_components.ems.engine.forecast.load.regression import Loss, fit
from custom_components.ems.engine.forecast.load.shift import LevelWatch
from custom_components.ems.engine.forecast.load.today import Deviation
from custom_components.ems.engine.forecast.load.walk import FITS
from custom_components.ems.engine.forecast.load.warmth import Warmth

VIENNA = ZoneInfo("Europe/Vienna")


def test_quantiles_stand_in_the_middle_of_their_weights():
    """Weights 1, 2, 1 put the values at 1/8, 1/2, 7/8."""
    values, weights = np.array([[3.0], [1.0], [2.0]]), np.array([[1.0], [1.0], [2.0]])
    found = weighted_quantiles(values, weights, (0.1, 0.125, 0.3125, 0.5, 0.95))[:, 0]
    assert found == pytest.approx([1.0, 1.0, 1.5, 2.0, 3.0])


@given(
    values=st.lists(st.floats(0, 10), min_size=2, max_size=20),
    low=st.floats(0.05, 0.5),
    more=st.floats(0, 0.45),
)
def test_quantiles_are_ordered_and_within_the_values(values, low, more):
    column = np.array(values)[:, None]
    one, other = weighted_quantiles(column, np.ones_like(column), (low, low + more))[:, 0]
    assert min(values) <= one <= other + 1e-12
    assert other <= max(values)


def test_smoothing_keeps_the_sum_and_closes_the_day():
    assert smoothed(np.eye(4)[0], 0.3) == pytest.approx([0.4, 0.3, 0.0, 0.3])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (Loss(squared=True), 3.0),  # the mean of 0, 1, 2, 9
        (Loss(squared=False), 1.5),  # a median lies anywhere from 1 to 2
        (Loss(squared=False, level=0.9), 9.0),
    ],
)
def test_a_constant_is_fitted_by_mean_median_or_quantile(loss, expected):
    y = np.array([[0.0, 1.0, 2.0, 9.0]])
    x = np.ones((1, 4, 1), dtype=np.float32)
    zero = np.zeros(1)
    beta = fit(x, y, np.ones((1, 4)), loss, prior=zero, stiffness=0.0, start=zero, rounds=60)
    assert beta[0] == pytest.approx(expected, abs=0.51 if loss.level == 0.5 and not loss.squared else 0.1)


def test_without_days_the_fit_is_what_others_taught():
    prior = np.array([0.7, -0.2])
    x = np.ones((2, 24, 2), dtype=np.float32)
    beta = fit(
        x, np.full((2, 24), 5.0), np.zeros((2, 24)), Loss(squared=True),
        prior=prior, stiffness=300.0, start=prior, rounds=1,
    )  # fmt: skip
    assert beta == pytest.approx(prior)


def test_the_expert_who_is_right_at_an_hour_is_listened_to_there():
    """The first is right in the morning, the second in the evening; the price of energy decides nothing here."""
    morning = np.arange(24) < 12
    experts = np.stack([np.where(morning, 1.0, 2.0), np.where(morning, 2.0, 1.0)])
    aggregation = Aggregation.of(2)
    assert aggregation.answer(experts) == pytest.approx(np.full(24, 1.5))
    for day in range(40):
        aggregation = aggregation.seen(np.ones(24), experts, 1.0, day)
    weights = aggregation.weights()
    assert weights.sum(axis=0) == pytest.approx(np.ones(24))
    assert weights[0, 6] > 0.9
    assert weights[1, 18] > 0.9


def test_hours_not_known_teach_nothing():
    experts = np.stack([np.ones(24), np.zeros(24)])
    blind = Aggregation.of(2).seen(np.full(24, np.nan), experts, 1.0, 30)
    assert np.all(blind.regrets == 0)
    assert blind.price == Aggregation.of(2).price


def test_energy_is_dearer_while_it_is_missing():
    """All experts are too low: the price of missing energy rises to its limit; too high, and it falls."""
    experts = np.stack([np.ones(24), np.full(24, 0.9)])
    low = high = Aggregation.of(2)
    for _ in range(200):
        low, high = (
            low.seen(np.full(24, 1.5), experts, 1.0, 60),
            high.seen(np.full(24, 0.5), experts, 1.0, 60),
        )
    assert low.price == pytest.approx(0.5)
    assert high.price == pytest.approx(0.05)


def test_a_band_that_is_too_narrow_widens_and_one_too_wide_narrows():
    rng = np.random.default_rng(7)
    for low_kw, high_kw in ((0.9, 1.1), (0.4, 2.2)):
        band, hits = BandOffsets.new(), []
        for _ in range(600):
            kw = rng.gamma(4, 0.25, 24)
            low, high = band.applied(np.full(24, low_kw), np.full(24, high_kw), 0.5)
            hits.append((kw >= low) & (kw <= high))
            band = band.seen(kw, low, high)
        assert 0.77 < np.mean(hits[300:]) < 0.83


def test_the_lower_edge_never_leaves_zero_downwards():
    band = BandOffsets(np.full(24, -1.1), np.full(24, -9.0))
    low, high = band.applied(np.full(24, 0.2), np.full(24, 0.4), 0.5)
    assert np.all(low == 0)
    assert np.all(high == 0)


def watched(totals: np.ndarray) -> list[int]:
    """Return the days on which a change was noticed."""
    watch, found = LevelWatch(), []
    for day in range(1, len(totals) + 1):
        watch = watch.seen(totals[max(0, day - 35) : day])
        if watch.changed_days:
            found.append(day - watch.changed_days)
    return found


def test_a_level_that_stays_is_noticed_and_a_holiday_is_not():
    rng = np.random.default_rng(8)
    usual = 10 + rng.normal(0, 0.5, 120)
    assert watched(usual) == []
    assert watched(np.where(np.arange(120) >= 80, 2 * usual, usual)) == [80]
    holiday = (np.arange(120) >= 80) & (np.arange(120) < 88)
    assert watched(np.where(holiday, 0.3 * usual, usual)) == []


def test_days_after_days_alike_weigh_most():
    """Busy and quiet days in turn: after a busy one, those after busy ones count."""
    kw = np.where(np.arange(20)[:, None] % 2 == 0, 2.0, 0.5) * np.ones((20, 24))
    weights = alike_weights(kw, np.ones(20, dtype=bool))  # yesterday was quiet: today follows quiet ones
    assert weights[2::2].sum() > 2 * weights[1::2].sum()
    assert weights[0] == 0


def test_design_rows_of_days_alike_are_nothing_but_zero():
    """What has no spread has no differences, whatever the season and the weekday: so such a home stays as it is."""
    past = Past()
    for day in range(60):
        past.add(day, day % 7, np.full(24, 0.5), morning_of(past, day, day % 7, np.full(24, 0.5)))
    rows = columns_of(past, morning_of(past, 60, 4, np.full(24, 0.5)), (3.0, 0.0))
    assert rows.shape == (24, len(COEFFICIENTS["squared"]))
    assert np.abs(rows).max() < 0.02


def test_every_fit_has_its_coefficients():
    assert {each.name for each in FITS} == set(COEFFICIENTS)
    assert len({len(values) for values in COEFFICIENTS.values()}) == 1
    assert all(np.abs(values).max() < 2 for values in COEFFICIENTS.values())


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_days_of_the_clock_change_have_twenty_four_hours(day, hours):
    midnight = datetime.fromisoformat(day).replace(tzinfo=VIENNA).timestamp()
    starts = (midnight + 900 * np.arange(4 * hours)).astype(np.int64)
    kw = DayTable(starts, np.arange(4.0 * hours), VIENNA).kw
    assert kw.shape == (1, 24)
    assert np.isnan(kw).sum() == (hours == 23)
    assert kw[0, 23] == 4 * hours - 2.5
    if hours == 25:
        assert kw[0, 2] == np.arange(8.0, 16.0).mean()


def test_an_hour_of_one_quarter_is_not_known():
    starts = np.array([0, 3600, 4500, 5400])
    kw = DayTable(starts, np.array([1.0, 2.0, 3.0, 4.0]), ZoneInfo("UTC")).kw[0]
    assert np.isnan(kw[0])
    assert kw[1] == 3.0


def test_quarters_keep_the_mean_of_their_hour():
    """Two kilowatts in the first quarter of each hour, nothing in the others."""
    starts = 900 * np.arange(96 * 56)
    quarters = Quarters.of(starts, np.where(np.arange(96 * 56) % 4 == 0, 2.0, 0.0), ZoneInfo("UTC"))
    share = quarters.share.reshape(24, 4)
    assert share.mean(axis=1) == pytest.approx(np.ones(24))
    assert np.all(share[:, 0] > 2)
    assert quarters.band[2, 0] == pytest.approx(1.5, abs=0.01)


def test_hourly_history_says_nothing_about_quarters():
    starts = 900 * np.arange(96 * 30)
    kw = np.repeat(np.random.default_rng(1).gamma(1, 1, 24 * 30), 4)
    quarters = Quarters.of(starts, kw, ZoneInfo("UTC"))
    assert quarters.share == pytest.approx(np.ones(96))
    assert quarters.band == pytest.approx(np.zeros((3, 96)), abs=1e-12)


def test_what_is_left_of_an_hour_fades():
    deviation = Deviation.of(900.0 * np.arange(8), np.array([0.0] * 4 + [1.0] * 4), 900.0)
    assert deviation is not None
    assert (deviation.last, deviation.before, deviation.so_far) == (1.0, 0.0, 0.5)
    left = deviation.left(7200.0 + 3600 * np.array([-0.5, 0.5, 1.5, 30.0]))
    assert left[0] == 0
    assert left[1] > left[2] > 0
    assert left[3] == 0


def test_warmth_is_told_beside_the_days_before():
    """Ten kelvin colder than a week of 5 °C is five units of heating more; a day nobody knows is like the others."""
    warmth = Warmth(dict.fromkeys(range(7), 5.0))
    warmth.known(7, -5.0)
    warmth.known(8, None)
    assert warmth.beside(7, range(7)) == pytest.approx((5.0, 0.0))
    assert warmth.beside(8, range(7)) == (0.0, 0.0)
    assert warmth.beside(7, []) == (0.0, 0.0)


@given(seed=st.integers(0, 1000), days=st.integers(0, 30))
@settings(deadline=None, max_examples=20)
def test_a_morning_is_never_below_zero_and_never_unknown(seed, days):
    rng = np.random.default_rng(seed)
    past = Past()
    for day in range(days):
        kw = np.where(rng.random(24) < 0.3, np.nan, rng.gamma(0.5, 1, 24))
        past.add(day, day % 7, kw, morning_of(past, day, day % 7, np.full(24, 0.4)))
    morning = morning_of(past, days, days % 7, np.full(24, 0.4))
    for name in (
        "means",
        "base",
        "band",
        "slow_band",
        "alike_mean",
        "alike_median",
        "spread",
        "weekday_mean",
    ):
        values = getattr(morning, name)
        assert np.all(np.isfinite(values)), name
        assert np.all(values >= 0), name
