"""Between documents and values: whatever a device sends gives a value, or a quality with the reason."""

from fractions import Fraction
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.devices.document_codec import (
    Document,
    decode_code,
    decode_document,
    encode_value,
    proves,
    text_at,
)
from custom_components.ems.devices.json_path import parse_path
from custom_components.ems.devices.points import Kind
from custom_components.ems.devices.profile.documents import DocumentPoint, Proof, Spot
from custom_components.ems.devices.reading import Quality


def point(path="p", kind=Kind.POWER, **other):
    """Return a point."""
    known = {"role": "meter", "key": "power", "unit": "W", "valid": (-1e7, 1e7), **other}
    return DocumentPoint(kind=kind, spots=(Spot(origin="d", path=parse_path(path)),), **known)


def decoded(document, **other):
    """Return what a point reads in a document."""
    return decode_document(point(**other), {"d": Document(content=document, at_s=5.0)})


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", ()),
        ("$", ()),
        ("a", ("a",)),
        ("$.a.0.b", ("a", "0", "b")),
        ("a[0].b", ("a", "0", "b")),
        ("em:0.total", ("em:0", "total")),
        (r"a\.b.c", ("a.b", "c")),
    ],
)
def test_a_path_is_read_as_people_write_it(path, steps):
    assert parse_path(path) == steps


@pytest.mark.parametrize("path", ["a..b", "a.", "a[0]..b"])
def test_a_path_with_a_hole_is_refused(path):
    with pytest.raises(ValueError, match="empty step"):
        parse_path(path)


@pytest.mark.parametrize(
    ("raw", "value"),
    [(1, 1.0), (-2.5, -2.5), ("12.5", 12.5), (" 7 ", 7.0), ("1e3", 1000.0)],
)
def test_numbers_are_read_also_as_text(raw, value):
    found = decoded({"p": raw})
    assert (found.value, found.quality, found.at_s) == (value, Quality.GOOD, 5.0)


@pytest.mark.parametrize(
    ("raw", "quality", "why"),
    [
        (None, Quality.MISSING, "does not know"),
        (True, Quality.INVALID, "True is no number"),
        ("on", Quality.INVALID, "'on' is no number"),
        ("", Quality.INVALID, "no number"),
        ("nan", Quality.INVALID, "no number"),
        ("1_000", Quality.INVALID, "no number"),
        ([1], Quality.INVALID, "a list is no number"),
        ({"v": 1}, Quality.INVALID, "an object is no number"),
        (1e9, Quality.INVALID, "outside -1e\\+07 to 1e\\+07"),
        (10**400, Quality.INVALID, "beyond all measure"),
    ],
)
def test_what_is_no_number_is_said_to_be_what_it_is(raw, quality, why):
    found = decoded({"p": raw})
    assert (found.value, found.quality) == (None, quality)
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(found.why)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "the document has no 'p'"),
        ([], "the document has no 'p'"),
        ("text", "the document has no 'p'"),
        (None, "the document has no 'p'"),
    ],
)
def test_a_path_that_leads_nowhere_is_missing(document, why):
    found = decoded(document)
    assert (found.value, found.quality, found.why) == (None, Quality.MISSING, why)


def test_scales_are_exact():
    assert decoded({"p": 230.1}, factor=Fraction(1, 10)).value == 23.01
    assert decoded({"p": 1.1}, factor=Fraction(-1000)).value == -1100


@pytest.mark.parametrize("document", [{"p": 1e308}, {"p": -1.5e306}, {"p": "1e307"}])
def test_a_number_that_its_unit_makes_endless_is_none(document):
    found = decoded(document, factor=Fraction(1000))
    assert (found.value, found.quality) == (None, Quality.INVALID)
    assert decode_code(point(factor=Fraction(10**4)), document) is None


def test_absent_values_of_the_maker_are_missing():
    assert decoded({"p": -999}, absent=frozenset({-999})).quality is Quality.MISSING


