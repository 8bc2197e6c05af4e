"""Electrical health of a meter, as the demo home plays it: the entity, the event, the repair, and the way back."""

from types import SimpleNamespace
from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.electrical import CONDITIONS, event_type, limits_of
from custom_components.ems.demo import Condition, DemoHome
from custom_components.ems.devices.reading import Quality, Reading, Value
from custom_components.ems.engine.insight.electrical_limits import ElectricalLimits
from custom_components.ems.engine.insight.electrical_verdict import Subject
from custom_components.ems.flows.health import HEALTH as FIELDS
from custom_components.ems.meter_health import MeterHealth
from custom_components.ems.site_device import SiteDevice
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_home, change_device
from tests.ha.foreign import Foreign
from tests.ha.sites import Site, entity_device, home_of_entities, subentry_id
from tests.support.tree import COMPONENT, read_json

EVENT = "event.grid_meter_electrical_event"
VOLTAGE = "sensor.grid_meter_voltage_state"
FREQUENCY = "sensor.grid_meter_frequency_state"
HEALTH_FORM = probatio.Schema(FIELDS)
ENGLISH: dict[str, Any] = read_json(COMPONENT / "translations" / "en.json")


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return an entity's attributes."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return dict(found.attributes)


@pytest.fixture
def events(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect what the meter's event entity tells."""
    told: list[dict[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.attributes.get("event_type"):
            told.append(dict(new.attributes))

    async_track_state_change_event(hass, [EVENT], changed)
    return told


def types(events: list[dict[str, Any]]) -> list[str]:
    """Return the kinds of what was told, in order."""
    return [event["event_type"] for event in events]


def repairs(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the repairs of meters by what they say."""
    issues = ir.async_get(hass).issues.values()
    return {str(i.translation_key): i for i in issues if i.issue_id.startswith("electrical_")}


PLAYED = [
    (Condition.VOLTAGE_LOW_WARNING, VOLTAGE, "low_warning", "voltage_low_warning", 30),
    (Condition.VOLTAGE_LOW_CRITICAL, VOLTAGE, "low_critical", "voltage_low_critical", 30),
    (Condition.VOLTAGE_HIGH_WARNING, VOLTAGE, "high_warning", "voltage_high_warning", 30),
    (Condition.VOLTAGE_HIGH_CRITICAL, VOLTAGE, "high_critical", "voltage_high_critical", 30),
    (Condition.VOLTAGE_FLUCTUATING, VOLTAGE, "fluctuating", "voltage_fluctuating", 80),
    (Condition.FREQUENCY_LOW_WARNING, FREQUENCY, "low_warning", "frequency_low_warning", 30),
    (Condition.FREQUENCY_LOW_CRITICAL, FREQUENCY, "low_critical", "frequency_low_critical", 30),
    (Condition.FREQUENCY_HIGH_WARNING, FREQUENCY, "high_warning", "frequency_high_warning", 30),
    (Condition.FREQUENCY_HIGH_CRITICAL, FREQUENCY, "high_critical", "frequency_high_critical", 30),
    (Condition.POWER_FACTOR_LOW, "binary_sensor.grid_meter_low_power_factor", "on", "power_factor_low", 90),
    (Condition.METER_OFFLINE, "binary_sensor.grid_meter_connection", "off", "offline", 110),
]


@pytest.mark.parametrize("played", PLAYED, ids=[str(row[0]) for row in PLAYED])
async def test_every_condition_is_shown_and_told_and_ends(
    hass: HomeAssistant,
    home: DemoHome,
    entry: MockConfigEntry,
    clock: Clock,
    events: list[dict[str, Any]],
    played: tuple[Condition, str, str, str, float],
) -> None:
    """From normal and back, with nothing told beside."""
    condition, entity_id, shown, told, after_s = played
    await clock.live(hass, 70)
    before = state(hass, entity_id)
    assert before in {"normal", "off", "on"}
    assert before != shown
    assert events == []
    home.play(condition)
    await clock.live(hass, after_s)
    assert state(hass, entity_id) == shown
    assert types(events) == [told]
    home.play(Condition.NORMAL)
    await clock.live(hass, 150)
    assert state(hass, entity_id) == before
    back = {VOLTAGE: "voltage_normal", FREQUENCY: "frequency_normal"}
    assert types(events)[1:] == [
        back.get(entity_id, {"offline": "online", "power_factor_low": "power_factor_normal"}.get(told))
    ]
    assert events[1]["before"] in {shown, "low", "offline"}
    assert events[1]["duration_s"] > 10


async def test_a_loaded_phase_is_out_of_balance_in_voltage_and_in_current(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, clock: Clock, events: list[dict[str, Any]]
) -> None:
    """26 A on L1, and 12 V less on it. Two measures, two events, no repair: rules are broken, nothing else."""
    await clock.live(hass, 70)
    home.play(Condition.IMBALANCE)
    await clock.live(hass, 75)
    assert float(state(hass, "sensor.grid_meter_current_imbalance")) > 20
    assert float(state(hass, "sensor.grid_meter_voltage_imbalance")) > 3
    assert attributes(hass, "sensor.grid_meter_current_imbalance")["condition"] == "over"
    assert sorted(types(events)) == ["current_imbalance", "voltage_imbalance"]
    assert {event["threshold"] for event in events} == {20.0, 3.0}
    home.play(Condition.NORMAL)
    await clock.live(hass, 75)
    assert sorted(types(events)[2:]) == ["current_balanced", "voltage_balanced"]
    assert repairs(hass) == {}


async def test_an_event_says_where_how_much_and_how_long(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, clock: Clock, events: list[dict[str, Any]]
) -> None:
    await clock.live(hass, 70)
    home.play(Condition.VOLTAGE_LOW_CRITICAL)
    await clock.live(hass, 60)
    [event] = events
    assert event["phase"] in {"L1", "L2", "L3"}
    assert 195 < event["value"] < 207 == event["threshold"]
    assert event["before"] == "normal"
    assert 30 < event["duration_s"] < 90
    assert attributes(hass, VOLTAGE)["phases"] == dict.fromkeys(("L1", "L2", "L3"), "low_critical")


LASTING = [
    (Condition.VOLTAGE_LOW_CRITICAL, "meter_voltage_low_critical", ("L", "207", "Grid meter")),
    (Condition.VOLTAGE_HIGH_CRITICAL, "meter_voltage_high_critical", ("L", "253", "Grid meter")),
    (Condition.FREQUENCY_LOW_CRITICAL, "meter_frequency_low_critical", ("47", "46.5", "Grid meter")),
    (Condition.FREQUENCY_HIGH_CRITICAL, "meter_frequency_high_critical", ("52", "52.5", "Grid meter")),
    (Condition.METER_OFFLINE, "meter_offline", ("Demo home", "Grid meter", "2026-06-15 12:0")),
]


@pytest.mark.parametrize(("condition", "key", "said"), LASTING, ids=[row[1] for row in LASTING])
async def test_what_stays_critical_becomes_a_repair_that_goes_by_itself(
    hass: HomeAssistant,
    home: DemoHome,
    entry: MockConfigEntry,
    clock: Clock,
    condition: Condition,
    key: str,
    said: tuple[str, ...],
) -> None:
    """After a quarter of an hour, in sentences with numbers; the end of it takes the repair back."""
    await clock.live(hass, 70)
    home.play(condition)
    await clock.live(hass, 150)
    await clock.live(hass, 700, step_s=10)
    assert repairs(hass) == {}
    await clock.live(hass, 150, step_s=10)
    assert list(repairs(hass)) == [key]
    issue = repairs(hass)[key]
    texts = ENGLISH["issues"][key]
    sentence = texts["title"] + texts["description"]
    worded = sentence.format(**(issue.translation_placeholders or {}))
    assert all(word in worded for word in said), worded
    assert "?" not in worded
    home.play(Condition.NORMAL)
    await clock.live(hass, 100)
    assert repairs(hass) == {}


async def test_a_repair_goes_with_the_home(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, clock: Clock
) -> None:
    """Nobody would take it back otherwise."""
    await clock.live(hass, 70)
    home.play(Condition.VOLTAGE_LOW_CRITICAL)
    await clock.live(hass, 60)
    await clock.live(hass, 900, step_s=10)
    assert list(repairs(hass)) == ["meter_voltage_low_critical"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert repairs(hass) == {}


async def test_a_low_voltage_that_nobody_sees_any_more_keeps_its_repair(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry, clock: Clock
) -> None:
    """The meter went silent: the voltage is unknown then, which is no reason to say that all is well."""
    await clock.live(hass, 70)
    home.play(Condition.VOLTAGE_LOW_CRITICAL)
    await clock.live(hass, 60)
    await clock.live(hass, 900, step_s=10)
    home.play(Condition.METER_OFFLINE)
    await clock.live(hass, 120)
    assert state(hass, VOLTAGE) == "unknown"
    assert state(hass, "sensor.grid_meter_voltage_imbalance") == "unknown"
    assert list(repairs(hass)) == ["meter_voltage_low_critical"]


async def test_limits_are_those_of_the_meters_form(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite, clock: Clock
) -> None:
    """A street that is always low is normal where people say so; another meter keeps the defaults."""
    demo_site.subentry("meter")["data"]["params"]["electrical_health"] = {
        "nominal_v": 220,
        "voltage_warning_pct": 12,
        "voltage_critical_pct": 15,
        "nominal_hz": "60",
        "offline_s": 30,
    }
    entry = await add_site(demo_site)
    home.play(Condition.VOLTAGE_LOW_CRITICAL)
    await clock.live(hass, 60)
    assert state(hass, VOLTAGE) == "normal"
    assert state(hass, FREQUENCY) == "low_critical"
    limits = entry.runtime_data.health[subentry_id(entry, "meter")].limits
    assert (limits.offline_s, limits.spread_a) == (30, 20)
    assert limits.expects_all_phases


async def test_only_what_a_meter_measures_is_judged(
    hass: HomeAssistant, add_site: AddSite, foreign: Foreign, clock: Clock
) -> None:
    """A meter of one entity knows its power, and whether it is there."""
    meter = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
    await add_site(home_of_entities(meter))
    await clock.live(hass, 60)
    assert state(hass, "binary_sensor.grid_connection") == "on"
    assert attributes(hass, "event.grid_electrical_event")["event_types"] == ["offline", "online"]
    for missing in ("voltage_state", "frequency_state", "voltage_imbalance", "current_imbalance"):
        assert hass.states.get(f"sensor.grid_{missing}") is None


async def test_healthy_hours_write_next_to_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """A meter is read every two seconds; words change when they change, imbalances when they move."""
    await clock.live(hass, 70)
    written: list[str] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        written.append(event.data["entity_id"])

    words = [VOLTAGE, FREQUENCY, EVENT, "binary_sensor.grid_meter_connection"]
    async_track_state_change_event(hass, [*words, "sensor.grid_meter_voltage_imbalance"], changed)
    await clock.live(hass, 600, step_s=2)
    assert not set(words) & set(written)
    assert len(written) <= 20  # of 300 readings


async def test_the_demo_condition_is_chosen_in_the_ui(hass: HomeAssistant, clock: Clock) -> None:
    """Only where the demo home lives inside this Home Assistant; one elsewhere has its own switch."""
    flow = await (await add_home(hass)).choose("demo")
    await flow.submit(name="Demo home", more={})
    await settle(hass)
    entry = flow.result["result"]
    select = "select.demo_home_demo_condition"
    assert state(hass, select) == "normal"
    assert attributes(hass, select)["options"] == [condition.value for condition in Condition]
    await hass.services.async_call(
        "select", "select_option", {"entity_id": select, "option": "imbalance"}, blocking=True
    )
    assert state(hass, select) == "imbalance"
    assert entry.runtime_data.demo.condition is Condition.IMBALANCE
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)


async def test_a_demo_home_elsewhere_has_no_select(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert hass.states.get("select.demo_home_demo_condition") is None


def test_every_word_is_translated() -> None:
    """Keys made at run time are beyond the test of the translations."""
    every = {event_type(subject, each) for subject, found in CONDITIONS.items() for each in found}
    texts = ENGLISH["entity"]["event"]["electrical_event"]["state_attributes"]["event_type"]["state"]
    assert set(texts) == every
    assert set(ENGLISH["entity"]["select"]["demo_condition"]["state"]) == {each.value for each in Condition}


async def test_one_reading_does_not_confirm_itself(clock: Clock) -> None:
    """A meter that is asked every half minute: the beat in between must not make a dwell of a single value."""
    meter = SimpleNamespace(data=None, last_update_success=True)
    points = ("power", "voltage_l1")
    device = SiteDevice(
        subentry_id="meter",
        role="meter",
        name="Meter",
        source={"kind": "http"},
        params={},
        coordinator=meter,  # type: ignore[arg-type]  # all that is read of it
        points=points,
        reading_max_age_s=90.0,
    )
    health = MeterHealth(device, limits_of(device, connection_phases=3))

    def read(voltage_v: float) -> None:
        at_s = dt_util.utcnow().timestamp()
        values = {"power": 500.0, "voltage_l1": voltage_v}
        found = {key: Value(value=value, quality=Quality.GOOD, at_s=at_s) for key, value in values.items()}
        meter.data = Reading(at_s=at_s, roles={"meter": found})

    def look(times: int) -> str | None:
        for _ in range(times):
            clock.move(10)
            health.async_look()
        finding = health.verdict.findings.get(Subject.VOLTAGE)
        return finding.condition if finding else None

    read(230.0)
    assert look(3) is None
    read(230.0)
    assert look(3) == "normal"
    read(200.0)
    assert look(3) == "normal"
    read(200.0)
    assert look(3) == "low_critical"
    meter.last_update_success = False  # one answer is missed
    assert look(3) == "low_critical"
    assert look(20) is None  # and without readings it is unknown after all


async def test_a_meter_that_posts_once_an_hour_is_not_offline_in_between(clock: Clock) -> None:
    """Its power is old by then, and its voltage unknown; it is silent only when its own patience is over."""
    coordinator = SimpleNamespace(data=Reading(at_s=0.0), last_update_success=True, has_reported=True)
    device = SiteDevice(
        subentry_id="meter",
        role="meter",
        name="Meter",
        source={"kind": "push"},
        params={},
        coordinator=coordinator,  # type: ignore[arg-type]  # all that is read of it
        points=("power", "voltage_l1"),
        reading_max_age_s=900.0,
    )
    health = MeterHealth(device, limits_of(device, connection_phases=3))
    for _ in range(12):
        clock.move(10)
        health.async_look()
    found = health.verdict.findings[Subject.CONNECTION]
    assert found is not None
    assert found.condition == "normal"
    coordinator.last_update_success = False
    for _ in range(12):
        clock.move(10)
        health.async_look()
    found = health.verdict.findings[Subject.CONNECTION]
    assert found is not None
    assert found.condition == "offline"


HEALTH = {
    "nominal_v": 230,
    "voltage_warning_pct": 8,
    "voltage_critical_pct": 10,
    "unbalance_pct": 3,
    "spread_a": 20,
    "nominal_hz": "50",
    "power_factor_min": 0.8,
    "power_min_w": 2000,
    "offline_s": 60,
}


async def test_the_limits_are_changed_in_the_meters_form(
    hass: HomeAssistant, home: DemoHome, entry: MockConfigEntry
) -> None:
    """A warning beyond what is critical is refused; what was chosen is kept, shown again and used."""
    meter = subentry_id(entry, "meter")
    at = home.addresses.meter
    address = {"host": at.host, "port": at.port, "unit_id": at.unit_id}
    flow = await change_device(hass, entry, meter)
    await flow.submit(**address)
    assert flow.step == "confirm"
    await flow.submit(
        name="Grid meter", position="grid", electrical_health={**HEALTH, "voltage_warning_pct": 10}
    )
    assert flow.errors == {"electrical_health": "warning_not_below_critical"}
    chosen = {**HEALTH, "voltage_warning_pct": 6, "nominal_hz": "60", "offline_s": 120}
    await flow.submit(name="Grid meter", position="grid", electrical_health=chosen)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert entry.subentries[meter].data["params"]["electrical_health"] == chosen
    limits = entry.runtime_data.health[meter].limits
    assert (limits.voltage_warning_pct, limits.nominal_hz, limits.offline_s) == (6, 60, 120)
    again = await change_device(hass, entry, meter)
    await again.submit(**address)
    (health,) = [
        value for key, value in again.result["data_schema"].schema.items() if str(key) == "electrical_health"
    ]
    hints = {str(key): (key.description or {}).get("suggested_value") for key in health.schema.schema}
    assert hints == chosen


def test_the_forms_defaults_are_the_engines() -> None:
    """A meter whose form nobody opened is judged as one whose form was saved untouched."""
    assert HEALTH_FORM({}) == HEALTH
    assert ElectricalLimits(**{key: float(value) for key, value in HEALTH.items()}) == ElectricalLimits()
