"""From advisory to active and back: who may steer, and what has to be there for it."""

from homeassistant.exceptions import ServiceValidationError

from .adapters.meter_tree import site_meters
from .const import DOMAIN, OPERATION_ACTIVE, OPT_OPERATION
from .runtime import EmsConfigEntry


async def async_set_operation(entry: EmsConfigEntry, operation: str) -> None:
    """Switch, and let devices know at once. Raises ServiceValidationError where nothing watches the connection."""
    data = entry.runtime_data
    if operation == OPERATION_ACTIVE and not site_meters(data.devices).tree.connection_meters:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="active_needs_meter")
    data.settings.set(OPT_OPERATION, operation)
    data.guard.async_look()
    data.plan.async_update_listeners()
    await data.dispatcher.async_tick()
