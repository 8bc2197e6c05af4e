"""Freeze the home into a problem, solve it off the event loop, publish the plan, hand its first step on."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from ..adapters.plan_request import AS_SET, PlanRequest
from ..adapters.problem import PlanInputs, full_reasons, make_problem
from ..adapters.what_if import Simulation, simulate
from ..adapters.wording import reason_of
from ..const import LOGGER, PLAN_INTERVAL, PLAN_MAX_AGE_S, SOLVE_TIME_LIMIT_S
from ..engine.forecast.result import Forecast
from ..engine.plan import PlanError
from ..engine.plan.horizon import plan_within
from ..engine.plan.result import Plan, PlanStatus, Reason
from ..engine.problem import Problem

BROKEN = "solver_failed"


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """One finished cycle: the question, the forecasts behind it, and the answer."""

    problem: Problem
    plan: Plan
    load: Forecast
    pv: Mapping[str, Forecast]
    reasons: tuple[Reason, ...]  # the plan's, in full: the problem only carries the keys of what was missing
    request: PlanRequest = AS_SET  # what the call of an action wanted of this one plan


@dataclass(frozen=True, kw_only=True)
class PlanState:
    """What the plan entities show. The outlook is the last valid one; status and reason are today's."""

    status: PlanStatus
    reasons: tuple[Reason, ...]
    outlook: Outlook | None


class PlanCoordinator(DataUpdateCoordinator[PlanState]):
    """Plans every five minutes and whenever it is asked to. One solve at a time; what arrives meanwhile is one more."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], collect: CollectInputs) -> None:
        """Initialize the coordinator; `collect` returns a frozen picture of everything a plan needs."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{entry.title} plan", update_interval=None)
        self._collect = collect
        self._lock = asyncio.Lock()
        self._simulating = asyncio.Lock()
        # The last plan by the settings. A plan that was asked for must not colour those that follow it.
        self._settled: Plan | None = None
        self._failed_key: str | None = None  # what was said about it in the log
        self._problems: tuple[Reason, ...] = ()  # of the inputs that were collected last
        self._waiting: asyncio.Future[bool] | None = None  # True: the plan was made
        self.data = PlanState(status=PlanStatus.FAILED, reasons=(Reason(key="no_plan_yet"),), outlook=None)

    @callback
    def async_start(self) -> None:
        """Plan on every fifth minute of the clock."""
        minutes = range(0, 60, int(PLAN_INTERVAL.total_seconds() // 60))
        # Two seconds past, so that meters and prices of the new interval are there.
        stop = async_track_utc_time_change(self.hass, self._on_clock, minute=list(minutes), second=2)
        self.config_entry.async_on_unload(stop)

    @callback
    def async_replan(self) -> None:
        """Plan soon, because something changed; many calls make one plan."""
        self.config_entry.async_create_background_task(self.hass, self.async_plan(), "ems plan")

    async def _on_clock(self, _: Any) -> None:
        # The first plan comes once Home Assistant is up; before that, half of what it stands on is not there yet.
        if self.hass.state is CoreState.running:
            self.async_replan()

    async def async_plan(self, request: PlanRequest = AS_SET) -> PlanState:
        """Make a plan now and return it. Callers that arrive during a solve share the next one.

        A request of one's own is not shared; the next plan goes by the settings again.
        """
        if request != AS_SET:
            async with self._lock:
                await self._async_cycle(request)
                return self.data
        while self._waiting is not None:
            if await asyncio.shield(self._waiting):
                return self.data
            # Who was to make it was cancelled (a stopped script, say); then it is for one of us.
        self._waiting = waiting = self.hass.loop.create_future()
        try:
            async with self._lock:
                self._waiting = None
                await self._async_cycle()
            waiting.set_result(True)
        finally:
            if not waiting.done():
                waiting.set_result(False)
            if self._waiting is waiting:
                self._waiting = None
        return self.data

    async def async_simulate(self, fields: Mapping[str, Any]) -> Simulation | Reason:
        """Plan the home as it would be. Nothing is published, dispatched or remembered."""
        async with self._simulating:  # one at a time: a script in a loop must not take every worker
            inputs = self._collect()
            if isinstance(inputs, Reason):
                return inputs
            return await self.hass.async_add_executor_job(simulate, inputs, fields)

    async def _async_cycle(self, request: PlanRequest = AS_SET) -> None:
        """Collect, solve in the executor, publish."""
        try:
            outlook = await self._async_outlook(request)
        except PlanError as err:
            outlook = reason_of(err)
        except Exception as err:  # noqa: BLE001  # logged below, and shown as the status
            # A mistake of ours. In a background task nobody would see it, and the last plan would pass for today's.
            if self._failed_key != BROKEN:
                LOGGER.exception("%s: no plan could be made", self.name)
            outlook = Reason(key=BROKEN, placeholders={"detail": f"{type(err).__name__}: {err}"})
        if isinstance(outlook, Reason):
            self._keep_last(outlook)
            return
        if self._failed_key is not None:
            LOGGER.info("%s: there are plans again", self.name)
            self._failed_key = None
        if request == AS_SET:
            self._settled = outlook.plan
        self.async_set_updated_data(
            PlanState(status=outlook.plan.status, reasons=outlook.reasons, outlook=outlook)
        )

    async def _async_outlook(self, request: PlanRequest) -> Outlook | Reason:
        inputs = self._collect()
        if isinstance(inputs, Reason):
            return inputs
        self._problems = inputs.problems
        return await self.hass.async_add_executor_job(make_outlook, inputs, self._settled, request)

    @callback
    def _keep_last(self, reason: Reason) -> None:
        """Say what went wrong and keep the last valid plan; the dispatcher drops it when it is too old."""
        if reason.key != self._failed_key:
            LOGGER.warning("%s: no new plan: %s %s", self.name, reason.key, dict(reason.placeholders))
            self._failed_key = reason.key
        self.async_set_updated_data(
            # With what could not be fetched: without it nobody would know why there are no prices.
            PlanState(status=PlanStatus.FAILED, reasons=(reason, *self._problems), outlook=self.data.outlook)
        )

    @property
    def current(self) -> Plan | None:
        """Return the plan while it is young enough to be followed."""
        outlook = self.data.outlook
        if outlook is None or dt_util.utcnow().timestamp() - outlook.plan.created_at_s > PLAN_MAX_AGE_S:
            return None
        return outlook.plan

    @override
    async def _async_update_data(self) -> PlanState:
        """Plan when somebody asks Home Assistant to update one of the entities."""
        return await self.async_plan()


type CollectInputs = Callable[[], PlanInputs | Reason]


def make_outlook(
    inputs: PlanInputs, previous: Plan | None, request: PlanRequest = AS_SET
) -> Outlook | Reason:
    """Forecast and solve. Runs in a worker thread: it sees the frozen inputs and nothing else."""
    inputs = request.of(inputs)
    made = make_problem(inputs)
    if isinstance(made, Reason):
        return made
    whole, load, pv = made
    problem, plan = plan_within(
        whole, inputs.horizon_h, time_limit_s=SOLVE_TIME_LIMIT_S, previous=previous, now_s=inputs.now_s
    )
    reasons = full_reasons(plan, inputs)
    return Outlook(problem=problem, plan=plan, load=load, pv=pv, reasons=reasons, request=request)
