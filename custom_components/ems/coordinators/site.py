"""Sum the devices up to a home: grid, production, storage, consumption. One frozen picture per update."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..adapters.load_meter import drawn_w
from ..const import BATTERY, CHARGER, LOAD, LOGGER, METER, PV, SOURCE_ENTITIES
from ..running_median import RunningMedian
from ..site_device import SiteDevice
from .gathered import Gathered


@dataclass(frozen=True, kw_only=True)
class SitePower:
    """The home now, in W, positive into the home bus; consumers positive as they consume. None is unknown."""

    grid_w: float | None
    pv_w: float | None
    battery_w: float | None
    charger_w: float | None
    balance_w: float | None  # grid and inverters added up as last read; may jump below 0 for a moment
    home_w: float | None  # everything that consumes, chargers included
    load_w: float | None  # what nobody can move: home less chargers and flexible loads
    surplus_w: float | None
    self_sufficiency_pct: float | None


# Two polls of the slowest device: a jump that is real is shown after half of it.
SHOWN_S = 10.0
# What a plan takes for the load of its running step, which lasts five minutes.
STEADY_S = 60.0
# Every picture looks at every device. Two hundred of them tell something forty times a second, and a picture for each
# was a quarter of all that EMS did; four a second are more than any plan or screen asks for.
FEW = 20
APART_S = 0.25


class SiteCoordinator(DataUpdateCoordinator[SitePower]):
    """Follows every device coordinator; it polls nothing itself."""

    config_entry: ConfigEntry[Any]

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], devices: Mapping[str, SiteDevice]
    ) -> None:
        """Listen to the devices."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{entry.title} site", update_interval=None)
        self._devices = devices
        coordinators = {device.coordinator for device in devices.values()}
        gathered = Gathered(hass, entry, self._async_changed, APART_S if len(coordinators) > FEW else 0.0)
        for coordinator in coordinators:
            entry.async_on_unload(coordinator.async_add_listener(gathered.async_ask))
        # Entities of other integrations tell of a change once; a median would wait for a second word.
        is_polled = any(device.source["kind"] != SOURCE_ENTITIES for device in devices.values())
        windows_s = (SHOWN_S, SHOWN_S, STEADY_S) if is_polled else (0, 0, 0)
        self._home, self._load, self._steady = map(RunningMedian, windows_s)
        self.steady_load_w: float | None = None
        self.data = self._look()

    @callback
    def _async_changed(self) -> None:
        self.async_set_updated_data(self._look())

    def _look(self) -> SitePower:
        """Sum up what is known now, without the jumps that only one of two meters has seen."""
        now_s, raw = dt_util.utcnow().timestamp(), site_power(self._devices)
        home_w = self._home.add(now_s, raw.home_w)
        self.steady_load_w = self._steady.add(now_s, raw.load_w)
        return replace(
            raw,
            home_w=home_w,
            load_w=self._load.add(now_s, raw.load_w),
            surplus_w=None if home_w is None or raw.pv_w is None else max(0.0, raw.pv_w - home_w),
            self_sufficiency_pct=_self_sufficiency(raw.grid_w, home_w),
        )


def site_power(devices: Mapping[str, SiteDevice]) -> SitePower:
    """Return the sums of the last readings, as they are."""
    meters = [d for d in devices.values() if d.role == METER and d.params.get("position") == "grid"]
    grid_w = _total(meters, "power") if meters else None
    pv_w = _total([d for d in devices.values() if d.role == PV], "power")
    battery_w = _total([d for d in devices.values() if d.role == BATTERY], "power")
    charger_w = _total([d for d in devices.values() if d.role == CHARGER], "power")
    local_w = _local_ac(devices)
    balance_w = None if grid_w is None or local_w is None else grid_w + local_w
    home_w = None if balance_w is None else max(0.0, balance_w)
    # A silent load stays part of what cannot be moved: better a little too much than no forecast at all.
    moved_w = sum(drawn_w(device) or 0.0 for device in devices.values() if device.role == LOAD)
    load_w = None if home_w is None or charger_w is None else max(0.0, home_w - charger_w - moved_w)
    return SitePower(
        grid_w=grid_w,
        pv_w=pv_w,
        battery_w=battery_w,
        charger_w=charger_w,
        balance_w=balance_w,
        home_w=home_w,
        load_w=load_w,
        surplus_w=None if home_w is None or pv_w is None else max(0.0, pv_w - home_w),
        self_sufficiency_pct=_self_sufficiency(grid_w, home_w),
    )


def _total(devices: list[SiteDevice], point: str) -> float | None:
    """Return the sum, 0 where there is no such device, None where one of them is silent: half a sum misleads."""
    values = [device.fresh_number(point) for device in devices]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _local_ac(devices: Mapping[str, SiteDevice]) -> float | None:
    """Return what batteries and PV give at the AC side.

    A hybrid inverter measures its AC output itself, once for all that hangs on it: that beats adding up its DC
    sides, whose conversion losses would count as consumption.
    """
    total_w, counted = 0.0, set()
    for device in devices.values():
        if device.role not in (BATTERY, PV):
            continue
        if device.value("ac_power", "inverter") is not None:
            if device.coordinator in counted:
                continue
            counted.add(device.coordinator)
            power_w = device.fresh_number("ac_power", "inverter")
        else:
            power_w = device.fresh_number("power")
        if power_w is None:
            return None
        total_w += power_w
    return total_w


def _self_sufficiency(grid_w: float | None, home_w: float | None) -> float | None:
    """Return the share of consumption that does not come from the grid. [%]."""
    if grid_w is None or not home_w:
        return None
    return min(100.0, max(0.0, 100 * (1 - max(0.0, grid_w) / home_w)))
