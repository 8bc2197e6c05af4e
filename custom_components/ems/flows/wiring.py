"""How a Modbus device is wired, and how often it is asked: fields, what is kept of them, and what is wrong with it."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
)
import probatio

from ..adapters.modbus_link import wiring_of
from ..const import (
    CONF_BAUDRATE,
    CONF_PARITY,
    CONF_POLL_S,
    CONF_SERIAL_PORT,
    CONF_STOP_BITS,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
)
from ..devices.profile.link_lines import BAUDRATES
from ..devices.profile.model import Link, SerialLine, Transport
from .fields import choice, number, whole

# A network first: it is what most have, and a gateway on the line is one, too.
WIRINGS: Final[tuple[Transport, ...]] = ("modbus_tcp", "modbus_rtu_over_tcp", "modbus_rtu")
PARITIES: Final = ("none", "even", "odd")
MORE: Final = "more"
# What a form asks of a network, and of a serial port.
_NETWORK: Final = (CONF_HOST, CONF_PORT)
_LINE: Final = (CONF_SERIAL_PORT, CONF_BAUDRATE, CONF_PARITY, CONF_STOP_BITS)


def has_line(link: Link) -> bool:
    """Tell whether a device can be wired in more than one way: it has a serial line, or speaks as on one."""
    return link.serial is not None or link.transport != "modbus_tcp"


def modbus_schema(port: int = 502, unit_id: int = 1, *, choose: bool = True) -> probatio.Schema:
    """Return the form for a Modbus device. Where there is a choice of wirings, a host may be missing."""
    fields: dict[Any, Any] = {}
    if choose:
        fields[probatio.Required(CONF_TRANSPORT, default=WIRINGS[0])] = choice(list(WIRINGS), "wiring")
    host = probatio.Optional(CONF_HOST) if choose else probatio.Required(CONF_HOST)
    return probatio.Schema(
        {
            **fields,
            host: TextSelector(),
            probatio.Required(CONF_PORT, default=port): whole(1, 65535),
            probatio.Required(CONF_UNIT_ID, default=unit_id): whole(0, 255),
            **more_fields(),
        }
    )


def more_fields() -> dict[Any, Any]:
    """Return what hardly anybody changes: how often a device is asked."""
    interval = {probatio.Optional(CONF_POLL_S): number(1, 3600, 1, "s")}
    return {probatio.Optional(MORE): section(probatio.Schema(interval), {"collapsed": True})}


def modbus_link(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of the form: only what its wiring needs, the rest comes from the next form."""
    link = {CONF_TRANSPORT: WIRINGS[0], **flattened(user_input)}
    link[CONF_HOST] = (link.get(CONF_HOST) or "").strip().lower()
    if link[CONF_TRANSPORT] != "modbus_rtu":
        return link
    return {key: value for key, value in link.items() if key not in _NETWORK}


def flattened(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers without its section."""
    return {**{key: value for key, value in user_input.items() if key != MORE}, **user_input.get(MORE, {})}


def sectioned(link: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored link as the form that asks for it is filled."""
    shown = {key: value for key, value in link.items() if key not in (*_LINE, CONF_POLL_S)}
    if CONF_UNIT_ID in link:
        shown[CONF_TRANSPORT] = wiring_of(link)
    return {**shown, **({MORE: {CONF_POLL_S: link[CONF_POLL_S]}} if CONF_POLL_S in link else {})}


def link_errors(link: Mapping[str, Any], floor_s: float) -> tuple[dict[str, str], str]:
    """Name what is missing of a link, and an interval that is shorter than the device allows."""
    if CONF_HOST in link and not link[CONF_HOST]:
        return {CONF_HOST: "host_missing"}, ""
    if link.get(CONF_POLL_S, floor_s) < floor_s:
        # A field in a closed section would hide its error.
        return {"base": "poll_too_often"}, f"{floor_s:g} s"
    return {}, ""


def serial_schema(line: SerialLine, unit_id: int) -> probatio.Schema:
    """Return the form for a serial port; the line is filled in as the device leaves the factory.

    The unit is asked for again: flows have no way back, and silence on a line is mostly a wrong unit.
    """
    baudrates = SelectSelector(
        SelectSelectorConfig(options=[str(rate) for rate in BAUDRATES], mode=SelectSelectorMode.DROPDOWN)
    )
    return probatio.Schema(
        {
            probatio.Required(CONF_SERIAL_PORT): SerialPortSelector(),
            probatio.Required(CONF_BAUDRATE, default=str(line.baudrate)): baudrates,
            probatio.Required(CONF_PARITY, default=line.parity): choice(list(PARITIES), "parity"),
            probatio.Required(CONF_STOP_BITS, default=str(line.stop_bits)): choice(["1", "2"], "stop_bits"),
            probatio.Required(CONF_UNIT_ID, default=unit_id): whole(0, 255),
        }
    )


def serial_link(link: Mapping[str, Any], user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return a link on a serial port."""
    numbers = {key: int(user_input[key]) for key in (CONF_BAUDRATE, CONF_STOP_BITS)}
    return {**link, **user_input, **numbers, CONF_SERIAL_PORT: user_input[CONF_SERIAL_PORT].strip()}


def line_of(link: Mapping[str, Any]) -> dict[str, Any]:
    """Return what everything on one line shares."""
    return {key: link[key] for key in _LINE}


def serial_shown(link: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored link as the form for a serial port is filled; drop-downs hold words."""
    return {key: str(link[key]) for key in _LINE if key in link}
