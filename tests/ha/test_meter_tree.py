"""Meters that hang below each other: what the home's sums make of them, and what is said where something is missing."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.ems.dispatcher import Command
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.foreign import Foreign, read_home, set_sensor
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    PV_PARAMS,
    entity_device,
    home_of_entities,
    load_device,
)
from tests.ha.test_dispatcher import STEERED


def number(hass: HomeAssistant, entity_id: str) -> float:
    """Return what a sensor shows."""
    return float(hass.states.get(entity_id).state)


def device(key: str, role: str, params: dict[str, Any], **entities: str) -> dict[str, Any]:
    """Return a device under a key of its own, read from `sensor.<key>`."""
    found = entity_device(role, key.title(), params, power_entity=f"sensor.{key}", **entities)
    return {**found, "subentry_id": key}


def meter(key: str, position: str, **place: str) -> dict[str, Any]:
    """Return a meter."""
    return device(key, "meter", {"position": position, **place})


ROOF = device("roof", "pv", PV_PARAMS)
CELLS = device("cells", "battery", BATTERY_PARAMS, soc_entity="sensor.soc")
WALLBOX = device("wallbox", "charger", CHARGER_PARAMS, connected_entity="binary_sensor.plug")
HANDS = {key: value for key, value in STEERED.items() if key != "power_entity"}


@pytest.fixture(autouse=True)
def powers(hass: HomeAssistant, vienna: None) -> None:
    """2000 W sun, 1000 W into the battery, no car; the house takes 1500 W."""
    read_home(hass)
    watts = {"grid": 500, "house": 1500, "roof": 2000, "flat": 400, "fridge": 100, "sun": 1900}
    for name, value in watts.items():
        set_sensor(hass, f"sensor.{name}", value, "W")


async def test_a_home_without_a_grid_meter_derives_it_and_says_so(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """1500 consumed - 2000 sun + 1000 into the battery = 500 from the grid; the plan knows the consumption."""
    entry = await add_site(home_of_entities(meter("house", "building"), ROOF, CELLS, WALLBOX))
    assert number(hass, "sensor.home_grid_power") == 500
    assert hass.states.get("sensor.home_grid_power").attributes["derived"] is True
    assert number(hass, "sensor.home_home_consumption") == 1500
    assert number(hass, "sensor.home_base_consumption") == 1500
    assert number(hass, "sensor.home_self_sufficiency") == pytest.approx(67, abs=0.5)
    plan = entry.runtime_data.plan.data
    assert plan.outlook is not None
    assert plan.outlook.problem.load_kw[0] == 1.5
    assert "load_unmeasured" not in [reason.key for reason in plan.reasons]


async def test_a_measured_grid_is_not_called_derived(hass: HomeAssistant, add_site: AddSite) -> None:
    """Building and zone meters below it are not added to what it measures."""
    await add_site(home_of_entities(meter("grid", "grid"), meter("house", "building"), ROOF, CELLS))
    assert hass.states.get("sensor.home_grid_power").attributes["derived"] is False
    assert (number(hass, "sensor.home_grid_power"), number(hass, "sensor.home_home_consumption")) == (
        500,
        1500,
    )


async def test_who_is_silent_is_named(hass: HomeAssistant, add_site: AddSite) -> None:
    """An unknown sum that does not say why sends people through all their devices."""
    await add_site(home_of_entities(meter("grid", "grid"), ROOF, CELLS))
    assert hass.states.get("sensor.home_home_consumption").attributes["unknown_because"] == []
    hass.states.async_set("sensor.roof", "unavailable")
    await settle(hass)
    state = hass.states.get("sensor.home_home_consumption")
    assert (state.state, state.attributes["unknown_because"]) == ("unknown", ["Roof"])
    assert number(hass, "sensor.home_grid_power") == 500


async def test_an_inverter_that_is_silent_goes_by_the_device_on_it(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """It has no name of its own."""
    assert entry.runtime_data.site.data.unknown_because == ()
    home.faults.set("inverter", Fault.REFUSE)
    await clock.live(hass, 30)
    now = entry.runtime_data.site.data
    assert (now.balance_w, now.unknown_because) == (None, ("Battery",))
    assert now.grid_w is not None


async def test_a_meter_with_others_below_it_shows_what_is_left(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Of 1500 in the home the flat takes 400, of which the fridge takes 100."""
    await add_site(
        home_of_entities(
            *(meter("grid", "grid"), ROOF, CELLS),
            *(meter("flat", "zone"), meter("fridge", "load", above="flat")),
        )
    )
    assert number(hass, "sensor.grid_untracked_power") == 1100
    assert number(hass, "sensor.flat_untracked_power") == 300
    assert hass.states.get("sensor.fridge_untracked_power") is None
    hass.states.async_set("sensor.fridge", "unavailable")
    await settle(hass)
    assert hass.states.get("sensor.flat_untracked_power").state == "unknown"
    assert number(hass, "sensor.grid_untracked_power") == 1100
    assert number(hass, "sensor.home_home_consumption") == 1500


