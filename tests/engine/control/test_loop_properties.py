"""Whatever loads, failures and clocks do: no phase is overloaded for longer than the guard can help."""

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
import pytest

from custom_components.ems.engine.control.circuit import Circuit
from custom_components.ems.engine.control.ev_mode import EvMode

from .closed_loop import House, SimCar
from .homes import charger, setup

# A hundred houses of forty mishaps each: half a minute of one core, and more where others share it.
pytestmark = pytest.mark.timeout(300)
# Two polls, the car's own five seconds, and the second in which the load came.
REACTION_S = 2 * 2 + 5 + 1
# A car that does not listen is found out after its own reaction and what reading it takes; then the others make way.
UNRULY_S = REACTION_S + 5 + 3 + 2
# A meter's silence is noticed after so long, and a dead EMS by chargers when their lease is over.
STALE_S, LEASE_S = 15, 60
AMPS = st.floats(0, 20)
WAIT_S = st.sampled_from([2, 7, 15, 30, 60, 120])


class Disorder(RuleBasedStateMachine):
    """Loads jump, meters fall silent, cars come and go, some do not listen, clocks jump, EMS dies."""

    @initialize(
        wirings=st.lists(
            st.sampled_from([(1, 2, 3), (1,), (2,), (3,)]),
            min_size=1,
            max_size=4,
        ),
        limit_a=st.sampled_from([16.0, 25.0, 35.0]),
        is_known=st.booleans(),
    )
    def home(self, wirings: list[tuple[int, ...]], limit_a: float, *, is_known: bool) -> None:
        """Set up a house with one to four cars, on known or unknown phases."""
        chargers, cars = [], {}
        for i, wiring in enumerate(wirings):
            key = f"car{i}"
            rotation = wiring if len(wiring) == 3 else (*wiring, *(p for p in (1, 2, 3) if p not in wiring))
            chargers.append(charger(key, rotation=rotation if is_known else (), current_max_a=16.0))
            cars[key] = SimCar(terminals=wiring)
        circuit = Circuit(key="main", name="House", limit_a=limit_a, allowance_a=4.0)
        site = setup(*chargers, circuits=(circuit,))
        for key, car in cars.items():
            # What set-up tells people to set their chargers to.
            car.safe_a = site.untrusted_a["main"][key]
        self.load = [2.0, 2.0, 2.0]
        self.works = True
        self.is_alive = True
        self.blind_s = 0.0
        self.house = House(
            setup=site,
            cars=cars,
            load_a=self._load,
            meter_works=lambda _: self.works,
            ems_works=lambda _: self.is_alive,
        )

    def _load(self, at_s: float) -> tuple[float, float, float]:
        flicker = (at_s % 7) / 100
        l1, l2, l3 = self.load
        return l1 + flicker, l2 + flicker, l3 + flicker

    @rule(wait_s=WAIT_S, l1=AMPS, l2=AMPS, l3=AMPS)
    def load_jumps(self, wait_s: int, l1: float, l2: float, l3: float) -> None:
        """Switch things on and off."""
        if self.works and self.is_alive:
            self.load = [l1, l2, l3]
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S)
    def sun_shines(self, wait_s: int) -> None:
        """Feed in on every phase."""
        self.load = [-8.0, -8.0, -8.0]
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S)
    def time_passes(self, wait_s: int) -> None:
        """Live."""
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S, data=st.data())
    def car_changes(self, wait_s: int, data: st.DataObject) -> None:
        """Plug in or out, or take another current."""
        car = self.house.cars[data.draw(st.sampled_from(sorted(self.house.cars)))]
        car.is_connected = data.draw(st.booleans())
        car.takes_a = data.draw(st.floats(6, 16))
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S, mode=st.sampled_from([EvMode.NOW, EvMode.SURPLUS, EvMode.MIN_SURPLUS, EvMode.PLAN]))
    def mode_changes(self, wait_s: int, mode: EvMode) -> None:
        """Turn all chargers to a mode."""
        self.house.mode = mode
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S, data=st.data())
    def meter_falls_silent(self, wait_s: int, data: st.DataObject) -> None:
        """Nothing is known any more; the house keeps to its allowance, which is all that set-up asked about."""
        self.load = [data.draw(st.floats(0, 3.8)) for _ in range(3)]
        self.works = False
        self.blind_s = max(self.blind_s, REACTION_S + STALE_S)
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S)
    def meter_comes_back(self, wait_s: int) -> None:
        """Speak again."""
        self.works = True
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S)
    def ems_is_killed(self, wait_s: int) -> None:
        """Nobody renews any lease."""
        self.load = [2.0, 2.0, 2.0]
        self.is_alive = False
        self.blind_s = max(self.blind_s, REACTION_S + LEASE_S)
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S)
    def ems_starts(self, wait_s: int) -> None:
        """Begin with nothing remembered."""
        self.is_alive = True
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S, data=st.data(), obeys=st.booleans())
    def car_stops_listening(self, wait_s: int, data: st.DataObject, *, obeys: bool) -> None:
        """Ignore what it is told, or not any more."""
        self.house.cars[data.draw(st.sampled_from(sorted(self.house.cars)))].is_obedient = obeys
        self.blind_s = max(self.blind_s, UNRULY_S)
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S, data=st.data(), answers=st.booleans())
    def car_falls_silent(self, wait_s: int, data: st.DataObject, *, answers: bool) -> None:
        """Answer no more, or again."""
        self.house.cars[data.draw(st.sampled_from(sorted(self.house.cars)))].is_reachable = answers
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S, jump_s=st.floats(-3600, 3600))
    def clock_jumps(self, wait_s: int, jump_s: float) -> None:
        """Set the clock."""
        self.house.clock_error_s += jump_s
        self.house.run(wait_s)

    @rule(wait_s=WAIT_S)
    def all_is_well_again(self, wait_s: int) -> None:
        """Mend everything, and be strict from then on."""
        self.works = self.is_alive = True
        for car in self.house.cars.values():
            car.is_obedient = car.is_reachable = True
        self.house.run(90)
        self.house.longest_over_s = self.blind_s = 0.0
        self.house.run(wait_s)

    @invariant()
    def no_phase_is_overloaded_for_longer_than_the_reaction(self) -> None:
        """Hold the limit."""
        if hasattr(self, "house"):
            assert self.house.longest_over_s <= max(REACTION_S, self.blind_s)


TestDisorder = Disorder.TestCase
TestDisorder.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
