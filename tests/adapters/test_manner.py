"""Numbers and instants as a language writes them."""

from datetime import UTC, datetime

import pytest

from custom_components.ems.adapters.manner import MANNERS
from tests.support.tree import COMPONENT

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)  # a Monday


def test_every_language_of_the_translations_has_its_manner() -> None:
    """German words with English numbers in them would be neither."""
    assert {path.stem for path in (COMPONENT / "translations").glob("*.json")} == set(MANNERS)


@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0.25, "0.25", "0,25"),
        (0.1, "0.1", "0,1"),
        (-0.0305, "-0.03", "-0,03"),
        (1234.5678, "1234.568", "1234,568"),
        (20, "20", "20"),
        (0, "0", "0"),
        (-0.0001, "0", "0"),  # no "-0"
    ],
)
def test_numbers_have_the_decimal_sign_of_the_language(value: float, english: str, german: str) -> None:
    """At most three decimals, and none that says nothing."""
    assert MANNERS["en"].number(value) == english
    assert MANNERS["de"].number(value) == german


@pytest.mark.parametrize(
    ("local", "english", "german"),
    [
        (datetime(2026, 6, 15, 19, 0, tzinfo=UTC), "19:00", "um 19:00"),
        (datetime(2026, 6, 16, 2, 30, tzinfo=UTC), "Tue 02:30", "am Di um 02:30"),
        (datetime(2026, 6, 21, 0, 0, tzinfo=UTC), "Sun 00:00", "am So um 00:00"),
    ],
)
def test_another_day_is_named(local: datetime, english: str, german: str) -> None:
    """Today goes without saying."""
    assert MANNERS["en"].instant(local, NOW) == english
    assert MANNERS["de"].instant(local, NOW) == german


def test_dates_are_written_in_the_order_of_the_language() -> None:
    """The preview of a tariff shows them in full."""
    assert MANNERS["en"].date_and_time(NOW) == "2026-06-15 12:00"
    assert MANNERS["de"].date_and_time(NOW) == "15.06.2026 12:00"


@pytest.mark.parametrize("language", MANNERS)
def test_a_week_has_seven_different_days(language: str) -> None:
    """A day too few would be a wrong day, silently."""
    assert len(set(MANNERS[language].weekdays)) == 7
