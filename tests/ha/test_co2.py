"""How clean the grid is: chosen, fetched or noted, kept, estimated where nobody says, and put to the planner."""

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.sources import energy_charts
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, change_home
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import entity_device, home_of_entities
from tests.sources.conftest import Service

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
ENTITY = "sensor.co2"


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch, sockets: None) -> AsyncIterator[Service]:
    """Stand in for Energy-Charts, over a real socket."""
    script = Service()
    app = web.Application()
    app.router.add_get("/{tail:.*}", script.answer)
    async with TestServer(app) as server:
        script.base_url = str(server.make_url("")).rstrip("/")
        monkeypatch.setattr(energy_charts, "BASE_URL", script.base_url)
        yield script


def a_day() -> dict[str, Any]:
    """Return an answer: 500 g/kWh until noon, as measured, then 100, as forecast."""
    start = dt_util.start_of_local_day().timestamp()
    starts = [start + 900 * i for i in range(96)]
    return {
        "unix_seconds": starts,
        "co2eq": [500] * 48 + [None] * 48,
        "co2eq_forecast": [None] * 48 + [100] * 48,
    }


@pytest.fixture
async def entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """A home that has never heard of CO₂."""
    read_home(hass)
    return await add_site(home_of_entities(GRID))


async def at_co2(hass: HomeAssistant, entry: MockConfigEntry) -> Flow:
    """Go as far as the form."""
    return await (await change_home(hass, entry)).choose("co2")


def series(entry: MockConfigEntry) -> Any:
    """Return what the planner is told."""
    return entry.runtime_data.plan.data.outlook.problem.co2_g_per_kwh


async def test_a_home_that_was_not_asked_has_none(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """And may say so itself."""
    assert series(entry) is None
    flow = await at_co2(hass, entry)
    await flow.submit(kind="none")
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert entry.runtime_data.plan.data.status == "ok"


async def test_a_country_is_asked_before_it_is_saved_and_reaches_the_planner(
    hass: HomeAssistant, entry: MockConfigEntry, service: Service, clock: Clock
) -> None:
    """The rest of the horizon is estimated by the shape of a day; a service that fails later changes nothing."""
    service.will(a_day())
    flow = await at_co2(hass, entry)
    await flow.submit(kind="energy_charts", country="AT")
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert dict(entry.data["co2"]) == {"kind": "energy_charts", "country": "AT"}
    found = series(entry)
    assert found[0] == 100
    hours = entry.runtime_data.plan.data.outlook.problem.steps.starts_s
    at = [dt_util.as_local(dt_util.utc_from_timestamp(start)) for start in hours]
    tomorrow = np.array([when.day == 16 for when in at])
    morning = np.array([when.hour < 12 for when in at])
    assert found[tomorrow & morning].min() > found[tomorrow & ~morning].max()
    service.answers.clear()
    service.will("", 503)
    await clock.tick(hass, 3601)
    problems = [problem.key for problem in entry.runtime_data.forecast.data.problems]
    assert problems == ["co2_unreachable"]
    await entry.runtime_data.plan.async_plan()
    assert series(entry)[0] == 100


async def test_the_series_survives_a_restart(
    hass: HomeAssistant, entry: MockConfigEntry, service: Service, hass_storage: dict[str, Any]
) -> None:
    """And goes with the home."""
    service.will(a_day())
    await (await at_co2(hass, entry)).submit(kind="energy_charts", country="AT")
    await settle(hass)
    asked = len(service.asked)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert len(service.asked) == asked
    assert series(entry)[0] == 100
    assert f"ems.{entry.entry_id}.co2" in hass_storage
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert f"ems.{entry.entry_id}.co2" not in hass_storage


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"kind": "energy_charts"}, {"country": "co2_country_missing"}),
        ({"kind": "entity"}, {"entity_id": "co2_entity_id_missing"}),
        ({"kind": "entity", "entity_id": ENTITY}, {"entity_id": "co2_entity_unavailable"}),
        ({"kind": "entity", "entity_id": "sensor.soc"}, {"entity_id": "co2_unit_unknown"}),
    ],
)
async def test_a_choice_that_says_nothing_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, given: dict[str, Any], errors: dict[str, str]
) -> None:
    """With the field that is to blame."""
    flow = await at_co2(hass, entry)
    await flow.submit(**given)
    assert flow.errors == errors


@pytest.mark.parametrize(
    ("answer", "errors"),
    [(("", 503), {"base": "co2_unreachable"}), (({"unix_seconds": []},), {"country": "co2_empty"})],
)
async def test_a_country_of_which_nobody_says_anything_is_refused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    service: Service,
    answer: tuple[Any, ...],
    errors: dict[str, str],
) -> None:
    """Or a service that is down."""
    service.will(*answer)
    flow = await at_co2(hass, entry)
    await flow.submit(kind="energy_charts", country="AT")
    assert flow.errors == errors


@pytest.mark.parametrize(("value", "unit"), [(250, "gCO2eq/kWh"), (250, "g/kWh"), (250, "kg/MWh")])
async def test_an_entity_that_only_knows_now_is_noted(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, value: float, unit: str
) -> None:
    """After some hours the series holds them; unavailable, what was noted stays."""
    set_sensor(hass, ENTITY, value, unit)
    await (await at_co2(hass, entry)).submit(kind="entity", entity_id=ENTITY)
    await settle(hass)
    assert series(entry)[0] == pytest.approx(250)
    assert np.ptp(series(entry)) == 0
    set_sensor(hass, ENTITY, 2 * value, unit)
    await clock.tick(hass, 901)
    known = entry.runtime_data.forecast.data.co2
    assert known.price_per_kwh.tolist() == [250, 500]
    hass.states.async_set(ENTITY, "unavailable")
    await clock.tick(hass, 901)
    assert [each.key for each in entry.runtime_data.forecast.data.problems] == ["co2_entity_unavailable"]
    assert entry.runtime_data.forecast.data.co2 is known
