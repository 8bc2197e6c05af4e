"""What a roof has produced is learned from the recorder, beside the weather of those hours."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.ems.adapters import solar_history
from custom_components.ems.adapters.solar_history import async_learned_solar, untaught_solar
from custom_components.ems.adapters.weather import WeatherProblemError, async_fetch_past_weather
from custom_components.ems.engine.forecast.weather import Weather
from custom_components.ems.engine.steps import Steps, even_steps
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.sites import Site, subentry_id

DAYS = 30


@pytest.fixture
async def sunny_entry(
    recorder_mock: Any, hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> MockConfigEntry:
    """Return the demo home beside a recorder."""
    await settle(hass)
    entry = await add_site(demo_site)
    await async_wait_recording_done(hass)
    return entry


def sensor(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> str:
    """Return the entity of the roof that goes by a key."""
    unique_id = f"{subentry_id(entry, 'pv')}_{key}"
    entity_id = er.async_get(hass).async_get_entity_id("sensor", "ems", unique_id)
    assert entity_id is not None
    return entity_id


def full_hours(days: int) -> Steps:
    """Return the full hours of the last days."""
    end = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    return even_steps((end - timedelta(days=days)).timestamp(), 24 * days, 60)


async def record(hass: HomeAssistant, entity_id: str, starts: list[datetime], kw: Any) -> None:
    """Let the recorder hold hourly means."""
    meta: Any = {
        "mean_type": StatisticMeanType.ARITHMETIC,
        "has_sum": False,
        "name": None,
        "source": "recorder",
        "statistic_id": entity_id,
        "unit_class": "power",
        "unit_of_measurement": "W",
    }
    rows: Any = [
        {"start": start, "mean": watts, "min": watts, "max": watts}
        for start, watts in zip(
            starts, (1000 * np.asarray(kw)).tolist(), strict=True
        )  # PostgreSQL wants floats
    ]
    async_import_statistics(hass, meta, rows)
    await async_wait_recording_done(hass)


async def production(hass: HomeAssistant, entry: MockConfigEntry, steps: Steps) -> np.ndarray:
    """Return what the physics says for the weather that the demo's service tells of the past."""
    weather = await async_fetch_past_weather(hass, entry.data["weather"])
    assert weather is not None
    roof = untaught_solar(hass, entry)[subentry_id(entry, "pv")]
    return roof.forecast(steps.edges_s[0], steps, weather).mean


async def test_set_up_learns_what_the_roof_did_in_the_last_weeks(
    hass: HomeAssistant, sunny_entry: MockConfigEntry
) -> None:
    """Six tenths of what the physics says, for a month: the plan then expects six tenths."""
    steps, roof = full_hours(DAYS), subentry_id(sunny_entry, "pv")
    usual = sunny_entry.runtime_data.plan.data.outlook.pv[roof].mean.sum()
    coordinator = sunny_entry.runtime_data.forecast
    assert coordinator.data.solar[roof].hours_learned == 0
    kw = 0.6 * await production(hass, sunny_entry, steps)
    await record(hass, sensor(hass, sunny_entry, "power"), steps.starts, kw)
    await coordinator.async_refresh()
    learned = coordinator.data.solar[roof]
    assert learned.hours_learned > 6 * DAYS
    assert learned.factor == pytest.approx(0.6, abs=0.02)
    await sunny_entry.runtime_data.plan.async_plan()
    now = sunny_entry.runtime_data.plan.data.outlook.pv[roof].mean.sum()
    assert now == pytest.approx(0.6 * usual, rel=0.1)


