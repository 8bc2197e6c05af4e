"""Where the sun lay within the bands of past forecasts, and how scenarios use it."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from custom_components.ems.engine.forecast.archive import LEADS, Archive, hourly_steps
from custom_components.ems.engine.forecast.places import DAYS_ENOUGH, places_of
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.forecast.scenarios import make_scenarios
from custom_components.ems.engine.steps import Steps, even_steps

VIENNA = ZoneInfo("Europe/Vienna")
FIRST = 494_016  # a midnight in UTC


def sun(hours: np.ndarray) -> np.ndarray:
    """Return 4 kW at noon, nothing at night."""
    return np.maximum(4 * np.sin((hours % 24 - 6) / 12 * np.pi), 0.0)


def issued(hour: int) -> Forecast:
    """Return a forecast with a band from half to one and a half of the mean."""
    mean = sun(hour + np.arange(LEADS))
    return Forecast(
        issued_at_s=hour * 3600.0,
        steps=hourly_steps(hour),
        mean=mean,
        p10=mean / 2,
        p50=mean,
        p90=mean * 1.5,
        basis="irradiance",
    )


def archived(days: int, share: float = 1.0) -> Archive:
    """Return an archive of some days whose truth is a share of the forecast, every odd day twice as far off."""
    archive = Archive()
    hours = FIRST + np.arange((days + 2) * 24)
    odd = (hours - FIRST) // 24 % 2
    archive.add_truth(3600.0 * hours, sun(hours) * (1 + (share - 1) * (1 + odd)))
    for hour in range(FIRST, FIRST + days * 24):
        archive.add(issued(hour))
    return archive


def test_the_place_is_that_in_the_band_by_hand() -> None:
    """1.25 of a mean whose p90 is 1.5 lies half-way from 0.5 to 0.9; at night it has no place."""
    found = places_of(archived(DAYS_ENOUGH + 1, share=1.25))
    assert found is not None
    now_s = (FIRST + 24 * 5) * 3600.0
    place = found.on(even_steps(now_s, 24, 60), now_s, 5)
    assert place is not None
    assert place[12] == pytest.approx(0.7, abs=0.01)
    assert np.isnan(place[2])
    assert found.on(even_steps(now_s, 24, 60), now_s, 6) is None


def test_fewer_than_four_weeks_are_too_few() -> None:
    """The band is the better guess until then."""
    assert places_of(archived(DAYS_ENOUGH - 1)) is None
    assert places_of(Archive()) is None


def test_days_without_truth_do_not_count() -> None:
    """A roof whose meter was silent has no places."""
    archive = Archive()
    for hour in range(FIRST, FIRST + 40 * 24):
        archive.add(issued(hour))
    assert places_of(archive) is None


class Errors:
    """A load that is always as expected."""

    def past_error(self, issued_at_s: float, steps: Steps, days_ago: int) -> np.ndarray:
        """Return nothing but zeros."""
        return np.zeros(len(steps))


def test_scenarios_take_the_sun_from_the_archive_where_there_is_one() -> None:
    """Days that were twice as far above the forecast are so in the scenarios, hour by hour, around the mean."""
    days = DAYS_ENOUGH + 2
    places = places_of(archived(days, share=1.2))
    now_s = (FIRST + 24 * days) * 3600.0
    forecast = issued(FIRST + 24 * days)
    steps = forecast.steps
    found = make_scenarios(
        now_s, steps, Errors(), np.ones(LEADS), {"roof": forecast}, {}, VIENNA, many=6, places=places
    )
    noon = np.array([one.pv_available_kw["roof"][12] for one in found])
    np.testing.assert_allclose(noon.mean(), forecast.mean[12])
    # Places 0.66 and 0.82 of the band are 1.2 and 1.4 of the mean, which is shifted to lie in the middle of them.
    np.testing.assert_allclose(sorted(noon / forecast.mean[12]), np.repeat([1.2, 1.4], 3) / 1.3, rtol=0.01)
    night = np.array([one.pv_available_kw["roof"][2] for one in found])
    assert np.all(night == 0)
