"""What the guard's watchers tell people: meters that count backwards, chargers elsewhere, devices that do not obey."""

from collections.abc import Iterator
from dataclasses import replace

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.const import DOMAIN
from custom_components.ems.engine.control.battery import BatteryAsk, BatteryNow, BatteryOrder, BatterySpec
from custom_components.ems.engine.control.charger import ChargerNow, ChargerSpec
from custom_components.ems.engine.control.circuit import Circuit, CircuitTree
from custom_components.ems.engine.control.decision import Decided, Decision
from custom_components.ems.engine.control.flow import PhaseFlow
from custom_components.ems.engine.control.reasons import CONTROL_REASONS
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.engine.control.snapshot import (
    BatterySeen,
    ChargerSeen,
    MeterWord,
    Snapshot,
    State,
)
from custom_components.ems.engine.plan.result import Reason
from custom_components.ems.follow_watch import FollowWatch
from custom_components.ems.wiring_watch import WiringWatch
from tests.ha.flows import ENGLISH

NOW_S = 1_750_000_000.0
CAR = ChargerSpec(key="car", name="Wallbox", circuit="main", rotation=(1, 2, 3))
CELLS = BatterySpec(key="cells", name="Cells", circuit="main", charge_max_kw=5.0, discharge_max_kw=5.0)
SITE = Setup(
    tree=CircuitTree(circuits=(Circuit(key="main", name="House", limit_a=25.0),)),
    chargers=(CAR,),
    batteries=(CELLS,),
)


@pytest.fixture
def site(hass: HomeAssistant) -> MockConfigEntry:
    """A home that only lends its name."""
    entry = MockConfigEntry(domain=DOMAIN, title="Home", entry_id="home")
    entry.add_to_hass(hass)
    return entry


def said(hass: HomeAssistant) -> dict[str, str]:
    """Return every repair as an English reader sees it, by its id."""
    found = {}
    for (_, issue_id), issue in ir.async_get(hass).issues.items():
        texts = ENGLISH["issues"][str(issue.translation_key)]
        whole = f"{texts['title']}\n{texts['description']}"
        found[issue_id] = whole.format(**(issue.translation_placeholders or {}))
    return found


def swings(
    times: int, amps: tuple[float, float, float], shows: tuple[float, float, float]
) -> Iterator[tuple[float, bool, MeterWord, ChargerSeen]]:
    """Yield looks at a car that charges and rests in turn, every two seconds."""
    for look in range(times * 20):
        is_on = look // 10 % 2 == 1
        flows = {
            i + 1: PhaseFlow(active_a=2 + (a if is_on and look % 10 > 1 else 0)) for i, a in enumerate(shows)
        }
        drawn = amps if is_on and look % 10 > 1 else (0.0, 0.0, 0.0)
        now_s = NOW_S + 2 * look
        yield now_s, is_on, MeterWord(at_s=now_s, flows=flows), ChargerSeen(now=ChargerNow(drawn_a=drawn))


def look_at_wiring(
    watch: WiringWatch, times: int, amps: tuple[float, float, float], shows: tuple[float, float, float]
) -> None:
    for now_s, is_on, word, seen in swings(times, amps, shows):
        mode = "charge" if is_on else "off"
        told = Decision(key="car", mode=mode, source="plan", reason=Reason(key="ev_now"))
        decided = Decided(decisions={"car": told}, state=State())
        picture = Snapshot(now_s=now_s, day="", meters={}, chargers={"car": seen})
        watch.async_look(SITE, picture, decided, {"main": word}, {"main": "Grid meter"})


