"""What the Energy dashboard knows of a home, as devices that EMS could read; and why some of it will not do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.energy.data import EnergyPreferences, async_get_manager
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_FRIENDLY_NAME
from homeassistant.core import HomeAssistant, split_entity_id, valid_entity_id
from homeassistant.helpers import entity_registry as er

from ..const import BATTERY, DOMAIN, METER, PV
from .entity_points import INPUTS, SIGNS, EntityValueError, entity_value

# How the dashboard counts is how EMS does: from the grid, out of the battery, out of the array, into a device.
ENERGIES: dict[str, tuple[str, dict[str, str]]] = {
    "grid": (
        METER,
        {"import_energy_entity": "stat_energy_from", "export_energy_entity": "stat_energy_to"},
    ),
    "battery": (
        BATTERY,
        {"discharge_energy_entity": "stat_energy_from", "charge_energy_entity": "stat_energy_to"},
    ),
    "solar": (PV, {"energy_entity": "stat_energy_from"}),
    "device": (METER, {"import_energy_entity": "stat_consumption"}),
}
POSITIONS = {"grid": "grid", "device": "zone"}
# What nobody needs to be asked of: there is one way to count.
ONE_WAY = ("solar", "device")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A part of the dashboard that EMS can read.

    kind : The dashboard's word for it; single devices are called `device`.
    entities : The fields of a device behind entities, sign included.
    params : What the dashboard knows of it besides.
    is_sign_known : False where the power was found beside the energy, and nobody said how it counts.
    """

    kind: str
    role: str
    name: str
    entities: Mapping[str, Any]
    params: Mapping[str, Any] = field(default_factory=dict)
    is_sign_known: bool = True


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """A part of the dashboard that EMS cannot read, and why."""

    kind: str
    name: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """All of it, with the prices of the first connection that has any."""

    proposals: tuple[Proposal, ...] = ()
    lacking: tuple[Lacking, ...] = ()
    import_price: float | None = None
    export_price: float | None = None
    price_entity: str | None = None


async def async_read_dashboard(hass: HomeAssistant) -> Dashboard | None:
    """Return what the Energy dashboard is made of; None where nobody has set it up."""
    preferences = (await async_get_manager(hass)).data
    if preferences is None:
        return None
    # What says its power comes first: what is found beside an energy must not be counted again.
    parts = sorted(_parts(preferences), key=lambda part: _power_of(part[1])[0] is None)
    taken: set[str] = set()
    proposals, lacking = [], []
    for kind, part in parts:
        found = _proposal(hass, kind, part, taken)
        if isinstance(found, Proposal):
            proposals.append(found)
            taken.add(found.entities["power_entity"])
        else:
            lacking.append(found)
    return Dashboard(proposals=_in_order(proposals), lacking=tuple(lacking), **_prices(preferences))


def _parts(preferences: EnergyPreferences) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every part that is electric."""
    for source in preferences["energy_sources"]:
        if source["type"] in ENERGIES:
            yield source["type"], source
    for device in preferences["device_consumption"]:
        yield "device", device


def _in_order(proposals: list[Proposal]) -> tuple[Proposal, ...]:
    order = list(ENERGIES)
    return tuple(sorted(proposals, key=lambda each: order.index(each.kind)))


def _prices(preferences: EnergyPreferences) -> dict[str, Any]:
    """Return the first prices that are told."""
    grids: list[Mapping[str, Any]] = [
        each for each in preferences["energy_sources"] if each["type"] == "grid"
    ]
    fields = {
        "import_price": "number_energy_price",
        "export_price": "number_energy_price_export",
        "price_entity": "entity_energy_price",
    }
    return {
        name: next((grid[key] for grid in grids if grid.get(key) is not None), None)
        for name, key in fields.items()
    }


def _proposal(hass: HomeAssistant, kind: str, part: Mapping[str, Any], taken: set[str]) -> Proposal | Lacking:
    """Return one part as a device, or what keeps it from being one."""
    role, energy_fields = ENERGIES[kind]
    energies = {name: part[key] for name, key in energy_fields.items() if part.get(key)}
    name = _name(hass, part, energies)
    told, is_reversed = _power_of(part)
    try:
        needed = _needed(hass, role, part, energies, taken)
    except _UnfitError as err:
        return Lacking(kind=kind, name=name, reason=err.reason, detail=err.detail)
    return Proposal(
        kind=kind,
        role=role,
        name=name,
        entities={
            **needed,
            **_readable(hass, role, energies),
            "power_positive": list(SIGNS[role])[is_reversed],
        },
        params=_params(kind, part),
        is_sign_known=told is not None or kind in ONE_WAY,
    )


class _UnfitError(Exception):
    """A part of the dashboard cannot be read."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


