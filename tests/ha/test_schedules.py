"""What is scheduled and when cars leave, as the guard and the plan ask for it: from what is stored."""

from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.schedules import battery_ask, charger_ask, load_command, schedule_now
from custom_components.ems.channel import Command, Source as CommandSource
from custom_components.ems.engine.control.battery import BatteryAsk
from custom_components.ems.engine.control.ev_mode import Ask, EvMode, Source
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    ROD_PARAMS,
    entity_device,
    home_of_entities,
    load_device,
    subentry_id,
)

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
WALLBOX = entity_device(
    "charger",
    "Wallbox",
    CHARGER_PARAMS,
    power_entity="sensor.wallbox",
    connected_entity="binary_sensor.plug",
)
BATTERY = entity_device(
    "battery", "Battery", BATTERY_PARAMS, power_entity="sensor.battery", soc_entity="sensor.soc"
)
NIGHT = {"start": "22:00:00", "end": "06:00:00"}
# The tests begin on Monday, 15 June 2026, at noon.
EVENING, MORNING = "2026-06-15T23:00:00+02:00", "2026-06-16T06:00:00+02:00"


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home with a car that is plugged in, and a battery."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "on")
    return await add_site(home_of_entities(GRID, WALLBOX, BATTERY))


def store(entry: MockConfigEntry, role: str, key: str, value: Any) -> Any:
    """Store a setting of a device; return what the functions ask for."""
    data, id_ = entry.runtime_data, subentry_id(entry, role)
    data.settings.set_device(id_, key, value)
    return data.settings, data.devices[id_]


def at(text: str) -> datetime:
    """Return an instant as Home Assistant hands it on: in UTC."""
    return dt_util.as_utc(datetime.fromisoformat(text))


async def test_a_chargers_schedule_is_asked_of_the_guard_while_it_holds(entry: MockConfigEntry) -> None:
    """By the home's own clock, whatever clock the asking one has."""
    rows = [{**NIGHT, "mode": "now", "current_a": 10.0}]
    settings, device = store(entry, "charger", "schedules", rows)
    asked = Ask(source=Source.SCHEDULE, mode=EvMode.NOW, current_a=10.0, until_s=at(MORNING).timestamp())
    assert charger_ask(settings, device, at(EVENING)) == asked
    assert charger_ask(settings, device, at(MORNING)) is None
    settings.set_device(device.subentry_id, "schedules", [])
    assert charger_ask(settings, device, at(EVENING)) is None


async def test_a_batterys_schedule_is_asked_of_the_guard_in_kilowatts(entry: MockConfigEntry) -> None:
    """People write W, the engine thinks in kW."""
    rows = [{**NIGHT, "mode": "charge", "power_w": 2500.0, "weekdays": ["mon"]}]
    settings, device = store(entry, "battery", "schedules", rows)
    asked = BatteryAsk(mode="charge", power_kw=2.5, source="schedule", until_s=at(MORNING).timestamp())
    assert battery_ask(settings, device, at(EVENING)) == asked
    assert battery_ask(settings, device, at("2026-06-16T23:00:00+02:00")) is None  # a Tuesday
    assert schedule_now(settings, device, at(EVENING)).schedule.weekdays == {0}


@pytest.mark.parametrize(
    ("amount", "power_w"),
    [({"power_w": 1500.0}, 1500.0), ({}, 3000.0)],  # what is not said is the most it may
)
async def test_a_loads_schedule_is_a_command_that_ends_with_it(
    hass: HomeAssistant, add_site: AddSite, amount: dict[str, float], power_w: float
) -> None:
    """Like a person's, and never for longer than its window."""
    read_home(hass)
    entry = await add_site(home_of_entities(GRID, load_device("Rod", ROD_PARAMS)))
    settings, device = store(entry, "load", "schedules", [{**NIGHT, "mode": "on", **amount}])
    command = load_command(settings, device, at(EVENING))
    assert command == Command(
        mode="on", power_w=power_w, source=CommandSource.SCHEDULE, expires_at=at(MORNING)
    )
    assert load_command(settings, device, at(MORNING)) is None


async def test_a_change_of_the_schedule_counts_at_once(entry: MockConfigEntry) -> None:
    """What was parsed is kept, and must not outlive what it was parsed from."""
    settings, device = store(entry, "charger", "schedules", [{**NIGHT, "mode": "now"}])
    assert charger_ask(settings, device, at(EVENING)).mode is EvMode.NOW
    settings.set_device(device.subentry_id, "schedules", [{**NIGHT, "mode": "off"}])
    assert charger_ask(settings, device, at(EVENING)).mode is EvMode.OFF


async def test_a_window_that_another_version_stored_is_left_out_and_said(
    entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """After going back a version: the guard has to go on, with what it does understand."""
    rows = [{**NIGHT, "mode": "warp"}, {**NIGHT, "mode": "surplus"}]
    settings, device = store(entry, "charger", "schedules", rows)
    for _ in range(3):
        assert charger_ask(settings, device, at(EVENING)).mode is EvMode.SURPLUS
    assert caplog.text.count("mode (schedules[1]) is warp") == 1


async def test_a_car_is_planned_to_the_hour_of_its_weekday(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """Monday noon: on Tuesdays it stays, on Wednesdays it leaves at eight; without weekdays at seven every day."""
    data, id_ = entry.runtime_data, subentry_id(entry, "charger")

    async def ready_at() -> str:
        await data.plan.async_plan()
        ready_at_s = data.plan.data.outlook.problem.cars[id_].ready_at_s
        return dt_util.as_local(dt_util.utc_from_timestamp(ready_at_s)).isoformat()

    assert await ready_at() == "2026-06-16T07:00:00+02:00"
    data.settings.set_device(id_, "ready_by_weekdays", {"mon": "06:00:00", "wed": "08:00:00"})
    assert await ready_at() == "2026-06-17T08:00:00+02:00"
    data.settings.set_device(id_, "ready_by_weekdays", {})
    assert await ready_at() == "2026-06-16T07:00:00+02:00"


async def test_a_departure_beyond_the_plan_is_kept_within_it(entry: MockConfigEntry) -> None:
    """The car leaves in five days, the plan reaches two: it is charged where that is cheapest, and not left out."""
    data, id_ = entry.runtime_data, subentry_id(entry, "charger")
    data.settings.set_device(id_, "ready_by_weekdays", {"sat": "09:00:00"})
    await data.plan.async_plan()
    outlook = data.plan.data.outlook
    assert outlook.problem.cars[id_].connected.all()
    charged_kwh = outlook.plan.devices[id_].power_kw @ outlook.problem.steps.hours
    assert charged_kwh == pytest.approx(15, abs=0.01)


async def test_one_time_for_every_day_is_refused_where_each_weekday_has_its_own(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It shows the next departure, and must not take a time that would change nothing."""
    data, id_ = entry.runtime_data, subentry_id(entry, "charger")
    data.settings.set_device(id_, "ready_by_weekdays", {"wed": "08:00:00"})
    await data.plan.async_plan()
    assert hass.states.get("time.wallbox_ready_by").state == "08:00:00"
    nine = {"entity_id": "time.wallbox_ready_by", "time": "09:00:00"}
    with pytest.raises(ServiceValidationError, match="departure of its own for each weekday"):
        await hass.services.async_call("time", "set_value", nine, blocking=True)
    data.settings.set_device(id_, "ready_by_weekdays", {})
    await hass.services.async_call("time", "set_value", nine, blocking=True)
    assert hass.states.get("time.wallbox_ready_by").state == "09:00:00"
