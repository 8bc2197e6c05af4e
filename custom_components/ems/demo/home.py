"""The simulated home: everything meets at the grid meter, and nothing gets lost."""

from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import tzinfo
from functools import partial
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .battery import Battery
from .car import Car
from .charger import Charger
from .charging_point import POINTS, ChargingPoint, PointSpec
from .conditions import Condition, Mains, under
from .faults import Fault, Faults
from .household import Household
from .inverter import Flows, Inverter, Order, Settings, dispatch
from .mains import MeterCounters, frequency_hz, transformer_error_w, voltages_v
from .pv import PvPlane, dc_power, facing_noon
from .suffering import suffer
from .trace import Trace
from .weather import Weather

type Floats = NDArray[np.float64]
type Phases = tuple[float, float, float]

SCHEMA, ONE_CHARGER = 2, 1  # of the stored state: now, and when there was but one charger
HOUR_S = 3600.0
FINE_S, MIDDLE_S, COARSE_S = 1, 10, 60  # widths of a step; see step_width
REACTIVE_SHARE = math.tan(math.acos(0.97))  # motors and cheap power supplies in an ordinary household


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The flows of one step, positive into the home; consumers are positive as they consume."""

    at_s: float  # the end of the step
    household_w: Phases
    car_a: Phases
    car_w: Phases
    inverter_w: Phases
    grid_w: Phases
    reactive_var: Phases
    voltage_v: Phases
    frequency_hz: float
    pv_available_w: float
    flows: Flows
    order: Order
    temperature_c: float
    cloud_cover: float
    ghi_w_m2: float

    @property
    def grid_total_w(self) -> float:
        """Net power at the meter, import positive. [W]."""
        return sum(self.grid_w)


def step_width(gap_s: float) -> int:
    """Return the step for catching up with a gap: a second when live, coarser when hurried or asleep. [s]."""
    if gap_s <= 10:
        return FINE_S
    return min(MIDDLE_S, max(FINE_S, round(gap_s / 10))) if gap_s <= 2 * HOUR_S else COARSE_S


class Home:
    """Roof, cells, people, car and meter, moved along in whole seconds."""

    def __init__(
        self,
        *,
        seed: int,
        latitude: float,
        longitude: float,
        zone: tzinfo,
        start_s: float,
        plane: PvPlane | None = None,
        points: Sequence[PointSpec] = POINTS,
    ) -> None:
        """Build the home one second before `start_s` and live through that second."""
        self.seed = seed
        self.weather = Weather(seed, latitude, longitude)
        self.plane = plane or facing_noon(latitude)
        self.household = Household(seed, zone)
        self.battery = Battery()
        self.points = [ChargingPoint(spec, seed=seed, zone=zone) for spec in points]
        self.inverter = Inverter()
        self.meter = MeterCounters()
        self.condition = Condition.NORMAL
        self.household_wh = 0.0
        self.faults = Faults(lambda: float(self.at_s))
        self.faults.listen(partial(suffer, self))
        self._surroundings = Trace(self._surroundings_of)
        self.at_s = math.floor(start_s) - FINE_S
        for point in self.points:
            point.car.settled_s = float(self.at_s)
            point.car.ready_s = self.at_s + point.spec.car.restarts_after_s
        self._have_a_guest()
        self.snapshot = self.step(FINE_S)

    @property
    def charger(self) -> Charger:
        """The box of the first place to charge."""
        return self.points[0].charger

    @property
    def car(self) -> Car:
        """The car of the first place to charge."""
        return self.points[0].car

    @property
    def metered(self) -> Snapshot:
        """What the grid meter takes the last step for: the truth, or its mirror image where it is wired wrong."""
        if not self.faults.is_on("meter", Fault.INVERTED):
            return self.snapshot
        (p1, p2, p3), (q1, q2, q3) = self.snapshot.grid_w, self.snapshot.reactive_var
        return replace(self.snapshot, grid_w=(-p1, -p2, -p3), reactive_var=(-q1, -q2, -q3))

    def keep_points(self, keys: Container[str]) -> None:
        """Do without the places whose box answers nobody: nobody could ever steer them."""
        self.points = [point for point in self.points if point.spec.key in keys]

    def _have_a_guest(self) -> None:
        """Begin with a car at home: where all are under way, the last stays."""
        now_s = float(self.at_s)
        if self.points and not any(point.car.at_home(now_s) for point in self.points):
            self.points[-1].car.stay(now_s)

    def advance(self, until_s: float, width_s: int | None = None, *, at_most: int | None = None) -> bool:
        """Live until an instant, in whole steps.

        Parameters
        ----------
        width_s : Width of the steps; chosen to suit the gap when None. [s]
        at_most : Number of steps after which to come up for air.

        Returns
        -------
        Whether the instant is reached, as far as whole seconds reach.
        """
        width = width_s or step_width(until_s - self.at_s)
        steps = 0
        while until_s - self.at_s >= FINE_S:
            if at_most is not None and steps >= at_most:
                return False
            self.step(min(width, math.floor(until_s - self.at_s)))
            steps += 1
        return True

    def step(self, step_s: int) -> Snapshot:
        """Live through one step with everything constant that was true at its start.

        grid = household + cars - inverter        on every phase
        """
        now_s = float(self.at_s)
        if self.faults.next_end_s <= now_s:
            self.faults.expire(now_s)
        pv_w, temperature_c, cloud, ghi, v1, v2, v3, hertz, error_w = self._surroundings.at(now_s)
        street = under(self.condition, now_s, Mains(voltage_v=(v1, v2, v3), frequency_hz=hertz))
        volts = v1, v2, v3 = street.voltage_v
        household_w = self.household.power_w(now_s)
        reactive = _reactive_var(household_w, street.reactive_var)
        household_w = _sum(household_w, street.load_w)
        car_a, car_w = self._charge_cars(now_s, volts, step_s)
        load_w = (household_w[0] + car_w[0], household_w[1] + car_w[1], household_w[2] + car_w[2])
        order, flows = self._run_inverter(now_s, pv_w, load_w, error_w, step_s)
        third_w = flows.ac_w / 3
        grid_w = (load_w[0] - third_w, load_w[1] - third_w, load_w[2] - third_w)
        self._count(household_w, flows, grid_w, step_s)
        self.at_s += step_s
        self.snapshot = Snapshot(
            at_s=float(self.at_s), household_w=household_w, car_a=car_a, car_w=car_w,
            inverter_w=(third_w, third_w, third_w), grid_w=grid_w, reactive_var=reactive, voltage_v=volts,
            frequency_hz=street.frequency_hz, pv_available_w=pv_w, flows=flows, order=order,
            temperature_c=temperature_c, cloud_cover=cloud, ghi_w_m2=ghi,
        )  # fmt: skip
        return self.snapshot

    def _charge_cars(self, now_s: float, volts: Phases, step_s: int) -> tuple[Phases, Phases]:
        """Charge every car and return what they draw from the phases of the house. [A], [W]."""
        amps, watts = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        for point in self.points:
            point.charge(now_s, volts, step_s)
            box = point.charger
            for terminal, phase in enumerate(point.spec.box.rotation):
                amps[phase] += box.terminal_a[terminal]
                watts[phase] += box.terminal_w[terminal]
        return (amps[0], amps[1], amps[2]), (watts[0], watts[1], watts[2])

    def _run_inverter(
        self, now_s: float, pv_w: float, load_w: Phases, error_w: float, step_s: int
    ) -> tuple[Order, Flows]:
        """Let the inverter decide on the load as its own current transformers see it."""
        inverter, battery = self.inverter, self.battery
        order = inverter.order(now_s)
        flows = dispatch(
            order, pv_w=pv_w, load_w=max(0.0, sum(load_w) + error_w), ac_cap_w=inverter.ac_cap_w(load_w, now_s),
            charge_max_w=battery.charge_max_w(step_s),
            discharge_max_w=battery.discharge_max_w(step_s, inverter.settings.backup_reserve_pct / 100),
            spec=inverter.spec, ac_charging=inverter.settings.ac_charge_policy != 0,
        )  # fmt: skip
        battery.run(flows.battery_w, step_s)
        return order, flows

    def _count(self, household_w: Phases, flows: Flows, grid_w: Phases, step_s: int) -> None:
        hours = step_s / HOUR_S
        self.household_wh += sum(household_w) * hours
        self.meter.count(grid_w, step_s)
        inverter = self.inverter
        inverter.ac_out_wh += max(flows.ac_w, 0.0) * hours
        inverter.pv_wh += flows.pv_w * hours
        inverter.battery_out_wh += max(flows.battery_w, 0.0) * hours
        inverter.battery_in_wh += max(-flows.battery_w, 0.0) * hours

    def _surroundings_of(self, at_s: Floats) -> Floats:
        """Return what the home cannot change, one row per instant."""
        sky = self.weather.truth(at_s)
        columns = [dc_power(self.plane, sky), sky.temperature_c, sky.cloud_cover, sky.light.ghi]
        mains = [
            *voltages_v(self.seed, at_s),
            frequency_hz(self.seed, at_s),
            transformer_error_w(self.seed, at_s),
        ]
        return np.column_stack([*columns, *mains])

    def skip_to(self, at_s: int) -> None:
        """Jump to an instant without living until then. Counters stay; leases from the future are void."""
        self.at_s = at_s
        for point in self.points:
            point.skip_to(float(at_s))
        inverter = self.inverter
        if (inverter.commanded_s or 0) > at_s:
            inverter.commanded_s = None
        if (inverter.limited_s or 0) > at_s:
            inverter.limited_s = None

    def state(self) -> dict[str, Any]:
        """Return all that has to survive a restart, as JSON."""
        inverter = self.inverter
        return {
            "schema": SCHEMA,
            "at_s": self.at_s,
            "household_wh": self.household_wh,
            "battery": {"energy_wh": self.battery.energy_wh},
            "points": {point.spec.key: point.state() for point in self.points},
            "inverter": {
                "settings": asdict(inverter.settings), "commanded_s": inverter.commanded_s,
                "limited_s": inverter.limited_s,
                "ac_out_wh": inverter.ac_out_wh, "pv_wh": inverter.pv_wh,
                "battery_out_wh": inverter.battery_out_wh, "battery_in_wh": inverter.battery_in_wh,
            },
            "meter": asdict(self.meter),
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a life where `state` left it, at its own instant.

        Raises ValueError when the state is not one of ours.
        """
        try:
            self._restore(state)
        except (KeyError, TypeError) as err:
            raise ValueError(f"demo home: the stored state cannot be used ({err!r})") from err

    def _restore(self, state: dict[str, Any]) -> None:
        if state["schema"] not in {SCHEMA, ONE_CHARGER}:
            raise ValueError(f"demo home: stored state has schema {state['schema']}, expected {SCHEMA}")
        inverter, meter = dict(state["inverter"]), dict(state["meter"])
        inverter["settings"] = Settings(**inverter["settings"])
        for name in ("phase_import_wh", "phase_export_wh"):
            meter[name] = tuple(meter[name])
        self.inverter, self.meter = Inverter(**inverter), MeterCounters(**meter)
        self._restore_points(state)
        self.battery.energy_wh = float(state["battery"]["energy_wh"])
        self.household_wh = float(state["household_wh"])
        self.at_s = int(state["at_s"])

    def _restore_points(self, state: dict[str, Any]) -> None:
        """Take up boxes and cars. Those that the state does not know begin anew at its instant."""
        kept = {"charger": state} if state["schema"] == ONE_CHARGER else state["points"]
        for point in self.points:
            point.car.settled_s = float(state["at_s"])
            if found := kept.get(point.spec.key):
                point.restore(found["charger"], found["car"])


def _reactive_var(household_w: Phases, more_var: Phases) -> Phases:
    """Return what the household's devices need for their fields, and what others do. [var]."""
    return _sum(
        more_var,
        (household_w[0] * REACTIVE_SHARE, household_w[1] * REACTIVE_SHARE, household_w[2] * REACTIVE_SHARE),
    )


def _sum(one: Phases, other: Phases) -> Phases:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