def _needed(
    hass: HomeAssistant, role: str, part: Mapping[str, Any], energies: Mapping[str, str], taken: set[str]
) -> dict[str, str]:
    """Return the entities that a device cannot do without. Raises _UnfitError."""
    power = _power_of(part)[0] or _beside(hass, energies, SensorDeviceClass.POWER, taken)
    if power is None:
        raise _UnfitError("power_missing")
    if power in taken:
        raise _UnfitError("power_taken", power)
    needed = {"power_entity": power}
    if role == BATTERY:
        needed["soc_entity"] = _soc_of(hass, part, {**energies, "power_entity": power})
    if problem := _problem(hass, role, needed):
        raise _UnfitError(*problem)
    return needed


def _soc_of(hass: HomeAssistant, part: Mapping[str, Any], others: Mapping[str, str]) -> str:
    """Return the state of charge that the dashboard names, or the one on the same device."""
    soc: str | None = part.get("stat_soc") or _beside(hass, others, SensorDeviceClass.BATTERY, set())
    if soc is None:
        raise _UnfitError("soc_missing")
    return soc


def _readable(hass: HomeAssistant, role: str, energies: Mapping[str, str]) -> dict[str, str]:
    """Return the counters that can be read; EMS counts by itself where there are none."""
    return {name: entity for name, entity in energies.items() if not _problem(hass, role, {name: entity})}


def _params(kind: str, part: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the dashboard knows of a device besides."""
    params = {"position": POSITIONS.get(kind), "capacity_kwh": part.get("capacity")}
    return {key: value for key, value in params.items() if value is not None}


def _power_of(part: Mapping[str, Any]) -> tuple[str | None, bool]:
    """Return the power sensor that the dashboard names, and whether it counts the other way round.

    Where two sensors are named, Home Assistant makes one of them, which stands in `stat_rate`.
    """
    if reversed_power := part.get("power_config", {}).get("stat_rate_inverted"):
        return reversed_power, True
    return part.get("stat_rate"), False


def _beside(
    hass: HomeAssistant, entities: Mapping[str, str], device_class: str, taken: set[str]
) -> str | None:
    """Return the one sensor of a kind on the same device. With two of them nobody can tell which is meant."""
    registry = er.async_get(hass)
    entries = [registry.async_get(entity_id) for entity_id in entities.values()]
    devices = {entry.device_id for entry in entries if entry and entry.device_id}
    found = {
        each.entity_id
        for device_id in devices
        for each in er.async_entries_for_device(registry, device_id)
        if each.domain == "sensor" and _class_of(hass, each) == device_class
    } - taken
    return found.pop() if len(found) == 1 else None


def _class_of(hass: HomeAssistant, entry: er.RegistryEntry) -> str | None:
    state = hass.states.get(entry.entity_id)
    return state.attributes.get(ATTR_DEVICE_CLASS) if state else None


def _problem(hass: HomeAssistant, role: str, entities: Mapping[str, str]) -> tuple[str, str] | None:
    """Return why an entity cannot stand for its field, and what was seen; None where all can."""
    kinds = {point.field: point.kind for point in INPUTS[role]}
    for name, entity_id in entities.items():
        if not valid_entity_id(entity_id) or split_entity_id(entity_id)[0] != "sensor":
            return "not_live", entity_id
        entry = er.async_get(hass).async_get(entity_id)
        if entry and entry.platform == DOMAIN:
            return "ours", entity_id
        state = hass.states.get(entity_id)
        if state is None:
            return "entity_missing", entity_id
        try:
            entity_value(state, kinds[name])
        except EntityValueError as err:
            return "unusable", err.detail
    return None


def _name(hass: HomeAssistant, part: Mapping[str, Any], energies: Mapping[str, str]) -> str:
    """Return what the dashboard calls a part, or what its first sensor is called."""
    if name := part.get("name"):
        return str(name)
    first = _power_of(part)[0] or next(iter(energies.values()), "")
    state = hass.states.get(first) if valid_entity_id(first) else None
    return str(state.attributes.get(ATTR_FRIENDLY_NAME, first)) if state else first
