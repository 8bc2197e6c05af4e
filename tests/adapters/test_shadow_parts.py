"""What the shadow accounts are fed with: means, prices, decisions, and the home as if EMS had been followed."""

from dataclasses import asdict, replace
import json
from zoneinfo import ZoneInfo

from freezegun import freeze_time
from homeassistant.util import dt as dt_util
import numpy as np
import pytest

from custom_components.ems.adapters.cars import CarNow
from custom_components.ems.adapters.power_means import PowerMeans
from custom_components.ems.adapters.problem import PlanInputs
from custom_components.ems.adapters.shadow_record import ledger_as_dict, ledger_of, verdicts_of
from custom_components.ems.adapters.shadow_step import Prices, decision_in, prices_of, worth_of
from custom_components.ems.adapters.virtual_home import as_if_followed
from custom_components.ems.engine.control.shadow_ledger import Account, CarStep
from custom_components.ems.engine.control.shadow_verdict import Verdict
from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.forecast.sky import Place
from custom_components.ems.engine.plan import solve
from custom_components.ems.engine.problem import BatteryState, Problem
from custom_components.ems.engine.site import Battery, Site
from custom_components.ems.engine.steps import Steps
from custom_components.ems.engine.tariff import PublishedPrices
from tests.engine.control.shadow_days import lived, step

VIENNA = ZoneInfo("Europe/Vienna")
NOW_S = 1_750_000_000.0
CELLS = Battery(id="b", name="Cells", capacity_kwh=10.0, charge_max_kw=5.0, discharge_max_kw=5.0)


def test_a_mean_is_of_what_held_and_for_how_long() -> None:
    """1 kW for 15 s and 3 kW for 45 s are 2.5 kW; the next minute begins with the last word."""
    means = PowerMeans()
    means.observe(0, {"grid": 1.0})
    means.observe(15, {"grid": 3.0})
    assert means.take(60, {"grid": 3.0}) == (0, {"grid": 2.5})
    assert means.take(120, {"grid": 9.0}) == (60, {"grid": 3.0})


@pytest.mark.parametrize(("silent_s", "mean"), [(12, 1.0), (13, None), (60, None)])
def test_a_fifth_of_a_minute_may_be_silent(silent_s: float, mean: float | None) -> None:
    """Then the mean is of what was heard: silence is not 0."""
    means = PowerMeans()
    means.observe(0, {"grid": None})
    means.observe(silent_s, {"grid": 1.0})
    assert means.take(60, {"grid": 1.0}) == (0, {"grid": mean})


def test_nothing_has_a_mean_before_time_has_passed() -> None:
    assert PowerMeans().take(0, {"grid": 1.0}) == (0, {"grid": None})


def test_a_device_that_came_within_the_minute_has_no_mean_yet() -> None:
    means = PowerMeans()
    means.observe(0, {"grid": 1.0})
    assert means.take(60, {"grid": 1.0, "car": 2.0}) == (0, {"grid": 1.0, "car": None})


DAY_AHEAD = {
    "kind": "awattar",
    "markup": 0.05,
    "vat_pct": 20,
    "export_kind": "day_ahead",
    "export_deduction": 0.01,
}
HOUR = PublishedPrices(
    starts_s=np.array([NOW_S]), ends_s=np.array([NOW_S + 3600]), price_per_kwh=np.array([0.10])
)


def test_prices_are_those_that_are_paid() -> None:
    """(0.10 + 0.05) x 1.2 = 0.18, and 0.10 - 0.01 = 0.09 for feeding in."""
    found = prices_of(DAY_AHEAD, HOUR, NOW_S, NOW_S + 60)
    assert found == pytest.approx(Prices(0.18, 0.09))
    assert prices_of({"kind": "fixed", "import_price": 0.3, "export_price": 0.08}, None, 0, 60) == (0.3, 0.08)


def test_an_estimated_price_is_none() -> None:
    """Nobody pays it; and where nothing is published there is nothing to estimate from."""
    assert prices_of(DAY_AHEAD, HOUR, NOW_S + 3600, NOW_S + 3660) == (None, None)
    assert prices_of(DAY_AHEAD, None, NOW_S, NOW_S + 60) == (None, None)


