"""What is coming: the need of the home less its sun, the next peak of it, the next surplus."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfPower
from homeassistant.util import dt as dt_util

from .adapters.plan_view import series
from .const import PV
from .coordinators.plan import PlanCoordinator
from .engine.forecast.net import Peak, Surplus, net_demand, next_peak, next_surplus
from .engine.forecast.result import Forecast
from .entity import SiteEntity
from .plan_sensors import living
from .runtime import EmsConfigEntry


class OutlookSensor(SiteEntity[PlanCoordinator], SensorEntity):
    """Something about the forecasts that the last plan stands on."""

    def __init__(self, entry: EmsConfigEntry, key: str) -> None:
        """Initialize the sensor."""
        super().__init__(entry.runtime_data.plan, entry, key)

    @property
    def _net(self) -> Forecast | None:
        outlook = living(self.coordinator)
        return net_demand(outlook.load, outlook.pv.values()) if outlook else None

    @property
    def _peak(self) -> Peak | None:
        return next_peak(net, dt_util.utcnow().timestamp()) if (net := self._net) else None

    @property
    def _surplus(self) -> Surplus | None:
        return next_surplus(net, dt_util.utcnow().timestamp()) if (net := self._net) else None


class NetDemand(OutlookSensor):
    """What the home is expected to need now, less its sun: below 0 there is surplus."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 2
    _unrecorded_attributes = frozenset({"forecast"})

    @property
    @override
    def native_value(self) -> float | None:
        """Return the mean of the running step. [kW]."""
        if (net := self._net) is None:
            return None
        return round(float(net.mean[net.steps.index_at(dt_util.utcnow().timestamp())]), 3)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the whole course. Not recorded: it is long, and every plan has its own."""
        if (net := self._net) is None:
            return {}
        return {"forecast": series(net.steps, mean_kw=net.mean, p10_kw=net.p10, p90_kw=net.p90)}


class NextPeak(OutlookSensor):
    """When the hour begins in which the home will need most of the next day."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the beginning of the hour."""
        return dt_util.utc_from_timestamp(self._peak.start_s) if self._peak else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return how much that is. [kW]."""
        if (peak := self._peak) is None:
            return {}
        return {"power_kw": round(peak.power_kw, 3), "p90_kw": round(peak.p90_kw, 3)}


class NextPeakPower(OutlookSensor):
    """How much that hour will need. [kW]."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_suggested_display_precision = 2

    @property
    @override
    def native_value(self) -> float | None:
        """Return the mean of the hour."""
        return round(self._peak.power_kw, 3) if self._peak else None


class NextSurplus(OutlookSensor):
    """When the sun will give more than the home takes; while it does, when that began."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _began_s: float | None = None

    @property
    @override
    def native_value(self) -> datetime | None:
        """Return the beginning. A window that runs keeps its own: each plan begins it anew."""
        if (surplus := self._surplus) is None:
            self._began_s = None
            return None
        now_s = dt_util.utcnow().timestamp()
        began_s = self._began_s
        if began_s is None or surplus.start_s > now_s or began_s > now_s:
            self._began_s = surplus.start_s
        return dt_util.utc_from_timestamp(self._began_s or surplus.start_s)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return until when, and how much. [kWh], [kW]."""
        if (surplus := self._surplus) is None:
            return {}
        return {
            "end": dt_util.utc_from_timestamp(surplus.end_s),
            "energy_kwh": round(surplus.energy_kwh, 2),
            "power_max_kw": round(surplus.power_max_kw, 3),
        }


class NextSurplusEnergy(OutlookSensor):
    """How much will be left over then. [kWh]."""

    # It goes up and down, so it is no energy to be summed up: without a state class statistics leave it alone.
    _attr_device_class = SensorDeviceClass.ENERGY
    _attr_native_unit_of_measurement = UnitOfEnergy.KILO_WATT_HOUR
    _attr_suggested_display_precision = 1

    @property
    @override
    def native_value(self) -> float | None:
        """Return the energy of the window, or of what is left of it; 0 where none is to come."""
        if self._net is None:
            return None
        return round(self._surplus.energy_kwh, 2) if self._surplus else 0.0


def outlook_sensors(entry: EmsConfigEntry) -> list[SensorEntity]:
    """Return what is coming for the home; surplus only where there is a sun to make it."""
    found: list[SensorEntity] = [
        NetDemand(entry, "net_demand"),
        NextPeak(entry, "next_peak"),
        NextPeakPower(entry, "next_peak_power"),
    ]
    if any(each.subentry_type == PV for each in entry.subentries.values()):
        found += [NextSurplus(entry, "next_surplus"), NextSurplusEnergy(entry, "next_surplus_energy")]
    return found
