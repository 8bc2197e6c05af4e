"""Actions: optimise, read the plan, read the forecast, switch operation."""

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service
import probatio

from .adapters.response import forecast_response, plan_response
from .const import DOMAIN, OPERATION_ACTIVE, OPERATION_ADVISORY, OPT_OPERATION
from .cycle import async_optimize
from .runtime import EmsConfigEntry

SERVICE_OPTIMIZE = "optimize"
SERVICE_GET_PLAN = "get_plan"
SERVICE_GET_FORECAST = "get_forecast"
SERVICE_SET_OPERATION = "set_operation"
ATTR_OPERATION = "operation"

_SITE = {probatio.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
SITE_SCHEMA = probatio.Schema(_SITE)
OPERATION_SCHEMA = probatio.Schema(
    {**_SITE, probatio.Required(ATTR_OPERATION): probatio.In([OPERATION_ADVISORY, OPERATION_ACTIVE])}
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions once, for all sites."""
    register = hass.services.async_register
    register(DOMAIN, SERVICE_OPTIMIZE, _optimize, SITE_SCHEMA, supports_response=SupportsResponse.OPTIONAL)
    register(DOMAIN, SERVICE_GET_PLAN, _get_plan, SITE_SCHEMA, supports_response=SupportsResponse.ONLY)
    register(
        DOMAIN, SERVICE_GET_FORECAST, _get_forecast, SITE_SCHEMA, supports_response=SupportsResponse.ONLY
    )
    register(DOMAIN, SERVICE_SET_OPERATION, _set_operation, OPERATION_SCHEMA)


def _entry(call: ServiceCall) -> EmsConfigEntry:
    """Return the site that is meant: the named one, or the only one."""
    return service.async_get_config_entry(call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID))


async def _optimize(call: ServiceCall) -> ServiceResponse:
    """Refresh forecasts, plan, dispatch if active, and return the plan."""
    state = await async_optimize(_entry(call))
    return plan_response(call.hass, state) if call.return_response else None


async def _get_plan(call: ServiceCall) -> ServiceResponse:
    """Return the current plan without making a new one."""
    state = _entry(call).runtime_data.plan.data
    if state.outlook is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_plan_yet")
    return plan_response(call.hass, state)


async def _get_forecast(call: ServiceCall) -> ServiceResponse:
    """Return the forecasts behind the current plan."""
    outlook = _entry(call).runtime_data.plan.data.outlook
    if outlook is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_plan_yet")
    return forecast_response(outlook)


async def _set_operation(call: ServiceCall) -> None:
    """Switch between advisory and active."""
    data = _entry(call).runtime_data
    data.settings.set(OPT_OPERATION, call.data[ATTR_OPERATION])
    data.plan.async_update_listeners()
    await data.dispatcher.async_tick()
