"""Price entities: every shape in the wild, units converted or refused, clock changes, holes and nonsense."""

from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.adapters.price_series import PriceSeriesError, parse_price_series
from custom_components.ems.engine.steps import even_steps
from custom_components.ems.engine.tariff import PublishedPrices, SeriesTariff

VIENNA = ZoneInfo("Europe/Vienna")
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "api-samples"


def sample(name: str):
    path = SAMPLES / name
    if not path.exists():
        pytest.skip("the shared data are not here")
    return json.loads(path.read_text())


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def parse(attributes, unit="EUR/kWh", currency="EUR", zone=VIENNA):
    return parse_price_series(attributes, unit=unit, currency=currency, zone=zone)


def points(prices):
    return [
        (start, end, round(price, 9))
        for start, end, price in zip(prices.starts_s, prices.ends_s, prices.price_per_kwh, strict=True)
    ]


def key_of(attributes, **kwargs):
    with pytest.raises(PriceSeriesError) as caught:
        parse(attributes, **kwargs)
    return caught.value.key


def hours(*values, begin="2025-06-02T00:00:00+02:00", keys=("start", "end", "value")):
    """Rows of an hour each."""
    first = datetime.fromisoformat(begin)
    moments = [(first + timedelta(hours=i)).isoformat() for i in range(len(values) + 1)]
    return [dict(zip(keys, row, strict=True)) for row in zip(moments, moments[1:], values, strict=False)]


# The shapes that integrations really have


def test_nord_pool_days_are_joined():
    for case in sample("ha_attr_shapes_nordpool.json")["VALID"]:
        currency = case["attributes"]["currency"]
        prices = parse(case["attributes"], unit=case["expected_unit"], currency=currency)
        corners = [
            corner for start, end, price in points(prices) for corner in ([start, price], [end, price])
        ]
        assert corners == case["expected_data"], case["description"]


@pytest.mark.parametrize(
    "name", ["nordpool", "amberelectric", "amber2mqtt", "solcast", "open_meteo", "emhass"]
)
def test_broken_shapes_are_refused_by_name_or_their_good_rows_used(name):
    """We are more forgiving than strict readers, but nothing raw escapes and no price is invented."""
    for case in sample(f"ha_attr_shapes_{name}.json")["INVALID"]:
        attributes = case["attributes"]
        unit = attributes.get("unit_of_measurement", "EUR/kWh")
        try:
            prices = parse(attributes, unit=unit)
        except PriceSeriesError as err:
            assert err.key.startswith("price_"), case["description"]  # noqa: PT017 - either outcome is right
        else:
            text = json.dumps(attributes)
            assert all(f"{price:g}" in text for price in prices.price_per_kwh), case["description"]


def test_power_forecasts_are_no_prices():
    """EMHASS publishes power in the same shape as prices: the unit tells them apart."""
    for case in sample("ha_attr_shapes_emhass.json")["VALID"]:
        attributes, unit = case["attributes"], case["attributes"]["unit_of_measurement"]
        if unit == "AUD/kWh":
            prices = parse(attributes, unit=unit, currency="AUD")
            assert prices.price_per_kwh.tolist() == [0.25, 0.3]
        else:
            assert key_of(attributes, unit=unit, currency="AUD") == "price_unit_unknown"


def test_amber_begins_its_intervals_a_second_late():
    """10:50:01 to 10:55:00 and 10:55:01 to 11:00:00: the second between is not a gap."""
    states = {state["entity_id"]: state for state in sample("ha_state_amber.json")}
    attributes = states["sensor.home_general_forecast"]["attributes"]
    prices = parse(attributes, unit="$/kWh", currency="AUD")
    assert len(prices.starts_s) == len(attributes["forecasts"])
    assert np.array_equal(prices.ends_s[:-1], prices.starts_s[1:])
    assert prices.dropped == 0
    assert key_of(states["sensor.home_general_price"]["attributes"], unit="$/kWh") == "price_rows_missing"


