"""A place to charge: the box on the wall and the car that belongs to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from .car import Car, CarSpec
from .charger import BoxSpec, Charger
from .trips import PART_TIME, SHIFTS

type Phases = tuple[float, float, float]

HOUR_S = 3600.0
_CAR_MEMORY = ("energy_wh", "current_a", "settled_s", "stays_s", "ready_s", "idle_s")
_CAR_FLAGS = ("is_asleep", "has_ignored")


@dataclass(frozen=True, kw_only=True)
class PointSpec:
    """One place. `key` is what its port, its address and its faults are called."""

    key: str
    name: str
    box: BoxSpec
    car: CarSpec


GARAGE = PointSpec(key="charger", name="Garage", box=BoxSpec(), car=CarSpec())
# A small car with one phase, on a box of 7.4 kW whose cable is good for 20 A.
CARPORT = PointSpec(
    key="charger_2",
    name="Carport",
    box=BoxSpec(
        serial="ACE0274131", station_max_a=20.0, phases=1, rotation=(1, 2, 0), switches=False
    ),
    car=CarSpec(
        capacity_wh=36_000.0, limit=1.0, current_max_a=32.0, phases=1, efficiency=0.88,
        notices_after_s=2.0, down_a_per_s=8.0, up_a_per_s=2.0, appetite=0.95, restarts_after_s=10.0,
        taper_from=0.9, taper_to_a=6.0, sleeps_after_s=1800.0, sleepiness=0.3, arrives_wh=22_000.0,
        habits=PART_TIME,
    ),
)  # fmt: skip
# A box of 22 kW, of which its car takes half.
COURTYARD = PointSpec(
    key="charger_3",
    name="Courtyard",
    box=BoxSpec(serial="ACE0274148", station_max_a=32.0, rotation=(2, 0, 1)),
    car=CarSpec(
        capacity_wh=77_000.0, limit=0.8, notices_after_s=3.0, down_a_per_s=10.0, up_a_per_s=4.0,
        restarts_after_s=20.0, taper_from=0.75, taper_to_a=8.0, arrives_wh=45_000.0, habits=SHIFTS,
    ),
)  # fmt: skip
POINTS = (GARAGE, CARPORT, COURTYARD)


class ChargingPoint:
    """A box and its car, moved along together."""

    def __init__(self, spec: PointSpec, *, seed: int, zone: tzinfo) -> None:
        """Install the box; the car is as full as it usually is."""
        self.spec = spec
        self.charger = Charger.new(spec.box)
        self.car = Car(seed=seed, zone=zone, spec=spec.car, energy_wh=spec.car.arrives_wh)

    def charge(self, now_s: float, volts: Phases, step_s: float) -> None:
        """Live through one step; what flows is on the box's own meter afterwards."""
        box, car = self.charger, self.car
        first, second, third = self.spec.box.rotation
        if not box.charging:
            box.closed_phases = box.phases
        at_home = car.at_home(now_s)
        u = (volts[first], volts[second], volts[third])
        i = car.take(
            now_s=now_s, step_s=step_s, offered_a=box.offered_a(now_s), phases=box.closed_phases,
            at_home=at_home, volts=u,
        )  # fmt: skip
        box.connected, box.charging = at_home, i[0] > 0
        box.terminal_a, box.terminal_w = i, (i[0] * u[0], i[1] * u[1], i[2] * u[2])
        hours, (a, b, c), (l1, l2, l3) = step_s / HOUR_S, box.terminal_w, box.energy_wh
        box.energy_wh = (l1 + a * hours, l2 + b * hours, l3 + c * hours)

    def skip_to(self, at_s: float) -> None:
        """Jump to an instant: what was to come from the future is void."""
        self.car.settled_s = min(self.car.settled_s, at_s)
        self.car.stays_s = min(self.car.stays_s, at_s)
        self.car.forget_offers(at_s)
        self.charger.quiet_until_s = min(self.charger.quiet_until_s, at_s)
        if (self.charger.written_s or 0) > at_s:
            self.charger.written_s = None

    def state(self) -> dict[str, Any]:
        """Return what has to survive a restart, as JSON."""
        box = self.charger
        return {
            "charger": {
                "setpoint_a": box.setpoint_a, "written_s": box.written_s, "phases": box.phases,
                "closed_phases": box.closed_phases, "quiet_until_s": box.quiet_until_s,
                "energy_wh": list(box.energy_wh), "charging": box.charging,
            },
            "car": {name: getattr(self.car, name) for name in (*_CAR_MEMORY, *_CAR_FLAGS)},
        }  # fmt: skip

    def restore(self, charger: Mapping[str, Any], car: Mapping[str, Any]) -> None:
        """Take up what `state` returned, or what earlier versions kept of it."""
        kept = {**charger, "energy_wh": tuple(charger["energy_wh"])}
        kept.setdefault("closed_phases", kept["phases"])
        self.charger = Charger(spec=self.spec.box, **kept)
        for name in _CAR_MEMORY:
            setattr(self.car, name, float(car.get(name, 0.0)))
        self.car.energy_wh = float(car["energy_wh"])
        for name in _CAR_FLAGS:
            setattr(self.car, name, bool(car.get(name, False)))


def point_truth(point: ChargingPoint, now_s: float) -> dict[str, Any]:
    """Return what really is at a place to charge, as JSON."""
    box, car = point.charger, point.car
    return {
        "name": point.spec.name,
        "mode3_state": box.mode3_state(now_s),
        "applied_a": box.applied_a(now_s),
        "lease_remaining_s": box.remaining_s(now_s),
        "phases": box.phases,
        "rotation": [phase + 1 for phase in box.spec.rotation],
        "terminal_a": list(box.terminal_a),
        "power_w": sum(box.terminal_w),
        "car": {
            "at_home": box.connected,
            "soc_pct": 100 * car.energy_wh / car.spec.capacity_wh,
            "is_asleep": car.is_asleep,
            "next_departure_s": car.next_departure_s(now_s),
        },
    }
