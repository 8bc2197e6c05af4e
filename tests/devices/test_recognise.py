"""The usual fields of documents nobody has described, and the units their names suggest."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.devices.by_hand import NEEDED_BY_HAND, POINTS_BY_HAND, RowError, profile_by_hand
from custom_components.ems.devices.json_path import find, parse_path
from custom_components.ems.devices.points import POINTS
from custom_components.ems.devices.recognise import recognise
from tests.devices import documents


def found(role, document):
    """Return point → (path, unit)."""
    return {row["point"]: (row["path"], row.get("unit")) for row in recognise(role, document)}


@pytest.mark.parametrize(
    ("field", "point", "unit"),
    [
        ("power", "power", "W"),
        ("power_kw", "power", "kW"),
        ("activePower", "power", "W"),
        ("active_power_w", "power", "W"),
        ("total_act_power", "power", "W"),
        ("Power-KW", "power", "kW"),
        ("apower", "power", "W"),
        ("energy", "import_energy", "kWh"),
        ("total_kwh", "import_energy", "kWh"),
        ("totalEnergy", "import_energy", "kWh"),
        ("energy_wh", "import_energy", "Wh"),
        ("total_power_import_kwh", "import_energy", "kWh"),
        ("total_act", "import_energy", None),  # nobody's usual name: left to people
        ("total_power_export_kwh", "export_energy", "kWh"),
        ("total_returned", "export_energy", "Wh"),
        ("voltage", "voltage_l1", "V"),
        ("voltage_l2", "voltage_l2", "V"),
        ("c_current", "current_l3", "A"),
        ("current_ma", "current_l1", "mA"),
        ("power_factor", "power_factor", None),
        ("powerFactor", "power_factor", None),
        ("pf", "power_factor", None),
        ("frequency", "frequency", "Hz"),
    ],
)
def test_a_usual_name_is_recognised_with_its_unit(field, point, unit):
    seen = found("meter", {"d": {field: 5}})
    assert seen == ({} if field == "total_act" else {point: (f"d.{field}", unit)})


def test_a_battery_and_a_charger_have_words_of_their_own():
    assert found("battery", {"soc": 55, "power_w": 10, "temperature": 21}) == {
        "power": ("power_w", "W"),
        "soc": ("soc", "%"),
        "temperature": ("temperature", "°C"),
    }
    assert found("charger", {"connected": True, "power": "11.0", "energy_kwh": 5}) == {
        "power": ("power", "W"),
        "energy": ("energy_kwh", "kWh"),
        "car_connected": ("connected", None),
    }


@pytest.mark.parametrize(
    "document",
    [
        {"power": "off"},
        {"power": [1]},
        {"power": {"x": 1}},
        {"power": True},
        {"power_v": 1},
        7,
        None,
        "x",
        [],
    ],
)
def test_what_is_no_number_or_measures_something_else_is_left_alone(document):
    assert recognise("meter", document) == []


def test_the_total_is_preferred_to_a_part_and_the_nearest_to_the_deepest():
    assert found("meter", documents.SHELLY_PRO_3EM["/rpc/EM.GetStatus?id=0"])["power"] == (
        "total_act_power",
        "W",
    )
    assert found("meter", {"a": {"b": {"power": 1}}, "c": {"power": 2}})["power"][0] == "c.power"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["power", "soc", "a.b", ""]), inner)
    ),
    max_leaves=12,
)


@given(document=JSON, role=st.sampled_from(sorted(POINTS_BY_HAND)))
def test_whatever_is_found_can_be_read_again_where_it_was(document, role):
    for row in recognise(role, document):
        assert row["point"] in POINTS_BY_HAND[role]
        find(document, parse_path(row["path"]))


def test_what_can_be_entered_is_canonical():
    for role, points in POINTS_BY_HAND.items():
        assert set(points) <= set(POINTS[role])
        assert set(NEEDED_BY_HAND[role]) <= set(points)


def test_a_charger_by_registers_says_whether_a_car_is_there():
    rows = [
        {"point": "power", "register": 10, "type": "u16", "unit": "W"},
        {"point": "car_connected", "register": 12, "type": "u16"},
    ]
    link = {"host": "x", "port": 502, "unit_id": 1}
    profile = profile_by_hand("charger", {"kind": "modbus", "link": link, "points": rows})
    assert profile.roles["charger"].readings["car_connected"].register.values == {0: False, 1: True}
    with pytest.raises(RowError, match="car_connected: is missing"):
        profile_by_hand("charger", {"kind": "modbus", "link": link, "points": rows[:1]})
