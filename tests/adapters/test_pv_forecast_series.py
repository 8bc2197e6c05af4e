"""Production as others foretell it: every shape, its units, its stamps, its band, and nonsense."""

from datetime import UTC, datetime, timedelta
import json
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import numpy as np
import pytest

from custom_components.ems.adapters.pv_forecast_series import (
    PowerForecast,
    PvForecastError,
    parse_power_forecast,
)
from custom_components.ems.adapters.pv_given import laid_over
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.site import PvArray
from custom_components.ems.engine.steps import even_steps
from tests.adapters.test_price_series import sample

PARIS = ZoneInfo("Europe/Paris")
ROOF = PvArray(id="roof", name="Roof", peak_kw=5)
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC).timestamp()


def parse(*said, unit=None, zone=PARIS):
    return parse_power_forecast(said, unit=unit, zone=zone)


def key_of(*said, **options):
    with pytest.raises(PvForecastError) as caught:
        parse(*said, **options)
    return caught.value.key


def energy_kwh(forecast, column="mean_kw"):
    return float(getattr(forecast, column) @ forecast.hours)


# Real answers


@pytest.mark.parametrize(
    ("name", "kwh"),
    [
        ("forecast_solar_estimate.json", 6.660 + 5.338),
        ("forecast_solar_estimate_default_time.json", 10.234 + 20.957),
        ("forecast_solar_estimate_personal.json", 5.788 + 7.507 + 7.256 + 5.657),
    ],
)
def test_forecast_solar_adds_up_to_its_own_days(name, kwh):
    assert energy_kwh(parse(sample(name))) == pytest.approx(kwh)


def test_forecast_solar_energies_end_at_their_stamp():
    """89 Wh by seven o'clock, from sunrise at 06:20 on: 134 W, and not 89 W from seven to eight."""
    found = parse(sample("forecast_solar_estimate.json"))
    assert found.starts_s[0] == datetime.fromisoformat("2024-04-26T06:20:17+02:00").timestamp()
    assert found.mean_kw[0] == pytest.approx(0.089 / found.hours[0])
    assert found.hours[0] == pytest.approx(0.662, abs=0.001)


def test_forecast_solars_rate_limit_is_said_by_name():
    with pytest.raises(PvForecastError) as caught:
        parse(sample("forecast_solar_ratelimit.json"))
    assert caught.value.key == "pv_forecast_rate_limited"
    assert caught.value.placeholders == {"later": "2024-04-27T02:48:53+02:00"}


def test_solcasts_entities_of_three_days_add_up_to_their_states():
    states = sample("ha_state_solcast.json")
    found = parse(*(state["attributes"] for state in states))
    assert energy_kwh(found) == pytest.approx(sum(float(state["state"]) for state in states), abs=1e-3)
    assert set(found.hours) == {0.5}
    assert len(found.starts_s) == 144
    assert np.all(found.p10_kw <= found.p90_kw)
    low = sum(state["attributes"]["estimate10"] for state in states)
    assert energy_kwh(found, "p10_kw") == pytest.approx(low, abs=1e-3)


@pytest.mark.parametrize("name", ["solcast_rooftop_forecasts.json", "solcast_multiday.json"])
def test_solcasts_own_rows_are_stamped_with_their_end(name):
    body = sample(name)
    found = parse(body)
    ends = found.starts_s + 1800
    assert ends[0] == datetime.fromisoformat(body["forecasts"][0]["period_end"]).timestamp()
    assert found.mean_kw.tolist() == [row["pv_estimate"] for row in body["forecasts"]][: len(found.mean_kw)]


