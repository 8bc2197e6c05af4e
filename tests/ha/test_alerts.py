"""Alerts: thresholds from the form to the binary sensor and the event, and what is left when they are gone."""

from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.alerts import alarms_of
from custom_components.ems.const import ROLES
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, set_times
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import home_of_entities, subentry_id
from tests.ha.test_schedules import BATTERY, GRID
from tests.support.tree import COMPONENT, read_json

ALERT, EVENT = "binary_sensor.grid_alert", "event.grid_alert_event"
ENGLISH: dict[str, Any] = read_json(COMPONENT / "translations" / "en.json")


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home with a meter and a battery, and no thresholds."""
    read_home(hass)
    set_sensor(hass, "sensor.grid", 500, "W")
    return await add_site(home_of_entities(GRID, BATTERY))


@pytest.fixture
def told(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect what the meter's alert event tells."""
    found: list[dict[str, Any]] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.attributes.get("event_type"):
            found.append(dict(new.attributes))

    async_track_state_change_event(hass, [EVENT], changed)
    return found


async def set_alerts(
    hass: HomeAssistant, entry: MockConfigEntry, role: str = "meter", **alerts: float
) -> Flow:
    """Set a device's thresholds as people do."""
    flow = await (await set_times(hass, entry)).submit(device=subentry_id(entry, role))
    await flow.submit(alerts=alerts)
    await settle(hass)
    return flow


def state(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return an entity's state, None where there is no such entity."""
    found = hass.states.get(entity_id)
    return found.state if found else None


async def test_an_alert_appears_with_its_threshold_and_counts_after_a_minute(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, told: list[dict[str, Any]]
) -> None:
    """Without a reload: entities come while the home runs, are on when it lasts, and say what and since when."""
    assert state(hass, ALERT) is None
    data = entry.runtime_data
    assert (await set_alerts(hass, entry, power_above_w=3000)).created
    assert entry.runtime_data is data
    assert state(hass, ALERT) == "unknown"
    await clock.live(hass, 70)
    assert state(hass, ALERT) == "off"
    set_sensor(hass, "sensor.grid", 3500, "W")
    await clock.live(hass, 50)
    assert state(hass, ALERT) == "off"
    await clock.live(hass, 20)
    assert state(hass, ALERT) == "on"
    (alert,) = hass.states.get(ALERT).attributes["alerts"]
    assert alert.pop("since").startswith("2026-06-15T10:0")
    assert alert == {
        "alert": "power_above",
        "setting": "power_above_w",
        "threshold": 3000.0,
        "value": 3500.0,
    }
    set_sensor(hass, "sensor.grid", 500, "W")
    await clock.live(hass, 75)
    assert (state(hass, ALERT), hass.states.get(ALERT).attributes["alerts"]) == ("off", [])
    assert [each["event_type"] for each in told] == ["power_above", "power_above_ended"]
    assert [(each["value"], each["threshold"]) for each in told] == [(3500.0, 3000.0)] * 2
    assert told[1]["duration_s"] == pytest.approx(60, abs=15)


async def test_a_silent_device_is_an_alert_after_as_long_as_was_said(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """Entities that went unavailable are a device that says nothing."""
    await set_alerts(hass, entry, silent_for_min=5)
    await clock.live(hass, 30)
    assert state(hass, ALERT) == "off"
    hass.states.async_set("sensor.grid", "unavailable")
    await clock.live(hass, 280, step_s=20)
    assert state(hass, ALERT) == "off"
    await clock.live(hass, 60, step_s=20)
    assert state(hass, ALERT) == "on"
    assert hass.states.get(ALERT).attributes["alerts"][0]["value"] is None
    set_sensor(hass, "sensor.grid", 500, "W")
    await clock.live(hass, 30)
    assert state(hass, ALERT) == "off"


async def test_a_battery_has_its_state_of_charge_and_other_devices_have_none(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """A threshold that nothing could pass would only be believed."""
    flow = await (await set_times(hass, entry)).submit(device=subentry_id(entry, "meter"))
    asked = {str(key) for key in flow.result["data_schema"].schema["alerts"].schema.schema}
    assert asked == {"power_above_w", "power_below_w", "silent_for_min", "alert_after_s"}
    set_sensor(hass, "sensor.soc", 50, "%")
    await set_alerts(hass, entry, "battery", soc_below_pct=20, alert_after_s=30)
    await clock.live(hass, 40)
    set_sensor(hass, "sensor.soc", 19, "%")
    await clock.live(hass, 40)
    assert state(hass, "binary_sensor.battery_alert") == "on"
    assert state(hass, ALERT) is None


async def test_a_changed_threshold_begins_anew(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, told: list[dict[str, Any]]
) -> None:
    """What was too much by the old one may be fine by the new: until that has lasted, nobody knows."""
    await set_alerts(hass, entry, power_above_w=300, alert_after_s=10)
    await clock.live(hass, 30)
    assert state(hass, ALERT) == "on"
    await set_alerts(hass, entry, power_above_w=3000, alert_after_s=10)
    await clock.live(hass, 10)
    assert state(hass, ALERT) == "unknown"
    await clock.live(hass, 25)
    assert state(hass, ALERT) == "off"
    assert [each["event_type"] for each in told] == ["power_above"]


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_the_entities_go_with_the_last_threshold(
    hass: HomeAssistant, entry: MockConfigEntry, is_loaded: bool
) -> None:
    """Also where that was taken away while the home was not loaded."""
    await set_alerts(hass, entry, power_above_w=3000)
    registry, key = er.async_get(hass), subentry_id(entry, "meter")
    assert registry.async_get_entity_id("binary_sensor", "ems", f"{key}_alert") == ALERT
    if not is_loaded:
        await hass.config_entries.async_unload(entry.entry_id)
    await set_alerts(hass, entry, alert_after_s=90)
    if not is_loaded:
        await hass.config_entries.async_setup(entry.entry_id)
        await settle(hass)
    assert registry.async_get_entity_id("binary_sensor", "ems", f"{key}_alert") is None
    assert registry.async_get_entity_id("event", "ems", f"{key}_alert_event") is None
    assert (state(hass, ALERT), state(hass, EVENT)) == (None, None)


async def test_alerts_are_there_again_after_a_reload_and_unload_with_the_home(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """They live in the options; and nothing looks at a device that is gone."""
    await set_alerts(hass, entry, power_above_w=3000)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    await clock.live(hass, 70)
    assert state(hass, ALERT) == "off"
    await hass.config_entries.async_unload(entry.entry_id)
    await clock.live(hass, 30)
    assert state(hass, ALERT) == "unavailable"


@pytest.mark.parametrize(
    ("alerts", "says"),
    [({"power_above_w": 100, "power_below_w": 200}, "power_below_w of alerts is 200")],
)
async def test_thresholds_that_contradict_each_other_are_refused(
    hass: HomeAssistant, entry: MockConfigEntry, alerts: dict[str, float], says: str
) -> None:
    """Between them everything would be an alert."""
    flow = await set_alerts(hass, entry, **alerts)
    assert says in flow.said["alerts"]
    assert "devices" not in entry.options
    assert flow.suggested["alerts"] == alerts


def test_every_event_has_a_word() -> None:
    """And no word is for an event that does not come."""
    words = ENGLISH["entity"]["event"]["alert_event"]["state_attributes"]["event_type"]["state"]
    events = {f"{alarm}{end}" for role in ROLES for alarm in alarms_of(role) for end in ("", "_ended")}
    assert set(words) == events
