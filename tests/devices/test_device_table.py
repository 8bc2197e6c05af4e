"""The list of supported devices is complete, and every cell of it says what the profile does."""

import re

import pytest

from custom_components.ems.devices import load_profiles
from tests.devices.device_table import HEAD, READ_ONLY, row
from tests.support.tree import ROOT

PROFILES = load_profiles()
PAGES = ROOT / "docs" / "devices"
_LINK = re.compile(r"^\[(?P<text>[^\]]+)\]\((?P<page>[a-z0-9_]+\.md)\)$")


def _table() -> list[dict[str, str]]:
    page = (PAGES / "README.md").read_text(encoding="utf-8")
    lines = [line for line in page.split("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert tuple(cells[0]) == HEAD
    return [dict(zip(HEAD, each, strict=True)) for each in cells[2:]]


def _ids(page: str) -> set[str]:
    """Return the profiles that a page describes."""
    text = (PAGES / page).read_text(encoding="utf-8")
    return {key for key in PROFILES if f"`{key}`" in text}


def _page(cells: dict[str, str]) -> str:
    link = _LINK.match(cells["Device"])
    assert link, cells["Device"]
    return link["page"]


def _meant(cells: dict[str, str]) -> list[str]:
    """Return the profiles that a row stands for: of those on its page, the ones all of whose models it names."""
    page = _page(cells)
    name = cells["Device"].split("]")[0].removeprefix("[")
    return [
        key
        for key in PROFILES
        if key in _ids(page) and set(PROFILES[key].models) <= set(_models(name, PROFILES[key].manufacturer))
    ]


def _models(name: str, manufacturer: str) -> list[str]:
    return name.removeprefix(f"{manufacturer} ").split(", ")


def _wanted(cells: dict[str, str], meant: list[str]) -> dict[str, str]:
    return row([PROFILES[key] for key in meant])


ROWS = [pytest.param(cells, id=cells["Device"].split("]")[0].lstrip("[")) for cells in _table()]


@pytest.mark.parametrize("cells", ROWS)
def test_a_row_says_what_its_profiles_do(cells):
    meant = _meant(cells)
    assert meant, "a row without a profile"
    assert {name: cells[name] for name in HEAD[1:]} == _wanted(cells, meant)


@pytest.mark.parametrize("cells", ROWS)
def test_relatives_in_one_row_read_write_and_lapse_alike(cells):
    one_by_one = [_wanted(cells, [key]) | {"Reached by": ""} for key in _meant(cells)]
    assert all(each == one_by_one[0] for each in one_by_one)


def test_every_profile_has_one_row():
    listed = [key for cells in _table() for key in _meant(cells)]
    assert sorted(listed) == sorted(PROFILES)


def test_a_device_of_weak_confidence_is_read_only():
    weak = [cells for cells in _table() if cells["Confidence"] == "C"]
    assert weak
    assert {cells["EMS writes"] for cells in weak} == {READ_ONLY}


@pytest.mark.parametrize("key", sorted(PROFILES))
def test_every_page_says_where_it_was_checked(key):
    """A map has a source and a second, independent one, or the page says that there is none."""
    (page,) = [page for page in PAGES.glob("*.md") if key in _ids(page.name) and page.name != "README.md"]
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^Sources?: ", text, re.MULTILINE)
    second = re.search(r"^Second source: (.*)", text, re.MULTILINE | re.DOTALL)
    assert second
    if second[1].startswith("none"):
        assert PROFILES[key].confidence != "A"
