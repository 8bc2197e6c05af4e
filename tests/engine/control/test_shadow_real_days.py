"""The shadow accounts on weeks of measured homes, held against the backtest, which accounts for itself."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import backtest
from benchmarks.backtest import BATTERY, START_KWH, Past, perfect, planned, run, stretch
from benchmarks.real_days import homes_of, weeks_of
from custom_components.ems.engine.control.shadow import account
from custom_components.ems.engine.control.shadow_ledger import PLAN, REAL, RULE, Ledger, Order, Step
from custom_components.ems.engine.plan import Mode
from custom_components.ems.engine.plan.components.end_value import EndValue

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
here = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
DAYS = 1
HOURS = DAYS * 24


@pytest.fixture(scope="module")
def recorded() -> list[Past]:
    """Return a winter and a summer week of the first home with its own sun."""
    home = next(each for each in homes_of(DATA) if each.has_pv)
    found = [
        stretch(DATA, home, week) for week in weeks_of(DATA, home) if week.season in ("winter", "summer")
    ]
    return [past for past in found if past is not None]


def step(past: Past, k: int, stored_kwh: float, order: Order | None) -> Step:
    """Return an hour of a week, whose real battery rests."""
    hour = past.first + k
    return Step(
        start_s=float(past.starts_s[hour]),
        hours=1.0,
        day=str(np.datetime64(int(past.starts_s[hour]), "s").astype("datetime64[D]")),
        batteries=(BATTERY,),
        grid_kw=float(past.load_kw[hour] - past.pv_kw[hour]),
        battery_kw={BATTERY.id: 0.0},
        energy_kwh={BATTERY.id: stored_kwh},
        import_price_per_kwh=float(past.week.import_price_per_kwh[k]),
        export_price_per_kwh=float(past.week.export_price_per_kwh[k]),
        worth={BATTERY.id: EndValue(widths_kwh=np.array([10.0]), per_kwh=np.array([backtest._value(past)]))},
        orders={} if order is None else {BATTERY.id: order},
    )


def lived(past: Past) -> Ledger:
    """Return the ledger of a week that is planned by the hour for the virtual battery."""
    control = planned(0)
    ledger = account(None, step(past, -1, START_KWH, None))
    for k in range(HOURS):
        device = control(past, past.first + k, ledger.accounts[PLAN].energy_kwh[BATTERY.id]).devices[
            BATTERY.id
        ]
        told = device.modes[0] in (Mode.CHARGE, Mode.DISCHARGE)
        order = Order(mode=device.modes[0].value, power_kw=abs(float(device.power_kw[0])) if told else None)
        ledger = account(ledger, step(past, k, START_KWH, order))
    return ledger


def cost_of(ledger: Ledger, name: str) -> float:
    return sum(day.cost.get(name, 0.0) for day in (*ledger.days, ledger.today))


@here
def test_there_are_weeks_to_look_at(recorded):
    assert len(recorded) == 2


@here
def test_accounts_of_real_days_are_those_of_the_backtest(recorded, monkeypatch):
    """Rule and plan alike; nobody does better than who knows all, and a resting battery does worst."""
    monkeypatch.setattr(backtest, "_DAYS", DAYS)
    for past in recorded:
        ledger, start = lived(past), START_KWH * backtest._value(past)
        real, rule, plan = (cost_of(ledger, name) for name in (REAL, RULE, PLAN))
        assert rule == pytest.approx(run(past, None) + start, abs=1e-6)
        assert plan == pytest.approx(run(past, planned(0)) + start, abs=0.02 * abs(rule))
        assert perfect(past) + start - 1e-6 <= min(plan, rule)
        assert max(plan, rule) < real
        assert ledger.could_have_saved == pytest.approx(real - plan)
        assert sum(day.hours for day in (*ledger.days, ledger.today)) == HOURS
