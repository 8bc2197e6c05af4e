"""The part of a meter's form about electrical health: collapsed, with defaults that suit Europe."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.data_entry_flow import section
import probatio

from ..adapters.electrical import SECTION
from ..engine.insight.electrical_limits import NOMINAL_HZ, ElectricalLimits
from .fields import choice, number

_USUAL: Final = ElectricalLimits()
HEALTH: Final[dict[Any, Any]] = {
    probatio.Required("nominal_v", default=_USUAL.nominal_v): number(100, 400, 1, "V"),
    probatio.Required("voltage_warning_pct", default=_USUAL.voltage_warning_pct): number(1, 30, 0.1, "%"),
    probatio.Required("voltage_critical_pct", default=_USUAL.voltage_critical_pct): number(1, 30, 0.1, "%"),
    probatio.Required("unbalance_pct", default=_USUAL.unbalance_pct): number(0.5, 20, 0.1, "%"),
    probatio.Required("spread_a", default=_USUAL.spread_a): number(1, 1000, 0.1, "A"),
    probatio.Required("nominal_hz", default=f"{_USUAL.nominal_hz:g}"): choice(
        [f"{hertz:g}" for hertz in NOMINAL_HZ], "nominal_hz"
    ),
    probatio.Required("power_factor_min", default=_USUAL.power_factor_min): number(0.1, 1, 0.01),
    probatio.Required("power_min_w", default=_USUAL.power_min_w): number(0, 1_000_000, 1, "W"),
    probatio.Required("offline_s", default=_USUAL.offline_s): number(10, 3600, 1, "s"),
}


def health_fields() -> dict[Any, Any]:
    """Return the section as a part of a form."""
    return {probatio.Optional(SECTION): section(probatio.Schema(HEALTH), {"collapsed": True})}


def health_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    """Name what contradicts itself. The frontend shows no error inside a section, so it stands above it."""
    found = user_input.get(SECTION, {})
    if found and found["voltage_warning_pct"] >= found["voltage_critical_pct"]:
        return {SECTION: "warning_not_below_critical"}
    return {}
