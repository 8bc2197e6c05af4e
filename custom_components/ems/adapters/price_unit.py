"""What a price's unit means: converted to currency/kWh or refused, never passed through.

92 EUR/MWh taken for EUR/kWh is a thousandfold, and a planner would believe it.
"""

from collections.abc import Mapping
import re


class PriceSeriesError(ValueError):
    """Prices that cannot be used; `key` names the message, `placeholders` fill it."""

    def __init__(self, key: str, **placeholders: str | float) -> None:
        """Keep the reason as data."""
        super().__init__(f"{key}: {placeholders}" if placeholders else key)
        self.key = key
        self.placeholders: Mapping[str, str | float] = placeholders


KWH_PER = {"wh": 0.001, "kwh": 1.0, "mwh": 1000.0, "gwh": 1_000_000.0}
CENTS = frozenset({"EUR", "USD", "AUD", "NZD", "CAD", "SGD", "HKD", "ZAR"})
DOLLARS = frozenset({"USD", "AUD", "NZD", "CAD", "SGD", "HKD", "MXN", "TWD"})
CROWNS = frozenset({"SEK", "NOK", "DKK", "ISK"})
# What people and integrations write instead of ISO 4217, lower case. A sign may stand for several currencies.
WHOLE: dict[str, frozenset[str]] = {
    **dict.fromkeys(("€", "euro", "euros"), frozenset({"EUR"})),
    **dict.fromkeys(("$", "dollar", "dollars"), DOLLARS),
    "us$": frozenset({"USD"}),
    "a$": frozenset({"AUD"}),
    "nz$": frozenset({"NZD"}),
    "£": frozenset({"GBP"}),
    **dict.fromkeys(("kr", "kr.", "kronor", "kroner"), CROWNS),
    **dict.fromkeys(("zł", "zl"), frozenset({"PLN"})),
    **dict.fromkeys(("kč", "kc"), frozenset({"CZK"})),
    "ft": frozenset({"HUF"}),
    **dict.fromkeys(("fr", "fr.", "sfr"), frozenset({"CHF"})),
    "lei": frozenset({"RON"}),
    **dict.fromkeys(("лв", "lv"), frozenset({"BGN"})),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₺": frozenset({"TRY"}),
    "₴": frozenset({"UAH"}),
}
HUNDREDTH: dict[str, frozenset[str]] = {
    **dict.fromkeys(("c", "ct", "cts", "cent", "cents", "¢"), CENTS),
    **dict.fromkeys(("eurocent", "eurocents"), frozenset({"EUR"})),
    **dict.fromkeys(("öre", "øre", "ore"), frozenset({"SEK", "NOK", "DKK"})),
    **dict.fromkeys(("p", "pence", "penny"), frozenset({"GBP"})),
    **dict.fromkeys(("gr", "grosz", "groszy"), frozenset({"PLN"})),
    **dict.fromkeys(("rp", "rp.", "rappen"), frozenset({"CHF"})),
    "bani": frozenset({"RON"}),
    "paise": frozenset({"INR"}),
}


def price_factor(unit: str | None, currency: str) -> float:
    """Return by what a price in `unit` is multiplied to become one in `currency` per kWh.

    Raises `PriceSeriesError`: "price_unit_missing", "price_unit_unknown" or "price_unit_currency".
    """
    if unit is None or not unit.strip():
        raise PriceSeriesError("price_unit_missing", example=f"{currency}/kWh")
    money, energy = _split(unit)
    if energy not in KWH_PER or not money:
        raise PriceSeriesError("price_unit_unknown", unit=unit, example=f"{currency}/kWh")
    meaning = _money(money)
    if meaning is None:
        raise PriceSeriesError("price_unit_unknown", unit=unit, example=f"{currency}/kWh")
    currencies, worth = meaning
    if currency not in currencies:
        raise PriceSeriesError("price_unit_currency", unit=unit, currency=currency)
    return worth / KWH_PER[energy]


def energy_of(unit: str) -> str:
    """Return the energy that a unit's price is for, in lower case."""
    return _split(unit)[1]


def _split(unit: str) -> tuple[str, str]:
    text = re.sub(r"\s+(per|pr\.?)\s+", "/", unit.strip().casefold())
    money, _, energy = text.replace(" ", "").rpartition("/")
    return money, energy


def _money(text: str) -> tuple[frozenset[str], float] | None:
    """Return the currencies that a word can mean, and its worth in them."""
    if text in HUNDREDTH:
        return HUNDREDTH[text], 0.01
    if text in WHOLE:
        return WHOLE[text], 1.0
    if re.fullmatch(r"[a-z]{3}", text):
        return frozenset({text.upper()}), 1.0
    return _cents_of(text)


def _cents_of(text: str) -> tuple[frozenset[str], float] | None:
    """Read words made of two, such as "€ct", "EUR cent" or "ct€"."""
    for word, meant in HUNDREDTH.items():
        for rest in (text.removeprefix(word), text.removesuffix(word)):
            named = WHOLE.get(rest, frozenset({rest.upper()} if re.fullmatch(r"[a-z]{3}", rest) else ()))
            if rest != text and named & meant:
                return named & meant, 0.01
    return None
