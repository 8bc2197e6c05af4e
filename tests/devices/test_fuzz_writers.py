"""Whatever a device is told, and however it takes it: written within bounds and read back, or refused. Never more."""

import asyncio
import contextlib
import math
from random import Random
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given, settings, strategies as st
from modbus_connection import IllegalDataAddressError, IllegalDataValueError
import pytest

from custom_components.ems.devices.codec import decode_amount, resolution
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.errors import DeviceError
from custom_components.ems.devices.http_device import HttpDevice
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.modbus_device import ModbusDevice
from tests.devices import documents
from tests.devices.wild import REGISTERED, captured, wild_unit, word

STEERED = [profile for profile in REGISTERED if profile.writable]
KNOWN = [profile for profile in STEERED if captured(profile.id)]
AMOUNTS = (None, 0, -0.0, 0.4, 1, 5.99, 6, 16, 32.5, 80, 99.7, 100.01, 1000, 4999.5, 1e6, 1e30)
NONSENSE = (-1, -1e9, math.nan, math.inf, -math.inf)
WORDS = ("on", "off", "automatic", "", True, False)


class Clock:
    """Time that passes when told to, or asleep."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


class Witness:
    """Sees every register that is written, and what it then means."""

    def __init__(self, device, unit):
        self.device, self.unit = device, unit
        self.seen = 0
        unit.on_write(self.wrote)

    def writable(self):
        return [p for role in self.device._map.roles.values() for p in role.points if p.write]

    def wrote(self, event):
        span = range(event.address, event.address + len(event.values))
        meant = [
            p for p in self.writable()
            if p.register.space == event.register_type and {*range(p.register.address, p.register.end)} & {*span}
        ]  # fmt: skip
        # Not one register that no setting of the profile names.
        assert {at for p in meant for at in range(p.register.address, p.register.end)} >= {*span}, event
        self.seen += 1
        for point in meant:
            self.check(point)

    def check(self, point):
        """A setting holds something between its bounds; a code that it knows, where it has codes."""
        space = getattr(self.unit, point.register.space)
        words = [int(space.get(at, 0)) for at in range(point.register.address, point.register.end)]
        exponent = 0
        if point.scale_register:
            raw = space.get(point.scale_register.address, 0)
            exponent = raw - 0x10000 if raw >= 0x8000 else raw
        amount = decode_amount(point, words, exponent)
        assert amount is not None, point.name
        slack = resolution(point, amount, exponent) + 1e-9
        assert point.write.low - slack <= amount <= point.write.high + slack, f"{point.name}: {amount}"
        assert point.codes is None or amount in point.codes, f"{point.name}: {amount}"


def a_wish(profile, chance):
    """Return a coroutine function that asks a device for something, sensible or not."""
    amounts = AMOUNTS if chance.random() < 0.7 else NONSENSE
    role = chance.choice([r for r in profile.roles if profile.roles[r].commands])
    if chance.random() < 0.6:
        modes = (*profile.roles[role].commands, *profile.roles[role].commands, "prepare", "fly")
        command = DeviceCommand(
            role=role,
            mode=chance.choice(modes),
            power_w=chance.choice(amounts),
            current_a=chance.choice(amounts),
            phases=chance.choice((None, 1, 3, 2, 0, -1)),
        )
        renew = chance.random() < 0.3
        return lambda device: device.async_command(command, renew=renew)
    if chance.random() < 0.8:
        key = chance.choice([*profile.roles[role].settings, "power"])
        value = chance.choice([a for a in (*amounts, *WORDS) if a is not None])
        return lambda device: device.async_write_point(role, key, value)
    force = chance.random() < 0.5
    return lambda device: device.async_release(force=force)


def check_proof(device, result):
    """What is reported as written lies within bounds and was read back as far as it can be."""
    points = {p.key: p for role in device._map.roles.values() for p in role.points if p.write}
    for write in result if isinstance(result, list) else [result]:
        point = points[write.point]
        assert point.write.low <= write.written <= point.write.high, write
        if point.write.read_back:
            assert write.read_back is not None, write
            exponent = 10 if point.scale_register else 0
            allowed = max(resolution(point, write.written, 0), point.write.tolerance)
            if not exponent:
                assert abs(write.read_back - write.written) <= allowed, write


def spoil(profile, unit, chance):
    """Let a device refuse some registers, or hold other things than it was told."""
    registers = [p.register for role in profile.roles.values() for p in role.settings.values()]
    for register in registers:
        if register.base is None and chance.random() < 0.1:
            error = chance.choice((IllegalDataAddressError("no"), IllegalDataValueError("no")))
            unit.fail_write(register.address, error, register_type=register.space)


async def steer(profile, unit, chance):
    clock = Clock()
    device = ModbusDevice(profile, unit, identity_unit=unit, clock=clock, sleep=clock.sleep)
    try:
        await device.async_read()
        await device.async_read_settings()
    except DeviceError:
        pass  # steered all the same: a command may come before the first answer
    witness, done = Witness(device, unit), 0
    for _ in range(4):
        try:
            check_proof(device, await a_wish(profile, chance)(device))
            done += 1
        except DeviceError:
            pass  # refused in the layer's own words: what was written till then, the witness has seen
        clock.now += chance.choice((0, 1, 7, 300, 90_000))
    return done, witness.seen


@pytest.mark.parametrize("profile", KNOWN, ids=lambda p: p.id)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_known_device_is_told_what_is_within_bounds_or_nothing(profile, seed):
    chance = Random(seed)  # noqa: S311  # no secret
    unit = captured(profile.id)
    spoil(profile, unit, chance)
    asyncio.run(steer(profile, unit, chance))


@pytest.mark.parametrize("profile", STEERED, ids=lambda p: p.id)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_device_that_holds_anything_is_told_what_is_within_bounds_or_nothing(profile, seed):
    """Limits, ratings, voltages and scale registers that are garbage must not make a setpoint of garbage."""
    chance = Random(seed)  # noqa: S311  # no secret
    asyncio.run(steer(profile, wild_unit(profile, chance), chance))


@pytest.mark.parametrize("profile", KNOWN, ids=lambda p: p.id)
def test_wishes_that_make_sense_are_carried_out(profile):
    """Else the tests above would pass with a device that refuses everything."""
    results = [
        asyncio.run(steer(profile, captured(profile.id), Random(seed)))  # noqa: S311  # no secret
        for seed in range(12)
    ]
    assert sum(done for done, _ in results) >= 5
    assert sum(seen for _, seen in results) >= 5


@pytest.mark.parametrize("profile", KNOWN, ids=lambda p: p.id)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_device_that_does_not_keep_what_it_was_told_is_found_out(profile, seed):
    """Proofs are what came back; a device that holds something else is never reported as done."""
    chance = Random(seed)  # noqa: S311  # no secret
    unit = captured(profile.id)

    def forget(event):
        if event.register_type == "holding":
            unit.holding.update({event.address + n: word(chance) for n in range(len(event.values))})

    async def live():
        clock = Clock()
        device = ModbusDevice(profile, unit, identity_unit=unit, clock=clock, sleep=clock.sleep)
        await device.async_read_settings()
        unit.on_write(forget)
        for _ in range(3):
            with contextlib.suppress(DeviceError):
                check_proof(device, await a_wish(profile, chance)(device))

    asyncio.run(live())


class Charger:
    """A go-e's web server: it keeps what it is told within its own limits, now and then something else."""

    def __init__(self, chance):
        self.chance, self.sent = chance, []
        self.documents = {path: dict(document) for path, document in documents.GOE_CHARGER.items()}

    async def async_json(self, request):
        return next(
            document
            for path, document in self.documents.items()
            if request.path in {path, path.split("?")[0]}
        )

    async def async_send(self, request):
        for key, value in parse_qsl(urlsplit(request.path).query):
            self.sent.append((key, float(value)))
            for document in self.documents.values():
                if key in document and self.chance.random() < 0.9:
                    document[key] = int(value)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_charger_over_http_is_told_what_is_within_bounds_or_nothing(seed):
    chance, clock = Random(seed), Clock()  # noqa: S311  # no secret
    profile, server = load_profiles()["goe_charger_http"], Charger(chance)
    device = HttpDevice(profile, server, clock=clock, sleep=clock.sleep)
    bounds = {
        dict(parse_qsl(urlsplit(point.send.target).query)).popitem()[0]: point.write
        for point in profile.roles["charger"].points
        if point.send
    }

    async def live():
        for _ in range(4):
            with contextlib.suppress(DeviceError):
                result = await a_wish(profile, chance)(device)
                for write in result if isinstance(result, list) else [result]:
                    assert math.isclose(write.read_back, write.written), write
            clock.now += 10

    asyncio.run(live())
    assert {key for key, _ in server.sent} <= set(bounds)
    assert all(bounds[key].low <= value <= bounds[key].high for key, value in server.sent), server.sent
