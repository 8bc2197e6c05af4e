"""Captures that people sent, replayed: what once was read right is read right for ever (tests/replays)."""

import json
from pathlib import Path

import pytest

from tests.support.replay import async_replay, devices_of, main

FOLDER = Path(__file__).parents[1] / "replays"
FILES = sorted(FOLDER.glob("*.json"))
CASES = [
    pytest.param(recorded, id=f"{path.stem}-{recorded['role']}")
    for path in FILES
    for recorded in devices_of(json.loads(path.read_text(encoding="utf-8"))).values()
]


@pytest.mark.parametrize("recorded", CASES)
async def test_a_capture_reads_what_was_recorded(socket_enabled: None, recorded: dict) -> None:
    """A change of a profile, the reader or the decoder that changes a real device's values shows here."""
    played = await async_replay(recorded)
    assert (played.problem, played.differences) == (None, ())
    assert played.compared > 0


def test_every_file_holds_a_device() -> None:
    """A file in another format would be skipped in silence."""
    assert FILES
    assert [path.name for path in FILES if not devices_of(json.loads(path.read_text()))] == []


def test_the_command_line_says_whether_it_reads_the_same(
    socket_enabled: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And leaves with an error where it does not."""
    path = FOLDER / "demo_home_meter.json"
    assert main([str(path)]) == 0
    assert "meter (abb_b23):" in capsys.readouterr().out
    found = json.loads(path.read_text())
    (device,) = found["data"]["devices"].values()
    device["reading"]["roles"]["meter"]["frequency"]["value"] = 60.0
    other = tmp_path / "other.json"
    other.write_text(json.dumps(found))
    assert main([str(other)]) == 1
    assert "meter.frequency: was 60.0 (good), reads" in capsys.readouterr().out
    assert main([]) == 2
