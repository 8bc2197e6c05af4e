"""Units of price: converted or refused."""

import pytest

from custom_components.ems.adapters.price_unit import PriceSeriesError, price_factor


@pytest.mark.parametrize(
    ("unit", "currency", "factor"),
    [
        ("EUR/kWh", "EUR", 1),
        ("€/kWh", "EUR", 1),
        ("Eur/MWh", "EUR", 0.001),
        ("EUR / MWh", "EUR", 0.001),  # energy-charts
        ("€/MWh", "EUR", 0.001),
        ("EUR/Wh", "EUR", 1000),
        ("ct/kWh", "EUR", 0.01),
        ("Cent/kWh", "EUR", 0.01),
        ("Cents/kWh", "EUR", 0.01),
        ("c/kWh", "AUD", 0.01),
        ("¢/kWh", "USD", 0.01),
        ("€ct/kWh", "EUR", 0.01),
        ("ct€/kWh", "EUR", 0.01),
        ("EUR ct/kWh", "EUR", 0.01),
        ("Eurocent per kWh", "EUR", 0.01),
        ("öre/kWh", "SEK", 0.01),
        ("Øre/kWh", "NOK", 0.01),
        ("øre pr. kWh", "DKK", 0.01),
        ("kr/kWh", "DKK", 1),
        ("SEK/kWh", "SEK", 1),
        ("NOK/MWh", "NOK", 0.001),
        ("p/kWh", "GBP", 0.01),
        ("GBP/kWh", "GBP", 1),
        ("£/MWh", "GBP", 0.001),
        ("$/kWh", "AUD", 1),
        ("$/kWh", "USD", 1),
        ("Rp./kWh", "CHF", 0.01),
        ("CHF/kWh", "CHF", 1),
        ("gr/kWh", "PLN", 0.01),
        ("zł/kWh", "PLN", 1),
        ("Kč/kWh", "CZK", 1),
        ("Ft/kWh", "HUF", 1),
    ],
)
def test_units_are_converted(unit, currency, factor):
    assert price_factor(unit, currency) == pytest.approx(factor)


@pytest.mark.parametrize("unit", [None, "", "  "])
def test_a_missing_unit_is_refused_with_the_remedy(unit):
    with pytest.raises(PriceSeriesError) as caught:
        price_factor(unit, "EUR")
    assert caught.value.key == "price_unit_missing"
    assert caught.value.placeholders == {"example": "EUR/kWh"}


@pytest.mark.parametrize(
    "unit", ["W", "kWh", "EUR", "EUR/", "/kWh", "EUR/m³", "EUR/kW", "%", "points/kWh", "EUR/kWh incl. VAT"]
)
def test_what_is_no_price_per_energy_is_refused(unit):
    with pytest.raises(PriceSeriesError) as caught:
        price_factor(unit, "EUR")
    assert caught.value.key == "price_unit_unknown"


@pytest.mark.parametrize(
    ("unit", "currency"),
    [
        ("EUR/kWh", "SEK"),
        ("p/kWh", "EUR"),  # pence are nobody's cents
        ("öre/kWh", "EUR"),
        ("ct/kWh", "SEK"),
        ("kr/kWh", "EUR"),
        ("$/kWh", "EUR"),
        ("€ct/kWh", "USD"),
        ("XYZ/kWh", "EUR"),
    ],
)
def test_another_currency_is_refused(unit, currency):
    """Exchange rates are none of our business; a wrong site currency is a mistake of set-up."""
    with pytest.raises(PriceSeriesError) as caught:
        price_factor(unit, currency)
    assert caught.value.key == "price_unit_currency"
    assert caught.value.placeholders["currency"] == currency
