"""Reports of one device: order, counters that never fall, powers, and what survives a restart."""

import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.devices.push import (
    Bucket,
    EnergyKind,
    PushInbox,
    PushRefusedError,
    PushSetup,
    PushState,
    Refusal,
    is_key,
    new_key,
    new_key_id,
    take_token,
)
from custom_components.ems.devices.reading import Quality

NOW_S = 1_781_517_630.0


def setup(**other: Any) -> PushSetup:
    """Return a meter that reports what flowed in each minute."""
    return PushSetup(**{"role": "meter", "energy": EnergyKind.INTERVAL, "interval_s": 60.0, **other})


class Device:
    """Posts at a pace."""

    def __init__(self, chosen: PushSetup | None = None, state: PushState | None = None) -> None:
        """Begin."""
        self.now_s = NOW_S
        self.inbox = PushInbox(chosen or setup(), state, now_s=NOW_S)

    def post(self, *, after_s: float = 60.0, **fields: Any) -> tuple[str, ...]:
        """Post a report some time after the last one."""
        self.now_s += after_s
        return self.inbox.take(json.dumps(fields).encode(), self.now_s)

    def refused(self, *, after_s: float = 60.0, **fields: Any) -> PushRefusedError:
        """Post a report that is refused; nothing of it may stay."""
        before = self.inbox.state
        with pytest.raises(PushRefusedError) as caught:
            self.post(after_s=after_s, **fields)
        assert self.inbox.state.as_dict() == {**before.as_dict(), "refused": before.refused + 1}
        assert self.inbox.last_refusal is not None
        assert self.inbox.last_refusal.message == str(caught.value)
        return caught.value

    def number(self, point: str) -> float | None:
        """Return what a point shows now."""
        return self.inbox.reading(self.now_s).number(self.inbox.setup.role, point)

    def restarted(self) -> Device:
        """Return the same device after a restart: only what is JSON survived."""
        again = Device(
            self.inbox.setup, PushState.from_dict(json.loads(json.dumps(self.inbox.state.as_dict())))
        )
        again.now_s = self.now_s
        return again


def test_energies_of_intervals_add_up_to_counters_in_our_signs() -> None:
    """0.1 kWh in and 0.04 kWh out in a minute: 3.6 kW of import on average."""
    device = Device()
    device.post(energy_consumed=0.1, energy_produced=0.04)
    assert device.number("power") == pytest.approx(3600)
    device.post(energy_consumed=0.0, energy_produced=0.05)
    assert device.number("import_energy") == pytest.approx(100)
    assert device.number("export_energy") == pytest.approx(90)
    assert device.number("power") == pytest.approx(-3000)


def test_a_restart_loses_nothing() -> None:
    device = Device()
    device.post(energy_consumed=0.1, seq=5)
    again = device.restarted()
    assert again.inbox.state == device.inbox.state
    assert again.number("import_energy") == pytest.approx(100)
    assert again.number("power") is None  # it comes with the next report
    assert again.refused(energy_consumed=0.1, seq=5).kind is Refusal.REPEATED
    again.post(energy_consumed=0.1, seq=6)
    assert again.number("import_energy") == pytest.approx(200)
    assert again.number("power") == pytest.approx(6000)


def test_the_time_between_reports_is_that_of_their_energies_where_it_is_believable() -> None:
    """A late report stands for longer; after a gap, or in a burst, the agreed interval is all there is."""
    device = Device()
    device.post(energy_consumed=0.1)
    device.post(after_s=80, energy_consumed=0.1)
    assert device.number("power") == pytest.approx(4500)
    for after_s in (3600, 1):
        device.post(after_s=after_s, energy_consumed=0.1)
        assert device.number("power") == pytest.approx(6000)


def test_a_counter_is_shown_as_it_is_and_makes_the_power() -> None:
    device = Device(setup(energy=EnergyKind.CUMULATIVE))
    device.post(energy_consumed=1000.0, energy_produced=50.0)
    assert device.number("import_energy") == 1_000_000
    assert device.number("power") is None
    device.post(energy_consumed=1000.1, energy_produced=50.0)
    assert device.number("power") == pytest.approx(6000)
    device.post(after_s=10, energy_consumed=1000.1, energy_produced=50.0)
    assert device.number("power") == pytest.approx(6000)  # too soon to tell
    device.post(after_s=50, energy_consumed=1000.15, energy_produced=50.0)
    assert device.number("power") == pytest.approx(3000)
    device.post(after_s=600, energy_consumed=1000.2, energy_produced=50.0)
    assert device.number("power") is None  # the mean of ten minutes is not the power now
    device.post(energy_consumed=1000.2, energy_produced=50.1)
    assert device.number("power") == pytest.approx(-6000)


def test_a_counter_that_begins_anew_goes_on_and_noise_does_not_count() -> None:
    device = Device(setup(energy=EnergyKind.CUMULATIVE))
    device.post(energy_consumed=1000.0)
    device.post(energy_consumed=999.9)
    assert device.number("import_energy") == 1_000_000
    device.post(energy_consumed=1000.5)
    assert device.number("import_energy") == 1_000_500
    device.post(energy_consumed=0.25)
    assert device.number("import_energy") == 1_000_750


