"""`ems.override`: a person's word for some devices and some time, checked, proved, and gone by itself."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    PUMP_PARAMS,
    ROD_PARAMS,
    entity_device,
    load_device,
    subentry_id,
)
from tests.ha.test_actions import act
from tests.ha.test_dispatcher import CURRENT, ENABLE, MODE, POWER, STEERED, WALLBOX, active, unguarded

CELLS = entity_device("battery", "Cells", BATTERY_PARAMS, **STEERED)
CAR = entity_device(
    "charger", "Wallbox", CHARGER_PARAMS, **WALLBOX, current_number=CURRENT, enable_switch=ENABLE
)
PUMP = load_device("Pump", PUMP_PARAMS, switch_entity="switch.pump")
ROD = load_device("Rod", ROD_PARAMS, power_number="number.rod")


@pytest.fixture
async def entry(hass: HomeAssistant, foreign: Foreign, add_site: AddSite) -> MockConfigEntry:
    """A home of which only people want something: its plan is silenced."""
    return await quiet(hass, await add_site(active(CELLS, CAR, PUMP, ROD)), foreign)


async def quiet(hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign) -> MockConfigEntry:
    """Leave the devices to the test alone."""
    entry.runtime_data.plan.async_replan = lambda: None
    await entry.runtime_data.dispatcher.async_set_plan({})
    await settle(hass)
    foreign.heard.clear()
    return entry


def device(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> str:
    """Return the id that the editor would fill in."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return next(each.id for each in devices if each.name == name)


async def override(hass: HomeAssistant, entry: MockConfigEntry, *names: str, **data: Any) -> dict[str, Any]:
    """Call the action for devices by their names; return the answers by name."""
    ids = [device(hass, entry, name) for name in names]
    answer = await act(hass, "override", device_id=ids, **data)
    assert list(answer["devices"]) == list(dict.fromkeys(ids))
    return {each["name"]: each for each in answer["devices"].values()}


async def refusal(
    hass: HomeAssistant, entry: MockConfigEntry, name: str, **data: Any
) -> ServiceValidationError:
    """Return why the action was refused."""
    with pytest.raises(ServiceValidationError) as refused:
        await override(hass, entry, name, **data)
    assert refused.value.translation_domain == DOMAIN
    return refused.value


