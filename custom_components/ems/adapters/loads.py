"""Flexible loads as the planner knows them: what they are, what they are doing, and what is asked of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

import numpy as np

from ..engine.daily_window import DailyWindow, Span
from ..engine.flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from ..engine.steps import Bools, Floats, Steps
from ..site_device import SiteDevice

DAILY, ON_REQUEST = "daily", "on_request"
DEMANDS = (DAILY, ON_REQUEST)
# Kinds that run in one piece.
RUNS = (LoadKind.BLOCK, LoadKind.PROGRAMME)
PROFILE_STEP_H = 0.25
# A window that the horizon cuts by no more than this is planned whole: on a day of 25 hours two days end after 48 h.
CUT_S = 3600.0
# A step counts as inside a window when half of it is: windows need not begin on a quarter-hour.
INSIDE = 0.5


@dataclass(frozen=True, kw_only=True)
class LoadAsk:
    """One thing that a load is to do.

    Attributes
    ----------
    spans_s : When it may, as (begin, end). [s since epoch]
    energy_kwh : What is left to do; for a programme that of a whole run, which says nothing new. [kWh]
    reward : What this much of it is worth; None where it has to be done. [currency]
    run_h : How long a run still lasts that is to be in one piece; 0: it may be interrupted. [h]
    power_kw : The most it can draw, which decides whether the task fits. [kW]
    ready_at_s : When it is to be done; where it no longer fits before that, it is done as soon as it can be.
        None: only the spans count. [s since epoch]
    goes_on : It runs already and is not to be stopped: its hours count no more.
    can_wait : Where the horizon cuts it off, a later plan will do.
    """

    spans_s: tuple[Span, ...]
    energy_kwh: float
    power_kw: float
    reward: float | None = None
    run_h: float = 0.0
    ready_at_s: float | None = None
    goes_on: bool = False
    can_wait: bool = False


@dataclass(frozen=True, kw_only=True)
class LoadNow:
    """A load as it stands. `since_h` is None where nobody knows."""

    is_on: bool = False
    since_h: float | None = None
    asks: tuple[LoadAsk, ...] = ()
    available: bool = True


def window_of(params: Mapping[str, Any]) -> DailyWindow:
    """Return the hours in which a load may run."""
    return DailyWindow(
        start=time.fromisoformat(params["window_from"]), end=time.fromisoformat(params["window_until"])
    )


def kind_of(device: SiteDevice) -> LoadKind:
    """Return how a load uses energy."""
    return LoadKind(device.params["kind"])


def make_load(device: SiteDevice) -> FlexibleLoad:
    """Return a load as the engine knows it: W and minutes become kW and hours."""
    params, kind = device.params, kind_of(device)
    if kind is LoadKind.PROGRAMME:
        profile_kw = tuple(watts / 1000 for watts in params["profile_w"])
        return FlexibleLoad(
            id=device.subentry_id,
            name=device.name,
            kind=kind,
            profile_kw=profile_kw,
            profile_step_h=PROFILE_STEP_H,
        )
    return FlexibleLoad(
        id=device.subentry_id,
        name=device.name,
        kind=kind,
        power_kw=params["power_w"] / 1000,
        power_min_kw=params.get("power_min_w", 0.0) / 1000,
        min_on_h=params.get("min_on_min", 0.0) / 60,
        min_off_h=params.get("min_off_min", 0.0) / 60,
    )


def load_state(now: LoadNow, steps: Steps, shortfall_price_per_kwh: float) -> LoadState:
    """Return what the planner is told of a load: its asks on the plan's own steps."""
    taken = np.zeros(len(steps), dtype=bool)
    tasks = []
    for ask in now.asks:
        allowed = _allowed(ask, steps) & ~taken
        if not allowed.any() or (ask.can_wait and _is_cut(ask, allowed, steps)):
            continue
        taken |= allowed
        tasks.append(
            LoadTask(
                allowed=allowed,
                energy_kwh=ask.energy_kwh,
                reward=ask.reward,
                shortfall_price_per_kwh=shortfall_price_per_kwh,
            )
        )
    return LoadState(tasks=tuple(tasks), is_on=now.is_on, since_h=now.since_h, available=now.available)


def _allowed(ask: LoadAsk, steps: Steps) -> Bools:
    """Return the steps in which it may run, shape (n,)."""
    inside = _inside(ask, steps)
    if ask.goes_on:
        # One step more than it needs: it began between two edges.
        return inside | _first_fit(np.ones(len(steps), dtype=bool), ask, steps, spare=1)
    if ask.ready_at_s is None:
        return inside
    in_time = inside & (steps.edges_s[1:] <= ask.ready_at_s)
    return in_time if _fits(ask, in_time, steps) else _first_fit(inside, ask, steps)


def _inside(ask: LoadAsk, steps: Steps) -> Bools:
    starts, ends = steps.starts_s, steps.edges_s[1:]
    overlap_s = sum(
        (np.clip(np.minimum(ends, end) - np.maximum(starts, begin), 0.0, None) for begin, end in ask.spans_s),
        np.zeros(len(steps)),
    )
    return np.asarray(overlap_s >= INSIDE * (ends - starts))


def _done_h(allowed: Bools, ask: LoadAsk, steps: Steps) -> Floats:
    """Return how long it could have run by the end of each step, in one piece where it has to be, shape (n,). [h]."""
    total_h = np.cumsum(steps.hours * allowed)
    if not ask.run_h:
        return np.asarray(total_h)
    return np.asarray(total_h - np.maximum.accumulate(np.where(allowed, 0.0, total_h)))


def _needed_h(ask: LoadAsk) -> float:
    return (ask.run_h or ask.energy_kwh / ask.power_kw) - 1e-6


def _fits(ask: LoadAsk, allowed: Bools, steps: Steps) -> bool:
    return bool((_done_h(allowed, ask, steps) >= _needed_h(ask)).any())


def _first_fit(allowed: Bools, ask: LoadAsk, steps: Steps, spare: int = 0) -> Bools:
    """Return the steps up to the first at whose end it can be done; all where it never can."""
    done = _done_h(allowed, ask, steps) >= _needed_h(ask)
    last = int(np.argmax(done)) + spare if done.any() else len(steps)
    return np.asarray(allowed & (np.arange(len(steps)) <= last))


def _is_cut(ask: LoadAsk, allowed: Bools, steps: Steps) -> bool:
    """Tell whether the horizon ends before the task's window does, or leaves too little of it."""
    return ask.spans_s[-1][1] > steps.edges_s[-1] + CUT_S or not _fits(ask, allowed, steps)
