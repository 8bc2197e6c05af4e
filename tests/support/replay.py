"""Reads a device again from a diagnostics download: the same profile, the same answers, a real wire.

`python -m tests.support.replay FILE...` says for each device whether it reads what was recorded. Registers are served
by a real Modbus server, HTTP documents by a real web server, and MQTT messages by a client that kept them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
import json
from pathlib import Path
import sys
from typing import Any, override

from aiohttp import ClientSession, web
from modbus_connection import ModbusTcpParams
from modbus_connection.pymodbus import ModbusConnection
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from yarl import URL

from custom_components.ems.devices import (
    Access,
    AnyProfile,
    Broker,
    Device,
    DeviceError,
    DocumentProfile,
    HttpClient,
    HttpDevice,
    Message,
    ModbusDevice,
    MqttDevice,
    Profile,
    Reading,
    load_profiles,
)
from custom_components.ems.devices.broker import OnMessage, Unsubscribe
from custom_components.ems.devices.by_hand import profile_by_hand
from custom_components.ems.devices.profile import HttpLink, MqttLink, parse_any_profile

type Image = dict[int, int]
type Recorded = Mapping[str, Any]

RHYTHMS = ("readings", "settings")
_PREFIX = "replayed"
# A value that was old already when it was recorded was read from answers that are not in the capture.
_OLD = "stale"


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What came of one device.

    problem : Why it could not be read at all, or is not what its profile says; None where all is well.
    differences : Points that read differently from what was recorded, as sentences.
    compared : How many points were compared.
    """

    problem: str | None
    differences: tuple[str, ...]
    compared: int


def devices_of(download: Mapping[str, Any]) -> dict[str, Recorded]:
    """Return the devices of a download that can be replayed, as Home Assistant saves it or its `data` alone."""
    found = download.get("data", download)["devices"]
    return {key: device for key, device in found.items() if device.get("capture")}


def profile_of(capture: Mapping[str, Any]) -> AnyProfile:
    """Return the profile a capture was read by: the text that came along, rows of a form, or a shipped one."""
    if "own" in capture:
        return parse_any_profile(capture["own"], f"{capture['profile']}.yaml")
    if "by_hand" in capture:
        return profile_by_hand(capture["by_hand"]["role"], capture["by_hand"]["source"])
    return load_profiles()[capture["profile"]]


async def async_replay(recorded: Recorded) -> Replay:
    """Read the device of a capture once more and compare."""
    capture = recorded["capture"]
    problem: str | None = None
    differences: list[str] = []
    compared = 0
    for rhythm, before in zip(RHYTHMS, (recorded["reading"], recorded["settings"]), strict=True):
        if before is None:
            continue
        async with _serving(capture, rhythm) as device:
            try:
                if "by_hand" not in capture and not capture.get("proof_hidden"):
                    await device.async_identify()
                after = await (device.async_read() if rhythm == "readings" else device.async_read_settings())
            except DeviceError as err:
                problem = problem or f"{rhythm}: {err}"
                continue
        found = list(_compared(before, after))
        compared += len(found)
        differences += [said for said in found if said]
    return Replay(problem=problem, differences=tuple(differences), compared=compared)


def _compared(before: Mapping[str, Any], after: Reading) -> Iterator[str | None]:
    """Yield for each recorded point what is different about it, None where nothing is."""
    for role, points in before["roles"].items():
        for key, was in points.items():
            if was["quality"] == _OLD:
                continue
            now = after.roles.get(role, {}).get(key)
            is_same = now is not None and (now.value, now.quality.value) == (was["value"], was["quality"])
            shown = f"{now.value!r} ({now.quality.value})" if now else "nothing"
            yield (
                None if is_same else f"{role}.{key}: was {was['value']!r} ({was['quality']}), reads {shown}"
            )


@asynccontextmanager
async def _serving(capture: Mapping[str, Any], rhythm: str) -> AsyncIterator[Device]:
    """Play the device as it was when one of its rhythms was read."""
    profile = profile_of(capture)
    if isinstance(profile, Profile):
        async with _modbus(profile, capture, rhythm) as device:
            yield device
    elif isinstance(profile.link, HttpLink):
        async with _http(profile, capture, rhythm) as device:
            yield device
    else:
        documents = capture["documents"].get("readings", {})
        broker = _KeptMessages(profile.filled(channel=capture["channel"], prefix=_PREFIX), documents)
        heard = MqttDevice(
            profile,
            broker,
            prefix=_PREFIX,
            channel=capture["channel"],
            roles=capture["roles"],
            identify_s=0.2,
            first_s=0.2,
        )
        yield heard
        heard.close()


