"""Serves a fleet: Modbus TCP, HTTP, and messages to a broker. A process of its own, on a core of its own.

Plain asyncio, because what is measured is who asks. Reads a fleet's JSON; the second argument is the broker's port.
"""

import asyncio
from functools import partial
import json
from pathlib import Path
import sys
import time
from typing import Any, Final

from aiohttp import web
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.fleet import FRAMES, HOST

EVERY_S: Final = 5.0
_SPACE: Final = {3: "holding", 4: "input"}
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _NO_SUCH_UNIT = 1, 2, 11


def frame_now() -> int:
    """Return which frame of every device is showing."""
    return int(time.time() / EVERY_S) % FRAMES


def answer(units: dict[int, list[dict[str, dict[int, int]]]], unit: int, pdu: bytes) -> bytes:
    """Return the answer to one Modbus request. Writes are taken and forgotten."""
    function, first = pdu[0], int.from_bytes(pdu[1:3])
    if unit not in units:
        return bytes((function | 0x80, _NO_SUCH_UNIT))
    if function in {6, 16}:
        return pdu[:5]
    if function not in _SPACE:
        return bytes((function | 0x80, _ILLEGAL_FUNCTION))
    words = units[unit][frame_now()][_SPACE[function]]
    count = int.from_bytes(pdu[3:5])
    found = [words.get(at, 0) for at in range(first, first + count)]
    # Gaps between what is known are zeros, as with most makers; where nothing is known at all there is nothing.
    if not any(at in words for at in range(first, first + count)):
        return bytes((function | 0x80, _ILLEGAL_ADDRESS))
    return bytes((function, 2 * count)) + b"".join(word.to_bytes(2) for word in found)


async def _serve_modbus(
    units: dict[int, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while True:
            head = await reader.readexactly(7)
            pdu = await reader.readexactly(int.from_bytes(head[4:6]) - 1)
            said = answer(units, head[6], pdu)
            writer.write(head[:4] + (len(said) + 1).to_bytes(2) + head[6:] + said)
            await writer.drain()
    except asyncio.IncompleteReadError, ConnectionError:
        writer.close()


async def _serve_http(documents: dict[str, list[str]], request: web.BaseRequest) -> web.Response:
    frames = documents.get(request.raw_path) or documents.get(request.path)
    if frames is None:
        return web.Response(status=404)
    return web.Response(text=frames[frame_now()], content_type="application/json")


async def _publish(devices: list[list[list[tuple[str, str]]]], broker_port: int) -> None:
    """Let every device publish once in five seconds, one after the other."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(HOST, broker_port)
    client.loop_start()
    while True:
        began = time.monotonic()
        for n, frames in enumerate(devices):
            await asyncio.sleep(max(0.0, began + n * EVERY_S / len(devices) - time.monotonic()))
            for topic, payload in frames[frame_now()]:
                client.publish(topic, payload, retain=True)
        await asyncio.sleep(max(0.0, began + EVERY_S - time.monotonic()))


async def main(path: str, broker_port: str) -> None:
    """Serve until the end."""
    fleet = json.loads(await asyncio.to_thread(Path(path).read_text, encoding="utf-8"))
    for port, units in fleet["modbus"].items():
        known = {
            int(unit): [
                {space: {int(at): word for at, word in words.items()} for space, words in frame.items()}
                for frame in frames
            ]
            for unit, frames in units.items()
        }
        await asyncio.start_server(partial(_serve_modbus, known), HOST, int(port))
    for port, documents in fleet["http"].items():
        runner = web.ServerRunner(web.Server(partial(_serve_http, documents)))
        await runner.setup()
        await web.TCPSite(runner, HOST, int(port)).start()
    print("ready", flush=True)
    if fleet["mqtt"]:
        await _publish(fleet["mqtt"], int(broker_port))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
