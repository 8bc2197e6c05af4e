"""Everything that draws power when it is told to: cars, loads that can wait, guests."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..problem import Problem
from ..steps import Floats
from .components import ChargerModel, Component, LoadModel, PvModel, SurplusModel, load_model, surplus_kw
from .components.component import Horizon
from .guest import Guest, GuestModel
from .guide import Aim, Guide, used_until
from .program import Program


class Consumers:
    """All of them in one program.

    Attributes
    ----------
    surplus_kw : What the sun leaves of what cannot move: what patient cars may have, shape (n,). [kW]
    surplus : What holds patient cars to it; None where no car is.
    """

    def __init__(
        self,
        program: Program,
        problem: Problem,
        horizon: Horizon,
        *,
        guests: Iterable[Guest],
        arrays: Sequence[PvModel],
        unmoved_kw: Floats,
    ) -> None:
        """Add every consumer that is asked for anything.

        arrays, unmoved_kw : What gives the surplus: sun that can be held back, and all that cannot move. [kW]
        """
        self._horizon, self.surplus_kw = horizon, surplus_kw(unmoved_kw, arrays)
        self.chargers = self._chargers(program, problem)
        self.loads: dict[str, LoadModel] = {
            spec.id: load_model(program, spec, horizon, problem.loads[spec.id], problem.steps)
            for spec in problem.site.loads
            if spec.id in problem.loads
        }
        self.guests = {guest.id: guest.model(program, horizon) for guest in guests}
        patient = [charger for charger in self.chargers.values() if charger.car.surplus_only]
        self.surplus = SurplusModel(program, horizon, patient, arrays, unmoved_kw) if patient else None

    def _chargers(self, program: Program, problem: Problem) -> dict[str, ChargerModel]:
        return {
            spec.id: ChargerModel(
                program,
                spec,
                self._horizon,
                problem.cars[spec.id],
                problem.steps,
                surplus_kw=self.surplus_kw,
                tells_phases=problem.site.grid.limits_each_phase,
            )
            for spec in problem.site.chargers
            if spec.id in problem.cars
        }

    def __iter__(self) -> Iterator[ChargerModel | LoadModel | GuestModel]:
        """Go through all of them."""
        yield from self.chargers.values()
        yield from self.loads.values()
        yield from self.guests.values()

    @property
    def components(self) -> Sequence[Component]:
        """Return all of them, and what holds some of them together."""
        return [*self, *([] if self.surplus is None else [self.surplus])]

    @property
    def most_kw(self) -> Floats:
        """Return the most that they could draw together, shape (n,). [kW]."""
        most = sum((one.most_kw for one in self._without_cars), np.zeros(self._horizon.n))
        return sum((car.charge.upper for car in self.chargers.values()), most)

    @property
    def forced_kw(self) -> Floats:
        """Return what they draw whatever is decided, shape (n,). [kW]."""
        return sum((one.forced_kw for one in self._without_cars), np.zeros(self._horizon.n))

    @property
    def feeds_kw(self) -> Floats:
        """Return the most that all cars could give, shape (n,). [kW]."""
        flows = [car.feed.upper for car in self.chargers.values() if car.feed is not None]
        return sum(flows, np.zeros(self._horizon.n))

    def aims(self, guide: Guide) -> list[Aim]:
        """Return what the scenarios want brought to each until they part."""
        hours, end = self._horizon.hours, guide.end
        found = []
        for part in self:
            if (energy := guide.energy_kwh.get(part.id)) is None:
                continue
            if isinstance(part, ChargerModel):
                signed_h = np.concatenate([sign * hours[:end] for sign in part.signs])
                found.append(Aim(columns=part.columns_until(end), coefficients=signed_h, target=energy))
            else:
                found.append(used_until(part.into_bus(), end, hours, energy))
        return found

    @property
    def _without_cars(self) -> list[LoadModel | GuestModel]:
        return [*self.loads.values(), *self.guests.values()]
