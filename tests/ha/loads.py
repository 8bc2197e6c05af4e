"""A home with flexible loads, and a plan that wants of them what a test says."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
import numpy as np
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.load_record import LoadRecord
from custom_components.ems.coordinators import plan as planning
from custom_components.ems.dispatcher import Channel
from custom_components.ems.engine.flexible_load import LoadState
from custom_components.ems.engine.plan.result import DevicePlan, Mode, Plan, Reason
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.steps import Bools
from tests.ha.clock import settle
from tests.ha.sites import Site, entity_device, home_of_entities, subentry_id

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
REASON = Reason(key="pv_free")

type Wish = Callable[[Problem], Bools]


def never(problem: Problem) -> Bools:
    """Want the load off throughout."""
    return np.zeros(len(problem.steps), dtype=bool)


def always(problem: Problem) -> Bools:
    """Want it on throughout."""
    return np.ones(len(problem.steps), dtype=bool)


def between(begin_h: float, end_h: float) -> Wish:
    """Want it on from so many hours after the first step to so many."""

    def wish(problem: Problem) -> Bools:
        after_h = (problem.steps.starts_s - problem.steps.edges_s[0]) / 3600
        return np.asarray((after_h >= begin_h) & (after_h < end_h))

    return wish


class Planner:
    """The real planner, with its word about loads replaced by a test's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take its place."""
        self.wish: Wish = never
        self.power_kw: float | None = None
        self.problem: Problem | None = None
        self._plan_within: Any = planning.plan_within
        monkeypatch.setattr(planning, "plan_within", self.plan_within)

    def plan_within(self, whole: Problem, horizon_h: float, **given: Any) -> tuple[Problem, Plan]:
        """Plan, and want of every load what was wished."""
        problem, plan = self._plan_within(whole, horizon_h, **given)
        self.problem = problem
        loads = {load.id: self._device(problem, load) for load in problem.site.loads}
        return problem, replace(plan, devices={**plan.devices, **loads})

    def _device(self, problem: Problem, load: Any) -> DevicePlan:
        on = self.wish(problem)
        return DevicePlan(
            id=load.id,
            name=load.name,
            kind="load",
            power_kw=on * (self.power_kw or load.power_max_kw),
            modes=tuple(Mode.ON if each else Mode.OFF for each in on),
            reasons=(REASON,) * len(on),
        )


def active_home(*loads: dict[str, Any]) -> Site:
    """Return a home that may be steered."""
    site = home_of_entities(GRID, *loads)
    site.data["kind"] = "demo"
    site.options = {"operation": "active"}
    return site


async def replan(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Make a plan now and let it reach the devices."""
    await entry.runtime_data.plan.async_plan()
    await hass.async_block_till_done(wait_background_tasks=True)


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity's state."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def channel(entry: MockConfigEntry) -> Channel:
    """Return what the dispatcher knows of the load."""
    return entry.runtime_data.dispatcher.channels[subentry_id(entry, "load")]


def record(entry: MockConfigEntry) -> LoadRecord:
    """Return what the books say of the load."""
    data = entry.runtime_data
    return data.loads.record(data.devices[subentry_id(entry, "load")])


def asked(planner: Planner) -> LoadState:
    """Return what the planner was asked about the only load."""
    assert planner.problem is not None
    (found,) = planner.problem.loads.values()
    return found


async def turn(hass: HomeAssistant, entity_id: str, *, on: bool) -> None:
    """Turn a switch as a person or an automation would."""
    service = "turn_on" if on else "turn_off"
    await hass.services.async_call("switch", service, {"entity_id": entity_id}, blocking=True)
    await settle(hass)
