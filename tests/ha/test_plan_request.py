"""`ems.optimize` by another strategy, preference or horizon: for one plan, and for no other."""

from typing import Any

from homeassistant.core import HomeAssistant
import numpy as np
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.plan_commands import plan_commands
from custom_components.ems.adapters.plan_request import AS_SET, PlanRequest
from custom_components.ems.adapters.plan_view import step_now
from custom_components.ems.coordinators import plan as plan_module
from custom_components.ems.energy import async_get_solar_forecast
from custom_components.ems.engine.plan.result import Plan
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home
from tests.ha.sites import CHARGER_PARAMS, Site, entity_device, home_of_entities, subentry_id
from tests.ha.test_actions import act, check_series

TOMORROW = "sensor.demo_home_solar_forecast_tomorrow"


def plan_of(entry: MockConfigEntry) -> Plan:
    """Return the published plan."""
    plan: Plan = entry.runtime_data.plan.data.outlook.plan
    return plan


async def test_a_strategy_holds_for_one_plan(
    hass: HomeAssistant, demo_site: Site, add_site: AddSite, clock: Clock
) -> None:
    """Published like any other, and gone with the next five minutes of the clock. The setting never moves."""
    entry = await add_site(demo_site.only("meter", "battery"))
    cheapest = plan_of(entry)
    answer = await act(hass, "optimize", strategy="peak_shaving", preference="comfort")
    assert (answer["strategy"], answer["preference"]) == ("peak_shaving", "comfort")
    shaved = plan_of(entry)
    assert answer["import_peak_kw"] == pytest.approx(shaved.import_kw.max(), abs=1e-3)
    assert shaved.import_kw.max() < cheapest.import_kw.max() - 1
    assert hass.states.get("select.demo_home_strategy").state == "auto"
    assert entry.runtime_data.plan.data.outlook.request.strategy == "peak_shaving"
    await clock.live(hass, 300)
    assert plan_of(entry) is not shaved
    assert (plan_of(entry).strategy, plan_of(entry).preference) == ("arbitrage", "economic")
    assert entry.runtime_data.plan.data.outlook.request == AS_SET


