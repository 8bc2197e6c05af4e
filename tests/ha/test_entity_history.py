"""What a home did before EMS came: its consumption is the sum of the entities that it is made of."""

from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np
import pytest

from custom_components.ems.adapters.entity_history import filled
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.recorded import full_hours, record, record_counter
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    PV_PARAMS,
    entity_device,
    home_of_entities,
    load_device,
)

pytestmark = pytest.mark.usefixtures("recorder_mock")

GRID = entity_device(
    "meter", "Grid", {"position": "grid"}, power_entity="sensor.grid", power_positive="export"
)
ROOF = entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.roof", energy_entity="sensor.roof_energy")
STORE = entity_device(
    "battery",
    "Battery",
    BATTERY_PARAMS,
    power_entity="sensor.store",
    soc_entity="sensor.soc",
    power_positive="charging",
)
CAR = entity_device(
    "charger", "Car", CHARGER_PARAMS, power_entity="sensor.car", connected_entity="binary_sensor.plug"
)


def at_home(local: datetime) -> float:
    """Return what the household takes. [W]."""
    return 1500.0 if local.hour == 19 else 250.0


def sun(local: datetime) -> float:
    """Return what the roof gives. [W]."""
    return 3000.0 if 10 <= local.hour < 16 else 0.0


def charging(local: datetime) -> float:
    """Return what goes into the battery. [W]."""
    return 2000.0 if 10 <= local.hour < 14 else -400.0


def driving(local: datetime) -> float:
    """Return what the car takes. [W]."""
    return 3600.0 if local.hour == 1 else 0.0


def export(local: datetime) -> float:
    """Return what flows out. [W]."""
    return sun(local) - charging(local) - driving(local) - at_home(local)


async def add_home(hass: HomeAssistant, add_site: AddSite, *devices: dict[str, Any]) -> Any:
    """Set up a home whose entities are there."""
    await settle(hass)
    read_home(hass)
    for name in ("grid", "roof", "store", "car"):
        set_sensor(hass, f"sensor.{name}", 0, "W")
    set_sensor(hass, "sensor.soc", 50, "%")
    set_sensor(hass, "sensor.roof_energy", 100, "kWh")
    hass.states.async_set("binary_sensor.plug", "off")
    return await add_site(home_of_entities(*devices))


async def test_a_home_with_a_past_is_learned_on_its_first_day(hass: HomeAssistant, add_site: AddSite) -> None:
    """Each in its own sign and unit; the car and the battery are not the household."""
    hours = full_hours(30)
    await settle(hass)
    await record(hass, "sensor.grid", hours, export)
    await record(hass, "sensor.roof", hours, lambda local: sun(local) / 1000, unit="kW")
    await record(hass, "sensor.store", hours, charging)
    await record(hass, "sensor.car", hours, driving)
    entry = await add_home(hass, add_site, GRID, ROOF, STORE, CAR)
    learning = entry.runtime_data.forecast.data.learning
    assert (learning.basis, learning.days, learning.reasons) == ("learned", 29, ())
    starts_s, kw = entry.runtime_data.forecasts.archives["load"].truth()
    assert len(starts_s) == 30 * 24
    expected = [at_home(dt_util.as_local(dt_util.utc_from_timestamp(at))) / 1000 for at in starts_s]
    np.testing.assert_allclose(kw, expected, atol=1e-4)
    produced = entry.runtime_data.forecast.data.production_kwh
    assert list(produced.values())[5] == pytest.approx(18.0)


