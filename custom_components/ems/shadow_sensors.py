"""What EMS has saved, what it could have, and what each battery follows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.util import dt as dt_util

from .const import BATTERY
from .coordinators.shadow import ShadowCoordinator
from .engine.control.shadow_ledger import Day, Ledger
from .engine.control.shadow_verdict import JUDGED_DAYS, contest
from .entity import SiteEntity, device_info
from .runtime import EmsConfigEntry
from .shadow_keeper import shadow_of
from .site_device import SiteDevice

PLAN, RULE = "plan", "rule"


@dataclass(frozen=True, kw_only=True)
class SavingDescription(SensorEntityDescription):
    """An amount that adds up since the beginning, or shrinks on a bad day."""

    value_fn: Callable[[Ledger | Day], float]


SAVED: Final = SavingDescription(
    key="saved",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
    value_fn=lambda found: found.saved,
)
COULD_HAVE_SAVED: Final = SavingDescription(
    key="could_have_saved",
    device_class=SensorDeviceClass.MONETARY,
    state_class=SensorStateClass.TOTAL,
    suggested_display_precision=2,
    value_fn=lambda found: found.could_have_saved,
)


class SavingSensor(SiteEntity[ShadowCoordinator], SensorEntity):
    """Money, to the cent: a cent more or less a minute is nothing to write down."""

    _unrecorded_attributes = frozenset({"by_day", "days", "missing_pct"})
    entity_description: SavingDescription

    def __init__(
        self, shadow: ShadowCoordinator, entry: EmsConfigEntry, description: SavingDescription
    ) -> None:
        """Initialize from a description."""
        super().__init__(shadow, entry, description.key)
        self.entity_description = description
        self._attr_native_unit_of_measurement = shadow.hass.config.currency

    @property
    @override
    def native_value(self) -> float | None:
        """Return the sum; unknown before the first minute."""
        ledger = self.coordinator.data.ledger
        return None if ledger is None else round(self.entity_description.value_fn(ledger), 2)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return since when, how much of it was seen, and what each day brought. Not recorded: days are long."""
        if (ledger := self.coordinator.data.ledger) is None:
            return {}
        passed_h = ledger.hours + ledger.missing_h
        return {
            "since": dt_util.utc_from_timestamp(ledger.since_s),
            "days": round(ledger.hours / 24, 1),
            "missing_pct": round(100 * ledger.missing_h / passed_h, 1) if passed_h else 0.0,
            "by_day": {
                day.day: round(self.entity_description.value_fn(day), 2)
                for day in (*ledger.days, ledger.today)
            },
        }


class FollowsSensor(SiteEntity[ShadowCoordinator], SensorEntity):
    """Whether a battery follows its plan, or the rule that its plan has lost to."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_options = [PLAN, RULE]  # noqa: RUF012  # as Home Assistant declares it

    def __init__(self, shadow: ShadowCoordinator, entry: EmsConfigEntry, device: SiteDevice) -> None:
        """Belong to the device."""
        super().__init__(shadow, entry, "follows")
        self._attr_unique_id = f"{device.subentry_id}_follows"
        self._attr_device_info = device_info(entry, device)
        self._device = device

    @property
    @override
    def native_value(self) -> str:
        """Return what it follows; at first the plan."""
        return RULE if self.coordinator.store_follows_rule(self._device.subentry_id) else PLAN

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return since when, and what the last four weeks cost on virtual batteries, one of each."""
        shadow, key = self.coordinator.data, self._device.subentry_id
        if shadow.ledger is None or (verdict := shadow.verdicts.get(key)) is None:
            return {}
        found = contest(shadow.ledger.days, key, JUDGED_DAYS)
        return {
            "since": verdict.since,
            "days": found.days,
            "cost_by_plan": round(found.plan, 2),
            "cost_by_rule": round(found.rule, 2),
            "margin": round(found.margin, 2),
        }


def site_saving_sensors(entry: EmsConfigEntry) -> list[SensorEntity]:
    """Return what the home saves; what was saved only where a battery could do it."""
    if (shadow := shadow_of(entry.runtime_data.plan.hass, entry)) is None:
        return []
    has_battery = any(each.role == BATTERY for each in entry.runtime_data.devices.values())
    kinds = (SAVED, COULD_HAVE_SAVED) if has_battery else (COULD_HAVE_SAVED,)
    return [SavingSensor(shadow, entry, kind) for kind in kinds]


def device_saving_sensors(entry: EmsConfigEntry, device: SiteDevice) -> list[SensorEntity]:
    """Return what a battery follows."""
    shadow = shadow_of(entry.runtime_data.plan.hass, entry)
    return [FollowsSensor(shadow, entry, device)] if shadow and device.role == BATTERY else []
