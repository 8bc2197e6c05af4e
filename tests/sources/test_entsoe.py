"""ENTSO-E: real documents, both curve types, two auctions, hostile XML, and a token that is never quoted."""

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.sources.entsoe import ZONES, EntsoeClient, parse_document
from custom_components.ems.sources.errors import (
    SourceAuthError,
    SourceConnectionError,
    SourceCurrencyError,
    SourceError,
    SourceRateLimitError,
    SourceResponseError,
    SourceZoneError,
)
from custom_components.ems.sources.http import BYTES_MAX
from tests.sources.conftest import sample_bytes

TOKEN = "0a1b2c3d-secret"
BELGIUM, GERMANY = ZONES["BE"], ZONES["DE-LU"]
NAMESPACE = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"
NOTHING = (
    "<Acknowledgement_MarketDocument xmlns='urn:x'><Reason><code>999</code>"
    "<text>No matching data found for Data item ENERGY_PRICES</text></Reason></Acknowledgement_MarketDocument>"
)


def period(start, end, resolution, *points):
    rows = "".join(
        f"<Point><position>{at}</position><price.amount>{price}</price.amount></Point>"
        for at, price in points
    )
    return (
        f"<Period><timeInterval><start>{start}</start><end>{end}</end></timeInterval>"
        f"<resolution>{resolution}</resolution>{rows}</Period>"
    )


def series(*periods, zone=BELGIUM, currency="EUR", curve="A03", sequence=None, unit="MWH"):
    position = (
        f"<classificationSequence_AttributeInstanceComponent.position>{sequence}"
        "</classificationSequence_AttributeInstanceComponent.position>"
        if sequence
        else ""
    )
    return (
        f'<TimeSeries><in_Domain.mRID codingScheme="A01">{zone}</in_Domain.mRID>'
        f"<currency_Unit.name>{currency}</currency_Unit.name>"
        f"<price_Measure_Unit.name>{unit}</price_Measure_Unit.name>"
        f"{position}<curveType>{curve}</curveType>{''.join(periods)}</TimeSeries>"
    )


def document(*every):
    text = f'<?xml version="1.0"?><Publication_MarketDocument xmlns="{NAMESPACE}">{"".join(every)}'
    return f"{text}</Publication_MarketDocument>"


def parse(*every, **asked):
    return parse_document(document(*every).encode(), **asked)


HOURS = period("2026-01-01T00:00Z", "2026-01-01T02:00Z", "PT60M", (1, 100), (2, 200))


def client(session, service, zone="BE", **options):
    return EntsoeClient(
        session, zone=zone, token=TOKEN, base_url=service.base_url, sleep=service.sleep, **options
    )


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def widths(prices):
    return [end - start for start, end in zip(prices.starts_s, prices.ends_s, strict=True)]


async def test_zone_token_and_both_ends_are_asked_for(session, service):
    service.will(document(series(HOURS)))
    prices = await client(session, service).async_get_prices(at("2026-01-01T00:00Z"), at("2026-01-02T22:30Z"))
    ((path, asked),) = service.asked
    assert path == "/api"
    assert asked["securityToken"] == TOKEN
    assert (asked["documentType"], asked["in_Domain"], asked["out_Domain"]) == ("A44", BELGIUM, BELGIUM)
    assert (asked["periodStart"], asked["periodEnd"]) == ("202601010000", "202601022230")
    assert prices.price_per_kwh == pytest.approx((0.1, 0.2))
    assert prices.starts_s[0] == at("2026-01-01T00:00Z")
    assert widths(prices) == [3600, 3600]


# Real documents


@pytest.mark.parametrize(
    ("name", "zone", "count", "wide"),
    [
        ("entsoe_BE_60M.xml", BELGIUM, 24, {3600}),
        ("entsoe_BE_15M_avg.xml", BELGIUM, 22, {900, 3600}),
        ("entsoe_BE_60M_15M_mix.xml", BELGIUM, 216, {900, 3600}),
        ("entsoe_DE_60M_15M_overlap.xml", GERMANY, 48, {3600}),
        ("entsoe_openems_de_15min.xml", GERMANY, 192, {900}),
    ],
)
def test_real_documents_are_read_without_a_hole(name, zone, count, wide):
    prices = parse_document(sample_bytes(name), zone=zone)
    assert len(prices.starts_s) == count
    assert set(widths(prices)) == wide
    assert all(end == start for end, start in pairwise_borders(prices))
    assert all(-0.1 < price < 1 for price in prices.price_per_kwh)


def pairwise_borders(prices):
    return list(zip(prices.ends_s[:-1], prices.starts_s[1:], strict=True))


