"""Cars that say how full they are, and cars that live on surplus: from the form to the plan."""

from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.plan_commands import plan_commands
from custom_components.ems.dispatcher import Command
from custom_components.ems.engine.plan.result import Mode
from custom_components.ems.engine.problem import CarState
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import add_device, change_device
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import CHARGER_PARAMS, PV_PARAMS, entity_device, home_of_entities, subentry_id

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
ROOF = entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.sun")
KNOWN = {**CHARGER_PARAMS, "car_soc_entity": "sensor.car_soc", "car_capacity_kwh": 60}
TARGET = "number.wallbox_target_state_of_charge"
CHARGING = "select.wallbox_charge_mode"


def wallbox(params: dict[str, Any]) -> dict[str, Any]:
    """Return a charger of entities with a counter."""
    return entity_device(
        "charger",
        "Wallbox",
        params,
        power_entity="sensor.wallbox",
        connected_entity="binary_sensor.plug",
        energy_entity="sensor.counter",
    )


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home whose car is at 50 % of 60 kWh and plugged in."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "on")
    set_sensor(hass, "sensor.counter", 100, "kWh")
    set_sensor(hass, "sensor.car_soc", 50, "%")
    return await add_site(home_of_entities(GRID, ROOF, wallbox(KNOWN)))


async def car_of(entry: MockConfigEntry) -> CarState:
    """Return the car as a new plan sees it."""
    await entry.runtime_data.plan.async_plan()
    found: CarState = entry.runtime_data.plan.data.outlook.problem.cars[subentry_id(entry, "charger")]
    return found


