"""A profile that is wrong says in which file and line, what, and what to write instead."""

from contextlib import suppress
from pathlib import Path
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.devices.errors import ProfileError
from custom_components.ems.devices.loader import load_profile, load_profiles, profiles_for
from custom_components.ems.devices.profile import Placeholder, SerialLine, parse_any_profile, parse_profile

GOOD = """\
profile: acme
manufacturer: Acme
models: [HX-5K, HX-10K]
source: Acme Modbus map v1.18
confidence: A
link: {transport: modbus_tcp, port: 502, unit_id: 1}
identity:
  manufacturer: Acme
  expect: [{at: 0, type: u16, equals: 42, means: the number of Acme}]
roles:
  battery:
    readings:
      power: {at: 590, type: s16, unit: W, positive: charging}
      soc: {at: 588, type: u16, unit: "%", scale: 0.1}
    settings:
      rated: {at: 100, type: u16, unit: kW, scale: 0.1}
      limit: {at: 108, type: u16, unit: W, write: [0, 9000], limit: rated}
      mode: {at: 142, type: enum, values: {0: self_use, 1: remote}, write: true}
    control:
      commands:
        automatic: {limit: max, mode: self_use}
        charge: {limit: power_w, mode: remote}
      safe: automatic
      lease_s: 60
      renew_s: 25
      on_expiry: It returns to self-use.
"""


def test_a_good_profile_becomes_our_units_and_signs():
    profile = parse_profile(GOOD, "acme.yaml")
    battery = profile.roles["battery"]
    power, soc = battery.readings["power"], battery.readings["soc"]

    assert (power.factor, power.unit, soc.factor) == (-1, "W", pytest.approx(0.1))
    assert battery.settings["rated"].factor == 100
    assert battery.commands == ("automatic", "charge")
    assert battery.control.commands["charge"] == {"limit": Placeholder.POWER_W, "mode": 1.0}
    assert profile.label == "Acme HX-5K, HX-10K"
    assert profile.writable


def test_a_sum_is_made_of_readings_and_of_parts_that_are_not_shown():
    lines = """\
      discharge_energy: {sum: {day: 1, night: 1}, unit: kWh}
    parts:
      day: {at: 1, type: u32, unit: kWh}
      night: {at: 3, type: u32, unit: kWh}
"""
    battery = parse_profile(GOOD.replace("    settings:", f"{lines}    settings:"), "acme.yaml").roles[
        "battery"
    ]
    assert battery.derived["discharge_energy"].terms == {("battery", "day"): 1, ("battery", "night"): 1}
    assert set(battery.parts) == {"day", "night"}
    assert not {"day", "night"} & battery.capabilities


def test_a_sum_of_what_nobody_reads_is_refused():
    line = "      discharge_energy: {sum: {day: 1}, unit: kWh}\n    settings:"
    with pytest.raises(ProfileError, match=r"acme\.yaml:15: .*adds battery\.day"):
        parse_profile(GOOD.replace("    settings:", line), "acme.yaml")


def test_a_device_on_a_line_says_how_it_leaves_the_factory():
    link = "link: {transport: modbus_rtu, port: 502, unit_id: 1, serial: {baudrate: 19200, parity: even, stop_bits: 1}}"
    profile = parse_profile(
        GOOD.replace("link: {transport: modbus_tcp, port: 502, unit_id: 1}", link), "acme.yaml"
    )
    assert profile.link.transport == "modbus_rtu"
    assert profile.link.serial == SerialLine(baudrate=19200, parity="even", stop_bits=1)


def test_a_line_whose_settings_no_maker_tells_is_still_a_line():
    """Without `serial` a device has none, and nobody is asked which port it is on."""
    as_set = GOOD.replace("unit_id: 1}", "unit_id: 1, serial: as_set}", 1)
    assert parse_profile(as_set, "acme.yaml").link.serial == SerialLine()
    assert parse_profile(GOOD, "acme.yaml").link.serial is None


def test_profiles_are_frozen():
    """They are shared by every device of a kind; changing one would change them all."""
    with pytest.raises(AttributeError):
        parse_profile(GOOD, "acme.yaml").id = "other"


