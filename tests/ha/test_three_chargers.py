"""The whole demo home in Home Assistant: three chargers behind 25 A, wired as they are, and held below the fuse."""

from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.demo import DemoHome, DemoPorts, Direct
from tests.ha.clock import Clock
from tests.ha.conftest import AddSite
from tests.ha.sites import async_demo_site

EVENING = "2026-06-15T22:00:00+02:00"
FUSE_A = 25.0
# Two polls of the meter, and the five seconds that a car takes.
REACTION_S = 15


@pytest.fixture
async def full_home(vienna: None, clock: Clock) -> AsyncIterator[DemoHome]:
    """Run a demo home with all it has, one evening when every car is at home and hungry."""
    clock.move(
        dt_util.parse_datetime(EVENING, raise_on_error=True).timestamp() - dt_util.utcnow().timestamp()
    )
    demo = DemoHome(seed=1, timezone=dt_util.get_default_time_zone())
    for point in demo.home.points:
        point.car.energy_wh = 0.3 * point.car.spec.capacity_wh
    await demo.async_start(ports=DemoPorts.free())
    clock.followers.append(demo.advance)
    yield demo
    await demo.async_stop()


@pytest.fixture
async def full_site(hass: HomeAssistant, full_home: DemoHome, add_site: AddSite) -> MockConfigEntry:
    """Set it up as the flow does."""
    return await add_site(await async_demo_site(hass, full_home))


def fuse_a(home: DemoHome) -> float:
    """Return the current on the fullest phase of the connection. [A]."""
    direct = Direct(home.home).meter()
    assert direct is not None
    return max(direct.current_a)


async def test_every_charger_is_read_and_known_as_it_is_wired(
    full_home: DemoHome, full_site: MockConfigEntry
) -> None:
    """What the flow says of rotation and currents is what hangs on the wall."""
    assert all(device.is_fresh for device in full_site.runtime_data.devices.values())
    chargers = {spec.name: spec for spec in full_site.runtime_data.guard.data.setup.chargers}
    assert set(chargers) == {"Garage", "Carport", "Courtyard"}
    for point in full_home.home.points:
        spec, box = chargers[point.spec.name], point.spec.box
        assert spec.rotation == tuple(phase + 1 for phase in box.rotation[: box.phases])
        assert spec.phases == box.phases
        assert spec.current_max_a <= box.station_max_a
        assert spec.safe_a == 6
    assert [spec.name for spec in chargers.values() if spec.switches_phases] == ["Courtyard"]


async def test_three_cars_that_shall_all_charge_at_once_stay_below_the_fuse(
    hass: HomeAssistant, full_home: DemoHome, full_site: MockConfigEntry, clock: Clock
) -> None:
    """Sixteen, twenty and sixteen amperes are wanted; on L2 alone that would be more than fifty."""
    for name, wanted_a in (("garage", 16), ("carport", 20), ("courtyard", 16)):
        entity_id = f"number.{name}_current_limit"
        await hass.services.async_call(
            "number", "set_value", {"entity_id": entity_id, "value": wanted_a}, blocking=True
        )
    above_s, longest_s, charged = 0, 0, 0.0
    for _ in range(90):
        await clock.live(hass, 1, 1)
        above_s = above_s + 1 if fuse_a(full_home) > FUSE_A + 0.1 else 0
        longest_s = max(longest_s, above_s)
        charged += full_home.truth()["car_total_w"] / 3600
    assert longest_s <= REACTION_S
    assert above_s == 0
    assert charged > 100, "they do charge"
