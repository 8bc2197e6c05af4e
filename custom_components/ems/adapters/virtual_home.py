"""The home as it would stand if what EMS decided had been done: what its next decision has to be made from.

A decision for a battery that is empty is none for one that has been charged all night. Where nobody follows the plan,
the account of what it is worth needs plans of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..engine.control.shadow_ledger import Account
from .cars import CarNow
from .problem import PlanInputs

# Closer than this the real plan is as good: a percent is what batteries tell, and a plan costs processor time.
SAME_SHARE: Final = 0.02
SAME_KWH: Final = 0.1


def as_if_followed(inputs: PlanInputs, account: Account, virtual: frozenset[str]) -> PlanInputs | None:
    """Return what a plan would be made from; None where that is what it is made from anyway.

    virtual : Batteries that do not do what EMS decides.
    """
    soc = {
        spec.id: account.energy_kwh[spec.id] / spec.capacity_kwh
        for spec in inputs.site.batteries
        if spec.id in virtual and spec.id in account.energy_kwh and spec.capacity_kwh > 0
    }
    apart = {key: value for key, value in soc.items() if _is_apart(inputs.soc.get(key), value)}
    owed = {key: kwh for key, kwh in account.owed_kwh.items() if kwh > SAME_KWH}
    if not apart and not owed:
        return None
    return replace(inputs, soc={**inputs.soc, **apart}, cars=_owing(inputs.cars, owed))


def _is_apart(measured: float | None, virtual: float) -> bool:
    return measured is not None and abs(measured - virtual) > SAME_SHARE


def _owing(cars: Mapping[str, CarNow | None], owed_kwh: Mapping[str, float]) -> Mapping[str, CarNow | None]:
    """Return cars that still need what the measured ones have been given already."""
    return {
        key: car
        if car is None or key not in owed_kwh
        else replace(
            car,
            energy_needed_kwh=car.energy_needed_kwh + owed_kwh[key],
            energy_max_kwh=None if car.energy_max_kwh is None else car.energy_max_kwh + owed_kwh[key],
        )
        for key, car in cars.items()
    }