WRONG = [
    # replace, by, line, path, says
    ("confidence: A\n", "", 1, "", "needs `confidence`; add it"),
    ("confidence: A", "confidence: D", 5, "confidence", "must be one of A, B, C"),
    ("source:", "sauce:", None, "", "needs `source`"),
    ("unit_id: 1}", "unit_id: 300}", 6, "link.unit_id", "from 0 to 255"),
    ("transport: modbus_tcp", "transport: pigeon", 6, "link.transport", "must be one of modbus_tcp"),
    ("type: s16", "type: int16", 13, "roles.battery.readings.power.type", "is called s16 here"),
    ("type: s16", "type: s24", 13, "roles.battery.readings.power.type", "must be one of u16"),
    ("at: 590", "at: 70000", 13, "roles.battery.readings.power.at", "from 0 to 65535"),
    ("at: 590", 'at: "590"', 13, "roles.battery.readings.power.at", "whole number"),
    (
        ", positive: charging",
        "",
        13,
        "roles.battery.readings.power",
        "needs `positive: discharging or charging`",
    ),
    ("positive: charging", "positive: import", 13, "roles.battery.readings.power.positive", "must be one of"),
    ("unit: W, positive", "unit: V, positive", 13, "roles.battery.readings.power.unit", "multiple of W"),
    ("unit: W, positive", "positive", 13, "roles.battery.readings.power", "needs `unit`"),
    ("scale: 0.1}\n    sett", "scale: -0.1}\n    sett", 14, "roles.battery.readings.soc.scale", "above 0"),
    ("scale: 0.1}\n    sett", "scael: 0.1}\n    sett", 14, "readings.soc.scael", "write `scale`"),
    (
        "      soc:",
        "      sok:",
        14,
        "roles.battery.readings.sok",
        "is no reading of a battery; known: power, soc",
    ),
    ("      soc:", "      power:", 14, "roles.battery.readings.power", "is here twice, first in line 13"),
    ("limit: rated", "limit: ratet", 17, "settings.limit", "no point of this role in W"),
    ("limit: rated", "limit: mode", 17, "settings.limit", "no point of this role in W"),
    ("write: [0, 9000]", "write: [9000, 0]", 17, "settings.limit.write", "swap them"),
    ("write: [0, 9000]", "write: 9000", 17, "settings.limit.write", "[lowest, highest]"),
    (", write: true", ", write: [0, 1]", 18, "settings.mode.write", "`write: true`"),
    ("0: self_use", "0: off", 18, "settings.mode", "quote them"),
    (
        "automatic: {limit: max",
        "automatic: {limmit: max",
        21,
        "commands.automatic.limmit",
        "no writable point",
    ),
    ("automatic: {limit: max", "automatic: {rated: max", 21, "commands.automatic.rated", "no writable point"),
    (
        "automatic: {limit: max",
        "automatic: {limit: 9001",
        21,
        "commands.automatic.limit",
        "outside limit's bounds",
    ),
    ("mode: remote}", "mode: remoat}", 22, "commands.charge.mode", "known: self_use, remote"),
    ("limit: power_w", "limit: current_a", 22, "commands.charge.limit", "current_a is in A and limit in W"),
    ("limit: power_w", "limit: lots", 22, "commands.charge.limit", "must be one of power_w"),
    (
        "        charge:",
        "        launch:",
        22,
        "commands.launch",
        "known: automatic, hold, charge, discharge",
    ),
    ("safe: automatic", "safe: hold", 23, "control.safe", "must be one of automatic, charge, lapse"),
    ("      lease_s: 60\n", "", 20, "control", "belong together"),
    ("renew_s: 25", "renew_s: 40", 25, "control.renew_s", "at most half the lease"),
    ("equals: 42, ", "", 9, "identity.expect[0]", "needs one of"),
    ("equals: 42", 'matches: "4"', 9, "identity.expect[0]", "use the other one"),
    ("expect: [{", "expect: [] #", 9, "identity.expect", "at least one check"),
    ("confidence: A", "confidence: C", 5, "confidence", "read-only until"),
    ("at: 590, type: s16", "at: 590, type: string", 13, "readings.power", "needs `length`"),
    (
        "at: 590, type: s16",
        "at: 590, type: u16, scale_register: 590",
        13,
        "power.scale_register",
        "inside the value",
    ),
    ("at: 590, type: s16", "at: 590, type: u16, scale_register: 900", None, "", "spans 311 registers"),
    ("at: 590, type: s16", "at: 590, type: enum", 13, "readings.power", "needs `values`"),
    ("scale: 0.1}\n    sett", "coding: four_quadrant}\n    sett", 14, "soc.coding", "is for power factors"),
    ("equals: 42", "between: [9, 1]", 9, "identity.expect[0].between", "swap them"),
    ("transport: modbus_tcp", "transport: modbus_rtu", 6, "link", "needs `serial:"),
    ("unit_id: 1}", "unit_id: 1, poll_s: 0.5}", 6, "link.poll_s", "must be at least 1 s"),
    (
        "unit_id: 1}",
        "unit_id: 1, serial: {baudrate: 9600, parity: none}}",
        6,
        "link.serial",
        "needs `stop_bits`",
    ),
    (
        "unit_id: 1}",
        "unit_id: 1, serial: {baudrate: 9000, parity: none, stop_bits: 1}}",
        6,
        "link.serial.baudrate",
        "must be one of 1200",
    ),
    (
        "unit_id: 1}",
        "unit_id: 1, serial: {baudrate: 9600, parity: odd, stop_bits: 3}}",
        6,
        "link.serial.stop_bits",
        "from 1 to 2",
    ),
    (
        "    settings:",
        '    parts: {soc: {at: 1, type: u16, unit: "%"}}\n    settings:',
        15,
        "roles.battery.parts.soc",
        "keep it in one of the two",
    ),
    (
        "    settings:",
        "    parts: {old: {at: 1, type: u16, write: [0, 1]}}\n    settings:",
        15,
        "roles.battery.parts.old",
        "cannot be written",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "path", "says"), WRONG)