async def test_a_car_is_planned_to_its_target_state_of_charge(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """30 % of 60 kWh are 18 in the car and 20 at the socket; a full battery would take 33.3."""
    car = await car_of(entry)
    assert (car.energy_needed_kwh, car.energy_max_kwh) == pytest.approx((20, 30 / 0.9))
    assert hass.states.get(TARGET).state == "80.0"
    data = {"entity_id": TARGET, "value": 59}
    await hass.services.async_call("number", "set_value", data, blocking=True)
    assert (await car_of(entry)).energy_needed_kwh == pytest.approx(6)


async def test_a_car_above_its_target_needs_nothing_and_could_still_take_some(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It went on a trip with 80 % as its everyday wish, and came back with 95."""
    set_sensor(hass, "sensor.car_soc", 95, "%")
    car = await car_of(entry)
    assert (car.energy_needed_kwh, car.energy_max_kwh) == pytest.approx((0, 3 / 0.9))


async def test_what_was_charged_since_the_car_spoke_last_is_in_it(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """Cars tell their state of charge once an hour; the charger's counter fills in until they do."""
    assert (await car_of(entry)).energy_needed_kwh == pytest.approx(20)
    set_sensor(hass, "sensor.counter", 105, "kWh")
    await clock.live(hass, 60)
    assert (await car_of(entry)).energy_needed_kwh == pytest.approx(15)
    set_sensor(hass, "sensor.car_soc", 58, "%")
    assert (await car_of(entry)).energy_needed_kwh == pytest.approx(22 * 0.6 / 0.9)


async def test_a_car_that_comes_back_is_believed_anew(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock
) -> None:
    """It drove off what it had got, and says the same as before: nothing of that is in it any more."""
    await car_of(entry)
    set_sensor(hass, "sensor.counter", 105, "kWh")
    await clock.live(hass, 60)
    hass.states.async_set("binary_sensor.plug", "off")
    await clock.live(hass, 60)
    hass.states.async_set("binary_sensor.plug", "on")
    await clock.live(hass, 60)
    assert (await car_of(entry)).energy_needed_kwh == pytest.approx(20)


@pytest.mark.parametrize(("value", "unit"), [("unavailable", "%"), (50, None), (130, "%"), ("full", "%")])
async def test_a_car_that_says_nothing_usable_is_planned_by_energy(
    hass: HomeAssistant, entry: MockConfigEntry, value: object, unit: str | None
) -> None:
    """The energy that was wished for is the fallback: 15 kWh, and no more, for nobody knows what would fit."""
    set_sensor(hass, "sensor.car_soc", value, unit)
    car = await car_of(entry)
    assert (car.energy_needed_kwh, car.energy_max_kwh) == (15, 15)


async def test_a_car_on_surplus_is_planned_so_and_remains_so_after_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Its deadline does not count, and it is expected to stay for the sun."""
    assert hass.states.get(CHARGING).state == "plan"
    car = await car_of(entry)
    assert not car.surplus_only
    assert not car.connected.all()
    data = {"entity_id": CHARGING, "option": "surplus"}
    await hass.services.async_call("select", "select_option", data, blocking=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert hass.states.get(CHARGING).state == "surplus"
    car = await car_of(entry)
    assert car.surplus_only
    assert car.ready_at_s is None
    assert car.connected.all()
    plan = entry.runtime_data.plan.data.outlook.plan
    reasons = {reason.key for reason in plan.devices[subentry_id(entry, "charger")].reasons}
    assert reasons <= {"car_surplus_wait", "car_surplus_charge", "car_surplus_later", "car_needs_nothing"}


async def test_a_charger_without_a_cars_sensor_has_no_target(hass: HomeAssistant, add_site: AddSite) -> None:
    """A wish that nothing could follow would only be believed."""
    read_home(hass)
    await add_site(home_of_entities(GRID, wallbox(CHARGER_PARAMS)))
    assert hass.states.get(TARGET) is None
    assert hass.states.get(CHARGING) is not None


CHARGER = {
    "power_entity": "sensor.wallbox",
    "power_positive": "consumption",
    "connected_entity": "binary_sensor.plug",
}


@pytest.mark.parametrize(
    ("params", "errors"),
    [
        ({"car_soc_entity": "sensor.car_soc"}, {"car_capacity_kwh": "value_missing"}),
        ({"car_capacity_kwh": 60}, {"car_soc_entity": "value_missing"}),
        (
            {"car_soc_entity": "sensor.gone", "car_capacity_kwh": 60},
            {"car_soc_entity": "entity_missing"},
        ),
        ({"car_soc_entity": "sensor.grid", "car_capacity_kwh": 60}, {"car_soc_entity": "unit_not_percent"}),
    ],
)
async def test_a_cars_sensor_is_tried_before_it_is_saved(
    hass: HomeAssistant, add_site: AddSite, params: dict[str, Any], errors: dict[str, str]
) -> None:
    """Half of the two is no state of charge, and neither is a power."""
    read_home(hass)
    set_sensor(hass, "sensor.car_soc", 50, "%")
    entry = await add_site(home_of_entities(GRID))
    flow = await (await add_device(hass, entry, "charger")).choose("entities")
    await flow.submit(**CHARGER)
    await flow.submit(name="Wallbox", **CHARGER_PARAMS, **params)
    assert flow.errors == errors
    await flow.submit(name="Wallbox", **KNOWN)
    assert flow.created


async def test_a_cars_sensor_can_be_taken_back(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Another car may come without one."""
    flow = await change_device(hass, entry, subentry_id(entry, "charger"))
    await flow.submit(**CHARGER)
    assert flow.suggested["car_soc_entity"] == "sensor.car_soc"
    await flow.submit(name="Wallbox", **CHARGER_PARAMS)
    await settle(hass)
    assert hass.states.get(TARGET).state == "unavailable"
    assert (await car_of(entry)).energy_needed_kwh == 15


@pytest.mark.parametrize(("one", "other", "same"), [(1, 3, False), (3, 3, True), (None, 3, True)])
def test_a_command_for_other_phases_is_another_command(
    one: int | None, other: int | None, same: bool
) -> None:
    """10 A on one phase are not 10 A on three; who says nothing of phases means the same."""
    first = Command(mode="charge", current_a=10, phases=one)
    assert first.is_same_as(Command(mode="charge", current_a=10, phases=other)) is same


async def test_a_charger_is_told_the_phases_of_the_plan(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The plan's power over them is the current."""
    await car_of(entry)
    plan, id_ = entry.runtime_data.plan.data.outlook.plan, subentry_id(entry, "charger")
    n, device = len(plan.steps), entry.runtime_data.devices[id_]
    device.actuator = type(
        "Hands", (), {"modes": ("off", "charge"), "renew_s": None, "min_write_interval_s": 0.0}
    )()
    for phases, current in ((1, 10.0), (3, 6.0)):
        planned = replace(
            plan.devices[id_],
            power_kw=np.full(n, 2.3),
            modes=(Mode.CHARGE,) * n,
            phases=np.full(n, phases, dtype=np.int32),
        )
        told = plan_commands(replace(plan, devices={id_: planned}), 0, {id_: device})[id_]
        assert (told.phases, told.current_a) == (phases, current)


async def test_the_plans_phases_can_be_asked_for(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """None while it waits, all of them while it charges: this charger cannot switch."""
    await car_of(entry)
    answer = await hass.services.async_call(
        "ems", "get_plan", {"config_entry_id": entry.entry_id}, blocking=True, return_response=True
    )
    steps = answer["devices"][subentry_id(entry, "charger")]["steps"]
    assert {(row["mode"], row["phases"]) for row in steps} == {("off", 0), ("charge", 3)}


async def test_a_charger_that_waits_keeps_its_phases(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Two charges on one phase with a pause between them would move the contactors twice for nothing."""
    await car_of(entry)
    plan, id_ = entry.runtime_data.plan.data.outlook.plan, subentry_id(entry, "charger")
    n, device = len(plan.steps), entry.runtime_data.devices[id_]
    device.actuator = type("Hands", (), {"modes": ("off", "charge")})()
    planned = replace(
        plan.devices[id_], power_kw=np.zeros(n), modes=(Mode.OFF,) * n, phases=np.zeros(n, dtype=np.int32)
    )
    told = plan_commands(replace(plan, devices={id_: planned}), 0, {id_: device})[id_]
    assert (told.mode, told.phases, told.current_a) == ("off", None, None)
