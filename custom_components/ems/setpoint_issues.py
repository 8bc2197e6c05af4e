"""One repair per device that does not take what it is told: there after the third try, gone with the first success."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .adapters.manner import Manner, manner_of
from .const import DOMAIN
from .dispatcher import RETRY_AFTER, Channel, Command, Dispatcher
from .runtime import EmsConfigEntry

# Once is a collision on the wire, twice a restart; the third time in as many minutes somebody should know.
TRIES: Final = 3


@callback
def async_tell_refusals(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Follow what the dispatcher hears from the devices."""
    issues = SetpointIssues(hass, entry, entry.runtime_data.dispatcher)
    entry.async_on_unload(entry.runtime_data.dispatcher.async_add_listener(issues.async_look))
    entry.async_on_unload(issues.async_clear)


@dataclass(kw_only=True)
class _Refusals:
    """Tries in a row that a device did not take."""

    since: datetime
    counted_at: datetime
    tries: int = 1


class SetpointIssues:
    """The repairs of one home, one per device at most."""

    def __init__(self, hass: HomeAssistant, entry: EmsConfigEntry, dispatcher: Dispatcher) -> None:
        """Nothing was refused yet."""
        self._hass, self._entry, self._dispatcher = hass, entry, dispatcher
        self._refusals: dict[str, _Refusals] = {}

    @callback
    def async_look(self) -> None:
        """Count what failed since the last look; take back what succeeded or was given up."""
        for device_id, channel in self._dispatcher.channels.items():
            if channel.failed_at is None:
                self._async_forget(device_id)
            elif self._is_told(device_id, channel.failed_at):
                self._async_show(device_id, channel)

    def _is_told(self, device_id: str, failed_at: datetime) -> bool:
        """Tell whether somebody should know. Renewals are tried with every beat: they count once a minute."""
        found = self._refusals.setdefault(device_id, _Refusals(since=failed_at, counted_at=failed_at))
        if failed_at - found.counted_at >= RETRY_AFTER:
            found.tries, found.counted_at = found.tries + 1, failed_at
        return found.tries >= TRIES

    @callback
    def _async_show(self, device_id: str, channel: Channel) -> None:
        manner = manner_of(self._hass.config.language)
        since = dt_util.as_local(self._refusals[device_id].since)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            _id(device_id),
            is_fixable=False,  # by us; it goes as soon as the device takes what it is told
            severity=ir.IssueSeverity.WARNING,
            translation_key="setpoint_refused" if channel.asked else "release_refused",
            translation_placeholders={
                "home": self._entry.title,
                "device": channel.device.name,
                "since": manner.date_and_time(since),
                "answer": channel.error or "?",
                **({"asked": _asked_text(self._hass, channel.asked, manner)} if channel.asked else {}),
            },
        )

    @callback
    def _async_forget(self, device_id: str) -> None:
        if self._refusals.pop(device_id, None):
            ir.async_delete_issue(self._hass, DOMAIN, _id(device_id))

    @callback
    def async_clear(self) -> None:
        """Take all of them back: nobody asks any more."""
        for device_id in list(self._refusals):
            self._async_forget(device_id)


def _id(device_id: str) -> str:
    return f"setpoint_{device_id}"


def _asked_text(hass: HomeAssistant, asked: Command, manner: Manner) -> str:
    """Return a command in a person's words: "Charge, 3000 W"."""
    words = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    mode = words.get(f"component.{DOMAIN}.entity.sensor.planned_mode.state.{asked.mode}", asked.mode)
    amounts = ((asked.power_w, "W"), (asked.current_a, "A"))
    said = [f"{manner.number(round(amount, 1))} {unit}" for amount, unit in amounts if amount is not None]
    return ", ".join((mode, *said))