def test_a_mistake_is_named_with_its_line_and_remedy(old, new, line, path, says):
    assert GOOD.count(old) == 1, "the table has to change exactly one place"
    with pytest.raises(ProfileError) as caught:
        parse_profile(GOOD.replace(old, new), "acme.yaml")
    message = str(caught.value)
    assert re.match(rf"acme\.yaml:{line or r'\d+'}: ", message), message
    assert path in message, message
    assert says in message, message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("- a\n- b\n", "must be a mapping"),
        ("a: [1, 2", "is not valid YAML"),
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("? [1, 2]\n: 3\n", "a name must be a plain word"),
        ("a: 2026-13-45\n", "holds a value YAML cannot read"),
        ("a: !!python/name:os.system x\n", "not valid YAML"),
        ("a: \b\n", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_profile_is_no_raw_error(text, says):
    with pytest.raises(ProfileError, match=says):
        parse_profile(text, "x.yaml")


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_at_all_raises_anything_but_a_profile_error(text):
    with pytest.raises(ProfileError):
        parse_profile(text, "x.yaml")


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_damage_to_a_profile_raises_anything_but_a_profile_error(data):
    """Users write profiles of their own: a slip of the pen must not take the integration down."""
    start = data.draw(st.integers(0, len(GOOD)))
    length = data.draw(st.integers(0, 30))
    middle = data.draw(st.text(alphabet="[]{}:,-\n \"'#&*!0aWx.", max_size=6))
    with suppress(ProfileError):
        parse_profile(GOOD[:start] + middle + GOOD[start + length :], "x.yaml")


def test_the_profile_of_the_manual_works():
    """Whoever copies docs/profiles.md gets a profile, not an error."""
    manual = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    _, head, lines, _, parts, _, sunspec, control, station, *_ = re.findall(
        r"```yaml\n(.*?)```", manual, re.DOTALL
    )
    battery = parse_profile(head + lines + control, "acme_hx.yaml").roles["battery"]
    assert battery.commands == ("automatic", "charge")
    assert battery.control.prepare == {"timeout": 60}
    own_head = head.partition("defaults:")[0]
    charger = parse_profile(head + "roles:\n" + station, "acme_hx.yaml").roles["charger"]
    assert charger.control.give_back == {"current": 6, "enable": 1}
    net = parse_profile(head + "roles:\n" + parts, "acme_hx.yaml").roles["meter"].derived["power"]
    assert net.terms == {("meter", "importing"): 1, ("meter", "exporting"): -1}
    meter = parse_profile(own_head + sunspec, "acme_hx.yaml").roles["meter"]
    assert [layout.register.base for layout in meter.readings["power"].otherwise] == ["float"]


def test_the_profile_without_registers_of_the_manual_works():
    """Both of its kinds: what is asked over HTTP, and what is published."""
    manual = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    head = "profile: acme\nmanufacturer: Acme\nmodels: [HX]\nsource: a manual\nconfidence: A\n"
    blocks = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    http, mqtt = [block for block in blocks if "requests:" in block or "topics:" in block]
    assert parse_any_profile(head + http, "acme.yaml").link.auth == ("none", "digest")
    rest = (
        "identity: {manufacturer: Acme, expect: [{from: power, matches: '[0-9]', means: a power}]}\n"
        "roles: {meter: {readings: {power: {from: power, unit: W, positive: import}}}}\n"
    )
    assert parse_any_profile(head + mqtt + rest, "acme.yaml").link.max_age_s == 60


def test_file_and_profile_have_one_name(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"other\.yaml.*name file and profile alike"):
        load_profile(path)


def test_a_folder_of_profiles_is_read_once(tmp_path):
    (tmp_path / "acme.yaml").write_text(GOOD, encoding="utf-8")
    first = load_profiles(tmp_path)
    (tmp_path / "acme.yaml").unlink()
    assert load_profiles(tmp_path) is first
    assert set(first) == {"acme"}


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_a_profile_error(tmp_path, content):
    path = tmp_path / "gone.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=r"gone\.yaml: cannot be read"):
        load_profile(path)


def test_each_role_is_offered_the_devices_that_have_it():
    offered = {role: {p.id for p in profiles_for(role)} for role in ("charger", "meter", "battery")}
    assert {"alfen_eve", "goe_charger_http"} <= offered["charger"] - offered["meter"]
    assert {"abb_b23", "homewizard_p1"} <= offered["meter"] - offered["battery"] - offered["charger"]
    assert "solaredge_storedge" in offered["meter"] & offered["battery"] - offered["charger"]
    assert profiles_for("teapot") == ()
