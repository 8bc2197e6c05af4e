"""One way from rows to a series: the finer counts, what crosses is refused."""

import pytest

from custom_components.ems.sources.errors import SourceResponseError
from custom_components.ems.sources.market import Row, series_of


def test_a_quarter_counts_before_the_hour_that_holds_it():
    prices = series_of([Row(0, 3600, 40), Row(900, 1800, 10), Row(3600, 7200, 80)], "EUR")
    assert prices.starts_s == (0, 900, 1800, 3600)
    assert prices.ends_s == (900, 1800, 3600, 7200)
    assert prices.price_per_kwh == pytest.approx((0.04, 0.01, 0.04, 0.08))


def test_order_does_not_matter_and_of_two_alike_the_later_counts():
    prices = series_of([Row(3600, 7200, 2), Row(0, 3600, 1), Row(0, 3600, 3)], "EUR")
    assert prices.price_per_kwh == (0.003, 0.002)


def test_a_gap_stays_a_gap():
    prices = series_of([Row(0, 3600, 1), Row(7200, 10800, 2)], "EUR")
    assert prices.starts_s == (0, 7200)
    assert prices.ends_s == (3600, 10800)


def test_rows_that_cross_are_refused():
    """One of them is wrong, and nobody can say which."""
    with pytest.raises(SourceResponseError, match="overlap"):
        series_of([Row(0, 3600, 1), Row(1800, 5400, 2)], "EUR")


def test_no_rows_are_an_empty_series():
    assert series_of([], "EUR").starts_s == ()