async def test_a_solar_meter_alone_is_the_production(hass: HomeAssistant, add_site: AddSite) -> None:
    """Modules whose inverter nobody can read."""
    await add_site(home_of_entities(meter("grid", "grid"), meter("sun", "solar")))
    assert number(hass, "sensor.home_solar_power") == 1900
    assert number(hass, "sensor.home_home_consumption") == 2400


async def test_a_solar_meter_speaks_for_the_array_that_it_names(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """It never counts with it, and it helps where the inverter is silent."""
    await add_site(home_of_entities(meter("grid", "grid"), meter("sun", "solar", measures="roof"), ROOF))
    assert number(hass, "sensor.home_home_consumption") == 2500
    hass.states.async_set("sensor.roof", "unavailable")
    await settle(hass)
    assert number(hass, "sensor.home_home_consumption") == 2400


async def test_a_load_behind_a_switch_is_known_by_its_meter(hass: HomeAssistant, add_site: AddSite) -> None:
    """What it takes can be moved, so it is no base consumption."""
    hass.states.async_set("switch.pump", "on")
    task = {"kind": "interruptible", "demand": "daily", "power_w": 300, "energy_kwh": 1.0}
    pump = load_device("Pump", {**task, "min_on_min": 0, "min_off_min": 0}, switch_entity="switch.pump")
    pump["subentry_id"] = "pump"
    await add_site(home_of_entities(meter("grid", "grid"), pump, meter("fridge", "load", measures="pump")))
    assert number(hass, "sensor.home_base_consumption") == 400


async def test_a_solar_meter_has_nothing_to_say_all_night(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """A grid that stands still is dead; a roof at night is not."""
    await add_site(home_of_entities(meter("grid", "grid"), meter("sun", "solar")))
    for _ in range(4):
        await clock.live(hass, 300, 30)
        set_sensor(hass, "sensor.grid", 500, "W")
        await settle(hass)
    assert number(hass, "sensor.home_solar_power") == 1900
    assert number(hass, "sensor.home_home_consumption") == 2400


async def test_the_meter_that_stands_in_for_the_grid_is_waited_for(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """Where nobody measures the grid, a plan's new command waits for the building meter."""
    foreign = Foreign()
    await foreign.async_add(hass)
    read_home(hass)
    site = home_of_entities(
        meter("house", "building"),
        device("cells", "battery", BATTERY_PARAMS, **HANDS),
        meter("flat", "zone"),
    )
    site.data["kind"], site.options = "demo", {"operation": "active"}
    entry = await add_site(site)
    dispatcher = entry.runtime_data.dispatcher
    entry.runtime_data.plan.async_replan = lambda: None
    await dispatcher.async_set_plan({})
    foreign.heard.clear()
    hass.states.async_set("sensor.house", "unavailable")
    hass.states.async_set("sensor.flat", "unavailable")
    await clock.tick(hass, 10)
    await dispatcher.async_apply("cells", Command(mode="charge", power_w=2000))
    assert foreign.heard == []
    clock.followers.append(lambda: set_sensor(hass, "sensor.house", 1500, "W"))
    await clock.live(hass, 80)  # three words of it, and the minute that a mode is kept for
    assert foreign.heard != [], "the zone only informs"


async def test_a_meter_below_one_that_was_removed_hangs_where_such_a_meter_usually_does(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """And people are told which."""
    entry = await add_site(
        home_of_entities(
            meter("grid", "grid"), meter("house", "building"), meter("flat", "zone", above="house")
        )
    )
    issues, issue_id = ir.async_get(hass), f"meters_{entry.entry_id}"
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    assert number(hass, "sensor.house_untracked_power") == 1100
    hass.config_entries.async_remove_subentry(entry, "house")
    await settle(hass)
    issue = issues.async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    assert issue.translation_placeholders == {"home": "Home", "meters": "Flat"}
    assert number(hass, "sensor.grid_untracked_power") == 100
    flow = await at_confirm(hass, entry, "flat")
    assert "above" not in {key for key, value in flow.suggested.items() if value is not None}
    await flow.submit(name="Flat", position="zone")
    await settle(hass)
    assert issues.async_get_issue(DOMAIN, issue_id) is None


async def test_one_meter_that_is_there_twice_stops_the_home(
    hass: HomeAssistant, add_site: AddSite, caplog: pytest.LogCaptureFixture
) -> None:
    """Its power would count twice, and no sum could be trusted."""
    other = {**meter("house", "building"), "subentry_id": "again", "unique_id": "meter:again"}
    entry = await add_site(
        home_of_entities(meter("house", "building"), other), expect=ConfigEntryState.SETUP_ERROR
    )
    assert entry.error_reason_translation_key == "meter_error_same_meter"
    assert "House and House are one and the same meter, sensor.house: remove one of them." in caplog.text


async def test_diagnostics_hold_the_tree(hass: HomeAssistant, add_site: AddSite) -> None:
    """Who hangs where, as it was understood, and what was added up."""
    entry = await add_site(home_of_entities(meter("house", "building"), meter("flat", "zone"), ROOF))
    found = (await async_get_config_entry_diagnostics(hass, entry))["meters"]
    assert found["tree"]["flat"] == {"role": "zone", "above": "house", "measures": None}
    assert found["sums"] == {"grid": {"house": 1, "roof": -1}, "consumption": {"house": 1}}
    assert (found["grid_is_derived"], found["untracked_w"]) == (True, {"house": 1100})


async def at_confirm(hass: HomeAssistant, entry: MockConfigEntry, key: str | None = None) -> Flow:
    """Go to the last form of a new meter, or of one that is there."""
    if key is not None:
        flow = await change_device(hass, entry, key)
        return await flow.submit(power_entity=f"sensor.{key}", power_positive="import")
    flow = await (await add_device(hass, entry, "meter")).choose("entities")
    return await flow.submit(power_entity="sensor.fridge", power_positive="import")


async def test_a_place_in_the_tree_is_asked_for_only_where_there_are_others(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """The first meter of a home has nothing above it and nothing to measure."""
    entry = await add_site(home_of_entities())
    flow = await at_confirm(hass, entry)
    assert not {"above", "measures"} & set(flow.suggested)
    await flow.submit(name="Fridge", position="grid")
    assert flow.created


async def test_a_meter_is_put_below_another(hass: HomeAssistant, add_site: AddSite) -> None:
    """By name, among all others of the home, or beside them."""
    entry = await add_site(home_of_entities(meter("grid", "grid"), meter("flat", "zone"), WALLBOX))
    flow = await at_confirm(hass, entry)
    fields = {str(key): value for key, value in flow.result["data_schema"].schema.items()}
    assert [each["label"] for each in fields["above"].config["options"]] == ["beside", "Grid", "Flat"]
    assert [each["label"] for each in fields["measures"].config["options"]] == ["Wallbox"]
    await flow.submit(name="Fridge", position="load", above="flat")
    assert flow.created
    await settle(hass)
    assert number(hass, "sensor.flat_untracked_power") == 300


async def test_a_place_that_contradicts_the_others_is_refused_at_its_field(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Circles, a grid meter below another, a device that has a meter, a device of another kind."""
    entry = await add_site(
        home_of_entities(
            *(meter("grid", "grid"), meter("house", "building"), meter("flat", "zone", above="house")),
            *(meter("sun", "solar", measures="roof"), ROOF, CELLS),
        )
    )
    flow = await at_confirm(hass, entry, "house")
    await flow.submit(name="House", position="building", above="flat")
    assert (flow.errors, flow.shown["detail"]) == ({"above": "meter_cycle"}, "Flat")
    await flow.submit(name="House", position="grid", above="grid")
    assert (flow.errors, flow.shown["detail"]) == ({"above": "meter_grid_below"}, "Grid")
    await flow.submit(name="House", position="solar", measures="roof")
    assert (flow.errors, flow.shown["detail"]) == ({"measures": "meter_measured_twice"}, "Sun")
    await flow.submit(name="House", position="solar", measures="cells")
    assert (flow.errors, flow.shown["detail"]) == ({"measures": "meter_wrong_kind"}, "Cells")
    await flow.submit(name="House", position="building", above="grid")
    assert flow.aborted == "reconfigure_successful"
    assert entry.subentries["house"].data["params"] == {"position": "building", "above": "grid"}


async def test_the_same_entity_is_no_second_meter(hass: HomeAssistant, add_site: AddSite) -> None:
    """Refused before it is saved."""
    entry = await add_site(home_of_entities(meter("grid", "grid"), meter("fridge", "load")))
    flow = await at_confirm(hass, entry)
    await flow.submit(name="Again", position="load")
    assert flow.aborted == "already_configured"
