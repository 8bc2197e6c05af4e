"""Tariffs: worked by hand, across clock changes, and with tomorrow missing."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps
from custom_components.ems.engine.tariff import (
    FixedTariff,
    PriceFormula,
    PriceWindow,
    PublishedPrices,
    SeriesTariff,
    TariffError,
    TimeOfUseTariff,
)

VIENNA = ZoneInfo("Europe/Vienna")
WORKDAYS = frozenset(range(5))


def at(text: str, zone=VIENNA) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def hourly(start: str, prices) -> PublishedPrices:
    starts = at(start) + 3600 * np.arange(len(prices))
    return PublishedPrices(starts_s=starts, ends_s=starts + 3600, price_per_kwh=np.array(prices, dtype=float))


def test_a_fixed_tariff_is_always_known():
    series = FixedTariff(import_price_per_kwh=0.3, export=0.08).prices(even_steps(0, 48, 15))
    assert np.all(series.import_price_per_kwh == 0.3)
    assert np.all(series.export_price_per_kwh == 0.08)
    assert series.known.all()
    assert len(series.known) == 192


@pytest.mark.parametrize("price", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_price(price):
    with pytest.raises(TariffError, match="price_not_a_number"):
        FixedTariff(import_price_per_kwh=price)
    with pytest.raises(TariffError, match="price_not_a_number"):
        SeriesTariff(zone=UTC, day_ahead=hourly("2025-06-01", [0.1]), export=price)


@pytest.mark.parametrize(
    ("when", "price"),
    [
        ("2025-06-06T21:59", 0.30),  # Friday, before the window
        ("2025-06-06T22:00", 0.20),  # the window's first minute
        ("2025-06-07T05:59", 0.20),  # Saturday morning belongs to Friday's night
        ("2025-06-07T06:00", 0.30),
        ("2025-06-07T23:00", 0.30),  # no night rate from Saturday to Sunday
        ("2025-06-08T03:00", 0.30),
        ("2025-06-09T03:00", 0.30),  # Monday's small hours belong to Sunday
        ("2025-06-09T22:30", 0.20),
    ],
)
def test_a_window_across_midnight_belongs_to_the_day_it_starts_on(when, price):
    night = PriceWindow(start=time(22), end=time(6), price_per_kwh=0.2, weekdays=WORKDAYS)
    tariff = TimeOfUseTariff(zone=VIENNA, base_price_per_kwh=0.3, windows=(night,))
    series = tariff.prices(Steps(edges_s=at(when) + np.array([0.0, 60])))
    assert series.import_price_per_kwh == pytest.approx([price])


@pytest.mark.parametrize(("day", "night_hours", "hours"), [("2025-03-30", 5, 23), ("2025-10-26", 7, 25)])
def test_the_clock_change_shortens_and_lengthens_the_night_rate(day, night_hours, hours):
    """00:00 to 06:00 holds five hours in spring and seven in autumn."""
    night = PriceWindow(start=time(0), end=time(6), price_per_kwh=0.0)
    tariff = TimeOfUseTariff(zone=VIENNA, base_price_per_kwh=1.0, windows=(night,))
    prices = tariff.prices(even_steps(at(day), hours, 15)).import_price_per_kwh
    assert np.sum(prices == 0) == night_hours * 4
    assert np.sum(prices == 1) == (hours - night_hours) * 4


def test_a_step_across_a_border_takes_the_mean():
    """16:40 of the hour is dear: 20 minutes at 0.2 and 40 at 0.5 make 0.4."""
    evening = PriceWindow(start=time(16, 20), end=time(20), price_per_kwh=0.5)
    tariff = TimeOfUseTariff(zone=VIENNA, base_price_per_kwh=0.2, windows=(evening,))
    assert tariff.prices(even_steps(at("2025-06-02T16:00"), 1, 60)).import_price_per_kwh == pytest.approx(
        [0.4]
    )


def test_the_first_window_wins_and_equal_times_mean_the_whole_day():
    sunday = PriceWindow(start=time(0), end=time(0), price_per_kwh=0.1, weekdays=frozenset({6}))
    peak = PriceWindow(start=time(17), end=time(20), price_per_kwh=0.5)
    tariff = TimeOfUseTariff(zone=VIENNA, base_price_per_kwh=0.3, windows=(sunday, peak))
    prices = tariff.prices(even_steps(at("2025-06-07"), 48, 60)).import_price_per_kwh
    assert prices[:24] == pytest.approx([0.3] * 17 + [0.5] * 3 + [0.3] * 4)
    assert prices[24:] == pytest.approx([0.1] * 24)


def test_a_window_without_days_is_refused():
    with pytest.raises(TariffError, match="window_weekdays"):
        PriceWindow(start=time(1), end=time(2), price_per_kwh=0.1, weekdays=frozenset())
    with pytest.raises(TariffError, match="window_weekdays"):
        PriceWindow(start=time(1), end=time(2), price_per_kwh=0.1, weekdays=frozenset({7}))


def test_a_formula_by_hand():
    """(0.10·1.03 + 0.015)·1.2 = 0.1416; negative prices keep their sign."""
    formula = PriceFormula(multiply=1.03, add_per_kwh=0.015, vat=0.2)
    assert formula.apply(np.array([0.1, -0.1])) == pytest.approx([0.1416, -0.1056])


def test_vat_in_percent_is_refused():
    with pytest.raises(TariffError, match="vat_out_of_range"):
        PriceFormula(vat=20)


def test_published_hours_reach_every_step_width():
    prices = np.arange(48) / 100
    tariff = SeriesTariff(zone=VIENNA, day_ahead=hourly("2025-06-02", prices))
    steps = tiered_steps(at("2025-06-02T00:03"))
    series = tariff.prices(steps)
    hour = ((steps.starts_s - at("2025-06-02")) // 3600).astype(int)
    assert series.known.all()
    assert series.import_price_per_kwh == pytest.approx(prices[hour])


def test_quarters_average_into_hourly_steps():
    starts = at("2025-06-02") + 900 * np.arange(8)
    quarters = PublishedPrices(starts_s=starts, ends_s=starts + 900, price_per_kwh=np.arange(8.0))
    series = SeriesTariff(zone=VIENNA, day_ahead=quarters).prices(even_steps(starts[0], 2, 60))
    assert series.import_price_per_kwh == pytest.approx([1.5, 5.5])


def test_tomorrow_is_estimated_from_the_same_hours_and_marked():
    """Before the auction only today is known: tomorrow repeats it, hour by hour of the clock."""
    today = np.linspace(0.1, 0.33, 24)
    tariff = SeriesTariff(zone=VIENNA, day_ahead=hourly("2025-06-02", today), export=0.05)
    series = tariff.prices(even_steps(at("2025-06-02"), 48, 60))
    assert series.known.tolist() == [True] * 24 + [False] * 24
    assert series.import_price_per_kwh[24:] == pytest.approx(today)


def test_estimates_stand_on_the_level_of_the_last_days():
    """Monday 0.10, Tuesday 0.30, by half each day further back: (0.5·0.1 + 0.3)/1.5, a tenth of the way to 0.2."""
    days = np.concatenate([np.full(24, 0.1), np.full(24, 0.3)])
    series = SeriesTariff(zone=VIENNA, day_ahead=hourly("2025-06-02", days)).prices(
        even_steps(at("2025-06-04"), 24, 60)
    )
    assert series.import_price_per_kwh == pytest.approx([0.9 * 0.35 / 1.5 + 0.1 * 0.2] * 24)
    assert not series.known.any()


@pytest.mark.parametrize(("tomorrow", "hours"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_estimates_follow_the_clock_over_the_change(tomorrow, hours):
    """At local 18:00 the estimate is yesterday's 18:00 although the days differ in length."""
    yesterday = date.fromisoformat(tomorrow) - timedelta(days=1)
    tariff = SeriesTariff(zone=VIENNA, day_ahead=hourly(yesterday.isoformat(), np.arange(24.0)))
    steps = even_steps(at(tomorrow), hours, 60)
    clock = [datetime.fromtimestamp(s, VIENNA).hour for s in steps.starts_s]
    assert tariff.prices(steps).import_price_per_kwh == pytest.approx(clock)


