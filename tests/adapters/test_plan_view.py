"""A plan as people look at it: days on the local clock, rows without gaps."""

from datetime import datetime
from zoneinfo import ZoneInfo

from freezegun import freeze_time
from homeassistant.util import dt as dt_util
import numpy as np
import pytest

from custom_components.ems.adapters.plan_view import pv_energy_kwh, series, spans
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.steps import tiered_steps

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.fixture(autouse=True)
def vienna():
    """Read the clock in Vienna, and put the old one back."""
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(VIENNA)
    yield
    dt_util.set_default_time_zone(before)


def constant(now: str, power_kw: float) -> Forecast:
    """Return a forecast of one power, so that energy counts hours."""
    now_s = datetime.fromisoformat(now).timestamp()
    steps = tiered_steps(now_s)
    values = np.full(len(steps), power_kw)
    return Forecast(
        steps=steps, mean=values, p10=values, p50=values, p90=values, issued_at_s=now_s, basis="test"
    )


@pytest.mark.parametrize(
    ("now", "today_h", "tomorrow_h"),
    [
        ("2026-06-15T00:00:00+02:00", 24, 24),
        ("2026-06-15T18:00:00+02:00", 6, 24),
        ("2026-10-25T00:00:00+02:00", 25, 23),  # the horizon of 48 h ends an hour early
        ("2026-10-24T12:00:00+02:00", 12, 25),
        ("2026-03-29T00:00:00+01:00", 23, 24),
        ("2026-03-28T12:00:00+01:00", 12, 23),
    ],
)
def test_a_day_is_as_long_as_it_is(now: str, today_h: float, tomorrow_h: float) -> None:
    """23, 24 or 25 hours; today counts from now."""
    with freeze_time(now):
        pv = {"roof": constant(now, 1.0), "barn": constant(now, 2.0)}
        assert pv_energy_kwh(pv, 0) == pytest.approx(3 * today_h)
        assert pv_energy_kwh(pv, 1) == pytest.approx(3 * tomorrow_h)


def test_without_an_array_there_is_no_energy_and_no_zero() -> None:
    """Nothing is forecast, which is not the same as no sun."""
    assert pv_energy_kwh({}, 0) is None


def test_rows_follow_one_another_and_nan_is_none() -> None:
    """JSON knows no NaN."""
    steps = tiered_steps(datetime.fromisoformat("2026-10-25T00:00:00+02:00").timestamp())
    column = np.arange(len(steps), dtype=float)
    column[3] = np.nan
    rows = series(steps, power_kw=column)
    assert rows[3]["power_kw"] is None
    assert rows[4]["power_kw"] == 4
    assert [row["end"] for row in rows[:-1]] == [row["start"] for row in rows[1:]]
    assert spans(steps)[0]["start"] == "2026-10-24T22:00:00+00:00"
