"""Limits beside fuses, in a home of entities: what an operator's contact, a clock and a month's peak make of them."""

from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.limits_now import LimitsNow
from custom_components.ems.adapters.operator_limit import OperatorContact
from custom_components.ems.const import DOMAIN
from custom_components.ems.engine.control.pv import ExportPolicy
from custom_components.ems.engine.control.quarter_hour import limit_kw
from tests.ha.clock import Clock, settle, wall_s
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import BATTERY_PARAMS, CHARGER_PARAMS, PV_PARAMS, Site, entity_device, home_of_entities

CONTACT = "binary_sensor.control_box"
GRID = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
SUN = entity_device("pv", "Roof", PV_PARAMS, power_entity="sensor.sun")
CELLS = entity_device(
    "battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"
)
WALLBOX = entity_device(
    "charger",
    "Wallbox",
    CHARGER_PARAMS,
    power_entity="sensor.wallbox",
    connected_entity="binary_sensor.plug",
)
LIMIT, DIMMED, POLICY, TARGET = (
    *("sensor.home_power_limit", "binary_sensor.home_limited_by_the_network_operator"),
    *("select.home_feed_in", "number.home_peak_target"),
)


def limited(*devices: dict[str, Any], **options: Any) -> Site:
    """Return a home with options."""
    site = home_of_entities(GRID, *devices)
    site.options = options
    return site


def now(entry: MockConfigEntry) -> LimitsNow:
    """Return the limits of this moment, as the guard will ask for them."""
    found: LimitsNow = entry.runtime_data.limits.now(wall_s())
    return found


def shown(hass: HomeAssistant, entity_id: str = LIMIT) -> tuple[str, dict[str, Any]]:
    """Return state and attributes."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state, dict(state.attributes)


def issue(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the repair about an operator that is not heard."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"operator_{entry.entry_id}")


@pytest.fixture(autouse=True)
def read(hass: HomeAssistant) -> None:
    """Let every sensor say something."""
    read_home(hass)


async def test_without_any_wish_only_the_connection_limits(hass: HomeAssistant, add_site: AddSite) -> None:
    """Three phases of 25 A; nobody dims, no hour is special, no peak is paid for."""
    entry = await add_site(limited())
    found = now(entry)
    assert (found.operator_kw, found.cap_kw, found.quarter, found.target_kw) == (None, None, None, None)
    state, attributes = shown(hass)
    assert float(state) == 17.25
    assert attributes["limited_by"] == "connection"
    assert attributes["operator_kw"] is attributes["time_of_day_kw"] is attributes["quarter_hour_kw"] is None
    assert shown(hass, DIMMED)[0] == "off"
    assert issue(hass, entry) is None


async def test_the_contract_or_the_fuse_limits_whichever_is_less(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """A slider may say more than a fuse carries."""
    entry = await add_site(limited(import_max_kw=20.0))
    assert now(entry).connection_kw == 17.25
    entry.runtime_data.settings.set("import_max_kw", 11.0)
    assert now(entry).connection_kw == 11.0


# The operator.


@pytest.mark.parametrize(
    ("state", "unit", "options", "limit_kw"),
    [
        ("on", None, {}, 4.2),  # one device at least
        ("off", None, {}, None),
        ("off", None, {"limited_when": "off"}, 4.2),  # closed while all is well
        ("on", None, {"limited_when": "off"}, None),
        ("on", None, {"limit_kw": 6.0}, 6.0),
        ("on", None, {"limit_kw": 17.25}, None),  # no less than the connection has anyway
        ("on", None, {"limit_kw": 0.0}, 0.0),  # 0 is a number
        ("unknown", None, {}, None),
        ("unavailable", None, {}, None),
        ("half", None, {}, None),
    ],
)
async def test_a_contact_dims_to_what_was_set(
    hass: HomeAssistant, add_site: AddSite, state: str, unit: str | None, options: Any, limit_kw: float | None
) -> None:
    hass.states.async_set(CONTACT, state)
    entry = await add_site(limited(operator={"entity_id": CONTACT, **options}))
    assert now(entry).operator_kw == limit_kw
    assert now(entry).operator_kw == limit_kw
    assert shown(hass, DIMMED)[0] == ("off" if limit_kw is None else "on")


@pytest.mark.parametrize(
    ("value", "unit", "limit_kw"),
    [
        (4200, "W", 4.2),
        (0.0105, "MW", 10.5),
        (0, "kW", 0.0),
        (17.25, "kW", None),
        (99_999, "kW", None),
        (-1, "kW", None),  # nothing that could be understood
        ("much", "kW", None),
        (4200, "l", None),
        ("unknown", "kW", None),
    ],
)
async def test_a_number_says_how_much_is_left(
    hass: HomeAssistant, add_site: AddSite, value: Any, unit: str, limit_kw: float | None
) -> None:
    set_sensor(hass, "sensor.left", value, unit)
    entry = await add_site(limited(operator={"entity_id": "sensor.left"}))
    assert now(entry).operator_kw == (limit_kw if limit_kw is None else pytest.approx(limit_kw))
    assert now(entry).operator_kw == (limit_kw if limit_kw is None else pytest.approx(limit_kw))


async def test_several_devices_are_left_what_the_german_rule_says(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """A wallbox of 11 kW and a battery of 5 kW: 4.2 + 0.8 · 4.2. A socket of 3.7 kW is none of the operator's."""
    hass.states.async_set(CONTACT, "on")
    small = entity_device(
        "charger",
        "Socket",
        {**CHARGER_PARAMS, "phases": "1"},
        power_entity="sensor.wallbox_2",
        connected_entity="binary_sensor.plug",
    )
    entry = await add_site(limited(CELLS, WALLBOX, small, operator={"entity_id": CONTACT}))
    assert now(entry).operator_kw == pytest.approx(7.56)
    state, attributes = shown(hass)
    assert (float(state), attributes["limited_by"]) == (7.56, "operator")


