"""Profiles of people's own: every bad file is named with its line, and stops nothing else."""

import os
from pathlib import Path

import pytest

from custom_components.ems.devices.check_profile import main
from custom_components.ems.devices.errors import ProfileError
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.own_profiles import BYTES_MAX, FILES_MAX, OwnFolder, read_own, with_own
from tests.support.manual import OWN_METER

SHIPPED = Path(__file__).parents[2] / "custom_components" / "ems" / "devices" / "profiles"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the meter of the manual in it."""
    (tmp_path / "acme_m1.yaml").write_text(OWN_METER, encoding="utf-8")
    return tmp_path


def test_a_broken_file_leaves_the_others_alone(folder: Path) -> None:
    """One typing error must not take the house's meter away."""
    (folder / "acme_m2.yaml").write_text(OWN_METER.replace("positive: export", "positive: up"))
    found = OwnFolder(folder).read(load_profiles())
    assert set(found.found) == {"acme_m1"}
    assert found.broken["acme_m2.yaml"].startswith(
        "acme_m2.yaml:18: roles.meter.readings.power.positive: must be"
    )
    assert "acme_m2.yaml:18" in (found.why_unusable("acme_m2") or "")
    assert found.why_unusable("acme_m1") is None


def test_a_shipped_profile_is_not_replaced(folder: Path) -> None:
    """Whoever copies one to change it would else never know which of the two reads the meter."""
    (folder / "abb_b23.yaml").write_text((SHIPPED / "abb_b23.yaml").read_text())
    found = OwnFolder(folder).read(load_profiles())
    assert "abb_b23.yaml:" in found.broken["abb_b23.yaml"]
    assert "give this one and its file another name" in found.broken["abb_b23.yaml"]
    assert with_own(load_profiles(), found.found.values())["abb_b23"] is load_profiles()["abb_b23"]


def test_own_profiles_stand_among_the_shipped_by_their_label(folder: Path) -> None:
    """A list that is sorted for one half is searched twice."""
    every = with_own(load_profiles(), OwnFolder(folder).read(()).found.values())
    labels = [profile.label for profile in every.values()]
    assert labels == sorted(labels)
    assert len(labels) == len(load_profiles()) + 1


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
BAD = {
    "other name": (
        OWN_METER.replace("profile: acme_m1", "profile: acme_m3"),
        r"^bad\.yaml:2: profile: is 'acme_m3'",
    ),
    "empty": ("", r"^bad\.yaml: is empty"),
    "no YAML": ("profile: [", r"^bad\.yaml:\d+: is not valid YAML"),
    "aliases": (BOMB, r"^bad\.yaml:2: aliases"),
    "a tag": ("profile: !!python/object/apply:os.system [ls]", r"^bad\.yaml:1: "),
    "deep": ("a: " + "[" * 20_000, r"^bad\.yaml"),
    "huge": ("#" * (BYTES_MAX + 1), r"^bad\.yaml: has 64 kB"),
    "digits": ("profile: " + "9" * 10_000, r"^bad\.yaml"),
    "C that writes": (
        OWN_METER.replace("confidence: B", "confidence: C").replace("profile: acme_m1", "profile: bad")
        + "    settings: {limit: {at: 30, type: u16, unit: W, write: [0, 9]}}\n",
        r"^bad\.yaml:6: confidence: a C-rated map is read-only",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, name: str) -> None:
    """File, line, remedy; whatever people or their tools put there."""
    text, wanted = BAD[name]
    (tmp_path / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=wanted):
        read_own(tmp_path / "bad.yaml")


@pytest.mark.timeout(10)
def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe would hold the thread for ever, and a folder has no text."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "short.yml").write_text(OWN_METER)
    (tmp_path / "readme.txt").write_text("not a profile, and not meant to be one")
    broken = OwnFolder(tmp_path).read(()).broken
    assert set(broken) == {"pipe.yaml", "folder.yaml", "gone.yaml", "short.yml"}
    assert "rename the file to short.yaml" in broken["short.yml"]


def test_a_folder_of_something_else_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Nobody owns so many families; the first of the rest is named."""
    for n in range(FILES_MAX + 5):
        name = f"m{n:03}"
        (tmp_path / f"{name}.yaml").write_text(OWN_METER.replace("acme_m1", name))
    found = OwnFolder(tmp_path).read(())
    assert len(found.found) == FILES_MAX
    assert list(found.broken) == [f"m{FILES_MAX:03}.yaml"]


def test_no_folder_is_no_profiles(tmp_path: Path) -> None:
    """That is how almost every home is."""
    found = OwnFolder(tmp_path / "nowhere").read(())
    assert (found.found, found.broken) == ({}, {})


def test_a_file_is_checked_anew_only_when_it_changed(folder: Path) -> None:
    """Forms open often; a changed file counts at once, and a mended one too."""
    own, path = OwnFolder(folder), folder / "acme_m1.yaml"
    first = own.read(()).found["acme_m1"]
    assert own.read(()).found["acme_m1"] is first
    path.write_text(OWN_METER.replace("models: [M1]", "models: [M1, M1b]"))
    assert own.read(()).found["acme_m1"].profile.models == ("M1", "M1b")
    path.write_text("profile: [")
    assert own.read(()).broken
    path.write_text(OWN_METER)
    assert own.read(()).found["acme_m1"].profile == first.profile
    path.unlink()
    assert own.read(()).found == {}


KEYS = """requests:
  a: {get: "/api?apikey=hunter2&id={channel}"}
  b: {post: /rpc, body: '{"password": "hunter2", "id": 0}'}
  c: {get: "/status?filter=nrg,amp&user_token=hunter2"}
"""


def test_a_text_that_is_passed_on_holds_no_keys(folder: Path) -> None:
    """What is left still is the same profile."""
    whole = OWN_METER + "".join(f"# {line}\n" for line in KEYS.splitlines())
    (folder / "acme_m1.yaml").write_text(whole)
    own = OwnFolder(folder).read(()).found["acme_m1"]
    assert "hunter2" not in own.shown
    for left in ("?apikey=REDACTED&id={channel}", '{"password": "REDACTED", "id": 0}', "filter=nrg,amp&"):
        assert left in own.shown
    assert own.shown.startswith(OWN_METER)


def test_the_command_line_says_what_is_in_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And leaves with an error where something is wrong."""
    assert main([str(folder / "acme_m1.yaml"), str(SHIPPED / "abb_b23.yaml")]) == 0
    said = capsys.readouterr().out
    assert "acme_m1: Acme M1, confidence B" in said
    assert "meter reads power, import_energy" in said
    (folder / "acme_m1.yaml").write_text("profile: 5")
    assert main([str(folder / "acme_m1.yaml")]) == 1
    assert "acme_m1.yaml:1" in capsys.readouterr().err
    assert main([]) == 2
