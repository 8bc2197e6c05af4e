"""Decoding hostile registers and encoding bounded values."""

from fractions import Fraction
import math

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.devices.codec import decode, encode, resolution
from custom_components.ems.devices.errors import DeviceWriteError
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.points import Kind
from custom_components.ems.devices.profile import Point, Profile, Register
from custom_components.ems.devices.reading import Quality
from tests.devices.images import words

EVERY_POINT = [
    pytest.param(
        point, id=":".join(filter(None, (profile.id, f"{point.role}.{point.key}", point.register.base)))
    )
    for profile in load_profiles().values()
    if isinstance(profile, Profile)
    for role in profile.roles.values()
    for line in role.points
    for point in (line, *line.otherwise)
]
WORD = st.integers(0, 0xFFFF)


def point(kind, **changes) -> Point:
    width = {"16": 1, "32": 2, "64": 4}.get(kind[1:], 1)
    register = {"address": 0, "count": width, "type": kind}
    names = {"absent", "values", "bit", "word_order", "byte_order", "count"}
    register |= {name: changes.pop(name) for name in names & changes.keys()}
    return Point(role="meter", key="x", kind=Kind.COUNT, unit=None, register=Register(**register), **changes)


@pytest.mark.parametrize(
    ("kind", "registers", "value"),
    [
        ("u16", [0xFFFE], 65534),
        ("s16", [0xFFFE], -2),
        ("u32", [0x0001, 0xE8E4], 125156),
        ("s32", [0xFFFF, 0xFFFE], -2),
        ("u64", [0, 0, 1, 0], 65536),
        ("s64", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], -2),
        ("f32", words("f", -1.5), -1.5),
        ("f64", words("d", 1e9 + 0.125), 1e9 + 0.125),
    ],
)
def test_every_type_in_both_word_orders(kind, registers, value):
    assert decode(point(kind), registers) == (value, Quality.GOOD)
    assert decode(point(kind, word_order="little"), registers[::-1]) == (value, Quality.GOOD)


@pytest.mark.parametrize(
    ("code", "power_factor"),
    [(0.98, 0.98), (-0.98, -0.98), (1.2, 0.8), (-1.2, -0.8), (1, 1), (-1, -1), (2, 0), (-2, 0), (0, 0)],
)
def test_a_four_quadrant_code_becomes_a_power_factor(code, power_factor):
    """Schneider: beyond one the current leads. Read plainly, 1.2 would be no power factor at all."""
    folded = point("f32", coding="four_quadrant")
    value, quality = decode(folded, words("f", code))
    assert (value, quality) == (pytest.approx(power_factor, abs=1e-9), Quality.GOOD)


@settings(deadline=None)
@given(st.lists(WORD, min_size=2, max_size=2))
def test_no_four_quadrant_code_gives_a_power_factor_beyond_one(registers):
    value, _ = decode(point("f32", coding="four_quadrant", valid=(-1, 1)), registers)
    assert value is None or -1 <= value <= 1


def test_swapped_bytes_are_put_right_both_ways():
    """Shelly packs its texts so."""
    name = point("string", count=2, byte_order="little")
    assert decode(name, [0x5053, 0x4D45]) == ("SPEM", Quality.GOOD)
    number = point("u32", byte_order="little")
    assert decode(number, [0x0100, 0xE4E8]) == (0x1E8E4, Quality.GOOD)
    assert encode(number, 0x1E8E4) == [0x0100, 0xE4E8]
    assert decode(point("bit", bit=0, byte_order="little"), [0x0100]) == (True, Quality.GOOD)


def test_zero_is_a_value():
    """A house that draws nothing is not a house whose meter is broken."""
    assert decode(point("s32"), [0, 0]) == (0.0, Quality.GOOD)


def test_a_sign_of_ours_makes_no_minus_zero():
    value, _ = decode(point("f32", factor=Fraction(-1)), [0, 0])
    assert math.copysign(1, value) == 1


@pytest.mark.parametrize(
    ("spec", "registers"),
    [
        (point("u16", absent=frozenset({0xFFFF})), [0xFFFF]),
        (point("s32", absent=frozenset({0x7FFFFFFF})), [0x7FFF, 0xFFFF]),
        (point("f32"), words("f", math.nan)),
        (point("f64"), words("d", math.inf)),
        (point("f32", absent=frozenset({0xFF7FFFFF})), [0xFF7F, 0xFFFF]),
    ],
)
def test_what_a_device_marks_as_not_available_is_missing(spec, registers):
    assert decode(spec, registers) == (None, Quality.MISSING)