async def test_the_contact_is_heard_at_once(hass: HomeAssistant, add_site: AddSite) -> None:
    """No meter has to move for it."""
    hass.states.async_set(CONTACT, "off")
    await add_site(limited(operator={"entity_id": CONTACT}))
    hass.states.async_set(CONTACT, "on")
    await settle(hass)
    state, attributes = shown(hass, DIMMED)
    assert (state, attributes["limit_kw"], attributes["silent_since"]) == ("on", 4.2, None)
    assert float(shown(hass)[0]) == 4.2
    hass.states.async_set(CONTACT, "off")
    await settle(hass)
    assert shown(hass, DIMMED)[0] == "off"
    assert float(shown(hass)[0]) == 17.25


async def test_a_contact_that_is_lost_while_it_dims_holds_for_two_hours(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """A repair after five minutes says so, and goes with the next word."""
    hass.states.async_set(CONTACT, "on")
    entry = await add_site(limited(operator={"entity_id": CONTACT}))
    hass.states.async_set(CONTACT, "unavailable")
    await settle(hass)
    lost_at = dt_util.utcnow()
    assert shown(hass, DIMMED)[1]["silent_since"] == lost_at
    await clock.live(hass, 240, step_s=60)
    assert issue(hass, entry) is None  # a reload of the other integration
    await clock.live(hass, 120, step_s=60)
    found = issue(hass, entry)
    assert found is not None
    assert found.translation_placeholders == {"home": "Home", "entity": CONTACT}
    assert shown(hass, DIMMED)[0] == "on"
    await clock.live(hass, 7200 - 400, step_s=300)
    assert shown(hass, DIMMED)[0] == "on"
    await clock.live(hass, 120, step_s=60)
    assert shown(hass, DIMMED)[0] == "off"  # a broken wire does not dim for ever
    assert issue(hass, entry) is not None
    hass.states.async_set(CONTACT, "on")
    await settle(hass)
    assert (shown(hass, DIMMED)[0], issue(hass, entry)) == ("on", None)


async def test_the_last_word_outlives_a_restart(hass: HomeAssistant, add_site: AddSite, clock: Clock) -> None:
    """Other integrations come up later: for that moment a dimmed home must not take all it can."""
    hass.states.async_set(CONTACT, "on")
    entry = await add_site(limited(operator={"entity_id": CONTACT}))
    await hass.config_entries.async_unload(entry.entry_id)
    hass.states.async_remove(CONTACT)
    await clock.tick(hass, 60)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert now(entry).operator_kw == 4.2
    assert now(entry).operator.silent_at_s == wall_s()


async def test_another_entity_begins_with_its_own_word(hass: HomeAssistant, add_site: AddSite) -> None:
    """What the first one said is nothing the second one has to take back; and it is listened to at once."""
    hass.states.async_set(CONTACT, "on")
    entry = await add_site(limited(operator={"entity_id": CONTACT}))
    assert now(entry).operator_kw == 4.2
    entry.runtime_data.settings.set("operator", {"entity_id": "switch.dimmer"})
    await settle(hass)
    assert now(entry).operator_kw is None
    hass.states.async_set("switch.dimmer", "on")
    await settle(hass)
    assert shown(hass, DIMMED)[0] == "on"
    entry.runtime_data.settings.set("operator", {})
    await settle(hass)
    assert (now(entry).operator_kw, shown(hass, DIMMED)[0]) == (None, "off")


async def test_a_lost_operator_is_forgotten_with_the_home(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    entry = await add_site(limited(operator={"entity_id": CONTACT}))
    await clock.live(hass, 360, step_s=60)
    assert issue(hass, entry) is not None
    await hass.config_entries.async_unload(entry.entry_id)
    assert issue(hass, entry) is None


async def test_listening_writes_to_the_store_only_when_there_is_news(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """The guard asks every few seconds; the disk need not know."""
    hass.states.async_set(CONTACT, "on")
    entry = await add_site(limited(operator={"entity_id": CONTACT}))
    store = entry.runtime_data.store
    await store.async_flush()
    contact = OperatorContact(hass, entry, store)
    for _ in range(3):
        clock.move(5)
        contact.now(wall_s(), 17.25)
    assert store._is_due is False
    hass.states.async_set(CONTACT, "off")
    contact.now(wall_s(), 17.25)
    assert store._is_due is True


# By the clock.


async def test_a_limit_by_the_clock_begins_and_ends_without_anything_else_moving(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """It is 12:00:30; one window begins at 12:05, a smaller one lies inside."""
    caps = [
        {"start": "12:05:00", "end": "12:20:00", "limit_kw": 8.0},
        {"start": "12:10:00", "end": "12:15:00", "limit_kw": 6, "weekdays": ["mon"]},
        {"start": "12:10:00", "end": "12:15:00", "limit_kw": 1, "weekdays": ["tue"]},
    ]
    await add_site(limited(caps=caps))
    seen = {}
    for at in ("12:04:59", "12:05:01", "12:10:01", "12:15:01", "12:20:01"):
        await clock.move_to(hass, f"2026-06-15T{at}+02:00")
        state, attributes = shown(hass)
        seen[at] = float(state), attributes["limited_by"]
    assert seen == {
        "12:04:59": (17.25, "connection"),
        "12:05:01": (8.0, "time_of_day"),
        "12:10:01": (6.0, "time_of_day"),
        "12:15:01": (8.0, "time_of_day"),
        "12:20:01": (17.25, "connection"),
    }


# The quarter-hour.


async def test_the_quarter_hour_s_rest_is_a_limit_that_breathes(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """5 min at 2 kW of a target of 6: (0.98 · 1.5 - 2/12) kWh over 10 min are 7.82 kW."""
    await clock.move_to(hass, "2026-06-15T12:15:00+02:00")
    set_sensor(hass, "sensor.grid", 2000, "W")
    entry = await add_site(limited(demand_charge=5.0, peak_target=6.0))
    await clock.live(hass, 300, step_s=30)
    found = now(entry)
    assert (found.target_kw, found.quarter.start_s) == (6.0, wall_s() - 300)
    assert found.quarter.imported_kwh == pytest.approx(2 / 12)
    assert limit_kw(6.0, found.quarter, wall_s()) == pytest.approx(7.82)
    entry.runtime_data.limits.async_look()
    state, attributes = shown(hass)
    assert (float(state), attributes["limited_by"]) == (7.82, "quarter_hour")
    assert attributes["peak_target_kw"] == 6.0
    set_sensor(hass, "sensor.grid", 14_000, "W")
    await settle(hass)
    await clock.live(hass, 240, step_s=30)
    # 4 min at 14 kW more: 0.37 kWh over 6 min.
    entry.runtime_data.limits.async_look()
    assert float(shown(hass)[0]) == pytest.approx((1.47 - 2 / 12 - 14 / 15) * 10, abs=0.01)


async def test_the_quarter_hour_goes_on_between_two_looks_at_the_meter(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """The guard asks when it likes: what was drawn last goes on until then, also into the next quarter-hour."""
    await clock.move_to(hass, "2026-06-15T12:14:50+02:00")
    entry = await add_site(limited(demand_charge=5.0, peak_target=6.0))
    set_sensor(hass, "sensor.grid", 9000, "W")
    await settle(hass)
    clock.move(5)
    assert now(entry).quarter.start_s == wall_s() - 895
    clock.move(25)
    found = now(entry).quarter
    assert found.start_s == wall_s() - 20
    assert found.imported_kwh == pytest.approx(9 * 20 / 3600)


async def test_what_nobody_saw_counts_as_drawn_at_the_target_s_pace(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """EMS came up in the tenth minute: neither everything nor nothing is left for the other five."""
    await clock.move_to(hass, "2026-06-15T12:10:00+02:00")
    entry = await add_site(limited(demand_charge=5.0, peak_target=6.0))
    found = now(entry)
    assert found.quarter.imported_kwh == pytest.approx(0.98)
    assert limit_kw(6.0, found.quarter, wall_s()) == pytest.approx(5.88)


@pytest.mark.parametrize("past_s", [40, -40])
async def test_quarter_hours_follow_the_network_s_clock(
    hass: HomeAssistant, add_site: AddSite, clock: Clock, past_s: int
) -> None:
    """A meter that is 40 s late begins at 12:15:40 of our clock, and its month's peak is counted so."""
    begins = 40 if past_s > 0 else -40
    options = {"floor_kw": 0, "starts_past_s": past_s}
    set_sensor(hass, "sensor.grid", 1000, "W")
    entry = await add_site(limited(demand_charge=5.0, peak_target=6.0, quarter_hour=options))
    start_s = datetime.fromisoformat("2026-06-15T12:15:00+02:00").timestamp() + begins
    await clock.live(hass, start_s - wall_s(), step_s=10)
    set_sensor(hass, "sensor.grid", 6000, "W")
    await settle(hass)
    assert now(entry).quarter.start_s == start_s
    await clock.live(hass, 900, step_s=30)
    record = entry.runtime_data.peak.record
    assert record.last_kw == pytest.approx(6.0)
    assert now(entry).quarter.start_s == start_s + 900
    # As that meter shows it.
    assert record.highest_at_s == datetime.fromisoformat("2026-06-15T12:15:00+02:00").timestamp()


async def test_a_target_is_found_by_itself(hass: HomeAssistant, add_site: AddSite, clock: Clock) -> None:
    """The month's peak so far, what is paid for anyway, or what the plan pays for: the highest of them."""
    set_sensor(hass, "sensor.grid", 1000, "W")
    entry = await add_site(limited(demand_charge=5.0))
    entry.runtime_data.plan.data.outlook.plan.import_kw[:] = 0
    entry.runtime_data.limits._planned = (None, None)
    assert now(entry).target_kw is None  # nobody knows of a peak yet
    assert now(entry).quarter is None
    entry.runtime_data.settings.set("quarter_hour", {"floor_kw": 2.5, "starts_past_s": 0})
    assert now(entry).target_kw == 2.5
    entry.runtime_data.peak.record.highest_kw = 4.5
    assert now(entry).target_kw == 4.5
    entry.runtime_data.settings.set("peak_target", 3.0)  # lower than what was reached: as people wish
    assert now(entry).target_kw == 3.0
    entry.runtime_data.settings.set("demand_charge", 0.0)
    assert now(entry).target_kw is None


async def test_a_target_that_is_found_leaves_what_the_plan_pays_for(
    hass: HomeAssistant, add_site: AddSite, clock: Clock
) -> None:
    """15 kWh by seven in the morning do not go through a peak of half a kilowatt: the guard lets the plan have it."""
    set_sensor(hass, "sensor.grid", 500, "W")
    entry = await add_site(limited(WALLBOX, demand_charge=5.0))
    found = now(entry)
    plan = entry.runtime_data.plan.current
    assert 0.5 < found.target_kw <= plan.import_kw.max()
    assert now(entry).target_kw == found.target_kw
    await clock.tick(hass, 3600)  # nobody plans any more, and a plan too old decides nothing


async def test_the_plan_knows_what_is_paid_for_anyway(hass: HomeAssistant, add_site: AddSite) -> None:
    """Below the floor a peak is free: to spread a car's charging further would save nothing."""
    entry = await add_site(limited(demand_charge=5.0, quarter_hour={"floor_kw": 2.5, "starts_past_s": 0}))
    assert entry.runtime_data.plan.data.outlook.problem.peak.so_far_kw == 2.5


async def test_the_peak_target_is_an_entity(hass: HomeAssistant, add_site: AddSite) -> None:
    """Few need it, so it is disabled at first; 0 means that EMS finds it."""
    entry = await add_site(limited(demand_charge=5.0))
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id("number", DOMAIN, f"{entry.entry_id}_peak_target")
    assert entity_id == TARGET
    assert hass.states.get(TARGET) is None
    registry.async_update_entity(TARGET, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert shown(hass, TARGET)[0] == "0.0"
    await hass.services.async_call("number", "set_value", {"entity_id": TARGET, "value": 5.5}, blocking=True)
    assert (shown(hass, TARGET)[0], now(entry).target_kw) == ("5.5", 5.5)


# Feeding in.


@pytest.mark.parametrize(
    ("price_min", "policy"), [(None, ExportPolicy.ALWAYS), (0.02, ExportPolicy.ABOVE_PRICE)]
)
async def test_a_least_price_that_was_set_up_is_a_choice_already(
    hass: HomeAssistant, add_site: AddSite, price_min: float | None, policy: ExportPolicy
) -> None:
    site = limited(SUN)
    if price_min is not None:
        site.data["grid"]["export_price_min"] = price_min
    entry = await add_site(site)
    assert shown(hass, POLICY)[0] == policy
    assert now(entry).export.policy is policy
    assert entry.runtime_data.plan.data.outlook.problem.site.grid.export_price_min_per_kwh == price_min


@pytest.mark.parametrize(
    ("policy", "export_max_kw", "price_min", "allowed_kw"),
    [
        ("always", 17.25, None, 17.25),
        ("above_price", 17.25, 0.0, 0.0),  # at -1 ct
        ("never", 0.0, None, 0.0),
    ],
)
async def test_plan_and_guard_keep_to_one_choice(
    hass: HomeAssistant,
    add_site: AddSite,
    policy: str,
    export_max_kw: float,
    price_min: float | None,
    allowed_kw: float,
) -> None:
    """What the guard cuts off the plan must not count on."""
    entry = await add_site(limited(SUN))
    await hass.services.async_call(
        "select", "select_option", {"entity_id": POLICY, "option": policy}, blocking=True
    )
    await settle(hass)
    assert shown(hass, POLICY)[0] == policy
    grid = entry.runtime_data.plan.data.outlook.problem.site.grid
    assert (grid.export_max_kw, grid.export_price_min_per_kwh) == (export_max_kw, price_min)
    assert now(entry).export.allowed_kw(-0.01) == allowed_kw
