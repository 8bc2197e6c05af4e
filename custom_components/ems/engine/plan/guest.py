"""A part of the home that is brought along: a room, a heat store, whatever the planner does not know by name.

The planner needs to know little of a consumer to plan with it: variables and rows of its own, what it draws, and what
to tell people about it. Whoever can say that is a guest, and is treated like everything else on the bus: inside the
connection's limits, in every scenario, near the last plan, and in the costs of doing without a plan.
"""

from typing import Protocol

from ..steps import Floats, Steps
from .components.component import Component, Horizon
from .program import Program
from .result import DevicePlan


class GuestModel(Component, Protocol):
    """A guest in a program; its name starts every block it adds.

    Wishes are priced as shares of `horizon.penalties.limit`: half of it is more than any price and any strategy
    could make of a kWh, the whole would let a wish overload the connection.

    Attributes
    ----------
    most_kw : The most it could draw in each node, shape (n,). [kW]
    forced_kw : What it draws whatever is decided, shape (n,). [kW]
    """

    name: str
    most_kw: Floats
    forced_kw: Floats

    def value(self, x: Floats) -> Floats:
        """Return what it draws in a solution, shape (n,). [kW]."""

    def device(self, x: Floats, power_kw: Floats, bus_per_kwh: Floats) -> DevicePlan:
        """Return what a solution has it do, and why.

        power_kw : `value`, without the solver's dust. [kW]
        bus_per_kwh : What one more kWh in the home is worth, shape (n,). [currency/kWh]
        """


class Guest(Protocol):
    """A consumer that takes part in a plan."""

    @property
    def id(self) -> str:
        """Name the device; no other of the site has this id."""

    @property
    def phases(self) -> tuple[int, ...]:
        """Name the phases it hangs on; empty: all, evenly."""

    def model(self, program: Program, horizon: Horizon) -> GuestModel:
        """Add it to a program. One node per step, or a tree of scenarios: `horizon.tree` says which."""

    def by_rule(self, steps: Steps) -> DevicePlan:
        """Return what it does without a plan: the baseline, and what is done when no plan can be made."""
