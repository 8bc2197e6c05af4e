"""Events of a device's alerts: a threshold that people set was passed, or is no longer."""

from collections.abc import Sequence
from typing import override

from homeassistant.components.event import EventEntity

from .adapters.alerts import alarms_of
from .alert_entity import AlertEntity
from .engine.insight.alerts import News
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

ENDED = "_ended"


class AlertEvent(AlertEntity, EventEntity):
    """Tells whenever a threshold of a device is passed, and when that is over."""

    key = "alert_event"

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Name the events that the device's role allows."""
        super().__init__(entry, device)
        alarms = alarms_of(device.role)
        self._attr_event_types = [f"{alarm}{end}" for alarm in alarms for end in ("", ENDED)]

    @override
    def _heard(self, news: Sequence[News]) -> None:
        for each in news:
            alert = each.alert
            attributes = {
                "value": None if alert.value is None else round(alert.value, 1),
                "threshold": self.limits.threshold(alert.alarm),
                "duration_s": None if each.lasted_s is None else round(each.lasted_s),
            }
            self._trigger_event(f"{alert.alarm}{ENDED if each.has_ended else ''}", attributes)
            self.async_write_ha_state()
