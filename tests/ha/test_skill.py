"""Skill in life: issued every hour, compared with what came, shown, answered, and acted upon."""

from datetime import datetime, timedelta
import math

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import numpy as np
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.engine.forecast.archive import LEADS, Archive, hourly_steps
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.plan.result import PlanStatus
from tests.ha.clock import Clock, settle
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import PV_PARAMS, Site, entity_device, home_of_entities
from tests.ha.test_actions import act

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
ROOF = entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.roof")


def hour_now() -> int:
    """Return the running hour since the epoch."""
    return int(dt_util.utcnow().timestamp() // 3600)


def fill(archive: Archive, days: int, error: float, *, seed: int = 1, odd_from: int | None = None) -> None:
    """Fill an archive with forecasts that are off by an error, beside a truth that is different every day."""
    rng, now = np.random.default_rng(seed), hour_now()
    first = now - days * 24
    truth = rng.uniform(0.4, 0.6, (days + 2) * 24 + LEADS)
    if odd_from is not None:
        truth[days * 24 + 48 - odd_from : days * 24 + 48] = 5.0
    known = (days + 2) * 24
    archive.add_truth(3600.0 * (first - 48 + np.arange(known)), truth[:known])
    expected = np.where(truth > 1, 0.5, truth)
    for hour in range(days * 24):
        mean = expected[hour + 48 : hour + 48 + LEADS] + error
        archive.add(
            Forecast(
                issued_at_s=3600.0 * (first + hour),
                steps=hourly_steps(first + hour),
                mean=mean,
                p10=mean - 0.2,
                p50=mean,
                p90=mean + 0.2,
                basis="test",
            )
        )


@pytest.fixture
async def home_entry(hass: HomeAssistant, add_site: AddSite) -> MockConfigEntry:
    """Return a home with a meter and a roof."""
    read_home(hass)
    set_sensor(hass, "sensor.grid", 500, "W")
    set_sensor(hass, "sensor.roof", 0, "W")
    return await add_site(home_of_entities(GRID, ROOF))


async def test_every_hour_one_forecast_is_archived(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock
) -> None:
    """One per hour and series, issued with what was known at the full hour; a fixed price needs none."""
    archives = home_entry.runtime_data.forecasts.archives
    await settle(hass)  # the first forecast is issued beside the first plan
    assert {name: len(archive) for name, archive in archives.items()} == {"load": 1, "pv": 1, "price": 0}
    for _ in range(12):
        await clock.tick(hass, 15 * 60)
    await clock.tick(hass, 60)  # refreshes drift by a few milliseconds each
    assert {name: len(archive) for name, archive in archives.items()} == {"load": 4, "pv": 4, "price": 0}
    hours, table = archives["load"].issues()
    assert hours.tolist() == list(range(hour_now() - 3, hour_now() + 1))
    assert np.all(np.isfinite(table))


async def test_estimated_prices_are_archived_and_published_ones_are_their_truth(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, clock: Clock
) -> None:
    """At noon tomorrow is an estimate; a day later it is known, and the estimate has a score."""
    entry = await add_site(demo_site)
    archive = entry.runtime_data.forecasts.archives["price"]
    first = archive.issue(hour_now())
    assert first is not None
    assert np.isnan(first[0, :6]).all()  # until midnight the market has spoken
    assert np.isfinite(first[0, 24:]).all()
    for _ in range(26):
        await clock.tick(hass, 3600)
    scores = entry.runtime_data.skill.data.scores["price"]
    assert scores["0_24h"].hours > 5
    assert scores["0_24h"].coverage is None  # estimates have no band
    assert float(hass.states.get("sensor.demo_home_price_estimate_skill").state) <= 100


async def test_skill_is_shown_and_answered_by_lead_time(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """The same numbers in the entity and in the action, units in the keys."""
    fill(home_entry.runtime_data.forecasts.archives["load"], 20, 0.05)
    await home_entry.runtime_data.skill.async_refresh()
    await settle(hass)
    state = hass.states.get("sensor.home_consumption_forecast_skill")
    assert 10 < float(state.state) < 60
    assert state.attributes["used"] == "model"
    assert state.attributes["bias_kw"] == pytest.approx(0.05, abs=0.01)
    assert set(state.attributes["by_lead"]) == {"0_6h", "6_24h", "24_48h"}
    answer = await act(hass, "get_forecast")
    assert set(answer["skill"]["load"]) == {"0_24h", "0_6h", "6_24h", "24_48h"}
    assert answer["skill"]["load"]["0_24h"]["mae_kw"] == state.attributes["mae_kw"]
    assert answer["skill"]["load"]["0_24h"]["coverage_pct"] == 100
    assert answer["skill"]["pv"] == {}
    for key in answer["skill"]["load"]["0_24h"]:
        assert key in ("hours", "days") or key.endswith(("_kw", "_pct"))


async def test_the_action_answers_what_is_asked_for(hass: HomeAssistant, home_entry: MockConfigEntry) -> None:
    """Series and horizon; the net is load less sun; errors name the field."""
    answer = await act(hass, "get_forecast", series=["load", "pv", "net"], horizon=6)
    assert set(answer) == {"currency", "load", "pv", "net", "skill"}
    (roof,) = answer["pv"].values()
    for load, sun, net in zip(answer["load"]["steps"], roof["steps"], answer["net"]["steps"], strict=True):
        assert net["mean_kw"] == pytest.approx(load["mean_kw"] - sun["mean_kw"], abs=1e-4)
        assert net["p10_kw"] <= net["mean_kw"] <= net["p90_kw"]
    reach = datetime.fromisoformat(net["end"]) - datetime.fromisoformat(answer["net"]["steps"][0]["start"])
    assert timedelta(hours=6) <= reach < timedelta(hours=7)
    assert set(await act(hass, "get_forecast", series="prices")) == {"currency", "prices", "skill"}
    for field, wrong in (("series", ["wind"]), ("series", []), ("horizon", 0), ("horizon", math.nan)):
        with pytest.raises((probatio.Invalid, ServiceValidationError), match=field):
            await act(hass, "get_forecast", **{field: wrong})


async def test_a_forecaster_that_loses_is_not_used_and_comes_back(
    hass: HomeAssistant, home_entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Worse than yesterday for three weeks: the plan says as yesterday, says so, and trusts again later."""
    data = home_entry.runtime_data
    fill(data.forecasts.archives["load"], 21, 1.0)
    await data.skill.async_refresh()
    state = await data.plan.async_plan()
    await settle(hass)
    assert state.outlook.load.basis == "persistence"
    assert state.outlook.load.mean[20:].max() < 0.7  # not 1.5
    assert state.status is PlanStatus.DEGRADED
    assert "worse than saying as yesterday" in hass.states.get("sensor.home_plan_status").attributes["reason"]
    assert hass.states.get("sensor.home_consumption_forecast_skill").attributes["used"] == "yesterday"
    assert caplog.text.count("load_forecast_loses") == 1
    # The model is issued all the same, or it could never win again.
    assert data.forecasts.archives["load"].issue(hour_now())[0].max() < 10
    data.forecasts.archives["load"].restore(Archive().state())
    fill(data.forecasts.archives["load"], 21, 0.01)
    await data.skill.async_refresh()
    state = await data.plan.async_plan()
    assert state.outlook.load.basis == "prior"
    assert "load_forecast_loses" not in {reason.key for reason in state.reasons}


async def test_what_lost_before_a_restart_is_not_used_after_it(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """Judged from the file, before the first plan."""
    data = home_entry.runtime_data
    fill(data.forecasts.archives["load"], 21, 1.0)
    data.forecasts.archive_changed()
    assert await hass.config_entries.async_unload(home_entry.entry_id)
    assert await hass.config_entries.async_setup(home_entry.entry_id)
    assert "load" in home_entry.runtime_data.skill.data.instead
    await settle(hass)
    assert home_entry.runtime_data.plan.data.outlook.load.basis == "persistence"


async def test_a_roof_that_loses_to_yesterday_is_planned_as_yesterday(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """The whole of it, shared out by what physics gives each array."""
    data = home_entry.runtime_data
    fill(data.forecasts.archives["pv"], 21, 1.0)
    await data.skill.async_refresh()
    state = await data.plan.async_plan()
    (roof,) = state.outlook.pv.values()
    assert roof.basis == "persistence"
    assert 0.3 < roof.mean.min() <= roof.mean.max() < 0.7
    assert "pv_forecast_loses" in {reason.key for reason in state.reasons}


async def test_scenarios_use_the_archive_once_it_is_old_enough(
    hass: HomeAssistant, home_entry: MockConfigEntry
) -> None:
    """Four weeks; younger, the band is all there is."""
    data = home_entry.runtime_data
    fill(data.forecasts.archives["pv"], 20, 0.01)
    await data.skill.async_refresh()
    assert data.skill.data.places is None
    fill(data.forecasts.archives["pv"], 32, 0.01)
    await data.skill.async_refresh()
    assert data.plan._collect().places is data.skill.data.places is not None


async def test_unusual_consumption_is_told(hass: HomeAssistant, home_entry: MockConfigEntry) -> None:
    """5 kW for four hours where 0.5 kW were expected; a usual day is not."""
    archive = home_entry.runtime_data.forecasts.archives["load"]
    entity_id = "binary_sensor.home_unusual_consumption"
    await settle(hass)
    assert hass.states.get(entity_id).state == "unknown"
    fill(archive, 5, 0.0)
    await home_entry.runtime_data.skill.async_refresh()
    assert hass.states.get(entity_id).state == "off"
    fill(archive, 5, 0.0, odd_from=4)
    await home_entry.runtime_data.skill.async_refresh()
    state = hass.states.get(entity_id)
    assert state.state == "on"
    assert (state.attributes["direction"], state.attributes["hours"]) == ("high", 4)
    assert state.attributes["measured_kw"] == 5.0
    assert state.attributes["p90_kw"] < 1


async def test_quality_falls_when_a_source_falls_silent(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, clock: Clock
) -> None:
    """Prices and weather of the demo home are whole; without their server they age."""
    entry = await add_site(demo_site)
    await entry.runtime_data.skill.async_refresh()
    quality = entry.runtime_data.skill.data.quality
    assert quality["prices"].score_pct == 100
    assert quality["weather"].score_pct > 99
    entry.runtime_data.forecast.data = type(entry.runtime_data.forecast.data)(
        learning=entry.runtime_data.forecast.data.learning
    )
    await entry.runtime_data.skill.async_refresh()
    quality = entry.runtime_data.skill.data.quality
    assert (quality["prices"].score_pct, quality["weather"].score_pct) == (0, 0)


async def test_the_history_has_a_quality(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock
) -> None:
    """Half of the hours since the home was added."""
    archive = home_entry.runtime_data.forecasts.archives["load"]
    await clock.tick(hass, 24 * 3600)
    hours = np.arange(hour_now() - 24, hour_now())
    archive.add_truth(3600.0 * hours[::2], np.ones(12))
    await home_entry.runtime_data.skill.async_refresh()
    await settle(hass)
    state = hass.states.get("sensor.home_quality_of_the_consumption_history")
    assert 40 < float(state.state) < 60
    assert state.attributes["gaps"] > 8


async def test_the_outlook_is_that_of_the_forecasts(hass: HomeAssistant, home_entry: MockConfigEntry) -> None:
    """A June noon: surplus now, the peak in the evening or in the night, the course not recorded."""
    net = hass.states.get("sensor.home_net_demand_forecast_now")
    assert float(net.state) == pytest.approx(net.attributes["forecast"][0]["mean_kw"], abs=1e-3)
    peak = datetime.fromisoformat(hass.states.get("sensor.home_next_peak").state)
    assert peak > dt_util.utcnow()
    assert dt_util.as_local(peak).hour not in range(10, 16)
    power = float(hass.states.get("sensor.home_next_peak_power").state)
    assert power == pytest.approx(hass.states.get("sensor.home_next_peak").attributes["power_kw"])
    surplus = hass.states.get("sensor.home_next_surplus")
    assert datetime.fromisoformat(surplus.state) <= dt_util.utcnow()
    assert (
        surplus.attributes["energy_kwh"]
        == float(hass.states.get("sensor.home_next_surplus_energy").state)
        > 5
    )


async def test_a_surplus_keeps_its_beginning_while_it_runs(
    hass: HomeAssistant, home_entry: MockConfigEntry, clock: Clock
) -> None:
    """Each plan begins it anew; people want to know since when."""
    first = hass.states.get("sensor.home_next_surplus").state
    await clock.live(hass, 900, step_s=100)
    assert (
        home_entry.runtime_data.plan.data.outlook.plan.created_at_s
        > dt_util.parse_datetime(first).timestamp()
    )
    assert hass.states.get("sensor.home_next_surplus").state == first


async def test_what_is_many_is_disabled_at_first(hass: HomeAssistant, home_entry: MockConfigEntry) -> None:
    """One number per series is shown; the rest can be enabled. A fixed price has no skill."""
    registry = er.async_get(hass)
    found = {
        entry.unique_id.removeprefix(f"{home_entry.entry_id}_"): entry.disabled_by is None
        for entry in er.async_entries_for_config_entry(registry, home_entry.entry_id)
    }
    assert {key for key in found if key.endswith("_skill")} == {"load_skill", "pv_skill"}
    assert found["load_skill"]
    assert not any(
        found[f"{name}_{key}"] for name in ("load", "pv") for key in ("mae", "rmse", "bias", "coverage")
    )
    assert "quality_prices" not in found
    assert hass.states.get("sensor.home_learning").state == "prior"


async def test_a_fault_in_the_set_up_costs_the_issue_and_nothing_else(
    hass: HomeAssistant, home_entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judging goes on where there can be no forecast."""
    from custom_components.ems.engine.plan.result import Reason  # used here alone

    skill = home_entry.runtime_data.skill
    monkeypatch.setattr(skill, "collect", lambda: Reason(key="setup_invalid", placeholders={"detail": "x"}))
    fill(home_entry.runtime_data.forecasts.archives["load"], 3, 0.1)
    await skill.async_refresh()
    assert skill.last_update_success
    assert skill.data.scores["load"]