async def test_afterwards_only_new_hours_are_learned_and_plans_keep_their_forecaster(
    hass: HomeAssistant, sunny_entry: MockConfigEntry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three months of weather are asked for once."""
    steps, roof = full_hours(DAYS), subentry_id(sunny_entry, "pv")
    power = sensor(hass, sunny_entry, "power")
    kw = await production(hass, sunny_entry, steps)
    await record(hass, power, steps.starts, kw)
    coordinator = sunny_entry.runtime_data.forecast
    await coordinator.async_refresh()
    first = coordinator.data.solar[roof]
    hours = first.hours_learned
    asked: list[str] = []

    async def again(*_: Any) -> Weather:
        asked.append("past weather")
        raise WeatherProblemError("too often")

    monkeypatch.setattr(solar_history, "async_fetch_past_weather", again)
    await coordinator.async_refresh()
    assert coordinator.data.solar[roof] is first
    await clock.tick(hass, 3600)
    last = full_hours(1)
    await record(hass, power, last.starts[-1:], [0.5])
    await coordinator.async_refresh()
    second = coordinator.data.solar[roof]
    assert second.hours_learned == hours + 1
    assert first.hours_learned == hours
    assert second.learned_until_s == last.edges_s[-1]
    assert not asked


async def test_hours_in_which_the_plan_held_the_roof_back_do_not_teach(
    hass: HomeAssistant, sunny_entry: MockConfigEntry, clock: Clock
) -> None:
    """Nor any before the oldest state: where a roof is held back at times, nobody knows when it was."""
    roof, mode = subentry_id(sunny_entry, "pv"), sensor(hass, sunny_entry, "planned_mode")
    steps = full_hours(2)
    await record(hass, sensor(hass, sunny_entry, "power"), steps.starts, np.ones(48))
    free = await solar_history._async_production(hass, roof, timedelta(days=3))
    assert np.isfinite(free[1]).all()
    await hass.config_entries.async_unload(sunny_entry.entry_id)  # the plan has a mode of its own to say
    hass.states.async_set(mode, "limit")
    await async_wait_recording_done(hass)
    await clock.tick(hass, 2 * 3600)
    hass.states.async_set(mode, "automatic")
    await async_wait_recording_done(hass)
    later = full_hours(1)
    await record(hass, sensor(hass, sunny_entry, "power"), later.starts[-2:], np.ones(2))
    starts_s, held = await solar_history._async_production(hass, roof, timedelta(days=3))
    assert len(starts_s) == 50
    assert np.isnan(held).all()


async def test_while_the_weather_service_is_silent_nothing_is_learned_and_nothing_lost(
    hass: HomeAssistant, sunny_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next refresh tries again."""
    steps, roof = full_hours(DAYS), subentry_id(sunny_entry, "pv")
    await record(hass, sensor(hass, sunny_entry, "power"), steps.starts, np.ones(24 * DAYS))
    weather = sunny_entry.runtime_data.forecast.data.weather

    async def silent(*_: Any) -> Weather:
        raise WeatherProblemError("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(solar_history, "async_fetch_past_weather", silent)
        found = await async_learned_solar(hass, sunny_entry, {}, weather)
    assert found[roof].hours_learned == 0
    found = await async_learned_solar(hass, sunny_entry, found, weather)
    assert found[roof].hours_learned > 0


async def test_a_roof_that_was_changed_begins_anew(hass: HomeAssistant, sunny_entry: MockConfigEntry) -> None:
    """What steeper modules did says little about flat ones."""
    steps, roof = full_hours(DAYS), subentry_id(sunny_entry, "pv")
    await record(hass, sensor(hass, sunny_entry, "power"), steps.starts, np.ones(24 * DAYS))
    first = await async_learned_solar(hass, sunny_entry, {}, None)
    subentry = sunny_entry.subentries[roof]
    params = {**subentry.data["params"], "tilt_deg": 5.0}
    hass.config_entries.async_update_subentry(sunny_entry, subentry, data={**subentry.data, "params": params})
    second = await async_learned_solar(hass, sunny_entry, first, None)
    assert second[roof].panels.planes[0].tilt_deg == 5.0
    assert not second[roof].is_for(first[roof])
    await settle(hass)
