"""What the home will need of the grid or have left over, before any battery, car or load that can wait moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..local_time import HOUR_S
from ..steps import Floats, Steps
from .result import Forecast

BASIS: Final = "load - solar"
# Surplus below this is a meter's inaccuracy; windows that bring less are not worth a notification.
SURPLUS_MIN_KW: Final = 0.05
SURPLUS_MIN_KWH: Final = 0.1


def added(forecasts: Iterable[Forecast]) -> Forecast | None:
    """Return the sum of forecasts under one sky: quantiles add up, because it is dark for all of them at once."""
    found = list(forecasts)
    if not found:
        return None
    first = found[0]
    mean, p10, p50, p90 = (
        np.sum([getattr(each, row) for each in found], axis=0) for row in ("mean", "p10", "p50", "p90")
    )
    return Forecast(
        issued_at_s=first.issued_at_s,
        steps=first.steps,
        mean=mean,
        p10=p10,
        p50=p50,
        p90=p90,
        basis=first.basis,
    )


def net_demand(load: Forecast, pv: Iterable[Forecast]) -> Forecast:
    """Return load less sun with its band, positive into the home. [kW].

        p90 = mean + sqrt((load.p90 - load.mean)² + (sun.mean - sun.p10)²), and p10 likewise:

    what a household does and what clouds do are independent, and distances of independent things add as squares.
    """
    sun = added(pv)
    if sun is None:
        return load
    mean = load.mean - sun.mean
    up = np.hypot(np.maximum(load.p90 - load.mean, 0), np.maximum(sun.mean - sun.p10, 0))
    down = np.hypot(np.maximum(load.mean - load.p10, 0), np.maximum(sun.p90 - sun.mean, 0))
    p10, p90 = mean - down, mean + up
    return Forecast(
        issued_at_s=load.issued_at_s,
        steps=load.steps,
        mean=mean,
        p10=p10,
        p50=np.clip(load.p50 - sun.p50, p10, p90),
        p90=p90,
        basis=BASIS,
    )


def shared_out(
    total: Forecast, by_physics: Mapping[str, Forecast], peaks_kw: Mapping[str, float]
) -> dict[str, Forecast]:
    """Return a forecast of the whole roof as one per array: by what physics gives each, in the dark by peak power."""
    ids = list(by_physics)
    means = np.stack([by_physics[id_].mean for id_ in ids])
    peaks = np.array([peaks_kw[id_] for id_ in ids])[:, None]
    dark = means.sum(axis=0) <= 1e-6
    weight = np.where(dark, np.maximum(peaks, 1e-9), means)
    share = weight / weight.sum(axis=0)
    return {id_: _scaled(total, share[i]) for i, id_ in enumerate(ids)}


def _scaled(forecast: Forecast, share: Floats) -> Forecast:
    return Forecast(
        issued_at_s=forecast.issued_at_s,
        steps=forecast.steps,
        mean=share * forecast.mean,
        p10=share * forecast.p10,
        p50=share * forecast.p50,
        p90=share * forecast.p90,
        basis=forecast.basis,
    )


@dataclass(frozen=True, kw_only=True)
class Peak:
    """The hour of the highest mean need. [s since epoch], [kW]."""

    start_s: float
    power_kw: float
    p90_kw: float


@dataclass(frozen=True, kw_only=True)
class Surplus:
    """A stretch in which the sun gives more than the home takes. [s since epoch], [kWh]."""

    start_s: float
    end_s: float
    energy_kwh: float
    power_max_kw: float


def next_peak(net: Forecast, now_s: float, reach_h: float = 24.0) -> Peak | None:
    """Return the full hour with the highest mean need that begins within the reach; None beyond the forecast."""
    first = -(-now_s // HOUR_S) * HOUR_S
    last = min(first + reach_h * HOUR_S, net.steps.edges_s[-1] // HOUR_S * HOUR_S)
    if last - first < HOUR_S or first < net.steps.edges_s[0]:
        return None
    hours = Steps(edges_s=np.arange(first, last + 1, HOUR_S))
    mean, p90 = (hours.mean_of(net.steps.starts_s, row) for row in (net.mean, net.p90))
    at = int(np.argmax(mean))
    return Peak(start_s=float(hours.starts_s[at]), power_kw=float(mean[at]), p90_kw=float(p90[at]))


def next_surplus(net: Forecast, now_s: float) -> Surplus | None:
    """Return the stretch of surplus that runs now or comes next; None where none worth speaking of comes."""
    edges = np.maximum(net.steps.edges_s, now_s)
    hours = np.diff(edges) / HOUR_S
    over = (net.mean < -SURPLUS_MIN_KW) & (hours > 0)
    turns = np.flatnonzero(np.diff(np.concatenate([[False], over, [False]]).astype(np.int8)))
    for begin, end in zip(turns[::2], turns[1::2], strict=True):
        energy_kwh = float(-(net.mean * hours)[begin:end].sum())
        if energy_kwh >= SURPLUS_MIN_KWH:
            return Surplus(
                start_s=float(edges[begin]),
                end_s=float(edges[end]),
                energy_kwh=energy_kwh,
                power_max_kw=float(-net.mean[begin:end].min()),
            )
    return None