def test_amber_express_has_starts_only_and_two_widths():
    for state in sample("ha_state_amber_express.json"):
        prices = parse(state["attributes"], unit="$/kWh", currency="AUD")
        widths = prices.ends_s - prices.starts_s
        assert set(widths) == {300, 1800}
        assert np.array_equal(prices.ends_s[:-1], prices.starts_s[1:])
        assert len(widths) == len(state["attributes"]["forecast"])


def test_epex_spot():
    attributes = sample("epex_spot_hacs_attributes.json")["attributes"]
    assert parse(attributes).price_per_kwh.tolist() == [0.12485, 0.12235, 0.12247]
    assert key_of(attributes, unit="EUR/MWh") == "price_unit_contradiction"


def test_tibber():
    home = sample("tibber_priceinfo.json")["data"]["viewer"]["homes"][0]
    prices = parse(home["currentSubscription"]["priceInfo"])
    assert prices.starts_s[0] == at("2025-09-19T00:00:00+02:00")
    assert prices.price_per_kwh[0] == 0.2688
    assert set(prices.ends_s - prices.starts_s) == {900}


def test_market_rows_that_name_their_own_unit():
    """Eur/MWh in the row counts, whatever the entity says."""
    prices = parse(sample("akkudoktor_prices.json"), unit="ct/kWh")
    assert prices.price_per_kwh[0] == pytest.approx(0.09285)


def test_nord_pools_own_action():
    """Area → rows in EUR/MWh, as `nordpool.get_prices_for_date` answers."""
    answer = {"SE3": hours(100.5, 90, keys=("start", "end", "price"))}
    assert parse(answer, unit="EUR/MWh").price_per_kwh == pytest.approx([0.1005, 0.09])


def test_tibbers_whole_answer():
    """One home, five levels down."""
    prices = parse(sample("tibber_priceinfo.json"))
    assert prices.starts_s[0] == at("2025-09-19T00:00:00+02:00")
    assert prices.price_per_kwh[0] == 0.2688


def test_of_two_homes_nobody_knows_which():
    rows = {"priceInfo": {"today": hours(0.1)}}
    assert key_of({"homes": [rows, rows]}) == "price_rows_missing"
    assert parse({"homes": [rows]}).price_per_kwh.tolist() == [0.1]


@pytest.mark.parametrize(
    ("name", "count", "width_s", "first"),
    [
        ("energyzero_rest_electricity_hour_response.json", 72, 3600, 0.077495),
        ("energyzero_rest_electricity_quarter.json", 288, 900, None),
        ("energyzero_graphql_energy.json", 24, 3600, 0.107),
        ("easyenergy_energy.json", 24, 3600, 0.11549),
        ("easyenergy_energy_quarter.json", 5, 900, -0.0021),
    ],
)
def test_dutch_retailers(name, count, width_s, first):
    """The exchange price without VAT, the first of the lists they give: additions are the tariff's business."""
    prices = parse(sample(name))
    assert len(prices.starts_s) == count
    assert set(prices.ends_s - prices.starts_s) == {width_s}
    assert first is None or prices.price_per_kwh[0] == first


def test_nord_pools_data_portal():
    """Currency per MWh in a table of areas; the entity cannot say so, the answer does."""
    body = sample("nordpool_delivery_period.json")
    prices = parse(body, unit=None)
    assert len(prices.starts_s) == 24
    assert prices.price_per_kwh[0] == pytest.approx(0.02154)
    assert key_of(body, currency="SEK") == "price_unit_currency"


def test_of_two_areas_in_one_row_nobody_knows_which():
    row = {"deliveryStart": "2025-06-02T00:00Z", "deliveryEnd": "2025-06-02T01:00Z"}
    assert (
        key_of({"multiAreaEntries": [row | {"entryPerArea": {"SE3": 1, "SE4": 2}}]}) == "price_rows_unusable"
    )


def test_energy_charts_two_columns():
    prices = parse(sample("energy_charts_price.json"), unit=None)
    assert len(prices.starts_s) == 48
    assert prices.price_per_kwh[0] == pytest.approx(0.09285)
    assert key_of({"unix_seconds": [0, 3600], "price": [1]}) == "price_rows_missing"


