"""Adding devices that Home Assistant already has: their entities are read, and checked, before anything is saved."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.foreign import Foreign, read_home, set_sensor
from tests.ha.sites import BATTERY_PARAMS, CHARGER_PARAMS, PV_PARAMS, home_of_entities

BATTERY = {"power_entity": "sensor.cells", "power_positive": "discharging", "soc_entity": "sensor.soc"}
STEERED = {
    **BATTERY,
    "mode_entity": "select.inverter_mode",
    "option_automatic": "auto",
    "power_number": "number.inverter_power",
}
CHARGER = {
    "power_entity": "sensor.wallbox",
    "power_positive": "consumption",
    "connected_entity": "binary_sensor.plug",
}
# role → (entities, what the last form asks, what the preview shows)
DEVICES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "meter": ({"power_entity": "sensor.grid", "power_positive": "import"}, {"position": "grid"}, "500 W"),
    "battery": (STEERED, BATTERY_PARAMS, "-1000 W"),
    "pv": ({"power_entity": "sensor.sun", "power_positive": "production"}, PV_PARAMS, "2000 W"),
    "charger": (CHARGER, CHARGER_PARAMS, "✓"),
}


@pytest.fixture
async def foreign(hass: HomeAssistant) -> Foreign:
    """What another integration brought."""
    found = Foreign()
    await found.async_add(hass)
    read_home(hass)
    return found


@pytest.fixture
async def site(foreign: Foreign, add_site: AddSite) -> MockConfigEntry:
    """A home without any device yet."""
    assert foreign.heard == []
    return await add_site(home_of_entities())


async def at_entities(hass: HomeAssistant, site: MockConfigEntry, role: str) -> Flow:
    """Go as far as the entities."""
    return await (await add_device(hass, site, role)).choose("entities")


@pytest.mark.parametrize("role", DEVICES)
async def test_a_device_that_home_assistant_has_is_added_by_its_entities(
    hass: HomeAssistant, site: MockConfigEntry, role: str
) -> None:
    """What they read is shown in our units and signs."""
    entities, params, value = DEVICES[role]
    flow = await at_entities(hass, site, role)
    await flow.submit(**entities)
    assert flow.step == "confirm"
    assert f"**{value}**" in flow.shown["values"]
    assert flow.suggested["name"] == entities["power_entity"]
    await flow.submit(name="Mine", **params)
    assert flow.created
    await settle(hass)
    (subentry,) = site.subentries.values()
    assert subentry.unique_id == f"{role}:{entities['power_entity']}"
    assert subentry.data["source"]["entities"] == entities
    assert hass.states.get("sensor.mine_power") is not None


@pytest.mark.parametrize("role", DEVICES)
async def test_such_a_device_can_be_changed(hass: HomeAssistant, site: MockConfigEntry, role: str) -> None:
    """Other entities may stand for it; it stays the device it was."""
    entities, params, _ = DEVICES[role]
    flow = await at_entities(hass, site, role)
    await flow.submit(**entities)
    await flow.submit(name="Mine", **params)
    await settle(hass)
    (subentry,) = site.subentries.values()
    set_sensor(hass, "sensor.other", 1.5, "kW")
    flow = await change_device(hass, site, subentry.subentry_id)
    assert {key: value for key, value in flow.suggested.items() if value is not None} == entities
    await flow.submit(**{**entities, "power_entity": "sensor.other"})
    assert "1500 W" in flow.shown["values"]
    await flow.submit(name="Still mine", **params)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    (changed,) = site.subentries.values()
    assert changed.unique_id == subentry.unique_id
    assert (changed.title, changed.data["name"]) == ("Still mine", "Still mine")
    assert changed.data["source"]["entities"]["power_entity"] == "sensor.other"


async def test_a_sign_can_be_turned_round(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Half of all integrations count the other way."""
    flow = await at_entities(hass, site, "meter")
    await flow.submit(power_entity="sensor.grid", power_positive="export")
    assert "**-500 W**" in flow.shown["values"]


