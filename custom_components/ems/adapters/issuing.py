"""Issue forecasts for the archive, once an hour, and judge those whose time has come. Runs in a worker thread."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Final

import numpy as np

from ..engine.forecast.archive import LEADS, Archive, hourly_steps
from ..engine.forecast.net import added
from ..engine.forecast.persistence import PersistenceForecaster
from ..engine.forecast.places import Places, places_of
from ..engine.forecast.result import Forecast
from ..engine.forecast.skill import DAY_AHEAD, Scores, skill_by_lead
from ..engine.insight.anomalies import Anomaly, Quality, consumption_anomaly
from ..engine.local_time import DAY_S, HOUR_S
from ..engine.plan.result import Reason
from ..engine.steps import Bools, Floats, Steps
from ..engine.tariff import TariffError
from .forecast_store import LOAD, PRICE, PV
from .problem import PlanInputs, pv_forecasts
from .tariff import make_tariff

# Consumption that is odd was not expected by a forecast from before it began; a later one has got used to it.
_EXPECTED_H: Final = 24
_ODD_HOURS: Final = 12
# What can be replaced by "as yesterday". An estimated price is little else already.
_REPLACEABLE: Final = {LOAD: "load_forecast_loses", PV: "pv_forecast_loses"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Issued:
    """What was said at a full hour, and which prices are known by now."""

    forecasts: Mapping[str, Forecast]
    price_unknown: Bools | None = None
    prices: tuple[Floats, Floats] | None = None  # starts [s] and import prices of hours that are published


@dataclass(frozen=True, kw_only=True, eq=False)
class LastHours:
    """What was measured in the last hours beside what had been expected a day before. [kW]."""

    end_s: float
    truth: Floats
    p10: Floats
    p50: Floats
    p90: Floats

    @property
    def expected_now(self) -> dict[str, float] | None:
        """Return the newest hour; None where nobody had forecast it."""
        rows = {"measured_kw": self.truth, "p10_kw": self.p10, "p50_kw": self.p50, "p90_kw": self.p90}
        newest = {key: float(row[-1]) for key, row in rows.items()}
        return newest if np.isfinite(list(newest.values())).all() else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """How good the forecasts were, and what follows from it."""

    scores: Mapping[str, Mapping[str, Scores]] = field(default_factory=dict)  # series → lead times → scores
    instead: Mapping[str, PersistenceForecaster] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    places: Places | None = None
    anomaly: Anomaly | None = None
    last: LastHours | None = None
    quality: Mapping[str, Quality] = field(default_factory=dict)  # by source


def issue(inputs: PlanInputs) -> Issued:
    """Return the forecasts of the coming hours as known at the last full hour. What loses is issued all the same.

    Else it could never win again.
    """
    hour = int(inputs.now_s // HOUR_S)
    steps, at_s = hourly_steps(hour), hour * float(HOUR_S)
    found = {LOAD: inputs.load.forecast(at_s, steps)}
    sun = added(pv_forecasts(inputs, steps, at_s).values())
    if sun is not None:
        found[PV] = sun
    return _with_prices(Issued(forecasts=found), inputs, at_s, steps)


def _with_prices(issued: Issued, inputs: PlanInputs, at_s: float, steps: Steps) -> Issued:
    """Return it with the prices that had to be estimated, and with those that are published by now."""
    past = Steps(edges_s=np.arange(at_s - 2 * DAY_S, at_s + 1, HOUR_S, dtype=np.float64))
    try:
        tariff = make_tariff(inputs.tariff, inputs.zone, inputs.published)
        ahead, behind = tariff.prices(steps), tariff.prices(past)
    except TariffError:
        return issued
    if inputs.published is None:
        return issued  # a tariff by the clock is known for ever
    nan = np.full(LEADS, np.nan)
    estimate = Forecast(
        issued_at_s=at_s,
        steps=steps,
        mean=ahead.import_price_per_kwh,
        p10=nan,
        p50=nan,
        p90=nan,
        basis="estimated",
    )
    starts_s = np.concatenate([past.starts_s, steps.starts_s])
    price = np.concatenate([behind.import_price_per_kwh, ahead.import_price_per_kwh])
    known = np.concatenate([behind.known, ahead.known])
    return replace(
        issued,
        forecasts={**issued.forecasts, PRICE: estimate},
        price_unknown=~ahead.known,
        prices=(starts_s[known], price[known]),
    )


def judge(archives: Mapping[str, Archive], zone: tzinfo, now_s: float, lost: Collection[str] = ()) -> Verdict:
    """Score the archives, and decide what is used. `lost` names the series whose forecaster is not used so far."""
    scores = {name: skill_by_lead(archive, zone) for name, archive in archives.items()}
    instead: dict[str, PersistenceForecaster] = {}
    reasons: list[Reason] = []
    for name, key in _REPLACEABLE.items():
        overall = scores[name].get(DAY_AHEAD)
        if overall is None or not overall.loses(already=name in lost):
            continue
        simple = PersistenceForecaster(zone, *archives[name].truth())
        if simple.is_usable(now_s):
            instead[name] = simple
            loss = {"loss_pct": round(-100 * (overall.skill or 0.0)), "days": overall.days}
            reasons.append(Reason(key=key, placeholders=loss))
    last = _last_hours(archives[LOAD])
    return Verdict(
        scores=scores,
        instead=instead,
        reasons=tuple(reasons),
        places=places_of(archives[PV]),
        anomaly=None if last is None else consumption_anomaly(last.truth, last.p10, last.p50, last.p90),
        last=last,
    )


def _last_hours(archive: Archive) -> LastHours | None:
    """Return the last measured hours with the band that was forecast for them a day ahead."""
    if (end_s := archive.truth_until_s) is None:
        return None
    hours = np.arange(int(end_s // HOUR_S) - _ODD_HOURS, int(end_s // HOUR_S))
    table = np.full((4, len(hours)), np.nan)
    for column, hour in enumerate(hours.tolist()):
        if (found := archive.issue(hour - _EXPECTED_H)) is not None:
            table[:, column] = found[:, _EXPECTED_H]
    return LastHours(end_s=end_s, truth=archive.truth_at(hours), p10=table[1], p50=table[2], p90=table[3])