def test_open_meteo_solar_forecasts_quarters_make_its_own_hours():
    """What holds from the stamp on gives its `wh_period`; what ends at the stamp would not."""
    for state in sample("ha_state_open_meteo_solar_forecast.json"):
        attributes = state["attributes"]
        found = parse({"watts": attributes["watts"]})
        hourly = found.mean_kw.reshape(24, 4).mean(axis=1) * 1000
        theirs = np.array(list(attributes["wh_period"].values()), dtype=float)
        n = len(theirs)
        assert np.mean(np.abs(hourly[:n] - theirs)) < 0.04 * theirs.max()
        shifted = np.roll(found.mean_kw, -1).reshape(24, 4).mean(axis=1) * 1000
        assert np.mean(np.abs(hourly[:n] - theirs)) < 0.5 * np.mean(np.abs(shifted[:n] - theirs))


def test_akkudoktors_planes_add_up():
    body = sample("akkudoktor_pvforecast.json")
    found = parse(body)
    watts = sum(row["power"] for plane in body["values"] for row in plane)
    assert energy_kwh(found) == pytest.approx(watts / 1000)
    twice = parse({"values": body["values"] * 2})
    assert energy_kwh(twice) == pytest.approx(2 * watts / 1000)


@pytest.mark.parametrize("name", ["solcast", "open_meteo", "emhass"])
def test_other_peoples_shapes_are_read_or_refused_by_name(name):
    for case in (case for cases in sample(f"ha_attr_shapes_{name}.json").values() for case in cases):
        attributes = case["attributes"]
        try:
            found = parse(attributes, unit=attributes.get("unit_of_measurement"))
        except PvForecastError as err:
            is_power_of_sun = "pv" in case["entity_id"] or case.get("expected_unit") is None
            assert err.key == "pv_forecast_rows_missing"  # noqa: PT017 - either outcome is right
            assert is_power_of_sun or case["expected_format"] == "emhass", case["description"]
        else:
            said = json.dumps(attributes)
            assert all(f"{kw:g}" in said or f"{1000 * kw:g}" in said for kw in found.mean_kw)


# By hand


def stamp(minutes: int) -> str:
    return (datetime(2026, 6, 15, 10, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(
    ("said", "unit"),
    [
        ({"watts": {stamp(0): 1000, stamp(60): 2000}}, None),
        ({"wh_period": {stamp(0): 1000, stamp(60): 2000}}, None),
        ({"wh_hours": {stamp(0): 1000, stamp(60): 2000}}, None),
        ({"result": {"watt_hours_period": {stamp(0): 5, stamp(60): 1000, stamp(120): 2000}}}, None),
        ({"forecast": [{"start": stamp(0), "mean_kw": 1}, {"start": stamp(60), "mean_kw": 2}]}, None),
        (
            {"detailedForecast": [{"period_start": stamp(60 * i), "pv_estimate": i + 1} for i in range(2)]},
            "kWh",
        ),
        ({"forecasts": [{"date": stamp(60 * i), "p_pv_forecast": f"{i + 1}000.0"} for i in range(2)]}, "W"),
        (
            {
                "forecasts": [
                    {"period_end": stamp(60 * i), "period": "PT1H", "pv_estimate": i} for i in (1, 2)
                ]
            },
            None,
        ),
        ({"values": [[{"datetime": stamp(60 * i), "power": 1000 * (i + 1)} for i in range(2)]]}, None),
        ({"watts": {datetime.fromisoformat(stamp(60 * i)): 1000 * (i + 1) for i in range(2)}}, None),
    ],
)
def test_every_shape_says_one_and_two_kilowatts(said, unit):
    found = parse(said, unit=unit)
    assert found.starts_s.tolist() == [NOON, NOON + 3600]
    assert found.hours.tolist() == [1, 1]
    assert found.mean_kw.tolist() == [1, 2]


def test_local_stamps_are_read_in_local_time():
    assert parse({"watts": {"2026-06-15 12:00:00": 500}}).starts_s.tolist() == [NOON]


def test_a_hole_stays_a_hole():
    found = parse({"watts": {stamp(0): 1, stamp(60): 1, stamp(300): 1}})
    assert found.hours.tolist() == [1, 1, 1]


def test_a_band_counts_only_where_every_row_has_one():
    rows = [{"start": stamp(60 * i), "mean_kw": 2, "p10_kw": 1, "p90_kw": 3} for i in range(2)]
    assert parse({"forecast": rows}).p10_kw.tolist() == [1, 1]
    del rows[0]["p10_kw"]
    assert parse({"forecast": rows}).p10_kw is None


def test_nothing_is_below_zero():
    assert parse({"watts": {stamp(0): -40, stamp(60): 10}}).mean_kw.tolist() == [0, 0.01]


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"watts": "soon"},
        {"watts": {"soon": 1}},
        {"watts": {stamp(0): "much"}},
        {"watts": {stamp(0): True}},
        {"watts": {stamp(0): float("nan")}},
        {"watts": {stamp(0): 1e300}},
        {"forecast": [{"start": stamp(60), "end": stamp(0), "mean_kw": 1}]},
        {"forecasts": [{"period_end": stamp(0), "pv_estimate": 1}]},
        {"forecasts": [{"period_end": stamp(0), "period": "P1D", "pv_estimate": 1}]},
        {"forecast": ["row"]},
        {"values": [[{"datetime": stamp(0)}], "plane"]},
        {"result": "Rate limit"},
    ],
)
def test_nonsense_is_refused_by_name(said):
    assert key_of(said) == "pv_forecast_rows_missing"


