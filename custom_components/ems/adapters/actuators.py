"""The hands of devices: profiles, and the entities of other integrations. Both answer with proof."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, override

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfElectricCurrent,
    UnitOfPower,
)
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import PowerConverter

from ..const import BATTERY, CHARGER, DOMAIN, LOAD
from ..devices import Device, DeviceError
from ..devices.command import DeviceCommand, RegisterWrite
from ..devices.profile import Placeholder
from ..devices.profile.model import Amount
from ..site_device import Actuator, SetpointWrite
from .device_wiring import SAFE_A
from .phase_entity import CONF_PHASES_SELECT, phase_steps, phase_words
from .script_hands import CONF_SCRIPT, MODES as SCRIPT_MODES

# A foreign integration that hangs must hold up neither the next command nor the unloading of a site.
FOREIGN_TIMEOUT_S = 15
# Calls whose echo may still come: a command is one or two, and there is one every five seconds at most.
REMEMBERED_CALLS = 8


class ProfileActuator(Actuator):
    """One role of a device, commanded as its profile says."""

    def __init__(
        self,
        hass: HomeAssistant,
        device: Device,
        role: str,
        subentry_id: str,
        *,
        may_switch_phases: bool = True,
    ) -> None:
        """Take what the profile declares. `may_switch_phases` is what people said about the number of phases."""
        self._may_switch_phases = may_switch_phases
        self._hass, self._device, self._role, self._subentry_id = hass, device, role, subentry_id
        declared = self.declared = device.profile.roles[role]
        self.modes = declared.commands
        self.renew_s = declared.control.renew_s if declared.control else None
        self.lease_s = declared.control.lease_s if declared.control else None
        self.on_expiry = declared.control.on_expiry if declared.control else ""
        self.keeps = declared.control.keeps if declared.control else ()
        self.amounts = _profile_amounts(declared.control.commands) if declared.control else {}
        self.min_write_interval_s = declared.control.min_write_interval_s if declared.control else 0.0

    @property
    @override
    def switches_phases(self) -> bool:
        """Ask the device, too: it may be built for one number only, or its own settings may forbid it."""
        return self._may_switch_phases and self._device.switches_phases(self._role)

    @override
    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        """Write the command's settings and read them back."""
        if not self.switches_phases:
            command = replace(command, phases=None)
        try:
            writes = await self._device.async_command(command, renew=renew)
        except DeviceError as err:
            raise _refused(self._device.profile.label, err) from err
        return [self._proof(write) for write in writes]

    @override
    async def async_release(self) -> list[SetpointWrite]:
        """Write the documented safe state, whoever commanded: it may have been a run that crashed."""
        try:
            writes = await self._device.async_release(roles=(self._role,), force=True)
        except DeviceError as err:
            raise _refused(self._device.profile.label, err) from err
        return [self._proof(write) for write in writes]

    def _proof(self, write: RegisterWrite) -> SetpointWrite:
        return SetpointWrite(
            entity_id=_own_entity(self._hass, self._subentry_id, self._role, write.point),
            register=f"{write.point}@{write.address}",
            unit=write.unit,
            before=write.before,
            written=write.written,
            read_back=write.read_back,
            at=dt_util.utcnow(),
        )