@pytest.mark.parametrize(
    ("field", "value", "unit", "error"),
    [
        ("power_entity", 5, "kWh", "unit_not_power"),
        ("power_entity", 5, None, "unit_not_power"),
        ("power_entity", "idle", "W", "not_a_number"),
        ("power_entity", "nan", "W", "not_a_number"),
        ("soc_entity", 120, "%", "soc_out_of_range"),
        ("soc_entity", -1, "%", "soc_out_of_range"),
        ("soc_entity", 0.5, None, "unit_not_percent"),
        ("soc_entity", "full", "%", "not_a_number"),
        ("charge_energy_entity", 5, "W", "unit_not_energy"),
    ],
)
async def test_an_entity_that_does_not_fit_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, field: str, value: object, unit: str | None, error: str
) -> None:
    """Wrong units and impossible values are named at their field, with what was seen."""
    set_sensor(hass, "sensor.odd", value, unit)
    flow = await at_entities(hass, site, "battery")
    await flow.submit(**{**BATTERY, field: "sensor.odd"})
    assert flow.errors == {field: error}
    assert "sensor.odd" in flow.shown["detail"]
    assert flow.suggested[field] == "sensor.odd"
    await flow.submit(**BATTERY)
    assert flow.step == "confirm"


async def test_an_entity_that_does_not_exist_is_refused(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """A typing error in an id would read as a device that never answers."""
    flow = await at_entities(hass, site, "meter")
    await flow.submit(power_entity="sensor.grib", power_positive="import")
    assert flow.errors == {"power_entity": "entity_missing"}
    assert flow.shown["detail"] == "sensor.grib"


async def test_an_entity_of_ems_itself_is_refused(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """A home that is made of itself would count everything twice."""
    own = er.async_get(hass).async_get_or_create("sensor", "ems", "some_power")
    hass.states.async_set(own.entity_id, "1000", {"unit_of_measurement": "W"})
    flow = await at_entities(hass, site, "meter")
    await flow.submit(power_entity=own.entity_id, power_positive="import")
    assert flow.errors == {"power_entity": "entity_is_ours"}


async def test_an_entity_that_is_silent_just_now_is_taken(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """An inverter sleeps at night; the preview says that the value is not known."""
    hass.states.async_set("sensor.sun", "unavailable")
    flow = await at_entities(hass, site, "pv")
    await flow.submit(power_entity="sensor.sun", power_positive="production")
    assert flow.step == "confirm"
    assert "**–**" in flow.shown["values"]


async def test_a_battery_needs_a_way_back_to_automatic(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Without it a battery would stay in its last mode when EMS is gone."""
    flow = await at_entities(hass, site, "battery")
    await flow.submit(**{**BATTERY, "mode_entity": "select.inverter_mode", "option_charge": "force_charge"})
    assert flow.errors == {"option_automatic": "automatic_missing"}


async def test_an_option_that_the_select_lacks_is_refused(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """And those it has are named."""
    flow = await at_entities(hass, site, "battery")
    await flow.submit(**{**STEERED, "option_charge": "Force charge"})
    assert flow.errors == {"option_charge": "option_unknown"}
    assert "force_charge" in flow.shown["detail"]


async def test_a_mode_entity_that_does_not_exist_is_refused(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """It has no options at all; that is not what to mend."""
    flow = await at_entities(hass, site, "battery")
    await flow.submit(**{**STEERED, "mode_entity": "select.gone"})
    assert flow.errors == {"mode_entity": "entity_missing"}


@pytest.mark.parametrize(
    ("role", "entities", "field", "error"),
    [
        ("battery", {**STEERED, "power_number": "number.wallbox_current"}, "power_number", "unit_not_power"),
        ("battery", {**STEERED, "power_number": "number.gone"}, "power_number", "entity_missing"),
        (
            "charger",
            {**CHARGER, "current_number": "number.inverter_power"},
            "current_number",
            "unit_not_current",
        ),
        ("charger", {**CHARGER, "current_number": "number.gone"}, "current_number", "entity_missing"),
        ("charger", {**CHARGER, "enable_switch": "switch.gone"}, "enable_switch", "entity_missing"),
    ],
)
async def test_what_is_to_be_written_is_checked_too(
    hass: HomeAssistant, site: MockConfigEntry, role: str, entities: dict[str, str], field: str, error: str
) -> None:
    """3000 written to a number in A would be the last thing it hears."""
    flow = await at_entities(hass, site, role)
    await flow.submit(**entities)
    assert flow.errors == {field: error}


async def test_a_registered_entity_is_known_by_its_registry_id(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """People rename entities; the device stays the same, and is added once."""
    registry = er.async_get(hass)
    known = registry.async_get_or_create("sensor", "other", "grid-1", suggested_object_id="main")
    set_sensor(hass, known.entity_id, 100, "W", friendly_name="Main meter")
    flow = await at_entities(hass, site, "meter")
    await flow.submit(power_entity=known.entity_id, power_positive="import")
    assert flow.suggested["name"] == "Main meter"
    await flow.submit(name="Main meter", position="grid")
    await settle(hass)
    (subentry,) = site.subentries.values()
    assert subentry.unique_id == f"meter:{known.id}"
    registry.async_update_entity(known.entity_id, new_entity_id="sensor.renamed")
    set_sensor(hass, "sensor.renamed", 100, "W")
    flow = await at_entities(hass, site, "meter")
    await flow.submit(power_entity="sensor.renamed", power_positive="import")
    await flow.submit(name="Again", position="grid")
    assert flow.aborted == "already_configured"


PHASES = {
    **CHARGER,
    "phases_select": "select.box_phases",
    "option_one_phase": "1",
    "option_three_phases": "3",
}


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"option_one_phase": "one"}, {"option_one_phase": "phase_option_unknown"}),
        ({"option_three_phases": "1"}, {"option_three_phases": "phase_options_alike"}),
        ({"phases_select": "select.gone"}, {"phases_select": "entity_missing"}),
        (
            {"phases_select": "switch.box_phases"},
            {"option_one_phase": "phase_option_unknown", "option_three_phases": "phase_option_unknown"},
        ),
    ],
)
async def test_the_options_of_the_phases_are_checked(
    hass: HomeAssistant, site: MockConfigEntry, change: dict[str, str], errors: dict[str, str]
) -> None:
    hass.states.async_set("select.box_phases", "3", {"options": ["1", "3"]})
    hass.states.async_set("switch.box_phases", "on")
    flow = await at_entities(hass, site, "charger")
    await flow.submit(**{**PHASES, **change})
    assert flow.errors == errors


async def test_a_select_needs_an_option_for_each_number(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("select.box_phases", "3", {"options": ["1", "3"]})
    flow = await at_entities(hass, site, "charger")
    await flow.submit(**{key: value for key, value in PHASES.items() if key != "option_one_phase"})
    assert flow.errors == {"option_one_phase": "value_missing"}


@pytest.mark.parametrize(
    ("entities", "may"),
    [
        (PHASES, True),
        ({**CHARGER, "phases_select": "switch.box_phases"}, True),
        # Whether a script knows phases is known to its author alone.
        ({**CHARGER, "command_script": "script.box"}, False),
    ],
)
async def test_the_last_form_asks_whether_phases_may_be_changed(
    hass: HomeAssistant, site: MockConfigEntry, entities: dict[str, Any], *, may: bool
) -> None:
    hass.states.async_set("select.box_phases", "3", {"options": ["1", "3"]})
    hass.states.async_set("switch.box_phases", "on")
    hass.states.async_set("script.box", "off")
    flow = await at_entities(hass, site, "charger")
    await flow.submit(**entities)
    assert flow.step == "confirm"
    await flow.submit(name="Box", **CHARGER_PARAMS)
    assert flow.created
    await settle(hass)
    (subentry,) = site.subentries.values()
    assert subentry.data["params"] == {**CHARGER_PARAMS, "switches_phases": may}


async def test_only_a_charger_by_script_is_asked_what_the_car_may_feed_back(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    hass.states.async_set("script.box", "off")
    hass.states.async_set("switch.box_phases", "on")
    for entities, asks in (
        ({**CHARGER, "phases_select": "switch.box_phases"}, False),
        ({**CHARGER, "command_script": "script.box"}, True),
    ):
        flow = await at_entities(hass, site, "charger")
        await flow.submit(**entities)
        assert ("discharge_max_w" in flow.result["data_schema"].schema) is asks
    await flow.submit(name="Box", **CHARGER_PARAMS, discharge_max_w=5000)
    await settle(hass)
    (channel,) = site.runtime_data.dispatcher.channels.values()
    assert channel.device.actuator.modes == ("off", "charge", "discharge")
