"""A load too much for the fuse, in a real Home Assistant with real wires: the charger makes room and says why."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from benchmarks.reaction_home import ENTRY_ID, GARAGE_ID, SteppedHome, stepped_home, write_config
from script.lib.demo.site import entities_of
from script.lib.ha.instance import HomeAssistant, run_home_assistant
from script.lib.ha.log import problems
from script.lib.ha.ports import free_ports
from script.lib.ha.wait import until

PLENTY_A, LITTLE_A = 16.5, 8.5


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home() -> AsyncIterator[SteppedHome]:
    """Serve a home whose load is stepped by hand."""
    async with stepped_home() as served:
        served.leave_room(PLENTY_A)
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarding(
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path, home: SteppedHome
) -> AsyncIterator[HomeAssistant]:
    """Start a Home Assistant that steers this home from the first minute."""
    folder = tmp_path_factory.mktemp("reaction")
    (port,) = free_ports(1)
    write_config(folder, home, port)
    async with run_home_assistant(folder, port=port, log=artifacts / "reaction.log") as running:
        yield running


async def _reason(guarding: HomeAssistant) -> dict[str, Any]:
    """Return what the garage says about itself."""
    entities = await entities_of(guarding, ENTRY_ID)
    entity = next(each for each in entities if each.owner == GARAGE_ID and each.key == "control_reason")
    return dict(await guarding.rest.state(entity.entity_id))


async def test_a_load_lowers_the_register_and_the_current_comes_back(
    guarding: HomeAssistant, home: SteppedHome
) -> None:
    """From a current that the fuse carries to one that fits beside the load, and up again when that is gone."""

    async def charges_well() -> bool:
        return home.box.setpoint_a > 10 and home.drawn_a > 10

    async def fits() -> bool:
        return home.box.setpoint_a <= LITTLE_A

    async def says_fuse() -> dict[str, Any] | None:
        said = await _reason(guarding)
        return said if said["attributes"].get("limited_by") == "fuse" else None

    await until("the car to charge", charges_well, timeout_s=120)
    home.leave_room(LITTLE_A)
    await until("the charger to make room", fits, timeout_s=30, every_s=0.1)
    assert home.box.setpoint_a >= 6
    said = await until("the reason", says_fuse, timeout_s=30)
    assert said["attributes"]["phase"] in ("L1", "L2", "L3")
    assert said["attributes"]["circuit"] in said["state"]
    assert said["attributes"]["phase"] in said["state"]

    home.leave_room(PLENTY_A)
    await until("the current to come back", charges_well, timeout_s=60)


async def test_nothing_was_complained_about(guarding: HomeAssistant) -> None:
    """Last, so that it sees what the test above did."""
    assert problems(guarding.log) == []