class EntityActuator(Actuator):
    """Writes to a battery's or charger's own entities. What is written there stays: there is no lease."""

    renew_s = None
    on_expiry = "What was written last stays."

    def __init__(
        self,
        hass: HomeAssistant,
        role: str,
        entities: Mapping[str, Any],
        name: str,
        safe_a: float = SAFE_A,
        *,
        may_switch_phases: bool = True,
    ) -> None:
        """Offer the modes that the given entities can express."""
        self._switches_phases = may_switch_phases and len(phase_words(entities)) > 1 and role == CHARGER
        self._hass, self._entities, self._name = hass, entities, name
        self._steps: Callable[[Mapping[str, Any], DeviceCommand], list[Step]]
        self._steps = _battery_steps if role == BATTERY else _charger_steps
        self._safe_a = safe_a
        self._calls: deque[str] = deque(maxlen=REMEMBERED_CALLS)
        self.modes = entity_modes(role, entities)
        self.amounts = _entity_amounts(role, entities)

    @property
    @override
    def switches_phases(self) -> bool:
        """Tell whether there is an entity for it, with a word for each number."""
        return self._switches_phases

    @property
    @override
    def is_there(self) -> bool:
        """Tell whether every entity that may be written is available: the mode, the number, the switch."""
        states = [self._hass.states.get(self._entities[key]) for key in _WRITTEN if self._entities.get(key)]
        return all(state is not None and state.state != STATE_UNAVAILABLE for state in states)

    @override
    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        """Call the services that express the command, changed values only."""
        if command.mode not in self.modes:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="mode_not_offered",
                translation_placeholders={"device": self._name, "mode": command.mode},
            )
        if not self._switches_phases:
            command = replace(command, phases=None)
        return [await self._async_write(*step) for step in self._steps(self._entities, command)]

    @property
    def written(self) -> tuple[str, ...]:
        """Return the entities that are written to."""
        return tuple(self._entities[key] for key in _WRITTEN if self._entities.get(key))

    def is_echo(self, context: Context) -> bool:
        """Tell whether a change of state came from a call of ours."""
        return context.id in self._calls

    def strayed(self, command: DeviceCommand) -> bool:
        """Tell whether an entity shows something else than a command wrote into it.

        What is not there says nothing, and what a device rounds or a number cannot hold is no difference.
        """
        for entity_id, _, wanted in self._steps(self._entities, command):
            state = self._hass.states.get(entity_id)
            if state is not None and state.state not in _SILENT and not _is_near(state, wanted):
                return True
        return False

    @override
    async def async_release(self) -> list[SetpointWrite]:
        """Give a battery back to its own automatic, and leave a charger at its safe current."""
        if "automatic" in self.modes:
            return await self.async_command(DeviceCommand(role="", mode="automatic"))
        return await self.async_command(safe_command(self._safe_a, is_set=bool(self.amounts)))

    async def _async_write(self, entity_id: str, service: str, wanted: float | str) -> SetpointWrite:
        before = self._hass.states.get(entity_id)
        if before is None or before.state == STATE_UNAVAILABLE:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="entity_unavailable",
                translation_placeholders={"device": self._name, "entity": entity_id},
            )
        value = wanted if isinstance(wanted, str) else _in_terms_of(before, wanted)
        if not _holds(before, value):
            await self._async_call(entity_id, service, value)
        after = self._hass.states.get(entity_id)
        return SetpointWrite(
            entity_id=entity_id,
            register=entity_id,
            unit=before.attributes.get(ATTR_UNIT_OF_MEASUREMENT),
            before=before.state,
            written=value,
            read_back=after.state if after else None,
            at=dt_util.utcnow(),
        )

    async def _async_call(self, entity_id: str, service: str, value: float | str) -> None:
        domain, name = service.split(".")
        field = {"set_value": {"value": value}, "select_option": {"option": value}}.get(name, {})
        data = {"entity_id": entity_id, **field}
        try:
            async with asyncio.timeout(FOREIGN_TIMEOUT_S):
                await self._hass.services.async_call(
                    domain, name, data, blocking=True, context=self._context()
                )
        except HomeAssistantError:
            raise
        except Exception as err:
            # Whatever the library behind a foreign entity raises, it is that device's refusal and not our end.
            raise _refused(self._name, err) from err

    def _context(self) -> Context:
        """Return what a call is known by afterwards."""
        context = Context()
        self._calls.append(context.id)
        return context


def safe_command(safe_a: float, *, is_set: bool) -> DeviceCommand:
    """Return what a charger is left with when nobody watches its fuse any more.

    is_set : Whether its current can be set; one that can only be switched charges with all it has, which is not safe.
    """
    if safe_a <= 0 or not is_set:
        return DeviceCommand(role=CHARGER, mode="off")
    return DeviceCommand(role=CHARGER, mode="charge", current_a=safe_a)


def _in_terms_of(number: State, value: float) -> float:
    """Return a setpoint in a number's own unit, and no more than it takes."""
    unit = number.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if unit in PowerConverter.VALID_UNITS:
        value = PowerConverter.convert(value, UnitOfPower.WATT, unit)
    return float(min(value, number.attributes.get("max", value)))


def _holds(state: State, value: float | str) -> bool:
    """Tell whether an entity shows a value already: 3000.0 is 3000."""
    if isinstance(value, str):
        return state.state == value
    try:
        return float(state.state) == value
    except ValueError:
        return False


# What a device rounds on its way, in a number's own unit; nobody turns anything by less.
_ROUNDING: Final[Mapping[str | None, float]] = {
    UnitOfPower.WATT: 100.0,
    UnitOfPower.KILO_WATT: 0.1,
    UnitOfElectricCurrent.AMPERE: 0.5,
}
_SILENT: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)


