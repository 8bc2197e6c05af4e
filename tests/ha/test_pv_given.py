"""An array whose production another integration foretells."""

from datetime import timedelta
from types import ModuleType
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
    mock_platform,
)

from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import PV_PARAMS, Site, entity_device, home_of_entities, subentry_id

TODAY, TOMORROW = "sensor.today", "sensor.tomorrow"


def site(*entities: str) -> Site:
    """Return a home with an array that looks at entities."""
    return home_of_entities(
        entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid"),
        entity_device(
            "pv", "Sun", {**PV_PARAMS, "forecast_entities": list(entities)}, power_entity="sensor.sun"
        ),
    )


def half_hours(day: int, kw: float) -> dict[str, Any]:
    """Return Solcast's list of a day of one power."""
    begin = dt_util.start_of_local_day() + timedelta(days=day)
    stamps = [(begin + timedelta(minutes=30 * i)).isoformat() for i in range(48)]
    return {"detailedForecast": [{"period_start": at, "pv_estimate": kw} for at in stamps]}


def means(entry: MockConfigEntry) -> list[float]:
    """Return the plan's central forecast."""
    outlook = entry.runtime_data.plan.data.outlook
    return list(outlook.problem.pv_available_kw[subentry_id(entry, "pv")])


async def test_the_plan_stands_on_what_the_entities_say(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """One entity per day; gone for a while it has still said something; over, our own takes its place."""
    read_home(hass)
    set_sensor(hass, TODAY, 24, "kWh", **half_hours(0, 1.0))
    set_sensor(hass, TOMORROW, 48, "kWh", **half_hours(1, 2.0))
    entry = await add_site(site(TODAY, TOMORROW))
    found = means(entry)
    assert found[0] == pytest.approx(1.0)
    assert 2.0 in [round(each, 6) for each in found]
    assert entry.runtime_data.plan.data.outlook.pv[subentry_id(entry, "pv")].basis == "given"
    hass.states.async_set(TODAY, "unavailable")
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert means(entry)[0] == pytest.approx(1.0)
    keys = [reason.key for reason in entry.runtime_data.plan.data.reasons]
    assert "pv_forecast_unavailable" in keys
    await clock.tick(hass, 3 * 86400)
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert entry.runtime_data.plan.data.outlook.pv[subentry_id(entry, "pv")].basis != "given"


async def test_an_entity_without_a_forecast_is_named(hass: HomeAssistant, add_site: AddSite) -> None:
    """And the physics serves meanwhile; back again it counts again."""
    read_home(hass)
    set_sensor(hass, TODAY, 24, "kWh")
    entry = await add_site(site(TODAY))
    state = entry.runtime_data.plan.data
    assert "pv_forecast_rows_missing" in [reason.key for reason in state.reasons]
    assert TODAY in hass.states.get("sensor.home_plan_status").attributes["reason"]
    assert max(means(entry)) > 0
    set_sensor(hass, TODAY, 24, "kWh", **half_hours(0, 3.0))
    await hass.services.async_call("ems", "optimize", {}, blocking=True)
    assert means(entry)[0] == pytest.approx(3.0)


async def test_yesterdays_forecast_is_none(hass: HomeAssistant, add_site: AddSite) -> None:
    """Its integration has lost its service and goes on showing the old list."""
    read_home(hass)
    set_sensor(hass, TODAY, 24, "kWh", **half_hours(-1, 3.0))
    entry = await add_site(site(TODAY))
    assert [each.key for each in entry.runtime_data.forecast.data.problems] == ["pv_forecast_rows_missing"]


@pytest.mark.parametrize(("domain", "first_kw"), [("sunny", 2.0), ("forecast_solar", 3.0)])
async def test_an_integration_without_a_list_is_asked_as_the_dashboard_does(
    hass: HomeAssistant, add_site: AddSite, domain: str, first_kw: float
) -> None:
    """From noon on 2 kWh, then 3: stamped with the beginning, or, by Forecast.Solar alone, with the end."""
    theirs = MockConfigEntry(domain=domain)
    theirs.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", domain, "now", config_entry=theirs)
    set_sensor(hass, entity.entity_id, 1, "kWh")
    noon = dt_util.now().replace(minute=0, second=0, microsecond=0)

    async def told(_: HomeAssistant, entry_id: str) -> dict[str, Any]:
        assert entry_id == theirs.entry_id
        hours = {0: 2000, 1: 3000, 2: 4000}
        return {"wh_hours": {(noon + timedelta(hours=n)).isoformat(): energy for n, energy in hours.items()}}

    platform = ModuleType(f"{domain}.energy")
    platform.async_get_solar_forecast = told  # type: ignore[attr-defined]
    mock_integration(hass, MockModule(domain))
    mock_platform(hass, f"{domain}.energy", platform)
    read_home(hass)
    entry = await add_site(site(entity.entity_id))
    assert means(entry)[0] == pytest.approx(first_kw)


@pytest.mark.parametrize("told", [None, {"wh_hours": {}}])
async def test_an_integration_that_tells_the_dashboard_nothing_is_named(
    hass: HomeAssistant, add_site: AddSite, told: Any
) -> None:
    """Not loaded, or without an answer yet."""
    theirs = MockConfigEntry(domain="sunny")
    theirs.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", "sunny", "now", config_entry=theirs)
    set_sensor(hass, entity.entity_id, 1, "kWh")

    async def nothing(*_: Any) -> Any:
        return told

    platform = ModuleType("sunny.energy")
    platform.async_get_solar_forecast = nothing  # type: ignore[attr-defined]
    mock_integration(hass, MockModule("sunny"))
    mock_platform(hass, "sunny.energy", platform)
    read_home(hass)
    entry = await add_site(site(entity.entity_id))
    assert [each.key for each in entry.runtime_data.forecast.data.problems] == ["pv_forecast_rows_missing"]
    await settle(hass)


async def test_an_integration_without_anything_for_the_dashboard_is_named(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """It has no such platform at all."""
    theirs = MockConfigEntry(domain="cloudy")
    theirs.add_to_hass(hass)
    entity = er.async_get(hass).async_get_or_create("sensor", "cloudy", "now", config_entry=theirs)
    set_sensor(hass, entity.entity_id, 1, "kWh")
    mock_integration(hass, MockModule("cloudy"))
    read_home(hass)
    entry = await add_site(site(entity.entity_id))
    assert [each.key for each in entry.runtime_data.forecast.data.problems] == ["pv_forecast_rows_missing"]
