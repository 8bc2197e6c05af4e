"""Learning in life: the first day, the night, what came since, and what survives a restart."""

from datetime import datetime, timedelta
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from sqlalchemy.exc import OperationalError

from custom_components.ems.adapters import history
from custom_components.ems.adapters.forecast_store import ForecastStore
from custom_components.ems.adapters.solar_memory import keep_solar
from custom_components.ems.coordinators import forecast as forecasting
from custom_components.ems.engine.forecast.solar import SolarForecaster
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.flows import change_home
from tests.ha.foreign import read_home, set_sensor
from tests.ha.recorded import full_hours, record
from tests.ha.sites import Site, entity_device, home_of_entities, subentry_id

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
LOAD = "sensor.home_base_consumption"


def evening(local: datetime) -> float:
    """Return 2 kW at seven in the evening and 200 W else. [W]."""
    return 2000.0 if local.hour == 19 else 200.0


@pytest.fixture
async def home_entry(recorder_mock: Any, hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home of one meter beside a recorder."""
    await settle(hass)
    read_home(hass)
    set_sensor(hass, "sensor.grid", 500, "W")
    entry = await add_site(home_of_entities(GRID))
    await async_wait_recording_done(hass)
    return entry


def expected_kw(entry: MockConfigEntry, hour: int) -> float:
    """Return what the plan expects at an hour of the local clock. [kW]."""
    load = entry.runtime_data.plan.data.outlook.load
    hours = [dt_util.as_local(start).hour for start in load.steps.starts]
    return float(np.mean([kw for at, kw in zip(hours, load.mean, strict=True) if at == hour]))


async def test_the_first_day_stands_on_the_answer_of_the_set_up(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Twice the consumption of a year is twice the forecast, and both say that nothing was learned."""
    read_home(hass)
    set_sensor(hass, "sensor.grid", 500, "W")
    means = []
    for told in (2000.0, 4000.0):
        site = home_of_entities(GRID)
        site.data["grid"]["annual_kwh"] = told
        site.unique_id = f"site:{told}"
        entry = await add_site(site)
        outlook = entry.runtime_data.plan.data.outlook
        assert outlook.load.basis == "prior"
        means.append(outlook.load.mean.sum())
    assert means[1] == pytest.approx(2 * means[0])


async def test_the_form_asks_for_the_consumption_and_keeps_it(hass: HomeAssistant, add_site: AddSite) -> None:
    """It may be left out, and be told later under Reconfigure."""
    read_home(hass)
    set_sensor(hass, "sensor.grid", 500, "W")
    entry = await add_site(home_of_entities(GRID))
    assert "annual_kwh" not in entry.data["grid"]
    flow = await (await change_home(hass, entry)).choose("grid")
    await flow.submit(phases="3", fuse_a=25, annual_kwh=5200)
    await settle(hass)
    assert entry.data["grid"]["annual_kwh"] == 5200.0
    flow = await (await change_home(hass, entry)).choose("grid")
    assert flow.suggested["annual_kwh"] == 5200.0
    await flow.submit(phases="3", fuse_a=25)
    await settle(hass)
    assert "annual_kwh" not in entry.data["grid"]


async def test_set_up_learns_all_that_the_recorder_knows(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """A home that was uninstalled and added again knows its two months at once."""
    await record(hass, LOAD, full_hours(60), evening)
    home_entry.runtime_data.forecasts.refuse_model("load", "forgotten by this test")
    assert await hass.config_entries.async_unload(home_entry.entry_id)
    await ForecastStore(hass, home_entry.entry_id).async_remove()
    assert await hass.config_entries.async_setup(home_entry.entry_id)
    await settle(hass)
    learning = home_entry.runtime_data.forecast.data.learning
    assert learning.basis == "learned"
    assert learning.days == 59  # and two halves
    assert learning.reasons == ()
    assert expected_kw(home_entry, 19) > 1.2
    assert expected_kw(home_entry, 3) < 0.4


async def test_in_between_only_new_hours_are_read(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year of rows every quarter of an hour would keep the database busy for nothing."""
    await record(hass, LOAD, full_hours(20), evening)
    coordinator = home_entry.runtime_data.forecast
    await coordinator.async_refresh()
    first = coordinator.data.learning
    spans: list[timedelta] = []
    original = history._query_hours

    def counted(hass_: Any, entity_id: str, start: datetime, end: datetime) -> Any:
        spans.append(end - start)
        return original(hass_, entity_id, start, end)

    monkeypatch.setattr(history, "_query_hours", counted)
    await clock.tick(hass, 3600)
    await record(hass, LOAD, full_hours(1 / 24), evening)
    spans.clear()
    await coordinator.async_refresh()
    assert max(spans) < timedelta(hours=5)
    assert coordinator.data.learning.until_s == first.until_s + 3600
    # What was handed to plans before stays as it was.
    assert coordinator.data.learning.load is not first.load


async def test_every_night_everything_is_learned_anew(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between three and four by the local clock, once; hours that were corrected count from then on."""
    trained: list[datetime] = []
    original = forecasting.async_train

    async def counted(*args: Any) -> Any:
        trained.append(dt_util.now())
        return await original(*args)

    monkeypatch.setattr(forecasting, "async_train", counted)
    await record(hass, LOAD, full_hours(20), evening)
    await clock.move_to(hass, "2026-06-16T02:59:00+02:00")
    assert trained == []
    for minute in range(62):
        await clock.move_to(hass, f"2026-06-16T{3 + minute // 60:02d}:{minute % 60:02d}:40+02:00")
    assert len(trained) == 1
    assert trained[0].hour == 3
    assert home_entry.runtime_data.forecast.data.learning.days == 19


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2027-03-28T01:50:00+01:00", "2027-03-28T04:10:00+02:00"),  # the night of 23 hours
        ("2026-10-25T02:50:00+01:00", "2026-10-25T04:10:00+01:00"),  # the night of 25 hours
    ],
)
async def test_nights_of_a_clock_change_train_once(
    hass: HomeAssistant,
    home_entry: MockConfigEntry,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    after: str,
) -> None:
    """Neither left out nor twice."""
    await clock.move_to(hass, before)
    trained: list[datetime] = []
    original = forecasting.async_train

    async def counted(*args: Any) -> Any:
        trained.append(dt_util.now())
        return await original(*args)

    monkeypatch.setattr(forecasting, "async_train", counted)
    while dt_util.now() < datetime.fromisoformat(after):
        await clock.tick(hass, 600)
    assert len(trained) == 1
    assert trained[0].hour in (3, 4)  # ticks are ten minutes wide


async def test_a_restart_loses_nothing(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock
) -> None:
    """Neither what was learned nor what was forecast, even where the recorder has been emptied meanwhile."""
    await record(hass, LOAD, full_hours(20), evening)
    await home_entry.runtime_data.forecast.async_refresh()
    await home_entry.runtime_data.plan.async_plan()
    before = home_entry.runtime_data
    assert before.forecast.data.learning.basis == "learned"
    assert await hass.config_entries.async_unload(home_entry.entry_id)
    assert await hass.config_entries.async_setup(home_entry.entry_id)
    after = home_entry.runtime_data
    assert after is not before
    # Restored before the first refresh, so that the very first plan stands on it.
    assert (
        after.forecast.data.learning.state()["forecaster"]
        == before.forecast.data.learning.state()["forecaster"]
    )
    assert after.forecasts.archives["load"].state() == before.forecasts.archives["load"].state()
    assert len(after.forecasts.archives["load"].truth()[0]) == 20 * 24
    await settle(hass)
    assert after.forecast.data.learning.basis == "learned"


async def test_a_database_that_was_emptied_does_not_cost_what_was_learned(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """The archive remembers sixty days itself, and the next night learns from them."""
    await record(hass, LOAD, full_hours(20), evening)
    coordinator = home_entry.runtime_data.forecast
    await coordinator.async_refresh()
    get_instance(hass).async_clear_statistics([LOAD])
    await async_wait_recording_done(hass)
    coordinator._must_train = True
    await coordinator.async_refresh()
    assert coordinator.data.learning.basis == "learned"
    await home_entry.runtime_data.plan.async_plan()
    assert expected_kw(home_entry, 19) > 1.0


async def test_a_training_that_failed_is_tried_again(
    hass: HomeAssistant, home_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it worked, and whatever part of it failed."""
    coordinator = home_entry.runtime_data.forecast
    await record(hass, LOAD, full_hours(20), evening)
    trained: list[str] = []
    original = forecasting.async_train

    async def counted(*args: Any) -> Any:
        trained.append("night")
        return await original(*args)

    async def locked(*_: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    monkeypatch.setattr(forecasting, "async_train", counted)
    with monkeypatch.context() as patched:
        patched.setattr(forecasting, "async_production", locked)
        coordinator._must_train = True
        await coordinator.async_refresh()
    assert "history_unreadable" in {problem.key for problem in coordinator.data.problems}
    for _ in range(2):
        await coordinator.async_refresh()
    assert trained == ["night", "night"]
    assert coordinator.data.learning.days == 19


@pytest.mark.parametrize(
    "stored",
    [
        {"version": 1, "minor_version": 1, "data": {"load": {"schema": 99}}},
        {"version": 1, "minor_version": 1, "data": {"load": None}},
        {"version": 1, "minor_version": 1, "data": ["nonsense"]},
        {"version": 0, "minor_version": 1, "data": {"load": {}}},  # older
        {"version": 7, "minor_version": 1, "data": {}},  # newer: somebody went back
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_and_nothing_stops(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    add_site: AddSite,
    caplog: pytest.LogCaptureFixture,
    stored: dict[str, Any],
) -> None:
    """One line per file, a home that plans, and a file that is whole the next time."""
    read_home(hass)
    set_sensor(hass, "sensor.grid", 500, "W")
    entry_id = "01JZZZZZZZZZZZZZZZZZZZZZZZ"
    for name in ("models", "archive"):
        key = f"ems.{entry_id}.{name}"
        hass_storage[key] = {"key": key, **stored}
    site = home_of_entities(GRID)
    entry = site.entry("ems")
    object.__setattr__(entry, "entry_id", entry_id)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry_id)
    await settle(hass)
    refused = [record_.getMessage() for record_ in caplog.records if "begun anew" in record_.getMessage()]
    if stored["data"]:
        assert 1 <= len(refused) <= 2
    assert entry.runtime_data.plan.data.outlook is not None
    assert await hass.config_entries.async_unload(entry_id)
    await settle(hass)


async def test_watts_in_the_statistics_are_said_and_mended(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """Recorded as kW, meant as W; with a hole, a spike and a reset."""
    hours = full_hours(20)
    odd = {hours[30]: None, hours[40]: 9e9, hours[50]: -4000.0}

    def wrong(local: datetime) -> float | None:
        at = dt_util.as_utc(local)
        return odd[at] if at in odd else evening(local)

    await record(hass, LOAD, hours, wrong, unit="kW")
    coordinator = home_entry.runtime_data.forecast
    coordinator._must_train = True
    await coordinator.async_refresh()
    found = coordinator.data.learning
    assert {reason.key: reason.placeholders["hours"] for reason in found.reasons} == {
        "history_in_watts": 20 * 24 - 3,
        "history_holes": 1,
        "history_spikes": 1,
        "history_resets": 1,
    }
    await home_entry.runtime_data.plan.async_plan()
    assert expected_kw(home_entry, 3) < 0.5


async def test_a_device_that_goes_takes_its_file_with_the_home(
    hass: HomeAssistant, home_entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    """Nothing is left behind."""
    await record(hass, LOAD, full_hours(2), evening)
    await home_entry.runtime_data.forecast.async_refresh()
    assert await hass.config_entries.async_unload(home_entry.entry_id)
    assert {key for key in hass_storage if key.startswith("ems.")} >= {f"ems.{home_entry.entry_id}.models"}
    assert await hass.config_entries.async_remove(home_entry.entry_id)
    assert [key for key in hass_storage if key.startswith("ems.")] == []


async def test_days_of_a_clock_change_are_learned_by_the_local_clock(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock
) -> None:
    """Dinner stays at seven on the day of 25 hours and after it."""
    await clock.move_to(hass, "2026-10-26T12:00:30+01:00")
    await record(hass, LOAD, full_hours(20), evening)
    coordinator = home_entry.runtime_data.forecast
    coordinator._must_train = True
    await coordinator.async_refresh()
    await home_entry.runtime_data.plan.async_plan()
    assert expected_kw(home_entry, 19) > 1.0
    assert expected_kw(home_entry, 17) < 0.5
    assert coordinator.data.learning.days == 19


async def test_what_an_array_has_taught_survives_a_restart(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite
) -> None:
    """As long as it is the same roof: with other modules it is begun anew."""
    entry = await add_site(demo_site)
    array_id = subentry_id(entry, "pv")
    coordinator = entry.runtime_data.forecast
    inputs = entry.runtime_data.plan._collect()
    taught = SolarForecaster(inputs.site.pvs[0], inputs.place)
    starts_s = inputs.weather.starts_s
    taught.learn(starts_s, np.full(len(starts_s), 0.5), inputs.weather, interval_s=3600.0)
    untaught = entry.runtime_data.forecast.data.solar.get(array_id)
    assert untaught is None or untaught.state() != taught.state()
    keep_solar(hass, entry, entry.runtime_data.forecasts, {}, {array_id: taught})
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.runtime_data.forecast.data.solar[array_id].state() == taught.state()
    await settle(hass)
    roof = entry.runtime_data.plan.data.outlook.pv[array_id]
    by_physics = SolarForecaster(inputs.site.pvs[0], inputs.place)
    outside = entry.runtime_data.plan._collect()
    assert roof.mean.sum() != pytest.approx(
        by_physics.forecast(roof.issued_at_s, roof.steps, outside.weather).mean.sum(), rel=0.02
    )
    array = entry.subentries[array_id]
    other = {**array.data, "params": {**array.data["params"], "tilt_deg": 80}}
    hass.config_entries.async_update_subentry(entry, array, data=other)
    await settle(hass)
    assert entry.runtime_data.forecast is not coordinator
    found = entry.runtime_data.forecast.data.solar.get(array_id)
    assert found is None or found.state() != taught.state()
