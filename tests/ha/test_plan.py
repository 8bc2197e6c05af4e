"""Plans under bad input: something is always said, and nothing else stops."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.coordinators.plan import PlanState
from custom_components.ems.demo import DemoHome, Fault
from custom_components.ems.engine.plan.result import Reason
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    PV_PARAMS,
    Site,
    entity_device,
    home_of_entities,
    subentry_id,
)

STATUS = "sensor.demo_home_plan_status"


def keys(state: PlanState) -> set[str]:
    """Return the reasons of a plan."""
    return {reason.key for reason in state.reasons}


async def replan(entry: MockConfigEntry) -> PlanState:
    """Make a plan now."""
    return await entry.runtime_data.plan.async_plan()


async def test_prices_that_stop_coming_keep_the_plan_on_what_is_known(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """The market's server is down: degraded, with its words; the sky's server is the same one here."""
    home.faults.set("http", Fault.EXCEPTION)
    await clock.tick(hass, 901)
    await settle(hass)
    state = await replan(entry)
    assert state.status == "degraded"
    assert {"prices_unreachable", "weather_unreachable"} <= keys(state)
    shown = hass.states.get(STATUS)
    assert shown.state == "degraded"
    assert "503" in shown.attributes["reason"]
    home.faults.clear()
    await clock.tick(hass, 901)
    assert (await replan(entry)).status == "ok"


async def test_without_prices_from_the_start_the_plan_fails_and_devices_are_left_alone(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite
) -> None:
    """Failed, and why; nothing is written."""
    home.faults.set("http", Fault.EXCEPTION)
    entry = await add_site(demo_site)
    shown = hass.states.get(STATUS)
    assert shown.state == "failed"
    assert shown.attributes["reason"]
    assert home.home.inverter.commanded_s is None
    home.faults.clear()
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert hass.states.get(STATUS).state == "ok"
    assert entry.runtime_data.plan.current is not None


async def test_a_failed_cycle_keeps_the_last_plan(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown with its age, followed while it is young."""
    good = entry.runtime_data.plan.data.outlook
    monkeypatch.setattr(entry.runtime_data.plan, "_collect", lambda: Reason(key="no_prices_known"))
    state = await replan(entry)
    assert (state.status, keys(state)) == ("failed", {"no_prices_known"})
    assert state.outlook is good
    assert entry.runtime_data.plan.current is good.plan
    assert hass.states.get("sensor.demo_home_expected_cost").state not in ("unknown", "unavailable")
    assert hass.states.get(STATUS).attributes["planned_at"].timestamp() == good.plan.created_at_s
    await clock.live(hass, 16 * 60, step_s=60)
    assert entry.runtime_data.plan.current is None
    assert entry.runtime_data.plan.data.outlook is good


