"""The form for the hours of a device: time windows and a car's departures, without a line of YAML."""

from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.schedules import charger_ask
from custom_components.ems.engine.control.ev_mode import EvMode
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, set_times
from tests.ha.foreign import read_home
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    PUMP_PARAMS,
    entity_device,
    home_of_entities,
    load_device,
    subentry_id,
)
from tests.ha.test_schedules import BATTERY, EVENING, GRID, NIGHT, WALLBOX, at

PUMP = load_device("Pump", PUMP_PARAMS)
HEATER_PARAMS = {**PUMP_PARAMS, "kind": "continuous", "power_w": 3000, "power_min_w": 500}
HEATER = load_device("Heater", HEATER_PARAMS)


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home with one device of every kind that has hours of its own."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "on")
    return await add_site(home_of_entities(GRID, WALLBOX, BATTERY, PUMP, HEATER))


async def form_of(hass: HomeAssistant, entry: MockConfigEntry, title: str) -> Flow:
    """Go as far as a device's form."""
    flow = await set_times(hass, entry)
    (key,) = (key for key, each in entry.subentries.items() if each.title == title)
    return await flow.submit(device=key)


def window_fields(flow: Flow) -> dict[str, Any]:
    """Return what a window is asked for."""
    table = next(each for key, each in flow.result["data_schema"].schema.items() if key == "schedules")
    fields: dict[str, Any] = table.serialize()["selector"]["object"]["fields"]
    return fields


def stored(entry: MockConfigEntry, role: str) -> Any:
    """Return the settings of a device."""
    return entry.options["devices"][subentry_id(entry, role)]


@pytest.mark.parametrize(
    ("title", "modes", "amount", "span"),
    [
        ("Wallbox", ["off", "now", "min_surplus", "surplus", "plan"], "current_a", (6, 16)),
        ("Battery", ["automatic", "hold", "charge", "discharge"], "power_w", (1, 5000)),
        ("Pump", ["on", "off"], None, None),
        ("Heater", ["on", "off"], "power_w", (500, 3000)),
    ],
)
async def test_a_device_is_asked_for_what_it_knows(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    title: str,
    modes: list[str],
    amount: str | None,
    span: tuple[float, float] | None,
) -> None:
    """A pump has no power to be set, and a battery no surplus mode."""
    fields = window_fields(await form_of(hass, entry, title))
    assert fields["mode"]["selector"]["select"]["options"] == modes
    assert set(fields) == {"start", "end", "mode", "weekdays", *([amount] if amount else [])}
    if amount and span:
        asked = fields[amount]["selector"]["number"]
        assert (asked["min"], asked["max"]) == span


