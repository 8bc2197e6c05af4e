"""A person's word for a while, checked before anything is written: the mode, and how strongly."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from ..const import BATTERY, CHARGER, CONF_DISCHARGE_MAX_W, DOMAIN, LOAD, PV
from ..dispatcher import Command, Source
from ..engine.flexible_load import LoadKind
from ..engine.plan.result import Mode
from ..site_device import SiteDevice
from .load_hands import STAY_ON
from .manner import manner_of

AMOUNTS = ("power_w", "current_a")


@dataclass(frozen=True, kw_only=True)
class Span:
    """How strongly a mode may be: `field` of a command from `low` to `high`. [W or A]."""

    field: str
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class OverrideRequest:
    """What somebody asks of a device until `expires_at`. Without an amount it is the most that it may."""

    mode: str
    power_w: float | None = None
    current_a: float | None = None
    expires_at: datetime


def offered_modes(device: SiteDevice) -> tuple[str, ...]:
    """Return what a device can be told; nothing where it is only read. How a load stays on is not for people."""
    return tuple(mode for mode in device.actuator.modes if mode != STAY_ON) if device.actuator else ()


def make_override(hass: HomeAssistant, device: SiteDevice, asked: OverrideRequest) -> Command:
    """Return the command. Raises ServiceValidationError where the device has no such mode, or not so strongly."""
    if asked.mode not in (modes := offered_modes(device)):
        _refuse("override_mode_unknown", device, mode=asked.mode, modes=", ".join(modes))
    span = span_of(device, asked.mode)
    takes = device.actuator.amounts.get(asked.mode) if device.actuator and span else None
    for field in AMOUNTS:
        if field != takes and getattr(asked, field) is not None:
            _refuse("override_useless_field", device, mode=asked.mode, field=field)
    amount = getattr(asked, takes) if takes else None
    if span and takes and amount is None and asked.mode == Mode.LIMIT:
        _refuse("override_field_missing", device, mode=asked.mode, field=takes)  # no limit is no wish
    if span and amount is not None and not span.low <= amount <= span.high:
        number = manner_of(hass.config.language).number
        bounds = {"low": number(span.low), "high": number(span.high), "given": number(amount)}
        _refuse("override_out_of_range", device, mode=asked.mode, field=span.field, **bounds)
    # As the entities do: what is not said is the most it may, also where only the device itself decides on it.
    amounts = {span.field: span.high if amount is None else float(amount)} if span else {}
    return Command(
        mode=asked.mode,
        power_w=amounts.get("power_w"),
        current_a=amounts.get("current_a"),
        source=Source.OVERRIDE,
        expires_at=asked.expires_at,
    )


def still_fits(device: SiteDevice, command: Command) -> bool:
    """Tell whether a device may still do what it was told: its set-up may have changed since."""
    span = span_of(device, command.mode)
    high = {span.field: span.high} if span else {}
    amounts = {field: amount for field in AMOUNTS if (amount := getattr(command, field)) is not None}
    return command.mode in offered_modes(device) and all(
        0 <= amount <= high.get(field, 0.0) for field, amount in amounts.items()
    )


def span_of(device: SiteDevice, mode: str) -> Span | None:
    """Return how strongly a device may do what a mode says, by its set-up; None where that is no question."""
    return span_by_setup(device.role, device.params, mode)


def span_by_setup(role: str, params: Mapping[str, Any], mode: str) -> Span | None:
    """Return the same of a device that need not be there."""
    what = (role, mode)
    if what in ((BATTERY, Mode.CHARGE), (BATTERY, Mode.DISCHARGE)):
        return Span(field="power_w", low=0.0, high=float(params[f"{mode}_max_w"]))
    if what == (CHARGER, Mode.CHARGE):
        low, high = params["current_min_a"], params["current_max_a"]
        return Span(field="current_a", low=float(low), high=float(high))
    if what == (CHARGER, Mode.DISCHARGE):
        return Span(field="power_w", low=0.0, high=float(params.get(CONF_DISCHARGE_MAX_W, 0)))
    if what == (LOAD, Mode.ON) and params["kind"] == LoadKind.CONTINUOUS:
        return Span(field="power_w", low=float(params["power_min_w"]), high=float(params["power_w"]))
    if what == (PV, Mode.LIMIT):
        most_kw = min(params["peak_kw"], params.get("inverter_max_kw") or params["peak_kw"])
        return Span(field="power_w", low=0.0, high=1000 * float(most_kw))
    return None


def _refuse(key: str, device: SiteDevice, **placeholders: Any) -> NoReturn:
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"device": device.name, **placeholders},
    )
