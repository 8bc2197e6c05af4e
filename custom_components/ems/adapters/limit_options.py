"""What people set about limits, typed. Kept in the entry's options, so that a change reloads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_ON

from ..const import BATTERY, CHARGER, CONF_PARAMS
from ..engine.control.dimming import FIRST_KW, least_kw
from ..engine.control.flow import NOMINAL_V
from ..engine.control.windows import CapWindow
from .local_windows import window_times

OPT_OPERATOR: Final = "operator"  # {entity_id, limited_when, limit_kw}
OPT_CAPS: Final = "caps"  # [{start, end, weekdays, limit_kw}]
OPT_QUARTER_HOUR: Final = "quarter_hour"  # {starts_past_s, floor_kw}
OPT_PEAK_TARGET: Final = "peak_target"
OPT_EXPORT_POLICY: Final = "export_policy"

CONF_LIMITED_WHEN: Final = "limited_when"
CONF_LIMIT_KW: Final = "limit_kw"
CONF_STARTS_PAST_S: Final = "starts_past_s"
CONF_FLOOR_KW: Final = "floor_kw"


@dataclass(frozen=True, kw_only=True)
class OperatorOptions:
    """How the network operator's word is heard.

    entity_id : Who says it; None: nobody.
    limited_when : The state of a contact that means "limited now".
    limit_kw : What a contact then leaves. [kW]
    """

    entity_id: str | None
    limited_when: str
    limit_kw: float


@dataclass(frozen=True, kw_only=True)
class QuarterHourOptions:
    """How the network's quarter-hours are counted.

    starts_past_s : By how much those of its meter start after ours; below 0: before. [s]
    floor_kw : What is paid for in any case: 2.5 in Belgium, nothing in most places. [kW]
    target_kw : The mean to stay below; 0: automatic. [kW]
    """

    starts_past_s: float
    floor_kw: float
    target_kw: float


def operator_options(entry: ConfigEntry[Any]) -> OperatorOptions:
    """Return them; a limit that was left out is the smallest that the German rule allows."""
    stored: Mapping[str, Any] = entry.options.get(OPT_OPERATOR, {})
    return OperatorOptions(
        entity_id=stored.get("entity_id"),
        limited_when=stored.get(CONF_LIMITED_WHEN, STATE_ON),
        limit_kw=float(stored.get(CONF_LIMIT_KW, least_kw(steered_devices(entry)))),
    )


def cap_windows(entry: ConfigEntry[Any]) -> tuple[CapWindow, ...]:
    """Return the limits by the clock."""
    stored = entry.options.get(OPT_CAPS, ())
    return tuple(CapWindow(**window_times(each), limit_kw=float(each[CONF_LIMIT_KW])) for each in stored)


def quarter_hour_options(entry: ConfigEntry[Any]) -> QuarterHourOptions:
    """Return them as set, else as they are for most."""
    stored: Mapping[str, Any] = entry.options.get(OPT_QUARTER_HOUR, {})
    return QuarterHourOptions(
        starts_past_s=float(stored.get(CONF_STARTS_PAST_S, 0.0)),
        floor_kw=float(stored.get(CONF_FLOOR_KW, 0.0)),
        target_kw=float(entry.options.get(OPT_PEAK_TARGET, 0.0)),
    )


def steered_devices(entry: ConfigEntry[Any]) -> int:
    """Count what § 14a makes steerable: chargers and batteries that draw more than 4.2 kW."""
    return sum(
        _draws_kw(subentry.subentry_type, subentry.data[CONF_PARAMS]) > FIRST_KW
        for subentry in entry.subentries.values()
        if subentry.subentry_type in (BATTERY, CHARGER)
    )


def _draws_kw(role: str, params: Mapping[str, Any]) -> float:
    if role == BATTERY:
        return float(params["charge_max_w"]) / 1000
    return int(params["phases"]) * float(params["current_max_a"]) * NOMINAL_V / 1000