async def test_windows_and_departures_are_saved_and_count_at_once(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Two clicks and a form: no reload, a new plan, and the guard's question is answered by it."""
    data, id_ = entry.runtime_data, subentry_id(entry, "charger")
    flow = await form_of(hass, entry, "Wallbox")
    assert (flow.suggested["schedules"], flow.shown["device"]) == (None, "Wallbox")
    await flow.submit(
        schedules=[{**NIGHT, "mode": "now", "current_a": 10, "weekdays": []}],
        ready_by_weekdays={"mon": "06:00:00", "wed": "08:00:00"},
    )
    assert flow.created
    await settle(hass)
    assert entry.runtime_data is data
    ask = charger_ask(data.settings, data.devices[id_], at(EVENING))
    assert ask is not None
    assert (ask.mode, ask.current_a) == (EvMode.NOW, 10)
    ready_at = at("2026-06-17T08:00:00+02:00").timestamp()
    assert data.plan.data.outlook.problem.cars[id_].ready_at_s == ready_at
    again = await form_of(hass, entry, "Wallbox")
    assert again.suggested["schedules"] == [{**NIGHT, "mode": "now", "current_a": 10}]
    assert again.suggested["ready_by_weekdays"] == {"mon": "06:00:00", "wed": "08:00:00"}


async def test_an_emptied_form_leaves_nothing_behind(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The frontend leaves out what is empty: a deleted window must be gone, and every day be like the other."""
    flow = await form_of(hass, entry, "Wallbox")
    await flow.submit(schedules=[{**NIGHT, "mode": "off"}], ready_by_weekdays={"mon": "06:00:00"})
    await (await form_of(hass, entry, "Wallbox")).submit(ready_by_weekdays={})
    data, id_ = entry.runtime_data, subentry_id(entry, "charger")
    assert charger_ask(data.settings, data.devices[id_], at(EVENING)) is None
    await data.plan.async_plan()
    ready_at = at("2026-06-16T07:00:00+02:00").timestamp()
    assert data.plan.data.outlook.problem.cars[id_].ready_at_s == ready_at


@pytest.mark.parametrize(
    ("title", "wrong", "says"),
    [
        (
            "Wallbox",
            {"mode": "off", "current_a": 10},
            "Window 2: this mode takes no amount. Leave it empty, or choose another mode.",
        ),
        (
            "Battery",
            {"mode": "charge", "power_w": 4000},
            "Window 2: the amount has to lie between 0 and 3000.",
        ),
    ],
)
async def test_what_is_wrong_with_a_window_is_said_and_nothing_is_lost(
    hass: HomeAssistant, add_site: AddSite, title: str, wrong: dict[str, Any], says: str
) -> None:
    """Which one, and why; the form keeps what was entered, and what was stored stays."""
    read_home(hass)
    battery = entity_device(
        "battery",
        "Battery",
        {**BATTERY_PARAMS, "charge_max_w": 3000},
        power_entity="sensor.battery",
        soc_entity="sensor.soc",
    )
    entry = await add_site(home_of_entities(GRID, WALLBOX, battery))
    before = dict(entry.options)
    fine = {**NIGHT, "mode": "automatic" if title == "Battery" else "surplus"}
    flow = await form_of(hass, entry, title)
    await flow.submit(schedules=[fine, {**NIGHT, **wrong}])
    assert flow.said == {"schedules": says}
    assert flow.suggested["schedules"] == [fine, {**NIGHT, **wrong}]
    assert entry.options == before
    await flow.submit(schedules=[fine])
    assert flow.created


async def test_what_an_entity_turned_while_the_form_was_open_stays(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """A form that stands open over lunch must not undo the lunch."""
    flow = await form_of(hass, entry, "Wallbox")
    data = {"entity_id": "select.wallbox_charge_mode", "option": "surplus"}
    await hass.services.async_call("select", "select_option", data, blocking=True)
    await flow.submit(schedules=[{**NIGHT, "mode": "off"}])
    assert stored(entry, "charger")["ev_mode"] == "surplus"
    assert stored(entry, "charger")["schedules"] == [{**NIGHT, "mode": "off"}]


async def test_a_reconfigured_device_keeps_its_hours(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """They belong to the device, not to how it is reached."""
    await (await form_of(hass, entry, "Wallbox")).submit(schedules=[{**NIGHT, "mode": "off"}])
    subentry = entry.subentries[subentry_id(entry, "charger")]
    data = {**subentry.data, "params": {**CHARGER_PARAMS, "current_max_a": 32}}
    hass.config_entries.async_update_subentry(entry, subentry, data=data)
    await settle(hass)
    data = entry.runtime_data
    device = data.devices[subentry.subentry_id]
    assert device.params["current_max_a"] == 32
    assert charger_ask(data.settings, device, at(EVENING)).mode is EvMode.OFF


async def test_a_single_device_is_not_asked_for(hass: HomeAssistant, add_site: AddSite) -> None:
    """One click less where there is no choice."""
    read_home(hass)
    entry = await add_site(home_of_entities(GRID))
    assert (await set_times(hass, entry)).step == "times"


async def test_a_home_without_such_a_device_says_so(hass: HomeAssistant, add_site: AddSite) -> None:
    """An empty list to choose from would be a riddle."""
    read_home(hass)
    assert (await set_times(hass, await add_site(home_of_entities()))).aborted == "no_devices"


async def test_hours_can_be_set_while_the_home_is_not_loaded(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Whose inverter is away for the night still wants to say what it does tomorrow."""
    await hass.config_entries.async_unload(entry.entry_id)
    await (await form_of(hass, entry, "Wallbox")).submit(schedules=[{**NIGHT, "mode": "off"}])
    assert stored(entry, "charger")["schedules"] == [{**NIGHT, "mode": "off"}]
