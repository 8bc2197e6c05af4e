"""The simulated home as a site of Home Assistant: made from the entry, with the memory of the last run."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..demo import DemoHome, DemoPorts


def make_demo_home(hass: HomeAssistant, *, seed: int, state: dict[str, Any] | None = None) -> DemoHome:
    """Return a home that stands where Home Assistant stands; nothing listens yet."""

    def make(state: dict[str, Any] | None) -> DemoHome:
        return DemoHome(
            seed=seed,
            latitude=hass.config.latitude,
            longitude=hass.config.longitude,
            timezone=dt_util.get_default_time_zone(),
            state=state,
        )

    try:
        return make(state)
    except ValueError as err:
        LOGGER.warning("The demo home begins anew: %s", err)
        return make(None)


def demo_ports(stored: Mapping[str, Any]) -> DemoPorts:
    """Return the ports that the entry keeps, so that the devices stay where they were.

    An entry from the time of one charger names only that one: it lives on without the others.
    """
    return DemoPorts(**{"charger_2": None, "charger_3": None, **stored})
