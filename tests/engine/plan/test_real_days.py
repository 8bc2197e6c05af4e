"""The strategies on weeks of measured homes: each does what it is for, against the rule and what is possible."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.bounds import least_export_kwh, lowest_peak_kw
from benchmarks.real_days import COUNTRIES, SEASONS, Week, weeks
from benchmarks.strategies import RULE, follow_plans, measure, table, targets
from custom_components.ems.engine.site import Battery, Strategy

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
here = pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
# A winter that needs days of foresight, a sunny spring, a summer with peaks and an autumn with a drought.
SHORT = {("AT", "winter"), ("DE", "spring"), ("US", "summer"), ("DE", "autumn")}
PLAIN = Battery(
    id="battery",
    name="Battery",
    capacity_kwh=2,
    charge_max_kw=5,
    discharge_max_kw=5,
    charge_efficiency=0.8,
    discharge_efficiency=1.0,
    soc_min=0.0,
)


@pytest.fixture(scope="module")
def recorded() -> dict[tuple[str, str], Week]:
    return {(week.country, week.season): week for week in weeks(DATA)}


@here
def test_there_are_weeks_of_every_season_and_country(recorded):
    assert set(recorded) == {(country, season) for country in COUNTRIES for season in SEASONS}
    for week in recorded.values():
        assert np.isfinite(week.load_kw + week.pv_kw + week.import_price_per_kwh).all()
        assert week.steps.starts[0].weekday() in {6, 0}  # Monday, local time
        assert len(week.steps) == 9 * week.per_day


@here
def test_austrian_homes_borrow_a_sun_that_is_named(recorded):
    week = recorded["AT", "spring"]
    assert week.pv == "it_turin_2019"
    by_hour = week.pv_kw.reshape(-1, week.per_day).mean(axis=0)
    assert by_hour[: week.per_day // 6].max() == 0  # dark until four
    assert week.per_day // 3 < np.argmax(by_hour) < week.per_day * 2 // 3  # noon is in the middle


@here
def test_prices_keep_their_hour_and_weekday(recorded):
    """Mondays cost what the Monday of that ISO week cost in Austria, by the local clock of the home."""
    week = recorded["US", "spring"]
    assert week.monday == "2017-04-17"
    assert week.price_year == 2023
    assert recorded["AT", "spring"].monday == "2023-04-17"
    own, moved = recorded["AT", "spring"].import_price_per_kwh[::4], week.import_price_per_kwh
    np.testing.assert_allclose(moved, own)


@here
@pytest.mark.parametrize("which", sorted(SHORT), ids="-".join)
def test_every_strategy_does_what_it_is_for(recorded, which):
    """Shaved ≥ 95 % of what a week's foresight could, own use within a point of the most, and fewer ramps."""
    chosen = (Strategy.PEAK_SHAVING, Strategy.SELF_CONSUMPTION, Strategy.LOAD_BALANCING)
    cases = measure(recorded[which], chosen)
    found = targets(cases)
    assert {target["strategy"] for target in found} == set(chosen)
    assert [target for target in found if not target["met"]] == []
    for case in cases:
        assert case["peak_kw"] >= case["peak_bound_kw"] - 2e-3
        assert case["self_consumption"] <= case["self_consumption_bound"] + 1e-3


@here
def test_energy_is_conserved_from_plan_to_plan(recorded):
    """What came in went out, was lost, or is still there: six-hour pieces fit together."""
    week = recorded["DE", "spring"]
    did, n = follow_plans(week, Strategy.ARBITRAGE), 7 * week.per_day
    battery_kw = (week.load_kw - week.pv_kw)[:n] - did.import_kw + did.export_kw
    np.testing.assert_allclose(np.maximum(battery_kw, 0), did.discharge_kw, atol=1e-6)
    stored = np.maximum(-battery_kw, 0) * 0.95 - np.maximum(battery_kw, 0) / 0.95
    assert did.left_kwh == pytest.approx(5 + float(stored @ week.steps.hours[:n]), abs=1e-6)


def test_lowest_peak_by_hand():
    """0.5 kWh, and 0.8 of the P that the first hour may draw, take 3 kW down to P: 1.8·P = 2.5."""
    peak = lowest_peak_kw(PLAIN, 0.5, np.array([0.0, 3.0]), np.ones(2))
    assert peak == pytest.approx(2.5 / 1.8)


def test_least_export_by_hand():
    """2 kWh of room take 2.5 of 4 kWh of sun; the evening's kWh makes room for as much again."""
    net = np.array([-4.0, 1.0, -4.0])
    least = least_export_kwh(PLAIN, 0.0, net, np.ones(3))
    assert least == pytest.approx(8 - 2.5 - 1 / 0.8)


def test_table_names_what_is_missed():
    case = {
        "home": "h",
        "season": "winter",
        "monday": "2023-01-16",
        "peak_kw": 2.0,
        "peak_bound_kw": 1.0,
        "peak_share": 0.5,
        "self_consumption": 0.5,
        "self_consumption_bound": 0.9,
        "mean_ramp_kw": 0.1,
        "bill_eur": 1.0,
        "wear_eur": 0.1,
        "left_kwh": 0.0,
        "solve_ms": None,
        "solve_ms_max": None,
    }
    cases = [{**case, "controller": name} for name in (RULE, *map(str, Strategy))]
    found = targets(cases)
    assert [target["met"] for target in found] == [False] * 3
    shown = table({"cases": cases, "targets": found})
    assert "targets met: 0 of 3" in shown
    assert shown.count("missed:") == 3
    assert "2.00 → 2.00 (1.00)" in shown