def test_points_in_any_order_with_repeats_and_one_beyond_the_end():
    """Positions 1, 5, 2, 3, 11 and 4 of 20, and a third hour in a period of two."""
    prices = parse_document(sample_bytes("entsoe_BE_15M_avg.xml"))
    per_mwh = [round(1000 * price, 2) for price in prices.price_per_kwh]
    assert per_mwh[:5] == [55.35, 40.32, 31.86, 28.71, 44.22]
    assert per_mwh[5:11] == [44.22] * 5 + [28.37]
    assert per_mwh[11:] == [28.37] * 9 + [64.98, 64.98]
    assert prices.dropped == 1


# The standard, by hand


def test_by_curve_type_a03_a_position_left_out_repeats_the_one_before():
    quarters = period("2026-01-01T00:00Z", "2026-01-01T02:00Z", "PT15M", (1, 10), (4, 40), (6, 60))
    prices = parse(series(quarters))
    assert [round(1000 * price) for price in prices.price_per_kwh] == [10, 10, 10, 40, 40, 60, 60, 60]


def test_by_curve_type_a01_it_is_missing():
    hours = period("2026-01-01T00:00Z", "2026-01-01T04:00Z", "PT60M", (1, 10), (3, 30))
    prices = parse(series(hours, curve="A01"))
    assert [start - prices.starts_s[0] for start in prices.starts_s] == [0, 7200]
    assert widths(prices) == [3600, 3600]


def test_nothing_before_the_first_position_is_invented():
    hours = period("2026-01-01T00:00Z", "2026-01-01T03:00Z", "PT1H", (2, 20))
    prices = parse(series(hours))
    assert prices.starts_s == (at("2026-01-01T01:00Z"), at("2026-01-01T02:00Z"))


def test_quarters_count_before_the_hours_of_the_same_auction():
    quarters = period("2026-01-01T01:00Z", "2026-01-01T02:00Z", "PT15M", (1, 1), (2, 2), (3, 3), (4, 4))
    prices = parse(series(quarters), series(HOURS))
    assert [round(1000 * price) for price in prices.price_per_kwh] == [100, 1, 2, 3, 4]


def test_the_second_auction_never_stands_in_for_the_first():
    """Sequence 2 is EXAA's: finer, earlier, and not what a supplier bills."""
    exaa = period("2026-01-01T00:00Z", "2026-01-02T00:00Z", "PT15M", (1, 999))
    prices = parse(series(exaa, sequence=2), series(HOURS, sequence=1))
    assert [round(1000 * price) for price in prices.price_per_kwh] == [100, 200]
    alone = parse(series(exaa, sequence=2))
    assert len(alone.starts_s) == 96  # the first was not published at all: the only auction there is counts


@pytest.mark.parametrize(("day", "count"), [("2026-03-29", 92), ("2026-10-25", 100)])
def test_the_days_of_the_clock_change_are_whole(day, count):
    brussels = ZoneInfo("Europe/Brussels")
    midnight = datetime.fromisoformat(day).replace(tzinfo=brussels)
    start_s, end_s = midnight.timestamp(), midnight.timestamp() + 900 * count
    start, end = (
        datetime.fromtimestamp(s, ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%MZ") for s in (start_s, end_s)
    )
    prices = parse(series(period(start, end, "PT15M", (1, 50))))
    assert len(prices.starts_s) == count
    assert datetime.fromtimestamp(prices.ends_s[-1], brussels).strftime("%H:%M") == "00:00"


def test_the_homes_currency_is_taken_where_there_are_two():
    levs = period("2026-01-01T00:00Z", "2026-01-01T01:00Z", "PT60M", (1, 195.58))
    both = (series(HOURS), series(levs, currency="BGN"))
    assert parse(*both).price_per_kwh[0] == 0.1
    assert parse(*both, currency="BGN").price_per_kwh == (0.19558,)


def test_another_currency_is_refused_by_name():
    with pytest.raises(SourceCurrencyError) as caught:
        parse(series(HOURS, currency="PLN"))
    assert (caught.value.wanted, caught.value.found) == ("EUR", "PLN")


def test_prices_of_another_zone_are_refused_by_name():
    with pytest.raises(SourceZoneError) as caught:
        parse(series(HOURS, zone=GERMANY), zone=BELGIUM)
    assert (caught.value.asked, caught.value.found) == (BELGIUM, GERMANY)


# Failures


@pytest.mark.parametrize("status", [200, 400])
async def test_nothing_published_yet_is_an_empty_series(session, service, status):
    service.will(NOTHING, status)
    assert (await client(session, service).async_get_prices(0, 1)).starts_s == ()


async def test_a_refusal_says_why_in_the_services_words(session, service):
    service.will(
        NOTHING.replace("No matching data found for", "Delivered time interval is not valid for"), 400
    )
    with pytest.raises(SourceResponseError, match="Delivered time interval is not valid"):
        await client(session, service).async_get_prices(0, 1)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("Unauthorized. Missing or invalid security token.", 401, SourceAuthError),
        ("", 429, SourceRateLimitError),
        ("", 503, SourceConnectionError),
        ("<html>maintenance", 200, SourceResponseError),
        ("bad", 400, SourceResponseError),
        ("", 200, SourceResponseError),
    ],
)
async def test_a_service_in_trouble_is_one_of_our_errors_and_quotes_no_token(
    session, service, body, status, error
):
    service.will(body, status)
    with pytest.raises(error) as caught:
        await client(session, service).async_get_prices(0, 1)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in str(caught.value.__cause__)