def test_a_change_from_intervals_to_a_counter_goes_on_from_what_was_counted() -> None:
    device = Device()
    device.post(energy_consumed=2.0)
    other = Device(setup(energy=EnergyKind.CUMULATIVE), device.inbox.state)
    other.post(after_s=120, energy_consumed=900.0)
    assert other.number("import_energy") == 2000
    other.post(energy_consumed=901.0)
    assert other.number("import_energy") == 3000


def test_a_counter_that_appears_later_makes_no_jump_in_the_power() -> None:
    device = Device(setup(energy=EnergyKind.CUMULATIVE))
    device.post(energy_consumed=10.0)
    device.post(energy_consumed=10.0, energy_produced=500.0)
    assert device.number("power") is None


@pytest.mark.parametrize(
    ("fields", "power_w"),
    [
        ({"power": -500, "current_load": 50, "energy_consumed": 0.1}, -500),
        ({"power_kw": 1.5, "energy_consumed": 0.1}, 1500),
        ({"current_load": 50, "energy_consumed": 0.1}, 5000),
        ({"current_load": 50, "energy_consumed": 0.0, "energy_produced": 0.1}, -6000),
        ({"current_load": 50}, 5000),
        ({"energy_consumed": 0.1}, 6000),
        ({"voltage": 230}, None),
    ],
)
def test_the_power_is_the_best_that_a_report_offers(fields: dict[str, float], power_w: float | None) -> None:
    """What was sent, else the load unless energy was produced, else the balance of the energies."""
    device = Device(setup(capacity_kw=10.0))
    device.post(**fields)
    assert device.number("power") == (None if power_w is None else pytest.approx(power_w))


def test_a_load_beside_counters_counts_unless_they_say_that_more_flows_out() -> None:
    device = Device(setup(capacity_kw=10.0, energy=EnergyKind.CUMULATIVE))
    device.post(current_load=20, energy_consumed=10.0, energy_produced=5.0)
    assert device.number("power") == pytest.approx(2000)
    device.post(current_load=20, energy_consumed=10.0, energy_produced=5.1)
    assert device.number("power") == pytest.approx(-6000)


def test_phases_are_told_apart() -> None:
    """A single voltage is that of the first phase, unless the first phase has one of its own."""
    device = Device()
    assert device.post(voltage=230, current=4, frequency=50, power_factor=0.9, power=900) == ()
    assert [device.number(p) for p in ("voltage_l1", "current_l1", "frequency", "power_factor")] == [
        *(230, 4, 50, 0.9)
    ]
    assert device.post(voltage=230, voltage1=231, voltage2=232, voltage3=233, current3=7) == ("voltage",)
    assert [device.number(f"voltage_l{n}") for n in (1, 2, 3)] == [231, 232, 233]
    assert device.number("current_l3") == 7
    # What this report left out is unknown, not what it was.
    assert device.inbox.reading(device.now_s).roles["meter"]["frequency"].quality is Quality.MISSING


def test_an_array_counts_what_it_produces() -> None:
    device = Device(setup(role="pv"))
    assert device.inbox.points == ("power", "energy")
    assert device.post(energy_produced=0.05, energy_consumed=0.001, current_load=3, voltage=230) == (
        *("energy_consumed", "current_load", "voltage"),
    )
    assert (device.number("power"), device.number("energy")) == (pytest.approx(3000), pytest.approx(50))


def test_a_report_without_any_use_is_refused() -> None:
    """A load needs the capacity."""
    assert "no value" in str(Device().refused(current_load=50))
    assert "no value" in str(Device().refused())


def test_a_facility_that_was_agreed_has_to_be_named() -> None:
    device = Device(setup(facility_id="17"))
    assert device.refused(power=1, facility_id="18").field == "facility_id"
    assert device.refused(power=1).field == "facility_id"
    device.post(power=1, facility_id=17)
    Device().post(power=1, facility_id="any")


def test_a_sequence_that_repeats_or_runs_backwards_is_refused() -> None:
    device = Device()
    device.post(power=1, seq=7)
    for seq in (7, 6):
        error = device.refused(power=1, seq=seq)
        assert (error.kind, error.field) == (Refusal.REPEATED, "seq")
    device.post(power=1)
    device.post(power=1, seq=8)


def test_a_time_that_repeats_or_runs_backwards_is_refused() -> None:
    device = Device()
    device.post(power=1, timestamp=NOW_S + 60)
    for stamp in (NOW_S + 60, NOW_S + 59):
        error = device.refused(after_s=1, power=1, timestamp=stamp)
        assert (error.kind, error.field) == (Refusal.REPEATED, "timestamp")
    device.post(power=1, timestamp=NOW_S + 60.5)


def test_reports_of_one_second_are_in_order_by_their_sequence() -> None:
    device = Device()
    device.post(power=1, timestamp=NOW_S + 60, seq=1)
    device.post(after_s=0, power=1, timestamp=NOW_S + 60, seq=2)
    assert device.refused(after_s=0, power=1, timestamp=NOW_S + 59, seq=3).field == "timestamp"


