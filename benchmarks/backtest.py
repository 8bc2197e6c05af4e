"""What planning is worth on recorded homes, hour by hour, when nobody knows what comes.

Every hour a plan is made from what could be known by then: the load forecast EMS makes from the home's own past, a
solar forecast from the past alone (the same hours of the last days; no weather is recorded with these homes), and
prices. It is executed by marginal value, with the load and sun that really came (docs/components/marginal-values.md).

    share = (rule - controller) / (rule - perfect)        of the week's cost, stored energy valued alike

The rule is self-consumption; perfect knows the whole week. JSON on the last line of stdout with --json.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
import json
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from benchmarks.real_days import RecordedHome, Week, homes_of, recorded_kw, weeks_of
from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.forecast.result import Forecast
from custom_components.ems.engine.forecast.scenarios import make_scenarios
from custom_components.ems.engine.local_time import local_day_and_second
from custom_components.ems.engine.plan import Mode, Plan, solve
from custom_components.ems.engine.problem import BatteryState, Problem
from custom_components.ems.engine.site import Battery, PvArray, Site
from custom_components.ems.engine.steps import Floats, Steps

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT.parent / "shared" / "data"
BATTERY: Final = Battery(
    id="battery", name="Battery", capacity_kwh=10, charge_max_kw=5, discharge_max_kw=5, soc_min=0.0
)
START_KWH: Final = 5.0
_DAY: Final = 24
_DAYS: Final = 6  # a plan of the sixth day's last hour still sees two days
_AHEAD: Final = 2 * _DAY
_PAST_DAYS: Final = 28
_TIE: Final = 3e-4  # what the optimiser breaks ties with [EUR/kWh]

type Controller = Callable[[Past, int, float], Plan]


@dataclass(frozen=True, kw_only=True, eq=False)
class Past:
    """A recorded week with the weeks before it. Hourly series, shape (n,); the week begins at `first`."""

    home: RecordedHome
    week: Week
    starts_s: Floats
    load_kw: Floats
    pv_kw: Floats
    first: int


def stretch(data: Path, home: RecordedHome, week: Week) -> Past | None:
    """Return a week with five weeks of history, None where the recording has gaps there."""
    begins = float(week.steps.edges_s[0])
    edges: Floats = begins + 3600.0 * np.arange(-5 * 7 * _DAY, 8 * _DAY + 1, dtype=np.float64)
    steps = Steps(edges_s=edges)
    load, sun = (recorded_kw(data, home, column).on(steps) for column in ("load_kwh", "pv_kwh"))
    if not np.isfinite(load + sun).all():
        return None
    return Past(home=home, week=week, starts_s=steps.starts_s, load_kw=load, pv_kw=sun, first=5 * 7 * _DAY)


def sun_forecast(past: Past, now: int, steps: Steps) -> Forecast:
    """Return mean and band of the same hours of past days: a forecast that has never seen a cloud coming."""
    hours = now + np.arange(len(steps))
    known = (now - 1 - hours) // _DAY  # whole days back to the last hour that is over
    table = np.stack([past.pv_kw[hours + _DAY * (known - back)] for back in range(_PAST_DAYS)])
    low, middle, high = np.quantile(table, [0.1, 0.5, 0.9], axis=0)
    mean = table[:14].mean(axis=0)
    return Forecast(issued_at_s=0.0, steps=steps, mean=mean, p10=low, p50=middle, p90=high, basis="past")


def question(past: Past, now: int, energy_kwh: float, hours: int) -> Problem:
    """Return the problem of an hour with what really comes."""
    at = slice(now, now + hours)
    inside = slice(now - past.first, now - past.first + hours)
    week = past.week
    return Problem(
        site=Site(name="backtest", batteries=(BATTERY,), pvs=(PvArray(id="pv", name="Roof", peak_kw=10.0),)),
        steps=Steps(edges_s=past.starts_s[now] + 3600.0 * np.arange(hours + 1)),
        import_price_per_kwh=week.import_price_per_kwh[inside],
        export_price_per_kwh=week.export_price_per_kwh[inside],
        price_known=np.ones(hours, dtype=np.bool_),
        load_kw=past.load_kw[at],
        pv_available_kw={"pv": past.pv_kw[at]},
        batteries={BATTERY.id: BatteryState(energy_kwh=energy_kwh)},
    )


def planned(many: int) -> Controller:
    """Return a controller that plans on forecasts, with so many scenarios."""

    def control(past: Past, now: int, energy_kwh: float) -> Plan:
        asked = question(past, now, energy_kwh, _AHEAD)
        load = _learned(past)
        mean_kw = load.forecast(past.starts_s[now], asked.steps).mean
        sun = sun_forecast(past, now, asked.steps)
        # The running hour is measured; EMS plans on that, and follows what comes within it.
        mean_kw[0], sun.mean[0] = past.load_kw[now], past.pv_kw[now]
        asked = replace(asked, load_kw=mean_kw, pv_available_kw={"pv": sun.mean})
        if many:
            asked = replace(asked, scenarios=_ways(past, now, asked, load, sun, many))
        return solve(asked)

    return control


@lru_cache(maxsize=1)
def _learned(past: Past) -> LoadForecaster:
    """Return a forecaster that was given the whole stretch; each forecast stands on what came before it alone."""
    load = LoadForecaster(past.home.zone)
    load.learn(past.starts_s, past.load_kw, interval_s=3600.0)
    return load


def _ways(past: Past, now: int, asked: Problem, load: LoadForecaster, sun: Forecast, many: int) -> Any:
    days, _ = local_day_and_second(past.starts_s[:now], past.home.zone)
    energy = np.bincount(days - days[0], weights=past.pv_kw[:now])
    produced = dict(zip((days[0] + np.arange(len(energy))).tolist(), energy.tolist(), strict=True))
    issued = float(past.starts_s[now])
    return make_scenarios(
        issued, asked.steps, load, asked.load_kw, {"pv": sun}, produced, past.home.zone, many=many
    )


def run(past: Past, control: Controller | None) -> float:
    """Return what a week costs under a controller; None: the rule. [EUR], stored energy at the mean price."""
    energy, cost, hours = START_KWH, 0.0, range(past.first, past.first + _DAYS * _DAY)
    for now in hours:
        net = float(past.load_kw[now] - past.pv_kw[now])
        plan = None if control is None else control(past, now, energy)
        power = wanted_kw(past, now, plan, net)
        power = float(np.clip(power, -_room_kw(energy), _left_kw(energy)))
        energy += -power * BATTERY.charge_efficiency if power < 0 else -power / BATTERY.discharge_efficiency
        cost += _price(past, now, net - power) + BATTERY.wear_per_kwh * max(power, 0.0)
    return cost - energy * _value(past)


def wanted_kw(past: Past, now: int, plan: Plan | None, net_kw: float) -> float:
    """Return what the battery does with what really comes: + discharge. [kW].

    With the grid it trades only where the plan does, for there power is bounded; beside that it covers the home or
    stores surplus while the price says that this is worth it.
    """
    if plan is None:
        return net_kw
    device, sold = plan.devices[BATTERY.id], _sold(past, now, importing=False)
    more = device.import_value_per_kwh
    if more is None or device.modes[0] is Mode.CHARGE:
        return float(device.power_kw[0])
    if device.modes[0] is Mode.DISCHARGE:
        return max(float(device.power_kw[0]), net_kw)
    if net_kw > 0:
        covers = device.modes[0] is Mode.AUTOMATIC
        return net_kw if covers else 0.0
    return net_kw if sold / BATTERY.charge_efficiency <= float(more[0]) + _TIE else 0.0


def _room_kw(energy_kwh: float) -> float:
    room = (BATTERY.capacity_kwh - energy_kwh) / BATTERY.charge_efficiency
    return min(BATTERY.charge_max_kw, max(room, 0.0))


def _left_kw(energy_kwh: float) -> float:
    return min(BATTERY.discharge_max_kw, max(energy_kwh, 0.0) * BATTERY.discharge_efficiency)


def _price(past: Past, now: int, grid_kw: float) -> float:
    return grid_kw * _sold(past, now, importing=grid_kw > 0)


def _sold(past: Past, now: int, *, importing: bool) -> float:
    series = past.week.import_price_per_kwh if importing else past.week.export_price_per_kwh
    return float(series[now - past.first])


def _value(past: Past) -> float:
    """Return what stored energy is valued at, for every controller alike. [EUR/kWh]."""
    return float(past.week.import_price_per_kwh.mean() - BATTERY.wear_per_kwh) * BATTERY.discharge_efficiency


def perfect(past: Past) -> float:
    """Return the least cost of a week that is known as a whole."""
    plan = solve(question(past, past.first, START_KWH, _DAYS * _DAY))
    stored = plan.devices[BATTERY.id].energy_kwh
    left = 0.0 if stored is None else float(stored[-1])
    return plan.costs.energy + plan.costs.wear - left * _value(past)


CONTROLLERS: Final[dict[str, Controller]] = {
    "mean": planned(0),
    "scenarios5": planned(5),
    "scenarios14": planned(14),
}


def cases(data: Path, homes: int) -> Iterator[dict[str, Any]]:
    """Yield a row per home and season: costs of the rule, of perfect foresight, and every controller's share."""
    for home in [one for one in homes_of(data) if one.has_pv][:homes]:
        for week in weeks_of(data, home):
            past = stretch(data, home, week)
            if past is not None:
                yield _row(past)


