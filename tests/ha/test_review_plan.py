"""The plan coordinator when something breaks: it says so, once, and goes on."""

import asyncio
from typing import Any

from homeassistant.core import CoreState, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.coordinators import plan as plan_module
from custom_components.ems.coordinators.plan import PlanCoordinator
from custom_components.ems.cycle import async_optimize
from custom_components.ems.engine.plan import PlanError
from custom_components.ems.engine.plan.result import PlanStatus
from tests.ha.clock import Clock, settle


def breaks(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[int]:
    """Let every plan end in an error, and count them."""
    tried: list[int] = []

    def broken(*_: Any) -> Any:
        tried.append(1)
        raise error

    monkeypatch.setattr(plan_module, "make_outlook", broken)
    return tried


NOT_A_NUMBER = PlanError("not_a_number", field="load_kw", step="7")


@pytest.mark.parametrize(
    ("error", "key", "said"),
    [
        (NOT_A_NUMBER, "plan_error_not_a_number", "load_kw has no usable number in step 7: give a finite"),
        (ZeroDivisionError("oops"), "solver_failed", "The optimiser failed: ZeroDivisionError: oops."),
    ],
)
async def test_a_planner_that_breaks_is_seen_and_said_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    key: str,
    said: str,
) -> None:
    """In a background task it would only be an exception that nobody retrieved; the status would stay ok."""
    plan: PlanCoordinator = entry.runtime_data.plan
    assert plan.data.status is not PlanStatus.FAILED
    with monkeypatch.context() as patched:
        tried = breaks(patched, error)
        await clock.live(hass, 660)
        assert len(tried) >= 2
        assert plan.data.status is PlanStatus.FAILED
        assert plan.data.reasons[0].key == key
        assert said in hass.states.get("sensor.demo_home_plan_status").attributes["reason"]
        assert plan.data.outlook is not None
        assert caplog.text.count("no new plan") == 1
        assert caplog.text.count("Traceback") == (0 if isinstance(error, PlanError) else 1)
    await clock.live(hass, 300)
    assert plan.data.status is not PlanStatus.FAILED
    assert "there are plans again" in caplog.text


async def test_a_plan_whose_horizon_is_over_shows_nothing(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step's price of two days ago is not the price now."""
    breaks(monkeypatch, NOT_A_NUMBER)
    outlook = entry.runtime_data.plan.data.outlook
    clock.followers.clear()  # the demo home need not live through two days
    await clock.tick(hass, outlook.plan.steps.edges_s[-1] - outlook.plan.created_at_s + 1)
    await entry.runtime_data.plan.async_plan()
    await settle(hass)
    found = {
        state.entity_id: state.state
        for state in hass.states.async_all("sensor")
        if state.entity_id.endswith(("marginal_value", "import_price", "planned_power", "next_action"))
    }
    assert found
    assert set(found.values()) == {"unknown"}


async def test_a_cancelled_caller_leaves_the_plan_to_those_who_wait(
    entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script that is stopped while it waits must not make the others believe that there is a new plan."""
    plan: PlanCoordinator = entry.runtime_data.plan
    made: list[int] = []
    gate = asyncio.Event()

    async def cycle() -> None:
        await gate.wait()
        made.append(1)

    monkeypatch.setattr(plan, "_async_cycle", cycle)
    running, script, waiting = (asyncio.create_task(plan.async_plan()) for _ in range(3))
    await asyncio.sleep(0)
    script.cancel()
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(running, waiting)
    assert len(made) == 2
    assert plan._waiting is None


async def test_many_callers_share_one_plan(entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """One runs, one more for all that came meanwhile."""
    plan: PlanCoordinator = entry.runtime_data.plan
    made: list[int] = []

    async def cycle() -> None:
        await asyncio.sleep(0)
        made.append(1)

    monkeypatch.setattr(plan, "_async_cycle", cycle)
    await asyncio.gather(*(plan.async_plan() for _ in range(10)))
    assert len(made) == 2


async def test_optimising_a_site_that_is_unloaded_meanwhile_ends_quietly(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever called gets what there was; nothing is dispatched any more."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()

    monkeypatch.setattr(entry.runtime_data.forecast, "async_refresh", slow)
    optimising = asyncio.create_task(async_optimize(entry))
    await begun.wait()
    assert await hass.config_entries.async_unload(entry.entry_id)
    go_on.set()
    await optimising


async def test_nothing_is_planned_before_home_assistant_is_up(
    hass: HomeAssistant, entry: MockConfigEntry, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the entities and no prices are there: that would be a failed plan and a warning at every start."""
    planned: list[int] = []
    monkeypatch.setattr(entry.runtime_data.plan, "async_replan", lambda: planned.append(1))
    hass.set_state(CoreState.starting)
    await clock.live(hass, 300)
    assert not planned
    hass.set_state(CoreState.running)
    await clock.live(hass, 300)
    assert planned
