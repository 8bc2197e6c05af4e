"""Three boxes, three cars, three phases: what each draws, where it comes out, and how fast it obeys."""

from itertools import combinations
import json

import pytest

from custom_components.ems.demo import DemoHome, DemoPorts, Direct, HandClock
from custom_components.ems.demo.calendar_day import LocalDay
from custom_components.ems.demo.charging_point import CARPORT, COURTYARD, GARAGE, POINTS
from custom_components.ems.demo.home import Home
from custom_components.ems.demo.trips import trips

from .lab import VIENNA, Lab, a_home, instant

EVENING = "2026-06-15T22:00"  # everybody is at home
SETPOINT, PHASES = 1210, 1215


def hungry(start: str = EVENING) -> tuple[Home, Direct]:
    """Return a home where every car wants all it can get."""
    home = a_home(start)
    for point in home.points:
        point.car.energy_wh = 0.3 * point.car.spec.capacity_wh
    return home, Direct(home)


def live(home: Home, direct: Direct, seconds: int, **limits_a: float) -> None:
    """Let time pass while somebody keeps telling the boxes their limits."""
    for _ in range(seconds):
        for key, limit_a in limits_a.items():
            assert direct.set_current(key, limit_a)
        home.step(1)


def test_every_terminal_comes_out_on_its_own_phase():
    home, direct = hungry()
    live(home, direct, 60, charger=10, charger_2=20, charger_3=0)
    assert direct.charger("charger").current_a == pytest.approx((10, 10, 10))
    assert direct.charger("charger_2").current_a == pytest.approx((19, 0, 0))  # takes 95 % of its offer
    assert home.snapshot.car_a == pytest.approx((10, 29, 10))
    live(home, direct, 60, charger=0, charger_2=0, charger_3=8)
    assert direct.set_phases("charger_3", 1)
    live(home, direct, 60, charger=0, charger_2=0, charger_3=8)
    assert direct.charger("charger_3").current_a == pytest.approx((8, 0, 0))
    assert home.snapshot.car_a == pytest.approx((0, 0, 8))
    assert home.snapshot.car_w == pytest.approx((0, 0, 8 * home.snapshot.voltage_v[2]))


def test_the_meter_sees_the_sum_of_everything_on_each_phase():
    home, direct = hungry()
    live(home, direct, 60, charger=16, charger_2=20, charger_3=16)
    meter, s = direct.meter(), home.snapshot
    for i in range(3):
        watts = s.household_w[i] + s.car_w[i] - s.inverter_w[i]
        assert meter.power_w[i] == pytest.approx(watts)
        assert meter.current_a[i] == pytest.approx(
            (watts**2 + s.reactive_var[i] ** 2) ** 0.5 / s.voltage_v[i]
        )
    assert meter.current_a[1] > 40, "without somebody who looks after it the fuse of 25 A is far exceeded"


def test_a_box_never_offers_more_than_its_fuse_and_a_car_takes_no_more_than_it_can():
    home, direct = hungry()
    live(home, direct, 60, charger=32, charger_2=32, charger_3=32)
    assert [direct.charger(point.spec.key).applied_a for point in home.points] == [16, 20, 32]
    assert [max(direct.charger(point.spec.key).current_a) for point in home.points] == [16, 19, 16]