def _row(past: Past) -> dict[str, Any]:
    rule, best = run(past, None), perfect(past)
    found = {name: run(past, control) for name, control in CONTROLLERS.items()}
    shares = {f"{name}_share": round((rule - cost) / (rule - best), 3) for name, cost in found.items()}
    costs = {name: round(cost, 3) for name, cost in {"rule": rule, "perfect": best, **found}.items()}
    return {
        "home": past.home.id,
        "season": past.week.season,
        "monday": date.fromisoformat(past.week.monday).isoformat(),
        "price_year": past.week.price_year,
        **costs,
        **shares,
    }


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the share of all weeks together, and the median of the weeks', per controller."""
    pot = sum(row["rule"] - row["perfect"] for row in rows)
    return {
        name: {
            "share_of_all": round(sum(row["rule"] - row[name] for row in rows) / pot, 3),
            "median_share": round(median(row[f"{name}_share"] for row in rows), 3),
        }
        for name in CONTROLLERS
    }


def main() -> None:
    """Run every case and print."""
    parser = argparse.ArgumentParser(prog="script/bench backtest", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of recorded homes")
    parser.add_argument("--homes", type=int, default=3, help="how many homes with their own sun")
    options = parser.parse_args()
    rows = []
    for row in cases(options.data, options.homes):
        rows.append(row)
        if not options.json:
            print("  ".join(f"{key}={value}" for key, value in row.items()), flush=True)
    found = summary(rows) if rows else {}
    print(json.dumps({"cases": rows, "summary": found}) if options.json else found)


if __name__ == "__main__":
    main()
