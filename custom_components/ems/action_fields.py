"""What actions take: fields, ranges, choices."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID, ATTR_DEVICE_ID, ATTR_MODE
from homeassistant.helpers import config_validation as cv
import probatio

from .const import OPERATION_ACTIVE, OPERATION_ADVISORY
from .engine.site import Preference, Strategy

ATTR_OPERATION: Final = "operation"
ATTR_STRATEGY: Final = "strategy"
ATTR_PREFERENCE: Final = "preference"
ATTR_HORIZON: Final = "horizon"
ATTR_SERIES: Final = "series"
FORECAST_SERIES: Final = ("load", "pv", "net", "prices")
ATTR_BATTERY: Final = "battery"
BATTERY_SIZES: Final = ("battery_capacity_kwh", "battery_power_kw")
# Three days: weather is forecast for four, and a price estimated beyond tomorrow says less every day.
HORIZON_MAX_H: Final = 72
ATTR_POWER: Final = "power_w"
ATTR_CURRENT: Final = "current_a"
ATTR_DURATION: Final = "duration"
# The one mode that every device has: it does what the plan says.
MODE_PLAN: Final = "plan"
# Shorter than a minute is a test of the wiring; longer than a day is no exception any more.
OVERRIDE_SHORTEST: Final = timedelta(minutes=1)
OVERRIDE_LONGEST: Final = timedelta(hours=24)
# Wishes about a device that are numbers; number.py knows whose they are and their ranges.
WISH_KEYS: Final = ("soc_min_pct", "reserve_pct", "energy_needed_kwh", "target_soc_pct", "energy_kwh")
# As much as the connection's number entities take; a thousand households.
_LARGEST: Final = 5000
# Neither yen nor rupiah come near; a price above it is per MWh.
_DEAREST: Final = 100_000


def _number(low: float, high: float) -> probatio.All[float]:
    """Return a validator that also refuses NaN, which lies in no range."""
    return probatio.All(probatio.Coerce(float), probatio.Range(min=low, max=high))


def _mode(value: Any) -> str:
    """Return a mode's name. YAML reads a bare `on` as true."""
    return ("on" if value else "off") if isinstance(value, bool) else cv.string(value)


_SITE = {probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_LEANING = {
    probatio.Optional(ATTR_STRATEGY): probatio.All(
        probatio.In([each.value for each in Strategy]), probatio.Coerce(Strategy)
    ),
    probatio.Optional(ATTR_PREFERENCE): probatio.All(
        probatio.In([each.value for each in Preference]), probatio.Coerce(Preference)
    ),
    probatio.Optional(ATTR_HORIZON): _number(1, HORIZON_MAX_H),
}
_PRICE = _number(-_DEAREST, _DEAREST)
_PRICE_ROWS = probatio.All(
    [{probatio.Required("start"): cv.datetime, probatio.Required("price"): _PRICE}], probatio.Length(min=1)
)


def _price_course(value: Any) -> Any:
    """Return one price, or a list of them: each with its own complaint where it is wrong."""
    return probatio.Schema(_PRICE_ROWS if isinstance(value, list) else _PRICE)(value)


SITE_SCHEMA = probatio.Schema(_SITE)
FORECAST_SCHEMA = probatio.Schema({
    **_SITE,
    probatio.Optional(ATTR_SERIES): probatio.All(
        cv.ensure_list, [probatio.In(FORECAST_SERIES)], probatio.Length(min=1)
    ),
    probatio.Optional(ATTR_HORIZON): _number(1, HORIZON_MAX_H),
})  # fmt: skip
OPTIMIZE_SCHEMA = probatio.Schema({**_SITE, **_LEANING})
OPERATION_SCHEMA = probatio.Schema(
    {**_SITE, probatio.Required(ATTR_OPERATION): probatio.In([OPERATION_ADVISORY, OPERATION_ACTIVE])}
)
# What a device takes is its own matter, and checked when it is known which one is meant.
OVERRIDE_SCHEMA = probatio.Schema({
    probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string], probatio.Length(min=1)),
    probatio.Required(ATTR_MODE): _mode,
    probatio.Optional(ATTR_POWER): _number(0, 1000 * _LARGEST),
    probatio.Optional(ATTR_CURRENT): _number(0, _LARGEST),
    probatio.Optional(ATTR_DURATION): probatio.All(
        cv.time_period, probatio.Range(min=OVERRIDE_SHORTEST, max=OVERRIDE_LONGEST)
    ),
})  # fmt: skip
# Whatever is wrong with these is said with the device's name; here only what YAML makes of words is undone.
_WINDOW = probatio.Schema(
    {probatio.Optional(ATTR_MODE): _mode, probatio.Optional("weekdays"): cv.ensure_list},
    extra=probatio.ALLOW_EXTRA,
)
SETTINGS_SCHEMA = probatio.Schema({
    probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string], probatio.Length(min=1)),
    probatio.Optional("ev_mode"): _mode,
    probatio.Optional("schedules"): probatio.All(cv.ensure_list, [_WINDOW]),
    probatio.Optional("ready_by"): object,
    probatio.Optional("ready_by_weekdays"): dict,
    probatio.Optional("alerts"): dict,
    probatio.Optional("enabled"): cv.boolean,
    **{probatio.Optional(key): probatio.Coerce(float) for key in WISH_KEYS},
})  # fmt: skip
SIMULATE_SCHEMA = probatio.Schema({
    **_SITE,
    **_LEANING,
    **{probatio.Optional(f"{way}_price_per_kwh"): _price_course for way in ("import", "export")},
    **{probatio.Optional(f"{way}_price_factor"): _number(0, 100) for way in ("import", "export")},
    **{probatio.Optional(f"{way}_price_offset_per_kwh"): _PRICE for way in ("import", "export")},
    probatio.Optional(ATTR_BATTERY): cv.string,
    **{probatio.Optional(size): _number(0, _LARGEST) for size in (*BATTERY_SIZES, "pv_peak_kw")},
    probatio.Optional("load_factor"): _number(0, 100),
    **{probatio.Optional(f"{way}_max_kw"): _number(0, _LARGEST) for way in ("import", "export")},
})  # fmt: skip
