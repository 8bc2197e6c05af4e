"""The parts of the workshop that judge: a log scan or a sum that sees nothing would let everything pass."""

from pathlib import Path

import pytest

from script.lib.demo.dashboard import make_dashboard
from script.lib.demo.proof import compare
from script.lib.demo.site import Device, Entity
from script.lib.demo.wires import Register
from script.lib.ha.log import problems
from script.lib.sum_reports import count

LOG = """\
2026-11-20 12:00:00.123 INFO (MainThread) [custom_components.ems] Ready
2026-11-20 12:00:01.123 WARNING (MainThread) [homeassistant.loader] We found a custom integration ems
2026-11-20 12:00:02.123+01:00 WARNING (MainThread) [custom_components.ems.dispatcher] Battery refused
2026-11-20 12:00:03.123 ERROR (MainThread) [homeassistant.core] Error doing job
Traceback (most recent call last):
  File "/config/custom_components/ems/sensor.py", line 1, in native_value
ZeroDivisionError
2026-11-20 12:00:04.123 ERROR (MainThread) [homeassistant.components.other] Not ours
"""

REPORT = """\
<testsuites><testsuite>
  <testcase classname="a" name="passes"/>
  <testcase classname="a" name="fails"><failure/></testcase>
  <testcase classname="a" name="waits"><skipped/></testcase>
  <testcase classname="a" name="breaks at the end"/>
  <testcase classname="a" name="breaks at the end"><error/></testcase>
</testsuite></testsuites>
"""


def test_log_scan_finds_our_warnings_and_other_peoples_tracebacks_through_us(tmp_path: Path) -> None:
    """The warning that every custom integration gets is not ours to mend."""
    path = tmp_path / "home-assistant.log"
    path.write_text(LOG)
    found = problems(path)
    assert ["Battery refused" in found[0], "ZeroDivisionError" in found[1], len(found)] == [True, True, 2]


def test_summary_counts_a_broken_teardown_as_a_failure(tmp_path: Path) -> None:
    """Pytest reports such a test twice; it passed nowhere."""
    path = tmp_path / "report.xml"
    path.write_text(REPORT)
    assert count([path]) == {"passed": 1, "failed": 2, "skipped": 1}


@pytest.mark.parametrize(
    ("register", "words", "value"),
    [
        (Register(name="high word first", address=1210, code="f"), [0x4180, 0x0000], 16.0),
        (
            Register(name="low word first", address=0xE00E, code="f", low_word_first=True),
            [0x8000, 0x44D4],
            1700.0,
        ),
        (Register(name="one word", address=0xE004, code="H"), [4], 4),
        (Register(name="two words", address=0xE00B, code="I", low_word_first=True), [60, 0], 60),
    ],
    ids=lambda value: value.name if isinstance(value, Register) else "",
)
def test_registers_are_decoded_as_the_vendors_write(
    register: Register, words: list[int], value: float
) -> None:
    """Worked by hand: 0x41800000 is 16.0, 0x44D48000 is 1700.0."""
    assert register.decode(words) == value


@pytest.mark.parametrize(
    ("before", "written", "read_back", "proves"),
    [
        (5000, 1700, 1700, True),
        (1700, 1700, 1700, False),  # nothing changed
        (5000, 0, 0, False),  # a register that is merely empty reads 0 too
        (5000, 1700, 5000, False),  # EMS says so, the wire does not
    ],
)
def test_only_a_change_on_the_wire_is_a_proof(
    before: float, written: float, read_back: float, *, proves: bool
) -> None:
    """The last write counts, and registers that the independent client does not know are left out."""
    write = {"register": "charge_limit@57358", "unit": "W", "entity_id": None, "written": written}
    older, unknown = {**write, "written": 1}, {**write, "register": "other@1"}
    (found,) = compare("b", "plan", [older, write, unknown], {57358: before}, {57358: read_back})
    assert found.proves is proves


def test_dashboard_shows_only_what_is_there() -> None:
    """A card of an entity that does not exist is a red box."""
    entities = [
        Entity(entity_id="sensor.home_grid_power", key="grid_power", owner=None, name="grid_power"),
        Entity(entity_id="sensor.home_plan_status", key="plan_status", owner=None, name="plan_status"),
        Entity(entity_id="sensor.home_next_action", key="next_action", owner=None, name="next_action"),
        Entity(entity_id="sensor.battery_soc", key="soc", owner="b", name="soc"),
        Entity(entity_id="sensor.battery_planned_mode", key="planned_mode", owner="b", name="planned_mode"),
    ]
    devices = [Device(id="b", type="battery", title="Battery"), Device(id="m", type="meter", title="Meter")]
    home, now, rooms = make_dashboard(devices, entities)["views"]
    assert [section["cards"][0]["heading"] for section in home["sections"]] == ["Power", "Plan"]
    assert [section["cards"][0]["heading"] for section in rooms["sections"]] == ["Battery"]
    assert now["sections"] == [], "nothing is known of the guard yet"
    assert "['sensor.battery_planned_mode']" in home["sections"][1]["cards"][1]["content"]
