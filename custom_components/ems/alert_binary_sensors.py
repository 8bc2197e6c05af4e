"""Binary sensors that say whether a device is past a threshold that people set for it."""

from collections.abc import Sequence
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.util import dt as dt_util

from .adapters.alerts import threshold_field
from .alert_entity import AlertEntity
from .engine.insight.alerts import News


class AlertSensor(AlertEntity, BinarySensorEntity):
    """Whether any threshold of a device is passed."""

    key = "alert"
    _attr_device_class = BinarySensorDeviceClass.PROBLEM
    _written: object = ()

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether one is; unknown until it has lasted."""
        return self.alerts.is_on

    @override
    def _heard(self, news: Sequence[News]) -> None:
        """Write a state where there is news; what is measured meanwhile is none."""
        shown = self.alerts.is_on, tuple(self.alerts.passed)
        if shown != self._written:
            self._written = shown
            self.async_write_ha_state()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return which ones, by what was measured when they began to count."""
        return {
            "alerts": [
                {
                    "alert": alarm.value,
                    "setting": threshold_field(alarm),
                    "threshold": self.limits.threshold(alarm),
                    "value": None if alert.value is None else round(alert.value, 1),
                    "since": dt_util.utc_from_timestamp(alert.since_s).isoformat(),
                }
                for alarm, alert in self.alerts.passed.items()
            ]
        }
