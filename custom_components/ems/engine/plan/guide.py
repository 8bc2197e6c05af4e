"""Where a plan should lean in its first hour: to what the scenarios say, and to what was said five minutes ago.

Both are small prices on leaving a line, inside the objective: a plan leaves it as soon as that pays. A threshold
after the fact would lock a bad plan in, or let a good one flicker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..problem import Problem
from ..steps import Floats
from .components.component import Horizon
from .objective import strategy_used
from .penalties import dearest_price
from .program import Ints, Program, Term
from .result import Plan, PlanStatus
from .store_value import StoreValue

# A kWh moved elsewhere within the first hour has to save more than a hundredth of the dearest price; what is
# below is noise of the forecasts, and no reason for a device to change its mind.
_STAY_OF_DEAREST: Final = 0.01
STAY_H: Final = 1.0
_NO_PART: Final = (np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.intp))


@dataclass(frozen=True, kw_only=True, eq=False)
class Aim:
    """A total that should come out as it did before: Σ coefficients × columns = target. [kWh]."""

    columns: Ints
    coefficients: Floats
    target: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Guide:
    """What the scenarios have decided for all of them together: what devices hold when the trunk ends.

    energy_kwh : Of each store there, and into each car and load until there, by device id. [kWh]
    """

    energy_kwh: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, StoreValue] = field(default_factory=dict)  # per store, on the trunk
    bus_per_kwh: Floats = field(default_factory=lambda: np.zeros(0))  # of a kWh in the home, on the trunk
    end: int = 0  # number of steps of the trunk


def add_aims(program: Program, aims: list[Aim], price_per_kwh: float) -> None:
    """Price what each total is over or under its target: total = target + over - under."""
    if not aims:
        return
    over, under = (
        program.variables(f"guide.{side}", len(aims), cost=price_per_kwh) for side in ("over", "under")
    )
    row = np.concatenate([np.full(len(aim.columns), i) for i, aim in enumerate(aims)])
    columns = np.concatenate([aim.columns for aim in aims]).astype(np.int32)
    coefficients = np.concatenate([aim.coefficients for aim in aims])
    target = np.array([aim.target for aim in aims])
    total = Term(columns, coefficients, row)
    program.rows("guide.aim", target, target, total, Term(over, -1.0), Term(under, 1.0))


def used_until(into_bus: list[Term], end: int, hours: Floats, energy_kwh: float) -> Aim:
    """Return the aim for what a consumer is to use in the first `end` steps. [kWh].

    A run in one piece draws power in several steps through one variable: its energies are added up.
    """
    parts = [_spelt_out(term) for term in into_bus]
    named, size, rows = (np.concatenate(part) for part in zip(*parts, _NO_PART, strict=True))
    early = rows < end
    columns, at = np.unique(named[early], return_inverse=True)
    energy = np.bincount(at, -size[early] * hours[rows[early]], len(columns)).astype(np.float64)
    return Aim(columns=columns, coefficients=energy, target=energy_kwh)


def _spelt_out(term: Term) -> tuple[Ints, Floats, NDArray[np.intp]]:
    """Return a term's columns with a coefficient and a row for each."""
    size = np.broadcast_to(np.asarray(term.coefficients, np.float64), term.columns.shape)
    rows = np.arange(len(term.columns)) if term.rows is None else np.asarray(term.rows)
    return term.columns, size, rows


def stay_price(problem: Problem) -> float:
    """Return what leaving the last plan costs. [currency/kWh]."""
    return _STAY_OF_DEAREST * dearest_price(problem)


def add_stay(
    program: Program,
    name: str,
    terms: list[Term],
    said_kw: Floats,
    horizon: Horizon,
    price_per_kwh: float,
) -> None:
    """Price every kWh by which a power differs from what the last plan said, where it said something.

    said_kw : Shape (n,); NaN where the last plan has no word.

        u[k] ≥ |p[k] - said[k]|        cost = Σ h[k]·price·u[k]
    """
    steps = np.flatnonzero(np.isfinite(said_kw))
    if not len(steps):
        return
    cost = horizon.counted_h[steps] * price_per_kwh
    apart = program.variables(f"{name}.stay", len(steps), cost=cost)
    kept = [term.only(steps, horizon.n) for term in terms]
    said = said_kw[steps]
    program.rows(f"{name}.stay_above", -np.inf, said, *kept, Term(apart, -1.0))
    program.rows(f"{name}.stay_below", said, np.inf, *kept, Term(apart, 1.0))


def said_before(previous: Plan | None, problem: Problem) -> dict[str, Floats]:
    """Return by device what the last plan wanted in the first hour, on today's steps; NaN beyond. [kW]."""
    if previous is None or previous.status is PlanStatus.FAILED or not _wants_the_same(previous, problem):
        return {}
    steps = problem.steps
    middle, begins = (steps.starts_s + steps.edges_s[1:]) / 2, np.cumsum(steps.hours) - steps.hours
    covered = (begins < STAY_H - 1e-9) & (middle >= previous.steps.edges_s[0])
    covered &= middle < previous.steps.edges_s[-1]
    at = np.clip(
        np.searchsorted(previous.steps.edges_s, middle, side="right") - 1, 0, len(previous.steps) - 1
    )
    return {id_: np.where(covered, device.power_kw[at], np.nan) for id_, device in previous.devices.items()}


def _wants_the_same(previous: Plan, problem: Problem) -> bool:
    """Return whether a plan was made by today's strategy and preference: whoever changes them wants a change."""
    return previous.strategy is strategy_used(problem) and previous.preference is problem.site.preference