async def test_old_weather_is_better_than_none_for_a_day_and_a_half(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Then it is forgotten, and the plan assumes an average sky and says so."""
    entry.runtime_data.forecast.async_set_updated_data(entry.runtime_data.forecast.data)
    home.faults.set("http", Fault.EXCEPTION)
    await clock.tick(hass, 30 * 3600)
    await settle(hass)
    state = await replan(entry)
    assert "weather_missing" not in keys(state)
    await clock.tick(hass, 7 * 3600)
    state = await replan(entry)
    assert "weather_missing" in keys(state)
    assert state.status == "degraded"


async def test_a_silent_meter_degrades_the_plan(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """What the home uses now is unknown; the forecast stands in."""
    home.faults.set("meter", Fault.REFUSE)
    await clock.live(hass, 30)
    state = await replan(entry)
    assert state.status == "degraded"
    assert "load_unmeasured" in keys(state)
    home.faults.clear()
    await clock.live(hass, 60)
    assert (await replan(entry)).status == "ok"


async def test_a_silent_inverter_leaves_the_battery_out(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Its state of charge is unknown: planning with an old one would be a guess."""
    home.faults.set("inverter", Fault.REFUSE)
    await clock.live(hass, 30)
    state = await replan(entry)
    assert state.status == "degraded"
    assert "battery_unavailable" in keys(state)
    battery = state.outlook.plan.devices[subentry_id(entry, "battery")]
    assert not battery.power_kw.any()
    reason = hass.states.get(STATUS).attributes["reason"]
    assert "Battery" in reason
    assert "{" not in reason


async def test_a_battery_without_capacity_is_planned_as_absent(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> None:
    """Zero is allowed in the form; the rest of the home is planned."""
    demo_site.subentry("battery")["data"]["params"]["capacity_kwh"] = 0
    entry = await add_site(demo_site)
    state = entry.runtime_data.plan.data
    assert state.outlook is not None
    assert not state.outlook.plan.devices[subentry_id(entry, "battery")].power_kw.any()
    assert state.status in ("ok", "degraded")
    assert "{" not in hass.states.get("sensor.battery_planned_mode").attributes["reason"]


@pytest.mark.parametrize("value", ["unknown", "unavailable", "130", "-5", "full"])
async def test_a_state_of_charge_that_is_none_leaves_the_battery_out(
    hass: HomeAssistant, add_site: AddSite, value: str
) -> None:
    """It is no 0 % either."""
    read_home(hass)
    entry = await add_site(
        home_of_entities(
            entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
            entity_device(
                "battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"
            ),
        )
    )
    assert entry.runtime_data.plan.data.status == "ok"
    set_sensor(hass, "sensor.soc", value, "%")
    await settle(hass)
    state = await replan(entry)
    assert state.status == "degraded"
    assert "battery_unavailable" in keys(state)


@pytest.mark.parametrize(
    ("role", "change"),
    [
        ("battery", {"charge_max_w": 0, "discharge_max_w": 0}),
        ("battery", {"round_trip_pct": 100, "wear_per_kwh": 0}),
        ("battery", {"capacity_kwh": 0.1}),
        ("pv", {"peak_kw": 0}),
        ("pv", {"inverter_max_kw": 0}),
        ("pv", {"tilt_deg": 90, "azimuth_deg": 360}),
        ("charger", {"energy_needed_kwh": 0}),
        ("charger", {"current_min_a": 16, "current_max_a": 16, "phases": "1"}),
    ],
)
async def test_what_the_forms_allow_can_be_planned(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, role: str, change: dict[str, Any]
) -> None:
    """Every value at the edge of a form's range ends in a plan, or in a message; never in a trace."""
    demo_site.subentry(role)["data"]["params"].update(change)
    entry = await add_site(demo_site)
    state = entry.runtime_data.plan.data
    assert state.outlook is not None, state.reasons
    assert hass.states.get(STATUS).state in ("ok", "degraded")


@pytest.mark.parametrize("limit", ["import_max_kw", "export_max_kw"])
async def test_a_connection_of_nothing_is_planned_with(
    hass: HomeAssistant, entry: MockConfigEntry, limit: str
) -> None:
    """Never infeasible: what does not fit is shown as an unmet wish."""
    number = {"entity_id": f"number.demo_home_{limit.partition('_')[0]}_limit", "value": 0}
    await hass.services.async_call("number", "set_value", number, blocking=True)
    await settle(hass)
    state = await replan(entry)
    assert state.status in ("ok", "degraded")
    assert state.outlook.problem.site.grid.import_max_kw in (0, 17.25)


@pytest.mark.parametrize("day", ["2026-10-24T23:30:00+02:00", "2026-03-28T23:30:00+01:00"])
async def test_the_nights_of_the_clock_changes_are_planned(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite, clock: Clock, day: str
) -> None:
    """25 and 23 hours: steps stay whole in time, and the car is ready at seven on the clock."""
    home.home.skip_to(int(datetime.fromisoformat(day).timestamp()) - 60)
    await clock.move_to(hass, day)
    entry = await add_site(demo_site)
    outlook = entry.runtime_data.plan.data.outlook
    edges = outlook.plan.steps.edges_s
    assert ((edges[1:] - edges[:-1]) > 0).all()
    assert (edges[-1] - edges[0]) / 3600 == pytest.approx(48, abs=1.01)
    assert entry.runtime_data.plan.data.status == "ok"
    answer = await hass.services.async_call("ems", "get_plan", {}, blocking=True, return_response=True)
    assert len(answer["steps"]) == len(outlook.plan.steps)


async def test_a_site_that_contradicts_itself_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trace in the log every five minutes, but a reason."""
    devices = entry.runtime_data.devices
    battery = devices[subentry_id(entry, "battery")]
    monkeypatch.setattr(battery, "params", {**battery.params, "capacity_kwh": -1})
    state = await replan(entry)
    assert (state.status, keys(state)) == ("failed", {"setup_invalid"})
    assert "capacity" in hass.states.get(STATUS).attributes["reason"]


async def test_many_wishes_for_a_plan_make_two(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is running; all that arrive meanwhile share the next."""
    plan = entry.runtime_data.plan
    cycles = 0
    cycle = plan._async_cycle

    async def counted() -> None:
        nonlocal cycles
        cycles += 1
        await cycle()

    monkeypatch.setattr(plan, "_async_cycle", counted)
    states = await asyncio.gather(*(plan.async_plan() for _ in range(8)))
    assert cycles == 2
    assert all(state.outlook is not None for state in states)
    await plan.async_refresh()  # as Home Assistant's own update action does
    assert cycles == 3
    assert hass.states.get(STATUS).state == "ok"


async def test_a_car_that_comes_or_goes_makes_a_new_plan(hass: HomeAssistant, add_site: AddSite) -> None:
    """Within seconds, not at the next five minutes; what it has charged counts from when it came."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "off")
    set_sensor(hass, "sensor.charged", 100, "kWh")
    entry = await add_site(
        home_of_entities(
            entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
            entity_device(
                "charger",
                "Wallbox",
                CHARGER_PARAMS,
                power_entity="sensor.wallbox",
                energy_entity="sensor.charged",
                connected_entity="binary_sensor.plug",
            ),
        )
    )
    charger = subentry_id(entry, "charger")

    def needed() -> float:
        return entry.runtime_data.plan.data.outlook.problem.cars[charger].energy_needed_kwh

    assert needed() == 0
    hass.states.async_set("binary_sensor.plug", "on")
    await settle(hass)
    assert needed() == 15
    set_sensor(hass, "sensor.charged", 104, "kWh")
    await replan(entry)
    assert needed() == 11
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert needed() == 11  # remembered over a restart
    hass.states.async_set("binary_sensor.plug", "off")
    await settle(hass)
    assert needed() == 0
    assert entry.runtime_data.store.data["sessions"] == {}


async def test_a_car_is_noticed_where_nobody_counts_its_energy(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """A smart plug and a plug sensor: the plan still follows the car."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "off")
    entry = await add_site(
        home_of_entities(
            entity_device(
                "charger",
                "Wallbox",
                CHARGER_PARAMS,
                power_entity="sensor.wallbox",
                connected_entity="binary_sensor.plug",
            ),
        )
    )
    charger = subentry_id(entry, "charger")
    hass.states.async_set("binary_sensor.plug", "on")
    await settle(hass)
    assert entry.runtime_data.plan.data.outlook.problem.cars[charger].energy_needed_kwh == 15


async def test_weather_from_an_entity_is_used(hass: HomeAssistant, add_site: AddSite) -> None:
    """Asked by the action that every weather entity has; without clouds in it, it says so."""
    rows: list[dict[str, Any]] = []

    async def forecasts(call: ServiceCall) -> dict[str, Any]:
        return {call.data["entity_id"]: {"forecast": rows}}

    hass.services.async_register(
        "weather", "get_forecasts", forecasts, supports_response=SupportsResponse.ONLY
    )
    read_home(hass)
    site = home_of_entities(
        entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
        entity_device("pv", "Sun", PV_PARAMS, power_entity="sensor.sun"),
    )
    site.data["weather"] = {"kind": "entity", "entity_id": "weather.home"}
    entry = await add_site(site)
    assert "weather_missing" in keys(entry.runtime_data.plan.data)
    assert "cloud" in hass.states.get("sensor.home_plan_status").attributes["reason"]
    begin = dt_util.utcnow().replace(minute=0, second=0)

    async def planned(clouds: int) -> float:
        rows[:] = [
            {
                "datetime": (begin + timedelta(hours=hour)).isoformat(),
                "cloud_coverage": clouds,
                "temperature": 20,
            }
            for hour in range(48)
        ]
        await hass.services.async_call("ems", "optimize", {}, blocking=True)
        return float(hass.states.get("sensor.home_solar_forecast_tomorrow").state)

    assert await planned(0) > 1.5 * await planned(100) > 0
    assert entry.runtime_data.plan.data.status == "ok"
    hass.services.async_remove("weather", "get_forecasts")
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert "weather_unreachable" in keys(entry.runtime_data.plan.data)
