"""What the entities of a device's alerts have in common, and how they come and go with its thresholds."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .adapters.alerts import alert_limits, alert_sample, stored_alerts
from .const import DOMAIN
from .engine.insight.alerts import AlertLimits, Alerts, AlertState, News, alert_step
from .entity import device_info
from .meter_health import SILENCE_INTERVAL
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


class AlertEntity(Entity):
    """An entity that judges a device by its thresholds. Each does so by itself, so that either may be disabled."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    key: ClassVar[str]

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Identify by the subentry."""
        self.entry, self.device = entry, device
        self.alerts = Alerts()
        self.limits = AlertLimits()
        self._stored: Mapping[str, float] = {}
        self._state = AlertState()
        self._attr_translation_key = self.key
        self._attr_unique_id = f"{device.subentry_id}_{self.key}"
        self._attr_device_info = device_info(entry, device)

    @override
    async def async_added_to_hass(self) -> None:
        """Look whenever the device says something, and on a beat: silence sends no readings."""
        self._look()
        self.async_on_remove(self.device.coordinator.async_add_listener(self._async_look))
        self.async_on_remove(async_track_time_interval(self.hass, self._async_look, SILENCE_INTERVAL))

    @callback
    def _async_look(self, _: Any = None) -> None:
        self._heard(self._look())

    def _look(self) -> Sequence[News]:
        """Judge what the device says now. Other thresholds begin anew: what counted by the old ones says nothing."""
        stored = stored_alerts(self.entry.runtime_data.settings, self.device.subentry_id)
        if stored != self._stored:
            self._stored, self.limits, self._state = stored, alert_limits(stored), AlertState()
        now_s = dt_util.utcnow().timestamp()
        self._state, self.alerts, news = alert_step(
            self._state, alert_sample(self.device), self.limits, now_s
        )
        return news

    def _heard(self, news: Sequence[News]) -> None:
        """Show what is new."""
        raise NotImplementedError


@callback
def async_follow_thresholds(
    hass: HomeAssistant,
    entry: EmsConfigEntry,
    platform: str,
    kind: type[AlertEntity],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an entity to every device that has thresholds, now and later; remove it with the last of them."""
    shown: set[str] = set()

    @callback
    def look() -> None:
        data = entry.runtime_data
        for key, device in data.devices.items():
            if not stored_alerts(data.settings, key):
                shown.discard(key)
                _remove(hass, platform, f"{key}_{kind.key}")
            elif key not in shown:
                shown.add(key)
                async_add_entities([kind(entry, device)], config_subentry_id=key)

    async def updated(_: HomeAssistant, __: EmsConfigEntry) -> None:
        look()

    look()
    entry.async_on_unload(entry.add_update_listener(updated))


@callback
def _remove(hass: HomeAssistant, platform: str, unique_id: str) -> None:
    registry = er.async_get(hass)
    if known := registry.async_get_entity_id(platform, DOMAIN, unique_id):
        registry.async_remove(known)