def test_out_of_range_is_invalid_and_not_passed_on():
    assert decode(point("u16", valid=(0, 100)), [101]) == (None, Quality.INVALID)
    assert decode(point("u16", valid=(0, 100)), [100]) == (100, Quality.GOOD)


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [
        (-2, (1.5, Quality.GOOD)),
        (0, (150.0, Quality.GOOD)),
        (3, (150_000.0, Quality.GOOD)),
        (-32768, (None, Quality.MISSING)),  # 0x8000: not implemented
        (11, (None, Quality.INVALID)),  # SunSpec ends at ten; a waking inverter does not
    ],
)
def test_scale_registers(exponent, expected):
    scale = Register(address=1, count=1, type="s16", absent=frozenset({0x8000}))
    assert decode(point("s16", scale_register=scale), [150], [exponent & 0xFFFF]) == expected


def test_hundredths_are_hundredths():
    """101 · 0.01 is 1.01 and not 1.0100000000000002."""
    spec = point("u32", factor=Fraction("0.01"))
    assert [decode(spec, [0, raw])[0] for raw in range(1000)] == [
        float(f"{raw / 100:.2f}") for raw in range(1000)
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(4, ("on", Quality.GOOD)), (5, (None, Quality.INVALID)), (0xFFFF, (None, Quality.MISSING))],
)
def test_codes(raw, expected):
    assert decode(point("enum", values={4: "on"}, absent=frozenset({0xFFFF})), [raw]) == expected


def test_bits():
    assert decode(point("bit", bit=3), [0b1000]) == (True, Quality.GOOD)
    assert decode(point("bit", bit=2), [0b1000]) == (False, Quality.GOOD)


@pytest.mark.parametrize(
    ("registers", "expected"),
    [
        ([0x4142, 0x4300], ("ABC", Quality.GOOD)),
        ([0x4120, 0x2020], ("A", Quality.GOOD)),
        ([0x4100, 0x4242], ("A", Quality.GOOD)),  # what follows the end is left over from a longer text
        ([0, 0], (None, Quality.MISSING)),
        ([0xFFFF, 0xFFFF], (None, Quality.MISSING)),
    ],
)
def test_texts(registers, expected):
    assert decode(point("string", count=2), registers) == expected


@pytest.mark.parametrize("spec", EVERY_POINT)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_registers_at_all_give_a_plausible_value_or_none(spec, data):
    """Devices boot, swap words and lie. Whatever they send, nothing raises and nothing absurd comes out."""
    registers = data.draw(st.lists(WORD, min_size=spec.register.count, max_size=spec.register.count))
    value, quality = decode(spec, registers, [data.draw(WORD)])
    assert (value is None) == (quality is not Quality.GOOD)
    if value is None:
        return
    assert isinstance(value, {Kind.TEXT: str, Kind.FLAG: bool}.get(spec.kind, float))
    if isinstance(value, float):
        assert math.isfinite(value)
        assert spec.valid is None or spec.valid[0] <= value <= spec.valid[1]


WRITABLE = [p for p in EVERY_POINT if p.values[0].write and p.values[0].register.values is None]


@pytest.mark.parametrize("spec", WRITABLE)
@settings(max_examples=50, deadline=None)
@given(share=st.floats(0, 1))
def test_what_is_written_within_bounds_reads_back(spec, share):
    value = spec.write.low + share * (spec.write.high - spec.write.low)
    back, quality = decode(spec, encode(spec, value), [0] if spec.scale_register else [])
    assert quality is Quality.GOOD
    assert abs(back - value) <= resolution(spec, value)


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(["u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"]),
    order=st.sampled_from(["big", "little"]),
    value=st.floats(allow_nan=False, allow_infinity=False),
    scale=st.sampled_from(["1", "0.01", "10", "-0.1", "-1"]),
    exponent=st.integers(-3, 3),
)
def test_a_value_fits_its_register_or_is_refused(kind, order, value, scale, exponent):
    """A current of 70 000 A must not arrive as 4464 A."""
    spec = point(kind, word_order=order, factor=Fraction(scale))
    try:
        registers = encode(spec, value, exponent)
    except DeviceWriteError:
        return
    assert all(0 <= word <= 0xFFFF for word in registers)
    back = decode(spec, registers)[0]
    assert back is not None
    assert abs(back * 10.0**exponent - value) <= resolution(spec, value, exponent) * 1.001 + abs(value) * 1e-6