async def test_what_was_asked_for_does_not_colour_the_plans_that_follow(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planner stays near the plan before: that is the last one by the settings."""
    seen: list[Plan] = []
    make = plan_module.make_outlook

    def spy(inputs: Any, previous: Any, request: PlanRequest) -> Any:
        seen.append(previous)
        return make(inputs, previous, request)

    monkeypatch.setattr(plan_module, "make_outlook", spy)
    regular = plan_of(entry)
    await act(hass, "optimize", strategy="load_balancing")
    await act(hass, "optimize", horizon=3)
    await act(hass, "optimize")
    assert [previous is regular for previous in seen] == [True, True, True]
    await act(hass, "optimize")
    assert seen[-1] is not regular


async def test_the_plan_that_was_asked_for_is_handed_to_the_devices(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a plan, no study: that is `ems.simulate`."""
    data, handed = entry.runtime_data, []

    async def note(commands: Any) -> None:
        handed.append(commands)

    monkeypatch.setattr(data.dispatcher, "async_set_plan", note)
    await act(hass, "optimize", strategy="self_consumption", horizon=6)
    plan = plan_of(entry)
    assert plan.strategy == "self_consumption"
    assert handed
    assert handed[-1] == plan_commands(plan, step_now(plan), data.devices)


@pytest.mark.parametrize(("horizon", "hours"), [(1, 1), (2, 2), (24, 24), (48, 48), (72, 72)])
async def test_a_horizon_is_as_long_as_was_asked(
    hass: HomeAssistant, entry: MockConfigEntry, horizon: float, hours: float
) -> None:
    """Steps stay whole, so it may be up to an hour more. Forecasts always show two days."""
    tomorrow, dashboard = (
        hass.states.get(TOMORROW).state,
        await async_get_solar_forecast(hass, entry.entry_id),
    )
    answer = await act(hass, "optimize", horizon=horizon)
    assert hours <= answer["horizon_h"] < hours + 1
    check_series(answer["steps"])
    steps = plan_of(entry).steps
    assert len(answer["steps"]) == len(steps)
    assert all(len(device["steps"]) == len(steps) for device in answer["devices"].values())
    assert float(hass.states.get(TOMORROW).state) == pytest.approx(float(tomorrow), rel=1e-3)
    shown = await async_get_solar_forecast(hass, entry.entry_id)
    assert dashboard is not None
    assert shown is not None
    assert set(shown["wh_hours"]) >= set(dashboard["wh_hours"])
    forecast = await act(hass, "get_forecast")
    assert len(forecast["load"]["steps"]) >= len(forecast["prices"]) == len(steps)


async def test_a_short_plan_leaves_the_car_until_later(hass: HomeAssistant, add_site: AddSite) -> None:
    """It is to be ready at seven tomorrow: nothing of that has to happen within two hours, and it says so."""
    read_home(hass)
    hass.states.async_set("binary_sensor.plug", "on")
    wallbox = entity_device(
        "charger",
        "Wallbox",
        CHARGER_PARAMS,
        power_entity="sensor.wallbox",
        connected_entity="binary_sensor.plug",
    )
    meter = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
    entry = await add_site(home_of_entities(meter, wallbox))
    charger = subentry_id(entry, "charger")
    assert plan_of(entry).devices[charger].power_kw @ plan_of(entry).steps.hours == pytest.approx(
        15, abs=0.01
    )
    answer = await act(hass, "optimize", horizon=2)
    assert answer["unmet_wishes"] == []
    assert {row["reason"] for row in answer["devices"][charger]["steps"]} == {
        "Waiting: what the car still needs can come after this plan."
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strategy", "cheapest"),
        ("strategy", "Arbitrage"),
        ("preference", "lazy"),
        ("horizon", 0),
        ("horizon", 73),
        ("horizon", -1),
        ("horizon", float("nan")),
        ("horizon", float("inf")),
        ("horizon", "soon"),
        ("horizon", None),
        ("goal", "save"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(
    hass: HomeAssistant, entry: MockConfigEntry, field: str, value: Any
) -> None:
    """And nothing was planned."""
    before = entry.runtime_data.plan.data
    with pytest.raises(probatio.Invalid, match=field):
        await act(hass, "optimize", **{field: value})
    assert entry.runtime_data.plan.data is before


async def test_the_answer_says_how_it_was_found_and_what_energy_is_worth(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Solver, sizes, times; both sides of a stored kWh, and the prices that follow from them."""
    answer = await act(hass, "optimize")
    plan = plan_of(entry)
    found = answer["diagnostics"]
    assert found["solver"] == "highs"
    assert (found["variables"], found["rows"]) == (plan.stats.variables, plan.stats.rows)
    assert set(found) == {
        *("solver", "variables", "rows", "binaries", "scenarios", "solves"),
        *("build_ms", "solve_ms", "extract_ms", "total_ms", "objective", "gap_abs"),
    }
    terms = answer["costs"]
    total = terms["energy"] + terms["wear"] + terms["peak"] - terms["stored_energy_change"]
    assert answer["expected_cost"] == pytest.approx(total, abs=1e-3) == terms["total"]
    assert answer["baseline_cost"] == answer["baseline_costs"]["total"]
    spec = entry.runtime_data.plan.data.outlook.problem.site.batteries[0]
    for row in answer["devices"][spec.id]["steps"]:
        worth, cost = row["import_value_per_kwh"], row["export_value_per_kwh"]
        assert row["charge_below_per_kwh"] == pytest.approx(worth * spec.charge_efficiency, abs=1e-4)
        given = cost / spec.discharge_efficiency + spec.wear_per_kwh
        assert row["discharge_above_per_kwh"] == pytest.approx(given, abs=1e-4)
    assert [row["binding"] or "" for row in answer["steps"]] == list(plan.binding)
    assert np.isfinite([row["binding_value_per_kwh"] for row in answer["steps"]]).all()
