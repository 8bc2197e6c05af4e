"""From what people said about their meters to the tree that adds them up, and from readings to the home's powers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME
from homeassistant.exceptions import ConfigEntryError

from ..const import CONF_ENTITIES, CONF_PARAMS, CONF_SERIAL, CONF_SOURCE, DOMAIN, LOAD, METER, ROLES
from ..engine.metering import (
    BESIDE,
    Balance,
    Device,
    DeviceKind,
    Meter,
    MeterError,
    MeterRole,
    MeterTree,
    balance,
)
from ..site_device import SiteDevice
from .load_meter import drawn_w

# Keys of inverters begin with it, so that they are never taken for a subentry's.
_INVERTER: Final = "inverter:"


@dataclass(frozen=True, kw_only=True)
class SiteMeters:
    """The meters of a home.

    lost : Names of meters that were said to hang below a meter, or to measure a device, that is no longer there.
    """

    tree: MeterTree
    lost: tuple[str, ...] = ()

    def label(self, key: str) -> str:
        """Return what people call a meter or a device; an inverter goes by the first device on it."""
        return self.tree.label(key.removeprefix(_INVERTER))


def make_meter(key: str, name: str, params: Mapping[str, Any], serial: str | None = None) -> Meter:
    """Return a meter as its form described it."""
    return Meter(
        key=key,
        role=MeterRole(params.get("position", MeterRole.ZONE)),
        name=name,
        above=params.get("above"),
        measures=params.get("measures"),
        serial=serial,
    )


def make_meters(meters: Iterable[Meter], devices: Iterable[Device]) -> SiteMeters:
    """Return the tree; what names something that was removed counts as if it had said nothing. Raises MeterError."""
    told, known = tuple(meters), tuple(devices)
    above = {BESIDE, None, *(meter.key for meter in told)}
    measured = {None, *(device.key for device in known)}
    found = tuple(
        replace(
            meter,
            above=meter.above if meter.above in above else None,
            measures=meter.measures if meter.measures in measured else None,
        )
        for meter in told
    )
    lost = tuple(one.label for one, other in zip(told, found, strict=True) if one != other)
    return SiteMeters(tree=MeterTree(found, known), lost=lost)


def meters_of(subentries: Iterable[ConfigSubentry]) -> SiteMeters:
    """Return the tree of what is stored. Raises MeterError."""
    return make_meters(*stored(subentries))


def stored(subentries: Iterable[ConfigSubentry]) -> tuple[list[Meter], list[Device]]:
    """Return meters and devices as their forms described them, whether the site runs or not."""
    known = [each for each in subentries if each.subentry_type in ROLES]
    meters = [
        make_meter(each.subentry_id, each.data[CONF_NAME], each.data[CONF_PARAMS], _serial(each.data))
        for each in known
        if each.subentry_type == METER
    ]
    devices = [
        Device(
            key=each.subentry_id,
            kind=DeviceKind(each.subentry_type),
            name=each.data[CONF_NAME],
            measures_itself=each.subentry_type != LOAD or is_metered(each),
        )
        for each in known
        if each.subentry_type != METER
    ]
    return meters, devices


def is_metered(load: ConfigSubentry) -> bool:
    """Tell whether a flexible load has entities of its own for what it draws."""
    entities = load.data[CONF_SOURCE].get(CONF_ENTITIES, {})
    return bool(entities.get("power_entity") or entities.get("energy_entity"))


def _serial(data: Mapping[str, Any]) -> str:
    return str(data[CONF_SOURCE][CONF_SERIAL])


def site_meters(devices: Mapping[str, SiteDevice]) -> SiteMeters:
    """Return the tree of a running site. Meters that contradict each other stop the set-up: sums would lie."""
    meters = [
        make_meter(key, device.name, device.params, device.serial)
        for key, device in devices.items()
        if device.role == METER
    ]
    try:
        return make_meters(meters, _devices(devices))
    except MeterError as err:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key=f"meter_error_{err.key}",
            translation_placeholders=err.placeholders,
        ) from err


def _devices(devices: Mapping[str, SiteDevice]) -> list[Device]:
    return [
        Device(
            key=key,
            kind=DeviceKind(device.role),
            name=device.name,
            measures_itself="power" in device.points,
            inverter=_inverter(devices, device),
        )
        for key, device in devices.items()
        if device.role != METER
    ]


def _inverter(devices: Mapping[str, SiteDevice], device: SiteDevice) -> str | None:
    """Return the key of the inverter that a battery or an array shares with others; None where it measures none."""
    if "ac_power" not in device.inverter_points:
        return None
    first = next(key for key, each in devices.items() if each.coordinator is device.coordinator)
    return f"{_INVERTER}{first}"


def measured(tree: MeterTree, devices: Mapping[str, SiteDevice]) -> Balance:
    """Return what the last readings add up to, as they are."""
    powers = {
        key: drawn_w(device) if device.role == LOAD else device.fresh_number("power")
        for key, device in devices.items()
    }
    inverters = {
        each.inverter: devices[each.key].fresh_number("ac_power", "inverter")
        for each in tree.devices
        # An inverter that never told its AC power has none.
        if each.inverter is not None and devices[each.key].value("ac_power", "inverter") is not None
    }
    return balance(tree, powers, powers, inverters)