def test_several_places_add_up_and_one_that_is_missing_leaves_nothing():
    """A phase that says nothing is not a phase without consumption."""
    spots = tuple(Spot(origin="d", path=(key,)) for key in "abc")
    total = DocumentPoint(role="meter", key="import_energy", kind=Kind.ENERGY, unit="Wh", spots=spots)
    documents = {"d": Document(content={"a": 0.1, "b": 0.2, "c": 3}, at_s=1.0)}
    assert decode_document(total, documents).value == 3.3
    documents = {"d": Document(content={"a": 1, "b": None, "c": 3}, at_s=1.0)}
    assert decode_document(total, documents).quality is Quality.MISSING


@pytest.mark.parametrize(
    ("raw", "value"),
    [(True, True), (1, True), ("ON", True), ("true", True), (False, False), (0, False), ("off", False)],
)
def test_yes_and_no_come_in_many_words(raw, value):
    assert decoded({"p": raw}, kind=Kind.FLAG, valid=None).value is value


@pytest.mark.parametrize("raw", ["maybe", 2, 1.5, [], {}])
def test_neither_yes_nor_no_is_no_flag(raw):
    assert decoded({"p": raw}, kind=Kind.FLAG, valid=None).quality is Quality.INVALID


def test_codes_are_words_also_when_they_come_as_text():
    values = {1: "available", "X": "fault"}
    for raw, word in ((1, "available"), ("1", "available"), (1.0, "available"), ("X", "fault")):
        assert decoded({"p": raw}, kind=Kind.TEXT, valid=None, values=values).value == word
    for raw in (2, "Y", [1], 1.5):
        assert decoded({"p": raw}, kind=Kind.TEXT, valid=None, values=values).quality is Quality.INVALID


@pytest.mark.parametrize(
    ("value", "other", "text"),
    [
        (10.0, {}, "10"),
        (7.5, {}, "7.5"),
        (7.4, {"whole": True}, "7"),
        (1500.0, {"factor": Fraction(1000)}, "1.5"),
        (2.0, {"values": {2: "on"}}, "2"),
    ],
)
def test_a_value_is_written_as_the_device_reads_it(value, other, text):
    written = point(**other)
    assert encode_value(written, value) == text
    assert decode_code(written, {"p": text}) == (round(value) if other.get("whole") else value)


def test_proofs_look_at_what_is_there():
    spot = Spot(origin="d", path=("t",))
    assert proves(Proof(spot=spot, means="", equals=frozenset({"SHEM"})), {"t": "SHEM"})
    assert proves(Proof(spot=spot, means="", equals=frozenset({"true"})), {"t": True})
    assert proves(Proof(spot=spot, means="", matches="^[2-9]$"), {"t": 3})
    assert not proves(Proof(spot=spot, means="", matches="^[2-9]$"), {"t": [3]})
    assert not proves(Proof(spot=spot, means="", matches="."), {})


def test_texts_of_an_identity_are_plain():
    assert text_at(Spot(origin="d", path=("t",)), {"t": " a\x00b\n "}) == "ab"
    assert text_at(Spot(origin="d", path=("t",)), {"t": 12}) == "12"
    for odd in (True, None, [], {}, ""):
        assert text_at(Spot(origin="d", path=("t",)), {"t": odd}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ptx0"), inner, max_size=4),
    max_leaves=12,
)
POINTS = [
    point("p"),
    point("p.0.t", factor=Fraction(1, 1000)),
    point("", kind=Kind.COUNT, valid=None),
    point("p", kind=Kind.TEXT, valid=None),
    point("t", kind=Kind.FLAG, valid=None),
    point("p", kind=Kind.TEXT, valid=None, values={1: "a", "t": "b", 0: "c"}),
]


@given(document=JSON, which=st.sampled_from(POINTS))
def test_no_document_breaks_the_decoder(document, which):
    """Devices are not friends: a value is good and plausible, or it is None and says why."""
    found = decode_document(which, {"d": Document(content=document, at_s=1.0)})
    decode_code(which, document)
    text_at(which.spots[0], document)
    proves(Proof(spot=which.spots[0], means="", matches="^a"), document)
    if found.quality is not Quality.GOOD:
        assert found.value is None
        assert found.why
    elif isinstance(found.value, float):
        assert math.isfinite(found.value)
        assert which.valid is None or which.valid[0] <= found.value <= which.valid[1]
