"""Borrow Modbus units from Home Assistant, which shares one connection per device between integrations."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from homeassistant.components.modbus import async_get_temporary_unit, async_get_unit
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusTcpParams, ModbusUnit

from ..const import CONF_UNIT_ID

# Home Assistant's own Modbus integration waits as long. Twice this is well within READING_MAX_AGE_S, so one lost
# answer is not yet a stale reading; the library's 10 s are not.
TIMEOUT_S = 5.0


def link_params(link: Mapping[str, Any]) -> ModbusTcpParams:
    """Return the connection that a stored link describes."""
    return ModbusTcpParams(host=link[CONF_HOST], port=int(link[CONF_PORT]))


def link_key(link: Mapping[str, Any]) -> str:
    """Return what two subentries on one device have in common."""
    return f"{link[CONF_HOST]}:{link[CONF_PORT]}:{link[CONF_UNIT_ID]}".lower()


def async_borrow_units(
    hass: HomeAssistant, entry: ConfigEntry[Any], link: Mapping[str, Any], identity_unit_id: int | None
) -> tuple[ModbusUnit, ModbusUnit | None]:
    """Return the device's unit, and the one that knows who it is, for as long as the entry is loaded."""
    params = link_params(link)
    unit = async_get_unit(hass, entry, params, int(link[CONF_UNIT_ID]))
    unit.require_timeout(TIMEOUT_S)
    if identity_unit_id is None:
        return unit, None
    return unit, async_get_unit(hass, entry, params, identity_unit_id)


@asynccontextmanager
async def async_temporary_units(
    hass: HomeAssistant, link: Mapping[str, Any], identity_unit_id: int | None
) -> AsyncIterator[tuple[ModbusUnit, ModbusUnit | None]]:
    """Hold the same units for a flow, on the connection in use where there is one."""
    params = link_params(link)
    async with AsyncExitStack() as stack:
        unit = await stack.enter_async_context(
            async_get_temporary_unit(hass, params, int(link[CONF_UNIT_ID]))
        )
        unit.require_timeout(TIMEOUT_S)
        identity = None
        if identity_unit_id is not None:
            identity = await stack.enter_async_context(
                async_get_temporary_unit(hass, params, identity_unit_id)
            )
        yield unit, identity
