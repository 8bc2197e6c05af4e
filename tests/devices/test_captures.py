"""Captures: what a device answered, without its names, reads the same again on a real wire."""

from collections.abc import Callable
from dataclasses import asdict
import json
from typing import Any

from modbus_connection.mock import MockModbusConnection, MockModbusUnit
import pytest

from custom_components.ems.devices import (
    Access,
    Broker,
    HttpClient,
    HttpDevice,
    Message,
    ModbusDevice,
    MqttDevice,
    load_profiles,
)
from custom_components.ems.devices.document_capture import BYTES_MAX, capture_documents
from custom_components.ems.devices.profile import parse_profile
from custom_components.ems.devices.pseudonym import all_masked, digits_masked, masked_number
from custom_components.ems.devices.register_capture import capture_registers
from tests.devices import charger_images, documents, hybrid_images
from tests.devices.images import Image, abb_b23, image, solaredge, text, words
from tests.devices.test_http_device import CAPTURES as WEB
from tests.devices.test_meter_maps import METERS
from tests.support.manual import OWN_METER
from tests.support.replay import Replay, async_replay

HYBRIDS = [
    *("sma_smart_energy", "victron_gx", "huawei_sun2000", "sungrow_sh", "goodwe_et", "growatt_tlxh", "growatt_sph"),
    *("deye_lp3", "deye_lp1", "kostal_plenticore", "e3dc", "fronius_gen24", "sunspec_inverter", "sunspec_battery"),
]  # fmt: skip
STATIONS = [
    *("keba_p30", "keba_p40", "goe_modbus", "heidelberg_energy_control", "phoenix_ev_eth", "wallbe_eco"),
    *(
        "phoenix_charx",
        "abb_terra_ac",
        "mennekes_compact",
        "mennekes_hcc3",
        "mennekes_professional",
        "openwb2",
    ),
    *("webasto_next", "webasto_unite"),
]


def mock(holding: Image, inputs: Image, coils: dict[int, bool] | None = None) -> MockModbusUnit:
    """Return an in-memory unit."""
    unit = MockModbusConnection().for_unit(1)
    unit.holding.update(holding)
    unit.input.update(inputs)
    unit.coil.update(coils or {})
    return unit


def hybrid(name: str) -> MockModbusUnit:
    """Return a hybrid inverter."""
    found = getattr(hybrid_images, name)()
    return mock(found.holding, found.input)


def station(name: str) -> MockModbusUnit:
    """Return a charging station."""
    found = getattr(charger_images, name)()
    return mock(found.holding, found.input, found.coils)


UNITS: list[tuple[str, Callable[[], MockModbusUnit]]] = [
    ("abb_b23", lambda: mock(abb_b23(), {})),
    ("solaredge_storedge", lambda: mock(solaredge(), {})),
    ("solaredge_storedge", lambda: mock(solaredge(battery=False, meter=False), {})),
    *((meter.profile, meter.unit) for meter in METERS),
    *((name, lambda name=name: hybrid(name)) for name in HYBRIDS),
    *((name, lambda name=name: station(name)) for name in STATIONS),
]


def recorded(capture: dict[str, Any], profile: str, reading: Any, settings: Any) -> dict[str, Any]:
    """Return what a download holds of a device, through JSON and back."""
    found = {"reading": asdict(reading), "settings": settings and asdict(settings)}
    return json.loads(json.dumps({**found, "capture": {"schema": 1, "profile": profile, **capture}}))


async def replayed(device: Any, capture: Callable[[], dict[str, Any]]) -> tuple[Replay, dict[str, Any], str]:
    """Read a device, capture it, read the capture; the last is the serial number."""
    identity = await device.async_identify()
    reading, settings = await device.async_read(), await device.async_read_settings()
    whole = recorded(capture(), device.profile.id, reading, settings)
    return await async_replay(whole), whole, identity.serial or ""


