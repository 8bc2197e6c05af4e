"""A home set up from the Energy dashboard: what it knows is offered, what it lacks is said, people fill in the rest."""

from typing import Any

from homeassistant.components.energy.data import ENERGY_SOURCE_SCHEMA, async_get_manager
from homeassistant.config_entries import FlowType
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.energy_prefs import async_read_dashboard
from custom_components.ems.const import DOMAIN
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_home
from tests.ha.foreign import set_sensor
from tests.ha.sites import BATTERY_PARAMS, PV_PARAMS, entity_device, home_of_entities

GRID: dict[str, Any] = {
    "type": "grid",
    "stat_energy_from": "sensor.grid_import",
    "stat_energy_to": "sensor.grid_export",
    "stat_rate": "sensor.grid_power",
    "cost_adjustment_day": 0,
}
SOLAR: dict[str, Any] = {
    "type": "solar",
    "stat_energy_from": "sensor.sun_energy",
    "stat_rate": "sensor.sun_power",
    "config_entry_solar_forecast": None,
    "name": "Roof",
}
BATTERY: dict[str, Any] = {
    "type": "battery",
    "stat_energy_from": "sensor.cells_out",
    "stat_energy_to": "sensor.cells_in",
    "stat_rate": "sensor.cells_power",
    "stat_soc": "sensor.cells_soc",
    "capacity": 9.6,
}
FRIDGE = {"stat_consumption": "sensor.fridge_energy", "stat_rate": "sensor.fridge_power", "name": "Fridge"}
WITHOUT_POWER = {key: value for key, value in BATTERY.items() if key != "stat_rate"}


@pytest.fixture(autouse=True)
def sensors(hass: HomeAssistant) -> None:
    """What other integrations show."""
    for name, watts in (("grid", 512.5), ("sun", 3200), ("cells", -1500), ("fridge", 80)):
        set_sensor(hass, f"sensor.{name}_power", watts, "W", device_class="power", friendly_name=name.title())
    for name in ("grid_import", "grid_export", "sun_energy", "cells_out", "cells_in", "fridge_energy"):
        set_sensor(hass, f"sensor.{name}", 1000, "kWh", device_class="energy")
    set_sensor(hass, "sensor.cells_soc", 64, "%", device_class="battery")


async def dashboard(hass: HomeAssistant, *sources: dict[str, Any], devices: Any = ()) -> None:
    """Set the Energy dashboard up as its own page would."""
    manager = await async_get_manager(hass)
    checked = ENERGY_SOURCE_SCHEMA(list(sources))
    await manager.async_update({"energy_sources": checked, "device_consumption": list(devices)})


async def begin(hass: HomeAssistant) -> Flow:
    """Choose the dashboard."""
    return await (await add_home(hass)).choose("energy")


def offered(flow: Flow) -> dict[str, str]:
    """Return what can be ticked, and how it is called."""
    (selector,) = flow.result["data_schema"].schema.values()
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def finish(hass: HomeAssistant, flow: Flow, tariff: str = "tariff_fixed", **prices: Any) -> Any:
    """Take connection, price and weather as they come."""
    assert flow.step == "scratch"
    await flow.submit(name="Home", phases="3", fuse_a=25)
    await flow.choose(tariff)
    await flow.submit(**(prices or {"import_price": 0.3, "export_price": 0.08}))
    await flow.submit(kind="none")
    assert flow.created
    await settle(hass)
    return flow.result["result"]


def register(
    hass: HomeAssistant, name: str, *entity_ids: str, device: str | None = None, platform: str = "inverter"
) -> None:
    """Let sensors be those of one device of another integration."""
    entry = MockConfigEntry(domain=platform)
    entry.add_to_hass(hass)
    found = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(platform, device or name)}
    )
    for entity_id in entity_ids:
        # A name that a state bears already would go to nobody else.
        state = hass.states.get(entity_id)
        hass.states.async_remove(entity_id)
        made = er.async_get(hass).async_get_or_create(
            "sensor",
            platform,
            entity_id,
            suggested_object_id=entity_id.removeprefix("sensor."),
            device_id=found.id,
            config_entry=entry,
        )
        assert made.entity_id == entity_id
        if state:
            hass.states.async_set(entity_id, state.state, state.attributes)


