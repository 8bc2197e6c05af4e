"""Borrow Modbus units from Home Assistant, which shares one connection per device between integrations."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from homeassistant.components.modbus import async_get_temporary_unit, async_get_unit
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit

from ..const import (
    CONF_BAUDRATE,
    CONF_PARITY,
    CONF_SERIAL_PORT,
    CONF_STOP_BITS,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
)
from ..devices.profile import SerialLine
from ..devices.profile.model import Transport
from ..devices.transport import serial_params, tcp_params

# Home Assistant's own Modbus integration waits as long. Twice this is well within READING_MAX_AGE_S, so one lost
# answer is not yet a stale reading; the library's 10 s are not.
TIMEOUT_S = 5.0
# A driver closes a serial port in its own time and keeps it locked until then: who opens it meanwhile, as a reload
# does, is refused.
PORT_REST_S = 0.5


def wiring_of(link: Mapping[str, Any]) -> Transport:
    """Return how a stored link reaches its device.

    Links that were kept before there was a choice name what the device itself speaks; all of them went to a gateway
    that speaks Modbus TCP.
    """
    wiring: Transport = link[CONF_TRANSPORT]
    return "modbus_tcp" if wiring == "modbus_rtu" and CONF_HOST in link else wiring


def is_serial(link: Mapping[str, Any]) -> bool:
    """Tell whether a stored link is a serial port of this machine."""
    return wiring_of(link) == "modbus_rtu"


def link_params(link: Mapping[str, Any]) -> ModbusTcpParams | ModbusSerialParams:
    """Return the connection that a stored link describes. Equal ones are one line, shared by all units on it."""
    if not is_serial(link):
        return tcp_params(link[CONF_HOST], int(link[CONF_PORT]), wiring_of(link))
    line = SerialLine(
        baudrate=int(link[CONF_BAUDRATE]),
        parity=link[CONF_PARITY],
        stop_bits=2 if int(link[CONF_STOP_BITS]) == 2 else 1,
    )
    return serial_params(link[CONF_SERIAL_PORT], line)


def place_of(link: Mapping[str, Any]) -> str:
    """Return where a device answers, as what tells it from others where it has no serial number."""
    if is_serial(link):
        return f"{link[CONF_SERIAL_PORT]}-{int(link[CONF_UNIT_ID])}"
    return f"{link[CONF_HOST]}-{link[CONF_PORT]}-{int(link[CONF_UNIT_ID])}"


def link_key(link: Mapping[str, Any]) -> str:
    """Return what two subentries on one device have in common: one connection and one unit."""
    return f"{link_params(link).endpoint}:{link[CONF_UNIT_ID]}"


def async_borrow_units(
    hass: HomeAssistant, entry: ConfigEntry[Any], link: Mapping[str, Any], identity_unit_id: int | None
) -> tuple[ModbusUnit, ModbusUnit | None]:
    """Return the device's unit, and the one that knows who it is, for as long as the entry is loaded."""
    params = link_params(link)
    entry.async_on_unload(partial(_async_rest, params))
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
        stack.push_async_callback(_async_rest, params)
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


async def _async_rest(params: ModbusTcpParams | ModbusSerialParams) -> None:
    """Give a line the time to be closed before anybody opens it again."""
    if isinstance(params, ModbusSerialParams):
        await asyncio.sleep(PORT_REST_S)
