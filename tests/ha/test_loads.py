"""Flexible loads in a home: what they show, what the planner is asked, and who switches them."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from custom_components.ems.diagnostics import async_get_config_entry_diagnostics
from custom_components.ems.engine.plan.result import Reason
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.loads import (
    GRID,
    Planner,
    active_home,
    always,
    asked,
    between,
    channel,
    never,
    record,
    replan,
    state,
    turn,
)
from tests.ha.sites import PUMP_PARAMS, ROD_PARAMS, WASH_PARAMS, home_of_entities, load_device, subentry_id

SWITCH = "switch.pump"
PUMP = load_device("Pool", PUMP_PARAMS, switch_entity=SWITCH)
WASH = load_device("Dishwasher", WASH_PARAMS, switch_entity=SWITCH)
REFUSAL = Reason(key="no_prices_known")
ROD = load_device("Boiler", ROD_PARAMS, power_number="number.rod")


# --- What the planner is asked.


async def test_the_planner_is_asked_for_the_rest_of_today_and_all_of_tomorrow(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """A shortfall costs five of the dearest kWh, as with cars."""
    entry = await add_site(active_home(PUMP))
    (load,) = planner.problem.site.loads
    assert (load.id, load.name, load.power_kw) == (subentry_id(entry, "load"), "Pool", 1.0)
    found = asked(planner)
    assert [task.energy_kwh for task in found.tasks] == [4.0, 4.0]
    assert {task.shortfall_price_per_kwh for task in found.tasks} == {2.0}
    assert (found.is_on, found.available) == (False, True)


async def test_a_load_whose_switch_is_silent_is_planned_around(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """And nothing else stops."""
    entry = await add_site(active_home(PUMP))
    foreign.pump.lose_power(lost=True)
    await replan(hass, entry)
    assert asked(planner).available is False
    assert state(hass, "binary_sensor.pool_answers") == "off"
    assert entry.runtime_data.plan.data.outlook is not None


async def test_a_switch_that_is_silent_has_not_been_switched(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """Whatever the plan would like to believe."""
    entry = await add_site(home_of_entities(GRID, PUMP))
    foreign.pump.turn_by_hand(on=True)
    await settle(hass)
    foreign.pump.lose_power(lost=True)
    await replan(hass, entry)
    assert record(entry).is_on is True


async def test_a_plug_in_a_drawer_makes_no_plan_worse(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """What is not to be planned need not answer."""
    await add_site(active_home(PUMP))
    foreign.pump.lose_power(lost=True)
    await turn(hass, "switch.pool_plan_it", on=False)
    assert (asked(planner).available, asked(planner).tasks) == (True, ())


async def test_how_long_it_has_been_on_is_told(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Not known at first; afterwards every change was seen."""
    entry = await add_site(home_of_entities(GRID, PUMP))
    assert asked(planner).since_h is None
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, 1800, step_s=30)
    await replan(hass, entry)
    assert asked(planner).is_on
    assert asked(planner).since_h == pytest.approx(0.5, abs=0.02)


# --- What it has used.