async def test_an_inverted_meter_is_told_and_believed_no_more(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    watch = WiringWatch(hass, site)
    look_at_wiring(watch, 1, (10, 10, 10), (-10, -10, -10))
    assert not watch.is_inverted("main")
    assert said(hass) == {}
    look_at_wiring(watch, 3, (10, 10, 10), (-10, -10, -10))
    assert watch.is_inverted("main")
    (text,) = said(hass).values()
    assert "Grid meter: counts the wrong way round" in text
    assert "in Home" in text
    # The clamps were turned: some charges later it is believed again.
    look_at_wiring(watch, 9, (10, 10, 10), (10, 10, 10))
    assert not watch.is_inverted("main")
    assert said(hass) == {}


async def test_one_inverted_phase_is_named(hass: HomeAssistant, site: MockConfigEntry) -> None:
    watch = WiringWatch(hass, site)
    look_at_wiring(watch, 4, (10, 10, 10), (10, -10, 10))
    assert watch.is_inverted("main")
    (text,) = said(hass).values()
    assert "Grid meter: L2 counts the wrong way round" in text


async def test_a_charger_elsewhere_is_told_with_the_order_to_enter(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    watch = WiringWatch(hass, site)
    look_at_wiring(watch, 4, (16, 0, 0), (0, 0, 16))
    assert not watch.is_inverted("main")
    (text,) = said(hass).values()
    assert "its current showed on L3, but its set-up says L1" in text
    assert "choose L3, L1, L2 as *Phases of the house*" in text


async def test_what_was_told_goes_with_the_home(hass: HomeAssistant, site: MockConfigEntry) -> None:
    watch = WiringWatch(hass, site)
    look_at_wiring(watch, 4, (16, 0, 0), (0, 0, 16))
    assert said(hass) != {}
    await site._async_process_on_unload(hass)
    assert said(hass) == {}


def look_at_followers(
    watch: FollowWatch,
    seconds: int,
    *,
    since_s: float = 0.0,
    power_kw: float = 0.0,
    reason: str = "ev_now",
    is_active: bool = True,
    is_reachable: bool = True,
) -> dict[str, Reason]:
    """Look every five seconds: the battery was told to charge with 3 kW, the car with 8 A."""
    found: dict[str, Reason] = {}
    for after_s in range(0, seconds, 5):
        told = Decision(key="car", mode="charge", source="plan", reason=Reason(key=reason), current_a=8.0)
        order = BatteryOrder(mode="charge", power_kw=3.0, key="battery_charge")
        decided = Decided(decisions={"car": told}, state=State(batteries={"cells": order}))
        now = ChargerNow(drawn_a=(15.96, 15.9, 15.9), is_reachable=is_reachable)
        cells = BatterySeen(now=BatteryNow(power_kw=power_kw, soc=0.5), ask=BatteryAsk(mode="charge"))
        picture = Snapshot(
            now_s=NOW_S + since_s + after_s,
            day="",
            meters={},
            chargers={"car": ChargerSeen(now=now)},
            batteries={"cells": cells},
        )
        found = dict(watch.async_look(SITE, picture, decided, is_active=is_active))
    return found


async def test_a_battery_that_does_nothing_is_told_after_a_minute(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    watch = FollowWatch(hass, site)
    assert look_at_followers(watch, 60) == {}
    reasons = look_at_followers(watch, 5, since_s=60)
    assert reasons["cells"] == Reason(key="battery_ignores", placeholders={"power": 0.0, "told": -3.0})
    assert set(reasons["cells"].placeholders) == CONTROL_REASONS["battery_ignores"].placeholders
    (text,) = said(hass).values()
    assert "EMS told Cells of Home to give -3 kW, and for a minute it has given 0 kW" in text
    assert look_at_followers(watch, 20, since_s=65, power_kw=-2.9) == {}
    assert said(hass) == {}


async def test_a_charger_that_draws_more_than_told_is_told_after_two_minutes(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    watch = FollowWatch(hass, site)
    look_at_followers(watch, 120, reason="ev_ignores", power_kw=-3.0)
    assert said(hass) == {}
    look_at_followers(watch, 5, since_s=120, reason="ev_ignores", power_kw=-3.0)
    (text,) = said(hass).values()
    assert "no more than 8 A per phase, and for two minutes it has drawn 16 A" in text
    # Silent now: nobody knows whether it follows.
    look_at_followers(watch, 60, since_s=125, reason="ev_silent", power_kw=-3.0, is_reachable=False)
    assert len(said(hass)) == 1
    look_at_followers(watch, 20, since_s=185, power_kw=-3.0)
    assert said(hass) == {}


async def test_who_is_told_nothing_ignores_nothing(hass: HomeAssistant, site: MockConfigEntry) -> None:
    watch = FollowWatch(hass, site)
    look_at_followers(watch, 300, reason="ev_ignores", is_active=False)
    assert said(hass) == {}
    look_at_followers(watch, 300, since_s=300, reason="ev_ignores")
    assert len(said(hass)) == 2
    look_at_followers(watch, 5, since_s=600, reason="ev_ignores", is_active=False)
    assert said(hass) == {}


async def test_a_device_that_is_gone_is_told_no_more(hass: HomeAssistant, site: MockConfigEntry) -> None:
    watch = FollowWatch(hass, site)
    look_at_followers(watch, 300, reason="ev_ignores")
    assert len(said(hass)) == 2
    bare = replace(SITE, chargers=(), batteries=())
    nothing = Snapshot(now_s=NOW_S + 300, day="", meters={})
    assert watch.async_look(bare, nothing, Decided(decisions={}, state=State()), is_active=True) == {}
    assert said(hass) == {}
