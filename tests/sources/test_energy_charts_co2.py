"""The grid's CO₂ from Energy-Charts. The shape is the documented one: no captured response was at hand."""

import pytest

from custom_components.ems.sources import energy_charts
from custom_components.ems.sources.energy_charts_co2 import EnergyChartsCo2Client, parse_intensity
from custom_components.ems.sources.errors import SourceConnectionError, SourceResponseError


def answer(starts, measured=None, forecast=None):
    return {"unix_seconds": starts, "co2eq": measured, "co2eq_forecast": forecast, "deprecated": False}


async def test_country_and_both_ends_are_asked_for(session, service, monkeypatch):
    monkeypatch.setattr(energy_charts, "BASE_URL", service.base_url)
    service.will(answer([0, 900], [400, None], [None, 350.5]))
    client = EnergyChartsCo2Client(session, country="DE", sleep=service.sleep)
    assert await client.async_get_intensity(0, 1800) == ((0, 900, 400), (900, 1800, 350.5))
    assert service.asked == [("/co2eq", {"country": "de", "start": "0", "end": "1800"})]


async def test_a_service_in_trouble_is_one_of_our_errors(session, service, monkeypatch):
    monkeypatch.setattr(energy_charts, "BASE_URL", service.base_url)
    service.will("", 502)
    with pytest.raises(SourceConnectionError):
        await EnergyChartsCo2Client(session, country="DE", sleep=service.sleep).async_get_intensity(0, 1)


def test_what_was_measured_counts_before_what_was_forecast():
    assert parse_intensity(answer([0], [400], [300])) == ((0, 3600, 400),)


def test_hours_of_which_neither_knows_are_left_out():
    assert parse_intensity(answer([0, 900, 1800], [1, None, 3])) == ((0, 900, 1), (1800, 2700, 3))
    assert parse_intensity({"unix_seconds": []}) == ()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "no column"),
        ({}, "no column"),
        (answer([0, 0], [1, 1]), "not in order"),
        (answer(["now"], [1]), "not in order"),
        (answer([0], [1, 2]), "another length"),
        (answer([0], "clean"), "another length"),
        (answer([0], [-1]), "no grid emits"),
        (answer([0], [5000]), "no grid emits"),
    ],
)
def test_nonsense_is_refused_by_name(body, message):
    with pytest.raises(SourceResponseError, match=message):
        parse_intensity(body)
