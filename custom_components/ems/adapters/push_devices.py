"""Devices of a site that post their readings."""

from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import CONF_KEY_HASH, CONF_PARAMS, CONF_SERIAL, CONF_SOURCE, PLAN_MAX_AGE_S
from ..coordinators.push import PushCoordinator
from ..devices.push import PushInbox
from ..site_device import Brand, SiteDevice
from ..store import SiteStore
from .push_hub import KEY
from .push_source import forget_others, is_pushed, setup_of, store_state, stored_state


def push_devices(hass: HomeAssistant, entry: ConfigEntry[Any], store: SiteStore) -> dict[str, SiteDevice]:
    """Return the devices of the site that post, by subentry id; each goes on counting where it stopped."""
    forget_others(store, entry)
    return {
        subentry.subentry_id: _push_device(hass, entry, subentry, store)
        for subentry in entry.subentries.values()
        if is_pushed(subentry)
    }


def _push_device(
    hass: HomeAssistant, entry: ConfigEntry[Any], subentry: ConfigSubentry, store: SiteStore
) -> SiteDevice:
    name, source = subentry.data[CONF_NAME], subentry.data[CONF_SOURCE]
    key_id, setup = source[CONF_SERIAL], setup_of(subentry.subentry_type, source)
    hub = hass.data[KEY]
    if (claimed := hub.claim(key_id)) is not None:
        store_state(store, key_id, claimed.state)
    now_s = dt_util.utcnow().timestamp()
    inbox = PushInbox(setup, stored_state(store, key_id), now_s=now_s)
    if (earlier := claimed or hub.wake(key_id)) is not None:
        inbox.go_on_from(earlier, now_s)
    entry.async_on_unload(partial(hub.rest, key_id, inbox))
    return SiteDevice(
        subentry_id=subentry.subentry_id,
        role=subentry.subentry_type,
        name=name,
        source=source,
        params=subentry.data[CONF_PARAMS],
        coordinator=PushCoordinator(
            hass,
            entry,
            name,
            inbox,
            partial(store_state, store, key_id),
            is_revoked=source[CONF_KEY_HASH] is None,
        ),
        points=inbox.points,
        # A device that reports once an hour is not silent in between, but its power is no longer that of now.
        reading_max_age_s=min(setup.silent_after_s, PLAN_MAX_AGE_S),
        brand=Brand(model="HTTP POST"),
    )