@pytest.mark.parametrize("name", ["high_day", "negative_day", "dst_spring", "dst_autumn"])
def test_awattars_own_answer(name):
    prices = parse(sample(f"awattar_at_{name}.json"), unit=None)
    assert len(prices.starts_s) == 24
    assert np.array_equal(prices.ends_s[:-1], prices.starts_s[1:])


def test_octopus_as_documented():
    """Newest first, pence, one page of several; no captured answer under a usable licence was at hand."""
    results = [
        {
            "value_exc_vat": 20.0,
            "value_inc_vat": 21.0,
            "valid_from": "2026-06-15T00:30Z",
            "valid_to": "2026-06-15T01:00Z",
        },
        {
            "value_exc_vat": 10.0,
            "value_inc_vat": 10.5,
            "valid_from": "2026-06-15T00:00Z",
            "valid_to": "2026-06-15T00:30Z",
        },
    ]
    prices = parse({"count": 2, "next": None, "results": results}, unit="p/kWh", currency="GBP")
    assert prices.price_per_kwh == pytest.approx([0.105, 0.21])
    assert set(prices.ends_s - prices.starts_s) == {1800}


def test_amber_to_mqtt():
    rows = hours(0.13, 0.15, keys=("start_time", "end_time", "advanced_price_predicted"))
    assert parse({"Forecasts": rows}, unit="$/kWh", currency="AUD").price_per_kwh.tolist() == [0.13, 0.15]


@pytest.mark.parametrize("name", ["solcast_rooftop_forecasts.json", "solcast_multiday.json"])
def test_a_sun_forecast_is_no_price(name):
    """Its rows say when they end, and nothing says what a kWh of them costs."""
    assert key_of(sample(name), unit="kW").startswith("price_")


@pytest.mark.parametrize(
    "attributes",
    [
        {"forecast": hours(0.1, 0.2)},
        {"forecast": hours(0.1, 0.2, keys=("start", "end", "price_per_kwh"))},  # our own
        {
            "prices_today": hours(0.1, 0.2, keys=("time", "end", "price")),
            "prices": hours(0.1, 0.2),
        },  # ENTSO-E
        {"rates": hours(0.1, 0.2, keys=("start", "end", "value_inc_vat"))},  # Octopus
        {"whatever": hours(0.1, 0.2, keys=("valid_from", "valid_to", "rate"))},
        {"table": {"2025-06-02T00:00:00+02:00": 0.1, "2025-06-02T01:00:00+02:00": 0.2}},
        {"nested": {"deeper": {"rows": hours(0.1, 0.2)}}},
        {"forecast": [row | {"end": None} for row in hours(0.1, 0.2)]},
        {"forecast": [{"Start": at(row["start"]), "Price": row["value"]} for row in hours(0.1, 0.2)]},
        {"data": [{"start_ts": at(row["start"]) * 1000, "price": row["value"]} for row in hours(0.1, 0.2)]},
        {
            "data": [
                {"start": datetime.fromisoformat(row["start"]), "price": row["value"]}
                for row in hours(0.1, 0.2)
            ]
        },
        {"forecast": [{"datetime": row["start"], "tariff": row["value"]} for row in hours(0.1, 0.2)]},
        {"forecast": tuple(hours(0.1, 0.2))},
    ],
)
def test_shapes_of_other_integrations(attributes):
    start = at("2025-06-02T00:00:00+02:00")
    assert points(parse(attributes)) == [(start, start + 3600, 0.1), (start + 3600, start + 7200, 0.2)]


def test_published_prices_come_before_predicted_ones():
    """Energi Data Service: `raw_today` is the auction, `forecast` is what somebody thinks of next week."""
    attributes = {
        "forecast": hours(*[9.0] * 48, begin="2025-06-03T00:00:00+02:00"),
        "raw_today": hours(0.1, 0.2),
        "raw_tomorrow": None,
        "today": [0.1, 0.2],
    }
    assert parse(attributes).price_per_kwh.tolist() == [0.1, 0.2]


