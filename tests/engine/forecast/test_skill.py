"""Skill: worked by hand, and what must hold for any forecast."""

from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import pytest

from custom_components.ems.engine.forecast.archive import LEADS, Archive, hourly_steps
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.forecast.skill import (
    DAY_AHEAD,
    DAYS_TO_JUDGE,
    Scores,
    reference_hours,
    score,
    skill_by_lead,
)

VIENNA = ZoneInfo("Europe/Vienna")
HOUR = 494_000


def table(mean: list[float], low: float = 0.0, high: float = 10.0) -> np.ndarray:
    """Return mean, p10, p50 and p90."""
    middle = np.array(mean)
    return np.stack([middle, np.full_like(middle, low), middle, np.full_like(middle, high)])


def scored(mean: list[float], truth: list[float], yesterday: list[float] | None = None) -> Scores:
    """Score one row."""
    reference = np.full(len(truth), np.nan) if yesterday is None else np.array(yesterday)
    found = score(table(mean, 1.0, 3.0), np.array(truth), reference, np.arange(len(truth)))
    assert found is not None
    return found


def test_three_hours_by_hand() -> None:
    """Errors +1, −1, +3 on a truth of 1, 3, 2: MAE 5/3, RMSE √(11/3), bias 1, MAPE (1 + 1/3 + 3/2)/3."""
    found = scored([2, 2, 5], [1, 3, 2], [2, 4, 5])
    assert (found.hours, found.days) == (3, 1)
    assert found.mae == pytest.approx(5 / 3)
    assert found.rmse == pytest.approx(np.sqrt(11 / 3))
    assert found.bias == pytest.approx(1)
    assert found.mape == pytest.approx((1 + 1 / 3 + 3 / 2) / 3)
    assert found.wape == pytest.approx(5 / 6)
    assert found.coverage == 1.0
    assert found.mae_yesterday == pytest.approx(5 / 3)  # |1|, |1|, |3|
    assert found.skill == pytest.approx(0)


def test_a_zero_makes_the_percentage_unknown_and_not_infinite() -> None:
    """A household of 1 W at night would have a MAPE of a thousand per cent."""
    assert scored([1, 1], [0, 2]).mape is None
    assert scored([1, 1], [0, 2]).wape == pytest.approx(1)
    assert scored([1, 1], [0, 0]).wape is None


def test_the_night_of_an_array_is_no_skill() -> None:
    """Nothing expected and nothing come: not counted, or every array would be right half of the time."""
    values = table([0.0, 0.0, 4.0], 0.0, 0.0)
    values[3, 2] = 5.0
    found = score(values, np.array([0.0, 0.001, 2.0]), np.array([0.0, 0.0, 1.0]), np.arange(3))
    assert found is not None
    assert (found.hours, found.mae) == (1, 2.0)


def test_skill_counts_the_hours_only_where_yesterday_is_known() -> None:
    """Else a forecaster would be judged by the hours that are hard, and yesterday by those that are easy."""
    found = scored([2, 9], [1, 3], [3, np.nan])
    assert found.mae == pytest.approx(3.5)
    assert (found.mae_yesterday, found.skill) == (pytest.approx(2), pytest.approx(0.5))


def test_nothing_to_score_is_none() -> None:
    """None is never 0."""
    nan = np.array([np.nan])
    assert score(table([1.0]), nan, nan, np.arange(1)) is None
    assert skill_by_lead(Archive(), VIENNA) == {}
    perfect = scored([1.0], [1.0], [1.0])
    assert (perfect.mae_yesterday, perfect.skill) == (0.0, None)


FLOATS = arrays(np.float64, 30, elements=st.floats(0.1, 100))


@given(mean=FLOATS, truth=FLOATS, yesterday=FLOATS, factor=st.floats(0.1, 100))
def test_scores_follow_the_unit_and_skill_does_not(
    mean: np.ndarray, truth: np.ndarray, yesterday: np.ndarray, factor: float
) -> None:
    """The same home in watts has the same skill; |bias| ≤ MAE ≤ RMSE, coverage is a share."""
    at = np.arange(30)
    one = score(table(mean.tolist()), truth, yesterday, at)
    other = score(factor * table(mean.tolist()), factor * truth, factor * yesterday, at)
    assert one is not None
    assert other is not None
    assert other.mae == pytest.approx(factor * one.mae)
    if one.skill is not None:
        assert other.skill == pytest.approx(one.skill)
    assert abs(one.bias) <= one.mae + 1e-9
    assert one.mae <= one.rmse + 1e-9
    assert 0 <= one.coverage <= 1


