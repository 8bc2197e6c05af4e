"""What a plan says it had to do without."""

from zoneinfo import ZoneInfo

import pytest

from custom_components.ems.adapters.problem import PlanInputs, make_problem
from custom_components.ems.engine.forecast.load import LoadForecaster
from custom_components.ems.engine.forecast.sky import Place
from custom_components.ems.engine.plan.result import Reason
from custom_components.ems.engine.site import PvArray, Site

VIENNA = ZoneInfo("Europe/Vienna")


ROOF = PvArray(id="roof", name="Roof", peak_kw=5)


def degraded(
    *, wanted: bool, load_now_kw: float | None = 0.4, pvs: tuple[PvArray, ...] = (ROOF,), problem: str = ""
) -> tuple[str, ...]:
    """Return what is missing in a home without weather."""
    inputs = PlanInputs(
        now_s=1_750_000_000.0,
        site=Site(name="Home", pvs=pvs),
        zone=VIENNA,
        place=Place(latitude_deg=48.2, longitude_deg=16.4),
        tariff={"kind": "fixed", "import_price": 0.3, "export_price": 0.08},
        published=None,
        load=LoadForecaster(VIENNA),
        load_now_kw=load_now_kw,
        weather=None,
        weather_wanted=wanted,
        soc={},
        cars={},
        problems=(Reason(key=problem),) if problem else (),
    )
    made = make_problem(inputs)
    assert not isinstance(made, Reason)
    return made[0].degraded


@pytest.mark.parametrize(
    ("wanted", "load_now_kw", "missing"),
    [
        (True, 0.4, ("weather_missing",)),  # the service does not answer
        (False, 0.4, ()),  # people chose to do without
        (False, 0.0, ()),  # 0 is a measurement
        (False, None, ("load_unmeasured",)),
    ],
)
def test_only_what_was_wanted_is_missed(
    wanted: bool, load_now_kw: float | None, missing: tuple[str, ...]
) -> None:
    assert degraded(wanted=wanted, load_now_kw=load_now_kw) == missing


def test_a_home_without_modules_misses_no_weather() -> None:
    """Open-Meteo may be down: nothing in the plan stands on it. Prices are another matter."""
    assert degraded(wanted=True, pvs=(), problem="weather_unreachable") == ()
    assert degraded(wanted=True, pvs=(), problem="prices_unreachable") == ("prices_unreachable",)
    assert degraded(wanted=True, problem="weather_unreachable") == ("weather_unreachable", "weather_missing")
