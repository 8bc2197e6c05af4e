"""Bright Sky: a real answer across a clock change, stamps that end their hour, and failures."""

from datetime import datetime

import pytest

from custom_components.ems.sources import bright_sky
from custom_components.ems.sources.bright_sky import BrightSkyClient, parse_rows
from custom_components.ems.sources.errors import SourceRateLimitError, SourceResponseError


def row(hour: int, **values):
    found = {
        "timestamp": f"2026-06-15T{hour:02d}:00:00+00:00",
        "cloud_cover": 40,
        "temperature": 20,
        "solar": 0.5,
    }
    return found | values


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_place_and_both_ends_are_asked_for(session, service, monkeypatch):
    monkeypatch.setattr(bright_sky, "BASE_URL", service.base_url)
    service.will({"weather": [row(10), row(11, cloud_cover=60, temperature=22, solar=0.6)]})
    client = BrightSkyClient(session, sleep=service.sleep)
    found = await client.async_get_weather(52.5163, 13.3777, at("2026-06-15T10:00Z"), at("2026-06-15T11:00Z"))
    ((path, asked),) = service.asked
    assert path == "/weather"
    assert (asked["lat"], asked["lon"]) == ("52.52", "13.38")
    assert (asked["date"], asked["last_date"]) == ("2026-06-15T10:00+00:00", "2026-06-15T11:00+00:00")
    assert found.starts_s == (at("2026-06-15T09:00Z"), at("2026-06-15T10:00Z"))
    assert found.ghi_w_m2 == (500, 600)
    assert found.cloud_cover == (0.4, 0.5)
    assert found.temperature_c == (20, 21)
    assert found.dni_w_m2 == (None, None)


def test_a_real_answer_over_the_clock_change_is_whole(sample):
    """October 2024: 49 hours of two local days, and not one lost."""
    found = parse_rows(sample("brightsky_weather.json"))
    assert len(found.starts_s) == 50
    assert found.starts_s[-1] - found.starts_s[0] == 49 * 3600
    assert found.cloud_cover[0] == 1.0
    assert set(found.ghi_w_m2) == {None}


def test_gaps_stay_gaps():
    found = parse_rows({"weather": [row(10, cloud_cover=None), row(11, solar=None, cloud_cover=130)]})
    assert found.cloud_cover == (None, None)
    assert found.ghi_w_m2 == (500, None)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "no list called weather"),
        ({"detail": "Not Found"}, "no list called weather"),
        ({"weather": []}, "no list called weather"),
        ({"weather": ["row"]}, "has no timestamp"),
        ({"weather": [row(10, timestamp="soon")]}, "has no timestamp"),
        ({"weather": [row(10, timestamp="2026-06-15T10:00:00")]}, "in which zone"),
        ({"weather": [row(10), row(12)]}, "not hourly"),
        ({"weather": [row(11), row(10)]}, "not hourly"),
        ({"weather": [row(10, solar="much")]}, "solar holds 'much'"),
        ({"weather": [row(10, solar=None, cloud_cover=None)]}, "neither radiation nor cloud cover"),
    ],
)
def test_nonsense_is_refused_by_name(body, message):
    with pytest.raises(SourceResponseError, match=message):
        parse_rows(body)


async def test_a_pause_that_is_asked_for_is_passed_on(session, service, monkeypatch):
    monkeypatch.setattr(bright_sky, "BASE_URL", service.base_url)
    service.will("", 429, {"Retry-After": "600"})
    with pytest.raises(SourceRateLimitError) as caught:
        await BrightSkyClient(session, sleep=service.sleep).async_get_weather(0, 0, 0, 1)
    assert caught.value.retry_after_s == 600
