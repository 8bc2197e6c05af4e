"""A battery, a charger and loads that another integration brought: real number, select and switch entities."""

from typing import Any, override

from homeassistant.components.number import NumberEntity
from homeassistant.components.select import SelectEntity
from homeassistant.components.switch import SwitchEntity
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import setup_test_component_platform

from tests.ha.clock import settle


def set_sensor(
    hass: HomeAssistant, entity_id: str, value: Any, unit: str | None = None, **attributes: Any
) -> None:
    """Let a foreign sensor say something."""
    hass.states.async_set(entity_id, str(value), {"unit_of_measurement": unit, **attributes})


class _Foreign:
    """Notes what it is told, and refuses when it is asked to."""

    _attr_should_poll = False

    def __init__(self, name: str, heard: list[tuple[str, Any]]) -> None:
        self._attr_name = name
        self._heard = heard
        self.refuses = False

    def _hear(self, value: Any) -> None:
        self._heard.append((self.entity_id, value))
        if self.refuses:
            raise HomeAssistantError("The inverter is busy")


class ForeignNumber(_Foreign, NumberEntity):
    """A setpoint."""

    _attr_native_step = 0.1
    _attr_native_min_value = 0

    def __init__(self, name: str, heard: list[tuple[str, Any]], unit: str, high: float) -> None:
        super().__init__(name, heard)
        self._attr_native_unit_of_measurement, self._attr_native_max_value = unit, high
        self._attr_native_value = high

    @override
    async def async_set_native_value(self, value: float) -> None:
        self._hear(value)
        self._attr_native_value = value
        self.async_write_ha_state()


class ForeignSelect(_Foreign, SelectEntity):
    """A mode."""

    _attr_current_option = "auto"

    def __init__(self, name: str, heard: list[tuple[str, Any]]) -> None:
        super().__init__(name, heard)
        self._attr_options = ["auto", "idle", "force_charge", "force_discharge"]

    @override
    async def async_select_option(self, option: str) -> None:
        self._hear(option)
        self._attr_current_option = option
        self.async_write_ha_state()


class ForeignSwitch(_Foreign, SwitchEntity):
    """A release to charge, or a plug."""

    def __init__(self, name: str, heard: list[tuple[str, Any]], *, is_on: bool = True) -> None:
        super().__init__(name, heard)
        self._attr_is_on = is_on

    def turn_by_hand(self, *, on: bool) -> None:
        """Turn it at the device itself: Home Assistant only sees that it changed."""
        self.async_set_context(Context())
        self._attr_is_on = on
        self.async_write_ha_state()

    def lose_power(self, *, lost: bool) -> None:
        """Go away, or come back as off, as many plugs do."""
        self._attr_available, self._attr_is_on = not lost, False
        self.async_write_ha_state()

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        self._hear("on")
        self._attr_is_on = True
        self.async_write_ha_state()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        self._hear("off")
        self._attr_is_on = False
        self.async_write_ha_state()


class Foreign:
    """Everything that the other integration brought, and all it was told since."""

    def __init__(self) -> None:
        """Make the entities; Home Assistant does not know them yet."""
        self.heard: list[tuple[str, Any]] = []
        self.power = ForeignNumber("Inverter power", self.heard, "W", 5000)
        self.power_kw = ForeignNumber("Inverter power kw", self.heard, "kW", 5)
        self.mode = ForeignSelect("Inverter mode", self.heard)
        self.current = ForeignNumber("Wallbox current", self.heard, "A", 32)
        self.enable = ForeignSwitch("Wallbox enable", self.heard)
        self.pump = ForeignSwitch("Pump", self.heard, is_on=False)
        self.rod = ForeignNumber("Rod", self.heard, "W", 3000)

    async def async_add(self, hass: HomeAssistant) -> None:
        """Bring them into Home Assistant."""
        platforms: dict[str, list[Any]] = {
            "number": [self.power, self.power_kw, self.current, self.rod],
            "select": [self.mode],
            "switch": [self.enable, self.pump],
        }
        for domain, entities in platforms.items():
            setup_test_component_platform(hass, domain, entities)
            assert await async_setup_component(hass, domain, {domain: {"platform": "test"}})
        await settle(hass)


def read_home(hass: HomeAssistant) -> None:
    """Let the sensors of a home say something sensible: 500 W from the grid, 2 kW sun, the battery half full."""
    set_sensor(hass, "sensor.grid", 500, "W")
    set_sensor(hass, "sensor.sun", 2, "kW")
    set_sensor(hass, "sensor.cells", -1000, "W")
    set_sensor(hass, "sensor.soc", 50, "%")
    set_sensor(hass, "sensor.wallbox", 0, "W")
    hass.states.async_set("binary_sensor.plug", "on")
