"""EMS: an energy management system that lives inside Home Assistant."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

# The engine, the device layer and the demo home are of use without Home Assistant: in a notebook, a benchmark,
# or the simulator as a process of its own. Inside Home Assistant the first branch is the only one.
if TYPE_CHECKING or find_spec("homeassistant") is not None:
    from homeassistant.helpers import config_validation as cv

    from .const import DOMAIN
    from .lifecycle import (
        async_remove_config_entry_device,
        async_remove_entry,
        async_setup,
        async_setup_entry,
        async_unload_entry,
    )

    CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

    __all__ = [
        "CONFIG_SCHEMA",
        "async_remove_config_entry_device",
        "async_remove_entry",
        "async_setup",
        "async_setup_entry",
        "async_unload_entry",
    ]
