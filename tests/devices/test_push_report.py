"""Bodies of reports: what is understood, and in which words the rest is refused."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.devices.push import PushRefusedError, parse_report


def body(**fields: Any) -> bytes:
    """Return a body."""
    return json.dumps(fields).encode()


def refused(content: bytes) -> PushRefusedError:
    """Return why a body is refused."""
    with pytest.raises(PushRefusedError) as caught:
        parse_report(content)
    assert caught.value.remedy
    return caught.value


def test_a_full_report_is_understood() -> None:
    report = parse_report(
        body(
            energy_produced=0,
            energy_consumed=0.125,
            current_load=41.5,
            voltage=230,
            current1=1.5,
            frequency=50.01,
            power_factor=-0.97,
            facility_id=17,
            timestamp="2026-06-15T12:00:30+02:00",
            seq=4,
            temperature=21,
            current2=None,
        )
    )
    assert report.values == {
        "energy_produced": 0.0,
        "energy_consumed": 0.125,
        "current_load": 41.5,
        "voltage": 230.0,
        "current1": 1.5,
        "frequency": 50.01,
        "power_factor": -0.97,
    }
    assert (report.facility_id, report.stamp_s, report.seq) == ("17", 1781517630.0, 4)
    assert report.unknown == ("temperature",)


@pytest.mark.parametrize("stamp", [1781517630, 1781517630.0, "2026-06-15T10:00:30Z", "20260615T100030Z"])
def test_times_come_as_seconds_or_with_an_offset(stamp: Any) -> None:
    assert parse_report(body(timestamp=stamp)).stamp_s == 1781517630.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("energy_consumed", value) for value in ("0.1", True, [1], {}, -0.001, 1e11, 10**400, 1e400)],
        *[("current_load", -1), ("current_load", 1001), ("voltage", -1), ("voltage", 1501)],
        *[("frequency", 101), ("power_factor", 1.01), ("current3", 10_001), ("power", "1 kW")],
        *[("facility_id", value) for value in (True, 1.5, [], "x" * 65)],
        *[("seq", value) for value in ("1", True, -1, 1.0, 2**63)],
        *[
            ("timestamp", value)
            for value in ("noon", "2026-06-15T10:00:30", "", True, [], -1, 1781517630_000)
        ],
        ("timestamp", "0001-01-01T00:00:00+23:00"),
    ],
)
def test_a_wrong_type_or_range_is_refused_by_name(field: str, value: Any) -> None:
    text = json.dumps({field: value}) if value != float("inf") else f'{{"{field}": 1e400}}'
    error = refused(text.encode())
    assert error.field == field
    assert field in str(error)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_in_json_is_refused(word: str) -> None:
    """Python's parser would take it."""
    assert word in str(refused(f'{{"voltage": {word}}}'.encode()))


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"{", b"[" * 8000, b"[]", b"3", b"null", b'"x"', b'{"seq": ' + b"9" * 8000 + b"}"],
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    refused(content)


def test_a_nest_that_no_parser_climbs_out_of_is_refused() -> None:
    assert "nested too deeply" in str(refused(b"[" * 500_000))


def test_a_key_that_is_there_twice_is_refused() -> None:
    assert "twice" in str(refused(b'{"voltage": 230, "voltage": 231}'))


def test_one_power_is_enough() -> None:
    """Two that differ by a thousand would leave it open which is meant."""
    assert refused(body(power=500, power_kw=0.5)).field == "power_kw"


def test_a_refusal_quotes_no_text_of_the_sender() -> None:
    """It goes into logs and forms."""
    assert "<script>" not in str(refused(body(voltage="<script>")))


_ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    ["energy_consumed", "energy_produced", "voltage", "power", "seq", "timestamp", "facility_id", "x"]
)


@given(
    st.binary(max_size=200) | st.dictionaries(_NAMES, _ANY, max_size=5).map(lambda d: json.dumps(d).encode())
)
def test_any_body_is_a_report_or_is_refused(content: bytes) -> None:
    """Nothing else is ever raised, and what is taken is finite."""
    try:
        values = parse_report(content).values
    except PushRefusedError:
        return
    assert all(abs(value) < 1e12 for value in values.values())
