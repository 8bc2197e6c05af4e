"""Meters that a newcomer owns, as they look from the network: Modbus, MQTT and HTTP on loopback."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from aiohttp import web
from paho.mqtt import publish
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import SimDevice

from tests.devices.images import abb_b23

from .mosquitto import Mosquitto
from .registers import simulated


@asynccontextmanager
async def abb_meter() -> AsyncIterator[int]:
    """Serve the image of an ABB B23, which imports 1251.56 W; yield its port."""
    server = ModbusTcpServer([SimDevice(1, simdata=simulated(abb_b23()))], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    assert server.transport is not None
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


class Shelly:
    """A Shelly 3EM of the first generation: a topic per number, about once a second, nothing retained."""

    def __init__(self, broker: Mosquitto, prefix: str) -> None:
        """Measure nothing yet."""
        self._broker, self._prefix = broker, prefix
        self.power_w: list[float] = [0.0, 0.0, 0.0]

    async def publish(self) -> None:
        """Say everything once."""
        said: dict[str, object] = {"online": "true"}
        for phase, power_w in enumerate(self.power_w):
            measured = {
                "power": power_w, "voltage": 231.4 + phase, "current": round(power_w / 231 / 0.98, 2),
                "pf": 0.98, "total": 184_220.5 + phase, "total_returned": 0.0,
            }  # fmt: skip
            said |= {f"emeter/{phase}/{name}": value for name, value in measured.items()}
        messages = [
            {"topic": f"{self._prefix}/{topic}", "payload": str(value)} for topic, value in said.items()
        ]
        await asyncio.to_thread(publish.multiple, messages, hostname="127.0.0.1", port=self._broker.port)


@asynccontextmanager
async def shelly_3em(broker: Mosquitto, prefix: str) -> AsyncIterator[Shelly]:
    """Let a Shelly speak once a second."""
    shelly = Shelly(broker, prefix)

    async def live() -> None:
        while True:
            await shelly.publish()
            await asyncio.sleep(1)

    living = asyncio.create_task(live())
    try:
        yield shelly
    finally:
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living


@asynccontextmanager
async def web_meter(measured: Mapping[str, object]) -> AsyncIterator[str]:
    """Answer with what was measured, as JSON; yield the address."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"device": {"model": "M3"}, "measurement": dict(measured)})

    app = web.Application()
    app.router.add_get("/status", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        (host, port) = runner.addresses[0]
        yield f"http://{host}:{port}/status"
    finally:
        await runner.cleanup()
