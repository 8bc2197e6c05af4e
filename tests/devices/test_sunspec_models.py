"""Our SunSpec profiles against the models that the SunSpec Alliance publishes, by its own library (pysunspec2).

Nothing of that library is in EMS: where a point lies, what type it has and which register scales it comes to the same
by two routes, and so does what they read from the same registers.
"""

from collections.abc import Iterator
from functools import cache
import math
from random import Random
import struct

from hypothesis import given, settings, strategies as st
from modbus_connection.mock import MockModbusConnection
import pytest
from sunspec2.device import Model

from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.profile import Profile
from custom_components.ems.devices.profile.model import Point, Register
from custom_components.ems.devices.reading import Quality

PROFILES = {
    key: profile
    for key, profile in load_profiles().items()
    if isinstance(profile, Profile)
    and any(base.models for base in profile.bases.values() if base.models is not None)
}

# Our point → the standard's, by the role and by the model's name of it. Written by hand from the standard's texts.
MEANT = {
    "inverter": {
        "ac_power": "W",
        "dc_power": "DCW",
        "current": "A",
        "current_l1": "AphA",
        "current_l2": "AphB",
        "current_l3": "AphC",
        "status": "St",
        "energy": "WH",
        "frequency": "Hz",
        "voltage_l1": "PhVphA",
        "voltage_l2": "PhVphB",
        "voltage_l3": "PhVphC",
    },
    "meter": {
        "power": "W",
        "power_l1": "WphA",
        "power_l2": "WphB",
        "power_l3": "WphC",
        "voltage_l1": "PhVphA",
        "voltage_l2": "PhVphB",
        "voltage_l3": "PhVphC",
        "current_l1": "AphA",
        "current_l2": "AphB",
        "current_l3": "AphC",
        "frequency": "Hz",
        "apparent_power": "VA",
        "reactive_power": "VAR",
        "export_energy": "TotWhExp",
        "import_energy": "TotWhImp",
    },
    "pv": {
        "rated_power": "WMax",  # what WMaxLimPct is a share of
        "limit_percent": "WMaxLimPct",
        "limit_revert": "WMaxLimPct_RvrtTms",
        "limit_enable": "WMaxLim_Ena",
        "string_1": "module[1].DCW",
        "string_2": "module[2].DCW",
        "string_3": "module[3].DCW",
        "string_1_energy": "module[1].DCWH",
        "string_2_energy": "module[2].DCWH",
    },
    "battery": {
        "power": "W",
        "soc": "SoC",
        "capacity": "WHRtg",
        "charge_power_max": "WChaRteMax",
        "discharge_power_max": "WDisChaRteMax",
    },
}
# Fronius hands its battery on by models 124 and 160, whose third and fourth module are the battery's two directions.
OTHERWISE = {
    ("fronius_gen24", "charging"): "module[3].DCW",
    ("fronius_gen24", "discharging"): "module[4].DCW",
    ("fronius_gen24", "charge_energy"): "module[3].DCWH",
    ("fronius_gen24", "discharge_energy"): "module[4].DCWH",
    ("fronius_gen24", "soc"): "ChaState",
    ("fronius_gen24", "charge_power_max"): "WChaMax",
    ("fronius_gen24", "limits"): "StorCtl_Mod",
    ("fronius_gen24", "discharge_rate"): "OutWRte",
    ("fronius_gen24", "charge_rate"): "InWRte",
    ("fronius_gen24", "revert"): "InOutWRte_RvrtTms",
    ("fronius_gen24", "charge_from_grid"): "ChaGriSet",
}
IDENTITY = {"manufacturer": "Mn", "model": "Md", "firmware": "Vr", "serial": "SN"}
TYPES = {
    "int16": {"s16"},
    "uint16": {"u16"},
    "enum16": {"u16", "enum"},
    "bitfield16": {"u16", "enum"},
    "acc32": {"u32"},
    "uint32": {"u32"},
    "float32": {"f32"},
    "string": {"string"},
}
MODULES = 4


@cache
def layout(number: int) -> dict[str, tuple[int, int, str, str | None, str | None]]:
    """Return the standard's points by name: offset, registers, type, scale register's name, unit."""
    model = Model(number, model_len=8 + 20 * MODULES if number == 160 else 0, data=blank(number))
    assert not model.error_info, model.error_info
    return dict(_points(model, "", model.points))


def blank(number: int) -> bytes:
    """Return a model with nothing in it but the number of its modules."""
    data = bytearray(2 * 200)
    struct.pack_into(">H", data, 0, number)
    if number == 160:
        struct.pack_into(">H", data, 2 * 8, MODULES)
    return bytes(data)


def _points(group, prefix, own) -> Iterator:
    for name, point in own.items():
        yield prefix + name, (point.offset, point.len, point.pdef["type"], point.sf, point.pdef.get("units"))
    for name, found in group.groups.items():
        for n, each in enumerate(found if isinstance(found, list) else [found], 1):
            yield from _points(each, f"{prefix}{name}[{n}].", each.points)


def lines() -> list:
    """Return every point of every profile that lies in a SunSpec model, with the model."""
    return [
        pytest.param(profile, point, number, id=f"{profile.id}-{number}-{point.role}.{point.key}")
        for profile in PROFILES.values()
        for role in profile.roles.values()
        for first in role.points
        for point in (first, *first.otherwise)
        if point.register.base
        for number in profile.bases[point.register.base].models
    ]


# Models that a maker keeps at an address of its own choice, so that its profile need not look for them.
FIXED = {("solaredge_storedge", "inverter"): (103, 40069), ("solaredge_storedge", "meter"): (203, 40188)}


