"""From a profile's link and where the device is to what opens the connection."""

from typing import Final, Literal

from modbus_connection import ModbusSerialParams, ModbusTcpParams

from .profile.model import Parity, SerialLine, Transport

_PARITY: Final[dict[Parity, Literal["N", "E", "O"]]] = {"none": "N", "even": "E", "odd": "O"}


def tcp_params(
    host: str, port: int, transport: Transport = "modbus_tcp"
) -> ModbusTcpParams | ModbusSerialParams:
    """Return what opens a connection over the network.

    A gateway that only passes bytes through carries the frames of the line, with their checksum: RTU over TCP.
    """
    if transport == "modbus_tcp":
        return ModbusTcpParams(host=host, port=port)
    # The colons of an IPv6 address would be read as the port's.
    place = f"[{host}]" if ":" in host else host
    return ModbusSerialParams(device=f"socket://{place}:{port}")


def serial_params(device: str, line: SerialLine) -> ModbusSerialParams:
    """Return what opens a serial port. Everything on one line shares it: ask the one connection for many units."""
    return ModbusSerialParams(
        device=device, baudrate=line.baudrate, parity=_PARITY[line.parity], stopbits=line.stop_bits
    )