async def test_energy_is_counted_by_the_time_that_it_was_on(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Half an hour at a kilowatt, and what is left of the day is asked for."""
    entry = await add_site(home_of_entities(GRID, PUMP))
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, 1800, step_s=30)
    foreign.pump.turn_by_hand(on=False)
    await clock.live(hass, 600, step_s=30)
    assert float(state(hass, "sensor.pool_energy_today")) == pytest.approx(0.5, abs=0.01)
    await replan(hass, entry)
    assert asked(planner).tasks[0].energy_kwh == pytest.approx(3.5, abs=0.01)
    assert asked(planner).tasks[1].energy_kwh == 4.0


async def test_a_power_sensor_knows_better_than_the_clock(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """A pump whose filter is dirty draws less; what a silent sensor misses is left out."""
    set_sensor(hass, "sensor.pump", 0, "W")
    entry = await add_site(
        home_of_entities(
            GRID, load_device("Pool", PUMP_PARAMS, switch_entity=SWITCH, power_entity="sensor.pump")
        )
    )
    foreign.pump.turn_by_hand(on=True)
    set_sensor(hass, "sensor.pump", 600, "W")
    await clock.live(hass, 1800, step_s=30)
    hass.states.async_set("sensor.pump", "unavailable")
    await clock.live(hass, 1800, step_s=30)
    assert record(entry).delivered_kwh == pytest.approx(0.3, abs=0.01)


async def test_a_counter_knows_best_and_goes_on_over_a_restart(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """What was used while EMS was away counts; a counter that begins anew does not run backwards."""
    set_sensor(hass, "sensor.counter", 100.0, "kWh")
    entities = {"switch_entity": SWITCH, "energy_entity": "sensor.counter"}
    entry = await add_site(home_of_entities(GRID, load_device("Pool", PUMP_PARAMS, **entities)))
    set_sensor(hass, "sensor.counter", 100.4, "kWh")
    await settle(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    set_sensor(hass, "sensor.counter", 101.4, "kWh")
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert record(entry).delivered_kwh == pytest.approx(1.4)
    for reading, used in ((0.0, 1.4), (0.5, 1.9), ("unavailable", 1.9), (0.6, 2.0)):
        set_sensor(hass, "sensor.counter", reading, "kWh")
        await settle(hass)
        assert record(entry).delivered_kwh == pytest.approx(used)


async def test_another_counter_begins_where_it_stands(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """What the house's old meter counted in ten years was not used today."""
    set_sensor(hass, "sensor.counter", 1.0, "kWh")
    set_sensor(hass, "sensor.old", 9000.0, "kWh")
    entities = {"switch_entity": SWITCH, "energy_entity": "sensor.counter"}
    entry = await add_site(home_of_entities(GRID, load_device("Pool", PUMP_PARAMS, **entities)))
    subentry = entry.subentries[subentry_id(entry, "load")]
    source = {**subentry.data["source"], "entities": {**entities, "energy_entity": "sensor.old"}}
    data = {**subentry.data, "source": source}
    hass.config_entries.async_update_subentry(entry, subentry, data=data)
    await settle(hass)
    set_sensor(hass, "sensor.old", 9000.2, "kWh")
    await settle(hass)
    assert record(entry).delivered_kwh == pytest.approx(0.2)


async def test_midnight_begins_a_new_day(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """What yesterday used is not taken off today."""
    entry = await add_site(home_of_entities(GRID, PUMP))
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, 600, step_s=30)
    foreign.pump.turn_by_hand(on=False)
    assert record(entry).delivered_kwh > 0.1
    await clock.move_to(hass, "2026-06-16T00:00:30+02:00")
    await clock.tick(hass, 31)
    assert record(entry).delivered_kwh == 0
    assert record(entry).day == "2026-06-16"
    assert float(state(hass, "sensor.pool_energy_today")) == 0


async def test_the_books_survive_a_restart(
    hass: HomeAssistant,
    foreign: Foreign,
    planner: Planner,
    add_site: AddSite,
    clock: Clock,
    hass_storage: dict[str, Any],
) -> None:
    """Written within a minute although energy is counted all the time: a crash must not cost a day."""
    entry = await add_site(home_of_entities(GRID, load_device("Pool", {**PUMP_PARAMS, **ARMED}, **ON_PLUG)))
    await turn(hass, "switch.pool_ready_to_run", on=True)
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, 900, step_s=15)
    load = subentry_id(entry, "load")
    stored = hass_storage[f"ems.{entry.entry_id}"]["data"]["loads"][load]
    assert stored["delivered_kwh"] == pytest.approx(0.25, abs=0.03)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert record(entry).delivered_kwh == pytest.approx(0.25, abs=0.01)
    assert record(entry).is_armed
    assert state(hass, "switch.pool_ready_to_run") == "on"
    assert record(entry).since_s == stored["since_s"]


