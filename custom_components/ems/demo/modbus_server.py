"""A Modbus TCP server for one simulated device: pymodbus' framing and registers, our connections and faults.

pymodbus' own connection handler starts a task per request that nobody can wait for, and answers only the
newest when two requests share a packet. Here one worker per connection answers in order, and stopping leaves
nothing behind.
"""

import asyncio
import logging
from random import Random
from typing import cast, override

from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.exceptions import ModbusIOException
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.transport import ModbusProtocol

from .faults import ActiveFault, Fault, Faults
from .registers import RegisterTable

_LOGGER = logging.getLogger(__name__)

_READS = (3, 4)


class PortError(OSError):
    """A port could not be opened."""


class DeviceServer:
    """One device on one port, with one or more units behind it."""

    def __init__(self, name: str, tables: list[RegisterTable], faults: Faults, seed: int) -> None:
        """Prepare; nothing is opened yet."""
        self.name = name
        self.units = frozenset(table.unit for table in tables)
        self.connections: set[_Connection] = set()
        self.chance = Random(seed)
        self._tables = tables
        self._faults = faults
        self._server: _Listener | None = None
        faults.listen(self._on_fault)

    @property
    def fault(self) -> ActiveFault | None:
        """What the device suffers from."""
        return self._faults.get(self.name)

    async def start(self, host: str, port: int) -> int:
        """Open the port and return it (a free one when 0)."""
        server = _Listener(self, [table.device() for table in self._tables], host, port)
        try:
            await server.serve_forever(background=True)
        except OSError as err:
            reason = err.strerror or err
            raise PortError(
                err.errno, f"demo home: cannot open {host}:{port} for the {self.name} ({reason})"
            ) from err
        self._server = server
        return server.port

    async def stop(self) -> None:
        """Close the port and every connection, and wait until they are gone."""
        if self._server is None:
            return
        listener, self._server = self._server.listener_socket, None
        workers = [connection.worker for connection in self.connections if connection.worker is not None]
        listener.close()
        self.drop_connections()
        await asyncio.gather(*workers, return_exceptions=True)
        await listener.wait_closed()

    def drop_connections(self) -> None:
        """Break every connection."""
        for connection in list(self.connections):
            connection.abort()

    def _on_fault(self, device: str, fault: ActiveFault | None) -> None:
        if device != self.name:
            return
        for table in self._tables:
            table.freeze(fault is not None and fault.kind is Fault.FROZEN)
        if fault is not None and fault.is_gone:
            self.drop_connections()


class _Listener(ModbusTcpServer):
    """pymodbus' server with our connections, which says why it cannot listen."""

    def __init__(self, device: DeviceServer, units: list, host: str, port: int) -> None:  # type: ignore[type-arg]
        self.device = device
        super().__init__(units, address=(host, port))

    @property
    def listener_socket(self) -> asyncio.Server:
        """The open listener."""
        assert isinstance(self.transport, asyncio.Server)  # noqa: S101  (listen() put it there)
        return self.transport

    @property
    def port(self) -> int:
        """The port that was opened."""
        return int(self.listener_socket.sockets[0].getsockname()[1])

    @override
    async def listen(self) -> bool:
        self.is_closing, self.is_listener = False, True
        self.transport = await self.call_create()  # the original hides the OSError
        return True

    @override
    def callback_new_connection(self) -> ModbusProtocol:
        return _Connection(self)


class _Connection(ServerRequestHandler):
    """One client: requests wait in line and are answered one by one."""

    def __init__(self, listener: _Listener) -> None:
        super().__init__(listener, None, None, None)  # type: ignore[no-untyped-call]  # pymodbus lacks types here
        self._device = listener.device
        # Annotated with what pymodbus is leaving behind; SimCore answers the same two calls.
        self._units = cast("ModbusServerContext", listener.context)
        self._waiting: asyncio.Queue[ModbusPDU] = asyncio.Queue()
        self.worker: asyncio.Task[None] | None = None

    @override
    def callback_connected(self) -> None:
        super().callback_connected()
        self._device.connections.add(self)
        fault = self._device.fault
        if fault is not None and fault.is_gone:
            self.abort()
            return
        self.worker = asyncio.create_task(self._work(), name=f"demo {self._device.name} connection")

    @override
    def callback_disconnected(self, exc: Exception | None) -> None:
        self._device.connections.discard(self)
        if self.worker is not None:
            self.worker.cancel()

    def abort(self) -> None:
        """Break the connection without a farewell."""
        self._device.connections.discard(self)
        if self.worker is not None:
            self.worker.cancel()
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()

    @override
    def callback_data(self, data: bytes, addr: tuple | None = None) -> int:  # type: ignore[type-arg]
        """Queue every complete request and return how many bytes they took."""
        used = 0
        while used < len(data):
            try:
                taken, request = self.framer.handleFrame(data[used:], 0, 0)
            except ModbusIOException:
                return len(data)  # not Modbus; a device ignores noise
            used += taken
            if request is None:
                break
            self._waiting.put_nowait(request)
        return used

    async def _work(self) -> None:
        while True:
            request = await self._waiting.get()
            try:
                response = await self._respond(request)
            except Exception:
                # A mistake in one register must not end the connection: answer as a broken device does.
                _LOGGER.exception("Demo %s: cannot answer %s", self._device.name, request)
                response = ExceptionResponse(request.function_code, ExcCodes.DEVICE_FAILURE)
            if response is not None and isinstance(self.transport, asyncio.Transport):
                response.transaction_id, response.dev_id = request.transaction_id, request.dev_id
                self.transport.write(self.framer.buildFrame(response))

    async def _respond(self, request: ModbusPDU) -> ModbusPDU | None:
        """Return the answer to a request in the device's present health, None for silence."""
        fault = self._device.fault
        match fault.kind if fault else None:
            case Fault.SILENT:
                return None
            case Fault.SLOW if fault:
                await asyncio.sleep(fault.seconds)
            case Fault.EXCEPTION if fault:
                return ExceptionResponse(request.function_code, fault.code)
        response = await self._healthy(request)
        if fault and fault.kind is Fault.GARBAGE and request.function_code in _READS:
            response.registers = [self._device.chance.randrange(0x10000) for _ in response.registers]
        return response

    async def _healthy(self, request: ModbusPDU) -> ModbusPDU:
        if request.dev_id not in self._device.units:
            return ExceptionResponse(request.function_code, ExcCodes.GATEWAY_NO_RESPONSE)
        if request.function_code not in {3, 4, 6, 16}:
            return ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_FUNCTION)
        if request.function_code in _READS and not 1 <= request.count <= 125:
            return ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_VALUE)
        return await request.datastore_update(self._units, request.dev_id)
