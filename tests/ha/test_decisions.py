"""What becomes of decisions: events, sentences in the logbook, and what counts as a departure from the plan."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.components import logbook as core_logbook
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from custom_components.ems import logbook
from custom_components.ems.adapters.decision_view import deviates
from custom_components.ems.decision_event import EVENT_DECISION
from custom_components.ems.dispatcher import Command, Source
from custom_components.ems.engine.control.decision import Decision
from custom_components.ems.engine.control.rows import Bound, BoundKind
from custom_components.ems.engine.control.telling import Kind
from custom_components.ems.engine.plan.result import Reason
from tests.ha.clock import Clock, settle
from tests.ha.explained import EVENT, FULL, REASON, found, logged, news, types
from tests.ha.sites import (
    subentry_id,
)
from tests.ha.test_guard import BATTERY, CHARGER, Begin, House, begin, charging, decision, house

__all__ = ["begin", "house", "logged", "news"]


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