async def test_a_home_is_made_of_what_the_dashboard_knows(hass: HomeAssistant) -> None:
    """Meter and devices need no form; battery and array are asked what no sensor knows. Then as ever."""
    await dashboard(hass, GRID, SOLAR, BATTERY, devices=[FRIDGE])
    flow = await begin(hass)
    assert flow.step == "energy"
    assert offered(flow) == {
        "sensor.grid_power": "Grid: Grid (sensor.grid_power: 512.5 W)",
        "sensor.cells_power": "Battery: Cells (sensor.cells_power: -1500 W)",
        "sensor.sun_power": "Solar array: Roof (sensor.sun_power: 3200 W)",
        "sensor.fridge_power": "Single device: Fridge (sensor.fridge_power: 80 W)",
    }
    assert flow.suggested["devices"] == ["sensor.grid_power", "sensor.cells_power", "sensor.sun_power"]
    assert flow.shown["lacking"] == "Everything in it can be used."
    await flow.submit(devices=list(offered(flow)))
    assert flow.step == "new_battery"
    assert "State of charge: **64 %**" in flow.shown["values"]
    assert flow.suggested["capacity_kwh"] == 9.6
    assert "power_positive" not in flow.suggested
    await flow.submit(name="Battery", **BATTERY_PARAMS)
    assert (flow.step, flow.suggested["name"]) == ("new_pv", "Roof")
    await flow.submit(name="Roof", **PV_PARAMS)
    entry = await finish(hass, flow)
    assert "next_flow" not in flow.result
    subentries = {each.title: each for each in entry.subentries.values()}
    assert {title: each.subentry_type for title, each in subentries.items()} == {
        "Grid": "meter",
        "Fridge": "meter",
        "Battery": "battery",
        "Roof": "pv",
    }
    assert subentries["Grid"].data["source"]["entities"] == {
        "power_entity": "sensor.grid_power",
        "import_energy_entity": "sensor.grid_import",
        "export_energy_entity": "sensor.grid_export",
        "power_positive": "import",
    }
    assert subentries["Grid"].data["params"] == {"position": "grid"}
    assert subentries["Fridge"].data["params"] == {"position": "zone"}
    assert subentries["Battery"].data["source"]["entities"] == {
        "power_entity": "sensor.cells_power",
        "soc_entity": "sensor.cells_soc",
        "discharge_energy_entity": "sensor.cells_out",
        "charge_energy_entity": "sensor.cells_in",
        "power_positive": "discharging",
    }
    assert subentries["Battery"].data["params"] == BATTERY_PARAMS
    assert subentries["Roof"].data["source"]["entities"] == {
        "power_entity": "sensor.sun_power",
        "energy_entity": "sensor.sun_energy",
        "power_positive": "production",
    }
    assert hass.states.get("sensor.home_grid_power").state == "512.5"
    assert hass.states.get("sensor.home_home_consumption").state == "2212.5"
    assert hass.states.get("sensor.home_plan_status").state == "ok"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_sensor_that_counts_the_other_way_is_turned_round(hass: HomeAssistant) -> None:
    """The dashboard has a word for that, and its own turned sensor is not needed."""
    grid = {key: value for key, value in GRID.items() if key != "stat_rate"}
    battery = {**WITHOUT_POWER, "power_config": {"stat_rate_inverted": "sensor.cells_power"}}
    await dashboard(hass, {**grid, "power_config": {"stat_rate_inverted": "sensor.grid_power"}}, battery)
    found = await async_read_dashboard(hass)
    meter, cells = found.proposals
    assert (meter.entities["power_entity"], meter.entities["power_positive"]) == (
        "sensor.grid_power",
        "export",
    )
    assert (cells.entities["power_entity"], cells.entities["power_positive"]) == (
        "sensor.cells_power",
        "charging",
    )
    assert meter.is_sign_known
    assert cells.is_sign_known


async def test_two_sensors_for_two_directions_are_the_one_that_home_assistant_makes_of_them(
    hass: HomeAssistant,
) -> None:
    config = {"stat_rate_from": "sensor.cells_power", "stat_rate_to": "sensor.cells_in_power"}
    set_sensor(hass, "sensor.energy_battery_cells_power_cells_in_power_net_power", 700, "W")
    await dashboard(hass, {**WITHOUT_POWER, "power_config": config})
    (cells,) = (await async_read_dashboard(hass)).proposals
    assert cells.entities["power_entity"] == "sensor.energy_battery_cells_power_cells_in_power_net_power"
    assert cells.entities["power_positive"] == "discharging"