@given(
    st.dictionaries(
        st.sampled_from(["watts", "forecast", "forecasts", "values", "result", "message", "wh_hours"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [stamp(0), stamp(7), "start", "end", "mean_kw", "code", "period", "power"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_any_nonsense_gives_a_series_in_order_or_our_error(said):
    try:
        found = parse(said, unit="W")
    except PvForecastError:
        return
    assert np.all(np.diff(found.starts_s) > 0)
    assert np.all(found.hours > 0)
    assert np.all(np.isfinite(found.mean_kw) & (found.mean_kw >= 0))


# Laid over our own


def own(mean=2.0, hours=4):
    n = np.full(hours, mean)
    return Forecast(
        issued_at_s=NOON,
        steps=even_steps(NOON, hours, 60),
        mean=n,
        p10=n / 2,
        p50=n,
        p90=1.5 * n,
        basis="irradiance",
    )


def said(*kw, low=None, high=None, begin=0):
    return PowerForecast(
        starts_s=NOON + 3600 * (begin + np.arange(len(kw))),
        hours=np.ones(len(kw)),
        mean_kw=np.array(kw, dtype=float),
        p10_kw=low,
        p90_kw=high,
    )


def test_what_is_given_counts_and_the_rest_is_our_own():
    found = laid_over(own(), said(1.0, 3.0, begin=1), ROOF)
    assert found.mean.tolist() == [2, 1, 3, 2]
    assert found.basis == "given"


def test_our_band_moves_along_where_none_is_given():
    found = laid_over(own(), said(1.0, 3.0, 0.0, 2.0), ROOF)
    assert found.p10 == pytest.approx([0.5, 1.5, 0, 1])
    assert found.p90 == pytest.approx([1.5, 4.5, 0, 3])
    assert found.p50 == pytest.approx([1, 3, 0, 2])


def test_a_given_band_is_taken_and_kept_around_the_mean():
    given_band = said(2.0, 2.0, low=np.array([1.0, 3.0]), high=np.array([4.0, 1.0]))
    found = laid_over(own(), given_band, ROOF)
    assert found.p10[:2].tolist() == [1, 2]
    assert found.p90[:2].tolist() == [4, 2]


def test_nothing_passes_the_nameplate():
    found = laid_over(own(), said(9.0, low=np.array([8.0]), high=np.array([10.0])), ROOF)
    assert (found.mean[0], found.p10[0], found.p90[0]) == (5, 5, 5)


def test_a_given_series_that_is_over_changes_nothing():
    ours = own()
    found = laid_over(ours, said(9.0, begin=-5), ROOF)
    assert found.basis == "irradiance"
    assert np.array_equal(found.mean, ours.mean)
    assert np.array_equal(found.p90, ours.p90)
