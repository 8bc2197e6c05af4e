"""A device that posts, in a real Home Assistant: from the form to the entity, with the example client."""

from collections.abc import AsyncIterator
import json

import pytest_asyncio

from script.lib.demo.site import DOMAIN
from script.lib.ha.flows import create_entry, create_subentry
from script.lib.ha.instance import HomeAssistant
from script.lib.ha.wait import until
from tests.support.push_client import push

SCRATCH = {
    "user": "scratch",
    "scratch": {"name": "Cottage", "phases": "3", "fuse_a": 25},
    "tariff": "tariff_fixed",
    "tariff_fixed": {"import_price": 0.3, "export_price": 0.08},
    "weather": {"kind": "none"},
}


@pytest_asyncio.fixture(loop_scope="session")
async def cottage(home_assistant: HomeAssistant) -> AsyncIterator[str]:
    """Add a home of one's own, and remove it."""
    site = await create_entry(home_assistant.rest, DOMAIN, SCRATCH)
    entry_id = site.result["result"]["entry_id"]
    yield entry_id
    await home_assistant.rest.request("DELETE", f"/api/config/config_entries/entry/{entry_id}")


async def test_a_meter_that_posts_reaches_its_entities(home_assistant: HomeAssistant, cottage: str) -> None:
    """With the address and the key that the form shows, and this machine's own clock."""
    rest = home_assistant.rest
    answers = {"user": "push", "push_key": {"skip": True}, "confirm": {"name": "Hall", "position": "grid"}}
    outcome = await create_subentry(rest, cottage, "meter", answers)
    told = outcome.step("push_key")["description_placeholders"]
    url, key = f"{home_assistant.base}/api/ems/ingest/{told['key_id']}", told["key"]

    async def taken() -> bool:
        code, _ = await push(url, key, "--stamp", "energy_consumed=0.05", "power=1250")
        return code == 0

    await until("the home to take a report", taken, timeout_s=120)

    async def shown() -> bool:
        state = (await rest.states()).get("sensor.hall_power")
        return state is not None and float(state["state"]) == 1250

    await until("the entity to show it", shown, timeout_s=60)
    code, said = await push(url, key, "--status")
    assert (code, json.loads(said)["configuration"]["fields_in_use"]) == (0, ["energy_consumed", "power"])
    code, said = await push(url, "another key", "power=1")
    assert (code, said[:18]) == (1, "not delivered: 403")
