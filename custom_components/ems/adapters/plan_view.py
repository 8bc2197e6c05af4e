"""A plan as people look at it: now, next, and as series in kW and currency."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
import itertools
from typing import Any

from homeassistant.util import dt as dt_util
import numpy as np

from ..engine.forecast.result import Forecast
from ..engine.plan.result import DevicePlan, Mode, Plan, Reason
from ..engine.steps import Floats, Steps


@dataclass(frozen=True, kw_only=True)
class NextAction:
    """The next change that the plan intends."""

    at: datetime
    device: str
    mode: Mode
    power_kw: float
    reason: Reason


def step_now(plan: Plan) -> int:
    """Return the index of the running step."""
    return plan.steps.index_at(dt_util.utcnow().timestamp())


def planned_now(plan: Plan | None, device_id: str) -> tuple[Mode, Reason] | None:
    """Return what a plan wants of a device in the running step, and why; None where it says nothing of it."""
    device = plan.devices.get(device_id) if plan else None
    if plan is None or device is None:
        return None
    step = step_now(plan)
    return device.modes[step], device.reasons[step]


def next_run(plan: Plan | None, device_id: str) -> tuple[datetime, datetime] | None:
    """Return begin and end of the next run that a plan intends for a load; one that is running is not the next."""
    device = plan.devices.get(device_id) if plan else None
    if plan is None or device is None:
        return None
    is_on = np.array([mode is Mode.ON for mode in device.modes])
    begins = np.flatnonzero(is_on[1:] & ~is_on[:-1]) + 1
    later = begins[begins > step_now(plan)]
    if not later.size:
        return None
    first = int(later[0])
    last = first + int(np.argmin(np.append(is_on[first:], False)))
    begin_s, end_s = plan.steps.edges_s[[first, last]]
    return dt_util.utc_from_timestamp(begin_s), dt_util.utc_from_timestamp(end_s)


def is_over(plan: Plan) -> bool:
    """Tell whether a plan has no step for now any more: planning has failed for two days."""
    return bool(dt_util.utcnow().timestamp() >= plan.steps.edges_s[-1])


def next_action(plan: Plan) -> NextAction | None:
    """Return the first change of mode after now; None where all stays as it is."""
    now = step_now(plan)
    found: NextAction | None = None
    for device in plan.devices.values():
        later = [k for k in range(now + 1, len(plan.steps)) if device.modes[k] is not device.modes[now]]
        if not later:
            continue
        at = dt_util.utc_from_timestamp(plan.steps.starts_s[later[0]])
        if found is None or at < found.at:
            found = NextAction(
                at=at,
                device=device.name,
                mode=device.modes[later[0]],
                power_kw=float(device.power_kw[later[0]]),
                reason=device.reasons[later[0]],
            )
    return found


def spans(steps: Steps) -> list[dict[str, str]]:
    """Return start and end of every step as ISO strings in UTC."""
    edges = [dt_util.utc_from_timestamp(edge).isoformat() for edge in steps.edges_s]
    return [{"start": start, "end": end} for start, end in itertools.pairwise(edges)]


def series(steps: Steps, **columns: Floats) -> list[dict[str, Any]]:
    """Return rows of {start, end, column: value}; NaN becomes None."""
    rows: list[dict[str, Any]] = list(spans(steps))
    for name, values in columns.items():
        for row, value in zip(rows, np.round(values, 5).tolist(), strict=True):
            row[name] = value if value == value else None  # noqa: PLR0124  # NaN is the number that differs from itself
    return rows


def device_series(plan: Plan, device: DevicePlan) -> list[dict[str, Any]]:
    """Return a device's planned course."""
    return series(plan.steps, power_kw=device.power_kw)


def pv_energy_kwh(pv: Mapping[str, Forecast], day: int) -> float | None:
    """Return the forecast production of a local day, as far as the horizon reaches; today counts from now. [kWh]."""
    if not pv:
        return None
    begin = dt_util.start_of_local_day() + timedelta(days=day)
    begin_s = begin.timestamp()
    end_s = dt_util.start_of_local_day(begin + timedelta(days=1, hours=6)).timestamp()
    return float(sum(_energy_between(forecast, begin_s, end_s) for forecast in pv.values()))


def _energy_between(forecast: Forecast, begin_s: float, end_s: float) -> float:
    edges = np.clip(forecast.steps.edges_s, begin_s, end_s)
    return float(np.sum(forecast.mean * np.diff(edges) / 3600))
