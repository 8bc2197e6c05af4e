"""A Home Assistant that is set to German says in German what EMS has to say."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.wording import reason_text, reasons_text
from custom_components.ems.demo import DemoHome
from custom_components.ems.engine.control.reasons import CONTROL_REASONS, DECISION_WORDS
from custom_components.ems.engine.plan.reasons import PLAN_REASONS, STEP_REASONS, UNMET_REASONS
from custom_components.ems.engine.plan.result import Reason
from tests.ha.conftest import AddSite
from tests.ha.flows import add_device
from tests.ha.sites import home_of_entities
from tests.ha.test_device_flow import CHARGER, INVERTER, link
from tests.ha.test_price_flow import ENTITY, FORMULA, at_entity, rows, set_prices
from tests.test_german import FUNCTION_WORDS, words

EXAMPLES: dict[str, str | float] = {"later": "2026-06-15T17:00:00+00:00", "name": "Speicher", "detail": "weg"}


@pytest.fixture(autouse=True)
async def german(hass: HomeAssistant, vienna: None) -> None:
    """Choose the language before anything is set up, as people do."""
    await hass.config.async_update(language="de")


@pytest.fixture
async def site(add_site: AddSite) -> MockConfigEntry:
    """A home without any device; texts are loaded with it."""
    return await add_site(home_of_entities())


def charge(later: str) -> Reason:
    """Return why a battery charges now."""
    amounts = {"price": 0.09, "saving": 0.11, "value": 0.2}
    return Reason(key="charge_for_later", placeholders={**amounts, "later": later})


def test_a_reason_reads_as_a_person_would_say_it(hass: HomeAssistant, site: MockConfigEntry) -> None:
    """Decimal comma, the local clock, and the preposition that belongs to it."""
    assert reason_text(hass, charge("2026-06-15T17:00:00+00:00")) == (
        "Lädt: 0,09 liegt 0,11 unter den 0,2, die diese kWh um 19:00 spart."
    )
    assert reason_text(hass, charge("2026-06-16T00:30:00+00:00")) == (
        "Lädt: 0,09 liegt 0,11 unter den 0,2, die diese kWh am Di um 02:30 spart."
    )


@pytest.mark.parametrize(
    "table", [STEP_REASONS, PLAN_REASONS, UNMET_REASONS, CONTROL_REASONS, DECISION_WORDS]
)
def test_every_reason_has_a_german_sentence(
    hass: HomeAssistant, site: MockConfigEntry, table: dict[str, tuple[frozenset[str], str]]
) -> None:
    """Home Assistant itself takes the sentence: it drops one whose placeholders it does not like."""
    for key, (placeholders, english) in table.items():
        given = {name: EXAMPLES.get(name, 1.5) for name in placeholders}
        text = reason_text(hass, Reason(key=key, placeholders=given))
        assert text != key
        assert "{" not in text
        assert text != english.format(**given)
        assert "1.5" not in text


async def test_the_plan_explains_itself_in_german(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """From the planner to the attribute that people read: one reason per steered device, and the next action's."""
    found = [state.attributes.get("reason") for state in hass.states.async_all("sensor")]
    reasons = [reason for reason in found if reason]
    assert len(reasons) > len(entry.runtime_data.plan.data.outlook.plan.devices)
    assert [reason for reason in reasons if set(words(reason)) & FUNCTION_WORDS] == []


async def test_a_device_shows_its_values_in_german(
    hass: HomeAssistant, home: DemoHome, site: MockConfigEntry
) -> None:
    """Names, numbers and states of what was read."""
    shown = ""
    for role, profile, device in (("battery", INVERTER, "inverter"), ("charger", CHARGER, "charger")):
        flow = await (await add_device(hass, site, role)).choose("profile")
        await flow.submit(profile=profile)
        await flow.submit(**link(home, device))
        shown += flow.shown["values"] + "\n"
    assert "- Kapazität: **10,00 kWh**\n" in shown
    assert "- Zustand: **Verfügbar**\n" in shown
    assert "- Auto verbunden: **✗**\n" in shown


async def test_a_tariff_shows_its_prices_in_german(hass: HomeAssistant) -> None:
    """Dates and decimals of the preview."""
    set_prices(hass, raw_today=rows(24), raw_tomorrow=[])
    flow = await (await at_entity(hass)).submit(entity_id=ENTITY, **FORMULA)
    assert (flow.shown["first"], flow.shown["last"]) == ("15.06.2026 00:00", "16.06.2026 00:00")
    assert (flow.shown["lowest"], flow.shown["highest"]) == ("0,2500", "0,5000")


async def test_a_language_that_was_chosen_just_now_is_english_until_it_is_loaded(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    """A bare key would help nobody."""
    await hass.config.async_update(language="fr")
    text = reasons_text(hass, [charge("2026-06-15T17:00:00+00:00")])
    assert text == "Charging: 0.09 is 0.11 below the 0.2 that this kWh saves at 19:00."
