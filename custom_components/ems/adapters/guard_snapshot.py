"""One picture of the home for the guard: what meters and devices say, and what people, schedules and the plan want."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.util import dt as dt_util

from ..channel import Channel, Command, is_over
from ..engine.control.battery import BatteryAsk, BatteryNow
from ..engine.control.charger import ChargerNow, ChargerSpec, PhaseCurrents
from ..engine.control.ev_mode import Ask, EvMode, Goal, Planned, Source
from ..engine.control.flow import NOMINAL_V
from ..engine.control.pv import NO_ASK, ArrayAsk
from ..engine.control.snapshot import BatterySeen, ChargerSeen
from ..engine.plan.result import Mode, Plan
from ..site_device import SiteDevice
from .cars import CarNow
from .plan_view import step_now

TERMINALS = (1, 2, 3)
# Less than an inverter can hold: the plan wants it off.
OFF_W = 50.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """The running step of a plan that is young enough."""

    plan: Plan
    index: int

    @classmethod
    def of(cls, plan: Plan | None) -> Step | None:
        """Return it; None where there is no such plan."""
        return None if plan is None else cls(plan=plan, index=step_now(plan))

    @property
    def export_price_per_kwh(self) -> float:
        """Return what feeding in earns in it. [currency/kWh]."""
        return float(self.plan.export_price_per_kwh[self.index])

    def until_s(self, device_id: str) -> float | None:
        """Return when the plan wants something else of a device; None where it never does. [s since epoch]."""
        device = self.plan.devices.get(device_id)
        if device is None:
            return None
        now = device.modes[self.index]
        later = (k for k in range(self.index, len(device.modes)) if device.modes[k] is not now)
        step = next(later, None)
        return None if step is None else float(self.plan.steps.starts_s[step])

    def takes_surplus(self, device_id: str) -> bool:
        """Tell whether a kWh into a car is worth more than feeding it in."""
        device = self.plan.devices.get(device_id)
        if device is None or device.marginal_value_per_kwh is None:
            return True
        return float(device.marginal_value_per_kwh[self.index]) >= self.export_price_per_kwh


def charger_seen(
    spec: ChargerSpec,
    device: SiteDevice,
    channel: Channel,
    *,
    mode: EvMode,
    scheduled: Ask | None,
    car: CarNow,
    step: Step | None,
) -> ChargerSeen:
    """Return a charging point as it stands, and what is wanted of it."""
    return ChargerSeen(
        now=charger_now(spec, device, channel),
        mode=mode,
        ask=_asked(channel.override) or scheduled,
        planned=_planned(channel.planned, device.subentry_id, step),
        goal=_goal(car),
    )


def charger_now(spec: ChargerSpec, device: SiteDevice, channel: Channel) -> ChargerNow:
    """Return what a charging point says."""
    connected, state = device.value("car_connected"), device.value("state")
    phases = device.fresh_number("phases_in_use") or device.fresh_number("phases")
    return ChargerNow(
        is_reachable=device.is_fresh,
        is_connected=connected if isinstance(connected, bool) else None,
        drawn_a=_drawn(spec, device),
        is_spread=device.fresh_number("current_l1") is None,
        offered_a=_offered(device, channel.accepted),
        phases_in_use=int(phases) if phases in TERMINALS else None,
        is_charging=state == "charging" if isinstance(state, str) else None,
    )


def _drawn(spec: ChargerSpec, device: SiteDevice) -> PhaseCurrents | None:
    """Return the current of each terminal; of one that only tells its power, spread over what it has. [A]."""
    currents = [device.fresh_number(f"current_l{terminal}") for terminal in TERMINALS]
    if currents[0] is not None:
        one, two, three = (abs(current) if current is not None else 0.0 for current in currents)
        return one, two, three
    power_w = device.fresh_number("power")
    if power_w is None:
        return None
    each_a = max(0.0, power_w) / NOMINAL_V / spec.phases
    one, two, three = (each_a if terminal <= spec.phases else 0.0 for terminal in TERMINALS)
    return one, two, three


def _offered(device: SiteDevice, accepted: Command | None) -> float | None:
    if accepted is not None:
        return 0.0 if accepted.mode == Mode.OFF else accepted.current_a
    told = device.value("current_setpoint")
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _asked(override: Command | None) -> Ask | None:
    """Return a person's word, while it holds."""
    if override is None or is_over(override):
        return None
    mode = EvMode.NOW if override.mode == Mode.CHARGE else EvMode.OFF
    until_s = override.expires_at.timestamp() if override.expires_at else None
    return Ask(source=Source.OVERRIDE, mode=mode, current_a=override.current_a, until_s=until_s)


