"""Flexible loads with the real planner: from a tariff to a switch, and through to the end of a run."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.engine.plan.result import Plan
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import Foreign, set_sensor
from tests.ha.loads import active_home, state, turn
from tests.ha.sites import PUMP_PARAMS, ROD_PARAMS, WASH_PARAMS, load_device, subentry_id

SWITCH, READY = "switch.pump", "switch.dishwasher_ready_to_run"
NIGHT_RATE: dict[str, Any] = {
    "kind": "time_of_use",
    "import_price": 0.40,
    "export_price": 0.0,
    "windows": [{"start": "22:00:00", "end": "06:00:00", "price": 0.10, "weekdays": []}],
}


def home(*loads: dict[str, Any], end: str = "06:00:00") -> Any:
    """Return a home with a night rate."""
    site, window = active_home(*loads), {**NIGHT_RATE["windows"][0], "end": end}
    site.data["tariff"] = {**NIGHT_RATE, "windows": [window]}
    return site


def planned(entry: MockConfigEntry) -> Plan:
    """Return the plan in force."""
    plan = entry.runtime_data.plan.current
    assert plan is not None
    return plan


def hours_on(entry: MockConfigEntry) -> set[str]:
    """Return the local hours of the next day in which the only load draws power."""
    plan = planned(entry)
    power = plan.devices[subentry_id(entry, "load")].power_kw
    on = [dt_util.as_local(start) for start, kw in zip(plan.steps.starts, power, strict=True) if kw > 0.01]
    return {f"{each:%a %H}" for each in on}


def energy_kwh(entry: MockConfigEntry) -> float:
    """Return what the only load is planned to use."""
    plan = planned(entry)
    return float(np.sum(plan.devices[subentry_id(entry, "load")].power_kw * plan.steps.hours))


async def test_a_pump_runs_at_the_night_rate_of_its_own_day(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """Two hours are left of the cheap ones before midnight; the others are tomorrow's."""
    entry = await add_site(home(load_device("Pool", PUMP_PARAMS | {"energy_kwh": 2.0}, switch_entity=SWITCH)))
    assert entry.runtime_data.plan.data.status == "ok"
    assert hours_on(entry) >= {"Mon 22", "Mon 23"}
    assert hours_on(entry) <= {"Mon 22", "Mon 23", *(f"Tue 0{hour}" for hour in range(6)), "Tue 22", "Tue 23"}
    assert energy_kwh(entry) == pytest.approx(4.0, abs=0.01)
    assert foreign.heard == []
    assert state(hass, "binary_sensor.pool_should_run_now") == "off"
    start = dt_util.parse_datetime(state(hass, "sensor.pool_next_start"))
    assert f"{dt_util.as_local(start):%a %H:%M}" == "Mon 22:00"


async def test_a_rod_within_its_hours_takes_what_they_allow(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite
) -> None:
    """And nothing outside them, however cheap."""
    hours = {"window_from": "12:00:00", "window_until": "18:00:00"}
    rod = load_device("Boiler", ROD_PARAMS | hours, power_number="number.rod")
    entry = await add_site(home(rod))
    assert hours_on(entry) <= {f"{day} {hour}" for day in ("Mon", "Tue") for hour in range(12, 18)}
    assert energy_kwh(entry) == pytest.approx(12.0, abs=0.01)


async def test_a_dishwasher_is_started_at_the_night_rate_and_followed_to_its_end(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite, clock: Clock
) -> None:
    """Armed with its power on, for the one hour that is cheap; every plan of that hour agrees that it goes on."""
    foreign.pump.turn_by_hand(on=True)
    dishwasher = load_device("Dishwasher", WASH_PARAMS, switch_entity=SWITCH)
    entry = await add_site(home(dishwasher, end="23:00:00"))
    assert foreign.heard == []
    await clock.move_to(hass, "2026-06-15T21:40:30+02:00")
    set_sensor(hass, "sensor.grid", 400, "W")
    await settle(hass)
    await turn(hass, READY, on=True)
    assert foreign.heard == [(SWITCH, "off")]
    assert hours_on(entry) == {"Mon 22"}
    await clock.live(hass, 30 * 60, step_s=30)
    assert foreign.heard == [(SWITCH, "off"), (SWITCH, "on")]
    assert planned(entry).devices[subentry_id(entry, "load")].modes[0] == "on"
    await clock.live(hass, 55 * 60, step_s=30)
    assert foreign.heard == [(SWITCH, "off"), (SWITCH, "on")]
    assert state(hass, READY) == "off"
    assert energy_kwh(entry) == 0
    assert float(state(hass, "sensor.dishwasher_energy_today")) == pytest.approx(0.65, abs=0.02)


async def test_a_pump_gets_its_energy_before_its_day_is_over(
    hass: HomeAssistant, foreign: Foreign, add_site: AddSite, clock: Clock
) -> None:
    """Through an evening of plans, with what it really drew taken off."""
    set_sensor(hass, "sensor.pump", 0, "W")
    pump = load_device(
        "Pool", PUMP_PARAMS | {"energy_kwh": 0.8}, switch_entity=SWITCH, power_entity="sensor.pump"
    )
    clock.followers.append(
        lambda: set_sensor(hass, "sensor.pump", 900 if state(hass, SWITCH) == "on" else 0, "W")
    )
    await clock.move_to(hass, "2026-06-15T21:50:30+02:00")
    set_sensor(hass, "sensor.grid", 400, "W")
    entry = await add_site(home(pump))
    await clock.live(hass, 2 * 3600 + 9 * 60, step_s=30)
    loads, device = entry.runtime_data.loads, entry.runtime_data.devices[subentry_id(entry, "load")]
    assert loads.record(device).delivered_kwh == pytest.approx(0.8, abs=0.03)
