"""Two hundred devices as they are met in the field: what they answer, and the site that reads them.

Registers and documents are those of the tests, typed from the makers' papers. Each comes in some frames, in which every
measured number has moved: a device that stands still would cost nothing to show.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
import json
from math import pi, sin
from typing import Any, Final

from modbus_connection.mock import MockModbusConnection

from custom_components.ems.devices import AnyProfile, ModbusDevice, Profile, load_profiles
from custom_components.ems.devices.codec import decode, decode_exponent, decode_text, encode
from custom_components.ems.devices.points import Kind
from custom_components.ems.devices.profile.model import Point, Register
from custom_components.ems.devices.reading import Quality

type Words = dict[int, int]
type Spaces = dict[str, Words]  # "holding" and "input"

FRAMES: Final = 5
UNITS_PER_GATEWAY: Final = 5
HOST: Final = "127.0.0.1"
_MOVES: Final = (Kind.POWER, Kind.VOLTAGE, Kind.CURRENT, Kind.REACTIVE_POWER, Kind.APPARENT_POWER)
_SWING: Final = 0.1

# profile → role, how many, and whether they hang behind gateways of five units or have an address each.
MODBUS: Final = (
    ("abb_b23", "meter", 15, True),
    ("eastron_sdm630", "meter", 15, True),
    ("schneider_iem3000", "meter", 10, True),
    ("carlo_gavazzi_em300", "meter", 10, True),
    ("siemens_pac2200", "meter", 10, False),
    ("janitza_umg", "meter", 10, False),
    ("shelly_pro3em", "meter", 14, False),
    ("huawei_sun2000", "pv", 8, False),
    ("sungrow_sh", "pv", 8, False),
    ("goodwe_et", "battery", 2, False),
    ("growatt_sph", "battery", 2, False),
    ("goe_modbus", "charger", 8, False),
    ("keba_p40", "charger", 8, False),
)
HTTP: Final = (
    ("shelly_gen1_3em_http", "meter", "SHELLY_3EM_GEN1", 12),
    ("shelly_3em_http", "meter", "SHELLY_PRO_3EM", 12),
    ("homewizard_p1", "meter", "HOMEWIZARD_P1", 12),
    ("goe_charger_http", "charger", "GOE_CHARGER", 4),
)
MQTT: Final = (("shelly_gen1_3em_mqtt", "meter", 20), ("shelly_3em_mqtt", "meter", 20))

_PARAMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "meter": {"position": "zone"},
    "pv": {"peak_kw": 10.0, "tilt_deg": 35, "azimuth_deg": 180},
    "battery": {
        "capacity_kwh": 10.0,
        "charge_max_w": 5000,
        "discharge_max_w": 5000,
        "round_trip_pct": 90,
        "wear_per_kwh": 0.02,
    },
    "charger": {
        "phases": "3",
        "current_min_a": 6,
        "current_max_a": 16,
        "energy_needed_kwh": 15,
        "ready_by": "07:00:00",
    },
}


@dataclass(kw_only=True)
class Fleet:
    """What is served where, and the subentries of a site that reads it.

    modbus : Port → unit → frames.
    http : Port → path → frames, each a body.
    mqtt : One list of (topic, payload) per frame and device.
    """

    modbus: dict[int, dict[int, list[Spaces]]] = field(default_factory=dict)
    http: dict[int, dict[str, list[str]]] = field(default_factory=dict)
    mqtt: list[list[list[tuple[str, str]]]] = field(default_factory=list)
    subentries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, role: str, profile: str, link: dict[str, Any], serial: str) -> None:
        """Add a device to the site. The first meter is the one at the grid."""
        number = len(self.subentries)
        name = f"{role} {number}"
        params = dict(_PARAMS[role]) | ({"position": "grid"} if number == 0 else {})
        source = {"kind": "profile", "profile": profile, "link": link, "serial": serial}
        self.subentries.append(
            {
                "data": {"name": name, "source": source, "params": params},
                "subentry_id": f"DEVICE{number:020d}",
                "subentry_type": role,
                "title": name,
                "unique_id": f"{role}:{serial}",
            }
        )

    def as_json(self) -> str:
        """Return what the server needs."""
        return json.dumps({"modbus": self.modbus, "http": self.http, "mqtt": self.mqtt})


def ports_needed() -> int:
    """Return how many ports a fleet listens on."""
    links = sum(count // UNITS_PER_GATEWAY if shared else count for *_, count, shared in MODBUS)
    return links + sum(count for *_, count in HTTP)


async def make_fleet(ports: list[int], *, with_mqtt: bool) -> Fleet:
    """Return a fleet on these ports. Without a broker there are no devices that publish."""
    fleet, free, profiles = Fleet(), iter(ports), load_profiles()
    for key, role, count, shared in MODBUS:
        profile = profiles[key]
        if not isinstance(profile, Profile):
            raise TypeError(f"{key} has no registers")
        await _add_modbus(fleet, profile, role, _places(free, count, shared=shared))
    documents = import_module("tests.devices.documents")
    for key, role, name, count in HTTP:
        for n in range(count):
            _add_http(fleet, profiles[key], role, _own(getattr(documents, name), n), next(free))
    for key, role, count in MQTT if with_mqtt else ():
        for n in range(count):
            _add_mqtt(fleet, profiles[key], role, documents, n)
    return fleet


def _places(free: Iterator[int], count: int, *, shared: bool) -> list[tuple[int, int]]:
    """Return port and unit of some devices."""
    if not shared:
        return [(next(free), 1) for _ in range(count)]
    gateways = [next(free) for _ in range(count // UNITS_PER_GATEWAY)]
    return [(port, unit) for port in gateways for unit in range(1, UNITS_PER_GATEWAY + 1)]


async def _add_modbus(fleet: Fleet, profile: Profile, role: str, places: list[tuple[int, int]]) -> None:
    captured = captured_registers(profile.id)
    for n, (port, unit) in enumerate(places):
        spaces = _with_serial(profile, captured, len(fleet.subentries))
        frames = [moved(profile, spaces, frame, n) for frame in range(FRAMES)]
        fleet.modbus.setdefault(port, {})[unit] = frames
        identity = await ModbusDevice(profile, _in_memory(spaces)).async_identify()
        serial = profile.unique_serial(identity.serial, unit) if identity.serial else f"{HOST}-{port}-{unit}"
        link = {"transport": "modbus_tcp", "host": HOST, "port": port, "unit_id": unit}
        fleet.add(role, profile.id, link, serial)


def captured_registers(profile: str) -> Spaces:
    """Return what the tests hold of a device: from whichever of their modules knows it."""
    for module in ("images", "meter_images", "hybrid_images", "charger_images"):
        if found := getattr(import_module(f"tests.devices.{module}"), profile, None):
            image = found()
            if isinstance(image, tuple):
                return {"holding": dict(image[1]), "input": dict(image[0])}
            if isinstance(image, dict):
                return {"holding": dict(image), "input": dict(image)}
            return {"holding": dict(image.holding), "input": dict(image.input)}
    raise LookupError(f"the tests have no registers of {profile}")


def _in_memory(spaces: Spaces) -> Any:
    unit = MockModbusConnection().for_unit(1)
    unit.holding.update(spaces["holding"])
    unit.input.update(spaces["input"])
    return unit


def _with_serial(profile: Profile, spaces: Spaces, number: int) -> Spaces:
    """Return the registers with a serial number of their own."""
    at = profile.identity.serial
    if at is None:
        return spaces
    return {**spaces, at.space: spaces[at.space] | _serial_words(at, _words(spaces, at) or [], number)}


def _serial_words(at: Register, known: list[int], number: int) -> Words:
    if at.type != "string":
        words = [0] * (at.count - 1) + [40_000 + number]
        return {at.address + n: word for n, word in enumerate(words[:: 1 if at.word_order == "big" else -1])}
    # Some makers are known by how their serial numbers begin.
    text = f"{(decode_text(at, known) or 'S0000')[:-4]}{number:04d}"
    raw = text.encode().ljust(2 * at.count, b"\0")
    order = "big" if at.byte_order == "big" else "little"
    return {at.address + n: int.from_bytes(raw[2 * n : 2 * n + 2], order) for n in range(at.count)}  # type: ignore[arg-type]  # one of the two words


def moved(profile: Profile, spaces: Spaces, frame: int, phase: int) -> Spaces:
    """Return the registers with every measured number x as x·(1 + a·sin φ)."""
    factor = 1 + _SWING * sin(2 * pi * frame / FRAMES + phase)
    changed = {space: dict(words) for space, words in spaces.items()}
    for role in profile.roles.values():
        for point in role.terms.values():
            if point.kind in _MOVES and point.register.values is None:
                changed[point.register.space].update(_moved_point(point, spaces, factor))
    return changed


def _moved_point(point: Point, spaces: Spaces, factor: float) -> Words:
    scale = () if point.scale_register is None else _words(spaces, point.scale_register)
    words = _words(spaces, point.register)
    if not words or scale is None:
        return {}
    value, quality = decode(point, words, scale)
    exponent = decode_exponent(point, scale)
    if quality is not Quality.GOOD or isinstance(exponent, Quality) or not isinstance(value, int | float):
        return {}
    unscaled = float(Fraction(value) * Fraction(str(round(factor, 3))))
    return {point.register.address + n: word for n, word in enumerate(encode(point, unscaled, exponent))}


def _words(spaces: Spaces, register: Register) -> list[int] | None:
    space = spaces[register.space]
    found = [space.get(at) for at in range(register.address, register.end)]
    return None if None in found else [word for word in found if word is not None]


def _own(documents: Mapping[str, Any], n: int) -> dict[str, str]:
    """Return documents as text, with another serial number in each copy."""
    text = {path: json.dumps(body) for path, body in documents.items()}
    for known in ("34945470E1A2", "EC62609110F8", "ec62609110f8", "3c39e7aabbcc", "223456"):
        text = {path: body.replace(known, f"{n:06d}{known[6:]}") for path, body in text.items()}
    return text


def _add_http(fleet: Fleet, profile: AnyProfile, role: str, documents: dict[str, str], port: int) -> None:
    fleet.http[port] = {
        path: [json.dumps(_moved_json(json.loads(body), frame)) for frame in range(FRAMES)]
        for path, body in documents.items()
    }
    link = {"transport": "http", "host": HOST, "port": port}
    fleet.add(role, profile.id, link, "")


def _moved_json(body: Any, frame: int) -> Any:
    """Return a document with every number that carries digits moved; counts and codes stay."""
    if isinstance(body, dict):
        return {key: _moved_json(value, frame) for key, value in body.items()}
    if isinstance(body, list):
        return [_moved_json(value, frame) for value in body]
    if isinstance(body, float) and abs(body) < 10_000:
        return round(body * (1 + _SWING * sin(2 * pi * frame / FRAMES)), 3)
    return body


def _add_mqtt(fleet: Fleet, profile: AnyProfile, role: str, documents: Any, n: int) -> None:
    if profile.id == "shelly_gen1_3em_mqtt":
        prefix = f"shellies/shellyem3-{n:012d}"
        body = documents.SHELLY_3EM_GEN1["/status"]["emeters"]
        frames = [list(_numbers(prefix, _moved_json(body, frame))) for frame in range(FRAMES)]
    else:
        prefix = f"shellypro3em-{n:012d}"
        rpc = documents.SHELLY_PRO_3EM
        em, data = rpc["/rpc/EM.GetStatus?id=0"], rpc["/rpc/EMData.GetStatus?id=0"]
        frames = [
            [
                (f"{prefix}/status/em:0", json.dumps(_moved_json(em, frame))),
                (f"{prefix}/status/emdata:0", json.dumps(data)),
            ]
            for frame in range(FRAMES)
        ]
    fleet.mqtt.append([[(f"{prefix}/online", "true"), *frame] for frame in frames])
    fleet.add(role, profile.id, {"transport": "mqtt", "prefix": prefix}, prefix)


def _numbers(prefix: str, emeters: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for n, emeter in enumerate(emeters):
        for key in ("power", "voltage", "current", "pf", "total", "total_returned"):
            yield f"{prefix}/emeter/{n}/{key}", str(emeter[key])
