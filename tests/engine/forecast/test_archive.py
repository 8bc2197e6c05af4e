"""The archive keeps what was forecast and what came, compactly, and forgets after sixty days."""

import json

from hypothesis import given, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.forecast.archive import DAYS, LEADS, Archive, hourly_steps
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.steps import even_steps

HOUR = 494_000  # May 2026


def forecast(hour: int, mean: float | np.ndarray = 1.0) -> Forecast:
    """Return a forecast issued at an hour: a band of a half around a mean."""
    values = np.broadcast_to(np.asarray(mean, dtype=float), (LEADS,)).copy()
    return Forecast(
        issued_at_s=hour * 3600.0,
        steps=hourly_steps(hour),
        mean=values,
        p10=values / 2,
        p50=values,
        p90=values * 1.5,
        basis="test",
    )


def test_what_was_kept_comes_back_to_a_thousandth() -> None:
    """Half precision is far finer than any forecast is right."""
    archive, rng = Archive(), np.random.default_rng(1)
    mean = rng.lognormal(0, 2, LEADS)
    archive.add(forecast(HOUR, mean))
    hours, table = archive.issues()
    assert hours.tolist() == [HOUR]
    np.testing.assert_allclose(table[0, 0], mean, rtol=1e-3)
    np.testing.assert_allclose(archive.issue(HOUR)[3], 1.5 * mean, rtol=1e-3)
    assert archive.issue(HOUR + 1) is None


def test_a_second_forecast_of_an_hour_replaces_the_first() -> None:
    """One per hour is kept: a restart issues again."""
    archive = Archive()
    archive.add(forecast(HOUR, 1.0))
    archive.add(forecast(HOUR, 2.0))
    assert len(archive) == 1
    assert archive.issue(HOUR)[0, 0] == 2.0


def test_sixty_days_are_kept_and_no_more() -> None:
    """Otherwise the file grows for ever."""
    archive = Archive()
    for hour in range(HOUR, HOUR + (DAYS + 5) * 24):
        archive.add(forecast(hour))
        archive.add_truth([hour * 3600.0], [1.0])
    hours, _ = archive.issues()
    assert (hours[0], hours[-1]) == (HOUR + 5 * 24, HOUR + (DAYS + 5) * 24 - 1)
    assert len(archive) == DAYS * 24
    # The oldest issue still has the two days before it to be compared with.
    assert archive.truth()[0][0] <= (HOUR + 3 * 24) * 3600.0


def test_a_day_of_one_series_takes_thirteen_kilobytes() -> None:
    """The number in the docs: it is written to an SD card."""
    archive = Archive()
    for hour in range(HOUR, HOUR + 24):
        archive.add(forecast(hour, np.pi))
        archive.add_truth([hour * 3600.0], [0.12345])
    size = len(json.dumps(archive.state(), separators=(",", ":")))
    assert 12_000 < size < 14_000


@given(
    issues=st.lists(st.tuples(st.integers(0, 1000), st.floats(0, 60_000)), max_size=20),
    truth=st.dictionaries(st.integers(0, 1000), st.floats(-1000, 1000), max_size=20),
)
def test_a_stored_archive_is_the_same_again(issues: list[tuple[int, float]], truth: dict[int, float]) -> None:
    """Through JSON and back, whatever is in it."""
    archive = Archive()
    for hour, mean in issues:
        archive.add(forecast(HOUR + hour, mean))
    archive.add_truth([(HOUR + hour) * 3600.0 for hour in truth], list(truth.values()))
    other = Archive()
    other.restore(json.loads(json.dumps(archive.state(), allow_nan=False)))
    np.testing.assert_array_equal(other.issues()[0], archive.issues()[0])
    np.testing.assert_array_equal(other.issues()[1], archive.issues()[1])
    np.testing.assert_array_equal(other.truth()[1], archive.truth()[1])


def test_hours_that_were_known_already_are_no_forecast() -> None:
    """Prices published at noon need no estimate: their hours stay unknown in the archive."""
    archive = Archive()
    unknown = np.arange(LEADS) >= 12
    archive.add(forecast(HOUR), unknown_only=unknown)
    assert np.isfinite(archive.issue(HOUR)[0]).tolist() == unknown.tolist()


def test_a_value_too_large_is_unknown_and_nothing_else() -> None:
    """A price in a very small currency: better no skill than a wrong one."""
    archive = Archive()
    archive.add(forecast(HOUR, np.where(np.arange(LEADS) == 3, 1e6, 1.0)))
    assert np.flatnonzero(np.isnan(archive.issue(HOUR)[0])).tolist() == [3]


def test_truth_is_of_whole_hours_and_known() -> None:
    """Half hours and gaps are not taken in."""
    archive = Archive()
    archive.add_truth([HOUR * 3600.0, HOUR * 3600.0 + 1800, (HOUR + 1) * 3600.0], [1.0, 5.0, np.nan])
    assert archive.truth()[1].tolist() == [1.0]
    assert archive.truth_until_s == (HOUR + 1) * 3600.0
    found = archive.truth_at(np.array([HOUR - 1, HOUR, HOUR + 1]))
    assert np.isnan(found).tolist() == [True, False, True]
    assert Archive().truth_until_s is None


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"schema": 0, "issues": {}, "truth": {"hours": [], "values": []}},
        {"schema": 1, "issues": {"x": ""}, "truth": {"hours": [], "values": []}},
        {"schema": 1, "issues": {"1": "AAAA"}, "truth": {"hours": [], "values": []}},  # too short
        {"schema": 1, "issues": {"1": "?"}, "truth": {"hours": [], "values": []}},
        {"schema": 1, "issues": {}, "truth": {"hours": [1], "values": []}},
        {"schema": 1, "issues": {}, "truth": {"hours": [1], "values": ["a"]}},
    ],
)
def test_what_is_no_archive_is_refused_as_a_whole(broken: dict[str, object]) -> None:
    """A half-read archive would be scored as if it were whole."""
    archive = Archive()
    archive.add(forecast(HOUR))
    with pytest.raises(ValueError):  # noqa: PT011  # which of them does not matter to who starts afresh
        archive.restore(broken)
    assert len(archive) == 1


def test_a_copy_stays_as_it_was() -> None:
    """A thread scores it while the next hour is added."""
    archive = Archive()
    archive.add(forecast(HOUR))
    copy = archive.copy()
    archive.add(forecast(HOUR + 1))
    archive.add_truth([HOUR * 3600.0], [1.0])
    assert (len(copy), copy.truth_until_s) == (1, None)


def test_only_forecasts_of_whole_hours_are_kept() -> None:
    """Everything that reads the archive counts in hours."""
    wrong = forecast(HOUR)
    object.__setattr__(wrong, "steps", even_steps(HOUR * 3600.0, 12, 15))
    with pytest.raises(ValueError, match="48 whole hours"):
        Archive().add(wrong)
