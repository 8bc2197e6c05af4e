"""The Energy dashboard: our forecast in its shape, our sensors past its own validation, history learned from."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from custom_components.ems.adapters.history import async_mean_power, quarter_hours
from custom_components.ems.energy import async_get_solar_forecast
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.sites import Site, subentry_id


async def test_the_solar_forecast_is_energy_per_slot(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wh by aware ISO time, summed over all arrays; its sum is what the sensors say."""
    answer = await async_get_solar_forecast(hass, entry.entry_id)
    assert set(answer) == {"wh_hours"}
    slots = answer["wh_hours"]
    steps = entry.runtime_data.plan.data.outlook.problem.steps
    assert len(slots) == len(steps)
    assert all(datetime.fromisoformat(start).tzinfo for start in slots)
    assert all(value >= 0 for value in slots.values())
    today = dt_util.now().date()
    rest_wh = sum(
        value
        for start, value in slots.items()
        if dt_util.as_local(datetime.fromisoformat(start)).date() == today
    )
    shown = float(hass.states.get("sensor.demo_home_solar_forecast_rest_of_today").state)
    assert rest_wh / 1000 == pytest.approx(shown, abs=0.02)


async def test_without_a_plan_or_an_array_there_is_no_solar_forecast(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> None:
    """None, as the dashboard expects, and no error."""
    assert await async_get_solar_forecast(hass, "nobody") is None
    entry = await add_site(demo_site.only("meter", "charger"))
    assert await async_get_solar_forecast(hass, entry.entry_id) is None
    assert hass.states.get("sensor.demo_home_solar_forecast_rest_of_today").state == "unknown"
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await async_get_solar_forecast(hass, entry.entry_id) is None


def preferences(entry: MockConfigEntry) -> dict[str, Any]:
    """Return the Energy dashboard's preferences with everything that EMS offers it."""
    return {
        "energy_sources": [
            {
                "type": "grid",
                "stat_energy_from": "sensor.grid_meter_imported_energy",
                "stat_energy_to": "sensor.grid_meter_exported_energy",
                "stat_cost": None,
                "stat_compensation": None,
                "entity_energy_price": "sensor.demo_home_import_price",
                "number_energy_price": None,
                "entity_energy_price_export": "sensor.demo_home_feed_in_price",
                "number_energy_price_export": None,
                "stat_rate": "sensor.grid_meter_power",
                "cost_adjustment_day": 0,
            },
            {
                "type": "solar",
                "stat_energy_from": "sensor.solar_energy",
                "stat_rate": "sensor.solar_power",
                "config_entry_solar_forecast": [entry.entry_id],
            },
            {
                "type": "battery",
                "stat_energy_from": "sensor.battery_discharged_energy",
                "stat_energy_to": "sensor.battery_charged_energy",
                "stat_rate": "sensor.battery_power",
                "stat_soc": "sensor.battery_state_of_charge",
            },
        ],
        "device_consumption": [
            {"stat_consumption": "sensor.garage_energy", "stat_rate": "sensor.garage_power"},
            {"stat_consumption": "sensor.demo_home_home_consumption_energy"},
        ],
        "device_consumption_water": [],
    }


@pytest.mark.parametrize("enable_statistics", [True])
@pytest.mark.usefixtures("recorder_mock")
@pytest.mark.filterwarnings("ignore:It is recommended to use web.AppKey")  # core's own http
async def test_the_energy_dashboard_accepts_every_sensor(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, clock: Clock
) -> None:
    """Home Assistant's own validation, with the recorder and its statistics, has nothing to say."""
    assert await async_setup_component(hass, "sensor", {})
    assert await async_setup_component(hass, "energy", {})
    await settle(hass)
    entry = await add_site(demo_site)
    await clock.live(hass, 60, step_s=10)
    await async_wait_recording_done(hass)
    start = dt_util.utcnow().replace(second=0, microsecond=0)
    do_adhoc_statistics(hass, start=start - timedelta(minutes=start.minute % 5))
    await async_wait_recording_done(hass)
    manager = await async_get_manager(hass)
    await manager.async_update(preferences(entry))
    await settle(hass)
    found = (await async_validate(hass)).as_dict()
    # The sensors of cost and compensation are core's own; it makes them where there is none.
    issues = [issue for part in found.values() for source in part for issue in source]
    assert issues == []
    assert len(found["energy_sources"]) == 3
    assert len(found["device_consumption"]) == 2


@pytest.mark.usefixtures("recorder_mock")
async def test_the_load_forecast_learns_from_the_recorder(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> None:
    """Two weeks of a home that uses 2 kW in the evening and 200 W else: the plan expects just that."""
    await settle(hass)
    entry = await add_site(demo_site)
    await async_wait_recording_done(hass)
    entity_id = "sensor.demo_home_base_consumption"
    assert entry.runtime_data.plan.data.outlook.load.basis
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=back) for back in range(14 * 24, 0, -1)]
    meta = {
        "mean_type": StatisticMeanType.ARITHMETIC,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_class": "power",
        "unit_of_measurement": "W",
    }
    rows = []
    for hour in hours:
        power_w = 2000.0 if dt_util.as_local(hour).hour == 19 else 200.0
        rows.append({"start": hour, "mean": power_w, "min": power_w, "max": power_w})
    async_import_statistics(hass, meta, rows)
    await async_wait_recording_done(hass)
    starts, values = await async_mean_power(hass, entity_id, since=timedelta(days=60), period="hour")
    assert len(starts) == len(values) == 14 * 24
    assert values.max() == 2.0  # kW
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    load = entry.runtime_data.plan.data.outlook.load
    local = [dt_util.as_local(dt_util.utc_from_timestamp(start)).hour for start in load.steps.starts_s]
    evening = [mean for hour, mean in zip(local, load.mean, strict=True) if hour == 19]
    night = [mean for hour, mean in zip(local, load.mean, strict=True) if hour == 3]
    assert min(evening) > 1.2  # smoothed with its neighbours
    assert max(night) < 0.4


async def test_five_minutes_become_quarter_hours_that_are_whole() -> None:
    """The forecaster learns quarter-hours; half a one would weigh as much as a whole."""
    starts = np.array([0.0, 300, 600, 900, 1200, 2700, 3000, 3300])
    values = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    slots, means = quarter_hours(starts, values)
    assert slots.tolist() == [0, 2700]
    assert means.tolist() == [2, 7]
    empty = quarter_hours(np.zeros(0), np.zeros(0))
    assert [len(each) for each in empty] == [0, 0]


async def test_without_a_recorder_nothing_is_learned(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It is an ordinary set-up, only one that knows less."""
    starts, values = await async_mean_power(hass, "sensor.x", since=timedelta(days=1), period="hour")
    assert (len(starts), len(values)) == (0, 0)
    assert entry.runtime_data.devices[subentry_id(entry, "meter")].is_fresh
