"""Nothing gets lost: the home's flows and counters balance on every step of any day."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.ems.demo.battery import Battery
from custom_components.ems.demo.calendar_day import LocalDay
from custom_components.ems.demo.home import Home, step_width
from custom_components.ems.demo.household import Household, _pulses
from custom_components.ems.demo.inverter import CommandMode, InverterSpec, Order, dispatch

from .lab import VIENNA, a_home, fill_other_cars, instant

HOUR_S = 3600


def totals(home: Home) -> dict[str, float]:
    """Return every counter. [Wh]."""
    return {
        "import": home.meter.import_wh,
        "export": home.meter.export_wh,
        "household": home.household_wh,
        "car": sum(sum(point.charger.energy_wh) for point in home.points),
        "pv": home.inverter.pv_wh,
        "battery_in": home.inverter.battery_in_wh,
        "battery_out": home.inverter.battery_out_wh,
        "ac_out": home.inverter.ac_out_wh,
        **{f"import_{i}": wh for i, wh in enumerate(home.meter.phase_import_wh)},
        **{f"export_{i}": wh for i, wh in enumerate(home.meter.phase_export_wh)},
    }


def live_a_day(home: Home, step_s: int = 10) -> tuple[dict[str, float], float, float]:
    """Live 24 hours, checking every step; return counted energies, AC drawn, hours of standby."""
    before, ac_in_wh, awake_h = totals(home), 0.0, 0.0
    for _ in range(24 * HOUR_S // step_s):
        counters = totals(home)
        empty = home.battery.energy_wh == 0
        s = home.step(step_s)
        for i in range(3):
            assert s.grid_w[i] == pytest.approx(s.household_w[i] + s.car_w[i] - s.inverter_w[i], abs=1e-9)
        assert s.grid_total_w + s.flows.ac_w == pytest.approx(sum(s.household_w) + sum(s.car_w), abs=1e-9)
        assert all(totals(home)[name] >= wh for name, wh in counters.items()), "a counter ran backwards"
        ac_in_wh += max(-s.flows.ac_w, 0.0) * step_s / HOUR_S
        awake_h += 0 if empty else step_s / HOUR_S
    return {name: wh - before[name] for name, wh in totals(home).items()}, ac_in_wh, awake_h


@pytest.mark.parametrize(
    "start", ["2026-06-15T00:00", "2026-12-15T00:00", "2026-03-29T00:00", "2026-10-25T00:00"]
)
def test_energy_is_conserved_over_a_day_to_the_last_digit(start: str):
    """Summer, winter and both clock changes: what came in is what was used, stored or lost on the way."""
    home = a_home(start)
    before_wh = home.battery.energy_wh
    day, ac_in_wh, awake_h = live_a_day(home)
    net = day["import"] - day["export"]
    assert net == pytest.approx(day["household"] + day["car"] - day["ac_out"] + ac_in_wh, abs=1e-3)
    phases = sum(day[f"import_{i}"] - day[f"export_{i}"] for i in range(3))
    assert phases == pytest.approx(net, abs=1e-3)
    eta = home.battery.spec.efficiency
    stored = day["battery_in"] * eta - day["battery_out"] / eta - home.battery.spec.standby_w * awake_h
    assert home.battery.energy_wh - before_wh == pytest.approx(stored, abs=0.2)
    dc = day["pv"] + day["battery_out"] - day["battery_in"]
    spec = home.inverter.spec
    assert dc == pytest.approx(day["ac_out"] / spec.efficiency - ac_in_wh * spec.efficiency, abs=1e-3)


def test_the_same_seed_lives_the_same_life_and_another_seed_another():
    one, same, other = a_home(seed=5), a_home(seed=5), a_home(seed=6)
    for home in (one, same, other):
        home.advance(instant("2026-06-16T12:00"), 10)
    assert one.state() == same.state()
    assert one.snapshot == same.snapshot
    assert one.state() != other.state()


def test_a_life_interrupted_and_restored_is_the_life_uninterrupted():
    """Restart-safe: weather, people and trips are functions of (seed, time); all the rest is in the state."""
    whole, first = a_home(), a_home()
    whole.advance(instant("2026-06-17T03:00"), 10)
    first.advance(instant("2026-06-16T07:00"), 10)
    second = a_home("2026-06-16T07:00")
    second.restore(first.state())
    second.advance(instant("2026-06-17T03:00"), 10)
    assert second.state() == whole.state()


@pytest.mark.parametrize(
    "state", [{}, {"schema": 99}, {"schema": 1, "at_s": 1}, {"schema": 1, "meter": None}]
)
def test_a_foreign_state_is_refused_with_a_value_error(state: dict):
    with pytest.raises(ValueError, match="demo home"):
        a_home().restore(state)


def test_self_consumption_keeps_the_grid_near_but_not_at_zero():
    """As at a real connection: the inverter regulates on its own, slightly wrong, transformers."""
    home = a_home("2026-12-15T03:00")
    home.battery.energy_wh, home.car.energy_wh = 5000.0, home.car.spec.capacity_wh
    fill_other_cars(home)
    seen = [home.step(1).grid_total_w for _ in range(600)]
    assert 2 < max(abs(watts) for watts in seen) < 60
    assert len(set(seen)) > 500


def test_household_is_a_plausible_family():
    """Two weeks: 8 to 16 kWh a day, never off, evenings above nights, all three phases used."""
    home, start = Household(3, VIENNA), instant("2026-02-02T00:00")
    load = [home.power_w(start + 300 * k) for k in range(14 * 288)]
    total = [sum(phases) for phases in load]
    assert 8 < sum(total) / 12 / 14 / 1000 < 16
    assert min(total) > 50
    assert max(total) < 12_000
    evening = sum(total[k] for k in range(len(total)) if 216 <= k % 288 < 252)
    night = sum(total[k] for k in range(len(total)) if 12 <= k % 288 < 48)
    assert evening > 3 * night
    assert all(max(phases[i] for phases in load) > 500 for i in range(3))


def test_the_load_is_the_sum_of_everything_switched_on_also_since_yesterday():
    """Against a brute-force sum, at midnight above all: the dishwasher started at 23:00 is still running."""
    home, day, inherited = Household(1, VIENNA), LocalDay.holding(instant("2026-05-01T12:00"), VIENNA), 0
    for _ in range(60):
        yesterday, today = list(_pulses(1, day.previous)), list(_pulses(1, day))
        for at_s in (day.start_s, day.start_s + 1200, day.at(7.1), day.at(18.7), day.end_s - 1):
            on = [pulse for pulse in (*yesterday, *today) if pulse.start_s <= at_s < pulse.end_s]
            for phase in range(3):
                expected = sum(pulse[2 + phase] for pulse in on)
                assert home.power_w(at_s)[phase] == pytest.approx(expected, abs=1e-6)
        inherited += any(pulse.end_s > day.start_s + 60 for pulse in yesterday)
        day = day.next
    assert inherited > 20


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-15", 24)])
def test_a_local_day_has_the_hours_it_has(day: str, hours: int):
    local = LocalDay.holding(instant(f"{day}T12:00"), VIENNA)
    assert local.end_s - local.start_s == hours * HOUR_S
    assert local.at(18.5) == instant(f"{day}T18:30")


def test_battery_loses_five_per_cent_each_way_together_with_the_inverter():
    """1 kWh of AC in is 0.95 kWh in the cells; 0.95 kWh of cells is 0.9025 kWh of AC (standby apart)."""
    battery, spec = Battery(energy_wh=2000.0), InverterSpec()
    battery.run(-1000 * spec.efficiency, HOUR_S)
    assert battery.energy_wh + battery.spec.standby_w == pytest.approx(2950)
    battery.run(950 * battery.spec.efficiency, HOUR_S)
    assert battery.energy_wh + 2 * battery.spec.standby_w == pytest.approx(2000)


def test_a_nearly_full_battery_takes_less_and_a_full_one_nothing():
    assert Battery(energy_wh=5000.0).charge_max_w(1) == 5000
    assert 500 < Battery(energy_wh=9500.0).charge_max_w(1) < 5000
    assert Battery(energy_wh=10_000.0).charge_max_w(1) == 0


# Hypothesis guesses from reference counts, and guesses wrong now and then on Python 3.14.
@pytest.mark.filterwarnings("ignore:It looks like .register_random.")
@settings(deadline=None, max_examples=200)
@given(
    mode=st.sampled_from(CommandMode),
    pv_w=st.floats(0, 9000),
    load_w=st.floats(0, 20_000),
    cap_w=st.floats(0, 8000),
    limits=st.tuples(*[st.floats(0, 6000)] * 4),
    ac_charging=st.booleans(),
)
def test_no_order_makes_the_inverter_break_a_limit(mode, pv_w, load_w, cap_w, limits, ac_charging):
    spec = InverterSpec()
    flows = dispatch(
        Order(mode, limits[0], limits[1]), pv_w=pv_w, load_w=load_w, ac_cap_w=cap_w,
        charge_max_w=limits[2], discharge_max_w=limits[3], spec=spec, ac_charging=ac_charging,
    )  # fmt: skip
    assert 0 <= flows.pv_w <= pv_w
    assert -min(limits[0], limits[2]) - 1e-6 <= flows.battery_w <= min(limits[1], limits[3]) + 1e-6
    assert -spec.ac_max_w - 1e-6 <= flows.ac_w <= cap_w + 1e-6
    if mode in {CommandMode.OFF, CommandMode.PV_EXCESS, CommandMode.PV_FIRST, CommandMode.PV_AND_AC}:
        assert flows.battery_w <= 0, "these never discharge"
    if mode is CommandMode.DISCHARGE_TO_LOAD and flows.battery_w > 0:
        assert flows.ac_w <= load_w + 1e-6, "discharging to the grid is not allowed"
    if not ac_charging:
        assert flows.ac_w >= -1e-6


@pytest.mark.parametrize(
    ("mode", "pv_w", "load_w", "battery_w"),
    [
        (CommandMode.OFF, 4000, 970, 0),  # the battery rests
        (CommandMode.PV_EXCESS, 4000, 970, 0),  # what the inverter can feed in goes out
        (CommandMode.PV_EXCESS, 9000, 970, -(9000 - 8000 / 0.97)),  # only what it cannot is charged
        (CommandMode.PV_EXCESS, 500, 970, 0),  # and never discharges
        (CommandMode.PV_FIRST, 4000, 970, -4000),  # all sun into the cells
        (CommandMode.PV_AND_AC, 1000, 970, -5000),  # the mains help
        (CommandMode.MAX_EXPORT, 1000, 970, 5000),  # all it has
        (CommandMode.DISCHARGE_TO_LOAD, 500, 970, 500),  # only what the home lacks
        (CommandMode.DISCHARGE_TO_LOAD, 4000, 970, 0),  # does not charge
        (CommandMode.SELF_CONSUMPTION, 4000, 970, -3000),
        (CommandMode.SELF_CONSUMPTION, 500, 970, 500),
    ],
)
def test_each_storage_mode_by_hand(mode, pv_w, load_w, battery_w):
    """970 W of load is 1000 W of direct current."""
    flows = dispatch(
        Order(mode, 5000, 5000), pv_w=pv_w, load_w=load_w, ac_cap_w=8000,
        charge_max_w=5000, discharge_max_w=5000, spec=InverterSpec(),
    )  # fmt: skip
    assert flows.battery_w == pytest.approx(battery_w)


@pytest.mark.parametrize(("gap_s", "width_s"), [(1, 1), (9, 1), (60, 6), (3600, 10), (8 * 3600, 60)])
def test_steps_are_fine_when_live_and_coarse_when_catching_up(gap_s: float, width_s: int):
    assert step_width(gap_s) == width_s
