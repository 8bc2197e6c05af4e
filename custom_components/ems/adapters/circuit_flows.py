"""From a meter's reading to what flows on each phase of a circuit."""

from collections.abc import Iterable, Mapping, Sequence

from ..devices.reading import Quality, Value
from ..engine.control.circuit import Circuit
from ..engine.control.flow import PhaseFlow, phase_flow
from ..engine.control.snapshot import MeterWord
from ..site_device import SiteDevice

# Currents and the total fit one direction where they differ by no more than cosine and rounding.
_ONE_WAY = 0.15
# What did not answer once or twice is as old as its last answer, and the circuit with it; then it says nothing, and
# the rest of the meter goes on without it. Less than the silence after which a meter is not believed. [s]
_MISSED_S = 10.0


def circuit_word(circuit: Circuit, meters: Sequence[SiteDevice]) -> MeterWord | None:
    """Return what flows into a circuit, added up over its meters; None where there is none.

    As old as the oldest of them; a phase that one of them does not know is unknown.
    """
    words = [meter_word(circuit, meter) for meter in meters]
    if not words:
        return None
    times = [word.at_s for word in words]
    return MeterWord(
        at_s=None if None in times else min(time for time in times if time is not None),
        flows={phase: _added(word.flows.get(phase) for word in words) for phase in circuit.phases},
        values=tuple(value for word in words for value in word.values),
    )


def _added(flows: Iterable[PhaseFlow | None]) -> PhaseFlow | None:
    found = list(flows)
    known = [flow for flow in found if flow is not None]
    if len(known) < len(found):
        return None
    return PhaseFlow(
        active_a=sum(flow.active_a for flow in known), reactive_a=sum(flow.reactive_a for flow in known)
    )


def meter_word(circuit: Circuit, meter: SiteDevice) -> MeterWord:
    """Return what one meter says of a circuit's phases."""
    reading = meter.coordinator.data
    values = reading.roles.get(meter.role, {}) if reading else {}
    good = {key: value for key, value in values.items() if reading and _counts(value, reading.at_s)}
    flows = _flows(circuit, good)
    heard = [value.at_s for key, value in good.items() if key.startswith(("power", "current"))]
    return MeterWord(
        at_s=min(heard, default=None),
        flows=flows,
        values=tuple(_number(good, key) for key in sorted(good) if not key.endswith("_energy")),
    )


def _counts(value: Value, at_s: float) -> bool:
    """Tell whether a value is part of what a meter says at an instant."""
    is_missed = value.quality is Quality.STALE and at_s - value.at_s <= _MISSED_S
    return value.quality is Quality.GOOD or is_missed


def word_of_power(circuit: Circuit, power_w: float | None, at_s: float | None) -> MeterWord:
    """Return the word of a meter that only knows the sum: nobody can say more than that it is spread evenly."""
    share = None if power_w is None else phase_flow(power_w / len(circuit.phases), None)
    return MeterWord(at_s=at_s, flows=dict.fromkeys(circuit.phases, share), values=(power_w,))


def _flows(circuit: Circuit, values: Mapping[str, Value]) -> dict[int, PhaseFlow | None]:
    if len(circuit.phases) == 1 and "power" in values and not _tells_phases(values):
        return {circuit.phases[0]: phase_flow(_number(values, "power"), None)}
    if not _tells_phases(values):
        return dict(word_of_power(circuit, _number(values, "power"), None).flows)
    sign = _sign(circuit, values)
    return {
        phase: phase_flow(
            _power(values, phase, sign),
            _number(values, f"current_l{phase}"),
            _number(values, f"voltage_l{phase}"),
        )
        for phase in circuit.phases
    }


def _tells_phases(values: Mapping[str, Value]) -> bool:
    return any(f"{point}_l{phase}" in values for point in ("power", "current") for phase in (1, 2, 3))


def _power(values: Mapping[str, Value], phase: int, sign: int) -> float | None:
    """Return a phase's power, from its current where the direction of all is known. [W]."""
    power_w = _number(values, f"power_l{phase}")
    current_a = _number(values, f"current_l{phase}")
    if power_w is not None or current_a is None or sign == 0:
        return power_w
    return sign * abs(current_a) * (_number(values, f"voltage_l{phase}") or 230.0)


def _sign(circuit: Circuit, values: Mapping[str, Value]) -> int:
    """Return the direction of all phases, where currents have none but the total tells it; 0 where it does not."""
    total_w = _number(values, "power")
    currents = [_number(values, f"current_l{phase}") for phase in circuit.phases]
    if total_w is None or any(current is None for current in currents):
        return 0
    through_w = 230.0 * sum(abs(current) for current in currents if current is not None)
    if abs(through_w - abs(total_w)) > max(_ONE_WAY * through_w, 100.0):
        return 0
    return 1 if total_w > 0 else -1


def _number(values: Mapping[str, Value], key: str) -> float | None:
    found = values.get(key)
    value = None if found is None else found.value
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
