"""The steps that describe a tariff. A price that cannot be read as currency per kWh is refused here, not later."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from homeassistant.const import CONF_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
    TimeSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..adapters.manner import manner_of
from ..adapters.price_clients import EURO_ONLY, async_ask
from ..adapters.price_feed import FUTURE
from ..adapters.price_problem import PriceProblemError
from ..adapters.prices import async_read_entity
from ..const import (
    CONF_COUNTRY,
    CONF_ENTITY,
    CONF_EXPORT_DEDUCTION,
    CONF_EXPORT_KIND,
    CONF_EXPORT_PRICE,
    CONF_EXPORT_SHARE_PCT,
    CONF_EXPORT_VAT_PCT,
    CONF_IMPORT_PRICE,
    CONF_MARKUP,
    CONF_PRICE_UNIT,
    CONF_SHARE_PCT,
    CONF_VAT_PCT,
    CONF_WINDOWS,
    CONF_ZONE,
    TARIFF_AWATTAR,
    TARIFF_ENERGY_CHARTS,
    TARIFF_ENTITY,
    TARIFF_ENTSOE,
    TARIFF_FIXED,
    TARIFF_TIME_OF_USE,
)
from ..engine.steps import Floats
from ..sources import energy_charts, entsoe
from .fields import choice, entity, number, schema

TARIFF_MENU = [
    *("tariff_fixed", "tariff_time_of_use", "tariff_entity"),
    *("tariff_awattar", "tariff_energy_charts", "tariff_entsoe"),
]
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
    if any(key in user_input for key in (CONF_IMPORT_PRICE, CONF_ENTITY, CONF_COUNTRY, CONF_ZONE)):
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
        probatio.Required(CONF_SHARE_PCT, default=100): number(0, 200, 0.01, "%"),
        probatio.Required(CONF_MARKUP, default=0): price_field(unit),
        probatio.Required(CONF_VAT_PCT, default=0): number(0, 50, 0.01, "%"),
        probatio.Required(CONF_EXPORT_KIND, default=EXPORT_FIXED): choice(
            [EXPORT_FIXED, EXPORT_DAY_AHEAD, EXPORT_NONE], "export_kind"
        ),
        probatio.Required(CONF_EXPORT_PRICE, default=0): price_field(unit),
        probatio.Required(CONF_EXPORT_SHARE_PCT, default=100): number(0, 200, 0.01, "%"),
        probatio.Required(CONF_EXPORT_DEDUCTION, default=0): price_field(unit),
        probatio.Required(CONF_EXPORT_VAT_PCT, default=0): number(0, 50, 0.01, "%"),
    }


def entity_schema(unit: str) -> probatio.Schema:
    """Return the form of prices from an entity that Home Assistant has."""
    return schema(
        {
            # Octopus' rates are those of an event entity, which has no unit.
            probatio.Required(CONF_ENTITY): entity("sensor", "event"),
            probatio.Optional(CONF_PRICE_UNIT): TextSelector(),
            **_formula_fields(unit),
        }
    )


def awattar_schema(unit: str) -> probatio.Schema:
    """Return the form of aWATTar's day-ahead prices."""
    return schema(
        {
            probatio.Required(CONF_COUNTRY, default="at"): choice(["at", "de"], "awattar_country"),
            **_formula_fields(unit),
        }
    )


def _zone_field(zones: Iterable[str]) -> SelectSelector:
    """Return a drop-down of bidding zones, which are called the same in every language."""
    return SelectSelector(SelectSelectorConfig(options=list(zones), mode=SelectSelectorMode.DROPDOWN))


def energy_charts_schema(unit: str) -> probatio.Schema:
    """Return the form of Energy-Charts' day-ahead prices."""
    return schema({probatio.Required(CONF_ZONE): _zone_field(energy_charts.ZONES), **_formula_fields(unit)})


def entsoe_schema(unit: str) -> probatio.Schema:
    """Return the form of ENTSO-E's day-ahead prices."""
    return schema(
        {
            probatio.Required(CONF_ZONE): _zone_field(entsoe.ZONES),
            probatio.Required(CONF_TOKEN): TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD)),
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


async def async_entity_prices(
    hass: HomeAssistant, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Read the entity's prices. Return (errors, what to show)."""
    try:
        parsed = await async_read_entity(hass, user_input)
    except PriceProblemError as err:
        return {CONF_ENTITY: err.key}, {name: str(value) for name, value in err.placeholders.items()}
    return {}, _shown(hass, parsed.starts_s, parsed.ends_s, parsed.price_per_kwh)


def _shown(hass: HomeAssistant, starts_s: Floats, ends_s: Floats, price_per_kwh: Floats) -> dict[str, str]:
    """Return what the preview says about prices that were read."""
    manner = manner_of(hass.config.language)
    first, last = (
        manner.date_and_time(dt_util.as_local(datetime.fromtimestamp(at, UTC)))
        for at in (starts_s[0], ends_s[-1])
    )
    return {
        "count": str(len(starts_s)),
        "first": first,
        "last": last,
        "lowest": manner.decimal(f"{price_per_kwh.min():.4f}"),
        "highest": manner.decimal(f"{price_per_kwh.max():.4f}"),
        "currency": hass.config.currency,
    }


# Whose fault it is, and so where the message stands; anything else is nobody's field.
_FIELD_OF = {"prices_token_refused": CONF_TOKEN, "prices_other_zone": CONF_ZONE}


async def async_market_prices(
    hass: HomeAssistant, kind: str, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Ask the service for today, as it will be asked from now on. Return (errors, what to show)."""
    today_s = dt_util.start_of_local_day().timestamp()
    try:
        found = await async_ask(
            hass, tariff_data(kind, user_input), today_s, today_s + FUTURE.total_seconds()
        )
    except PriceProblemError as err:
        return {_FIELD_OF.get(err.key, "base"): err.key}, {
            name: str(value) for name, value in err.placeholders.items()
        }
    if len(found.starts_s) == 0:
        return {CONF_ZONE: "prices_empty"}, {}
    return {}, _shown(hass, found.starts_s, found.ends_s, found.price_per_kwh)


async def async_tariff_check(
    hass: HomeAssistant, step: str, user_input: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is wrong with a tariff, and what its messages or its preview need."""
    kind, currency = KINDS[step][0], hass.config.currency
    errors = price_errors(user_input, currency)
    if kind == TARIFF_TIME_OF_USE:
        errors |= window_errors(user_input, currency)
    if kind in EURO_ONLY and currency != "EUR":
        return {"base": "currency_not_eur"}, {"currency": currency}
    if kind == TARIFF_ENTITY:
        found, shown = await async_entity_prices(hass, user_input)
        return errors | found, shown
    if kind in (TARIFF_ENERGY_CHARTS, TARIFF_ENTSOE) and not errors:
        return await async_market_prices(hass, kind, user_input)
    return errors, {}


KINDS = {
    "tariff_fixed": (TARIFF_FIXED, fixed_schema),
    "tariff_time_of_use": (TARIFF_TIME_OF_USE, time_of_use_schema),
    "tariff_entity": (TARIFF_ENTITY, entity_schema),
    "tariff_awattar": (TARIFF_AWATTAR, awattar_schema),
    "tariff_energy_charts": (TARIFF_ENERGY_CHARTS, energy_charts_schema),
    "tariff_entsoe": (TARIFF_ENTSOE, entsoe_schema),
}
# What was read is shown before it is believed.
WITH_PREVIEW = ("tariff_entity", "tariff_energy_charts", "tariff_entsoe")
