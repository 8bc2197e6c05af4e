"""Overrides outlive a restart: what a person asked for an hour holds for that hour, and is sent again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .adapters.override_request import still_fits
from .const import LOGGER
from .dispatcher import Channel, Command, Dispatcher, Source
from .runtime import EmsConfigEntry
from .store import SiteStore

STORE_KEY = "overrides"


@callback
def async_keep_overrides(hass: HomeAssistant, entry: EmsConfigEntry) -> None:
    """Take up what the last run left, and write down from now on what people ask for."""
    dispatcher, store = entry.runtime_data.dispatcher, entry.runtime_data.store
    _restore(dispatcher, store.data.get(STORE_KEY, {}))

    @callback
    def remember() -> None:
        if _note(dispatcher, store):
            # Given back to the plan, a crash within the minute of the usual delay must not bring it back.
            entry.async_create_task(hass, store.async_flush(), "ems override forgotten")

    entry.async_on_unload(dispatcher.async_add_listener(remember))
    _note(dispatcher, store)


def _restore(dispatcher: Dispatcher, stored: Mapping[str, Mapping[str, Any]]) -> None:
    """Hand on what still holds, to devices that are still there and still do that."""
    for device_id, row in stored.items():
        channel, command = dispatcher.channels.get(device_id), _command(row)
        if channel is None or _is_over(command):
            continue
        if still_fits(channel.device, command):
            dispatcher.async_restore(device_id, command)
        else:
            LOGGER.warning("%s can no longer do what was asked of it: %s", channel.device.name, command.mode)


def _note(dispatcher: Dispatcher, store: SiteStore) -> bool:
    """Write down what people want of which device; tell whether one is left to the plan again."""
    held = {key: row for key, channel in dispatcher.channels.items() if (row := _row(channel))}
    before = store.data.get(STORE_KEY, {})
    if held != before:
        store.put(STORE_KEY, held)
    return bool(before.keys() - held.keys())


def _row(channel: Channel) -> dict[str, Any] | None:
    """Return a person's newest word, unless it is over. One that was refused is in neither place."""
    command = channel.waiting or channel.override
    if command is None or command.expires_at is None or _is_over(command):
        return None
    row = {"mode": command.mode, "power_w": command.power_w, "current_a": command.current_a}
    return {**row, "expires_at": command.expires_at.isoformat()}


def _command(row: Mapping[str, Any]) -> Command:
    expires_at = datetime.fromisoformat(row["expires_at"])
    return Command(
        mode=row["mode"],
        power_w=row["power_w"],
        current_a=row["current_a"],
        expires_at=expires_at,
        source=Source.OVERRIDE,
    )


def _is_over(command: Command) -> bool:
    return command.expires_at is not None and command.expires_at <= dt_util.utcnow()
