"""The whole cycle: refresh what the plan stands on, plan, publish, and hand its running step on."""

from homeassistant.core import callback

from .adapters.plan_commands import plan_commands
from .adapters.plan_view import step_now
from .coordinators.plan import PlanState
from .runtime import EmsConfigEntry


async def async_optimize(entry: EmsConfigEntry) -> PlanState:
    """Refresh forecasts → solve → publish → dispatch if active (design §10)."""
    data = entry.runtime_data
    await data.forecast.async_refresh()
    state = await data.plan.async_plan()
    await async_dispatch(entry)
    return state


async def async_dispatch(entry: EmsConfigEntry) -> None:
    """Hand the running step of a plan that is young enough to the dispatcher; without one, devices go automatic."""
    data = entry.runtime_data
    plan = data.plan.current
    commands = plan_commands(plan, step_now(plan), data.devices) if plan else {}
    await data.dispatcher.async_set_plan(commands)


@callback
def async_follow_plan(entry: EmsConfigEntry) -> None:
    """Dispatch after every new plan."""
    data = entry.runtime_data

    @callback
    def dispatch() -> None:
        entry.async_create_background_task(data.plan.hass, async_dispatch(entry), "ems dispatch")

    entry.async_on_unload(data.plan.async_add_listener(dispatch))
