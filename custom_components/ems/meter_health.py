"""Watches the electricity of the meters: with every reading, and every few seconds while there is none."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .adapters.electrical import limits_of, newest_s, sample_of, subjects_of
from .const import CONF_GRID, CONF_PHASES, METER
from .engine.insight.electrical import ElectricalState, step
from .engine.insight.electrical_limits import ElectricalLimits
from .engine.insight.electrical_verdict import Change, Verdict
from .health_issues import HealthIssues
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

# Silence sends no readings. As fine as the shortest dwell.
SILENCE_INTERVAL: Final = timedelta(seconds=10)

type Listener = Callable[[Sequence[Change]], None]


class MeterHealth:
    """One meter's health. It lives as long as the home is loaded; a restart begins with nothing known."""

    def __init__(self, device: SiteDevice, limits: ElectricalLimits) -> None:
        """Begin."""
        self.device, self.limits = device, limits
        self.subjects = subjects_of(device)
        self.verdict = Verdict(findings={})
        self._state = ElectricalState()
        self._read_at_s: float | None = None  # when the reading was made that was judged last
        self._listeners: list[Listener] = []

    @callback
    def async_add_listener(self, listener: Listener) -> CALLBACK_TYPE:
        """Tell `listener` what is news after every look, which is nothing most of the time."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_look(self) -> None:
        """Judge what the meter says now. The beat adds nothing to a reading that was judged already.

        A meter that is asked every half minute would confirm one measurement with itself, and a dwell were none.
        """
        at_s = newest_s(self.device)
        if at_s is not None and at_s == self._read_at_s:
            return
        self._read_at_s = at_s
        now_s = dt_util.utcnow().timestamp()
        self._state, self.verdict, changes = step(self._state, sample_of(self.device), self.limits, now_s)
        mine = [change for change in changes if change.subject in self.subjects]
        for listener in list(self._listeners):
            listener(mine)


def meters_health(entry: EmsConfigEntry, devices: Mapping[str, SiteDevice]) -> dict[str, MeterHealth]:
    """Return the health of every meter by subentry id; nothing is watched yet."""
    phases = int(entry.data[CONF_GRID][CONF_PHASES])
    return {
        key: MeterHealth(device, limits_of(device, connection_phases=phases))
        for key, device in devices.items()
        if device.role == METER
    }


@callback
def async_follow_health(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Look at every meter whenever it says something, and at all of them on a beat."""
    meters = list(entry.runtime_data.health.values())

    @callback
    def look(_: Any = None) -> None:
        for health in meters:
            health.async_look()

    for health in meters:
        issues = HealthIssues(hass, entry, health.device)
        entry.async_on_unload(health.async_add_listener(issues.hearing(health)))
        entry.async_on_unload(health.device.coordinator.async_add_listener(health.async_look))
    look()
    entry.async_on_unload(async_track_time_interval(hass, look, SILENCE_INTERVAL))