@given(truth=FLOATS)
def test_saying_as_yesterday_has_no_skill(truth: np.ndarray) -> None:
    """By definition."""
    yesterday = np.roll(truth, 1)
    found = score(table(yesterday.tolist()), truth, yesterday, np.arange(30))
    assert found is not None
    assert found.skill in (None, pytest.approx(0))


def filled(days: int, error: float, rng: np.random.Generator) -> Archive:
    """Return an archive of a home that forecasts with some error, beside a truth of its own every day."""
    archive = Archive()
    truth = rng.uniform(0.5, 1.5, (days + 4) * 24)
    archive.add_truth(3600.0 * (HOUR - 48 + np.arange(len(truth))), truth)
    for hour in range(days * 24):
        mean = truth[hour + 48 : hour + 48 + LEADS] + error
        archive.add(
            Forecast(
                issued_at_s=3600.0 * (HOUR + hour),
                steps=hourly_steps(HOUR + hour),
                mean=mean,
                p10=mean - 2 * abs(error),
                p50=mean,
                p90=mean + 2 * abs(error),
                basis="test",
            )
        )
    return archive


def test_scores_come_by_lead_time() -> None:
    """Every bucket is there, and the near hours are part of the day."""
    found = skill_by_lead(filled(3, 0.1, np.random.default_rng(2)), VIENNA)
    assert set(found) == {"0_24h", "0_6h", "6_24h", "24_48h"}
    assert found["0_24h"].hours == found["0_6h"].hours + found["6_24h"].hours
    assert found["0_24h"].bias == pytest.approx(0.1, abs=2e-3)
    assert found["0_24h"].coverage == 1.0
    assert found["0_24h"].skill > 0.5


@pytest.mark.parametrize(
    ("days", "error", "loses"),
    [
        (20, 0.0, False),  # better than yesterday
        (20, 2.0, True),  # far worse
        (DAYS_TO_JUDGE - 5, 2.0, False),  # far worse, but not for long enough
    ],
)
def test_a_forecaster_is_judged_after_two_weeks(days: int, error: float, loses: bool) -> None:
    """Before that, bad luck and badness look the same."""
    assert skill_by_lead(filled(days, error, np.random.default_rng(3)), VIENNA)[DAY_AHEAD].loses() is loses


def test_who_lost_has_to_be_as_good_again() -> None:
    """Between a tie and the margin nothing changes, or a plan would change its mind every hour."""
    truth = np.full(24 * 20, 1.0)
    slightly = score(table([1.505] * len(truth)), truth, truth + 0.5, np.arange(len(truth)))
    assert slightly is not None
    assert (slightly.loses(), slightly.loses(already=True)) == (False, True)
    better = score(table([1.49] * len(truth)), truth, truth + 0.5, np.arange(len(truth)))
    assert better is not None
    assert not better.loses(already=True)


def test_yesterday_is_what_was_known_at_the_issue() -> None:
    """An hour 30 hours ahead is compared with the day before yesterday: yesterday's was not over."""
    at = HOUR + np.arange(LEADS)[None]
    mean = np.ones((1, LEADS))
    assert (at - reference_hours(at, mean, VIENNA))[0, [0, 23, 24, 47]].tolist() == [24, 24, 48, 48]
    # Prices known for twelve hours: hour 20's yesterday counts back from what is known, and so does hour 40's.
    mean[0, :12] = np.nan
    back = (at - reference_hours(at, mean, VIENNA))[0]
    assert back[[12, 20, 35, 36, 47]].tolist() == [24, 24, 24, 48, 48]
    assert np.all(at[0] - back < HOUR + 12)


def test_yesterday_is_at_the_same_time_of_the_clock_when_it_changes() -> None:
    """Breakfast is at breakfast: 23 hours back over the spring change, 25 over the autumn's."""
    for date, hours in (("2026-03-29T12", 23), ("2026-10-25T12", 25), ("2026-06-01T12", 24)):
        noon = int(np.datetime64(date, "h").astype(int))
        at = np.full((1, LEADS), noon)
        assert noon - reference_hours(at, np.ones((1, LEADS)), VIENNA)[0, 0] == hours
