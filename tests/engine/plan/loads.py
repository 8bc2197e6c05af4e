"""Small homes with loads that can wait, and the strategies that make random ones."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
import numpy as np

from custom_components.ems.engine.flexible_load import FlexibleLoad, LoadKind, LoadState, LoadTask
from custom_components.ems.engine.problem import Problem
from custom_components.ems.engine.site import Grid
from custom_components.ems.engine.steps import Steps, even_steps, tiered_steps
from tests.engine.plan.homes import START_S, battery, problem

KINDS = tuple(LoadKind)
DISH_KW = (2.0, 0.5, 1.0)


def load(kind: LoadKind | str = LoadKind.INTERRUPTIBLE, **changes: Any) -> FlexibleLoad:
    """Return a load of 2 kW, or a programme of three parts of an hour each."""
    plain: dict[str, Any] = {"id": "load", "name": "Load", "kind": kind, "power_kw": 2.0}
    if kind == LoadKind.PROGRAMME:
        plain |= {"profile_kw": DISH_KW, "profile_step_h": 1.0}
    return FlexibleLoad(**{**plain, **changes})


def task(allowed: Sequence[int | bool], energy_kwh: float = 0.0, **changes: Any) -> LoadTask:
    """Return a task in the steps marked."""
    return LoadTask(allowed=np.array(allowed, dtype=bool), energy_kwh=energy_kwh, **changes)


def with_load(asked: Problem, spec: FlexibleLoad, *tasks: LoadTask, **state: Any) -> Problem:
    """Return a home with one more load."""
    site = replace(asked.site, loads=(*asked.site.loads, spec))
    return replace(asked, site=site, loads={**asked.loads, spec.id: LoadState(tasks=tasks, **state)})


def runs_of(power_kw: np.ndarray) -> list[tuple[int, int]]:
    """Return first and past-the-last step of every stretch with power."""
    on = np.concatenate([[False], power_kw > 1e-6, [False]]).astype(int)
    return list(zip(np.flatnonzero(np.diff(on) == 1), np.flatnonzero(np.diff(on) == -1), strict=True))


@st.composite
def windows(draw: st.DrawFn, n: int) -> list[list[bool]]:
    """Return one or two windows that share no step; the first may be empty."""
    cuts = sorted(draw(st.lists(st.integers(0, n), min_size=4, max_size=4)))
    steps = np.arange(n)
    first, second = (((steps >= a) & (steps < b)).tolist() for a, b in (cuts[:2], cuts[2:]))
    return [first, second] if any(second) else [first]


@st.composite
def loads(draw: st.DrawFn, kind: LoadKind | None = None) -> FlexibleLoad:
    """Return a random load."""
    kind = kind or draw(st.sampled_from(KINDS))
    on_off = kind is LoadKind.INTERRUPTIBLE
    return FlexibleLoad(
        id="load",
        name="Load",
        kind=kind,
        power_kw=draw(st.sampled_from([0.3, 1.0, 2.5])),
        power_min_kw=draw(st.sampled_from([0.0, 0.2])) if kind is LoadKind.CONTINUOUS else 0.0,
        min_on_h=draw(st.sampled_from([0.0, 0.2, 0.5])) if on_off else 0.0,
        min_off_h=draw(st.sampled_from([0.0, 0.2, 0.5])) if on_off else 0.0,
        profile_kw=tuple(draw(st.lists(st.sampled_from([0.1, 1.0, 2.0]), min_size=1, max_size=5))),
        profile_step_h=draw(st.sampled_from([0.1, 0.25, 0.4])),
    )


AXES = (even_steps(START_S, 3, 15), even_steps(START_S, 6, 60), tiered_steps(START_S + 77, ((1, 5), (5, 30))))


@st.composite
def homes_with_load(
    draw: st.DrawFn,
    kind: LoadKind | None = None,
    prices: tuple[float, float] = (-0.2, 0.6),
    limits: tuple[float, ...] = (1.0, 20.0),
) -> Problem:
    """Return a random home with sun, a battery and one load that may be running already."""
    steps: Steps = draw(st.sampled_from(AXES))
    n, rng = len(steps), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spec = draw(loads(kind))
    import_price = rng.uniform(*prices, n)
    asked = problem(
        import_price.tolist(),
        rng.uniform(0, 2, n).tolist(),
        export_price=(import_price - 0.05).tolist(),
        pv=(rng.uniform(0, 3, n) * (rng.random(n) < 0.6)).tolist(),
        batteries=draw(st.sampled_from([{}, {battery(charge_efficiency=0.9, wear_per_kwh=0.02): 3.0}])),
        grid=Grid(import_max_kw=draw(st.sampled_from(limits))),
        steps=steps,
    )
    tasks = [
        task(
            window,
            draw(st.sampled_from([0.0, 0.1, 0.7, 2.0])),
            reward=draw(st.sampled_from([None, None, 0.2])),
        )
        for window in draw(windows(n))
    ]
    is_on = draw(st.booleans())
    since_h = draw(st.sampled_from([None, 0.0, 0.1, 0.3, 5.0]))
    return with_load(asked, spec, *tasks, is_on=is_on, since_h=since_h)
