"""Energy-Charts: a real answer, hours that become quarters, clock changes, and nonsense."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from custom_components.ems.sources.energy_charts import EnergyChartsClient, parse_columns
from custom_components.ems.sources.errors import (
    SourceConnectionError,
    SourceCurrencyError,
    SourceRateLimitError,
    SourceResponseError,
)

BERLIN = ZoneInfo("Europe/Berlin")


def answer(starts, prices, unit="EUR / MWh"):
    return {"unix_seconds": starts, "price": prices, "unit": unit, "deprecated": False}


def client(session, service, **options):
    return EnergyChartsClient(
        session, zone="DE-LU", base_url=service.base_url, sleep=service.sleep, **options
    )


async def test_zone_and_both_ends_are_asked_for(session, service):
    service.will(answer([0, 3600], [92.02, -5]))
    prices = await client(session, service).async_get_prices(0, 7200)
    assert service.asked == [("/price", {"bzn": "DE-LU", "start": "0", "end": "7200"})]
    assert prices.price_per_kwh == pytest.approx((0.09202, -0.005))
    assert prices.ends_s == (3600, 7200)
    assert prices.currency == "EUR"


def test_a_real_answer_is_read(sample):
    prices = parse_columns(sample("energy_charts_price.json"))
    assert len(prices.starts_s) == 48
    assert prices.price_per_kwh[0] == pytest.approx(0.09285)
    assert max(prices.price_per_kwh) == pytest.approx(0.44508)
    assert {end - start for start, end in zip(prices.starts_s, prices.ends_s, strict=True)} == {3600}


def test_hours_that_become_quarters_keep_their_widths():
    """The change of October 2025, in the middle of an answer."""
    prices = parse_columns(answer([0, 3600, 7200, 8100, 9000], [1, 2, 3, 4, 5]))
    widths = [end - start for start, end in zip(prices.starts_s, prices.ends_s, strict=True)]
    assert widths == [3600, 3600, 900, 900, 900]


def test_a_missing_stretch_is_a_gap_and_a_null_too():
    prices = parse_columns(answer([0, 3600, 18000, 21600], [1, 2, 3, None]))
    assert prices.starts_s == (0, 3600, 18000)
    assert prices.ends_s == (3600, 7200, 21600)
    assert prices.dropped == 1


@pytest.mark.parametrize(("day", "quarters"), [("2026-03-29", 92), ("2026-10-25", 100)])
def test_the_days_of_the_clock_change_are_whole(day, quarters):
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN).timestamp()
    starts = [start + 900 * i for i in range(quarters)]
    prices = parse_columns(answer(starts, [1.0] * quarters))
    assert len(prices.starts_s) == quarters
    assert datetime.fromtimestamp(prices.ends_s[-1], BERLIN).strftime("%H:%M") == "00:00"


def test_nothing_published_is_no_error():
    assert parse_columns({"unix_seconds": [], "price": []}).starts_s == ()


def test_one_price_alone_is_an_hour():
    assert parse_columns(answer([0], [1])).ends_s == (3600,)


def test_another_currency_is_refused_by_name():
    with pytest.raises(SourceCurrencyError) as caught:
        parse_columns(answer([0], [1], unit="SEK/MWh"))
    assert (caught.value.wanted, caught.value.found) == ("EUR", "SEK")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "no object"),
        ({}, "no columns"),
        ({"unix_seconds": [0], "price": "soon"}, "no columns"),
        (answer([0, 3600], [1]), "2 instants, 1 prices"),
        (answer([0], [1], unit=None), "instead of EUR / MWh"),
        (answer([0], [1], unit="EUR/kWh"), "instead of EUR / MWh"),
        (answer(["0"], [1]), "no instant"),
        (answer([True], [1]), "no instant"),
        (answer([0], ["1"]), "no price"),
        (answer([3600, 0], [1, 2]), "not in order"),
        (answer([0, 0], [1, 2]), "not in order"),
    ],
)
def test_nonsense_is_refused_by_name(body, message):
    with pytest.raises(SourceResponseError, match=message):
        parse_columns(body)


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (429, {"Retry-After": "600"}, SourceRateLimitError),
        (503, {}, SourceConnectionError),
        (404, {}, SourceResponseError),
    ],
)
async def test_a_service_in_trouble_is_one_of_our_errors(session, service, status, headers, error):
    service.will({"detail": "no"}, status, headers)
    with pytest.raises(error):
        await client(session, service).async_get_prices(0, 1)


async def test_a_truncated_answer_is_refused(session, service):
    service.will('{"unix_seconds": [0, 36')
    with pytest.raises(SourceResponseError, match="not JSON"):
        await client(session, service).async_get_prices(0, 1)