ARMED = {"demand": "on_request", "ready_by": "07:00:00"}
ON_PLUG = {"switch_entity": SWITCH}


async def test_base_consumption_leaves_out_what_the_plan_moves(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """Otherwise the forecast would learn the pump, and the plan count it twice."""
    set_sensor(hass, "sensor.grid", 1500, "W")
    await add_site(home_of_entities(GRID, PUMP))
    assert float(state(hass, "sensor.home_base_consumption")) == 1500
    foreign.pump.turn_by_hand(on=True)
    await settle(hass)
    set_sensor(hass, "sensor.grid", 2500, "W")
    await settle(hass)
    assert float(state(hass, "sensor.home_base_consumption")) == 1500
    assert float(state(hass, "sensor.home_home_consumption")) == 2500


# --- What is shown.


async def test_a_load_shows_what_the_plan_makes_of_it(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """Now, next, and why; in an advisory home, too, where automations may follow it."""
    planner.wish = between(2, 4)
    await add_site(home_of_entities(GRID, PUMP))
    assert state(hass, "binary_sensor.pool_should_run_now") == "off"
    assert state(hass, "sensor.pool_planned_mode") == "off"
    assert float(state(hass, "sensor.pool_planned_power")) == 0
    first = planner.problem.steps.edges_s[0]
    start = hass.states.get("sensor.pool_next_start")
    assert dt_util.parse_datetime(start.state).timestamp() == first + 2 * 3600
    assert start.attributes["until"].timestamp() == first + 4 * 3600
    assert hass.states.get("binary_sensor.pool_should_run_now").attributes["reason"]
    assert foreign.heard == []


async def test_a_run_that_goes_on_is_not_the_next_one(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """And where nothing follows, nothing is shown."""
    planner.wish = between(0, 1)
    await add_site(home_of_entities(GRID, PUMP))
    assert state(hass, "binary_sensor.pool_should_run_now") == "on"
    assert float(state(hass, "sensor.pool_planned_power")) == 1
    assert state(hass, "sensor.pool_next_start") == "unknown"


async def test_without_a_young_plan_nobody_is_told_to_run(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """An automation must not follow what was planned an hour ago."""
    planner.wish = always
    entry = await add_site(home_of_entities(GRID, PUMP))
    entry.runtime_data.plan._collect = lambda: REFUSAL
    await clock.live(hass, 16 * 60, step_s=60)
    assert state(hass, "binary_sensor.pool_should_run_now") == "unknown"


async def test_only_what_can_be_steered_has_a_switch(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """And only what is asked for can be armed, has a time, and only what has an energy a number for it."""
    told_only = load_device("Sauna", {**PUMP_PARAMS})
    await add_site(home_of_entities(GRID, told_only, WASH, ROD))
    there = {found.entity_id for found in hass.states.async_all()}
    assert {"switch.dishwasher_run", "switch.dishwasher_ready_to_run", "time.dishwasher_ready_by"} <= there
    assert {"switch.boiler_run", "number.boiler_power_setpoint", "number.boiler_energy_wanted"} <= there
    assert {"switch.sauna_plan_it", "binary_sensor.sauna_should_run_now"} <= there
    absent = {"switch.sauna_run", "switch.sauna_ready_to_run", "time.sauna_ready_by"}
    absent |= {"binary_sensor.sauna_running", "button.sauna_follow_the_plan"}
    absent |= {"number.dishwasher_energy_wanted", "number.dishwasher_power_setpoint"}
    assert not absent & there


async def test_the_energy_wanted_can_be_turned(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """It makes a new plan at once."""
    await add_site(home_of_entities(GRID, PUMP))
    data = {"entity_id": "number.pool_energy_wanted", "value": 2.5}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    await settle(hass)
    assert [task.energy_kwh for task in asked(planner).tasks] == [2.5, 2.5]


async def test_a_load_that_is_not_to_be_planned_is_asked_nothing_and_told_nothing(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """In winter the pool is empty. What EMS had switched on it switches off once."""
    planner.wish = always
    await add_site(active_home(PUMP))
    assert foreign.heard == [(SWITCH, "on")]
    await clock.tick(hass, 6)
    await turn(hass, "switch.pool_plan_it", on=False)
    await clock.tick(hass, 6)
    assert asked(planner).tasks == ()
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "off")]
    assert state(hass, "binary_sensor.pool_should_run_now") == "off"
    foreign.pump.turn_by_hand(on=True)
    await clock.live(hass, 600, step_s=60)
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "off")]
    await turn(hass, "switch.pool_plan_it", on=True)
    assert len(asked(planner).tasks) == 2


async def test_diagnostics_hold_the_books(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """What was asked can only be understood with what was delivered."""
    entry = await add_site(home_of_entities(GRID, PUMP))
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["loads"][subentry_id(entry, "load")]["day"] == "2026-06-15"


# --- Who switches it.


async def test_the_plan_switches_a_load(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """On and off, each once, with proof."""
    entry = await add_site(active_home(PUMP))
    assert foreign.heard == []
    assert state(hass, "switch.pool_run") == "off"
    planner.wish = always
    await clock.tick(hass, 6)
    await replan(hass, entry)
    await clock.live(hass, 60)
    assert foreign.heard == [(SWITCH, "on")]
    assert state(hass, "switch.pool_run") == "on"
    assert hass.states.get("switch.pool_run").attributes["source"] == "plan"
    assert state(hass, "binary_sensor.pool_running") == "on"
    written = channel(entry).writes[-1]
    assert (written.entity_id, written.before, written.read_back) == (SWITCH, "off", "on")
    planner.wish = never
    await replan(hass, entry)
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "off")]
    assert channel(entry).override is None


async def test_an_advisory_home_switches_nothing(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """It only says."""
    planner.wish = always
    await add_site(home_of_entities(GRID, PUMP))
    await clock.live(hass, 60)
    assert foreign.heard == []
    assert state(hass, "switch.pool_run") == "unknown"
    assert state(hass, "binary_sensor.pool_should_run_now") == "on"


async def test_a_continuous_load_is_given_its_power(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """In W, and 0 W is off where there is no switch."""
    planner.wish, planner.power_kw = always, 1.25
    entry = await add_site(active_home(ROD))
    assert foreign.heard == [("number.rod", 1250.0)]
    assert float(state(hass, "number.boiler_power_setpoint")) == 1250
    assert state(hass, "binary_sensor.boiler_running") == "on"
    planner.wish = never
    await clock.tick(hass, 6)
    await replan(hass, entry)
    assert foreign.heard[1:] == [("number.rod", 0.0)]
    assert state(hass, "binary_sensor.boiler_running") == "off"
    assert float(state(hass, "number.boiler_power_setpoint")) == 0


async def test_power_is_written_before_the_switch_is_turned(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """And off is the switch's business alone."""
    planner.wish = always
    both = load_device("Boiler", ROD_PARAMS, switch_entity=SWITCH, power_number="number.rod")
    entry = await add_site(active_home(both))
    assert foreign.heard == [(SWITCH, "on")]  # the number stood at 3000 W already
    planner.power_kw = 1.0
    await clock.tick(hass, 6)
    await replan(hass, entry)
    assert foreign.heard[1:] == [("number.rod", 1000.0)]
    planner.wish = never
    await clock.tick(hass, 6)
    await replan(hass, entry)
    assert foreign.heard[2:] == [(SWITCH, "off")]


async def test_a_hand_on_the_boilers_power_holds(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """Less than it can draw is off."""
    await add_site(home_of_entities(GRID, ROD))
    for value, told in ((2000, 2000.0), (499, 0.0)):
        data = {"entity_id": "number.boiler_power_setpoint", "value": value}
        await hass.services.async_call("number", "set_value", data, blocking=True)
        assert foreign.heard[-1] == ("number.rod", told)
        assert float(state(hass, "number.boiler_power_setpoint")) == told


async def test_run_overrides_the_plan_for_an_hour(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """As any setpoint does; "Follow the plan" ends it."""
    await add_site(active_home(PUMP))
    await turn(hass, "switch.pool_run", on=True)
    assert foreign.heard == [(SWITCH, "on")]
    await clock.live(hass, 58 * 60, step_s=120)
    assert foreign.heard == [(SWITCH, "on")]
    assert hass.states.get("switch.pool_run").attributes["source"] == "override"
    await clock.live(hass, 3 * 60, step_s=30)
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "off")]
    await turn(hass, "switch.pool_run", on=False)
    assert state(hass, "switch.pool_run") == "off"
    assert hass.states.get("switch.pool_run").attributes["source"] == "override"
    await turn(hass, "switch.pool_run", on=True)
    await clock.tick(hass, 6)
    data = {"entity_id": "button.pool_follow_the_plan"}
    await hass.services.async_call("button", "press", data, blocking=True)
    assert foreign.heard[2:] == [(SWITCH, "on"), (SWITCH, "off")]


async def test_a_hand_on_the_plug_itself_is_heeded_for_an_hour(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Whoever went there means it."""
    planner.wish = always
    entry = await add_site(active_home(PUMP))
    await clock.live(hass, 60)
    foreign.pump.turn_by_hand(on=False)
    await settle(hass)
    assert channel(entry).override.mode == "off"
    assert hass.states.get("switch.pool_run").attributes["source"] == "override"
    await clock.live(hass, 58 * 60, step_s=120)
    assert foreign.heard == [(SWITCH, "on")]
    await clock.live(hass, 3 * 60, step_s=30)
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "on")]


async def test_our_own_switching_is_no_hand(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Nor is what a slow plug reports of before, right after it was told."""
    planner.wish = always
    entry = await add_site(active_home(PUMP))
    assert channel(entry).override is None
    await clock.tick(hass, 10)
    foreign.pump.turn_by_hand(on=False)
    foreign.pump.turn_by_hand(on=True)
    await settle(hass)
    assert channel(entry).override is None


async def test_a_plug_that_comes_back_from_a_power_cut_is_told_again(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """Nobody meant to switch it off."""
    planner.wish = always
    entry = await add_site(active_home(PUMP))
    await clock.live(hass, 60)
    foreign.pump.lose_power(lost=True)
    await clock.live(hass, 60)
    foreign.pump.lose_power(lost=False)
    await clock.live(hass, 15)
    assert foreign.heard == [(SWITCH, "on"), (SWITCH, "on")]
    assert channel(entry).override is None


async def test_a_refusal_is_shown_and_tried_again_later(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite, clock: Clock
) -> None:
    """As with any device; a person's own write is refused aloud."""
    foreign.pump.refuses = True
    planner.wish = always
    await add_site(active_home(PUMP))
    assert "busy" in hass.states.get("switch.pool_run").attributes["error"]
    with pytest.raises(HomeAssistantError, match="busy"):
        await turn(hass, "switch.pool_run", on=True)
    foreign.pump.refuses = False
    await clock.live(hass, 75)
    assert state(hass, SWITCH) == "on"


async def test_unloading_switches_a_load_off(
    hass: HomeAssistant, foreign: Foreign, planner: Planner, add_site: AddSite
) -> None:
    """Nobody would do it later. One that EMS never touched stays as it is."""
    planner.wish = always
    entry = await add_site(active_home(PUMP, ROD))
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert foreign.heard[-2:] in (
        [(SWITCH, "off"), ("number.rod", 0.0)],
        [("number.rod", 0.0), (SWITCH, "off")],
    )
    foreign.heard.clear()
    foreign.pump.turn_by_hand(on=True)
    hass.config_entries.async_update_entry(entry, options={"operation": "advisory"})
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert foreign.heard == []
