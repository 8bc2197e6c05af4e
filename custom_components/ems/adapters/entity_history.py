"""What a home did before EMS came: from the long-term statistics of the entities that it is made of.

EMS' own sensors begin with EMS. A home whose devices are entities of other integrations often has years of them, and
its consumption is what the tree of its meters adds up (mostly grid + solar + battery), less chargers and loads. A
device that speaks Modbus to EMS has no past.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant
import numpy as np

from ..const import (
    BATTERY,
    CHARGER,
    CONF_ENTITIES,
    CONF_KIND,
    CONF_SOURCE,
    LOAD,
    METER,
    PV,
    SOURCE_ENTITIES,
)
from ..engine.forecast.cleaning import in_kilowatts
from ..engine.local_time import HOUR_S
from ..engine.metering import DeviceKind, MeterTree
from ..engine.metering.terms import Terms, less
from ..engine.steps import Floats
from .entity_points import SIGNS
from .history import async_hourly_power
from .meter_tree import is_metered, meters_of

# What rises while power flows into the home, and while it flows out of it: for powers that nobody recorded.
_COUNTERS: Final[Mapping[str, tuple[str, str]]] = {
    METER: ("import_energy_entity", "export_energy_entity"),
    BATTERY: ("discharge_energy_entity", "charge_energy_entity"),
    PV: ("energy_entity", ""),
    CHARGER: ("energy_entity", ""),
    LOAD: ("energy_entity", ""),
}

type Series = tuple[Floats, Floats]
NONE: Final[Series] = (np.zeros(0), np.zeros(0))


async def async_load_before(
    hass: HomeAssistant, entry: ConfigEntry[Any], since_s: float, limit_kw: float
) -> Series:
    """Return starts [s] and mean consumption that nobody can move, in full hours [kW]; empty where nobody knows."""
    return await _async_sum(hass, entry, _base_load(entry), since_s, limit_kw)


async def async_sun_before(
    hass: HomeAssistant, entry: ConfigEntry[Any], since_s: float, limit_kw: float
) -> Series:
    """Return starts [s] and mean production of all arrays in full hours [kW]; empty where nobody knows."""
    terms = _tree(entry).of_kind[DeviceKind.PV]
    return await _async_sum(hass, entry, terms, since_s, limit_kw)


def filled(own: Series, before: Series) -> Series:
    """Return what EMS measured itself, and before that and in its holes what others did; in order."""
    known = np.isfinite(own[1])
    starts_s = np.union1d(own[0], before[0])
    values = np.full(len(starts_s), np.nan)
    values[np.searchsorted(starts_s, before[0])] = before[1]
    values[np.searchsorted(starts_s, own[0][known])] = own[1][known]
    return starts_s, values


def _tree(entry: ConfigEntry[Any]) -> MeterTree:
    return meters_of(entry.subentries.values()).tree


def _base_load(entry: ConfigEntry[Any]) -> Terms:
    """Return what the consumption that nobody can move is made of."""
    tree = _tree(entry)
    if tree.consumption is None:
        return {}
    # A load that nobody meters stays part of what cannot be moved, as it does in the sum of today.
    loads = [
        terms for key, terms in tree.loads.items() if key in tree.named or is_metered(entry.subentries[key])
    ]
    return less(tree.consumption, tree.of_kind[DeviceKind.CHARGER], *loads)


async def _async_sum(
    hass: HomeAssistant, entry: ConfigEntry[Any], terms: Terms, since_s: float, limit_kw: float
) -> Series:
    """Return a sum over the hours that all its parts know; nothing where one of them has no entities."""
    parts = [(count, entry.subentries[key]) for key, count in terms.items()]
    if any(each.data[CONF_SOURCE][CONF_KIND] != SOURCE_ENTITIES for _, each in parts):
        return NONE
    return _summed([(count, await _async_power(hass, each, since_s, limit_kw)) for count, each in parts])


async def _async_power(
    hass: HomeAssistant, device: ConfigSubentry, since_s: float, limit_kw: float
) -> Series:
    """Return a device's mean power in EMS' sign: as recorded, else from its counters."""
    role, entities = device.subentry_type, device.data[CONF_SOURCE][CONF_ENTITIES]
    if entity_id := entities.get("power_entity"):
        starts_s, kw = await async_hourly_power(hass, entity_id, since_s)
        if len(starts_s):
            sign = SIGNS[role][entities["power_positive"]] if role in SIGNS else 1
            return starts_s, sign * in_kilowatts(starts_s, kw, limit_kw)[0]
    parts = []
    for sign, field in zip((1, -1), _COUNTERS[role], strict=True):
        if entity_id := entities.get(field):
            starts_s, kw = await async_hourly_power(hass, entity_id, since_s)
            usable = np.where(kw < 0, np.nan, kw)  # a counter that began anew
            parts.append((sign, (starts_s, in_kilowatts(starts_s, usable, limit_kw)[0])))
        elif field:
            return NONE  # half of a balance misleads
    return _summed(parts)


def _summed(parts: Iterable[tuple[int, Series]]) -> Series:
    """Return the sum over the hours that all parts know."""
    known = [(sign, starts_s, kw) for sign, (starts_s, kw) in parts]
    if not known or any(len(starts_s) == 0 for _, starts_s, _ in known):
        return NONE
    first = int(max(starts_s[0] for _, starts_s, _ in known))
    last = int(min(starts_s[-1] for _, starts_s, _ in known))
    starts = np.arange(first, last + 1, HOUR_S, dtype=np.float64)
    total = np.zeros(len(starts))
    for sign, starts_s, kw in known:
        row = np.full(len(starts), np.nan)
        at = ((starts_s - first) / HOUR_S).astype(np.int64)
        inside = (starts_s >= first) & (starts_s <= last)
        row[at[inside]] = kw[inside]
        total += sign * row
    return starts, total
