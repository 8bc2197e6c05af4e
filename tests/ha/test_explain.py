"""The guard explains itself: why each device does what it does, what circuits leave, what is news, what is wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.components import logbook as core_logbook
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_restore_cache

from custom_components.ems import control_sensors, guard_entity, logbook
from custom_components.ems.adapters.decision_view import deviates
from custom_components.ems.decision_event import EVENT_DECISION
from custom_components.ems.dispatcher import Command, Source
from custom_components.ems.engine.control.decision import Decision
from custom_components.ems.engine.control.rows import Bound, BoundKind
from custom_components.ems.engine.control.telling import Kind
from custom_components.ems.engine.plan.result import Reason
from custom_components.ems.guard_issues import async_tell_guard
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.sites import (
    CHARGER_PARAMS,
    PV_PARAMS,
    circuit,
    entity_device,
    home_of_entities,
    subentry_id,
)
from tests.ha.test_dispatcher import CURRENT, ENABLE, GRID, WALLBOX
from tests.ha.test_guard import BATTERY, CHARGER, Begin, House, begin, charging, decision, house, plan

__all__ = ["begin", "house"]

REASON, EVENT = "sensor.wallbox_control_reason", "event.wallbox_decision"
FREE, TRUST = "sensor.home_free_current", "sensor.home_meter_trust"
OVERLOAD, LIMITED = "sensor.home_time_above_limit_today", "binary_sensor.home_limit_reached"
REACTION = "sensor.roof_feed_in_reaction_time"
ROOF = entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.sun")
FULL = "Home has no more room on L1."


def found(hass: HomeAssistant, entity_id: str) -> State:
    """Return what an entity shows."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state