@pytest.mark.parametrize("spec", POINTS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("step_s", [1, 2, 5])
@pytest.mark.parametrize("limit_a", [0.0, 6.0, 9.5])
def test_a_car_is_within_a_lower_limit_after_five_seconds_at_the_latest(spec, step_s: int, limit_a: float):
    home, direct = hungry()
    live(home, direct, 60, **{spec.key: 32})
    direct.set_current(spec.key, limit_a)
    assert max(direct.charger(spec.key).current_a) > limit_a
    for _ in range(-(-5 // step_s)):
        home.step(step_s)
    assert max(direct.charger(spec.key).current_a) <= limit_a


@pytest.mark.parametrize("spec", POINTS, ids=lambda spec: spec.name)
def test_a_car_goes_down_over_some_seconds_and_up_more_slowly(spec):
    """What a controller has to live with: a lower limit is not obeyed at once."""
    home, direct = hungry()
    live(home, direct, 60, **{spec.key: 32})
    most_a = max(direct.charger(spec.key).current_a)
    live(home, direct, int(spec.car.notices_after_s) - 1, **{spec.key: 6})
    assert max(direct.charger(spec.key).current_a) == most_a
    live(home, direct, 10, **{spec.key: 6})
    ups = []
    for _ in range(15):
        live(home, direct, 1, **{spec.key: 32})
        ups.append(max(direct.charger(spec.key).current_a))
    assert ups == sorted(ups)
    assert ups[-1] == most_a
    assert len(set(ups)) > 2, "not in one jump"


@pytest.mark.parametrize("spec", POINTS, ids=lambda spec: spec.name)
def test_a_paused_car_begins_again_after_its_own_time(spec):
    home, direct = hungry()
    live(home, direct, 60, **{spec.key: 0})
    assert direct.charger(spec.key).state == "B1"
    waited_s = 0
    while not direct.charger(spec.key).current_a[0]:
        live(home, direct, 1, **{spec.key: 10})
        waited_s += 1
    assert waited_s == pytest.approx(spec.car.restarts_after_s + spec.car.notices_after_s, abs=1)


def test_a_car_draws_less_and_less_before_it_is_full():
    home, direct = hungry()
    car, seen = home.points[2].car, []
    for share in (0.6, 0.76, 0.79, 0.7985):
        car.energy_wh = share * car.spec.capacity_wh
        live(home, direct, 30, charger_3=32)
        seen.append(max(direct.charger("charger_3").current_a))
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == 16
    assert seen[-1] == pytest.approx(8, abs=0.5)
    car.energy_wh = 0.8 * car.spec.capacity_wh
    live(home, direct, 10, charger_3=32)
    assert direct.charger("charger_3").state == "B2", "offered, and not wanted"


def test_a_sleeping_car_wakes_when_the_offer_goes_and_comes_again():
    home, direct = hungry()
    car, nights = home.points[1].car, 0
    while not car.is_asleep:
        live(home, direct, 1850, charger_2=0)
        nights += 1
        if not car.is_asleep:
            live(home, direct, 60, charger_2=10)
            assert direct.charger("charger_2").current_a[0] > 0
    assert nights < 20
    live(home, direct, 600, charger_2=10)
    assert direct.charger("charger_2").current_a[0] == 0
    live(home, direct, 10, charger_2=0)
    live(home, direct, 30, charger_2=10)
    assert direct.charger("charger_2").current_a[0] > 6


def test_other_cars_never_sleep():
    home, direct = hungry()
    for _ in range(5):
        live(home, direct, 2000, charger=0, charger_3=0)
        live(home, direct, 60, charger=10, charger_3=10)
        assert direct.charger("charger").current_a[0] == 10
        assert direct.charger("charger_3").current_a[0] == 10


def test_changing_phases_pauses_the_car_and_only_then_moves_the_contactor():
    home, direct = hungry()
    live(home, direct, 60, charger_3=16)
    assert direct.set_phases("charger_3", 1)
    seen = []
    for _ in range(60):
        live(home, direct, 1, charger_3=16)
        seen.append(sum(amps > 0 for amps in direct.charger("charger_3").current_a))
    shape = [n for i, n in enumerate(seen) if i == 0 or n != seen[i - 1]]
    assert shape == [3, 0, 1]
    assert seen.count(0) >= 10


def test_a_box_with_one_phase_stays_at_one():
    home, direct = hungry()
    assert not direct.set_phases("charger_2", 3)
    live(home, direct, 60, charger_2=16)
    assert direct.charger("charger_2").phases == 1


async def test_each_charger_answers_on_a_wire_of_its_own(lab: Lab):
    found = {}
    for key in ("charger", "charger_2", "charger_3"):
        station = await lab.wire(key, unit=200)
        found[await station.text(157, 11)] = await station.value(1100, "FLOAT32")
    assert found == {"ACE0274123": 16, "ACE0274131": 20, "ACE0274148": 32}
    carport = await lab.wire("charger_2")
    assert await carport.value(PHASES, "UINT16") == 1
    assert (await carport.client.write_register(PHASES, 3, device_id=1)).exception_code == 3
    assert await carport.value(306, "FLOAT32") == pytest.approx(lab.home.snapshot.voltage_v[1])
    assert await carport.value(308, "FLOAT32") == 0
    await carport.write(SETPOINT, 12.0, "FLOAT32")
    assert [point.charger.setpoint_a for point in lab.home.points] == [16, 12, 32]


@pytest.mark.parametrize(("one", "other"), combinations(POINTS, 2))
def test_no_two_cars_live_the_same_week(one, other):
    day = LocalDay.holding(instant("2026-06-15T12:00"), VIENNA)
    assert trips(1, day, one.car.habits) != trips(1, day, other.car.habits)


def test_on_workdays_somebody_is_always_at_home():
    for seed in range(5):
        home = a_home("2026-06-15T00:00", seed)
        for quarter in range(5 * 96):
            at_s = instant("2026-06-15T00:00") + 900 * quarter
            assert any(point.car.at_home(at_s) for point in home.points)


def test_a_demo_begins_with_a_car_that_can_be_charged():
    """At any hour of any day, a November night and a Sunday afternoon above all."""
    for day in range(14):
        for hour in range(0, 24, 3):
            home = a_home(f"2026-11-{day + 10}T{hour:02}:00")
            assert any(point.charger.connected and point.car.wants for point in home.points), (day, hour)


def test_where_everybody_is_out_the_last_car_stays_for_the_beginning():
    home = a_home("2026-01-01T00:00")
    hours = (instant("2026-01-01T12:00") + 3600 * hour for hour in range(365 * 24))
    out_s = next(at_s for at_s in hours if not any(point.car.at_home(at_s) for point in home.points))
    begun = Home(seed=1, latitude=48.21, longitude=16.37, zone=VIENNA, start_s=out_s)
    assert [point.charger.connected for point in begun.points] == [False, False, True]
    begun.advance(out_s + 6 * 3600, 60)
    assert begun.points[2].charger.connected, "and does not leave in the middle of its trip"


def test_a_week_in_steps_of_five_seconds_comes_out_like_one_in_steps_of_one():
    """Energies charged agree within two per cent: the closed loop may take long steps."""
    sums = []
    for step_s in (1, 5):
        home = a_home("2026-06-15T00:00")
        before = [sum(point.charger.energy_wh) for point in home.points]
        home.advance(home.at_s + 2 * 86_400, step_s)
        sums.append([sum(p.charger.energy_wh) - b for p, b in zip(home.points, before, strict=True)])
    assert min(sums[0]) > 5000
    assert sums[1] == pytest.approx(sums[0], rel=0.02)


def test_an_older_state_with_one_charger_still_loads():
    old = json.loads(
        """{"schema": 1, "at_s": 1781517600, "household_wh": 4200.0, "battery": {"energy_wh": 7000.0},
        "car": {"energy_wh": 31000.0, "current_a": 6.0, "settled_s": 1781517000.0},
        "charger": {"setpoint_a": 11.0, "written_s": 1781517590.0, "phases": 1, "energy_wh": [1.0, 2.0, 3.0]},
        "inverter": {"settings": {"export_control": 0, "export_per_phase": 0, "export_limit_w": 0.0,
          "control_mode": 4, "ac_charge_policy": 1, "ac_charge_limit": 0.0, "backup_reserve_pct": 10.0,
          "default_mode": 7, "command_timeout_s": 60, "command_mode": 3, "charge_limit_w": 1500.0,
          "discharge_limit_w": 5000.0}, "commanded_s": 1781517595.0, "ac_out_wh": 1.0, "pv_wh": 2.0,
          "battery_out_wh": 3.0, "battery_in_wh": 4.0},
        "meter": {"import_wh": 5.0, "export_wh": 6.0, "phase_import_wh": [1, 2, 3], "phase_export_wh": [4, 5, 6]}}"""
    )
    home = a_home("2026-06-15T12:00")
    home.restore(old)
    assert (home.charger.setpoint_a, home.charger.phases, home.car.energy_wh) == (11, 1, 31_000)
    others = [point.car.energy_wh for point in home.points[1:]]
    assert others == pytest.approx([CARPORT.car.arrives_wh, COURTYARD.car.arrives_wh], abs=5), "as new"
    home.step(1)
    again = a_home("2026-06-15T12:00")
    again.restore(json.loads(json.dumps(home.state())))
    assert again.state() == home.state()


@pytest.mark.usefixtures("socket_enabled")
async def test_an_older_entry_keeps_its_one_charger():
    """Its ports name one, so the other boxes and their cars are not there at all."""
    clock = HandClock(instant(EVENING))
    demo = DemoHome(timezone=VIENNA, clock=clock)
    await demo.async_start(
        ports=DemoPorts(meter=0, inverter=0, charger=0, charger_2=None, charger_3=None, http=0)
    )
    assert [point.spec for point in demo.home.points] == [GARAGE]
    assert demo.addresses.charger_2 is None
    clock.advance(60)
    demo.advance()
    assert demo.truth()["car_total_w"] == pytest.approx(demo.truth()["charger"]["power_w"])
    assert set(demo.state()["points"]) == {"charger"}
    await demo.async_stop()
