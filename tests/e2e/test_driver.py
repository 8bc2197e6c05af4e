"""The driver itself, shown on integrations of Home Assistant: what fails elsewhere is then not the driver."""

from pathlib import Path

import pytest

from script.lib.ha.flows import FlowError, create_entry, create_subentry
from script.lib.ha.instance import HomeAssistant
from script.lib.ha.log import records
from script.lib.ha.screenshots import find_chromium, open_camera

PNG = b"\x89PNG\r\n\x1a\n"


async def test_home_assistant_runs_and_knows_us(home_assistant: HomeAssistant) -> None:
    """The version is the one the workshop pins."""
    assert await home_assistant.version() == "2026.10.4"
    assert (await home_assistant.websocket.call("auth/current_user"))["is_owner"]


async def test_flow_with_a_menu_and_a_form(home_assistant: HomeAssistant) -> None:
    """A template sensor is a menu, a form, and an entity."""
    answers = {"user": "sensor", "sensor": {"name": "Answer", "state": "{{ 6 * 7 }}"}}
    outcome = await create_entry(home_assistant.rest, "template", answers)
    assert [step["type"] for step in outcome.steps] == ["menu", "form", "create_entry"]
    assert (await home_assistant.rest.state("sensor.answer"))["state"] == "42"


async def test_subentry_flow(home_assistant: HomeAssistant) -> None:
    """Devices of EMS are subentries; core's kitchen sink has them too."""
    entries = await home_assistant.websocket.call("config_entries/get", domain="kitchen_sink")
    answers = {"add_sensor": {"name": "Bucket", "state": 7}}
    await create_subentry(home_assistant.rest, entries[0]["entry_id"], "entity", answers)
    subentries = await home_assistant.websocket.call(
        "config_entries/subentries/list", entry_id=entries[0]["entry_id"]
    )
    assert "Bucket" in [each["title"] for each in subentries]


async def test_flow_says_which_step_has_no_answer(home_assistant: HomeAssistant) -> None:
    """A renamed step must not look like a time-out."""
    with pytest.raises(FlowError, match="no answer given for the form sensor"):
        await create_entry(home_assistant.rest, "template", {"user": "sensor"})


async def test_flow_says_what_a_form_refused(home_assistant: HomeAssistant) -> None:
    """A form that comes back with errors ends the walk: a threshold needs a limit."""
    form = {"name": "Never", "entity_id": "sensor.answer", "hysteresis": 0}
    with pytest.raises(FlowError, match=r"refused its answer.*need_lower_upper"):
        await create_entry(home_assistant.rest, "threshold", {"user": form})


async def test_action_with_a_response(home_assistant: HomeAssistant) -> None:
    """`ems.get_plan` answers this way."""
    response = await home_assistant.rest.call_with_response(
        "recorder.get_statistics",
        start_time="2026-01-01T00:00:00+00:00",
        statistic_ids=["sensor.answer"],
        period="hour",
        types=["mean"],
    )
    assert response == {"statistics": {}}


async def test_log_is_read(home_assistant: HomeAssistant) -> None:
    """A scan of a log in another format than expected would find nothing, ever."""
    loggers = {record.logger for record in records(home_assistant.log.read_text(encoding="utf-8"))}
    assert {"homeassistant.bootstrap", "homeassistant.setup"} <= loggers


@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
async def test_screenshot(home_assistant: HomeAssistant, artifacts: Path) -> None:
    """A picture of the overview, drawn without JavaScript errors."""
    async with open_camera(home_assistant.base, home_assistant.tokens) as camera:
        file = await camera.shoot("/home/overview", artifacts / "overview.png")
        assert camera.errors == []
    assert file.read_bytes().startswith(PNG)
