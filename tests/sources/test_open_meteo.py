"""Open-Meteo: both time formats, instants and means, and nonsense."""

from datetime import UTC, datetime

import pytest

from custom_components.ems.sources.errors import SourceResponseError
from custom_components.ems.sources.open_meteo import OpenMeteoClient, parse_weather


def answer(block="hourly", step=3600, count=3, units=None, **columns):
    table = {"time": [1_760_000_400 + step * i for i in range(count)]} | columns
    return {
        "latitude": 48.2,
        "longitude": 16.4,
        "elevation": 170.0,
        "utc_offset_seconds": 0,
        f"{block}_units": units or {},
        block: table,
    }


async def test_the_question_holds_what_the_forecast_needs(session, service):
    service.will(answer(cloud_cover=[0, 50, 100]))
    client = OpenMeteoClient(session, base_url=service.base_url)
    weather = await client.async_get_weather(48.20849, 16.37208)
    path, query = service.asked[0]
    assert path == "/v1/forecast"
    assert query["timeformat"] == "unixtime"
    assert (query["latitude"], query["longitude"]) == ("48.21", "16.37")  # nobody's doorstep
    for block in ("hourly", "minutely_15"):
        assert query[block].split(",") == [
            "cloud_cover",
            "temperature_2m",
            "shortwave_radiation",
            "direct_normal_irradiance",
            "diffuse_radiation",
        ]
    assert weather.finest is weather.hourly


async def test_quarters_are_asked_for_only_where_wanted(session, service):
    service.will(answer(cloud_cover=[0, 50, 100]))
    await OpenMeteoClient(session, base_url=service.base_url).async_get_weather(0, 0, quarter_hourly=False)
    assert "minutely_15" not in service.asked[0][1]


def test_radiation_is_of_the_hour_before_and_clouds_are_at_the_stamp():
    """Stamped 10:00: radiation from 9 to 10, clouds at 10. The hour from 9 has that, and the mean cloud."""
    series = parse_weather(
        answer(shortwave_radiation=[100, 200, 300], cloud_cover=[0, 50, 100], temperature_2m=[10, None, 14])
    ).hourly
    assert series.starts_s[0] == 1_760_000_400 - 3600
    assert series.ghi_w_m2 == (100, 200, 300)
    assert series.cloud_cover == (0, 0.25, 0.75)
    assert series.temperature_c == (10, 10, 14)
    assert series.dni_w_m2 == (None, None, None)


def test_instants_stand_in_for_means():
    series = parse_weather(answer(shortwave_radiation_instant=[0, 100, 300])).hourly
    assert series.ghi_w_m2 == (0, 50, 200)


def test_quarters_are_the_finest():
    weather = parse_weather(
        answer(cloud_cover=[1, 2, 3]) | answer("minutely_15", 900, 4, shortwave_radiation=[1, 2, 3, 4])
    )
    assert weather.finest.interval_s == 900
    assert weather.hourly.interval_s == 3600


def test_a_cloud_cover_that_is_none_is_missing():
    assert parse_weather(answer(cloud_cover=[120, 100, 50])).hourly.cloud_cover == (None, None, 0.75)


def test_a_real_answer_with_local_times(sample):
    """Local ISO times without offset: the answer's own offset counts, not this machine's zone."""
    weather = parse_weather(sample("open_meteo_forecast.json"))
    first = datetime(
        2026, 3, 1, 22, tzinfo=UTC
    ).timestamp()  # stamped 2026-03-02T00:00 at UTC+1, less the hour
    assert weather.hourly.starts_s[0] == first
    assert len(weather.hourly.starts_s) == 72
    assert max(weather.hourly.ghi_w_m2) > 300
    assert all(0 <= cover <= 1 for cover in weather.hourly.cloud_cover)
    assert weather.elevation_m == 291


def test_a_real_answer_in_quarters(sample):
    weather = parse_weather(sample("open_meteo_minutely15.json"))
    assert weather.hourly is None
    assert weather.finest.interval_s == 900
    assert len(weather.finest.starts_s) == 288
    assert max(weather.finest.dni_w_m2) > 500


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "weather"),
        ({"error": True, "reason": "Data corrupted at path"}, "Data corrupted"),
        ({"latitude": 1, "longitude": 2}, "neither hourly nor minutely_15"),
        ({"hourly": {"time": [0]}}, "no place"),
        (answer(temperature_2m=[1, 2, 3]), "neither radiation nor cloud cover"),
        (answer() | {"hourly": [1]}, "no table"),
        (answer() | {"hourly": {"time": []}}, "no times"),
        (answer() | {"hourly": {}}, "no times"),
        (answer(time=[0, 3600, 9000], cloud_cover=[1, 2, 3]), "not in steps"),
        (answer(time=["soon", 3600, 7200], cloud_cover=[1, 2, 3]), "time that is none"),
        (answer(time=[None, 3600, 7200], cloud_cover=[1, 2, 3]), "time that is none"),
        (answer(cloud_cover=[1, 2]), "another length"),
        (answer(cloud_cover=[1, "2", 3]), "holds '2'"),
        (answer(temperature_2m=[1, 2, 3], units={"temperature_2m": "°F"}), "°F"),
        (answer(shortwave_radiation=[1, 2, 3], units={"shortwave_radiation": "MJ/m²"}), "MJ"),
    ],
)
def test_nonsense_is_refused_by_name(body, message):
    with pytest.raises(SourceResponseError, match=message):
        parse_weather(body)
