"""Time windows and departures as people give them: what is stored, and what is refused by name."""

from typing import Any

import pytest

from custom_components.ems.adapters.departure import read_weekday_times
from custom_components.ems.adapters.schedules import read_schedules
from custom_components.ems.engine.errors import PlanError
from tests.ha.sites import BATTERY_PARAMS, CHARGER_PARAMS

HEATER = {"kind": "continuous", "power_w": 3000, "power_min_w": 500}
PUMP = {"kind": "interruptible", "power_w": 600}
PARAMS = {"charger": CHARGER_PARAMS, "battery": BATTERY_PARAMS, "load": PUMP, "heater": HEATER}
NIGHT = {"start": "22:00", "end": "06:00"}


def read(device: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what would be stored."""
    return read_schedules("load" if device == "heater" else device, PARAMS[device], rows)


@pytest.mark.parametrize(
    ("device", "row", "stored"),
    [
        ("charger", {"mode": "now"}, {"mode": "now"}),
        ("charger", {"mode": "surplus", "current_a": 10}, {"mode": "surplus", "current_a": 10.0}),
        ("charger", {"mode": "off", "current_a": None}, {"mode": "off"}),  # an empty field of a form
        ("charger", {"mode": "now", "weekdays": []}, {"mode": "now"}),  # every day
        ("battery", {"mode": "charge", "power_w": 2500}, {"mode": "charge", "power_w": 2500.0}),
        ("battery", {"mode": "automatic"}, {"mode": "automatic"}),
        ("load", {"mode": "on"}, {"mode": "on"}),
        ("heater", {"mode": "on", "power_w": "1500"}, {"mode": "on", "power_w": 1500.0}),
        (
            "charger",
            {"mode": "plan", "weekdays": ["sun", "mon", "mon"]},
            {"mode": "plan", "weekdays": ["mon", "sun"]},
        ),
    ],
)
def test_a_window_is_stored_as_it_was_meant(device: str, row: dict[str, Any], stored: dict[str, Any]) -> None:
    """Times to the second, days in their order, amounts as numbers, and nothing that is empty."""
    assert read(device, {**NIGHT, **row}) == [{"start": "22:00:00", "end": "06:00:00", **stored}]


@pytest.mark.parametrize(
    ("device", "row", "says"),
    [
        ("charger", {"mode": "fast"}, r"mode \(schedules\[2\]\) is fast.*off, now, min_surplus"),
        ("battery", {"mode": "surplus"}, r"use one of automatic, hold, charge, discharge"),
        ("load", {"mode": "automatic"}, r"use one of on, off"),
        ("charger", {"mode": "now", "start": None}, r"start of schedules\[2\] is missing"),
        ("charger", {"mode": None}, r"mode of schedules\[2\] is missing"),
        ("charger", {"mode": "now", "end": "25:00"}, r"end of schedules\[2\] is 25:00.*no time of day"),
        ("charger", {"mode": "now", "start": 1320}, r"start of schedules\[2\] is 1320"),  # YAML's 22:00
        ("charger", {"mode": "now", "start": "07:00+02:00"}, r"start of schedules\[2\]"),
        ("charger", {"mode": "now", "weekdays": ["monday"]}, r"weekdays \(schedules\[2\]\) is monday"),
        ("charger", {"mode": "now", "current_a": 5}, r"current_a of schedules\[2\] is 5.*between 6 and 16"),
        ("charger", {"mode": "now", "current_a": 17}, r"between 6 and 16"),
        ("charger", {"mode": "now", "current_a": "much"}, r"current_a of schedules\[2\] is nan"),
        ("charger", {"mode": "now", "power_w": 3000}, r"power_w of schedules\[2\] says nothing beside now"),
        ("charger", {"mode": "off", "current_a": 10}, r"current_a of schedules\[2\] says nothing beside off"),
        ("battery", {"mode": "hold", "power_w": 100}, r"power_w of schedules\[2\] says nothing beside hold"),
        ("battery", {"mode": "charge", "power_w": 0}, r"power_w of schedules\[2\] is 0"),
        ("battery", {"mode": "charge", "power_w": 6000}, r"between 0 and 5000"),
        ("load", {"mode": "on", "power_w": 600}, r"power_w of schedules\[2\] says nothing beside on"),
        ("heater", {"mode": "on", "power_w": 400}, r"between 500 and 3000"),
        ("charger", {"mode": "now", "until": "06:00"}, r"schedules\[2\] is until.*start, end, mode"),
    ],
)
def test_a_window_that_cannot_be_meant_is_refused_by_name(
    device: str, row: dict[str, Any], says: str
) -> None:
    """The second of two is wrong, and is the one that is named."""
    fine = {**NIGHT, "mode": "on" if device in ("load", "heater") else "off"}
    if device == "battery":
        fine["mode"] = "hold"
    with pytest.raises(PlanError, match=says):
        read(device, fine, {**NIGHT, **row})


def test_departures_are_stored_in_the_order_of_the_week() -> None:
    """An empty field of the form is a day on which nobody leaves."""
    given = {"fri": "06:30:00", "mon": "07:00", "sat": None, "sun": ""}
    assert list(read_weekday_times(given).items()) == [("mon", "07:00:00"), ("fri", "06:30:00")]
    assert read_weekday_times({}) == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"monday": "07:00"}, "ready_by_weekdays is monday"),
        ({"mon": "late"}, "mon of ready_by_weekdays is late"),
    ],
)
def test_a_departure_that_is_none_is_refused_by_name(given: dict[str, Any], says: str) -> None:
    """A typing error must not be a week without a car."""
    with pytest.raises(PlanError, match=says):
        read_weekday_times(given)