def _is_near(state: State, wanted: float | str) -> bool:
    """Tell whether an entity shows what was written into it, give and take what devices round."""
    if isinstance(wanted, str):
        return state.state == wanted
    value, unit = _in_terms_of(state, wanted), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    rounding = max(_ROUNDING.get(unit, 0.0), float(state.attributes.get("step", 0.0)))
    try:
        return abs(float(state.state) - value) <= rounding
    except ValueError:
        return False


def entity_modes(role: str, entities: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the given entities can express; nothing means read only."""
    if role in SCRIPT_MODES and entities.get(CONF_SCRIPT):
        return SCRIPT_MODES[role]
    if role == LOAD:
        return ("off", "on") if entities.get("switch_entity") or entities.get("power_number") else ()
    if role == CHARGER:
        return ("off", "charge") if entities.get("enable_switch") or entities.get("current_number") else ()
    if role == BATTERY and entities.get("mode_entity"):
        return tuple(
            mode for mode in ("automatic", "hold", "charge", "discharge") if entities.get(f"option_{mode}")
        )
    return ()


def _entity_amounts(role: str, entities: Mapping[str, Any]) -> dict[str, str]:
    """Return the modes whose strength can be set, and the field of a command that sets it."""
    if role == CHARGER:
        return {"charge": "current_a"} if entities.get("current_number") else {}
    if not entities.get("power_number"):
        return {}
    return dict.fromkeys(("on",) if role == LOAD else ("charge", "discharge"), "power_w")


def _profile_amounts(commands: Mapping[str, Mapping[str, Amount]]) -> dict[str, str]:
    """Return the same of a profile: what its commands leave to be filled in."""
    return {
        mode: field
        for mode, assigned in commands.items()
        for placeholder, field in _FILLED.items()
        if placeholder in assigned.values()
    }


_FILLED = {
    Placeholder.POWER_W: "power_w",
    Placeholder.MINUS_POWER_W: "power_w",
    Placeholder.CURRENT_A: "current_a",
}
# The entities of a set-up that are written to.
_WRITTEN = (
    *("mode_entity", "power_number", "current_number", "enable_switch", "switch_entity"),
    CONF_PHASES_SELECT,
)

type Step = tuple[str, str, float | str]


def _battery_steps(entities: Mapping[str, Any], command: DeviceCommand) -> list[Step]:
    """Power before mode: a mode must never start with the power of an hour ago."""
    steps: list[Step] = []
    if command.power_w is not None and entities.get("power_number"):
        steps.append((entities["power_number"], "number.set_value", command.power_w))
    steps.append((entities["mode_entity"], "select.select_option", entities[f"option_{command.mode}"]))
    return steps


def _charger_steps(entities: Mapping[str, Any], command: DeviceCommand) -> list[Step]:
    """Current before enable, for the same reason; a charger without a switch pauses at 0 A.

    Phases change while nothing flows: before it may charge, and behind what stops it.
    """
    phases = phase_steps(entities, command.phases)
    current, switch = entities.get("current_number"), entities.get("enable_switch")
    steps: list[Step] = []
    if current and command.mode == "charge" and command.current_a is not None:
        steps.append((current, "number.set_value", command.current_a))
    if current and command.mode == "off" and not switch:
        steps.append((current, "number.set_value", 0))
    if switch:
        steps.append(
            (switch, "switch.turn_on" if command.mode == "charge" else "switch.turn_off", _ON[command.mode])
        )
    return phases + steps if command.mode == "charge" else steps + phases


_ON = {"charge": "on", "off": "off"}

# Which of our own entities shows a register, so that a write can be found in the history.
_SHOWN_BY = {BATTERY: ("select", "mode"), CHARGER: ("number", "current_limit"), LOAD: ("switch", "run")}
_POWER_POINTS = ("charge_limit", "discharge_limit")


def _own_entity(hass: HomeAssistant, subentry_id: str, role: str, point: str) -> str | None:
    domain, key = _SHOWN_BY.get(role, ("", ""))
    if point in _POWER_POINTS:
        domain, key = "number", "power_setpoint"
    return er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{subentry_id}_{key}") if domain else None


def _refused(label: str, err: Exception) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="write_failed",
        translation_placeholders={"device": label, "detail": str(err) or type(err).__name__},
    )
