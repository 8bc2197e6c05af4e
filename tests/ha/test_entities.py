"""What the entities show, against what really is in the demo home."""

import json
from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, mock_restore_cache_with_extra_data

from custom_components.ems.const import DOMAIN
from custom_components.ems.demo import DemoHome, Fault
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.flows import ENGLISH
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import BATTERY_PARAMS, PV_PARAMS, Site, entity_device, home_of_entities, subentry_id
from tests.support.tree import COMPONENT

ICONS = json.loads((COMPONENT / "icons.json").read_text(encoding="utf-8"))


def number(hass: HomeAssistant, entity_id: str) -> float:
    """Return an entity's value."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return float(found.state)


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def frozen_truth(
    hass: HomeAssistant, home: DemoHome, clock: Clock, when: str | None = None
) -> dict[str, Any]:
    """Read the home until nothing moves any more, and return what is true then."""
    if when:
        await clock.move_to(hass, when)
    for device in ("meter", "inverter", "charger"):
        home.faults.set(device, Fault.FROZEN)
    truth = home.truth()
    await clock.live(hass, 12, step_s=6)
    return truth


@pytest.mark.parametrize("when", ["2026-06-15T12:10:00+02:00", "2026-06-15T22:40:00+02:00"])
async def test_the_sensors_say_what_is_true(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock, when: str
) -> None:
    """At noon and at night. Signs: from the grid is positive, and so is what a battery gives."""
    truth = await frozen_truth(hass, home, clock, when)
    assert number(hass, "sensor.grid_meter_power") == pytest.approx(truth["grid_total_w"], abs=0.02)
    assert number(hass, "sensor.demo_home_grid_power") == pytest.approx(truth["grid_total_w"], abs=0.06)
    assert number(hass, "sensor.battery_power") == pytest.approx(truth["battery_dc_w"], rel=1e-5, abs=0.01)
    assert number(hass, "sensor.solar_power") == pytest.approx(truth["pv_dc_w"], rel=1e-3, abs=1)
    assert number(hass, "sensor.battery_state_of_charge") == pytest.approx(
        truth["battery"]["soc_pct"], abs=6e-3
    )
    assert number(hass, "sensor.garage_power") == pytest.approx(truth["charger"]["power_w"], abs=0.1)
    home_w = truth["household_total_w"] + truth["charger"]["power_w"]
    assert number(hass, "sensor.demo_home_home_consumption") == pytest.approx(home_w, rel=1e-3, abs=1)
    assert number(hass, "sensor.demo_home_base_consumption") == pytest.approx(
        truth["household_total_w"], rel=1e-3, abs=1
    )
    bought_w = max(0.0, truth["grid_total_w"])
    assert number(hass, "sensor.demo_home_self_sufficiency") == pytest.approx(
        100 * (1 - bought_w / home_w), abs=0.2
    )
    surplus_w = max(0.0, truth["pv_dc_w"] - home_w)
    assert number(hass, "sensor.demo_home_surplus") == pytest.approx(surplus_w, rel=2e-3, abs=2)
    energy = truth["energy_wh"]
    for entity_id, counter in (
        ("sensor.grid_meter_imported_energy", "grid_import"),
        ("sensor.grid_meter_exported_energy", "grid_export"),
        ("sensor.battery_charged_energy", "battery_in"),
        ("sensor.battery_discharged_energy", "battery_out"),
        ("sensor.garage_energy", "charger"),
    ):
        assert number(hass, entity_id) == pytest.approx(energy[counter] / 1000, abs=0.011), entity_id
    for phase, volts in enumerate(truth["voltage_v"], start=1):
        assert number(hass, f"sensor.grid_meter_voltage_l{phase}") == pytest.approx(volts, abs=0.06)
        power = number(hass, f"sensor.grid_meter_power_l{phase}")
        assert power == pytest.approx(truth["grid_w"][phase - 1], abs=0.01)
    assert number(hass, "sensor.grid_meter_frequency") == pytest.approx(truth["frequency_hz"], abs=0.01)
    assert entry.runtime_data.site.data.grid_w is not None


async def test_charging_is_negative_and_selling_is_negative(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """The Energy dashboard's signs, each pinned by an order to the inverter."""
    battery = {"entity_id": "number.battery_power_setpoint"}
    await hass.services.async_call("number", "set_value", {**battery, "value": -3000}, blocking=True)
    await clock.live(hass, 12, step_s=3)
    assert number(hass, "sensor.battery_power") == pytest.approx(-3000, abs=20)
    assert state(hass, "sensor.battery_status") == "charging"
    await hass.services.async_call("number", "set_value", {**battery, "value": 4000}, blocking=True)
    await clock.live(hass, 12, step_s=3)
    assert number(hass, "sensor.battery_power") == pytest.approx(4000, abs=20)
    assert state(hass, "sensor.battery_status") == "discharging"
    assert number(hass, "sensor.demo_home_grid_power") < -3000
    assert home.truth()["grid_total_w"] < -3000
    assert number(hass, "sensor.demo_home_surplus") >= 0
    assert entry.runtime_data.site.data.battery_w > 0


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    """Count what was logged about the inverter's quick rhythm."""
    lines = [record.getMessage() for record in caplog.records if record.levelname != "DEBUG"]
    return sum(words in line and "SolarEdge" in line and "settings" not in line for line in lines)


