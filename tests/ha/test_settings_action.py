"""`ems.update_device_settings`: everything that people set for devices, at once or not at all."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.action_fields import SETTINGS_SCHEMA, WISH_KEYS
from custom_components.ems.device_settings import DeviceSettings
from custom_components.ems.number import WISHES
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import PUMP_PARAMS, home_of_entities, load_device, subentry_id
from tests.ha.test_actions import act
from tests.ha.test_cars import KNOWN, wallbox
from tests.ha.test_schedules import BATTERY, GRID, NIGHT

REQUEST = {**PUMP_PARAMS, "demand": "on_request", "ready_by": "07:00:00", "energy_kwh": 3}
WASHER = load_device("Washer", REQUEST)
STORED_NIGHT = {"start": "22:00:00", "end": "06:00:00"}


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home with a device of every kind of settings."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "on")
    set_sensor(hass, "sensor.counter", 100, "kWh")
    set_sensor(hass, "sensor.car_soc", 50, "%")
    return await add_site(home_of_entities(GRID, wallbox(KNOWN), BATTERY, WASHER))


def ids(hass: HomeAssistant, entry: MockConfigEntry, *names: str) -> list[str]:
    """Return the ids that the editor would fill in."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return [next(each.id for each in devices if each.name == name) for name in names]


async def update(
    hass: HomeAssistant, entry: MockConfigEntry, *names: str, **given: Any
) -> dict[str, dict[str, Any]]:
    """Call the action for devices by their names; return what holds by name."""
    data = {"device_id": ids(hass, entry, *names), **given}
    found = await act(hass, "update_device_settings", **data)
    await settle(hass)
    return {each["name"]: each["settings"] for each in found["devices"].values()}


