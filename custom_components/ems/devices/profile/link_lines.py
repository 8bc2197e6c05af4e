"""How to talk to a device: the part of the schema that reads `link`."""

from collections.abc import Mapping
from typing import Final, Literal, cast

from .model import Link, Parity, SerialLine, Transport
from .node import Node

_FIELDS: Final = (
    "serial",
    "max_registers",
    "gap",
    "pause_s",
    "single_write",
    "write_pause_s",
    "poll_s",
    "settings_poll_s",
)
BAUDRATES: Final = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
# A device with a line whose maker states no settings for it: people read them off the device.
AS_SET: Final = "as_set"
# Nothing a home does is quicker, and small devices answer no quicker either.
_POLL_MIN_S: Final = 1.0


def parse_link(node: Node) -> Link:
    """Read `link` of a profile."""
    found = node.fields(required=("transport", "port", "unit_id"), optional=_FIELDS)
    plain = Link()
    transport = cast(
        "Transport", found["transport"].choice("modbus_tcp", "modbus_rtu", "modbus_rtu_over_tcp")
    )
    if transport == "modbus_rtu" and "serial" not in found:
        node.fail("a device on a line needs `serial: {baudrate: …, parity: …, stop_bits: …}`; add it")
    return Link(
        transport=transport,
        serial=_serial(found["serial"]) if "serial" in found else None,
        port=found["port"].integer(1, 65535),
        unit_id=found["unit_id"].integer(0, 255),
        max_registers=_integer(found, "max_registers", 1, 125, plain.max_registers),
        gap=_integer(found, "gap", 0, 124, plain.gap),
        pause_s=_number(found, "pause_s", plain.pause_s),
        single_write=found["single_write"].flag() if "single_write" in found else plain.single_write,
        write_pause_s=_number(found, "write_pause_s", plain.write_pause_s),
        poll_s=_poll_s(found, plain.poll_s),
        settings_poll_s=_number(found, "settings_poll_s", plain.settings_poll_s),
    )


def _serial(node: Node) -> SerialLine:
    if node.value == AS_SET:
        return SerialLine()
    found = node.fields(required=("baudrate", "parity", "stop_bits"))
    baudrate = found["baudrate"].integer(BAUDRATES[0], BAUDRATES[-1])
    if baudrate not in BAUDRATES:
        found["baudrate"].fail(f"must be one of {', '.join(map(str, BAUDRATES))}, not {baudrate}")
    return SerialLine(
        baudrate=baudrate,
        parity=cast("Parity", found["parity"].choice("none", "even", "odd")),
        stop_bits=cast("Literal[1, 2]", found["stop_bits"].integer(1, 2)),
    )


def _integer(found: Mapping[str, Node], name: str, low: int, high: int, default: int) -> int:
    return found[name].integer(low, high) if name in found else default


def _poll_s(found: Mapping[str, Node], default: float) -> float:
    poll_s = _number(found, "poll_s", default)
    if poll_s < _POLL_MIN_S:
        found["poll_s"].fail(f"must be at least {_POLL_MIN_S:g} s")
    return poll_s


def _number(found: Mapping[str, Node], name: str, default: float) -> float:
    if name in found and found[name].number() < 0:
        found[name].fail("must not be negative")
    return found[name].number() if name in found else default
