"""Why a device does what it does, and how quickly EMS ends what must not be."""

from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime

from .adapters.decision_view import attributes_of, why
from .adapters.guard_commands import reason_of
from .guard_entity import News, SteeredEntity, is_steered, limited_arrays, parted
from .guard_tracker import ReactionTracker
from .runtime import EmsConfigEntry
from .site_device import SiteDevice


class ControlReason(SteeredEntity, SensorEntity):
    """The one thing that explains most, in a sentence. What else there is to say stands beside it."""

    # They move with the load and with every plan, and the history of power is kept elsewhere.
    _unrecorded_attributes = frozenset(
        {"power_kw", "renews", "next_change", "planned_power_kw", "planned_current_a", "is_advised"}
    )

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "control_reason")
        self._news = News()

    @override
    def _look(self) -> bool:
        decision = self.decision
        if decision is None:
            return self._news.is_there(None, (), self.state_now.at.timestamp())
        reason = reason_of(decision, self.channel)
        shown = {**self._attributes(), "key": reason.key, **reason.placeholders}
        return self._news.is_there(*parted(shown), self.state_now.at.timestamp())

    def _attributes(self) -> dict[str, Any]:
        decision = self.decision
        if decision is None:
            return {}
        shown = attributes_of(decision, self.channel, self.state_now.setup.tree)
        return {**shown, "is_advised": not self.is_active}

    @property
    @override
    def native_value(self) -> str | None:
        """Return the sentence."""
        return None if self.decision is None else why(self.hass, self.decision, self.channel)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what is decided, by whose word, inside which limit, beside what was planned."""
        return self._attributes()


class ReactionTime(SteeredEntity, SensorEntity):
    """How long more was fed in than may be, the last time, until the array was held back."""

    _attr_device_class = SensorDeviceClass.DURATION
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 0
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Initialize the sensor."""
        super().__init__(entry, device, "reaction_time")
        self._tracker = ReactionTracker(device.subentry_id)
        self._written: object = ()

    @override
    def _look(self) -> bool:
        self._tracker.look(self.state_now, is_active=self.is_active)
        before, self._written = self._written, self._tracker.reactions.lasted_s
        return before != self._written

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the last one took."""
        last_s = self._tracker.reactions.last_s
        return None if last_s is None else round(last_s, 1)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what 95 of 100 did not exceed, and of how many that is."""
        reactions = self._tracker.reactions
        p95_s = reactions.p95_s
        return {"p95_s": None if p95_s is None else round(p95_s, 1), "count": len(reactions.lasted_s)}


def control_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[SensorEntity]:
    """Return the sensors about a device that the guard steers."""
    if not is_steered(entry, device):
        return []
    reaction = [ReactionTime(entry, device)] if device.subentry_id in limited_arrays(entry) else []
    return [ControlReason(entry, device), *reaction]
