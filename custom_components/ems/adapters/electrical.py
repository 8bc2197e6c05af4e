"""From a meter's readings to samples of its electricity, and from its form to the limits they are judged by."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ..const import CONF_KIND, SOURCE_PUSH
from ..engine.insight.electrical_limits import UNKNOWN_AFTER_S, ElectricalLimits
from ..engine.insight.electrical_verdict import Condition, Sample, Subject
from ..engine.insight.unbalance import signed_current_a
from ..site_device import SiteDevice

if TYPE_CHECKING:
    from ..coordinators.push import PushCoordinator

# The section of a meter's form, and of its stored parameters. Meters older than it have none and get the defaults.
SECTION: Final = "electrical_health"
FIELDS: Final = (
    *("nominal_v", "voltage_warning_pct", "voltage_critical_pct", "unbalance_pct", "spread_a"),
    *("nominal_hz", "power_factor_min", "power_min_w", "offline_s"),
)
# However rarely a meter speaks: after this, what it said of its voltage is history. [s]
PATIENCE_MAX_S: Final = 120.0
_PHASES: Final = (1, 2, 3)
_EVENTS: Final = {
    (Subject.VOLTAGE_IMBALANCE, Condition.OVER): "voltage_imbalance",
    (Subject.VOLTAGE_IMBALANCE, Condition.NORMAL): "voltage_balanced",
    (Subject.CURRENT_IMBALANCE, Condition.OVER): "current_imbalance",
    (Subject.CURRENT_IMBALANCE, Condition.NORMAL): "current_balanced",
    (Subject.POWER_FACTOR, Condition.LOW): "power_factor_low",
    (Subject.POWER_FACTOR, Condition.NORMAL): "power_factor_normal",
    (Subject.CONNECTION, Condition.OFFLINE): "offline",
    (Subject.CONNECTION, Condition.NORMAL): "online",
}
_LEVELS: Final = (
    *(Condition.NORMAL, Condition.LOW_WARNING, Condition.LOW_CRITICAL),
    *(Condition.HIGH_WARNING, Condition.HIGH_CRITICAL),
)
CONDITIONS: Final[Mapping[Subject, tuple[Condition, ...]]] = {
    Subject.VOLTAGE: (*_LEVELS, Condition.FLUCTUATING),
    Subject.FREQUENCY: _LEVELS,
    Subject.VOLTAGE_IMBALANCE: (Condition.OVER, Condition.NORMAL),
    Subject.CURRENT_IMBALANCE: (Condition.OVER, Condition.NORMAL),
    Subject.POWER_FACTOR: (Condition.LOW, Condition.NORMAL),
    Subject.CONNECTION: (Condition.OFFLINE, Condition.NORMAL),
}


def event_type(subject: Subject, condition: Condition) -> str:
    """Return what it is called when a subject becomes something."""
    return _EVENTS.get((subject, condition), f"{subject}_{condition}")


def subjects_of(device: SiteDevice) -> tuple[Subject, ...]:
    """Return what can be judged by the points that a meter has."""
    points = set(device.points)
    voltages, currents = len(_voltage_phases(device)), len(_current_phases(device))
    has = {
        Subject.VOLTAGE: voltages > 0,
        Subject.FREQUENCY: "frequency" in points,
        Subject.VOLTAGE_IMBALANCE: voltages > 1,
        Subject.CURRENT_IMBALANCE: currents > 1,
        Subject.POWER_FACTOR: "power" in points and bool({"power_factor", "apparent_power"} & points),
        Subject.CONNECTION: True,
    }
    return tuple(subject for subject, is_there in has.items() if is_there)


def limits_of(device: SiteDevice, *, connection_phases: int) -> ElectricalLimits:
    """Return the limits that people chose for a meter.

    At the connection of a three-phase home every phase is wired, so one without voltage is lost. Elsewhere a
    three-phase meter may well sit on one phase.
    """
    stored: Mapping[str, Any] = device.params.get(SECTION, {})
    is_whole = device.params.get("position") == "grid" and connection_phases == len(_PHASES)
    chosen = {key: float(stored[key]) for key in FIELDS if key in stored}
    # A device that is asked every half minute may miss one answer, too; its readings' age says how slow it is.
    patience_s = max(UNKNOWN_AFTER_S, min(device.max_age_s, PATIENCE_MAX_S))
    return ElectricalLimits(expects_all_phases=is_whole, unknown_after_s=patience_s, **chosen)


def sample_of(device: SiteDevice) -> Sample:
    """Return what a meter says now; an old value is none."""
    voltages = {phase: device.fresh_number(f"voltage_l{phase}") for phase in _voltage_phases(device)}
    return Sample(
        voltage_v=tuple(voltages.values()),
        current_a=tuple(_current_a(device, phase, voltages.get(phase)) for phase in _current_phases(device)),
        frequency_hz=device.fresh_number("frequency"),
        power_factor=_power_factor(device),
        power_w=device.fresh_number("power"),
        is_fresh=is_there(device),
    )


def newest_s(device: SiteDevice) -> float | None:
    """Return when a meter last measured anything, None where that no longer counts. [s since epoch]."""
    reading = device.coordinator.data
    if not reading or not device.is_fresh:
        return None
    return max((value.at_s for value in reading.roles.get(device.role, {}).values()), default=None)


def is_there(device: SiteDevice) -> bool:
    """Tell whether a device is heard of. One that posts says itself how rarely: its last power may be old by then."""
    if device.source[CONF_KIND] != SOURCE_PUSH:
        return device.is_fresh
    coordinator = cast("PushCoordinator", device.coordinator)
    return coordinator.last_update_success and coordinator.has_reported


def _voltage_phases(device: SiteDevice) -> list[int]:
    return [phase for phase in _PHASES if f"voltage_l{phase}" in device.points]


def _current_phases(device: SiteDevice) -> list[int]:
    """Return the phases whose current is told, or follows from power and voltage."""
    points = set(device.points)
    return [
        phase
        for phase in _PHASES
        if f"current_l{phase}" in points or {f"power_l{phase}", f"voltage_l{phase}"} <= points
    ]


def _current_a(device: SiteDevice, phase: int, voltage_v: float | None) -> float | None:
    current_a = device.fresh_number(f"current_l{phase}")
    if current_a is None and f"current_l{phase}" in device.points:
        return None  # a meter that tells currents and is silent about one does not know it
    return signed_current_a(current_a, device.fresh_number(f"power_l{phase}"), voltage_v)


def _power_factor(device: SiteDevice) -> float | None:
    if "power_factor" in device.points:
        return device.fresh_number("power_factor")
    power_w, apparent_va = device.fresh_number("power"), device.fresh_number("apparent_power")
    return None if power_w is None or not apparent_va else power_w / apparent_va
