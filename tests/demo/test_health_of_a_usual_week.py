"""A healthy home is never called sick: a whole simulated week at the meter, judged as Home Assistant would."""

import pytest

from custom_components.ems.demo.home import Home, Snapshot
from custom_components.ems.demo.maps.abb_b23 import current_a, power_factor
from custom_components.ems.engine.insight.electrical import ElectricalState, step
from custom_components.ems.engine.insight.electrical_limits import ElectricalLimits
from custom_components.ems.engine.insight.electrical_verdict import Change, Sample
from custom_components.ems.engine.insight.unbalance import signed_current_a

from .lab import a_home

DAY_S, STEP_S = 86_400, 20
LIMITS = ElectricalLimits(expects_all_phases=True)


def seen(snapshot: Snapshot) -> Sample:
    """Return what the meter at the connection shows."""
    return Sample(
        voltage_v=snapshot.voltage_v,
        current_a=tuple(
            signed_current_a(current_a(snapshot, i), snapshot.grid_w[i], snapshot.voltage_v[i])
            for i in range(3)
        ),
        frequency_hz=snapshot.frequency_hz,
        power_factor=power_factor(snapshot, None),
        power_w=snapshot.grid_total_w,
    )


def news_of(home: Home, days: int) -> list[Change]:
    """Live for some days and return all that was worth telling."""
    state, news = ElectricalState(), list[Change]()
    for _ in range(days * DAY_S // STEP_S):
        snapshot = home.step(STEP_S)
        state, _, changes = step(state, seen(snapshot), LIMITS, snapshot.at_s)
        news += changes
    return news


@pytest.mark.parametrize(("start", "seed"), [("2026-06-15T00:00", 1), ("2026-12-14T00:00", 2)])
def test_a_usual_week_is_no_news(start: str, seed: int) -> None:
    """In summer and in winter. An alarm that rings every day is switched off, and then missed."""
    news = news_of(a_home(start, seed), days=7)
    assert [(change.subject, change.finding) for change in news] == []
