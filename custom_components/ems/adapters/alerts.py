"""Thresholds that people set for a device: as they are stored, and as the engine judges by them."""

from collections.abc import Mapping
from typing import Any, Final

from ..const import BATTERY
from ..engine.errors import PlanError
from ..engine.insight.alerts import Alarm, AlertLimits, AlertSample
from ..settings import SiteSettings
from ..site_device import SiteDevice
from .electrical import is_there

ALERTS: Final = "alerts"
AFTER: Final = "alert_after_s"
_POWER: Final = ("power_above_w", "power_below_w")
_ALARMS: Final[Mapping[str, Alarm]] = {
    "power_above_w": Alarm.POWER_ABOVE,
    "power_below_w": Alarm.POWER_BELOW,
    "soc_below_pct": Alarm.SOC_BELOW,
    "silent_for_min": Alarm.SILENT,
}


def threshold_fields(role: str) -> tuple[str, ...]:
    """Return what can be set for a device of a role; unbalance of a meter has limits in the meter's own form."""
    soc = ("soc_below_pct",) if role == BATTERY else ()
    return (*_POWER, *soc, "silent_for_min")


def alarms_of(role: str) -> tuple[Alarm, ...]:
    """Return what a device of a role can be in."""
    return tuple(_ALARMS[field] for field in threshold_fields(role))


def threshold_field(alarm: Alarm) -> str:
    """Return which setting an alarm belongs to."""
    return next(field for field, each in _ALARMS.items() if each is alarm)


def read_alerts(role: str, given: Mapping[str, Any]) -> dict[str, float]:
    """Return thresholds as they are stored; nothing where none is set, however long it would have to last.

    Errors: PlanError that names the field.
    """
    known = (*threshold_fields(role), AFTER)
    found = {key: value for key, value in given.items() if value not in (None, "")}
    for key in found:
        if key not in known:
            raise PlanError("not_one_of", field=ALERTS, found=str(key), known=", ".join(known))
    numbers = {key: _number(key, found[key]) for key in known if key in found}
    AlertLimits(**numbers)
    return numbers if set(numbers) - {AFTER} else {}


def _number(field: str, found: Any) -> float:
    try:
        return float(found)
    except TypeError, ValueError:
        raise PlanError("not_a_threshold", field=field, found=str(found)) from None


def stored_alerts(settings: SiteSettings, subentry_id: str) -> Mapping[str, float]:
    """Return the thresholds of a device; nothing where there are none."""
    stored: Mapping[str, float] = settings.device(subentry_id, ALERTS, {})
    return stored


def alert_limits(stored: Mapping[str, float]) -> AlertLimits:
    """Return stored thresholds as the engine judges by them; what another version knew is left out."""
    return AlertLimits(**{key: value for key, value in stored.items() if key in (*_ALARMS, AFTER)})


def alert_sample(device: SiteDevice) -> AlertSample:
    """Return what a device says now; an old value is none."""
    return AlertSample(
        power_w=device.fresh_number("power"),
        soc_pct=device.fresh_number("soc") if device.role == BATTERY else None,
        is_fresh=is_there(device),
    )