def _planned(command: Command | None, device_id: str, step: Step | None) -> Planned | None:
    """Return the plan's word, while it is young enough."""
    if command is None or is_over(command):
        return None
    return Planned(
        current_a=(command.current_a or 0.0) if command.mode == Mode.CHARGE else 0.0,
        phases=command.phases,
        takes_surplus=step is None or step.takes_surplus(device_id),
        until_s=None if step is None else step.until_s(device_id),
    )


def _goal(car: CarNow) -> Goal | None:
    if not car.connected or car.surplus_only:
        return None
    return Goal(missing_kwh=car.energy_needed_kwh, ready_at_s=car.ready_at_s)


def battery_seen(
    device: SiteDevice, channel: Channel | None, step: Step | None, scheduled: BatteryAsk | None
) -> BatterySeen:
    """Return a house battery as it stands, and what is wanted of it."""
    power_w, soc_pct = device.fresh_number("power"), device.fresh_number("soc")
    now = BatteryNow(
        power_kw=None if power_w is None else power_w / 1000, soc=None if soc_pct is None else soc_pct / 100
    )
    ask = None if channel is None else _battery_ask(channel, step, scheduled)
    return BatterySeen(now=now, ask=ask or BatteryAsk(mode=Mode.AUTOMATIC, source="none"))


def _battery_ask(channel: Channel, step: Step | None, scheduled: BatteryAsk | None) -> BatteryAsk | None:
    override, planned = channel.override, channel.planned
    if override is not None and not is_over(override):
        until_s = override.expires_at.timestamp() if override.expires_at else None
        return _ask(override, "override", until_s)
    if scheduled is not None:
        return scheduled
    if planned is None or is_over(planned):
        return None
    return _ask(planned, "plan", None if step is None else step.until_s(channel.device.subentry_id))


def _ask(command: Command, source: str, until_s: float | None) -> BatteryAsk:
    power_kw = None if command.power_w is None else command.power_w / 1000
    return BatteryAsk(mode=command.mode, power_kw=power_kw, source=source, until_s=until_s)


def array_ask(channel: Channel, step: Step | None) -> ArrayAsk:
    """Return what people or the plan want of an array.

    The plan's limit is of a forecast, and the sun does as it likes: what counts of it is how much it wants fed in.
    Only where it wants nothing produced at all (buying is paid for), that is the word.
    """
    override, planned, key = channel.override, channel.planned, channel.device.subentry_id
    if override is not None and not is_over(override):
        until_s = override.expires_at.timestamp() if override.expires_at else None
        limit_kw = None if override.power_w is None else override.power_w / 1000
        return ArrayAsk(limit_kw=limit_kw, source="override", until_s=until_s)
    if planned is None or is_over(planned) or planned.mode != Mode.LIMIT or step is None:
        return NO_ASK
    is_off = planned.power_w is not None and planned.power_w < OFF_W
    return ArrayAsk(
        limit_kw=0.0 if is_off else None,
        export_kw=float(step.plan.export_kw[step.index]),
        until_s=step.until_s(key),
    )


def arrays_kw(devices: Mapping[str, SiteDevice], role: str) -> dict[str, float | None]:
    """Return what each array gives. [kW]."""
    powers = {key: each.fresh_number("power") for key, each in devices.items() if each.role == role}
    return {key: None if power_w is None else power_w / 1000 for key, power_w in powers.items()}


def local_day() -> str:
    """Return the date that counts what is counted by the day."""
    return dt_util.now().date().isoformat()
