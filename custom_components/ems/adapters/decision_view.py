"""A decision of the guard as people look at it: what it is, what holds it back, and how it differs from the plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ..channel import Channel, Command, is_over
from ..const import CHARGER, PV
from ..engine.control.circuit import CircuitTree
from ..engine.control.decision import Decision
from ..engine.control.rows import BoundKind
from ..engine.control.telling import Kind, Told
from ..engine.plan.result import Mode, Reason
from .guard_commands import guarded, reason_of
from .manner import Manner, manner_of
from .wording import reason_text

# What may be fed in holds arrays only: it is no limit of a circuit.
EXPORT: Final = "export"
# The plan's word as the guard carries it out: what the sun leaves and what the load asks for is part of it.
_AS_PLANNED: Final = frozenset(
    {
        *("ev_plan_charges", "ev_plan_waits_only", "pv_free", "battery_follows", "battery_covers"),
        *("battery_stores", "battery_holds", "battery_hold", "battery_charge", "battery_discharge"),
    }
)
_WITH_AMOUNT: Final = {Mode.CHARGE: "with", Mode.DISCHARGE: "with", Mode.LIMIT: "at"}
# Home Assistant refuses longer states.
LONGEST: Final = 255


def as_told(decision: Decision, channel: Channel) -> Decision:
    """Return a decision as the device gets it: a person may let a car feed the home past the guard."""
    given = channel.override
    feeds = given is not None and given.mode == Mode.DISCHARGE and not is_over(given)
    if given is None or not feeds or channel.device.role != CHARGER:
        return decision
    return replace(
        decision,
        mode=given.mode,
        current_a=given.current_a,
        power_kw=None if given.power_w is None else given.power_w / 1000,
        source="override",
        reason=Reason(key="override_feeds"),
        held_by=None,
        next_change_s=given.expires_at.timestamp() if given.expires_at else None,
    )


def limit_of(decision: Decision) -> str | None:
    """Return the kind of limit that holds a device back; None where none does."""
    if decision.held_by is not None:
        return decision.held_by.kind.value
    return EXPORT if decision.reason.key == "pv_limited" else None


def holder_of(decision: Decision) -> str | None:
    """Return the circuit whose limit holds a device back. What the sun leaves over is no circuit's limit."""
    held_by = decision.held_by
    return None if held_by is None or held_by.kind is BoundKind.SURPLUS else held_by.circuit


def attributes_of(decision: Decision, channel: Channel, tree: CircuitTree) -> dict[str, Any]:
    """Return a decision beside what the plan wanted."""
    held_by = decision.held_by
    circuit = tree.by_key.get(held_by.circuit) if held_by else None
    return {
        "mode": decision.mode,
        "current_a": None if decision.current_a is None else round(decision.current_a, 1),
        "power_kw": None if decision.power_kw is None else round(decision.power_kw, 2),
        "phases": decision.phases,
        "source": decision.source,
        "limited_by": limit_of(decision),
        "circuit": circuit.name if circuit else None,
        "phase": f"L{held_by.phase}" if held_by and held_by.phase else None,
        "renews": decision.renews,
        "next_change": None
        if decision.next_change_s is None
        else dt_util.utc_from_timestamp(decision.next_change_s),
        **_planned_attributes(running(channel)),
    }


def _planned_attributes(planned: Command | None) -> dict[str, Any]:
    power_w = planned.power_w if planned else None
    return {
        "planned_mode": planned.mode if planned else None,
        "planned_current_a": planned.current_a if planned else None,
        "planned_power_kw": None if power_w is None else round(power_w / 1000, 2),
    }


def running(channel: Channel) -> Command | None:
    """Return what the plan wants now; None where there is none that is young enough."""
    return None if is_over(channel.planned) else channel.planned


def deviates(decision: Decision, channel: Channel, now: datetime, charge_max_kw: float = 0.0) -> bool | None:
    """Tell whether a device is told something else than the plan wants; None where there is nothing to compare."""
    planned = running(channel)
    if planned is None:
        return None
    if decision.reason.key in _AS_PLANNED and holder_of(decision) is None:
        return False
    if channel.device.role == PV:
        # The plan's limit is of a forecast: how strongly it holds back is the meter's business.
        return decision.mode == Mode.LIMIT and (decision.source == "override" or planned.mode != Mode.LIMIT)
    if _takes_surplus_too(decision, planned):
        return False
    command = guarded(decision, channel, now, charge_max_kw).command
    return command is None or not command.is_same_as(planned)


def _takes_surplus_too(decision: Decision, planned: Command) -> bool:
    """Tell whether a car has what was planned, and what the sun leaves on top of it."""
    if decision.source != "plan" or decision.reason.key == "ev_urgent" or decision.mode != planned.mode:
        return False
    return (decision.current_a or 0.0) >= (planned.current_a or 0.0) > 0


def told_of(decision: Decision, channel: Channel, now: datetime, charge_max_kw: float = 0.0) -> Told:
    """Return a decision as far as it is told."""
    limit, circuit = limit_of(decision), holder_of(decision)
    is_blind = limit == BoundKind.UNTRUSTED
    is_limited = limit is not None and limit != BoundKind.SURPLUS and not is_blind
    protects = decision.source == "protection" and not is_limited
    # That production is held back is told by what holds it.
    is_array = channel.device.role == PV
    return Told(
        limited_by=f"{limit}:{circuit or ''}" if is_limited else "",
        protects=decision.reason.key if protects else "",
        mode="" if is_array else decision.mode,
        source=decision.source,
        deviates=deviates(decision, channel, now, charge_max_kw),
    )


# In words.


@callback
def why(hass: HomeAssistant, decision: Decision, channel: Channel) -> str:
    """Return the sentence that tells why, short enough for a state."""
    text = reason_text(hass, reason_of(decision, channel))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@callback
def sentence(hass: HomeAssistant, kind: Kind, decision: Decision, channel: Channel) -> str:
    """Return news as people would tell it: "charging with 6 A instead of 16 A: House has no more room on L2."."""
    manner, planned = manner_of(hass.config.language), running(channel)
    doing = _does(hass, decision.mode, _amount(manner, decision.current_a, decision.power_kw))
    reason = why(hass, decision, channel)
    match kind:
        case Kind.FREED | Kind.FOLLOWED:
            return _say(hass, f"told_{kind}", now=doing)
        case Kind.DEVIATED if planned is not None:
            instead = _planned_words(hass, manner, planned, decision)
            return _say(hass, "told_deviated", now=doing, planned=instead, why=reason)
    return f"{doing}: {reason}"


def _planned_words(hass: HomeAssistant, manner: Manner, planned: Command, decision: Decision) -> str:
    """Return what was planned; of the same with another amount the amount alone."""
    power_kw = None if planned.power_w is None else planned.power_w / 1000
    amount = _amount(manner, planned.current_a, power_kw)
    return amount if amount and planned.mode == decision.mode else _does(hass, planned.mode, amount)


def _amount(manner: Manner, current_a: float | None, power_kw: float | None) -> str:
    if current_a is not None:
        return f"{manner.number(round(current_a, 1))} A"
    return "" if power_kw is None else f"{manner.number(round(power_kw, 1))} kW"


def _does(hass: HomeAssistant, mode: str, amount: str) -> str:
    how = _WITH_AMOUNT.get(Mode(mode))
    if amount and how:
        return _say(hass, f"does_{mode}_{how}", amount=amount)
    return _say(hass, f"does_{mode}")


def _say(hass: HomeAssistant, key: str, **placeholders: str) -> str:
    said: Mapping[str, str] = placeholders
    return reason_text(hass, Reason(key=key, placeholders=said))
