"""Whatever a device says, a reading or a DeviceError comes of it: nothing impossible, and no other exception."""

import asyncio
import json
import math
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.devices.broker import Broker, Message
from custom_components.ems.devices.codec import decode
from custom_components.ems.devices.errors import DeviceError
from custom_components.ems.devices.http_device import HttpDevice
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.mqtt_device import MqttDevice
from custom_components.ems.devices.points import POINTS
from custom_components.ems.devices.reading import Quality, Reading
from tests.devices import documents
from tests.devices.wild import (
    OVER_HTTP,
    OVER_MQTT,
    REGISTERED,
    points_of,
    wild_json,
    wild_text,
    wild_unit,
)

SEED = st.integers(0, 2**32 - 1)
KNOWN = [value for name, value in vars(documents).items() if name.isupper() and isinstance(value, dict)]


async def outcome(action) -> Reading | None:
    """Return a reading, or None where the device layer said in its own words that there is none."""
    try:
        return await action
    except DeviceError:
        return None


def check(profile, reading) -> None:
    """Nothing that could not be, in no point."""
    for role, points in (reading.roles if reading else {}).items():
        for key, value in points.items():
            declared = profile.roles[role]
            point = declared.point(key) or declared.derived.get(key)
            name = f"{role}.{key} = {value}"
            if value.quality in {Quality.MISSING, Quality.INVALID}:
                assert value.value is None, name
                continue
            assert value.value is not None, name
            if isinstance(value.value, str):
                assert value.value.isprintable(), name
                assert value.value, name
                words = POINTS[role][key].words if key in POINTS[role] else None
                assert words is None or value.value in words, name
            elif not isinstance(value.value, bool):
                assert math.isfinite(value.value), name
                if point.valid:
                    assert point.valid[0] <= value.value <= point.valid[1], name


@pytest.mark.parametrize("profile", REGISTERED, ids=lambda p: p.id)
@settings(max_examples=25, deadline=None)
@given(seed=SEED)
def test_any_registers_at_all_make_a_reading_or_an_error(profile, seed) -> None:
    async def live() -> None:
        chance = Random(seed)  # noqa: S311  # no secret
        unit = wild_unit(profile, chance)
        device = ModbusDevice(profile, unit, identity_unit=unit)
        await outcome(device.async_identify())
        check(profile, await outcome(device.async_read()))
        check(profile, await outcome(device.async_read_settings()))

    asyncio.run(live())


@pytest.mark.parametrize("profile", REGISTERED, ids=lambda p: p.id)
def test_what_says_not_available_is_no_number(profile) -> None:
    for point in points_of(profile):
        register = point.register
        for bits in register.absent:
            words = [bits >> 16 * n & 0xFFFF for n in range(register.count)]
            if register.word_order == "big":
                words.reverse()
            if register.byte_order == "little":
                words = [(word & 0xFF) << 8 | word >> 8 for word in words]
            found, quality = decode(point, words, [0] if point.scale_register else ())
            assert found == point.when_absent, point.name
            assert quality is (Quality.MISSING if point.when_absent is None else Quality.GOOD)


@pytest.mark.parametrize("profile", REGISTERED, ids=lambda p: p.id)
def test_every_number_with_a_spare_pattern_has_one_that_says_not_available(profile) -> None:
    """Floats have NaN; of the others only what counts in bits and words may do without."""
    for point in points_of(profile):
        if point.register.type in {"u32", "s32", "u64", "s64"}:
            assert point.register.absent, point.name


class Said:
    """A web server's client that answers whatever it was given."""

    def __init__(self, answers) -> None:
        self._answers = answers

    async def async_json(self, request):
        return self._answers(request)


@pytest.mark.parametrize("profile", OVER_HTTP, ids=lambda p: p.id)
@settings(max_examples=60, deadline=None)
@given(seed=SEED)
def test_any_document_at_all_makes_a_reading_or_an_error(profile, seed) -> None:
    async def live() -> None:
        chance = Random(seed)  # noqa: S311  # no secret

        def answer(request):
            fitting = [known[request.path] for known in KNOWN if request.path in known]
            return wild_json(chance.choice(fitting) if fitting else {}, chance)

        device = HttpDevice(profile, Said(answer))
        await outcome(device.async_identify())
        check(profile, await outcome(device.async_read()))
        check(profile, await outcome(device.async_read_settings()))

    asyncio.run(live())


class Ether(Broker):
    """A broker that brings what it is told to."""

    def __init__(self) -> None:
        self.heard = {}

    async def async_subscribe(self, topic, on_message):
        self.heard[topic] = on_message
        return lambda: self.heard.pop(topic, None)

    async def async_publish(self, topic, payload, *, retain) -> None:
        """Take a question; the answer comes when it comes."""


@pytest.mark.parametrize("profile", OVER_MQTT, ids=lambda p: p.id)
@settings(max_examples=60, deadline=None)
@given(seed=SEED)
def test_any_message_at_all_makes_a_reading_or_an_error(profile, seed) -> None:
    async def live() -> None:
        chance, ether = Random(seed), Ether()  # noqa: S311  # no secret
        device = MqttDevice(profile, ether, prefix="a", identify_s=0.0, first_s=0.0)
        await device.inbox.async_open()
        for topic, hear in sorted(ether.heard.items()):
            for _ in range(chance.randrange(3)):
                hear(Message(topic=topic, payload=payload(topic, chance), retained=chance.random() < 0.5))
        await outcome(device.async_identify())
        check(profile, await outcome(device.async_read()))
        check(profile, await outcome(device.async_read_settings()))
        device.close()

    asyncio.run(live())


def payload(topic: str, chance: Random) -> str:
    """Return what a topic may bring: something near what it should be, or nothing like it."""
    status = (
        documents.SHELLY_PRO_3EM["/rpc/EM.GetStatus?id=0"]
        | documents.SHELLY_PRO_EM["/rpc/EM1.GetStatus?id=1"]
    )
    if "status" in topic and chance.random() < 0.7:
        return json.dumps(wild_json(status, chance))
    return wild_text(chance)