def fixed_lines() -> list:
    """Return the points of those, with the model and where it begins."""
    return [
        pytest.param(point, number, start, id=f"{profile}-{role}.{point.key}")
        for (profile, role), (number, start) in FIXED.items()
        for point in load_profiles()[profile].roles[role].points
    ]


@pytest.mark.parametrize(("point", "number", "start"), fixed_lines())
def test_a_point_of_a_model_that_never_moves_lies_where_the_standard_says(point, number, start) -> None:
    offset, registers, kind, scale, _ = layout(number)[MEANT[point.role][point.key]]
    assert (point.register.address - start, point.register.count) == (offset, registers)
    assert point.register.type in TYPES[kind]
    assert (point.scale_register.address - start if point.scale_register else None) == (
        layout(number)[scale][0] if scale else None
    )


def meant(profile: Profile, point: Point) -> str:
    """Return the standard's name of a point."""
    return OTHERWISE.get((profile.id, point.key)) or MEANT[point.role][point.key]


@pytest.mark.parametrize(("profile", "point", "number"), lines())
def test_a_point_lies_where_the_standard_says(profile: Profile, point: Point, number: int) -> None:
    offset, registers, kind, scale, _ = layout(number)[meant(profile, point)]
    register = point.register
    assert (register.address, register.count) == (offset, registers)
    assert register.type in TYPES[kind]
    if scale is None:
        assert point.scale_register is None
    else:
        assert point.scale_register is not None
        assert (point.scale_register.address, point.scale_register.type) == (layout(number)[scale][0], "s16")


@pytest.mark.parametrize(("profile", "point", "number"), lines())
def test_a_point_has_the_unit_of_the_standard(profile: Profile, point: Point, number: int) -> None:
    unit = layout(number)[meant(profile, point)][4]
    # "% WMax" and the like say what of; ours do so by `percent_of`.
    said = "%" if unit and unit.strip().startswith("%") else {"Secs": "s"}.get(unit, unit)
    if said is None:
        assert point.codes or point.register.type == "f32", (
            "only words and some floats are without a unit there"
        )
    else:
        assert said.lower() == (point.unit or "").lower()
    assert point.factor == 1


@pytest.mark.parametrize("profile", [p for p in PROFILES.values() if "common" in p.bases], ids=lambda p: p.id)
def test_identity_is_read_from_the_common_model(profile: Profile) -> None:
    for ours, theirs in IDENTITY.items():
        register = getattr(profile.identity, ours)
        if isinstance(register, Register) and register.base == "common":
            assert (register.address, register.count, register.type) == (*layout(1)[theirs][:2], "string")


def chain(*models: tuple[int, list[int]]) -> dict[int, int]:
    """Lay models out as a device does."""
    words = [0x5375, 0x6E53, 1, 66, *[0x4141] * 64, 1, 0]
    for number, body in models:
        words += [number, len(body), *body]
    return {40000 + n: word for n, word in enumerate([*words, 0xFFFF, 0])}


SENTINELS = (0, 0x7FFF, 0x8000, 0xFFFF, 0x7FC0)


CASES = [
    ("sunspec_inverter", "inverter", 103, 50),
    ("sunspec_inverter", "inverter", 113, 60),
    ("sunspec_meter", "meter", 203, 105),
    ("sunspec_meter", "meter", 213, 124),
    ("sunspec_battery", "battery", 802, 62),
]


@pytest.mark.parametrize(("profile", "role", "number", "length"), CASES)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
async def test_whatever_a_device_holds_both_read_the_same(profile, role, number, length, seed) -> None:
    """Random words with scale factors a device may have: the same numbers, and the same points not there."""
    chance = Random(seed)  # noqa: S311  # no secret
    body = [chance.choice((*SENTINELS, *[chance.randrange(0x10000)] * 9)) for _ in range(length)]
    for offset, _, kind, _, _ in layout(number).values():
        if kind == "sunssf":
            body[offset - 2] = chance.choice((*range(-5, 4), -0x8000)) & 0xFFFF
    registers = chain((number, body))
    theirs = Model(number, data=struct.pack(f">{length + 2}H", number, length, *body))
    unit = MockModbusConnection().for_unit(1)
    unit.holding.update(registers)
    found = PROFILES[profile]
    device = ModbusDevice(found, unit, roles=[role])
    reading = await device.async_read()
    for key, point in found.roles[role].readings.items():
        value, quality = reading.roles[role][key].value, reading.roles[role][key].quality
        if theirs.points[MEANT[role][key]].pdef["type"] == "acc32" and value in {None, 0}:
            # The standard takes 0 for "does not count" and has no other word for it. A new meter stands at 0 as well,
            # and makers write all ones as everywhere else: for us 0 is 0 and all ones are unknown.
            continue
        said = their_value(theirs, MEANT[role][key])
        if quality is Quality.GOOD:
            assert said is not None
            assert value == pytest.approx(said, rel=1e-5), key
        elif quality is Quality.MISSING:
            assert said is None, key
        else:  # both have a number, and ours is beyond what is possible
            assert said is not None
            assert not point.valid[0] <= said <= point.valid[1] or not math.isfinite(said)


def their_value(model: Model, name: str) -> float | None:
    """Return what the library reads. It takes a scale factor that is not there for none; no value is then known."""
    point = model.points[name]
    if point.value is None or (point.sf and model.points[point.sf].value is None):
        return None
    value = point.cvalue
    return None if isinstance(value, float) and not math.isfinite(value) else value