def test_an_empty_list_of_a_better_name_does_not_hide_prices():
    attributes = {"raw_today": [{"start": "?", "value": 1}], "other": hours(0.3)}
    assert parse(attributes).price_per_kwh.tolist() == [0.3]


# Units


@pytest.mark.parametrize(
    ("unit", "values", "expected"),
    [
        ("EUR/MWh", [92.02, -5], [0.09202, -0.005]),
        ("ct/kWh", [25, 12.5], [0.25, 0.125]),
        ("EUR/kWh", [0.25, 0.125], [0.25, 0.125]),
    ],
)
def test_prices_are_converted(unit, values, expected):
    assert parse({"data": hours(*values)}, unit=unit).price_per_kwh == pytest.approx(expected)


def test_refusals_have_names():
    rows = {"data": hours(0.1)}
    assert key_of(rows, unit=None) == "price_unit_missing"
    assert key_of(rows, unit="SEK/kWh") == "price_unit_currency"
    assert key_of(rows | {"currency": "SEK"}, unit="kr/kWh", currency="NOK") == "price_unit_currency"
    assert (
        key_of({"data": hours(0.1, keys=("start", "end", "per_kwh"))}, unit="EUR/MWh")
        == "price_unit_contradiction"
    )
    assert key_of({}) == "price_rows_missing"
    assert key_of({"data": "soon", "friendly_name": "Price"}) == "price_rows_missing"
    assert key_of({"data": hours("unknown", None, float("nan"))}) == "price_rows_unusable"


def test_megawatt_hours_under_a_kilowatt_hours_name_are_refused():
    """An integration that says EUR/kWh and means EUR/MWh: nobody pays 92 euros."""
    assert key_of({"data": hours(92.0, 80, 85)}) == "price_implausible"
    assert parse({"data": hours(92.0)}, unit="HUF/kWh", currency="HUF").price_per_kwh.tolist() == [92.0]


def test_one_spike_is_not_a_mistake():
    """Scarcity prices exist; the median decides."""
    assert parse({"data": hours(0.3, 20.3, 0.4)}, unit="$/kWh", currency="AUD").price_per_kwh.max() == 20.3


# Rows


def test_unusable_rows_are_dropped_and_counted():
    rows = hours(0.1, None, float("nan"), "unavailable", True, float("inf"), 10**400, 0.2)
    rows += ["text", None, {"start": "soon", "value": 1}, {"value": 1}]
    rows.append({"start": "2025-06-02T20:00:00+02:00", "end": "2025-06-02T19:00:00+02:00", "value": 1})
    prices = parse({"data": rows})
    assert prices.price_per_kwh.tolist() == [0.1, 0.2]
    assert prices.dropped == 11


def test_order_does_not_matter_and_of_two_alike_the_later_counts():
    rows = hours(0.1, 0.2, 0.3)
    again = [*reversed(rows), {**rows[1], "value": 0.5}]
    assert parse({"data": again}).price_per_kwh.tolist() == [0.1, 0.5, 0.3]


def test_quarters_count_before_the_hour_that_holds_them():
    hour = hours(0.4, 0.8)
    quarter = {"start": "2025-06-02T00:15:00+02:00", "end": "2025-06-02T00:30:00+02:00", "value": 0.1}
    prices = parse({"data": [quarter, *hour]})
    assert prices.price_per_kwh.tolist() == [0.4, 0.1, 0.4, 0.8]
    assert (prices.ends_s - prices.starts_s).tolist() == [900, 900, 1800, 3600]


def test_a_gap_stays_a_gap_with_and_without_ends():
    rows = hours(*[0.1] * 6)
    del rows[2]
    starts_only = [{"start": row["start"], "value": row["value"]} for row in rows]
    start = at("2025-06-02T00:00:00+02:00")
    for version in (rows, starts_only):
        prices = parse({"data": version})
        assert ((prices.starts_s - start) / 3600).tolist() == [0, 1, 3, 4, 5]
        assert set(prices.ends_s - prices.starts_s) == {3600}


def test_a_missing_quarter_is_a_gap_too():
    begin = datetime(2025, 6, 2, tzinfo=UTC)
    rows = [{"start": begin + timedelta(minutes=15 * i), "value": 0.1} for i in range(8) if i != 3]
    prices = parse({"data": rows})
    assert set(prices.ends_s - prices.starts_s) == {900}
    assert len(prices.starts_s) == 7


