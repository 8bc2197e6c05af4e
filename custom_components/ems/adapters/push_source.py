"""From what a subentry keeps of a device that posts to how it reports, and to what it said before a restart."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from ..const import (
    CONF_CAPACITY_KW,
    CONF_ENERGY,
    CONF_FACILITY_ID,
    CONF_INTERVAL_S,
    CONF_KEY_MADE_S,
    CONF_KIND,
    CONF_SERIAL,
    CONF_SOURCE,
    SOURCE_PUSH,
)
from ..devices.push import EnergyKind, PushSetup, PushState
from ..store import SiteStore

# In the site's file: key id → what earlier reports left.
PUSHED = "push"


def is_pushed(subentry: ConfigSubentry) -> bool:
    """Tell whether a device posts its readings."""
    return bool(subentry.data.get(CONF_SOURCE, {}).get(CONF_KIND) == SOURCE_PUSH)


def setup_of(role: str, source: Mapping[str, Any]) -> PushSetup:
    """Return how a device reports."""
    return PushSetup(
        role=role,
        energy=EnergyKind(source[CONF_ENERGY]),
        interval_s=float(source[CONF_INTERVAL_S]),
        capacity_kw=source.get(CONF_CAPACITY_KW),
        facility_id=source.get(CONF_FACILITY_ID),
        key_made_s=float(source[CONF_KEY_MADE_S]),
    )


def stored_state(store: SiteStore, key_id: str) -> PushState | None:
    """Return what a device left in the last run."""
    kept = store.data.get(PUSHED, {}).get(key_id)
    return PushState.from_dict(kept) if kept else None


def store_state(store: SiteStore, key_id: str, state: PushState) -> None:
    """Keep what a device left."""
    store.put(PUSHED, {**store.data.get(PUSHED, {}), key_id: state.as_dict()})


def forget_others(store: SiteStore, entry: ConfigEntry[Any]) -> None:
    """Drop what is kept of devices that were removed."""
    known = {each.data[CONF_SOURCE].get(CONF_SERIAL) for each in entry.subentries.values() if is_pushed(each)}
    kept = store.data.get(PUSHED, {})
    if set(kept) - known:
        store.put(PUSHED, {key_id: state for key_id, state in kept.items() if key_id in known})
