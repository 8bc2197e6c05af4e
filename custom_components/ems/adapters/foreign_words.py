"""What somebody told a device behind our back, in the words of our commands: from its entities, or its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_OFF, STATE_ON, UnitOfPower
from homeassistant.core import HomeAssistant, State
from homeassistant.util.unit_conversion import PowerConverter

from ..const import BATTERY
from ..devices.profile.model import Amount, Control, Placeholder, Quantity, RoleProfile
from ..devices.reading import Scalar

MODES: Final = ("automatic", "hold", "charge", "discharge")
# What a device rounds, by its unit; nobody turns anything by less.
ROUNDING: Final = {"W": 100.0, "A": 0.5}

type Settings = Mapping[str, Scalar | None]


@dataclass(frozen=True, kw_only=True)
class Said:
    """A command that somebody else gave. mode : None where it is none of ours."""

    mode: str | None
    power_w: float | None = None
    current_a: float | None = None


def said_by_entities(hass: HomeAssistant, role: str, entities: Mapping[str, Any]) -> Said:
    """Return what the entities of a battery or charger show now."""

    def state(field: str) -> State | None:
        return hass.states.get(entities[field]) if entities.get(field) else None

    if role == BATTERY:
        mode_entity = state("mode_entity")
        shown = mode_entity.state if mode_entity else None
        mode = next((each for each in MODES if entities.get(f"option_{each}") == shown), None)
        power_w = _watts(state("power_number")) if mode in ("charge", "discharge") else None
        return Said(mode=mode, power_w=power_w)
    current, switch = _number(state("current_number")), state("enable_switch")
    is_on = switch.state == STATE_ON if switch else current is None or current > 0
    if switch and switch.state not in (STATE_ON, STATE_OFF):
        return Said(mode=None)
    return Said(mode="charge", current_a=current) if is_on else Said(mode="off")


def _number(state: State | None) -> float | None:
    try:
        return float(state.state) if state else None
    except ValueError:
        return None


def _watts(state: State | None) -> float | None:
    value, unit = _number(state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    if value is None or unit not in PowerConverter.VALID_UNITS:
        return None
    return PowerConverter.convert(value, unit, UnitOfPower.WATT)


def watched_points(declared: RoleProfile[Any], mode: str) -> tuple[str, ...]:
    """Return the settings of a command in which a foreign hand would show.

    Not those that count down, that are never read back, or that change with what flows: they move by themselves.
    """
    control = declared.control
    assigned = control.commands.get(mode, {}) if control else {}
    return tuple(key for key, amount in assigned.items() if _is_steady(declared.point(key), amount))


def _is_steady(point: Quantity | None, amount: Amount) -> bool:
    if point is None or point.write is None or not point.write.read_back or amount is Placeholder.LEASE_S:
        return False
    follows = point.write.plus or point.write.percent_of or point.write.amps_at
    is_told = amount in (Placeholder.POWER_W, Placeholder.MINUS_POWER_W, Placeholder.CURRENT_A)
    return not is_told or (not follows and point.unit in ROUNDING)


def differs(declared: RoleProfile[Any], key: str, one: Scalar | None, other: Scalar | None) -> bool:
    """Tell whether two values of a setting are more than rounding apart. What is unknown differs from nothing."""
    if one is None or other is None:
        return False
    if isinstance(one, str | bool) or isinstance(other, str | bool):
        return one != other
    point = declared.point(key)
    if point is not None and point.codes is not None:
        return one != other
    return abs(one - other) > ROUNDING.get(point.unit if point else "", 0.0)


def said_by_settings(declared: RoleProfile[Any], settings: Settings, told: str) -> Said:
    """Return which command a device's settings amount to: the one it was told, where that still fits."""
    control = declared.control
    if control is None:
        return Said(mode=None)
    for mode in sorted(
        control.commands, key=lambda mode: (mode != told, -_strictness(control.commands[mode]))
    ):
        found = _as_command(declared, control, mode, settings)
        if found is not None:
            return found
    return Said(mode=None)


def _strictness(assigned: Mapping[str, Amount]) -> int:
    """Return how many settings a command wants at one value: the stricter of two that fit is the one that is meant."""
    return sum(not isinstance(amount, Placeholder) for amount in assigned.values())


def _as_command(declared: RoleProfile[Any], control: Control, mode: str, settings: Settings) -> Said | None:
    """Return a mode with its amounts, where every setting of it holds what it needs; None where one does not."""
    amounts: dict[str, float] = {}
    for key, amount in control.commands[mode].items():
        value, point = settings.get(key), declared.point(key)
        if point is None or amount in (Placeholder.LEASE_S, Placeholder.MAX):
            continue
        if isinstance(amount, Placeholder):
            if not isinstance(value, int | float) or isinstance(value, bool):
                return None
            field, sign = _FIELDS[amount]
            amounts[field] = sign * value
        elif value is None or value != shown(point, amount):
            return None
    if any(value < 0 for value in amounts.values()):
        return None
    if amounts.get("current_a", control.current_min_a or 0.0) < (control.current_min_a or 0.0):
        return Said(mode="off") if "off" in control.commands else None
    return Said(mode=mode, power_w=amounts.get("power_w"), current_a=amounts.get("current_a"))


_FIELDS: Final = {
    Placeholder.POWER_W: ("power_w", 1.0),
    Placeholder.MINUS_POWER_W: ("power_w", -1.0),
    Placeholder.CURRENT_A: ("current_a", 1.0),
}


def shown(point: Quantity, amount: float | str) -> Scalar:
    """Return how a reading shows what is written: enums by their word."""
    return amount if point.codes is None or isinstance(amount, str) else point.codes.get(int(amount), amount)