async def test_counters_stand_in_for_a_power_that_nobody_recorded(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """A kWh in an hour is a kW."""
    hours = full_hours(10)
    await settle(hass)
    await record_counter(hass, "sensor.roof_energy", hours, lambda local: sun(local) / 1000)
    entry = await add_home(hass, add_site, GRID, ROOF)
    truth = dict(zip(*entry.runtime_data.forecasts.archives["pv"].truth(), strict=True))
    # The first row of a counter has nothing to rise from.
    found = [truth[hour.timestamp()] for hour in hours[1:]]
    np.testing.assert_allclose(found, [sun(dt_util.as_local(hour)) / 1000 for hour in hours[1:]], atol=1e-4)
    # Of the grid nobody knows anything, so nobody knows the consumption either.
    assert entry.runtime_data.forecast.data.learning.basis == "prior"


async def test_a_meter_in_watts_called_kilowatts_is_mended_before_it_is_added_up(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Once it is in a sum it is beyond help."""
    hours = full_hours(20)
    await settle(hass)
    await record(hass, "sensor.grid", hours, lambda local: sun(local) - at_home(local), unit="kW")
    await record(hass, "sensor.roof", hours, sun)
    entry = await add_home(hass, add_site, GRID, ROOF)
    _, kw = entry.runtime_data.forecasts.archives["load"].truth()
    assert len(kw) == 20 * 24
    assert sorted({round(value, 3) for value in kw.tolist()}) == [0.25, 1.5]


async def test_a_load_with_a_meter_is_taken_out_and_one_without_stays_in(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """As in the sum of today."""
    hours = full_hours(20)
    await settle(hass)
    await record(hass, "sensor.grid", hours, lambda local: -at_home(local) - 500)
    await record(hass, "sensor.pump", hours, lambda _: 500.0)
    pump = {"kind": "interruptible", "demand": "daily", "power_w": 500, "energy_kwh": 4.0}
    pump |= {"min_on_min": 10, "min_off_min": 10}
    set_sensor(hass, "sensor.pump", 500, "W")
    hass.states.async_set("switch.boiler", "off")
    entry = await add_home(
        hass,
        add_site,
        GRID,
        load_device("Pump", pump, power_entity="sensor.pump"),
        load_device("Boiler", pump, switch_entity="switch.boiler"),
    )
    _, kw = entry.runtime_data.forecasts.archives["load"].truth()
    assert sorted({round(value, 3) for value in kw.tolist()}) == [0.25, 1.5]


def test_what_ems_saw_itself_counts_more_than_what_others_did() -> None:
    """Holes of its own are filled, and the hours before it came are put in front."""
    own = 3600.0 * np.array([5, 6, 7]), np.array([1.0, np.nan, 3.0])
    before = 3600.0 * np.array([3, 4, 5, 6]), np.array([9.0, 8.0, 7.0, 6.0])
    starts_s, kw = filled(own, before)
    assert (starts_s / 3600).tolist() == [3, 4, 5, 6, 7]
    assert kw.tolist() == [9, 8, 1, 6, 3]
    assert filled(own, (np.zeros(0), np.zeros(0)))[0].tolist() == own[0].tolist()


def metered(name: str, position: str, **params: str) -> dict[str, Any]:
    """Return a meter that counts what is called positive in its place."""
    entity_id = f"sensor.{name.lower()}"
    return entity_device("meter", name, {"position": position, **params}, power_entity=entity_id)


async def test_buildings_are_the_past_of_a_home_without_a_grid_meter(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """The flat is in the house, the car too; of the roof nobody knows anything, and nobody needs to."""
    hours = full_hours(20)
    await settle(hass)
    await record(hass, "sensor.house", hours, lambda local: at_home(local) + driving(local))
    await record(hass, "sensor.flat", hours, lambda _: 100.0)
    await record(hass, "sensor.car", hours, driving)
    for name in ("house", "flat"):
        set_sensor(hass, f"sensor.{name}", 0, "W")
    site = home_of_entities(metered("House", "building"), metered("Flat", "building"), CAR, ROOF)
    house, flat = site.subentries[:2]
    house["subentry_id"], flat["data"]["params"]["above"] = "house", "house"
    await settle(hass)
    read_home(hass)
    for name in ("roof", "car"):
        set_sensor(hass, f"sensor.{name}", 0, "W")
    set_sensor(hass, "sensor.roof_energy", 100, "kWh")
    entry = await add_site(site)
    _, kw = entry.runtime_data.forecasts.archives["load"].truth()
    assert len(kw) == 20 * 24
    assert sorted({round(value, 3) for value in kw.tolist()}) == [0.25, 1.5]


async def test_a_meter_that_names_a_load_has_its_past(hass: HomeAssistant, add_site: AddSite) -> None:
    """A boiler behind a switch never counted itself; zones and solar meters that only inform are not needed."""
    hours = full_hours(20)
    await settle(hass)
    await record(hass, "sensor.grid", hours, lambda local: -at_home(local) - 500 + sun(local))
    await record(hass, "sensor.roof", hours, sun)
    await record(hass, "sensor.boiler", hours, lambda _: 500.0)
    for name in ("boiler", "floor", "sun"):
        set_sensor(hass, f"sensor.{name}", 0, "W")
    hass.states.async_set("switch.boiler", "off")
    task = {"kind": "interruptible", "demand": "daily", "power_w": 500, "energy_kwh": 4.0}
    boiler = load_device(
        "Boiler", {**task, "min_on_min": 10, "min_off_min": 10}, switch_entity="switch.boiler"
    )
    boiler["subentry_id"] = "boiler"
    meters = [
        metered("Boiler", "load", measures="boiler"),
        metered("Floor", "zone"),
        metered("Sun", "solar"),
    ]
    entry = await add_home(hass, add_site, GRID, ROOF, boiler, *meters)
    _, kw = entry.runtime_data.forecasts.archives["load"].truth()
    assert len(kw) == 20 * 24
    assert sorted({round(value, 3) for value in kw.tolist()}) == [0.25, 1.5]
