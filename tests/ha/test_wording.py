"""Reasons in a person's words."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.wording import reason_text, reasons_text
from custom_components.ems.engine.plan.result import Reason


@pytest.fixture(autouse=True)
def loaded(entry: MockConfigEntry) -> None:
    """Texts are loaded with the first home."""
    assert entry.entry_id


def test_instants_are_told_by_the_local_clock(hass: HomeAssistant) -> None:
    """Today by the time alone, another day by its name too."""
    wait = {"price": 0.25, "later_price": 0.1}
    today = Reason(key="car_wait", placeholders={**wait, "later": "2026-06-15T14:00:00+00:00"})
    assert reason_text(hass, today) == "Waiting: charging costs 0.25 now and 0.1 at 16:00."
    tomorrow = Reason(key="car_wait", placeholders={**wait, "later": "2026-06-16T00:30:00+00:00"})
    assert reason_text(hass, tomorrow).endswith("at Tue 02:30.")


def test_a_reason_without_words_is_shown_by_its_key(hass: HomeAssistant) -> None:
    """Newer engine, older translation: better a key than nothing."""
    assert reason_text(hass, Reason(key="brand_new")) == "brand_new"


def test_a_sentence_without_its_particulars_is_shown_as_it_is(hass: HomeAssistant) -> None:
    """It still says more than the key."""
    assert reason_text(hass, Reason(key="solver_failed")) == "The optimiser failed: {detail}."


def test_several_reasons_make_one_line(hass: HomeAssistant) -> None:
    """As the status sensor shows them."""
    text = reasons_text(hass, [Reason(key="load_unmeasured"), Reason(key="weather_missing")])
    assert text.startswith("What the home uses now is unknown, because a meter or another device")
    assert ". There is no weather" in text
    assert reasons_text(hass, []) == ""
