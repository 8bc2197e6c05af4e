"""What people turn while a site runs. Kept in the entry's options, so that it survives and never reloads anything."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import (
    CONF_GRID,
    OPERATION_ADVISORY,
    OPT_DEVICES,
    OPT_OPERATION,
    OPT_PREFERENCE,
    OPT_STRATEGY,
)
from .engine.control.battery import BatteryRules
from .engine.control.freshness import Patience
from .engine.control.phase_switch import SwitchRules
from .engine.control.surplus import SunRules
from .engine.site import Preference, Site, Strategy, Weights

# What the planner is told where nobody turned anything; shares in percent, as people read them.
PLANNER_DEFAULTS: Mapping[str, float | bool] = {
    "demand_charge": 0.0,
    "risk_weight": 100 * Site.risk_weight,
    "switch_threshold": 100 * Site.switch_threshold,
    "weight_peak": Weights.peak,
    "weight_ramps": Weights.ramps,
    "weight_self_consumption": Weights.self_consumption,
    "weight_comfort": Weights.comfort,
    "weight_environment": Weights.environment,
    "limits_each_phase": False,
}
# How calmly the guard steers where nobody turned anything.
GUARD_DEFAULTS: Mapping[str, float | bool] = {
    "meter_silent_max_s": Patience.stale_after_s,
    "surplus_enable_s": SunRules.enable_after_s,
    "surplus_disable_s": SunRules.disable_after_s,
    "surplus_reserve_w": 1000 * SunRules.reserve_kw,
    "battery_yields_pct": 100 * SunRules.battery_yields_from_soc,
    "phase_changes_max": SwitchRules.most_per_day,
    "battery_holds_for_cars": BatteryRules.holds_for_cars,
}


class SiteSettings:
    """Typed access to the options of one site."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Remember where the options live."""
        self._hass, self._entry = hass, entry

    @property
    def operation(self) -> str:
        """Return "advisory" or "active"."""
        return str(self._entry.options.get(OPT_OPERATION, OPERATION_ADVISORY))

    @property
    def strategy(self) -> Strategy:
        """Return what the plan leans towards."""
        return Strategy(self._entry.options.get(OPT_STRATEGY, Strategy.AUTO))

    @property
    def preference(self) -> Preference:
        """Return whose side a trade-off falls on."""
        return Preference(self._entry.options.get(OPT_PREFERENCE, Preference.ECONOMIC))

    def grid(self, key: str) -> float:
        """Return a limit of the connection: as turned, else as set up."""
        return float(self._entry.options.get(key, self._entry.data[CONF_GRID][key]))

    def planner(self, key: str) -> float:
        """Return an option of the planner as people turned it: shares in percent, switches as 0 or 1."""
        return float(self._entry.options.get(key, PLANNER_DEFAULTS[key]))

    def guard(self, key: str) -> float:
        """Return an option of the guard as people turned it: shares in percent, switches as 0 or 1."""
        return float(self._entry.options.get(key, GUARD_DEFAULTS[key]))

    def device(self, subentry_id: str, key: str, default: Any) -> Any:
        """Return one setting of a device."""
        return self._entry.options.get(OPT_DEVICES, {}).get(subentry_id, {}).get(key, default)

    @callback
    def set(self, key: str, value: Any) -> None:
        """Store a site setting."""
        self._update({key: value})

    @callback
    def set_device(self, subentry_id: str, key: str, value: Any) -> None:
        """Store one setting of a device."""
        devices: Mapping[str, Any] = self._entry.options.get(OPT_DEVICES, {})
        mine = {**devices.get(subentry_id, {}), key: value}
        self._update({OPT_DEVICES: {**devices, subentry_id: mine}})

    def _update(self, changes: Mapping[str, Any]) -> None:
        self._hass.config_entries.async_update_entry(self._entry, options={**self._entry.options, **changes})
