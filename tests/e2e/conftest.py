"""End-to-end tests start real programs and open real sockets; script/test runs them apart from the others."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from script.lib.demo.stage import Stage, set_stage
from script.lib.ha.config_dir import write_config_dir
from script.lib.ha.instance import HomeAssistant, run_home_assistant
from script.lib.ha.ports import free_ports
from tests.support.tree import COMPONENT, ROOT

# A start takes 20 s on an idle machine, and machines are not idle.
E2E_TIMEOUT_S = 600
# Kept after the run: the log and the pictures are what a failure is understood from.
ARTIFACTS = ROOT / "build" / "e2e"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test here the time that real programs need, and one event loop to share them in."""
    for item in items:
        item.add_marker(pytest.mark.timeout(E2E_TIMEOUT_S))
        item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Return the folder for logs and pictures."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return ARTIFACTS


# Module scope: one Home Assistant at a time is enough for two cores.
@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home_assistant(
    tmp_path_factory: pytest.TempPathFactory, artifacts: Path
) -> AsyncIterator[HomeAssistant]:
    """Start a Home Assistant without EMS."""
    config_dir = tmp_path_factory.mktemp("home-assistant")
    (port,) = free_ports(1)
    # Core's own test integration has a subentry flow, which proves the driver without EMS.
    write_config_dir(config_dir, port=port, component=COMPONENT, extra_yaml="kitchen_sink:\n")
    async with run_home_assistant(config_dir, port=port, log=artifacts / "driver.log") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory, artifacts: Path) -> AsyncIterator[Stage]:
    """Start the demo home, a Home Assistant, and EMS' site in it."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("stage")
    async with set_stage(folder, logs=artifacts, port=port, home_ports=("--free-ports",)) as running:
        yield running