@pytest.mark.parametrize(("profile", "unit"), UNITS, ids=[f"{n}-{name}" for n, (name, _) in enumerate(UNITS)])
async def test_registers_read_the_same_again(
    socket_enabled: None, profile: str, unit: Callable[[], MockModbusUnit]
) -> None:
    """Every family, its proofs and its chain of models included, and nobody's serial number."""
    device = ModbusDevice(load_profiles()[profile], unit())
    replay, whole, serial = await replayed(device, lambda: capture_registers(device, 7))
    assert (replay.problem, replay.differences) == (None, ())
    assert replay.compared == sum(
        len(points) for rhythm in ("reading", "settings") for points in whole[rhythm]["roles"].values()
    )
    assert "proof_hidden" not in whole["capture"]
    shown = " ".join(block["words"] for block in whole["capture"]["blocks"])
    for hidden in in_registers(serial):
        assert hidden not in shown, serial


def in_registers(serial: str) -> list[str]:
    """Return how a serial number may stand in a capture: as text in either byte order, or as a number."""
    if len(serial) < 4:
        return []
    pairs = [serial[n : n + 2] for n in range(0, len(serial) // 2 * 2, 2)]
    found = [" ".join(f"{ord(a):02x}{ord(b):02x}" for a, b in pairs)]
    found.append(" ".join(f"{ord(b):02x}{ord(a):02x}" for a, b in pairs))
    if serial.isdecimal() and int(serial) < 1 << 32:
        high, low = divmod(int(serial), 1 << 16)
        found += [f"{high:04x} {low:04x}", f"{low:04x} {high:04x}"]
    return found


async def test_a_register_that_lies_is_found_out(socket_enabled: None) -> None:
    """Otherwise the test above would be content with anything."""
    device = ModbusDevice(load_profiles()["abb_b23"], mock(abb_b23(), {}))
    _, whole, _ = await replayed(device, lambda: capture_registers(device, 1))
    whole["reading"]["roles"]["meter"]["power"]["value"] += 0.01
    assert (await async_replay(whole)).differences == (
        "meter.power: was 1251.57 (good), reads 1251.56 (good)",
    )
    for block in whole["capture"]["blocks"]:
        if block["occasion"] == "identity":
            block["words"] = block["words"].replace("4232", "5a5a")  # "B2" of B23
    assert "This is no ABB" in str((await async_replay(whole)).problem)


async def test_a_proof_that_is_the_serial_number_itself_is_given_up(socket_enabled: None) -> None:
    """Rather than the number; the values are compared all the same."""
    text_ = OWN_METER.replace(
        '{at: 0, type: string, length: 4, matches: "^M1"', '{at: 4, type: string, length: 4, matches: "^08"'
    )
    holding = image(
        {4: text("0815", 4), 16: words("i", 5), 18: words("II", 1, 2), 22: words("HH", 2301, 4998)}
    )
    device = ModbusDevice(parse_profile(text_, "acme_m1.yaml"), mock(holding, {}))
    replay, whole, _ = await replayed(device, lambda: capture_registers(device, 1) | {"own": text_})
    assert whole["capture"]["proof_hidden"] is True
    assert (replay.problem, replay.differences, replay.compared) == (None, (), 5)


async def test_what_is_only_read_along_stays_at_home() -> None:
    """Nobody knows what a maker keeps between two values."""
    unit = mock(abb_b23() | {0x5B20: 0xBEEF}, {})  # between active and reactive power
    device = ModbusDevice(load_profiles()["abb_b23"], unit)
    await device.async_identify()
    await device.async_read()
    blocks = [block["words"] for block in capture_registers(device, 1)["blocks"]]
    assert not [shown for shown in blocks if "beef" in shown]
    assert [shown for shown in blocks if "----" in shown]


async def test_a_capture_holds_the_last_poll_only() -> None:
    """What a device keeps of its answers does not grow."""
    unit = mock(abb_b23(), {})
    device = ModbusDevice(load_profiles()["abb_b23"], unit)
    await device.async_identify()
    await device.async_read()
    first = capture_registers(device, 1)
    for _ in range(5):
        await device.async_identify()
        await device.async_read()
    assert capture_registers(device, 1) == first
    unit.holding[0x5B15] = 1
    await device.async_read()
    assert capture_registers(device, 1) != first


@pytest.mark.parametrize("profile", WEB)
async def test_documents_read_the_same_again(web: Any, session: Any, profile: str) -> None:
    """Every family that answers over HTTP, without its serial number."""
    web.documents, channel = WEB[profile]
    client = HttpClient(session, Access(base_url=web.base_url))
    device = HttpDevice(load_profiles()[profile], client, channel=channel)
    replay, whole, serial = await replayed(device, lambda: capture_documents(device, channel))
    assert (replay.problem, replay.differences) == (None, ())
    # A plug that cannot measure tells one thing: whether it is on.
    points = sum(len(role.readings) + len(role.derived) for role in device.profile.roles.values())
    assert replay.compared >= max(1, min(points, 5) - 1)
    assert serial
    assert serial not in json.dumps(whole)


class Kept(Broker):
    """A broker that kept some messages."""

    def __init__(self, messages: dict[str, str]) -> None:
        """Remember them."""
        self._messages = messages

    async def async_subscribe(self, topic: str, on_message: Any) -> Any:
        """Hand the message over."""
        if topic in self._messages:
            on_message(Message(topic=topic, payload=self._messages[topic], retained=True))
        return lambda: None

    async def async_publish(self, topic: str, payload: str, *, retain: bool) -> None:
        """Take nothing."""
        raise AssertionError(topic)


async def test_messages_read_the_same_again() -> None:
    """Without the prefix of their topics, which often is a name."""
    emeters = documents.SHELLY_3EM_GEN1["/status"]["emeters"]
    names = ("power", "voltage", "current", "pf", "total", "total_returned")
    messages = {
        f"shellies/anna/emeter/{n}/{key}": str(emeter[key])
        for n, emeter in enumerate(emeters)
        for key in names
    }
    device = MqttDevice(
        load_profiles()["shelly_gen1_3em_mqtt"], Kept(messages), prefix="shellies/anna", identify_s=0.1, first_s=0.1
    )  # fmt: skip
    replay, whole, _ = await replayed(device, lambda: capture_documents(device, 0))
    assert (replay.problem, replay.differences) == (None, ())
    assert replay.compared > 10
    assert "anna" not in json.dumps(whole)


async def test_what_a_document_holds_beside_its_values_keeps_its_shape_only(web: Any, session: Any) -> None:
    """Numbers may explain a bug; networks, places, tokens and other devices' addresses do not."""
    found = json.loads(json.dumps(documents.SHELLY_PRO_3EM))
    status = found["/rpc/EM.GetStatus?id=0"]
    status |= {"ssid": "Villa Anna", "lat": 48.2082, "temp": 41.5, "deep": [{"a": {"b": "x1"}}], "on": True}
    status["peers"] = {"3494547EA1A2": {"rssi": -60}}
    web.documents = found
    device = HttpDevice(
        load_profiles()["shelly_3em_http"], HttpClient(session, Access(base_url=web.base_url))
    )
    _, whole, _ = await replayed(device, lambda: capture_documents(device, 0))
    kept = next(
        each for each in whole["capture"]["documents"]["readings"].values() if "total_act_power" in each
    )
    assert kept["ssid"] == "Aaaaa Aaaa"
    assert (kept["lat"], kept["temp"], kept["on"], kept["deep"]) == (11, 41.5, True, [{"a": {"b": "a0"}}])
    assert kept["peers"] == {"0000000AA0A0": {"rssi": -60}}
    assert kept["total_act_power"] == 715.5


async def test_a_document_that_is_large_is_cut_down_to_what_is_read(web: Any, session: Any) -> None:
    """Two hundred devices have to fit into one download."""
    found = json.loads(json.dumps(documents.SHELLY_PRO_3EM))
    found["/rpc/EM.GetStatus?id=0"]["log"] = [0.5] * BYTES_MAX
    web.documents = found
    device = HttpDevice(
        load_profiles()["shelly_3em_http"], HttpClient(session, Access(base_url=web.base_url))
    )
    replay, whole, _ = await replayed(device, lambda: capture_documents(device, 0))
    assert (replay.problem, replay.differences) == (None, ())
    assert whole["capture"]["cut"]
    assert len(json.dumps(whole["capture"])) < BYTES_MAX / 4


def test_pseudonyms_keep_the_shape() -> None:
    """A reader sees what kind of name it was."""
    assert all_masked("7E1234AB-x ß") == "0A0000AA-a a"
    assert digits_masked("9010KETU000W1234") == "0000KETU000W0000"
    assert [masked_number(n) for n in (0, 815, -48, 4_294_967_295)] == [0, 111, 11, 1_111_111_111]
