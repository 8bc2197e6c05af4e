"""What a meter shows when a device obeys: which commands prove something, and which do not."""

from collections.abc import Sequence

from custom_components.ems.engine.control.swing import Drawn, Swing, Watching, next_swing

from .homes import START_S, word

type Look = tuple[float, float, float, str | None]


def live(looks: Sequence[Look]) -> list[Swing]:
    """Return the swings of a single car on all phases. A look: second, meter per phase, car per phase, command."""
    watching, found = Watching(), []
    for after_s, meter_a, car_a, told in looks:
        now_s = START_S + after_s
        drawn = {"car": Drawn(amps=(car_a, car_a, car_a), on=(1, 2, 3), told=told)}
        watching, swing = next_swing(watching, word(meter_a, meter_a, meter_a, now_s), drawn, now_s)
        if swing is not None:
            found.append(swing)
    return found


CALM: list[Look] = [(0, 2, 0, "off"), (2, 2.1, 0, "off"), (4, 2, 0, "off")]
RISES: list[Look] = [(6, 2, 0, "on"), (8, 4, 3, "on"), (10, 8, 6, "on"), (12, 8, 6, "on")]


def test_a_swing_is_what_changed_from_the_command_until_it_was_carried_out() -> None:
    (swing,) = live([*CALM, *RISES, (14, 8, 6, "on"), (16, 9, 6, "on")])
    assert swing.flows == (6.0, 6.0, 6.0)
    assert swing.devices["car"].amps == (6.0, 6.0, 6.0)
    assert swing.devices["car"].was_told
    assert swing.unrest[0] is not None
    assert 0.09 < swing.unrest[0] < 0.11


def test_what_moves_without_a_command_is_no_swing() -> None:
    # A car that is full, a battery that follows the load by itself: the meter may well be the cause.
    assert (
        live([(t, 2 + m, m, "on") for t, m in ((0, 0), (2, 0), (4, 6), (6, 6), (12, 6), (20, 0), (40, 0))])
        == []
    )


def test_a_command_that_comes_before_the_last_one_arrived_begins_anew() -> None:
    looks = [
        *CALM,
        *RISES[:3],
        (11, 8, 6, "more"),
        (12, 8, 8, "more"),
        (14, 10, 8, "more"),
        (18, 10, 8, "more"),
    ]
    assert live(looks) == []
    (swing,) = live([*looks, (20, 10, 8, "more")])
    assert swing.flows[0] == 2


def test_the_first_look_is_no_command() -> None:
    assert live([(0, 2, 0, "on"), (2, 8, 6, "on"), (10, 8, 6, "on"), (12, 8, 6, "on")]) == []


def test_one_word_is_no_calm() -> None:
    # A meter that speaks every ten seconds shows nothing of what moved before the command.
    looks: list[Look] = [(0, 2, 0, "off"), (10, 2, 0, "on"), (20, 8, 6, "on"), (30, 8, 6, "on")]
    assert live(looks) == []


def test_a_meter_that_falls_silent_proves_nothing() -> None:
    assert live([*CALM, (6, 2, 0, "on"), (60, 8, 6, "on"), (62, 8, 6, "on")]) == []
    watching = Watching()
    last = word(2, 2, 2, START_S + 6)
    for after_s, told in ((0, "off"), (2, "off"), (6, "on"), (20, "on"), (40, "on"), (90, "on")):
        now_s = START_S + after_s
        meter = word(2, 2, 2, now_s) if after_s <= 6 else last
        drawn = {"car": Drawn(amps=(6, 6, 6) if told == "on" else (0, 0, 0), told=told)}
        watching, swing = next_swing(watching, meter, drawn, now_s)
        assert swing is None
    assert watching.open is None


def test_a_clock_that_was_set_back_ends_what_was_being_looked_at() -> None:
    watching = Watching()
    for now_s, told, amps in (
        (0.0, "off", 0.0),
        (2, "off", 0),
        (4, "on", 0),
        (-3600, "on", 6),
        (-3590, "on", 6),
    ):
        drawn = {"car": Drawn(amps=(amps, amps, amps), told=told)}
        at_s = START_S + now_s
        watching, swing = next_swing(watching, word(amps, amps, amps, at_s), drawn, at_s)
        assert swing is None
    assert watching.open is None


def test_a_device_that_does_not_say_what_it_draws_leaves_nothing_to_learn() -> None:
    watching, swing = next_swing(Watching(told={"car": "off"}), word(2, 2, 2, START_S), None, START_S)
    assert (watching, swing) == (Watching(), None)