@pytest.fixture
def news(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect what the wallbox's event entity tells."""
    told: list[dict[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.attributes.get("event_type"):
            told.append(dict(new.attributes))

    async_track_state_change_event(hass, [EVENT], changed)
    return told


@pytest.fixture
def logged(hass: HomeAssistant) -> list[Event]:
    """Collect what goes into the logbook."""
    events: list[Event] = []

    @callback
    def heard(event: Event) -> None:
        events.append(event)

    hass.bus.async_listen(EVENT_DECISION, heard)
    return events


def types(news: list[dict[str, Any]]) -> list[str]:
    """Return the kinds of what was told, in order."""
    return [each["event_type"] for each in news]


async def test_a_device_says_why_by_whom_and_beside_what_was_planned(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """25 A on each phase; 10 kW for the house leave 10 A."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    shown = found(hass, REASON)
    assert shown.state == "Charging as planned."
    expected = {"mode": "charge", "current_a": 16, "source": "plan", "limited_by": None}
    assert {key: shown.attributes[key] for key in expected} == expected
    house.base_w = 10_000
    await clock.tick(hass, 2)
    shown = found(hass, REASON)
    assert shown.state == FULL
    expected = {"current_a": 10, "source": "protection", "limited_by": "fuse", "circuit": "Home"}
    expected |= {"phase": "L1", "planned_mode": "charge", "planned_current_a": 16, "is_advised": False}
    assert {key: shown.attributes[key] for key in expected} == expected


async def test_it_speaks_the_language_of_the_home(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: list[dict[str, Any]]
) -> None:
    await hass.config.async_update(language="de")
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.live(hass, 40)
    shown = [state for state in hass.states.async_all("sensor") if "planned_mode" in state.attributes]
    assert [state.state for state in shown] == ["Home hat auf L1 keinen Platz mehr."]
    (event,) = [s for s in hass.states.async_all("event") if s.attributes.get("event_type") == "deviated"]
    assert event.attributes["text"] == "Laden mit 10 A statt 16 A: Home hat auf L1 keinen Platz mehr."


async def test_an_advisory_home_says_what_it_would_do(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: Any, logged: list[Event]
) -> None:
    """And nothing of it goes into the logbook: nobody was told anything."""
    entry = await begin(CHARGER, operation="advisory")
    house.foreign.enable.turn_by_hand(on=True)
    house.foreign.current._attr_native_value = 16
    await plan(entry, "charger", mode="charge", current_a=16)
    await clock.live(hass, 20)
    house.base_w = 10_000
    await clock.live(hass, 60)
    shown = found(hass, REASON)
    assert (shown.state, shown.attributes["is_advised"], shown.attributes["current_a"]) == (FULL, True, 10)
    assert all(each["is_advised"] for each in news)
    assert "limited" in types(news)
    assert "deviated" not in types(news)
    assert logged == []


async def test_a_look_without_news_writes_nothing(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard looks every two seconds, and three devices would be a database full of nothing."""
    entry = await begin(CHARGER, BATTERY)
    await charging(hass, clock, entry)
    written: list[str] = []
    monkeypatch.setattr(
        guard_entity.GuardEntity, "async_write_ha_state", lambda self: written.append(self.entity_id)
    )
    looked: list[None] = []
    entry.runtime_data.guard.async_add_listener(lambda: looked.append(None))
    for watts in range(500, 800, 10):
        house.base_w = watts
        await clock.tick(hass, 2)
    assert len(looked) > 20
    # The free current once a minute, so that a chart of a calm hour has points; the battery covers 0.3 kW more by now.
    assert set(written) <= {FREE, "sensor.cells_control_reason"}
    assert len(written) <= 4


async def test_words_are_news_at_once_and_numbers_now_and_then() -> None:
    """A battery that follows the load says another power with every look."""
    news, apart_s = guard_entity.News(), guard_entity.NUMBERS_APART_S
    assert news.is_there("covers", (1.0,), 0)
    assert not news.is_there("covers", (2.0,), 2)
    assert news.is_there("holds", (2.0,), 4)
    assert not news.is_there("holds", (2.05,), 4 + apart_s)
    assert news.is_there("holds", (3.0,), 4 + apart_s)
    assert news.is_there("holds", (None,), 4 + 2 * apart_s)
    assert not news.is_there("holds", (None,), 4 + 3 * apart_s)


async def test_a_current_is_news_at_once(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """Each was told to the charger, within the same reason."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.tick(hass, 2)
    house.base_w = 11_000
    await clock.tick(hass, 2)
    assert found(hass, REASON).attributes["current_a"] == 9


async def test_the_next_change_is_told(hass: HomeAssistant, house: House, begin: Begin) -> None:
    """Of somebody's word: when it ends."""
    entry = await begin(CHARGER)
    until = dt_util.utcnow() + timedelta(minutes=20)
    await entry.runtime_data.dispatcher.async_apply(
        subentry_id(entry, "charger"), Command(mode="off", source=Source.OVERRIDE, expires_at=until)
    )
    await settle(hass)
    shown = found(hass, REASON)
    assert shown.state == "Not charging because somebody asked for it."
    assert shown.attributes["next_change"] == until


async def test_a_circuit_says_what_it_leaves_and_whom_it_holds_back(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """10 kW and a car with 10 A: 24.5 A of 25 A on each phase, and of 17.25 kW 0.35 are left."""
    entry = await begin(CHARGER)
    await clock.live(hass, 10)
    assert found(hass, LIMITED).state == "off"
    assert float(found(hass, FREE).state) == pytest.approx(25 - 500 / 690, abs=0.1)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.live(hass, 20)
    free = found(hass, FREE)
    assert float(free.state) == pytest.approx(25 - 10_000 / 690 - 10, abs=0.1)
    assert free.attributes["l2_a"] == float(free.state)
    assert (free.attributes["limit_a"], free.attributes["trust"]) == (25, "fresh")
    assert free.attributes["power_kw"] == pytest.approx(17.25 - 16.9, abs=0.01)
    shown = found(hass, LIMITED)
    assert (shown.state, shown.attributes["devices"]) == ("on", ["Wallbox"])
    assert shown.attributes["limited_by"] == ["fuse"]


async def test_a_battery_that_is_held_back_names_the_limit(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """Others' batteries have blown fuses; one that buys gets what the connection has left."""
    entry = await begin(BATTERY)
    house.base_w = 14_250
    await clock.tick(hass, 2)
    await plan(entry, "battery", mode="charge", power_w=5000)
    shown = found(hass, "sensor.cells_control_reason")
    assert (shown.attributes["limited_by"], shown.attributes["power_kw"]) == ("fuse", 3)
    assert found(hass, LIMITED).attributes["devices"] == ["Cells"]


async def test_a_circuit_of_its_own_is_a_device_of_its_own(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """13 A of the garage, 2 A kept free for the freezer: 11 A for the car. Nobody measures there."""
    wired = {**CHARGER_PARAMS, "wiring": {"circuit": "garage"}}
    car = entity_device("charger", "Wallbox", wired, **WALLBOX, current_number=CURRENT, enable_switch=ENABLE)
    entry = await begin(circuit("garage", 13, allowance_a=2), car)
    await charging(hass, clock, entry)
    shown = found(hass, REASON)
    assert shown.state == "Garage has no more room on L1."
    assert (shown.attributes["circuit"], shown.attributes["current_a"]) == ("Garage", 11)
    assert found(hass, "binary_sensor.garage_limit_reached").state == "on"
    assert found(hass, LIMITED).state == "off"
    free = found(hass, "sensor.garage_free_current")
    assert (float(free.state), free.attributes["trust"]) == (0, None)
    assert hass.states.get("sensor.garage_meter_trust") is None
    registered = er.async_get(hass).async_get("sensor.garage_free_current")
    assert registered is not None
    assert registered.config_subentry_id == "garage"
    device = dr.async_get(hass).async_get(registered.device_id or "")
    assert device is not None
    assert (device.name, device.via_device_id) == ("Garage", entry.runtime_data.site_device_id)


async def test_the_meter_of_a_circuit_is_named_when_it_is_silent(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """The home's meter goes on; only what hangs in the garage is steered by less."""
    set_sensor(hass, "sensor.garage", 300, "W")
    below = entity_device("meter", "Garage meter", {"position": "zone"}, power_entity="sensor.garage")
    below["subentry_id"] = "below"
    entry = await begin(below, circuit("garage", 13, meter="below"), CHARGER)
    tell(hass, entry)
    await clock.live(hass, 130)
    assert found(hass, "sensor.garage_meter_trust").state == "stale"
    assert found(hass, TRUST).state == "fresh"
    issue = repair(hass)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["meters"] == "Garage meter"
    assert issue.translation_placeholders["circuit"] == "Garage"


async def test_seconds_above_the_limit_are_counted(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin
) -> None:
    """Also what no car can help."""
    await begin(CHARGER)
    await clock.live(hass, 10)
    assert float(found(hass, OVERLOAD).state) == 0
    house.base_w = 20_000
    await clock.live(hass, 10, step_s=2)
    house.base_w = 500
    await clock.live(hass, 10, step_s=2)
    shown = found(hass, OVERLOAD)
    assert float(shown.state) == pytest.approx(10, abs=2.1)
    assert shown.attributes["most_a"] == pytest.approx(20_000 / 690 - 25, abs=0.1)


@pytest.mark.parametrize(("day", "seconds"), [("2026-06-15", 42), ("2026-06-14", 0)])
async def test_todays_seconds_outlive_a_restart(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, day: str, seconds: float
) -> None:
    mock_restore_cache(hass, [State(OVERLOAD, "42", {"day": day, "most_a": 3.0})])
    await begin(CHARGER)
    await clock.live(hass, 10)
    assert float(found(hass, OVERLOAD).state) == seconds


@pytest.fixture
def curtailed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an array made of entities count as one that can be held back: none of them can."""
    monkeypatch.setattr(control_sensors, "is_steered", lambda _, device: device.role == "pv")
    monkeypatch.setattr(control_sensors, "limited_arrays", lambda entry: {subentry_id(entry, "pv")})


async def test_the_time_until_no_more_is_fed_in_than_may_be(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, curtailed: None
) -> None:
    """17.25 kW may be fed in. What goes on has not lasted yet, and what is within 50 W is no excess."""
    await begin(ROOF)
    await clock.live(hass, 10, step_s=2)
    assert found(hass, REACTION).state == "unknown"
    for watts, expected in ((-18_000, "unknown"), (-17_280, "4.0"), (-18_000, "4.0"), (-9_000, "4.0")):
        house.base_w = watts
        await clock.live(hass, 4, step_s=2)
        assert found(hass, REACTION).state == expected
    assert found(hass, REACTION).attributes["count"] == 2
    assert found(hass, REACTION).attributes["p95_s"] == 4.0


async def test_without_hands_at_work_there_is_no_reaction_to_measure(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, curtailed: None
) -> None:
    await begin(ROOF, operation="advisory")
    for watts in (-18_000, -9_000):
        house.base_w = watts
        await clock.live(hass, 4, step_s=2)
    assert found(hass, REACTION).state == "unknown"


async def test_what_departs_from_the_plan_is_logged_when_it_begins_and_when_it_ends(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: Any, logged: list[Event]
) -> None:
    """The limit at once, the departure after half a minute, and what ended likewise."""
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    news.clear()
    logged.clear()
    house.base_w = 10_000
    await clock.live(hass, 60)
    assert types(news) == ["limited", "deviated"]
    assert news[1]["text"] == f"charging with 10 A instead of 16 A: {FULL}"
    house.base_w = 500
    await clock.live(hass, 120)
    assert types(news)[2:] == ["freed", "followed"]
    assert news[2]["text"].startswith("no limit any more: charging with 1")
    assert news[3]["text"] == "as planned again: charging with 15 A."
    assert [event.data["type"] for event in logged] == types(news)
    assert [event.data["text"] for event in logged] == [each["text"] for each in news]


async def test_a_bound_that_flaps_is_told_once_a_minute_at_most(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: list[dict[str, Any]]
) -> None:
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    news.clear()
    for turn in range(60):
        house.base_w = 10_000 if turn % 2 else 500
        await clock.tick(hass, 4)
    assert types(news).count("limited") == 1
    assert types(news).count("freed") == 0
    assert len(news) <= 4


async def test_a_start_begins_no_story(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, logged: list[Event]
) -> None:
    """The meter has to be heard first, and batteries wait for it: that is nothing to tell every morning."""
    house.meter_works = False
    hass.states.async_set("sensor.grid", "unavailable")
    entry = await begin(BATTERY)
    assert decision(entry, "battery").reason.key == "battery_blind"
    house.meter_works = True
    await clock.live(hass, 50)
    assert decision(entry, "battery").renews
    assert logged == []


async def test_a_start_without_a_meter_is_told_from_then_on(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, logged: list[Event]
) -> None:
    """After a minute nobody waits any longer: that it comes back is news."""
    house.meter_works = False
    hass.states.async_set("sensor.grid", "unavailable")
    await begin(BATTERY)
    await clock.live(hass, 70)
    house.meter_works = True
    await clock.live(hass, 60)
    assert [event.data["type"] for event in logged] == ["freed"]


async def test_protection_without_a_limit_is_told_as_that(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, news: list[dict[str, Any]]
) -> None:
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    news.clear()
    house.meter_works = False
    await clock.live(hass, 80)
    told = next(each for each in news if each["event_type"] == "protected")
    assert told["text"].endswith(
        "The meter of Home cannot be relied on: its fuse counts as full, and only the safe current is left."
    )


def told(key: str, **decided: Any) -> Decision:
    """Return a decision of the charger or battery."""
    given = {"mode": "charge", "source": "plan", **decided}
    return Decision(key="x", reason=Reason(key=key), **given)


SUN, FUSE = (
    Bound(kind=BoundKind.SURPLUS, circuit="connection"),
    Bound(kind=BoundKind.FUSE, circuit="connection"),
)
PAUSED = {"mode": "off", "current_a": 0.0}
DEPARTURES = [
    (told("ev_plan_charges", current_a=8.0), {"current_a": 8}, False),
    # The plan's current is what it gets at least where it may have surplus too.
    (told("ev_plan_charges", current_a=14.0), {"current_a": 8}, False),
    (told("held_surplus", current_a=12.0, held_by=SUN), {"current_a": 8}, False),
    # A car comes up in steps.
    (told("ev_plan_charges", current_a=6.0), {"current_a": 16}, False),
    (told("held_fuse", current_a=12.0, source="protection", held_by=FUSE), {"current_a": 16}, True),
    # Held, and still with what was planned.
    (told("held_fuse", current_a=15.8, source="protection", held_by=FUSE), {"current_a": 16}, False),
    (told("ev_urgent", current_a=16.0), {"current_a": 8}, True),
    (told("ev_no_car", **PAUSED), {"current_a": 8}, True),
    (told("ev_plan_waits_only", **PAUSED), {"mode": "off"}, False),
    # Surplus where the plan would wait.
    (told("ev_plan_waits", current_a=8.0, source="surplus"), {"mode": "off"}, True),
    (told("override_now", current_a=16.0, source="override"), {"current_a": 16}, False),
    (told("override_off", **PAUSED, source="override"), {"current_a": 16}, True),
    (told("ev_plan_charges", current_a=8.0), None, None),
]


async def test_what_departs_from_a_plan_and_what_carries_it_out(hass: HomeAssistant, begin: Begin) -> None:
    entry = await begin(CHARGER)
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, "charger")]
    for each, planned, expected in DEPARTURES:
        channel.planned = None if planned is None else Command(**{"mode": "charge", **planned})
        assert deviates(each, channel, dt_util.utcnow()) is expected, each


async def test_a_plan_that_is_too_old_is_nothing_to_depart_from(hass: HomeAssistant, begin: Begin) -> None:
    entry = await begin(CHARGER)
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, "charger")]
    channel.planned = Command(mode="charge", current_a=16, expires_at=dt_util.utcnow())
    assert deviates(told("ev_no_plan", **PAUSED), channel, dt_util.utcnow()) is None


async def test_a_car_that_feeds_the_home_is_not_said_to_wait(hass: HomeAssistant, begin: Begin) -> None:
    """A person's word that goes past the guard, which only knows that the car does not charge."""
    entry = await begin(CHARGER)
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, "charger")]
    until = dt_util.utcnow() + timedelta(minutes=20)
    channel.override = Command(mode="discharge", power_w=3000, source=Source.OVERRIDE, expires_at=until)
    entry.runtime_data.guard.async_look()
    await settle(hass)
    shown = found(hass, REASON)
    assert shown.state == "Feeding the home because somebody asked for it."
    assert (shown.attributes["mode"], shown.attributes["power_kw"]) == ("discharge", 3)


BATTERY_DEPARTURES = [
    # Following the load is done by power where the device cannot do it by itself.
    (told("battery_covers", mode="discharge", power_kw=1.2), {"mode": "automatic"}, False),
    (told("battery_charge", power_kw=3.0), {"mode": "charge", "power_w": 3000}, False),
    (told("battery_charge", power_kw=2.0, held_by=FUSE), {"mode": "charge", "power_w": 3000}, True),
    (told("battery_holds_for_car", mode="hold"), {"mode": "automatic"}, True),
    (told("battery_blind", mode="automatic", source="protection"), {"mode": "hold"}, True),
]


async def test_a_battery_follows_its_plan_by_power_too(hass: HomeAssistant, begin: Begin) -> None:
    entry = await begin(BATTERY)
    channel = entry.runtime_data.dispatcher.channels[subentry_id(entry, "battery")]
    for each, planned, expected in BATTERY_DEPARTURES:
        channel.planned = Command(**planned)
        assert deviates(each, channel, dt_util.utcnow(), 5.0) is expected, each


async def test_the_logbook_tells_it_as_a_sentence(
    hass: HomeAssistant, house: House, clock: Clock, begin: Begin, logged: list[Event]
) -> None:
    """Under the device's name, and linked to the entity."""
    described: dict[str, Callable[[Event], dict[str, Any]]] = {}
    logbook.async_describe_events(hass, lambda _, event, describe: described.update({event: describe}))
    entry = await begin(CHARGER)
    await charging(hass, clock, entry)
    house.base_w = 10_000
    await clock.live(hass, 40)
    event = next(each for each in logged if each.data["type"] == "deviated")
    assert described[EVENT_DECISION](event) == {
        core_logbook.LOGBOOK_ENTRY_NAME: "Wallbox",
        core_logbook.LOGBOOK_ENTRY_MESSAGE: f"charging with 10 A instead of 16 A: {FULL}",
        core_logbook.LOGBOOK_ENTRY_ENTITY_ID: EVENT,
    }
    device = dr.async_get(hass).async_get(event.data["device_id"])
    assert device is not None
    assert device.name == "Wallbox"


def repair(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return what is told of the connection's meter."""
    issues = ir.async_get(hass).issues.values()
    return next((each for each in issues if each.issue_id.startswith("guard_meter_")), None)


def tell(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let somebody tell of the meters, where nobody does yet."""
    if not any("GuardIssues" in str(each) for each in entry.runtime_data.guard._listeners.values()):
        async_tell_guard(hass, entry)


@pytest.fixture
async def watched(hass: HomeAssistant, clock: Clock, begin: Begin) -> MockConfigEntry:
    """A home with a car that charges, and somebody who tells of its meters."""
    entry = await begin(CHARGER)
    tell(hass, entry)
    await charging(hass, clock, entry)
    return entry


async def test_a_meter_that_stays_silent_is_a_repair_until_it_is_believed(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    """Entities may be silent for a minute; another minute later somebody should know."""
    house.meter_works = False
    await clock.live(hass, 100)
    assert found(hass, TRUST).state == "stale"
    assert repair(hass) is None
    await clock.live(hass, 30)
    issue = repair(hass)
    assert issue is not None
    assert issue.translation_key == "guard_meter_stale"
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["meters"] == "Grid"
    assert issue.translation_placeholders["circuit"] == "Home"
    assert issue.translation_placeholders["since"] == "2026-06-15 12:02"
    house.meter_works = True
    await clock.tick(hass, 2)
    assert found(hass, TRUST).state == "returning"
    assert repair(hass) is not None
    await clock.live(hass, 10)
    assert found(hass, TRUST).state == "fresh"
    assert repair(hass) is None


async def test_the_repair_goes_with_the_home(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    house.meter_works = False
    await clock.live(hass, 130)
    assert repair(hass) is not None
    assert await hass.config_entries.async_unload(watched.entry_id)
    assert repair(hass) is None


async def test_a_meter_that_repeats_itself_is_told_as_that(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    """Its address is right and its wire is not: the remedy is another."""
    guard = watched.runtime_data.guard
    for second in (0, 59, 60):
        at = dt_util.utcnow() + timedelta(seconds=second)
        guard.async_set_updated_data(replace(guard.data, at=at, trusts={"connection": "frozen"}))
        assert (repair(hass) is not None) == (second == 60)
    issue = repair(hass)
    assert issue is not None
    assert issue.translation_key == "guard_meter_frozen"


async def test_in_advisory_operation_nothing_hangs_on_a_meter(
    hass: HomeAssistant, house: House, clock: Clock, watched: MockConfigEntry
) -> None:
    house.meter_works = False
    await clock.live(hass, 130)
    assert repair(hass) is not None
    watched.runtime_data.settings.set("operation", "advisory")
    await clock.live(hass, 10)
    assert repair(hass) is None


async def test_a_home_that_steers_nothing_explains_nothing(
    hass: HomeAssistant, add_site: AddSite, foreign: Foreign
) -> None:
    """Its connection is shown all the same."""
    await add_site(home_of_entities(GRID))
    shown = {each.entity_id for each in hass.states.async_all()}
    assert FREE in shown
    assert not {each for each in shown if "control_reason" in each or "decision" in each}


async def test_event_types_are_those_that_can_be_told(hass: HomeAssistant, begin: Begin) -> None:
    await begin(CHARGER)
    assert found(hass, EVENT).attributes["event_types"] == [kind.value for kind in Kind]
    registry = er.async_get(hass)
    assert registry.async_get(EVENT)


async def test_home_assistants_logbook_finds_the_sentences(
    recorder_mock: Any, hass: HomeAssistant, house: House, begin: Begin
) -> None:
    """By the name of the file alone; a function of another name would be overlooked in silence."""
    assert await async_setup_component(hass, "logbook", {})
    await begin(CHARGER)
    await settle(hass)
    domain, _ = hass.data["logbook"].external_events[EVENT_DECISION]
    assert domain == "ems"
