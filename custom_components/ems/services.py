"""Actions: optimise, simulate, read the plan and the forecast, switch operation, override, set devices."""

from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import service

from .action_fields import (
    ATTR_BATTERY,
    ATTR_HORIZON,
    ATTR_OPERATION,
    ATTR_PREFERENCE,
    ATTR_SERIES,
    ATTR_STRATEGY,
    BATTERY_SIZES,
    FORECAST_SCHEMA,
    FORECAST_SERIES,
    OPERATION_SCHEMA,
    OPTIMIZE_SCHEMA,
    OVERRIDE_SCHEMA,
    SETTINGS_SCHEMA,
    SIMULATE_SCHEMA,
    SITE_SCHEMA,
)
from .adapters.forecast_response import forecast_response
from .adapters.plan_request import PlanRequest
from .adapters.response import plan_response, simulation_response
from .adapters.wording import reason_of, refusal
from .const import DOMAIN
from .cycle import async_optimize
from .engine.plan import PlanError
from .engine.plan.result import Reason
from .operation import async_set_operation
from .override_action import async_override
from .runtime import EmsConfigEntry
from .settings_action import async_update_device_settings

SERVICE_OPTIMIZE = "optimize"
SERVICE_SIMULATE = "simulate"
SERVICE_GET_PLAN = "get_plan"
SERVICE_GET_FORECAST = "get_forecast"
SERVICE_SET_OPERATION = "set_operation"
SERVICE_OVERRIDE = "override"
SERVICE_UPDATE_SETTINGS = "update_device_settings"


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions once, for all sites."""
    register, only, optional = hass.services.async_register, SupportsResponse.ONLY, SupportsResponse.OPTIONAL
    register(DOMAIN, SERVICE_OPTIMIZE, _optimize, OPTIMIZE_SCHEMA, supports_response=optional)
    register(DOMAIN, SERVICE_SIMULATE, _simulate, SIMULATE_SCHEMA, supports_response=only)
    register(DOMAIN, SERVICE_GET_PLAN, _get_plan, SITE_SCHEMA, supports_response=only)
    register(DOMAIN, SERVICE_GET_FORECAST, _get_forecast, FORECAST_SCHEMA, supports_response=only)
    register(DOMAIN, SERVICE_SET_OPERATION, _set_operation, OPERATION_SCHEMA)
    register(DOMAIN, SERVICE_OVERRIDE, async_override, OVERRIDE_SCHEMA, supports_response=optional)
    update, fields = async_update_device_settings, SETTINGS_SCHEMA
    register(DOMAIN, SERVICE_UPDATE_SETTINGS, update, fields, supports_response=optional)


def _entry(call: ServiceCall) -> EmsConfigEntry:
    """Return the site that is meant: the named one, or the only one."""
    return service.async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))


def _request(call: ServiceCall) -> PlanRequest:
    return PlanRequest(
        strategy=call.data.get(ATTR_STRATEGY),
        preference=call.data.get(ATTR_PREFERENCE),
        horizon_h=call.data.get(ATTR_HORIZON),
    )


async def _optimize(call: ServiceCall) -> ServiceResponse:
    """Refresh forecasts, plan, dispatch if active, and return the plan."""
    state = await async_optimize(_entry(call), _request(call))
    return plan_response(call.hass, state) if call.return_response else None


async def _simulate(call: ServiceCall) -> ServiceResponse:
    """Plan the home as it would be, and touch nothing."""
    entry, fields = _entry(call), _changes(call)
    try:
        found = await entry.runtime_data.plan.async_simulate(fields)
    except PlanError as err:
        raise refusal(call.hass, reason_of(err)) from err
    if isinstance(found, Reason):
        raise refusal(call.hass, found)
    return simulation_response(call.hass, found)


def _changes(call: ServiceCall) -> dict[str, Any]:
    """Return what is to be different. A battery that is named and left as it is was meant otherwise."""
    fields = {key: value for key, value in call.data.items() if key != ATTR_CONFIG_ENTRY_ID}
    if ATTR_BATTERY in fields and not any(size in fields for size in BATTERY_SIZES):
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="battery_without_change")
    return fields


async def _get_plan(call: ServiceCall) -> ServiceResponse:
    """Return the current plan without making a new one."""
    state = _entry(call).runtime_data.plan.data
    if state.outlook is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_plan_yet")
    return plan_response(call.hass, state)


async def _get_forecast(call: ServiceCall) -> ServiceResponse:
    """Return the forecasts behind the current plan, and how good such forecasts were."""
    data = _entry(call).runtime_data
    outlook = data.plan.data.outlook
    if outlook is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_plan_yet")
    wanted = call.data.get(ATTR_SERIES, FORECAST_SERIES)
    return forecast_response(outlook, data.skill.data.scores, wanted, call.data.get(ATTR_HORIZON))


async def _set_operation(call: ServiceCall) -> None:
    """Switch between advisory and active."""
    await async_set_operation(_entry(call), call.data[ATTR_OPERATION])