def test_a_new_key_begins_a_new_sequence_and_keeps_the_counters() -> None:
    device = Device()
    device.post(energy_consumed=1.0, seq=1000, timestamp=NOW_S + 60)
    renewed = Device(setup(key_made_s=NOW_S), device.inbox.state)
    renewed.post(energy_consumed=1.0, seq=0, timestamp=NOW_S + 50)
    assert renewed.number("import_energy") == 2000


@pytest.mark.parametrize(("off_s", "word"), [(61, "ahead of"), (-3601, "behind"), (1e10, "ahead of")])
def test_a_clock_that_is_off_is_told_our_time(off_s: float, word: str) -> None:
    error = Device().refused(after_s=0, power=1, timestamp=NOW_S + off_s)
    assert (error.kind, error.field) == (Refusal.INVALID, "timestamp")
    assert word in str(error)
    assert "2026-06-15T10:00:30+00:00" in str(error)


def test_a_report_that_waited_counts_but_its_power_is_old() -> None:
    device = Device()
    device.post(energy_consumed=1.0, timestamp=NOW_S - 1800)
    found = device.inbox.reading(device.now_s).roles["meter"]
    assert found["power"].at_s == NOW_S - 1800
    assert found["import_energy"].at_s == device.now_s
    device.post(after_s=1, power=1, timestamp=device.now_s + 30)
    assert device.inbox.reading(device.now_s).roles["meter"]["power"].at_s == device.now_s


def test_more_energy_than_any_connection_carries_is_refused() -> None:
    """A counter's reading sent as an interval's would be a thousand homes; after a long gap more is believable."""
    device = Device()
    assert "cumulative" in device.refused(energy_consumed=12_345.6).remedy
    device.post(energy_consumed=0.1)
    device.post(after_s=7200, energy_consumed=12_345.6)


def test_silence_is_noticed_from_the_last_report_or_the_start() -> None:
    inbox = Device().inbox
    assert not inbox.is_silent(NOW_S + 180)
    assert inbox.is_silent(NOW_S + 181)
    heard: list[int] = []
    inbox.heard = lambda: heard.append(inbox.state.accepted)
    inbox.take(b'{"power": 1}', NOW_S + 181)
    assert heard == [1]
    assert not inbox.is_silent(NOW_S + 361)
    assert inbox.is_silent(NOW_S + 362)


def test_counters_of_long_ago_are_shown_as_old_after_a_restart() -> None:
    device = Device()
    device.post(energy_consumed=1.0)
    again = device.restarted().inbox
    for late_s, quality in ((100, Quality.GOOD), (1000, Quality.STALE)):
        found = again.reading(device.now_s + late_s).roles["meter"]
        assert found["import_energy"].quality is quality
        assert found["power"].quality is Quality.MISSING


def test_a_device_that_has_said_nothing_shows_nothing() -> None:
    device = Device()
    assert device.inbox.points == ("power", "import_energy", "export_energy")
    assert {v.quality for v in device.inbox.reading(NOW_S).roles["meter"].values()} == {Quality.MISSING}
    device.post(power=1)
    assert device.inbox.points == ("power",)


@given(
    st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5), st.floats(1, 1e4)), max_size=12),
    st.sampled_from(EnergyKind),
)
def test_counters_never_fall_and_powers_stay_possible(
    reports: list[tuple[float, float, float]], kind: EnergyKind
) -> None:
    device = Device(setup(energy=kind))
    last = (0.0, 0.0)
    for consumed, produced, after_s in reports:
        try:
            device.post(after_s=after_s, energy_consumed=consumed, energy_produced=produced)
        except PushRefusedError:
            continue
        shown = (device.number("import_energy") or 0.0, device.number("export_energy") or 0.0)
        assert shown >= last
        assert shown[0] >= last[0]
        assert shown[1] >= last[1]
        last = shown
    assert device.restarted().inbox.state == device.inbox.state


def test_a_bucket_lets_bursts_through_and_streams_not() -> None:
    """By hand: two tokens, one more every ten seconds."""
    bucket: Bucket | None = None
    waits = []
    for now_s in (0, 0, 0, 5, 10, 10, 1000, 1000, 1000):
        bucket, wait_s = take_token(bucket, now_s, size=2, per_s=0.1)
        waits.append(wait_s)
    assert waits == [None, None, 10, 5, None, 10, None, None, 10]


def test_a_bucket_does_not_mind_a_clock_that_stands() -> None:
    bucket, _ = take_token(Bucket(tokens=1, at_s=100), 50, size=2, per_s=1)
    assert bucket == Bucket(tokens=0, at_s=50)


def test_a_key_opens_only_what_it_was_made_for() -> None:
    one, other = new_key(), new_key()
    assert new_key_id() != new_key_id()
    assert is_key(one.secret, one.hash)
    assert not is_key(other.secret, one.hash)
    assert not is_key(one.secret, None)
    assert not is_key("", None)
    assert not is_key("\udcff ü", one.hash)  # bytes of a header that are no text
    assert len(one.hash) == 64
    assert one.secret not in repr(one)
    assert one.hash not in repr(one)
