"""The usual fields of documents nobody has described, and the units their names suggest."""

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.devices.by_hand import NEEDED_BY_HAND, POINTS_BY_HAND, profile_by_hand
from custom_components.ems.devices.command import DeviceCommand
from custom_components.ems.devices.hand_commands import CommandError
from custom_components.ems.devices.json_path import find, parse_path
from custom_components.ems.devices.modbus_device import ModbusDevice
from custom_components.ems.devices.points import POINTS
from custom_components.ems.devices.recognise import fields_text, recognise, recognise_message
from custom_components.ems.devices.row_checks import RowError
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
    with pytest.raises(RowError, match="row_missing: point car_connected"):
        profile_by_hand("charger", {"kind": "modbus", "link": link, "points": rows[:1]})


@pytest.mark.parametrize(
    ("topic", "payload", "rows"),
    [
        ("stat/plug/POWER", "ON", [{"point": "running", "path": "", "topic": "stat/plug/POWER"}]),
        ("s/status/switch:0", '{"output": true, "apower": 7}', ["running", "power"]),
        ("shellies/x/relay/0/power", "7.5", ["power"]),
        ("a/b", "hello", []),
        ("a/b", "{", []),
        ("", "7", []),
    ],
)
def test_a_message_fills_the_table_of_a_load(topic, payload, rows):
    """Also where it is a plain value: then its topic says what it is."""
    found = recognise_message("load", topic, payload)
    assert found == rows or [row["point"] for row in found] == rows
    assert all(row["topic"] == topic for row in found)


@given(payload=st.text(max_size=80), topic=st.text(max_size=20))
def test_no_message_makes_the_form_stumble(payload, topic):
    for row in recognise_message("load", topic, payload):
        assert row["point"] in POINTS_BY_HAND["load"]
    assert len(fields_text(payload)) <= 10_000


async def test_a_load_by_registers_is_switched_where_it_is_read(mock_unit):
    """A coil, or a holding register with values of its own; a register that is only read is refused."""
    link = {"host": "x", "port": 502, "unit_id": 1}
    coil = {"point": "running", "register": 7, "type": "u16", "function": "coil"}
    word = {"point": "running", "register": 7, "type": "u16"}
    on, off = (DeviceCommand(role="load", mode=mode) for mode in ("on", "off"))

    def load(row, **commands):
        source = {"kind": "modbus", "link": link, "points": [row], "commands": {"switches": True, **commands}}
        unit = mock_unit({7: 80})
        unit.coil[7] = False
        return ModbusDevice(profile_by_hand("load", source), unit), unit

    device, unit = load(coil)
    await device.async_command(on)
    assert unit.coil[7] is True
    await device.async_release(force=True)
    assert unit.coil[7] is False
    device, unit = load(word, on_value=81, off_value=80)
    assert (await device.async_read()).get("load", "running") is False
    await device.async_command(on)
    assert unit.holding[7] == 81
    await device.async_command(off)
    assert unit.holding[7] == 80
    with pytest.raises(RowError, match="cannot be written"):
        load({**word, "function": "input"})
    with pytest.raises(CommandError, match="on_is_off"):
        load(word, on_value=1, off_value=1)
