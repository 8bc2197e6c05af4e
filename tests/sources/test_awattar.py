"""aWATTar: real answers, the long and the short day, and nonsense."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from custom_components.ems.sources.awattar import AwattarClient, parse_market_data
from custom_components.ems.sources.errors import SourceCurrencyError, SourceResponseError

VIENNA = ZoneInfo("Europe/Vienna")


def row(start_s: float, price, unit="Eur/MWh", **fields):
    return {
        "start_timestamp": start_s * 1000,
        "end_timestamp": (start_s + 3600) * 1000,
        "marketprice": price,
        "unit": unit,
    } | fields


def answer(*rows):
    return {"object": "list", "data": list(rows)}


def midnight(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=VIENNA).timestamp()


async def test_both_ends_are_asked_for_and_prices_come_per_kwh(session, service):
    service.will(answer(row(0, 92.02), row(3600, -5)))
    client = AwattarClient(session, base_url=service.base_url + "/")
    prices = await client.async_get_prices(0, 7200)
    assert service.asked == [("/v1/marketdata", {"start": "0", "end": "7200000"})]
    assert prices.price_per_kwh == pytest.approx((0.09202, -0.005))
    assert prices.starts_s == (0, 3600)
    assert prices.ends_s == (3600, 7200)
    assert prices.currency == "EUR"


async def test_tomorrow_before_the_auction_is_empty_and_no_error(session, service):
    service.will(answer())
    assert (await AwattarClient(session, base_url=service.base_url).async_get_prices(0, 1)).starts_s == ()


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("awattar_at_negative_day.json", "2024-05-12", 24),
        ("awattar_at_high_day.json", "2022-08-30", 24),
        ("awattar_at_dst_spring.json", "2025-03-30", 23),  # its last row is of the next day
        ("awattar_at_dst_autumn.json", "2025-10-26", 24),  # asked with a start alone: one hour is missing
        ("awattar_shape_at_15min_dst_autumn.json", "2025-10-26", 25),
    ],
)
def test_real_days_are_read(sample, name, day, hours):
    start = midnight(day)
    end = midnight(day) + {"2025-03-30": 23, "2025-10-26": 25}.get(day, 24) * 3600
    prices = parse_market_data(sample(name), start, end)
    covered = sum(prices.ends_s) - sum(prices.starts_s)
    assert prices.starts_s[0] == start
    assert covered == hours * 3600
    assert all(-0.6 < price < 1.0 for price in prices.price_per_kwh)


def test_a_negative_day_has_negative_prices(sample):
    assert min(parse_market_data(sample("awattar_at_negative_day.json")).price_per_kwh) < -0.1


def test_rows_without_a_price_are_counted_and_order_does_not_matter():
    prices = parse_market_data(answer(row(7200, 3), row(3600, None), row(0, 1), row(0, 2)))
    assert prices.starts_s == (0, 7200)
    assert prices.price_per_kwh == (0.002, 0.003)
    assert prices.dropped == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "no list called data"),
        (None, "no list called data"),
        ({"data": "soon"}, "no list called data"),
        (answer("row"), "is no row"),
        (answer({}), "no interval"),
        (answer(row(0, 1, end_timestamp=0)), "no interval"),
        (answer(row(0, 1, start_timestamp="0")), "no interval"),
        (answer(row(0, 1, start_timestamp=True)), "no interval"),
        (answer(row(0, 1, unit="ct/kWh")), "instead of Eur/MWh"),
        (answer(row(0, 1, unit=None)), "instead of Eur/MWh"),
        (answer(row(0, "92.02")), "is no price"),
        (answer(row(0, 1), row(1800, 1)), "overlap"),
    ],
)
def test_nonsense_is_refused_by_name(body, message):
    """A unit above all: 92 Eur/MWh taken for ct/kWh would be ten times the price."""
    with pytest.raises(SourceResponseError, match=message):
        parse_market_data(body)


def test_only_countries_that_awattar_serves():
    with pytest.raises(KeyError):
        AwattarClient(None, country="ch")


def test_another_currency_is_refused_by_name():
    with pytest.raises(SourceCurrencyError) as caught:
        parse_market_data(answer(row(0, 1, unit="CHF/MWh")))
    assert caught.value.found == "CHF"


def test_quarters_between_hours_keep_their_widths():
    """The day on which a market goes from hours to quarters of an hour."""
    quarters = [row(3600 + 900 * i, 10 + i, end_timestamp=(4500 + 900 * i) * 1000) for i in range(4)]
    prices = parse_market_data(answer(row(0, 50), *quarters))
    assert [end - start for start, end in zip(prices.starts_s, prices.ends_s, strict=True)] == [3600] + [
        900
    ] * 4


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-10-25", 100)])
async def test_the_days_of_the_clock_change_are_whole_in_quarters(session, service, day, count):
    """Asked for from midnight to midnight of the local clock."""
    start = midnight(day)
    rows = [row(start + 900 * i, 50, end_timestamp=(start + 900 * (i + 1)) * 1000) for i in range(count)]
    service.will(answer(*rows))
    end = start + 900 * count
    prices = await AwattarClient(session, base_url=service.base_url).async_get_prices(start, end)
    assert len(prices.starts_s) == count
    assert datetime.fromtimestamp(prices.ends_s[-1], VIENNA).strftime("%H:%M") == "00:00"