@asynccontextmanager
async def _modbus(profile: Profile, capture: Mapping[str, Any], rhythm: str) -> AsyncIterator[Device]:
    images = _images(capture["blocks"], rhythm)
    server = ModbusTcpServer([_simulated(*each) for each in images.items()], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    assert server.transport is not None
    port = server.transport.sockets[0].getsockname()[1]
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port), timeout=2)
    names_id = profile.identity.unit_id
    units = [block["unit"] for block in capture["blocks"] if block["occasion"] != "identity"]
    unit_id = units[0] if units else next(iter(images))
    try:
        yield ModbusDevice(
            replace(profile, link=replace(profile.link, pause_s=0.0)),  # a simulated line needs no rest
            connection.for_unit(unit_id),
            identity_unit=None if names_id is None else connection.for_unit(names_id),
            roles=capture["roles"],
        )
    finally:
        await connection.close()
        await server.shutdown()
        await asyncio.sleep(0)


def _images(blocks: Sequence[Mapping[str, Any]], rhythm: str) -> dict[int, dict[str, Image]]:
    """Return the registers by unit and table; those of the rhythm that is replayed win."""
    order = sorted(blocks, key=lambda block: (block["occasion"] == rhythm, block["occasion"] != "identity"))
    images: dict[int, dict[str, Image]] = {}
    for block in order:
        image = images.setdefault(block["unit"], {}).setdefault(block["table"], {})
        for n, shown in enumerate(block["words"].split()):
            if shown == "----":
                image.setdefault(block["address"] + n, 0)  # only read along: no value is made of it
            else:
                image[block["address"] + n] = int(shown, 16)
    return images


def _simulated(unit_id: int, tables: Mapping[str, Image]) -> SimDevice:
    holding, inputs = (_runs(tables.get(name) or {65535: 0}) for name in ("holding", "input"))
    return SimDevice(unit_id, simdata=(_coils(tables.get("coil", {})), _coils({}), holding, inputs))


def _runs(image: Image) -> list[SimData]:
    """Return runs of registers; what lies between them is refused, as the device would."""
    runs: list[tuple[int, list[int]]] = []
    for address, word in sorted(image.items()):
        if runs and address == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(word)
        else:
            runs.append((address, [word]))
    return [SimData(start, values=values, datatype=DataType.UINT16) for start, values in runs]


def _coils(image: Image) -> list[SimData]:
    """Return all coils in one run, which pymodbus wants in whole bytes; those between are off."""
    low, high = min(image, default=0), max(image, default=0)
    states = [bool(image.get(address)) for address in range(low, low + (high - low) // 8 * 8 + 8)]
    return [SimData(low, values=states, datatype=DataType.BITS)]


@asynccontextmanager
async def _http(profile: DocumentProfile, capture: Mapping[str, Any], rhythm: str) -> AsyncIterator[Device]:
    link = profile.filled(channel=capture["channel"]).link
    assert isinstance(link, HttpLink)
    found = capture["documents"]
    documents = {**found.get("identity", {}), **found.get(rhythm, {})}
    asked = {str(URL(request.path)): name for name, request in link.requests.items()}

    async def answer(request: web.Request) -> web.Response:
        name = asked.get(request.raw_path)
        if name not in documents:
            return web.Response(status=404)
        return web.json_response(documents[name])

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with ClientSession() as session:
            client = HttpClient(session, Access(base_url=f"http://127.0.0.1:{port}"))
            yield HttpDevice(profile, client, channel=capture["channel"], roles=capture["roles"])
    finally:
        await runner.cleanup()


class _KeptMessages(Broker):
    """Says what the broker kept, to whoever subscribes."""

    def __init__(self, profile: DocumentProfile, documents: Mapping[str, Any]) -> None:
        """Turn documents back into messages."""
        link = profile.link
        assert isinstance(link, MqttLink)
        self._kept: dict[str, str] = {}
        for name, topic in sorted(link.topics.items(), key=lambda item: item[1].json):
            if name in documents:
                content = documents[name]
                self._kept[topic.topic] = json.dumps(content) if topic.json else str(content)
        if link.alive:
            self._kept[link.alive.topic] = link.alive.word

    @override
    async def async_subscribe(self, topic: str, on_message: OnMessage) -> Unsubscribe:
        """Hand the kept message over."""
        if topic in self._kept:
            on_message(Message(topic=topic, payload=self._kept[topic], retained=True))
        return lambda: None

    @override
    async def async_publish(self, topic: str, payload: str, *, retain: bool) -> None:
        """Nobody is told anything in a replay."""
        raise AssertionError(topic)


def main(files: Sequence[str]) -> int:
    """Replay files; return 0 where every device reads what was recorded."""
    worst = 0 if files else 2
    for file in files:
        devices = devices_of(json.loads(Path(file).read_text(encoding="utf-8")))
        for recorded in devices.values():
            played = asyncio.run(async_replay(recorded))
            lines = [played.problem] if played.problem else list(played.differences)
            name = recorded["capture"]["profile"] or "by hand"
            said = "".join(f"\n    {line}" for line in lines) or f": {played.compared} values as recorded"
            sys.stdout.write(f"{file}: {recorded['role']} ({name}){said}\n")
            worst = max(worst, 1 if lines else 0)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
