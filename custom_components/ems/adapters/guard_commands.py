"""From what the guard decided to what the dispatcher writes."""

from datetime import datetime
from typing import Final

from ..channel import Channel, Command, Guarded, Source, is_over
from ..const import BATTERY, CHARGER, GUARD_INTERVAL
from ..engine.control.decision import Decision
from ..engine.plan.result import Mode, Reason
from ..settings import SiteSettings
from .schedules import load_command

# Three missed looks: the guard has stopped, and devices go to their safe state.
WORD_LIVES: Final = 3 * GUARD_INTERVAL
# Where the guard only does what the plan says, the plan's own reason tells more.
_BY_PLAN: Final = frozenset(
    {"ev_plan_charges", "ev_plan_waits_only", "battery_charge", "battery_discharge", "battery_hold"}
)
# A battery that can only charge with all it has may do so where that is nearly what it is given.
_NEARLY: Final = 0.95


def guarded(decision: Decision, channel: Channel, now: datetime, charge_max_kw: float = 0.0) -> Guarded:
    """Return what a device is let do. A decision that leaves it to itself is no command."""
    return Guarded(
        command=_command(decision, channel, charge_max_kw),
        until=now + WORD_LIVES,
        renews=decision.renews,
        at_once=decision.at_once,
    )


def scheduled(settings: SiteSettings, channel: Channel, now: datetime) -> Guarded | None:
    """Return what a flexible load is to do by its hours; None where none run, or a person said something else."""
    if channel.override is not None and not is_over(channel.override):
        return None
    command = load_command(settings, channel.device, now)
    return None if command is None else Guarded(command=command, until=now + WORD_LIVES)


def _command(decision: Decision, channel: Channel, charge_max_kw: float) -> Command | None:
    device, mode = channel.device, decision.mode
    if device.role == CHARGER and (given := _given_back(channel)):
        return given
    if device.actuator is None or decision.source == "none" or _is_nobodys(decision, channel):
        return None
    if mode not in device.actuator.modes:
        return None
    if device.role == CHARGER:
        current_a = decision.current_a if mode == Mode.CHARGE else None
        return _worded(Command(mode=mode, current_a=current_a, phases=decision.phases), decision, channel)
    if device.role == BATTERY:
        mode = _without_power(decision, channel, charge_max_kw)
    power_w = (
        None if decision.power_kw is None or mode != decision.mode else round(1000 * decision.power_kw, 1)
    )
    return _worded(Command(mode=mode, power_w=power_w), decision, channel)


def _is_nobodys(decision: Decision, channel: Channel) -> bool:
    """Tell whether a silent home would be written to only to leave alone what nobody has touched."""
    is_blind = decision.reason.key == "battery_blind"
    return is_blind and not channel.is_touched and channel.override is None


def _given_back(channel: Channel) -> Command | None:
    """Return a person's word that a car shall feed the home: no limit of what may be drawn binds it."""
    override = channel.override
    is_held = override is not None and override.mode == Mode.DISCHARGE and not is_over(override)
    return override if is_held else None


def _without_power(decision: Decision, channel: Channel, charge_max_kw: float) -> str:
    """Return the mode, or a gentler one where the device cannot be told how strongly and limits leave it less."""
    actuator = channel.device.actuator
    if actuator is None or decision.mode != Mode.CHARGE or Mode.CHARGE in actuator.amounts:
        return decision.mode
    if (decision.power_kw or 0.0) >= _NEARLY * charge_max_kw:
        return decision.mode
    return Mode.HOLD if Mode.HOLD in actuator.modes else Mode.AUTOMATIC


def _worded(command: Command, decision: Decision, channel: Channel) -> Command:
    """Put to a command whose it is, why, and until when."""
    source = Source(decision.source)
    override = channel.override if source is Source.OVERRIDE else None
    return Command(
        mode=command.mode,
        power_w=command.power_w,
        current_a=command.current_a,
        phases=command.phases,
        expires_at=override.expires_at if override else None,
        source=source,
        reason=reason_of(decision, channel),
    )


def reason_of(decision: Decision, channel: Channel) -> Reason:
    """Return why: the plan's own words where it is followed to the letter."""
    planned = channel.planned
    if decision.source == "plan" and decision.reason.key in _BY_PLAN and planned and planned.reason:
        return planned.reason
    return decision.reason
