"""The whole cycle: refresh what the plan stands on, plan, publish, and hand its running step on."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.start import async_at_started

from .adapters.plan_commands import plan_commands
from .adapters.plan_request import AS_SET, PlanRequest
from .adapters.plan_view import step_now
from .const import BATTERY, LOAD
from .coordinators.plan import PlanState
from .runtime import EmsConfigEntry, EmsData
from .shadow_keeper import store_follows_rule
from .site_device import SiteDevice


async def async_optimize(entry: EmsConfigEntry, request: PlanRequest = AS_SET) -> PlanState:
    """Refresh forecasts → solve → publish → dispatch if active (design §10).

    A request holds for this one plan: the next one, at the latest within five minutes, goes by the settings.
    """
    data = entry.runtime_data
    await data.forecast.async_refresh()
    state = await data.plan.async_plan(request)
    # Of the site that made the plan: it may have been unloaded meanwhile.
    await async_dispatch(data)
    return state


async def async_dispatch(data: EmsData) -> None:
    """Hand the running step of a plan that is young enough to the dispatcher; without one, devices go automatic."""
    plan = data.plan.current
    ours = {key: device for key, device in data.devices.items() if _is_planned(data, device)}
    commands = plan_commands(plan, step_now(plan), ours) if plan else {}
    await data.dispatcher.async_set_plan(commands)


def _is_planned(data: EmsData, device: SiteDevice) -> bool:
    """Tell whether a device is the plan's business.

    What nobody asked of a load is left to people's own hands, and a battery to itself whose plan has lost to that.
    """
    if device.role == BATTERY:
        return not store_follows_rule(data.plan.hass, data.plan.config_entry, device.subentry_id)
    return device.role != LOAD or data.loads.is_asked(device)


@callback
def async_begin(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Run the first cycle once Home Assistant is up: other integrations' entities are there only then."""

    async def begin(_: HomeAssistant) -> None:
        # Not awaited: set-up never waits for the first plan.
        entry.async_create_background_task(hass, async_optimize(entry), "ems first cycle")

    entry.async_on_unload(async_at_started(hass, begin))


@callback
def async_follow_prices(entry: EmsConfigEntry) -> None:
    """Plan anew when other prices are known than the last plan stood on."""
    data = entry.runtime_data
    seen: list[Any] = [data.forecast.data.prices]

    @callback
    def changed() -> None:
        if data.forecast.data.prices is not seen[0]:
            seen[0] = data.forecast.data.prices
            data.plan.async_replan()

    entry.async_on_unload(data.forecast.async_add_listener(changed))


@callback
def async_follow_plan(entry: EmsConfigEntry) -> None:
    """Dispatch after every new plan."""
    data = entry.runtime_data

    @callback
    def dispatch() -> None:
        entry.async_create_background_task(data.plan.hass, async_dispatch(data), "ems dispatch")

    entry.async_on_unload(data.plan.async_add_listener(dispatch))
