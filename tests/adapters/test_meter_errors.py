"""Meters that contradict each other are told in the UI's own words."""

import pytest

from custom_components.ems.engine.metering import METER_ERRORS
from tests.support.tree import COMPONENT, read_json

EXCEPTIONS = read_json(COMPONENT / "translations" / "en.json")["exceptions"]


@pytest.mark.parametrize("key", sorted(METER_ERRORS))
def test_every_refusal_of_a_meter_has_the_engine_s_own_words(key: str) -> None:
    """One sentence for notebooks and dialogs."""
    assert EXCEPTIONS[f"meter_error_{key}"]["message"] == METER_ERRORS[key]


def test_no_words_are_left_that_nobody_says() -> None:
    assert {key.removeprefix("meter_error_") for key in EXCEPTIONS if key.startswith("meter_error_")} == set(
        METER_ERRORS
    )