async def test_every_setting_is_kept_answered_and_shown(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """In one call, without a reload, and the entities that show the same say so at once."""
    data = entry.runtime_data
    answer = await update(
        hass,
        entry,
        "Wallbox",
        ev_mode="surplus",
        schedules=[{**NIGHT, "mode": "now", "current_a": 10}],
        ready_by_weekdays={"fri": "06:30", "mon": "07:00"},
        energy_needed_kwh=20,
        target_soc_pct=90,
        alerts={"silent_for_min": 30},
    )
    assert answer == {
        "Wallbox": {
            "ev_mode": "surplus",
            "schedules": [{**STORED_NIGHT, "mode": "now", "current_a": 10.0}],
            "ready_by": "07:00:00",
            "ready_by_weekdays": {"mon": "07:00:00", "fri": "06:30:00"},
            "energy_needed_kwh": 20.0,
            "target_soc_pct": 90.0,
            "alerts": {"silent_for_min": 30.0},
        }
    }
    assert entry.runtime_data is data
    assert hass.states.get("select.wallbox_charge_mode").state == "surplus"
    assert hass.states.get("number.wallbox_target_state_of_charge").state == "90.0"
    assert hass.states.get("time.wallbox_ready_by").state == "06:30:00"  # it is Monday noon
    assert hass.states.get("binary_sensor.wallbox_alert") is not None
    car = data.plan.data.outlook.problem.cars[subentry_id(entry, "charger")]
    assert (car.surplus_only, car.energy_needed_kwh) == (True, pytest.approx(0.4 * 60 / 0.9))


async def test_a_batterys_and_a_loads_settings(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Each kind has its own."""
    assert await update(hass, entry, "Battery", reserve_pct=20, soc_min_pct=10) == {
        "Battery": {"schedules": [], "soc_min_pct": 10.0, "reserve_pct": 20.0, "alerts": {}}
    }
    assert hass.states.get("number.battery_reserve").state == "20.0"
    answer = await update(hass, entry, "Washer", enabled=False, energy_kwh=4, ready_by="09:30")
    assert answer["Washer"] == {
        "schedules": [],
        "ready_by": "09:30:00",
        "energy_kwh": 4.0,
        "enabled": False,
        "alerts": {},
    }
    assert hass.states.get("switch.washer_plan_it").state == "off"


async def test_an_armed_load_takes_another_hour(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """As when the time entity is turned: the run that is asked for already is meant, too."""
    data = entry.runtime_data
    device = data.devices[subentry_id(entry, "load")]
    data.loads.arm(device)
    before = data.loads.record(device).ready_at_s
    await update(hass, entry, "Washer", ready_by="09:30")
    after = data.loads.record(device).ready_at_s
    assert before is not None
    assert after is not None
    assert (after - before) % 86400 == 2.5 * 3600


async def test_several_devices_take_what_all_of_them_know(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """And nobody takes anything where one of them does not know it."""
    answer = await update(hass, entry, "Wallbox", "Battery", "Grid", alerts={"silent_for_min": 5})
    assert list(answer) == ["Wallbox", "Battery", "Grid"]
    assert all(each["alerts"] == {"silent_for_min": 5.0} for each in answer.values())
    before = dict(entry.options)
    with pytest.raises(ServiceValidationError, match=r"Grid has no setting schedules.*It has alerts"):
        await update(hass, entry, "Battery", "Grid", schedules=[{**NIGHT, "mode": "hold"}])
    assert entry.options == before


async def test_without_any_setting_it_only_answers(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What was set up holds, where nobody has turned anything."""
    before = dict(entry.options)
    answer = await update(hass, entry, "Wallbox")
    assert answer["Wallbox"]["energy_needed_kwh"] == 15
    assert answer["Wallbox"]["ev_mode"] == "plan"
    assert entry.options == before


async def test_what_is_empty_deletes(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Windows, departures and thresholds go, and so do their entities."""
    everything = {
        "schedules": [{**NIGHT, "mode": "off"}],
        "ready_by_weekdays": {"mon": "06:00"},
        "alerts": {"silent_for_min": 5},
    }
    await update(hass, entry, "Wallbox", **everything)
    answer = await update(hass, entry, "Wallbox", schedules=[], ready_by_weekdays={}, alerts={})
    assert {key: answer["Wallbox"][key] for key in everything} == {
        "schedules": [],
        "ready_by_weekdays": {},
        "alerts": {},
    }
    assert hass.states.get("time.wallbox_ready_by").state == "07:00:00"
    assert hass.states.get("binary_sensor.wallbox_alert") is None


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("Wallbox", {"ev_mode": "fast"}, "Nothing was changed at Wallbox. ev_mode is fast.*off, now"),
        ("Wallbox", {"schedules": [{**NIGHT, "mode": "hold"}]}, r"mode \(schedules\[1\]\) is hold"),
        ("Wallbox", {"schedules": [{**NIGHT, "mode": "now", "current_a": 40}]}, "between 6 and 16"),
        ("Wallbox", {"schedules": [{"mode": "now"}]}, r"start of schedules\[1\] is missing"),
        ("Wallbox", {"ready_by": "late"}, "ready_by of Wallbox is late.*no time of day"),
        ("Wallbox", {"ready_by_weekdays": {"monday": "07:00"}}, "ready_by_weekdays is monday"),
        ("Wallbox", {"target_soc_pct": 120}, "target_soc_pct of Wallbox is 120.*between 0 and 100"),
        ("Wallbox", {"energy_needed_kwh": float("nan")}, "energy_needed_kwh of Wallbox is nan"),
        ("Wallbox", {"alerts": {"soc_below_pct": 10}}, "alerts is soc_below_pct"),
        ("Battery", {"alerts": {"soc_below_pct": "low"}}, "soc_below_pct is low: give a number"),
        ("Battery", {"alerts": {"soc_below_pct": 101}}, "soc_below_pct of alerts is 101"),
        ("Battery", {"ev_mode": "now"}, "Battery has no setting ev_mode: leave it out"),
        ("Home", {"alerts": {}}, "Home has no settings of its own"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, wrong: dict[str, Any], says: str
) -> None:
    """Not even what was right beside it."""
    before = dict(entry.options)
    right: dict[str, Any] = {} if "alerts" in wrong else {"alerts": {"silent_for_min": 5}}
    with pytest.raises(ServiceValidationError, match=says):
        await update(hass, entry, name, **right, **wrong)
    assert entry.options == before


async def test_one_time_for_every_day_needs_the_weekdays_to_go(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """In one call or in two; a time that would change nothing is refused."""
    await update(hass, entry, "Wallbox", ready_by_weekdays={"mon": "06:00"})
    with pytest.raises(ServiceValidationError, match="departure of its own for each weekday"):
        await update(hass, entry, "Wallbox", ready_by="08:00")
    answer = await update(hass, entry, "Wallbox", ready_by="08:00", ready_by_weekdays={})
    assert answer["Wallbox"]["ready_by"] == "08:00:00"


async def test_yaml_that_reads_off_as_false_is_understood(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """`ev_mode: off` without quotes is what everybody writes, and so is a single weekday."""
    window = {**NIGHT, "mode": False, "weekdays": "mon"}
    answer = await update(hass, entry, "Wallbox", ev_mode=False, schedules=window)
    assert answer["Wallbox"]["ev_mode"] == "off"
    assert answer["Wallbox"]["schedules"] == [{**STORED_NIGHT, "mode": "off", "weekdays": ["mon"]}]


@pytest.mark.parametrize("given", [{"schedules": "night"}, {"alerts": 5}, {"wishes": 1}])
async def test_what_is_no_setting_at_all_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, given: dict[str, Any]
) -> None:
    """By its field, in Home Assistant's words."""
    with pytest.raises(probatio.Invalid, match=next(iter(given))):
        await update(hass, entry, "Wallbox", **given)


async def test_the_action_knows_every_wish_and_every_setting(entry: MockConfigEntry) -> None:
    """A new number entity would otherwise be missing here, and nobody would notice."""
    assert {wish.key for wish in WISHES} == set(WISH_KEYS)
    data = entry.runtime_data
    known = {key for each in data.devices.values() for key in DeviceSettings(each, data.settings).keys}
    assert known == {str(key) for key in SETTINGS_SCHEMA.schema} - {"device_id"}