def test_a_gap_inside_a_day_is_estimated_too():
    whole = hourly("2025-06-02", np.arange(24.0))
    keep = np.arange(24) != 7
    holed = PublishedPrices(
        starts_s=whole.starts_s[keep], ends_s=whole.ends_s[keep], price_per_kwh=whole.price_per_kwh[keep]
    )
    series = SeriesTariff(zone=VIENNA, day_ahead=holed).prices(even_steps(at("2025-06-02"), 24, 60))
    assert np.flatnonzero(~series.known).tolist() == [7]
    assert series.import_price_per_kwh[7] == pytest.approx(np.arange(24)[keep].mean())


def test_nothing_known_is_an_error_with_a_name():
    """A plan on invented prices would be worse than the last plan."""
    empty = PublishedPrices(starts_s=np.array([]), ends_s=np.array([]), price_per_kwh=np.array([]))
    with pytest.raises(TariffError) as caught:
        SeriesTariff(zone=VIENNA, day_ahead=empty).prices(even_steps(0, 1, 60))
    assert caught.value.key == "no_prices_known"


def test_export_by_formula_follows_the_raw_price():
    tariff = SeriesTariff(
        zone=VIENNA,
        day_ahead=hourly("2025-06-02", [0.1, -0.05]),
        formula=PriceFormula(add_per_kwh=0.1, vat=0.2),
        export=PriceFormula(multiply=0.9, add_per_kwh=-0.01),
    )
    series = tariff.prices(even_steps(at("2025-06-02"), 2, 60))
    assert series.import_price_per_kwh == pytest.approx([0.24, 0.06])
    assert series.export_price_per_kwh == pytest.approx([0.08, -0.055])