def test_a_row_after_a_long_hole_does_not_stretch_the_one_before_it():
    begin = datetime(2025, 6, 2, tzinfo=UTC)
    rows = [{"start": begin + timedelta(minutes=m), "value": 0.1} for m in (0, 15, 30, 180)]
    prices = parse({"data": rows})
    assert set(prices.ends_s - prices.starts_s) == {900}


def test_one_row_alone_is_an_hour():
    assert points(parse({"data": [{"start": "1970-01-02T00:00Z", "value": 0.1}]})) == [(86400, 90000, 0.1)]


# Local times without a zone


@pytest.mark.parametrize(("minutes", "ends"), [(60, True), (60, False), (15, True), (15, False)])
@pytest.mark.parametrize(("day", "length_h"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-06-02", 24)])
def test_naive_local_times_make_whole_days(day, length_h, minutes, ends):
    """In autumn 02:00 comes twice and the second is the later one; in spring it does not come."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=VIENNA).timestamp()
    rows = []
    for i in range(length_h * 60 // minutes):
        begin, end = (
            datetime.fromtimestamp(midnight + 60 * minutes * n, VIENNA).replace(tzinfo=None, fold=0)
            for n in (i, i + 1)
        )
        rows.append(
            {"start": begin.isoformat(), "value": i / 100} | ({"end": end.isoformat()} if ends else {})
        )
    prices = parse({"data": rows})
    assert prices.dropped == 0
    assert prices.starts_s == pytest.approx(midnight + 60 * minutes * np.arange(len(rows)))
    assert prices.ends_s == pytest.approx(prices.starts_s + 60 * minutes)
    assert prices.price_per_kwh == pytest.approx(np.arange(len(rows)) / 100)


def test_an_hour_that_the_clock_skips_is_dropped():
    rows = [{"start": f"2025-03-30T{hour:02d}:00:00", "value": hour} for hour in range(24)]
    prices = parse({"data": rows}, unit="ct/kWh")
    assert prices.dropped == 1
    assert len(prices.starts_s) == 23
    assert np.all(np.diff(prices.starts_s) == 3600)


@given(
    rows=st.lists(
        st.one_of(
            st.none(),
            st.text(max_size=5),
            st.dictionaries(
                st.sampled_from(["start", "end", "value", "price", "time", "date", "unit", "total"]),
                st.one_of(
                    st.none(),
                    st.booleans(),
                    st.integers(),
                    st.floats(),
                    st.text(max_size=4),
                    st.datetimes().map(datetime.isoformat),
                    st.datetimes(),
                    st.lists(st.integers(), max_size=1),
                ),
            ),
        ),
        max_size=8,
    ),
    unit=st.sampled_from([None, "EUR/kWh", "ct/kWh", "SEK/kWh", "kWh"]),
)
@settings(deadline=None, max_examples=150)
def test_nonsense_gives_prices_in_order_or_one_of_our_errors(rows, unit):
    try:
        prices = parse({"data": rows}, unit=unit)
    except PriceSeriesError:
        return
    assert np.all(np.isfinite(prices.price_per_kwh))
    assert np.all(prices.ends_s > prices.starts_s)
    assert np.all(prices.starts_s[1:] >= prices.ends_s[:-1])


def test_what_comes_out_goes_into_the_tariff():
    """From an entity's attributes to the planner's prices, by hand: 0.10 known, the rest estimated."""
    parsed = parse({"raw_today": hours(100.0)}, unit="EUR/MWh")
    published = PublishedPrices(
        starts_s=parsed.starts_s, ends_s=parsed.ends_s, price_per_kwh=parsed.price_per_kwh
    )
    prices = SeriesTariff(zone=VIENNA, day_ahead=published).prices(even_steps(parsed.starts_s[0], 2, 60))
    assert prices.import_price_per_kwh.tolist() == [0.1, 0.1]
    assert prices.known.tolist() == [True, False]