async def test_a_power_that_nobody_named_is_found_on_the_same_device_and_its_sign_is_asked(
    hass: HomeAssistant,
) -> None:
    """Most dashboards know energies only. How a meter or a battery counts differs from maker to maker."""
    register(hass, "meter", "sensor.grid_import", "sensor.grid_power")
    register(hass, "inverter", "sensor.cells_out", "sensor.cells_power", "sensor.cells_soc", "sensor.sun_on")
    register(hass, "roof", "sensor.sun_energy", "sensor.sun_power")
    grid, solar, battery = (
        {key: value for key, value in each.items() if key not in ("stat_rate", "stat_soc")}
        for each in (GRID, SOLAR, BATTERY)
    )
    await dashboard(hass, grid, solar, battery)
    flow = await begin(hass)
    assert list(offered(flow)) == ["sensor.grid_power", "sensor.cells_power", "sensor.sun_power"]
    await flow.submit(devices=list(offered(flow)))
    assert (flow.step, flow.suggested["power_positive"]) == ("new_meter", "import")
    assert flow.suggested["position"] == "grid"
    await flow.submit(name="Meter", position="grid", power_positive="export")
    assert flow.step == "new_battery"
    await flow.submit(name="Cells", power_positive="discharging", round_trip_pct=90, wear_per_kwh=0.02)
    assert set(flow.errors) == {"capacity_kwh", "charge_max_w", "discharge_max_w"}
    await flow.submit(name="Cells", power_positive="charging", **BATTERY_PARAMS)
    assert "power_positive" not in flow.suggested  # an array only ever gives
    await flow.submit(name="Roof", **PV_PARAMS)
    entry = await finish(hass, flow)
    meter, cells, _ = entry.subentries.values()
    assert meter.data["source"]["entities"]["power_positive"] == "export"
    assert meter.data["params"] == {"position": "grid"}
    assert cells.data["source"]["entities"]["power_positive"] == "charging"
    assert cells.data["params"] == BATTERY_PARAMS
    assert hass.states.get("sensor.home_grid_power").state == "-512.5"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_what_cannot_be_used_is_said_with_its_reason(hass: HomeAssistant, add_site: AddSite) -> None:
    """Nothing is left out in silence, and nothing is counted twice."""
    other = home_of_entities(
        entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.sun_power"),
    )
    await add_site(other)
    register(hass, "meter", "sensor.grid_import", "sensor.night_import", "sensor.grid_power")
    register(hass, "two", "sensor.two_energy", "sensor.cells_power", "sensor.fridge_power")
    register(hass, "ems", "sensor.of_ems", platform=DOMAIN)
    set_sensor(hass, "sensor.of_ems", 1, "W", device_class="power")
    set_sensor(hass, "sensor.words", "much", "W", device_class="power")
    set_sensor(hass, "sensor.two_energy", 1, "kWh", device_class="energy")
    await dashboard(
        hass,
        {**GRID, "name": "Day"},
        # The second tariff of the same meter has no power of its own.
        {
            "type": "grid",
            "stat_energy_from": "sensor.night_import",
            "cost_adjustment_day": 0,
            "name": "Night",
        },
        SOLAR,
        {key: value for key, value in BATTERY.items() if key != "stat_soc"} | {"name": "Cells"},
        {"type": "gas", "stat_energy_from": "sensor.gas", "stat_cost": None},
        devices=[
            {"stat_consumption": "sensor.two_energy", "name": "Two"},
            {"stat_consumption": "sensor.a", "stat_rate": "sensor.of_ems", "name": "Ours"},
            {"stat_consumption": "sensor.a", "stat_rate": "sensor.gone", "name": "Gone"},
            {"stat_consumption": "sensor.a", "stat_rate": "sensor.words", "name": "Words"},
            {"stat_consumption": "tibber:energy", "stat_rate": "tibber:power", "name": "Cloud"},
            {"stat_consumption": "tibber:energy"},
            {"stat_consumption": "sensor.b", "stat_rate": "sensor.grid_power", "name": "Again"},
        ],
    )
    flow = await begin(hass)
    assert list(offered(flow)) == ["sensor.grid_power"]
    said = flow.shown["lacking"].strip().splitlines()
    for start in (
        "- Solar array · Roof: another home of EMS has it already.",
        "- Battery · Cells: there is no sensor of its state of charge.",
        "- Grid · Night: there is no sensor of its power.",
        "- Single device · Two: there is no sensor of its power.",
        "- Single device · Ours: this is a sensor of EMS itself. (sensor.of_ems)",
        "- Single device · Gone: this entity does not exist. (sensor.gone)",
        "- Single device · Words: what its sensor shows cannot be used. (sensor.words: much)",
        "- Single device · Cloud: this is a statistic",
        "- Single device · tibber:energy: there is no sensor of its power.",
        "- Single device · Again: its power is counted already. (sensor.grid_power)",
    ):
        assert [line for line in said if line.startswith(start)], start
    assert len(said) == 10


