"""Days for the shadow accounts: a home by its need, prices by the hour."""

from dataclasses import replace
from typing import Any

import numpy as np

from custom_components.ems.engine.control.shadow import account
from custom_components.ems.engine.control.shadow_ledger import Ledger, Step
from custom_components.ems.engine.plan.components.end_value import EndValue
from custom_components.ems.engine.site import Battery

# One stored kWh takes 1.25 from the terminal and gives 1.
BATTERY = Battery(
    id="b",
    name="B",
    capacity_kwh=10.0,
    charge_max_kw=5.0,
    discharge_max_kw=5.0,
    charge_efficiency=0.8,
    discharge_efficiency=1.0,
    soc_min=0.0,
    wear_per_kwh=0.02,
)
WORTH = EndValue(widths_kwh=np.array([10.0]), per_kwh=np.array([0.2]))
START_S = 1_781_474_400.0  # a midnight in Vienna


def worth(per_kwh: float) -> EndValue:
    """Return a value that is the same for every kWh."""
    return EndValue(widths_kwh=np.array([10.0]), per_kwh=np.array([per_kwh]))


def step(k: float, *, need_kw: float | None = 1.0, hours: float = 1.0, **changes: Any) -> Step:
    """Return the step that begins k hours after midnight, of a home whose own battery rests, empty."""
    plain = Step(
        start_s=START_S + k * 3600,
        hours=hours,
        day="2026-06-15",
        batteries=(BATTERY,),
        grid_kw=need_kw,
        battery_kw={"b": 0.0},
        energy_kwh={"b": 0.0},
        import_price_per_kwh=0.30,
        export_price_per_kwh=0.08,
        worth={"b": WORTH},
    )
    return replace(plain, **changes)


def lived(steps: list[Step], ledger: Ledger | None = None) -> Ledger:
    """Return the ledger after some steps, opened by what was measured just before the first."""
    if ledger is None:
        first = steps[0]
        before = replace(first, start_s=first.start_s - 60, hours=1 / 60)
        ledger = account(None, before)
    for each in steps:
        ledger = account(ledger, each)
    return ledger
