"""Talk to a device before it is saved: it says who it is and what it reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations

from ..adapters.device_links import serial_of, temporary_device
from ..adapters.manner import Manner, manner_of
from ..const import DOMAIN
from ..devices import (
    AnyProfile,
    Device,
    DeviceAuthError,
    DeviceConnectionError,
    DeviceError,
    DeviceResponseError,
    Identity,
    Profile,
)
from ..devices.by_hand import NEEDED_BY_HAND
from ..devices.points import POINTS, Kind, PointSpec
from ..devices.reading import Quality, Reading, Scalar


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a device answered."""

    serial: str
    has_serial: bool  # told by the device; else `serial` is where it answers
    title: str
    roles: tuple[str, ...]  # what is really there: an inverter may have no battery
    reading: Reading


class ProbeError(Exception):
    """The device did not convince. `key` is an error of the form, `detail` what was seen."""

    def __init__(self, key: str, detail: str) -> None:
        """Keep both."""
        super().__init__(detail)
        self.key, self.detail = key, detail


async def async_probe(
    hass: HomeAssistant, profile: AnyProfile, link: Mapping[str, Any], *, by_hand: bool = False
) -> Probe:
    """Connect, identify and read once. What was described by hand need not prove that it is what it is."""
    try:
        async with temporary_device(hass, profile, link) as device:
            identity = await _async_identity(device, by_hand=by_hand)
            reading = merged(await device.async_read(), await device.async_read_settings())
    except DeviceAuthError as err:
        raise ProbeError("wrong_credentials", str(err)) from err
    except DeviceConnectionError as err:
        raise ProbeError("cannot_connect", str(err)) from err
    except DeviceResponseError as err:
        raise ProbeError("wrong_device", str(err)) from err
    except DeviceError as err:
        raise ProbeError("cannot_read", str(err)) from err
    except HomeAssistantError as err:  # core refuses two spellings of one link
        raise ProbeError("link_in_use", str(err)) from err
    serial = serial_of(profile, identity, link)
    title = f"{identity.manufacturer} {identity.model or ''}".strip()
    # Topics and addresses of documents are an identity; where a wire ends is none.
    has_serial = identity.serial is not None or not isinstance(profile, Profile)
    return Probe(serial=serial, has_serial=has_serial, title=title, roles=identity.roles, reading=reading)


async def _async_identity(device: Device, *, by_hand: bool) -> Identity:
    try:
        return await device.async_identify()
    except DeviceResponseError:
        if not by_hand:
            raise
    # Which row is wrong is said by what is read, point by point.
    family = device.profile
    return Identity(
        manufacturer=family.manufacturer, model=None, serial=None, firmware=None, roles=tuple(family.roles)
    )


def merged(one: Reading, other: Reading) -> Reading:
    """Return both readings as one: the quick rhythm and the slow."""
    roles = {
        role: {**one.roles.get(role, {}), **other.roles.get(role, {})} for role in {*one.roles, *other.roles}
    }
    return Reading(at_s=max(one.at_s, other.at_s), roles=roles, failed=(*one.failed, *other.failed))


def implausible(profile: AnyProfile, role: str, reading: Reading) -> str | None:
    """Return which points hold what cannot be, and where they are; None where all is well.

    A gateway that swaps words makes nonsense of every long number. Single oddities are no reason to refuse a device:
    what cannot be planned without, or every voltage at once, is.
    """
    found = reading.roles.get(role, {})
    odd = [key for key, value in found.items() if value.quality is Quality.INVALID]
    voltages = [key for key in found if key.startswith("voltage")]
    needed = [key for key in odd if key in NEEDED_BY_HAND.get(role, ())]
    if not needed and not (voltages and set(voltages) <= set(odd)):
        return None
    places = {key: profile.roles[role].point(key) for key in odd}
    return ", ".join(f"{key} ({point.place})" if point else key for key, point in places.items())


async def async_describe(hass: HomeAssistant, role: str, reading: Reading) -> str:
    """Return what was read as a Markdown list in the user's language, unknown values said to be unknown."""
    words = await async_get_translations(hass, hass.config.language, "entity", [DOMAIN])
    manner = manner_of(hass.config.language)
    lines = []
    values = reading.roles.get(role, {})
    # In one order for all devices, the power first; a profile's own settings are nothing to recognise one by.
    for point, spec in POINTS[role].items():
        if (value := values.get(point)) is None:
            continue
        platform = "binary_sensor" if spec.kind is Kind.FLAG else "sensor"
        entity = f"component.{DOMAIN}.entity.{platform}.{point}"
        shown = _shown(manner, value.value, spec) if value.quality in (Quality.GOOD, Quality.STALE) else "–"
        lines.append(
            f"- {words.get(f'{entity}.name', point)}: **{words.get(f'{entity}.state.{shown}', shown)}**"
        )
    return "\n".join(lines)


def _shown(manner: Manner, value: Scalar | None, spec: PointSpec) -> str:
    """Return a value as people read it: energies in kWh, no digits that nobody measured, yes and no as marks."""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if not isinstance(value, int | float):
        return str(value)
    if spec.kind is Kind.ENERGY:
        return manner.decimal(f"{value / 1000:.2f} kWh")
    digits = manner.decimal(f"{float(f'{value:.5g}'):g}")
    return f"{digits} {spec.unit or ''}".strip()
