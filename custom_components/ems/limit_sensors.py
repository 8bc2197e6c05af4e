"""What limits the home now: the tightest power, and whether the network operator dims."""

from abc import abstractmethod
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import UnitOfPower
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util

from .adapters.limits_now import LimitsNow
from .entity import site_device_info
from .publishing import Noise, Publisher
from .runtime import EmsConfigEntry

# What is left of a quarter-hour breathes with every reading.
BREATH = Noise(absolute=0.02, share=0.02)


class LimitEntity(Entity):
    """An entity that shows the limits of this moment."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, entry: EmsConfigEntry, key: str) -> None:
        """Identify by the entry."""
        self.entry = entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{entry.entry_id}_{key}"
        self._attr_device_info = site_device_info(entry)

    @property
    def limits(self) -> LimitsNow:
        """Return what was seen last."""
        book = self.entry.runtime_data.limits
        return book.latest or book.now(dt_util.utcnow().timestamp())

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the limits."""
        self.async_on_remove(self.entry.runtime_data.limits.async_add_listener(self._looked))

    @callback
    def _looked(self) -> None:
        """Looks are many: states are written where one shows something new."""
        if self._is_news():
            self.async_write_ha_state()

    @abstractmethod
    def _is_news(self) -> bool:
        """Tell whether somebody would miss what the last look has found; asked once per look."""


class PowerLimit(LimitEntity, SensorEntity):
    """The tightest of all limits on what is drawn from the network."""

    _attr_device_class = SensorDeviceClass.POWER
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_native_unit_of_measurement = UnitOfPower.KILO_WATT
    _attr_suggested_display_precision = 2

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Show changes that are worth it."""
        super().__init__(entry, "power_limit")
        self._publisher = Publisher(BREATH)
        self._because: str | None = None

    @property
    @override
    def native_value(self) -> float:
        """Return the tightest limit. [kW]."""
        return round(self.limits.powers_kw[self.limits.tightest], 3)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return which it is, and all of them. [kW]."""
        limits = self.limits
        return {
            "limited_by": limits.tightest,
            **{
                f"{name}_kw": None if (value := limits.powers_kw.get(name)) is None else round(value, 3)
                for name in ("connection", "operator", "time_of_day", "quarter_hour")
            },
            "peak_target_kw": None if limits.target_kw is None else round(limits.target_kw, 3),
        }

    @override
    def _is_news(self) -> bool:
        """Another limit is news, another number where it is more than its breath."""
        because, self._because = self._because, self.limits.tightest
        return self._publisher.is_worth_it(self.native_value, available=True) or because != self._because


class OperatorLimit(LimitEntity, BinarySensorEntity):
    """Whether the network operator dims what EMS steers."""

    def __init__(self, entry: EmsConfigEntry) -> None:
        """Initialize the sensor."""
        super().__init__(entry, "operator_limit")
        self._shown: tuple[Any, ...] = ()

    @property
    @override
    def is_on(self) -> bool:
        """Return whether a limit holds."""
        return self.limits.operator_kw is not None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return what is left, and since when the operator has been silent."""
        operator = self.limits.operator
        silent_at_s = operator.silent_at_s
        return {
            "limit_kw": operator.limit_kw,
            "silent_since": None if silent_at_s is None else dt_util.utc_from_timestamp(silent_at_s),
        }

    @override
    def _is_news(self) -> bool:
        """Another limit is news, and that the operator fell silent or speaks again."""
        before, operator = self._shown, self.limits.operator
        self._shown = (operator.limit_kw, operator.silent_at_s)
        return self._shown != before
