"""The month's peak, counted by hand: quarter-hours of the clock, months of the home, restarts and silences."""

from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.peak_meter import PeakMeter, PeakNow
from custom_components.ems.engine.problem import PeakState
from custom_components.ems.store import SiteStore
from tests.ha.clock import Clock, settle, wall_s
from tests.ha.conftest import AddSite
from tests.ha.foreign import set_sensor
from tests.ha.sites import Site, entity_device, home_of_entities

GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
LAST, HIGHEST = "sensor.home_import_of_the_last_quarter_hour", "sensor.home_peak_this_month"


def charged_home(demand_charge: float = 7.5) -> Site:
    """Return a home whose network asks for its peak."""
    site = home_of_entities(GRID)
    site.options = {"demand_charge": demand_charge}
    return site


def shown(hass: HomeAssistant, entity_id: str) -> str:
    """Return what a sensor says."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


async def draw(hass: HomeAssistant, clock: Clock, power_w: Any, until: str) -> None:
    """Let the meter say one thing until an instant; the clock goes on in small steps."""
    set_sensor(hass, "sensor.grid", power_w, "W")
    await settle(hass)
    seconds = datetime.fromisoformat(until).timestamp() - wall_s()
    await clock.live(hass, seconds, step_s=30)


def planned_peak(entry: MockConfigEntry) -> tuple[float, float]:
    """Return the peak that the last plan knew, and what came before its first step. [kW], [kWh]."""
    peak: PeakState = entry.runtime_data.plan.data.outlook.problem.peak
    return peak.so_far_kw, peak.running_kwh


async def test_quarter_hours_are_counted_by_the_clock(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """10 min at 3 kW and 4.5 min at 6 kW are 0.95 kWh in the 14.5 min that were seen: 3.931 kW."""
    set_sensor(hass, "sensor.grid", 3000, "W")
    entry = await add_site(charged_home())
    assert (shown(hass, LAST), shown(hass, HIGHEST)) == ("unknown", "unknown")
    await draw(hass, clock, 3000, "2026-06-15T12:10:30+02:00")
    assert planned_peak(entry) == pytest.approx((0, 3 * 9.5 / 60))
    await draw(hass, clock, 6000, "2026-06-15T12:20:30+02:00")
    assert float(shown(hass, LAST)) == float(shown(hass, HIGHEST)) == 3.931
    at = hass.states.get(HIGHEST).attributes["at"]
    assert at == datetime.fromisoformat("2026-06-15T12:00:00+02:00")
    # The plan of 12:20 begins then: 5 min at 6 kW came before it.
    assert planned_peak(entry) == pytest.approx((0.95 / 14.5 * 60, 0.5))
    # Two kW fed in for the rest of the quarter-hour do not undo what was drawn: 5.5 min at 6 kW.
    await draw(hass, clock, -2000, "2026-06-15T12:31:00+02:00")
    assert float(shown(hass, LAST)) == pytest.approx(6 * 5.5 / 15, abs=1e-3)
    assert float(shown(hass, HIGHEST)) == 3.931
    assert hass.states.get(LAST).attributes["state_class"] == "measurement"


async def test_a_silent_meter_makes_no_peak(hass: HomeAssistant, add_site: AddSite, clock: Clock) -> None:
    """Four minutes of fifteen are too many to guess; two are not, and the mean is of what was seen."""
    set_sensor(hass, "sensor.grid", 4000, "W")
    await clock.move_to(hass, "2026-06-15T12:15:00+02:00")
    await add_site(charged_home())
    await draw(hass, clock, 4000, "2026-06-15T12:22:00+02:00")
    await draw(hass, clock, "unavailable", "2026-06-15T12:26:00+02:00")
    await draw(hass, clock, 4000, "2026-06-15T12:36:00+02:00")
    assert (shown(hass, LAST), shown(hass, HIGHEST)) == ("unknown", "unknown")
    await draw(hass, clock, "unavailable", "2026-06-15T12:38:00+02:00")
    await draw(hass, clock, 4000, "2026-06-15T12:45:30+02:00")
    assert float(shown(hass, LAST)) == float(shown(hass, HIGHEST)) == 4


async def test_a_restart_loses_neither_the_peak_nor_the_running_quarter_hour(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """Two minutes of the restart are left out: 8 min at 2 kW and 5 min at 9 kW are 4.692 kW."""
    set_sensor(hass, "sensor.grid", 8000, "W")
    await clock.move_to(hass, "2026-06-15T12:15:00+02:00")
    entry = await add_site(charged_home())
    await draw(hass, clock, 8000, "2026-06-15T12:30:00+02:00")
    await draw(hass, clock, 2000, "2026-06-15T12:38:00+02:00")
    await hass.config_entries.async_unload(entry.entry_id)
    await clock.tick(hass, 120)
    set_sensor(hass, "sensor.grid", 9000, "W")
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert float(shown(hass, HIGHEST)) == float(shown(hass, LAST)) == 8
    # The plan of 12:40 begins when the record does again: 8 min at 2 kW came before it.
    assert planned_peak(entry) == pytest.approx((8, 2 * 8 / 60))
    await draw(hass, clock, 9000, "2026-06-15T12:45:30+02:00")
    assert float(shown(hass, LAST)) == pytest.approx((2 * 8 + 9 * 5) / 13, abs=1e-3)
    assert float(shown(hass, HIGHEST)) == 8


async def test_a_peak_that_costs_nothing_is_shown_and_not_planned_with(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """Peak shaving would otherwise do nothing for the rest of a month that had one dinner for twelve."""
    set_sensor(hass, "sensor.grid", 8000, "W")
    await clock.move_to(hass, "2026-06-15T12:15:00+02:00")
    entry = await add_site(charged_home(0))
    await draw(hass, clock, 8000, "2026-06-15T12:36:00+02:00")
    assert float(shown(hass, HIGHEST)) == 8
    assert planned_peak(entry) == (0, 0)


def meter_draws(clock: Clock, meter: PeakMeter, kw: float, minutes: float) -> None:
    """Let a meter be looked at every half minute."""
    meter.observe(kw * 1000)
    for _ in range(round(minutes * 2)):
        clock.move(30)
        meter.observe(kw * 1000)


@pytest.mark.parametrize(
    ("month_starts", "old", "new"),
    [
        ("2026-07-01T00:00:00+02:00", "2026-06", "2026-07"),
        ("2026-04-01T00:00:00+02:00", "2026-03", "2026-04"),  # began in winter time, ends in summer time
        ("2026-11-01T00:00:00+01:00", "2026-10", "2026-11"),  # the other way round
    ],
)
async def test_a_month_begins_at_the_home_s_midnight(
    hass: HomeAssistant, clock: Clock, month_starts: str, old: str, new: str
) -> None:
    """The quarter-hour before it still belongs to the old month, the one after it has the new one to itself."""
    begins_s = datetime.fromisoformat(month_starts).timestamp()
    clock.move(begins_s - 1800 - wall_s())
    meter = PeakMeter(SiteStore(hass, "test"))
    meter_draws(clock, meter, 5, 15)
    assert (meter.record.month, meter.record.highest_kw) == (old, pytest.approx(5))
    meter_draws(clock, meter, 8, 14.5)
    assert (meter.record.month, meter.record.highest_kw) == (old, pytest.approx(5))
    meter_draws(clock, meter, 8, 0.5)
    assert (meter.record.month, meter.record.highest_kw) == (new, None)
    assert meter.record.last_kw == pytest.approx(8)
    meter_draws(clock, meter, 2, 15)
    assert meter.record.highest_kw == pytest.approx(2)
    assert meter.record.highest_at_s == begins_s


async def test_an_hour_that_comes_twice_has_eight_quarter_hours(hass: HomeAssistant, clock: Clock) -> None:
    """02:00 summer time at 1, 2, 3, 4 kW, 02:00 winter time at 5, 6, 7, 1 kW: none is taken for another."""
    clock.move(datetime.fromisoformat("2026-10-25T02:00:00+02:00").timestamp() - wall_s())
    meter, means = PeakMeter(SiteStore(hass, "test")), []
    meter.async_add_listener(lambda: means.append(meter.record.last_kw))
    for kw in (1, 2, 3, 4, 5, 6, 7, 1):
        meter_draws(clock, meter, kw, 15)
    assert means == [None, *(pytest.approx(kw) for kw in (1, 2, 3, 4, 5, 6, 7, 1))]
    assert meter.record.highest_kw == pytest.approx(7)
    assert meter.record.highest_at_s == datetime.fromisoformat("2026-10-25T02:30:00+01:00").timestamp()


async def test_a_month_of_absence_leaves_no_old_peak(hass: HomeAssistant, clock: Clock) -> None:
    """Neither the old month's highest nor its last quarter-hour are of today."""
    store = SiteStore(hass, "test")
    clock.move(870)  # 12:15
    before = PeakMeter(store)
    meter_draws(clock, before, 9, 29)  # the second quarter-hour was seen long enough to count, too
    assert before.record.highest_kw == pytest.approx(9)
    before.save()
    clock.move(40 * 86400)
    after = PeakMeter(store)
    after.observe(1000)
    assert (after.record.highest_kw, after.record.last_kw) == (None, None)
    assert after.now.state(after.record.quarter_s).running_kwh == 0


async def test_a_crash_costs_five_minutes_at_most(hass: HomeAssistant, clock: Clock) -> None:
    """Nobody says goodbye then: what was stored on the way is all there is."""
    store = SiteStore(hass, "test")
    clock.move(870)  # 12:15
    meter_draws(clock, PeakMeter(store), 6, 14)
    after = PeakMeter(store)
    assert after.record.parts_kwh == pytest.approx([0.5, 0.5, 0])
    assert after.record.measured_s == 600


@pytest.mark.parametrize(
    ("first_step_s", "running_kwh"),
    [(900, 0.0), (1200, 0.3), (1500, 0.7), (1800, 0.0), (600, 0.0)],
)
def test_what_a_plan_s_first_step_draws_is_not_counted_twice(first_step_s: float, running_kwh: float) -> None:
    """It begins up to five minutes ago; what was drawn since is in its forecast."""
    now = PeakNow(so_far_kw=4.0, quarter_s=900.0, parts_kwh=(0.3, 0.4, 0.1))
    found = now.state(first_step_s)
    assert (found.so_far_kw, found.running_kwh) == pytest.approx((4, running_kwh))