async def test_a_battery_is_told_and_the_answer_proves_it(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """What was accepted, until when, and what the device held before and after."""
    answer = (await override(hass, entry, "Cells", mode="charge", power_w=3000))["Cells"]
    assert foreign.heard == [(POWER, 3000), (MODE, "force_charge")]
    assert (answer["mode"], answer["power_w"], answer["is_waiting"]) == ("charge", 3000, False)
    assert "current_a" not in answer
    until = datetime.fromisoformat(answer["expires_at"])
    assert until == dt_util.utcnow() + timedelta(minutes=60)
    power, mode = answer["writes"]
    assert (power["entity_id"], power["unit"]) == (POWER, "W")
    assert (power["before"], power["written"], power["read_back"]) == ("5000", 3000, "3000.0")
    assert (mode["before"], mode["written"], mode["read_back"]) == ("auto", "force_charge", "force_charge")
    assert hass.states.get("select.cells_mode").attributes["until"] == until
    assert hass.states.get("number.cells_power_setpoint").attributes["source"] == "override"


async def test_what_is_not_said_is_the_most_a_device_may(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """As the entities do it; a load that is only on or off has no power."""
    assert (await override(hass, entry, "Cells", mode="discharge"))["Cells"]["power_w"] == 5000
    assert (await override(hass, entry, "Wallbox", mode="charge"))["Wallbox"]["current_a"] == 16
    assert (await override(hass, entry, "Rod", mode="on"))["Rod"]["power_w"] == 3000
    assert not {"power_w", "current_a"} & (await override(hass, entry, "Pump", mode="on"))["Pump"].keys()
    assert foreign.heard[-1] == ("switch.pump", "on")


async def test_several_devices_are_told_at_once_and_each_once(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """A pump and a rod off, whatever the plan wants; one that is named twice is told once."""
    unguarded(entry)
    foreign.enable.turn_by_hand(on=True)
    answers = await override(hass, entry, "Wallbox", "Pump", "Wallbox", mode="off")
    assert {name: answer["mode"] for name, answer in answers.items()} == {"Pump": "off", "Wallbox": "off"}
    assert foreign.heard == [(ENABLE, "off")]  # the pump was off
    (write,) = answers["Wallbox"]["writes"]
    assert (write["before"], write["read_back"]) == ("on", "off"), "a second telling would have found it off"


async def test_a_bare_on_of_yaml_is_the_mode_on(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """It arrives as true, and off as false."""
    await override(hass, entry, "Pump", mode=True)
    await override(hass, entry, "Pump", mode=False)
    assert foreign.heard == [("switch.pump", "on"), ("switch.pump", "off")]


async def test_no_answer_is_given_where_none_is_wanted(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """Most automations do not look."""
    data = {"device_id": device(hass, entry, "Cells"), "mode": "hold"}
    assert await hass.services.async_call(DOMAIN, "override", data, blocking=True) is None
    assert foreign.heard == [(MODE, "idle")]


async def test_it_expires_by_itself_after_its_own_duration(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> None:
    """Two minutes are neither one nor sixty."""
    await override(hass, entry, "Cells", mode="hold", duration={"minutes": 2})
    await clock.live(hass, 110)
    assert foreign.heard == [(MODE, "idle")]
    await clock.live(hass, 15)
    assert foreign.heard == [(MODE, "idle"), (MODE, "auto")]
    assert hass.states.get("select.cells_mode").attributes["until"] is None


async def test_the_mode_plan_gives_a_device_back_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """Without a plan that is its own automatic."""
    await override(hass, entry, "Cells", mode="hold")
    answer = await override(hass, entry, "Cells", mode="plan")
    assert answer["Cells"] == {"name": "Cells", "mode": "plan"}
    assert foreign.heard == [(MODE, "idle"), (MODE, "auto")]
    assert entry.runtime_data.dispatcher.channels[subentry_id(entry, "battery")].override is None


@pytest.mark.parametrize(
    ("name", "mode", "modes"),
    [
        ("Cells", "off", "automatic, hold, charge, discharge"),
        ("Wallbox", "hold", "off, charge"),
        ("Pump", "charge", "off, on"),
    ],
)
async def test_a_mode_that_a_device_lacks_is_refused_with_those_it_has(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, name: str, mode: str, modes: str
) -> None:
    """Nobody looks them up."""
    refused = await refusal(hass, entry, name, mode=mode)
    assert refused.translation_key == "override_mode_unknown"
    assert refused.translation_placeholders == {"device": name, "mode": mode, "modes": modes}
    assert foreign.heard == []


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("Cells", {"mode": "hold", "power_w": 1000}, "power_w"),
        ("Cells", {"mode": "charge", "current_a": 10}, "current_a"),
        ("Wallbox", {"mode": "off", "current_a": 10}, "current_a"),
        ("Pump", {"mode": "on", "power_w": 500}, "power_w"),
        ("Cells", {"mode": "plan", "power_w": 500}, "power_w"),
        ("Cells", {"mode": "plan", "duration": {"minutes": 5}}, "duration"),
    ],
)
async def test_a_field_that_a_mode_does_not_take_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    foreign: Foreign,
    name: str,
    given: dict[str, Any],
    field: str,
) -> None:
    """It was meant for something, and would do nothing."""
    refused = await refusal(hass, entry, name, **given)
    assert refused.translation_key == "override_useless_field"
    assert refused.translation_placeholders == {"device": name, "mode": given["mode"], "field": field}
    assert foreign.heard == []


async def test_a_power_that_no_entity_takes_is_refused(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """A battery that only has modes charges as it likes."""
    fields = {key: value for key, value in STEERED.items() if key != "power_number"}
    entry = await add_site(active(entity_device("battery", "Cells", BATTERY_PARAMS, **fields)))
    await quiet(hass, entry, foreign)
    refused = await refusal(hass, entry, "Cells", mode="charge", power_w=1000)
    assert refused.translation_key == "override_useless_field"
    await override(hass, entry, "Cells", mode="charge")
    assert foreign.heard == [(MODE, "force_charge")]


@pytest.mark.parametrize(
    ("name", "given", "low", "high", "shown"),
    [
        ("Cells", {"mode": "charge", "power_w": 5001}, "0", "5000", "5001"),
        ("Wallbox", {"mode": "charge", "current_a": 5.5}, "6", "16", "5.5"),
        ("Wallbox", {"mode": "charge", "current_a": 17}, "6", "16", "17"),
        ("Rod", {"mode": "on", "power_w": 400}, "500", "3000", "400"),
    ],
)
async def test_more_or_less_than_a_device_may_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    foreign: Foreign,
    name: str,
    given: dict[str, Any],
    low: str,
    high: str,
    shown: str,
) -> None:
    """With both ends, so that the next try is right."""
    refused = await refusal(hass, entry, name, **given)
    assert refused.translation_key == "override_out_of_range"
    found = refused.translation_placeholders
    assert (found["low"], found["high"], found["given"]) == (low, high, shown)
    assert foreign.heard == []


@pytest.mark.parametrize(
    "bad",
    [
        {"power_w": -1},
        {"current_a": -0.1},
        {"power_w": float("nan")},
        {"duration": {"seconds": 59}},
        {"duration": {"hours": 24, "seconds": 1}},
        {"device_id": []},
    ],
)
async def test_what_no_device_could_mean_is_refused_by_its_field(
    hass: HomeAssistant, entry: MockConfigEntry, bad: dict[str, Any]
) -> None:
    """Below nothing, shorter than a minute, longer than a day, for nobody."""
    data = {"device_id": [device(hass, entry, "Cells")], "mode": "charge", **bad}
    with pytest.raises(probatio.Invalid, match=next(iter(bad))):
        await hass.services.async_call(DOMAIN, "override", data, blocking=True)


@pytest.mark.parametrize("duration", [{"minutes": 1}, {"hours": 24}])
async def test_a_minute_and_a_day_are_just_possible(
    hass: HomeAssistant, entry: MockConfigEntry, duration: dict[str, float]
) -> None:
    """Both ends belong to it."""
    answer = (await override(hass, entry, "Cells", mode="hold", duration=duration))["Cells"]
    assert datetime.fromisoformat(answer["expires_at"]) == dt_util.utcnow() + timedelta(**duration)


@pytest.mark.parametrize("name", ["Grid", "Home"])
async def test_a_device_that_is_only_read_is_refused_by_its_name(
    hass: HomeAssistant, entry: MockConfigEntry, name: str
) -> None:
    """A meter, or the home itself."""
    refused = await refusal(hass, entry, name, mode="off")
    assert refused.translation_key == "override_no_hands"
    assert refused.translation_placeholders == {"device": name}


async def test_a_device_of_nobody_or_of_a_home_at_rest_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Home Assistant's own words say so."""
    with pytest.raises(ServiceValidationError) as unknown:
        await act(hass, "override", device_id="nobody", mode="plan")
    assert unknown.value.translation_key == "service_device_not_found"
    cells = device(hass, entry, "Cells")
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as unloaded:
        await act(hass, "override", device_id=cells, mode="plan")
    assert unloaded.value.translation_key == "service_config_entry_not_loaded"


async def test_one_wrong_device_keeps_all_from_being_told(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """Half a wish is worse than none: all are checked before the first is told."""
    with pytest.raises(ServiceValidationError):
        await override(hass, entry, "Wallbox", "Cells", mode="off")
    assert foreign.heard == []


async def test_a_device_that_refuses_is_quoted_and_stops_no_other(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign
) -> None:
    """The inverter is busy; the car charges all the same, and nobody tries again in secret."""
    foreign.mode.refuses = True
    ids = [device(hass, entry, name) for name in ("Cells", "Wallbox")]
    with pytest.raises(HomeAssistantError, match="The inverter is busy"):
        await act(hass, "override", device_id=ids, mode="charge")
    channels = entry.runtime_data.dispatcher.channels
    assert channels[subentry_id(entry, "charger")].override.current_a == 16
    assert channels[subentry_id(entry, "battery")].override is None


async def test_a_refusal_is_said_in_the_language_of_the_home(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """With its decimal comma."""
    await hass.config.async_update(language="de")
    refused = await refusal(hass, entry, "Wallbox", mode="charge", current_a=5.5)
    assert refused.translation_placeholders["given"] == "5,5"


async def test_a_word_that_waits_for_its_device_says_so_and_is_kept(
    hass: HomeAssistant, entry: MockConfigEntry, foreign: Foreign, clock: Clock
) -> None:
    """Nothing is written yet, so there is nothing to prove; a reload does not lose it."""
    dispatcher, key = entry.runtime_data.dispatcher, subentry_id(entry, "battery")
    dispatcher.channels[key].device.actuator.min_write_interval_s = 60.0
    await override(hass, entry, "Cells", mode="charge", power_w=1000)
    answer = (await override(hass, entry, "Cells", mode="charge", power_w=2000))["Cells"]
    assert (answer["is_waiting"], answer["writes"], answer["power_w"]) == (True, [], 2000)
    await hass.config_entries.async_reload(entry.entry_id)
    await clock.live(hass, 10)
    assert (POWER, 2000) in foreign.heard
