"""The steps that describe a tariff. A price that cannot be read as currency per kWh is refused here, not later."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TimeSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..adapters.manner import manner_of
from ..adapters.prices import PriceProblemError, read_price_entity
from ..const import (
    CONF_COUNTRY,
    CONF_ENTITY,
    CONF_EXPORT_DEDUCTION,
    CONF_EXPORT_KIND,
    CONF_EXPORT_PRICE,
    CONF_IMPORT_PRICE,
    CONF_MARKUP,
    CONF_VAT_PCT,
    CONF_WINDOWS,
    TARIFF_AWATTAR,
    TARIFF_ENTITY,
    TARIFF_FIXED,
    TARIFF_TIME_OF_USE,
)
from .fields import choice, entity, schema, whole

TARIFF_MENU = ["tariff_fixed", "tariff_time_of_use", "tariff_entity", "tariff_awattar"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EXPORT_FIXED, EXPORT_DAY_AHEAD, EXPORT_NONE = "fixed", "day_ahead", "none"


# Negative prices are real; 5 per kWh is beyond every European peak, and above it a unit was mixed up.
# Crowns and złoty are worth less, and may be ten times as many.
PRICE_MAX = 5.0
SMALL_CURRENCIES = {"SEK": 10, "NOK": 10, "DKK": 10, "CZK": 25, "PLN": 5, "HUF": 400, "JPY": 150}
PRICES = (CONF_IMPORT_PRICE, CONF_EXPORT_PRICE, CONF_MARKUP, CONF_EXPORT_DEDUCTION)


def price_field(unit: str) -> NumberSelector:
    """Return the box of a price, of either sign."""
    # Without limits of its own: the frontend would fill a required box with its lower limit.
    return NumberSelector(
        NumberSelectorConfig(mode=NumberSelectorMode.BOX, step="any", unit_of_measurement=unit)
    )


def is_implausible(price: float, currency: str) -> bool:
    """Return whether no kWh costs that much: then it is in another unit."""
    return abs(price) > PRICE_MAX * SMALL_CURRENCIES.get(currency, 1)


def price_errors(user_input: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Ask for the price that nobody can guess, and refuse what no kWh costs."""
    errors = {
        key: "price_implausible_here" for key in PRICES if is_implausible(user_input.get(key, 0), currency)
    }
    if CONF_IMPORT_PRICE in user_input or CONF_ENTITY in user_input or CONF_COUNTRY in user_input:
        return errors
    return {**errors, CONF_IMPORT_PRICE: "price_missing"}


def fixed_schema(unit: str) -> probatio.Schema:
    """Return the form of a fixed price."""
    return schema(
        {
            probatio.Optional(CONF_IMPORT_PRICE): price_field(unit),
            probatio.Required(CONF_EXPORT_PRICE, default=0): price_field(unit),
        }
    )


def time_of_use_schema(unit: str) -> probatio.Schema:
    """Return the form of prices by the clock: a base price and windows that differ from it."""
    window = {
        "start": {"selector": TimeSelector(), "required": True},
        "end": {"selector": TimeSelector(), "required": True},
        "price": {"selector": price_field(unit), "required": True},
        "weekdays": {
            "selector": SelectSelector(
                SelectSelectorConfig(options=WEEKDAYS, multiple=True, translation_key="weekday")
            )
        },
    }
    return schema(
        {
            probatio.Optional(CONF_IMPORT_PRICE): price_field(unit),
            probatio.Required(CONF_WINDOWS): ObjectSelector(
                ObjectSelectorConfig(
                    fields=window,  # type: ignore[typeddict-item]  # the stub wants a dict per field type
                    multiple=True,
                    label_field="start",
                    description_field="price",
                    translation_key="tariff_window",
                )
            ),
            probatio.Required(CONF_EXPORT_PRICE, default=0): price_field(unit),
        }
    )


def _formula_fields(unit: str) -> dict[Any, Any]:
    """Return the fields that make a wholesale price into what is paid and received."""
    return {
        probatio.Required(CONF_MARKUP, default=0): price_field(unit),
        probatio.Required(CONF_VAT_PCT, default=0): whole(0, 50, "%"),
        probatio.Required(CONF_EXPORT_KIND, default=EXPORT_FIXED): choice(
            [EXPORT_FIXED, EXPORT_DAY_AHEAD, EXPORT_NONE], "export_kind"
        ),
        probatio.Required(CONF_EXPORT_PRICE, default=0): price_field(unit),
        probatio.Required(CONF_EXPORT_DEDUCTION, default=0): price_field(unit),
    }


def entity_schema(unit: str) -> probatio.Schema:
    """Return the form of prices from an entity that Home Assistant has."""
    return schema({probatio.Required(CONF_ENTITY): entity("sensor"), **_formula_fields(unit)})


def awattar_schema(unit: str) -> probatio.Schema:
    """Return the form of aWATTar's day-ahead prices."""
    return schema(
        {
            probatio.Required(CONF_COUNTRY, default="at"): choice(["at", "de"], "awattar_country"),
            **_formula_fields(unit),
        }
    )


def tariff_data(kind: str, user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tariff as it is stored."""
    return {"kind": kind, **user_input}


def window_errors(user_input: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Refuse a table without windows, and a window whose price no kWh costs."""
    windows = user_input[CONF_WINDOWS]
    if not windows:
        return {CONF_WINDOWS: "windows_missing"}
    if any(is_implausible(window["price"], currency) for window in windows):
        return {CONF_WINDOWS: "price_implausible_here"}
    return {}


def entity_prices(
    hass: HomeAssistant, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Read the entity's prices. Return (errors, what to show)."""
    try:
        parsed = read_price_entity(hass, user_input[CONF_ENTITY])
    except PriceProblemError as err:
        return {CONF_ENTITY: err.key}, {name: str(value) for name, value in err.placeholders.items()}
    manner = manner_of(hass.config.language)
    first, last = (
        manner.date_and_time(dt_util.as_local(datetime.fromtimestamp(at, UTC)))
        for at in (parsed.starts_s[0], parsed.ends_s[-1])
    )
    return {}, {
        "count": str(len(parsed.starts_s)),
        "first": first,
        "last": last,
        "lowest": manner.decimal(f"{parsed.price_per_kwh.min():.4f}"),
        "highest": manner.decimal(f"{parsed.price_per_kwh.max():.4f}"),
        "currency": hass.config.currency,
    }


KINDS = {
    "tariff_fixed": (TARIFF_FIXED, fixed_schema),
    "tariff_time_of_use": (TARIFF_TIME_OF_USE, time_of_use_schema),
    "tariff_entity": (TARIFF_ENTITY, entity_schema),
    "tariff_awattar": (TARIFF_AWATTAR, awattar_schema),
}