async def test_energies_that_cannot_be_read_are_left_out_alone(hass: HomeAssistant) -> None:
    """The power is what counts."""
    await dashboard(hass, {**GRID, "stat_energy_from": "tibber:energy", "stat_energy_to": "sensor.gone"})
    (meter,) = (await async_read_dashboard(hass)).proposals
    assert meter.entities == {"power_entity": "sensor.grid_power", "power_positive": "import"}


async def test_without_a_dashboard_the_way_is_shown(hass: HomeAssistant) -> None:
    assert (await begin(hass)).aborted == "no_dashboard"


async def test_a_dashboard_with_nothing_to_read_says_why(hass: HomeAssistant) -> None:
    hass.states.async_remove("sensor.grid_power")
    await dashboard(hass, GRID)
    flow = await begin(hass)
    assert flow.aborted == "dashboard_empty"
    assert "this entity does not exist. (sensor.grid_power)" in flow.shown["lacking"]


async def test_a_sensor_that_sleeps_is_offered_without_a_value(hass: HomeAssistant) -> None:
    """An inverter at night is not gone."""
    set_sensor(hass, "sensor.sun_power", "unavailable", "W", device_class="power", friendly_name="Sun")
    await dashboard(hass, SOLAR)
    assert offered(await begin(hass)) == {"sensor.sun_power": "Solar array: Roof (sensor.sun_power: –)"}


async def test_ticking_nothing_is_asked_again(hass: HomeAssistant) -> None:
    await dashboard(hass, GRID)
    flow = await begin(hass)
    await flow.submit(devices=[])
    assert flow.errors == {"devices": "nothing_chosen"}


async def test_prices_of_the_dashboard_fill_the_tariff_in(hass: HomeAssistant) -> None:
    """As suggestions: what the dashboard calls a price may lack taxes, or the coming hours."""
    night = {"type": "grid", "stat_energy_from": "sensor.night", "cost_adjustment_day": 0}
    priced = {**GRID, "number_energy_price": 0.31, "number_energy_price_export": 0.07}
    await dashboard(hass, night, priced)
    flow = await begin(hass)
    await flow.submit(devices=["sensor.grid_power"])
    await flow.submit(name="Home", phases="3", fuse_a=25)
    await flow.choose("tariff_fixed")
    assert flow.suggested == {"import_price": 0.31, "export_price": 0.07}


async def test_a_price_sensor_of_the_dashboard_is_suggested(hass: HomeAssistant) -> None:
    await dashboard(hass, {**GRID, "entity_energy_price": "sensor.nord_pool"})
    flow = await begin(hass)
    await flow.submit(devices=["sensor.grid_power"])
    await flow.submit(name="Home", phases="3", fuse_a=25)
    await flow.choose("tariff_entity")
    assert flow.suggested["entity_id"] == "sensor.nord_pool"


async def test_a_number_that_somebody_turns_is_no_price_sensor(hass: HomeAssistant) -> None:
    """It has no coming hours; the form would refuse it."""
    await dashboard(hass, {**GRID, "entity_energy_price": "input_number.price"})
    flow = await begin(hass)
    await flow.submit(devices=["sensor.grid_power"])
    await flow.submit(name="Home", phases="3", fuse_a=25)
    await flow.choose("tariff_entity")
    assert flow.suggested["entity_id"] is None


async def test_a_home_without_its_grid_meter_is_asked_for_it(hass: HomeAssistant) -> None:
    """A site without one can plan nothing, so its form follows at once."""
    await dashboard(hass, SOLAR)
    flow = await begin(hass)
    await flow.submit(devices=["sensor.sun_power"])
    await flow.submit(name="Roof", **PV_PARAMS)
    entry = await finish(hass, flow)
    assert flow.result["next_flow"][0] is FlowType.CONFIG_SUBENTRIES_FLOW
    assert await hass.config_entries.async_unload(entry.entry_id)
