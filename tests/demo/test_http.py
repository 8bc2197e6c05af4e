"""Prices and weather in the shape of the services they stand for, and the truth behind them."""

from datetime import UTC, datetime
import json
from zoneinfo import ZoneInfo

import aiohttp
import numpy as np
import pytest

from .lab import Lab, instant

HOUR_MS = 3_600_000


@pytest.fixture
def get(lab: Lab):
    """Fetch JSON from the running home."""

    async def fetched(path: str, status: int = 200, **query: str):
        base = lab.demo.addresses.http
        async with aiohttp.ClientSession(base) as session, session.get(path, params=query) as response:
            assert response.status == status
            assert response.content_type == "application/json"
            return await response.json()

    return fetched


@pytest.mark.parametrize("path", ["/v1/marketdata", "/at/v1/marketdata", "/de/v1/marketdata"])
async def test_prices_have_the_shape_of_awattar(get, path: str):
    """At noon tomorrow is not out yet: from now to midnight are twelve hours."""
    answer = await get(path)
    assert answer["object"] == "list"
    assert answer["url"] == path
    assert len(answer["data"]) == 12
    first = answer["data"][0]
    assert set(first) == {"start_timestamp", "end_timestamp", "marketprice", "unit"}
    assert first["unit"] == "Eur/MWh"
    assert first["start_timestamp"] == instant("2026-06-15T12:00") * 1000
    assert all(row["end_timestamp"] - row["start_timestamp"] == HOUR_MS for row in answer["data"])


async def test_prices_of_tomorrow_come_at_one_o_clock(lab: Lab, get):
    day = {
        "start": str(int(instant("2026-06-16T00:00") * 1000)),
        "end": str(int(instant("2026-06-17T00:00") * 1000)),
    }
    assert (await get("/v1/marketdata", **day))["data"] == []
    lab.live(3600)
    assert len((await get("/v1/marketdata", **day))["data"]) == 24


async def test_a_senseless_price_query_is_refused(get):
    assert "milliseconds" in (await get("/v1/marketdata", status=400, start="tomorrow"))["error"]


async def test_weather_has_the_shape_of_open_meteo(get):
    answer = await get(
        "/v1/forecast",
        latitude="48.2",
        longitude="16.4",
        hourly="temperature_2m,cloud_cover,shortwave_radiation,direct_normal_irradiance,diffuse_radiation",
        timezone="auto",
        forecast_days="2",
        past_days="1",
    )
    assert answer["utc_offset_seconds"] == 7200
    hourly = answer["hourly"]
    assert {len(values) for values in hourly.values()} == {72}
    assert hourly["time"][0] == "2026-06-14T00:00"
    assert answer["hourly_units"]["cloud_cover"] == "%"
    assert answer["hourly_units"]["shortwave_radiation"] == "W/m²"
    assert max(hourly["cloud_cover"]) <= 100
    assert hourly["shortwave_radiation"][0] == 0
    assert hourly["shortwave_radiation"][24 + 13] > 100


async def test_radiation_is_the_mean_over_the_hour_before_the_stamp(lab: Lab, get):
    """What separates a forecast that is half an hour late from one that is not."""
    answer = await get("/v1/forecast", hourly="shortwave_radiation", past_days="1", forecast_days="0")
    stamp = datetime.fromisoformat("2026-06-14T06:00").replace(tzinfo=UTC).timestamp()
    index = answer["hourly"]["time"].index("2026-06-14T06:00")
    seconds = np.arange(stamp - 3600, stamp, 10.0)
    mean = lab.home.weather.forecast(seconds, lab.clock()).light.ghi.mean()
    assert answer["hourly"]["shortwave_radiation"][index] == pytest.approx(mean, rel=0.02)


async def test_quarter_hours_and_unix_times_on_request(get):
    answer = await get(
        "/v1/forecast", minutely_15="cloud_cover,shortwave_radiation_instant", timeformat="unixtime"
    )
    times = answer["minutely_15"]["time"]
    assert len(times) == 7 * 96
    assert times[1] - times[0] == 900
    assert times[0] == datetime(2026, 6, 15, tzinfo=UTC).timestamp()
    assert answer["minutely_15_units"]["time"] == "unixtime"
    assert "hourly" not in answer


async def test_tilted_irradiance_looks_where_it_is_told(get):
    """Open-Meteo counts azimuth from south, west positive: an east roof is brighter in the morning."""
    east, west = [
        (
            await get(
                "/v1/forecast", hourly="global_tilted_irradiance", tilt="60", azimuth=azimuth, past_days="1"
            )
        )
        for azimuth in ("-90", "90")
    ]
    morning = east["hourly"]["time"].index("2026-06-14T06:00")
    name = "global_tilted_irradiance"
    assert east["hourly"][name][morning] > west["hourly"][name][morning]


@pytest.mark.parametrize(
    "query",
    [
        {"hourly": "snow_mood"},
        {"hourly": "cloud_cover", "forecast_days": "17"},
        {"hourly": "cloud_cover", "past_days": "many"},
        {"hourly": "cloud_cover", "timezone": "Mars/Olympus"},
        {"hourly": "cloud_cover", "timezone": "../../etc/passwd"},
    ],
)
async def test_a_senseless_weather_query_is_refused_with_a_reason(get, query: dict[str, str]):
    answer = await get("/v1/forecast", status=400, **query)
    assert answer["error"] is True
    assert answer["reason"]


async def test_clock_change_days_keep_one_offset_as_the_real_service_does(open_lab):
    lab = await open_lab("2026-10-24T12:00")
    async with aiohttp.ClientSession(lab.demo.addresses.http) as session:
        query = {"hourly": "cloud_cover", "timezone": "Europe/Vienna", "forecast_days": "3"}
        async with session.get("/v1/forecast", params=query) as response:
            answer = await response.json()
    times = [datetime.fromisoformat(text) for text in answer["hourly"]["time"]]
    assert len(times) == 72
    assert len(set(times)) == 72
    assert answer["utc_offset_seconds"] == 7200
    assert ZoneInfo(answer["timezone"]).key == "Europe/Vienna"


async def test_state_tells_the_truth_in_json(lab: Lab, get):
    truth = await get("/demo/state")
    assert truth == json.loads(json.dumps(lab.demo.truth()))
    assert truth["grid_total_w"] == pytest.approx(
        truth["household_total_w"] + truth["car_total_w"] - truth["inverter_ac_w"]
    )
    assert truth["battery"]["soc_pct"] == pytest.approx(100 * lab.home.battery.soc)
    assert truth["faults"] == {}
    assert truth["charger"]["car"]["next_departure_s"] > truth["now_s"]
