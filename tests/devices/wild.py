"""Devices that say anything at all: random registers, documents and messages, with a seed to say it again."""

from collections.abc import Iterator
from importlib import import_module
import json
from random import Random
from typing import Any

from modbus_connection.mock import MockModbusConnection, MockModbusUnit

from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.profile import DocumentProfile, Profile
from custom_components.ems.devices.profile.model import Expectation, Point, Register

REGISTERED = [p for p in load_profiles().values() if isinstance(p, Profile)]
OVER_HTTP = [
    p for p in load_profiles().values() if isinstance(p, DocumentProfile) and p.link.transport == "http"
]
OVER_MQTT = [
    p for p in load_profiles().values() if isinstance(p, DocumentProfile) and p.link.transport == "mqtt"
]
# What devices write where they have nothing to say, and the ends of every number's range.
_TELLING = (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0xFFFE, 0x7FC0, 0x7F80, 0xFF80, 0xFF7F)


def points_of(profile: Profile) -> list[Point]:
    """Return every line of a profile, in every layout."""
    return [
        point
        for role in profile.roles.values()
        for first in role.points
        for point in (first, *first.otherwise)
    ]


def word(chance: Random) -> int:
    """Return any word, the telling ones rather often."""
    return chance.choice(_TELLING) if chance.random() < 0.4 else chance.randrange(0x10000)


def wild_unit(profile: Profile, chance: Random) -> MockModbusUnit:
    """Return a unit with random words wherever the profile looks; SunSpec devices have their chain at least.

    What proves a part to be there is there in most of them, so that this part is read.
    """
    unit = MockModbusConnection().for_unit(1)
    starts = _chain(profile, unit, chance)
    registers = [register for point in points_of(profile) for register in _of(point)]
    identity = profile.identity
    registers += [
        r for r in (identity.manufacturer, identity.model, identity.serial, identity.firmware, profile.word_order_at)
        if isinstance(r, Register)
    ]  # fmt: skip
    for register in registers:
        if register.base is None:
            _fill(unit, register, 0, chance)
    proofs = [role.present for role in profile.roles.values() if role.present]
    for proof in (*identity.expect, *proofs):
        if chance.random() < 0.8:
            _satisfy(unit, proof, starts.get(proof.register.base or "", 0), chance)
    return unit


def _of(point: Point) -> Iterator[Register]:
    yield point.register
    if point.scale_register:
        yield point.scale_register


def _space(unit: MockModbusUnit, register: Register) -> dict[int, Any]:
    return getattr(unit, register.space)


def _fill(unit: MockModbusUnit, register: Register, start: int, chance: Random) -> None:
    space = _space(unit, register)
    for at in range(start + register.address, start + register.end):
        value = word(chance)
        space[at] = bool(value & 1) if register.space in {"coil", "discrete"} else value


def _chain(profile: Profile, unit: MockModbusUnit, chance: Random) -> dict[str, int]:
    """Lay out the models a profile looks for, one of each kind that it knows, with random contents."""
    starts: dict[str, int] = {}
    at, holding = 40002, unit.holding
    if not profile.bases:
        return starts
    holding.update({40000: 0x5375, 40001: 0x6E53})
    for name, base in profile.bases.items():
        length = chance.choice((62, 105, 124, 170))
        starts[name] = at
        holding.update({at + n: word(chance) for n in range(2, length + 2)})
        holding.update({at: chance.choice(sorted(base.models)), at + 1: length})
        at += length + 2
    holding.update({at: 0xFFFF, at + 1: 0})
    return starts


def _satisfy(unit: MockModbusUnit, proof: Expectation, start: int, chance: Random) -> None:
    """Let a register hold what proves a device or a part of it, where that is a number."""
    register = proof.register
    if proof.equals:
        value = chance.choice(sorted(proof.equals))
    elif proof.between:
        value = int(proof.between[0]) + 1
    else:
        return
    words = [value >> 16 * n & 0xFFFF for n in range(register.count)]
    if register.word_order == "big":
        words.reverse()
    _space(unit, register).update({start + register.address + n: each for n, each in enumerate(words)})


def captured(profile: str) -> MockModbusUnit | None:
    """Return a unit with the registers that the other tests hold of a device, None where they hold none."""
    for module in ("images", "meter_images", "hybrid_images", "charger_images"):
        name = {"solaredge_storedge": "solaredge", "alfen_eve": "alfen_socket"}.get(profile, profile)
        if make := getattr(import_module(f"tests.devices.{module}"), name, None):
            image, unit = make(), MockModbusConnection().for_unit(1)
            if isinstance(image, dict):
                unit.holding.update(image)
                unit.input.update(image)
            elif not isinstance(image, tuple):
                unit.holding.update(image.holding)
                unit.input.update(image.input)
                unit.coil.update(getattr(image, "coils", {}))
            return unit
    return None


_LEAVES = (
    None, True, False, 0, -1, 1, 7, 2**70, -(10**400), 1e308, -1e-320, 230.1, "", "on", "12.5", "NaN", "-inf",
    "1_000", "9" * 5000, "ä\0\ud800", "charging", [], {}, [[]], {"value": 3},
)  # fmt: skip


def wild_json(document: Any, chance: Random) -> Any:
    """Return a document in which anything may have become anything else, and keys may be gone."""
    if chance.random() < 0.15:
        return chance.choice(_LEAVES)
    if isinstance(document, dict):
        return {k: wild_json(v, chance) for k, v in document.items() if chance.random() > 0.05}
    if isinstance(document, list):
        return [wild_json(v, chance) for v in document if chance.random() > 0.1]
    return document if chance.random() < 0.5 else chance.choice(_LEAVES)


def wild_text(chance: Random) -> str:
    """Return a payload: a number, a document, or noise."""
    if chance.random() < 0.4:
        return chance.choice(
            ("0", "-12.5", "1e3", "NaN", "inf", "1e999", "", " 7 ", "9" * 5000, "0x10", "on")
        )
    if chance.random() < 0.5:
        return json.dumps(wild_json({"em": [{"power": 1.5}], "voltage": 230}, chance))
    return "".join(chr(chance.randrange(0x10000)) for _ in range(chance.randrange(40)))