def problem() -> Problem:
    """Return two cheap hours before two dear ones, and an empty battery."""
    n = 4
    return Problem(
        site=Site(name="Home", batteries=(CELLS,)),
        steps=Steps(edges_s=NOW_S + 3600 * np.arange(n + 1.0)),
        import_price_per_kwh=np.array([0.10, 0.10, 0.50, 0.50]),
        export_price_per_kwh=np.full(n, 0.05),
        price_known=np.ones(n, dtype=np.bool_),
        load_kw=np.full(n, 1.0),
        batteries={"b": BatteryState(energy_kwh=0.5)},
    )


def test_a_decision_is_the_running_step_s() -> None:
    """A power only where the mode needs one, as a magnitude."""
    plan = solve(problem())
    with freeze_time(dt_util.utc_from_timestamp(NOW_S + 3700)):
        second = decision_in(plan, "b")
    with freeze_time(dt_util.utc_from_timestamp(NOW_S + 3 * 3600 + 60)):
        last = decision_in(plan, "b")
        assert decision_in(plan, "other") is None
        assert decision_in(None, "b") is None
    assert second == ("charge", pytest.approx(5.0))
    assert last == ("automatic", None)


def test_stored_energy_is_worth_what_a_plan_says_it_is() -> None:
    """(mean price 0.30 - wear 0.02) x 0.95 for what is needed soon."""
    assert worth_of(problem())["b"].of(1.0) == pytest.approx(0.28 * 0.95)


def inputs(soc: float | None = 0.5, car: CarNow | None = None) -> PlanInputs:
    return PlanInputs(
        now_s=NOW_S,
        site=Site(name="Home", batteries=(CELLS,)),
        zone=VIENNA,
        place=Place(latitude_deg=48.2, longitude_deg=16.4),
        tariff={},
        published=None,
        load=LoadForecaster(VIENNA),
        load_now_kw=0.5,
        weather=None,
        weather_wanted=False,
        soc={"b": soc},
        cars={"c": car},
    )


def stands(energy_kwh: float, **owed_kwh: float) -> Account:
    return Account(energy_kwh={"b": energy_kwh}, held=0.0, owed_kwh=owed_kwh)


def test_a_home_that_stands_as_measured_needs_no_plan_of_its_own() -> None:
    """A percent is what batteries tell; one that is silent is planned around in either."""
    virtual = frozenset({"b"})
    assert as_if_followed(inputs(), stands(5.1), virtual) is None
    assert as_if_followed(inputs(), stands(5.0, c=0.05), virtual) is None
    assert as_if_followed(inputs(None), stands(9.0), virtual) is None
    # One that does what EMS decides has no virtual twin.
    assert as_if_followed(inputs(), stands(9.0), frozenset()) is None


def test_a_home_that_would_stand_otherwise_is_planned_as_such() -> None:
    """The battery as full as it would be, the car with what it has yet to get."""
    car = CarNow(connected=True, energy_needed_kwh=1.0, ready_at_s=NOW_S + 3600, energy_max_kwh=20.0)
    found = as_if_followed(inputs(car=car), stands(9.0, c=6.0), frozenset({"b"}))
    assert found is not None
    assert found.soc == {"b": 0.9}
    assert found.cars["c"] == replace(car, energy_needed_kwh=7.0, energy_max_kwh=26.0)
    blind = replace(car, energy_max_kwh=None)
    found = as_if_followed(inputs(car=blind), stands(5.0, c=6.0), frozenset({"b"}))
    assert found is not None
    assert found.cars["c"] == replace(blind, energy_needed_kwh=7.0)
    assert found.soc == {"b": 0.5}
    gone = as_if_followed(inputs(), stands(5.0, c=6.0), frozenset({"b"}))
    assert gone is not None
    assert gone.cars["c"] is None  # a silent charger stays silent


def test_a_ledger_survives_the_store() -> None:
    """As JSON; what another version wrote beside it is left out."""
    car = CarStep(measured_kw=1.0, connected=True, offered_kw=0.0, power_max_kw=4.0)
    days = [step(k, cars={"c": car}) for k in range(3)]
    ledger = lived([*days, replace(step(3), day="2026-06-16")])
    stored = json.loads(json.dumps({**ledger_as_dict(ledger), "of_tomorrow": 1}))
    assert ledger_of(stored) == ledger
    verdict = Verdict(since="2026-06-15", follows_rule=True, lost=2.0, days=28)
    assert verdicts_of({"b": {**asdict(verdict), "of_tomorrow": 1}}) == {"b": verdict}
