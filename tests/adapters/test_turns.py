"""When a device may be told again."""

from datetime import UTC, datetime, timedelta

from homeassistant.util import dt as dt_util
import pytest

from custom_components.ems.turns import since

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since_s", "passed"), [(None, True), (0.0, False), (24.9, False), (25.0, True), (-3600.0, True)]
)
def test_a_clock_that_was_set_back_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, since_s: float | None, *, passed: bool
):
    monkeypatch.setattr(dt_util, "utcnow", lambda: NOW)
    at = None if since_s is None else NOW - timedelta(seconds=since_s)
    assert (since(at) >= timedelta(seconds=25)) is passed
