"""Sum the devices up to a home: grid, production, storage, consumption. One frozen picture per update."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..adapters.meter_tree import SiteMeters, measured, site_meters
from ..const import LOGGER, SOURCE_ENTITIES
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
    balance_w: float | None  # consumption added up as last read; may jump below 0 for a moment
    home_w: float | None  # everything that consumes, chargers included
    load_w: float | None  # what nobody can move: home less chargers and flexible loads
    surplus_w: float | None
    self_sufficiency_pct: float | None
    grid_is_derived: bool  # nobody measures the connection: it follows from buildings and sources
    untracked_w: Mapping[str, float | None]  # by meter with others below it: what nobody else measures
    unknown_because: tuple[str, ...]  # names of what is silent and leaves grid or consumption unknown


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
        self.meters = site_meters(devices)
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

    def power_now(self) -> SitePower:
        """Return what is known this very moment."""
        return site_power(self._devices, self.meters)

    def _look(self) -> SitePower:
        """Sum up what is known now, without the jumps that only one of two meters has seen."""
        now_s, raw = dt_util.utcnow().timestamp(), self.power_now()
        home_w = self._home.add(now_s, raw.home_w)
        self.steady_load_w = self._steady.add(now_s, raw.load_w)
        return replace(
            raw,
            home_w=home_w,
            load_w=self._load.add(now_s, raw.load_w),
            surplus_w=None if home_w is None or raw.pv_w is None else max(0.0, raw.pv_w - home_w),
            self_sufficiency_pct=_self_sufficiency(raw.grid_w, home_w),
        )


def site_power(devices: Mapping[str, SiteDevice], meters: SiteMeters) -> SitePower:
    """Return the sums of the last readings, as they are."""
    now = measured(meters.tree, devices)
    home_w = None if now.consumption_w is None else max(0.0, now.consumption_w)
    # A silent load stays part of what cannot be moved: better a little too much than no forecast at all.
    moved_w = sum(power_w or 0.0 for power_w in now.loads_w.values())
    load_w = None if home_w is None or now.charger_w is None else max(0.0, home_w - now.charger_w - moved_w)
    return SitePower(
        grid_w=now.grid_w,
        pv_w=now.pv_w,
        battery_w=now.battery_w,
        charger_w=now.charger_w,
        balance_w=now.consumption_w,
        home_w=home_w,
        load_w=load_w,
        surplus_w=None if home_w is None or now.pv_w is None else max(0.0, now.pv_w - home_w),
        self_sufficiency_pct=_self_sufficiency(now.grid_w, home_w),
        grid_is_derived=now.grid_is_derived,
        untracked_w=now.untracked_w,
        unknown_because=tuple(meters.label(key) for key in now.unknown_because),
    )


def _self_sufficiency(grid_w: float | None, home_w: float | None) -> float | None:
    """Return the share of consumption that does not come from the grid. [%]."""
    if grid_w is None or not home_w:
        return None
    return min(100.0, max(0.0, 100 * (1 - max(0.0, grid_w) / home_w)))