def test_an_unpublished_export_series_makes_the_step_estimated():
    tariff = FixedTariff(import_price_per_kwh=0.3, export=hourly("2025-06-02", [0.1]), zone=VIENNA)
    series = tariff.prices(even_steps(at("2025-06-02"), 2, 60))
    assert series.known.tolist() == [True, False]
    assert series.export_price_per_kwh == pytest.approx([0.1, 0.1])


def test_known_means_both_prices_are_known():
    tariff = SeriesTariff(
        zone=VIENNA, day_ahead=hourly("2025-06-02", [0.1, 0.2]), export=hourly("2025-06-02", [0.05])
    )
    assert tariff.prices(even_steps(at("2025-06-02"), 2, 60)).known.tolist() == [True, False]


@pytest.mark.parametrize(
    ("starts", "ends", "prices", "key"),
    [
        ([0, 1800], [3600, 7200], [1, 2], "price_series_overlaps"),
        ([3600, 0], [7200, 3600], [1, 2], "price_series_overlaps"),
        ([0], [0], [1], "price_series_overlaps"),
        ([0], [3600, 7200], [1], "price_series_shape"),
        ([0], [3600], [float("nan")], "price_not_a_number"),
    ],
)
def test_what_is_not_a_series_is_refused(starts, ends, prices, key):
    with pytest.raises(TariffError) as caught:
        PublishedPrices(starts_s=np.array(starts), ends_s=np.array(ends), price_per_kwh=np.array(prices))
    assert caught.value.key == key


@given(
    prices=st.lists(st.floats(-0.5, 1.0), min_size=1, max_size=60),
    late_h=st.integers(0, 80),
    holes=st.sets(st.integers(0, 59)),
)
@settings(deadline=None, max_examples=40)
def test_prices_stay_within_what_was_published(prices, late_h, holes):
    """Means and estimates are averages: never below the cheapest, never above the dearest, never NaN."""
    keep = np.array([i not in holes for i in range(len(prices))])
    keep[0] = True
    whole = hourly("2025-10-25", prices)
    published = PublishedPrices(
        starts_s=whole.starts_s[keep], ends_s=whole.ends_s[keep], price_per_kwh=whole.price_per_kwh[keep]
    )
    series = SeriesTariff(zone=VIENNA, day_ahead=published).prices(
        tiered_steps(at("2025-10-25") + late_h * 3600)
    )
    seen = np.array(prices)[keep]
    assert np.all(series.import_price_per_kwh >= seen.min() - 1e-9)
    assert np.all(series.import_price_per_kwh <= seen.max() + 1e-9)


def test_published_prices_do_not_share_their_arrays():
    mine = np.array([0.1, 0.2])
    published = PublishedPrices(
        starts_s=np.array([0, 3600]), ends_s=np.array([3600, 7200]), price_per_kwh=mine
    )
    mine[0] = 9
    assert published.price_per_kwh[0] == 0.1
    with pytest.raises(ValueError, match="read-only"):
        published.price_per_kwh[0] = 1


def test_pieces_shorter_than_a_quarter_still_give_an_estimate():
    sliver = PublishedPrices(
        starts_s=np.array([60.0]), ends_s=np.array([360.0]), price_per_kwh=np.array([0.4])
    )
    assert SeriesTariff(zone=UTC, day_ahead=sliver).prices(even_steps(0, 1, 60)).import_price_per_kwh == [0.4]
