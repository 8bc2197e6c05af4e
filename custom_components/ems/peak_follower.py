"""Shows the peak meter what is drawn from the grid, whenever that changes and on every full minute."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_utc_time_change

from .runtime import EmsConfigEntry


@callback
def async_follow_peak(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Keep the books of the month's peak."""
    data = entry.runtime_data

    @callback
    def changed() -> None:
        data.peak.observe(data.site.data.grid_w)

    @callback
    def on_the_minute(_: Any = None) -> None:
        # Quarter-hours end by the clock, two seconds before the next plan. A meter that says nothing new may have
        # died meanwhile, so it is looked at afresh.
        data.peak.observe(data.site.power_now().grid_w)

    on_the_minute()
    entry.async_on_unload(data.site.async_add_listener(changed))
    entry.async_on_unload(async_track_utc_time_change(hass, on_the_minute, second=0))
