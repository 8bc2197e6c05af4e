"""The plan's running step as commands: kW become W and A, and a mode keeps its name."""

from collections.abc import Mapping
from dataclasses import replace
from math import floor

from homeassistant.util import dt as dt_util

from ..const import LOAD, PLAN_MAX_AGE_S
from ..dispatcher import Command, Source
from ..engine.flexible_load import LoadKind
from ..engine.plan.result import DevicePlan, Mode, Plan
from ..site_device import SiteDevice
from .loads import kind_of

NOMINAL_V = 230.0


def plan_commands(plan: Plan, step: int, devices: Mapping[str, SiteDevice]) -> dict[str, Command]:
    """Return what each device with hands is to do in a step, for as long as the plan is worth following."""
    expires_at = dt_util.utc_from_timestamp(plan.created_at_s + PLAN_MAX_AGE_S)
    return {
        device_id: replace(command, expires_at=expires_at)
        for device_id, device in devices.items()
        if device.actuator
        and (planned := plan.devices.get(device_id))
        and (command := _command(planned, step, device))
    }


def _command(planned: DevicePlan, step: int, device: SiteDevice) -> Command | None:
    mode, reason = planned.modes[step], planned.reasons[step]
    if device.actuator is None or mode.value not in device.actuator.modes:
        return None
    power_w = abs(float(planned.power_kw[step])) * 1000
    if device.role == "charger":
        if mode is not Mode.CHARGE:
            # Who waits keeps the phases it has: a pause between two charges on one phase is no reason to change.
            return Command(mode=mode.value, source=Source.PLAN, reason=reason)
        phases = _phases(planned, step, device)
        current_a = _current(power_w, phases, device)
        return Command(mode=mode.value, current_a=current_a, phases=phases, source=Source.PLAN, reason=reason)
    if device.role == LOAD and kind_of(device) is not LoadKind.CONTINUOUS:
        return Command(mode=mode.value, source=Source.PLAN, reason=reason)
    has_power = mode in (Mode.CHARGE, Mode.DISCHARGE, Mode.LIMIT, Mode.ON)
    return Command(
        mode=mode.value, power_w=round(power_w) if has_power else None, source=Source.PLAN, reason=reason
    )


def _phases(planned: DevicePlan, step: int, device: SiteDevice) -> int:
    """Return on how many phases a charger is to run; on all it has where nobody says."""
    told = 0 if planned.phases is None else int(planned.phases[step])
    return told or int(device.params["phases"])


def _current(power_w: float, phases: int, device: SiteDevice) -> float:
    """Return the current per phase that carries a power, in tenths of an ampere, within the charger's limits. [A]."""
    params = device.params
    current_a = floor(power_w / (phases * NOMINAL_V) * 10 + 0.5) / 10
    return float(min(max(current_a, params["current_min_a"]), params["current_max_a"]))