async def test_an_endless_redirect_quotes_no_token(session, service):
    """The client library's own message holds the whole address."""
    service.will("", 302, {"Location": f"{service.base_url}/again?securityToken={TOKEN}"})
    with pytest.raises(SourceConnectionError) as caught:
        await client(session, service).async_get_prices(0, 1)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_an_endless_document_is_cut(session, service):
    service.will("<a>" + "x" * BYTES_MAX + "</a>")
    with pytest.raises(SourceResponseError, match="above") as caught:
        await client(session, service).async_get_prices(0, 1)
    assert TOKEN not in str(caught.value)


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<Publication_MarketDocument>&b;</Publication_MarketDocument>"
)
THIEF = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>'


@pytest.mark.parametrize("text", [LAUGHS, THIEF, "<!DOCTYPE a SYSTEM 'http://127.0.0.1/x.dtd'><a/>"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_where_it_begins(text, encoding):
    with pytest.raises(SourceResponseError, match="document type"):
        parse_document(text.encode(encoding))


def test_a_deep_document_is_refused():
    with pytest.raises(SourceResponseError, match="deeper"):
        parse_document(b"<a>" * 100_000)


def test_a_truncated_document_is_refused_as_a_whole():
    """Half a day of prices would pass for a day."""
    whole = document(series(HOURS)).encode()
    with pytest.raises(SourceResponseError, match="not XML"):
        parse_document(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<a/>", "the answer is a a"),
        (document(series(HOURS, unit="KWH")), "per KWH"),
        (document(series(HOURS)).replace("PT60M", "P1D"), "resolution 'P1D'"),
        (document(series(HOURS)).replace("PT60M", "PT0M"), "resolution 'PT0M'"),
        (document(series(HOURS)).replace("PT60M", "PT50M"), "does not divide"),
        (document(series(HOURS)).replace("2026-01-01T02:00Z", "2025-12-31T00:00Z"), "does not divide"),
        (document(series(HOURS)).replace("2026-01-01T02:00Z", "2036-01-01T00:00Z"), "does not divide"),
        (document(series(HOURS)).replace("2026-01-01T02:00Z", "soon"), "no instant"),
        (document(series(HOURS)).replace("2026-01-01T02:00Z", "2026-01-01T02:00"), "in which zone"),
        (document(series(HOURS)).replace(">100<", ">cheap<"), "with price 'cheap'"),
        (document(series(HOURS)).replace(">100<", ">nan<"), "with price 'nan'"),
        (document(series(HOURS)).replace("<position>1<", "<position>0<"), "point '0'"),
        (document(series(HOURS)).replace("<position>1</position>", ""), "without position"),
        (document(series(HOURS)).replace("<currency_Unit.name>EUR</currency_Unit.name>", ""), "without curr"),
    ],
)
def test_nonsense_is_refused_by_name(text, message):
    with pytest.raises(SourceResponseError, match=message):
        parse_document(text.encode())


def test_a_document_without_series_is_an_empty_series():
    assert parse().starts_s == ()


@given(cut=st.integers(0, 900), junk=st.binary(max_size=6))
def test_a_damaged_document_gives_prices_in_order_or_one_of_our_errors(cut, junk):
    whole = document(series(HOURS)).encode()
    try:
        prices = parse_document(whole[:cut] + junk + whole[cut + len(junk) :])
    except SourceError:
        return
    assert all(later >= earlier for earlier, later in pairwise(prices.starts_s))


def test_only_zones_that_have_an_auction():
    with pytest.raises(KeyError):
        EntsoeClient(None, zone="UK", token=TOKEN)
