"""The German texts are complete, are German, and fit where Home Assistant puts them."""

import re
from string import Formatter

import pytest

from tests.support.texts import leaves
from tests.support.tree import COMPONENT, read_json

ENGLISH: dict[str, str] = dict(leaves(read_json(COMPONENT / "translations" / "en.json")))
GERMAN: dict[str, str] = dict(leaves(read_json(COMPONENT / "translations" / "de.json")))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without placeholders and names of actions, fields and keys."""
    plain = re.sub(r"\{\w*\}|\bems\.\w+|„\w+“|\b\w+_\w+", " ", text)
    return re.findall(r"[a-zäöüß][a-zäöüß0-9']*", plain.lower())


# Words that are the same in both languages; names of companies, units and actions among them.
BOTH = frozenset(
    words(
        "EMS Home Assistant aWATTar Nord Pool Tibber EPEX Spot ENTSO-E Open-Meteo Modbus TCP IP L1 L2 L3 AC DC "
        "kWh MWh Wh kW MW W A s ct EUR Euro Ampere Minute Phase HiGHS CVXPY ID Schema Version "
        "Name Host Port Unit Slave Plan Option Status Sensor Integration Information "
        "Reserve Arbitrage OK in Rest so was Start CO₂ "
        "Energy-Charts Fraunhofer ISE REST API transparency.entsoe.eu E-Mail Token Zone EnergyZero easyEnergy "
        "Bright Sky g kg "
        "CO2eq Electricity Maps GBP Octopus Energy Solcast Forecast.Solar open-meteo-solar-forecast EMHASS "
        "HTTP HTTPS MQTT GET POST JSON X Key admin online Basic Digest Bearer Broker Register emeters power plus u f "
        "Hand PUT Dashboard Dashboards Gateway RTU RS USB Bytes V Hz kVA normal Generator Garage Pause"
    )
)
# Nothing but English, wherever it stands.
FUNCTION_WORDS = frozenset(
    words(
        "the of and is are be been being to from with without this that these those there which what when where who "
        "why how not no nor it its your you or for by at on as if than then into out does did do has have had can "
        "cannot could should would may might must only any every each all some more most less least up down"
    )
)


def names(text: str) -> set[str]:
    """Return the names of the placeholders; a ValueError where braces do not match."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def leftovers(english: str, german: str) -> set[str]:
    """Return the words of a German text that look English: they stand in the original, or say nothing else."""
    found = set(words(german))
    return (found & (set(words(english)) | FUNCTION_WORDS)) - BOTH


def test_german_has_every_text() -> None:
    """A text that is missing is shown in English, in the middle of a German form."""
    assert sorted(set(ENGLISH) ^ set(GERMAN)) == []
    assert list(GERMAN) == list(ENGLISH), "keep the order of en.json, so that both can be read side by side"


def test_placeholders_are_those_of_the_english_text() -> None:
    """Home Assistant logs an error and shows English where they differ, or where braces do not match."""
    assert [key for key, text in GERMAN.items() if names(text) != names(ENGLISH[key])] == []


def test_nothing_but_names_stands_in_braces() -> None:
    """Code formats numbers, the frontend knows no Python; an apostrophe before a brace would escape it there."""
    plain = {key: re.sub(r"\{[a-z_]+\}", "", text) for key, text in GERMAN.items()}
    assert [key for key, text in plain.items() if set(text) & set("{}'<>")] == []


def test_no_sentence_was_left_in_english() -> None:
    """Names and units may be the same in both; four words are a sentence."""
    same = [key for key, text in GERMAN.items() if text == ENGLISH[key] and len(words(text)) > 3]
    assert same == []


def test_no_english_word_was_left_over() -> None:
    """Add a word to BOTH where it is German too."""
    found = {key: leftovers(ENGLISH[key], text) for key, text in GERMAN.items()}
    assert {key: left for key, left in found.items() if left} == {}


@pytest.mark.parametrize(
    ("english", "german", "left"),
    [
        ("The battery is full.", "Die battery ist voll.", {"battery"}),
        ("Choose the {entity}.", "Wähle the {entity}.", {"the"}),
        ("Follow the plan", "Dem Plan folgen", set()),
        ("Call ems.optimize.", "Rufe ems.optimize auf.", set()),
    ],
)
def test_the_search_for_english_words_finds_them(english: str, german: str, left: set[str]) -> None:
    """A check that overlooks everything would pass for ever."""
    assert leftovers(english, german) == left


def test_people_are_addressed_as_home_assistant_does() -> None:
    """As friends: "du", never "Sie"; at the beginning of a sentence the word is somebody else."""
    polite = re.compile(r"(?<=[\w,] )(Sie|Ihnen|Ihr|Ihre[mnrs]?)\b")
    assert [key for key, text in GERMAN.items() if polite.search(text)] == []
    assert polite.search("Wählen Sie eine Entität.")


def test_an_instant_brings_its_own_preposition() -> None:
    """`{later}` becomes "um 19:00" or "am Di um 19:00": a second "um" before it would be one too many."""
    doubled = re.compile(r"\b(um|am|ab|bis|gegen|seit) \{(later|until)\}", re.IGNORECASE)
    assert [key for key, text in GERMAN.items() if doubled.search(text)] == []
    assert doubled.search("Wartet bis {later}.")