async def test_a_device_that_goes_silent_is_unavailable_and_comes_back(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    home: DemoHome,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Said once when it goes and once when it returns; the other devices do not notice."""
    caplog.clear()
    home.faults.set("inverter", Fault.REFUSE)
    await clock.live(hass, 60)
    assert state(hass, "sensor.battery_power") == "unavailable"
    assert state(hass, "sensor.solar_power") == "unavailable"
    assert state(hass, "sensor.solar_inverter_ac_power") == "unavailable"
    assert state(hass, "binary_sensor.battery_answers") == "off"
    assert state(hass, "sensor.grid_meter_power") != "unavailable"
    assert said(caplog, "Error fetching") == 1
    home.faults.clear()
    await clock.live(hass, 60)
    assert number(hass, "sensor.battery_state_of_charge") > 0
    assert state(hass, "binary_sensor.battery_answers") == "on"
    assert said(caplog, "recovered") == 1
    assert entry.runtime_data.devices[subentry_id(entry, "pv")].is_fresh


async def test_a_sum_with_a_silent_part_is_unknown(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Half a sum misleads; what does not need the silent part stays."""
    home.faults.set("inverter", Fault.REFUSE)
    await clock.live(hass, 10)
    for entity_id in ("pv_power", "solar_power"):
        found = hass.states.get(f"sensor.demo_home_{entity_id}")
        assert found is None or found.state == "unknown"
    for entity_id in ("battery_power", "home_consumption", "base_consumption", "surplus", "self_sufficiency"):
        assert state(hass, f"sensor.demo_home_{entity_id}") == "unknown", entity_id
    assert number(hass, "sensor.demo_home_charger_power") == 0
    assert state(hass, "sensor.demo_home_grid_power") not in ("unknown", "unavailable")
    assert entry.runtime_data.site.data.home_w is None


async def test_garbage_is_unknown_and_never_a_number(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Random registers: what is physically impossible must not reach history."""
    home.faults.set("inverter", Fault.GARBAGE)
    for _ in range(6):
        await clock.live(hass, 10)
        shown = hass.states.get("sensor.battery_state_of_charge").state
        assert shown in ("unknown", "unavailable") or 0 <= float(shown) <= 100
        temperature = hass.states.get("sensor.battery_temperature").state
        assert temperature in ("unknown", "unavailable") or -60 <= float(temperature) <= 150
    assert entry.runtime_data.plan.data.status in ("ok", "degraded", "failed")


async def test_everything_has_a_name_a_class_and_a_place(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Every entity: translated name, unique id from entry or subentry, its device below the site."""
    registry, devices = er.async_get(hass), dr.async_get(hass)
    found = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert len({each.unique_id for each in found}) == len(found) > 100
    site_device = devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    for each in found:
        assert each.has_entity_name
        assert ENGLISH["entity"][each.domain][each.translation_key]["name"], each.entity_id
        owner = each.config_subentry_id or entry.entry_id
        assert each.unique_id == f"{owner}_{each.translation_key}"
        device = devices.async_get(each.device_id)
        assert device.config_subentry_id == each.config_subentry_id
        assert device is site_device or device.via_device_id == site_device.id
        shown = hass.states.get(each.entity_id)
        if shown is not None and shown.attributes.get("device_class") == "enum":
            words = ENGLISH["entity"][each.domain][each.translation_key]["state"]
            assert set(shown.attributes["options"]) == set(words), each.entity_id
        if each.domain == "select":
            words = ENGLISH["entity"][each.domain][each.translation_key]["state"]
            assert set(shown.attributes["options"]) <= set(words), each.entity_id


async def test_a_device_shows_what_it_says_of_itself(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Maker, model, firmware and serial number, as read."""
    devices = dr.async_get(hass)
    battery = devices.async_get_device_by_identifier((DOMAIN, subentry_id(entry, "battery")), entry.entry_id)
    assert (battery.manufacturer, battery.model) == ("SolarEdge", "SE8K-RWS48BEN4")
    assert battery.sw_version == "0004.0018.0518"
    assert battery.serial_number == "7E1A2B3C"


async def test_raw_registers_are_there_but_asleep(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What only an installer needs is disabled: diagnostic, or an option of the planner that few people turn."""
    registry = er.async_get(hass)
    found = er.async_entries_for_config_entry(registry, entry.entry_id)
    asleep = {
        each.translation_key for each in found if each.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    }
    assert {"reactive_power", "apparent_power"} <= asleep
    assert not asleep & {"power", "soc", "import_energy", "plan_status", "mode"}
    assert {each.entity_category for each in found if each.translation_key in asleep} == {
        "diagnostic",
        "config",
    }
    woken = next(each for each in found if each.translation_key == "reactive_power")
    registry.async_update_entity(woken.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert number(hass, woken.entity_id) is not None


async def test_energies_only_rise_and_powers_are_measurements(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """What the Energy dashboard and long-term statistics need."""
    assert entry.entry_id
    for found in hass.states.async_all("sensor"):
        kind, unit = found.attributes.get("device_class"), found.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        # What is to come goes up and down, and is nothing that statistics could add up.
        forecast = "forecast" in found.entity_id or "_next_" in found.entity_id
        about_forecasts = "_estimate_" in found.entity_id or "_quality_" in found.entity_id
        if kind == "energy" and not forecast:
            assert (found.attributes["state_class"], unit) == ("total_increasing", "kWh"), found.entity_id
        if kind == "power" and not forecast:
            assert found.attributes["state_class"] == "measurement", found.entity_id
            assert unit in ("W", "kW")
        if kind == "monetary":
            # What was measured adds up; what is expected moves with every plan.
            adds_up = "total" if "saved" in found.entity_id else None
            assert (unit, found.attributes.get("state_class")) == ("EUR", adds_up), found.entity_id
        if ("price" in found.entity_id or "value_of" in found.entity_id) and not about_forecasts:
            assert (unit, kind) == ("EUR/kWh", None)


async def test_what_nobody_counts_is_counted_from_power(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """The inverter counts no production of the modules: we sum its power up. A state may be a minute old."""
    begun = home.truth()["energy_wh"]
    shown = number(hass, "sensor.solar_energy"), number(hass, "sensor.demo_home_home_consumption_energy")
    await clock.live(hass, 900, step_s=10)
    produced_kwh = (home.truth()["energy_wh"]["pv"] - begun["pv"]) / 1000
    consumed_kwh = (home.truth()["energy_wh"]["household"] - begun["household"]) / 1000
    assert number(hass, "sensor.solar_energy") - shown[0] == pytest.approx(produced_kwh, rel=0.08)
    counted = number(hass, "sensor.demo_home_home_consumption_energy") - shown[1]
    assert counted == pytest.approx(consumed_kwh, rel=0.12)
    assert entry.runtime_data.site.last_update_success


async def test_what_flowed_in_a_long_silence_is_not_guessed(
    hass: HomeAssistant, entry: MockConfigEntry, home: DemoHome, clock: Clock
) -> None:
    """Ten minutes without an answer count for nothing, and the counter is unavailable meanwhile."""
    before = number(hass, "sensor.solar_energy")
    home.faults.set("inverter", Fault.REFUSE)
    await clock.live(hass, 20)
    assert state(hass, "sensor.solar_energy") == "unavailable"
    await clock.live(hass, 600, step_s=20)
    home.faults.clear()
    await clock.live(hass, 60)
    sunny_minute_kwh = 8 / 60
    assert before <= number(hass, "sensor.solar_energy") < before + 1.5 * sunny_minute_kwh
    assert entry.runtime_data.devices[subentry_id(entry, "pv")].is_fresh


@pytest.fixture
async def by_entities(hass: HomeAssistant) -> Site:
    """A home whose devices are entities of other integrations."""
    read_home(hass)
    return home_of_entities(
        entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
        entity_device("pv", "Sun", PV_PARAMS, power_entity="sensor.sun"),
        entity_device(
            "battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"
        ),
    )


async def test_a_counter_of_ours_goes_on_after_a_restart(
    hass: HomeAssistant, by_entities: Site, add_site: AddSite, clock: Clock
) -> None:
    """It counts Wh and is shown in kWh; whichever was stored, it goes on from there."""
    extras = [
        (
            State("sensor.grid_imported_energy", "1.5"),
            {"native_value": 1500.0, "native_unit_of_measurement": "Wh"},
        ),
        (
            State("sensor.grid_exported_energy", "2.5"),
            {"native_value": 2.5, "native_unit_of_measurement": "kWh"},
        ),
        (State("sensor.sun_energy", "unknown"), {"native_value": None, "native_unit_of_measurement": None}),
    ]
    mock_restore_cache_with_extra_data(hass, extras)
    await add_site(by_entities)
    assert number(hass, "sensor.grid_imported_energy") == 1.5
    assert number(hass, "sensor.grid_exported_energy") == 2.5
    assert number(hass, "sensor.sun_energy") == 0
    for _ in range(60):
        read_home(hass)  # the same values, but reported
        await clock.live(hass, 60, step_s=60)
    assert number(hass, "sensor.grid_imported_energy") == pytest.approx(2.0, abs=0.01)
    assert number(hass, "sensor.grid_exported_energy") == 2.5
    assert number(hass, "sensor.sun_energy") == pytest.approx(2.0, abs=0.04)
    assert number(hass, "sensor.cells_charged_energy") == pytest.approx(1.0, abs=0.02)
    assert number(hass, "sensor.cells_discharged_energy") == 0


async def test_entities_of_others_are_followed_as_they_change(
    hass: HomeAssistant, by_entities: Site, add_site: AddSite
) -> None:
    """In our units and signs; the home adds up: 500 from the grid + 2000 sun − 1000 into the battery."""
    entry = await add_site(by_entities)
    assert number(hass, "sensor.home_home_consumption") == 1500
    assert number(hass, "sensor.home_surplus") == 500
    set_sensor(hass, "sensor.grid", -0.25, "kW")
    await hass.async_block_till_done()
    assert number(hass, "sensor.grid_power") == -250
    assert number(hass, "sensor.home_home_consumption") == 750
    assert number(hass, "sensor.home_self_sufficiency") == 100
    assert entry.runtime_data.devices[subentry_id(entry, "meter")].is_fresh


@pytest.mark.parametrize(
    ("entity_id", "value", "unit", "ours"),
    [
        ("sensor.soc", 120, "%", "sensor.cells_state_of_charge"),
        ("sensor.cells", "unavailable", "W", "sensor.cells_power"),
        ("sensor.cells", "banana", "W", "sensor.cells_power"),
        ("sensor.sun", 5, "kWh", "sensor.sun_power"),
    ],
)
async def test_nonsense_from_an_entity_is_unknown(
    hass: HomeAssistant,
    by_entities: Site,
    add_site: AddSite,
    entity_id: str,
    value: object,
    unit: str,
    ours: str,
) -> None:
    """A percentage of 120 or a power in kWh is no value; nothing else stops."""
    entry = await add_site(by_entities)
    set_sensor(hass, entity_id, value, unit)
    await hass.async_block_till_done()
    assert state(hass, ours) in ("unknown", "unavailable")
    assert state(hass, "sensor.grid_power") == "500.0"
    await entry.runtime_data.plan.async_plan()
    assert entry.runtime_data.plan.data.status in ("ok", "degraded")


async def test_an_entity_that_is_removed_is_noticed(
    hass: HomeAssistant, by_entities: Site, add_site: AddSite, clock: Clock
) -> None:
    """Its integration was deleted: its last value must not live on."""
    await add_site(by_entities)
    hass.states.async_remove("sensor.grid")
    await clock.tick(hass, 31)
    assert state(hass, "sensor.grid_power") in ("unknown", "unavailable")
    assert state(hass, "sensor.home_home_consumption") == "unknown"


async def test_a_zero_is_a_zero(hass: HomeAssistant, by_entities: Site, add_site: AddSite) -> None:
    """No sun is a value; no answer is none. And nothing consumed has no share."""
    for entity_id in ("sensor.grid", "sensor.sun", "sensor.cells"):
        set_sensor(hass, entity_id, 0, "W")
    await add_site(by_entities)
    assert state(hass, "sensor.sun_power") == "0.0"
    assert number(hass, "sensor.home_home_consumption") == 0
    assert number(hass, "sensor.home_surplus") == 0
    assert state(hass, "sensor.home_self_sufficiency") == "unknown"


async def test_the_plan_is_shown_with_its_reasons(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Now, next and why, in words, and as a series for charts."""
    plan = entry.runtime_data.plan.data.outlook.plan
    assert number(hass, "sensor.demo_home_expected_cost") == pytest.approx(plan.expected_cost, abs=1e-5)
    saving = number(hass, "sensor.demo_home_cost_without_a_plan") - plan.expected_cost
    assert number(hass, "sensor.demo_home_expected_saving") == pytest.approx(saving, abs=2e-5)
    mode = hass.states.get("sensor.battery_planned_mode")
    assert mode.state in ("automatic", "hold", "charge", "discharge")
    assert " " in mode.attributes["reason"]
    course = hass.states.get("sensor.battery_planned_power").attributes["forecast"]
    assert len(course) == len(plan.steps) <= 200
    assert set(course[0]) == {"start", "end", "power_kw"}
    upcoming = hass.states.get("sensor.demo_home_next_action")
    assert {"device", "mode", "power_kw", "reason"} <= set(upcoming.attributes)
    assert upcoming.state > hass.states.get("sensor.demo_home_plan_status").last_changed.isoformat()
    rest = number(hass, "sensor.demo_home_solar_forecast_rest_of_today")
    assert 5 < rest < 60


async def test_icons_are_given_for_entities_that_have_no_class(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Where Home Assistant has no icon by class, ours is there."""
    registry = er.async_get(hass)
    named = ICONS["entity"]
    lacking = [
        each.entity_id
        for each in er.async_entries_for_config_entry(registry, entry.entry_id)
        if each.original_device_class is None and each.translation_key not in named.get(each.domain, {})
    ]
    assert lacking == []
