"""`ems.simulate`: what the home would cost, without touching it."""

from datetime import datetime
import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.what_if import NEW_ARRAY, _noon_deg
from custom_components.ems.engine.forecast.sky import Place
from custom_components.ems.engine.plan.result import Reason
from custom_components.ems.engine.plan.what_if import NEW_BATTERY
from tests.ha.conftest import AddSite
from tests.ha.foreign import read_home
from tests.ha.sites import BATTERY_PARAMS, entity_device, home_of_entities, subentry_id
from tests.ha.test_actions import act, check_series

NOON = datetime.fromisoformat("2026-06-15T12:00:00+02:00")
NIGHT_TARIFF = {
    "kind": "time_of_use",
    "import_price": 0.40,
    "export_price": 0.05,
    "windows": [{"start": "22:00:00", "end": "06:00:00", "price": 0.20}],
}


async def small_home(hass: HomeAssistant, add_site: AddSite, *more: Any) -> MockConfigEntry:
    """Set up a home with a meter, cheap nights, and what else is named."""
    read_home(hass)
    meter = entity_device("meter", "Grid", {"position": "grid"}, power_entity="sensor.grid")
    return await add_site(home_of_entities(meter, *more, tariff=NIGHT_TARIFF))


def stored(name: str, kwh: float, entity: str) -> dict[str, Any]:
    """Return a battery of a size."""
    params = {**BATTERY_PARAMS, "capacity_kwh": kwh}
    return entity_device("battery", name, params, power_entity=entity, soc_entity="sensor.soc")


async def test_nothing_is_touched(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No entity, no device, no plan, nor what the next plan starts from."""
    data = entry.runtime_data
    state, settled = data.plan.data, data.plan._settled
    shown = {each.entity_id: each.as_dict() for each in hass.states.async_all()}
    writes = {key: list(channel.writes) for key, channel in data.dispatcher.channels.items()}
    heard: list[int] = []
    data.plan.async_add_listener(lambda: heard.append(1))
    # Nobody lets time pass between the two looks, so nothing else may have moved.
    answer = await hass.services.async_call(
        "ems",
        "simulate",
        {"battery_capacity_kwh": 40, "strategy": "peak_shaving", "import_price_factor": 2},
        blocking=True,
        return_response=True,
    )
    assert answer["plan"]["strategy"] == "peak_shaving"
    assert data.plan.data is state
    assert data.plan._settled is settled
    assert {each.entity_id: each.as_dict() for each in hass.states.async_all()} == shown
    assert {key: list(channel.writes) for key, channel in data.dispatcher.channels.items()} == writes
    assert heard == []
    assert data.settings.strategy == "auto"


async def test_it_does_not_wait_for_a_plan_that_is_being_made(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Nor does a plan wait for it."""
    async with entry.runtime_data.plan._lock:
        assert (await act(hass, "simulate"))["plan"]["status"] == "ok"


async def test_nothing_changed_makes_no_difference(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Both plans are made the same way, from the same picture."""
    answer = await act(hass, "simulate")
    assert answer["changes"] == {}
    assert answer["added"] == []
    different = {**answer["difference"], **answer["difference"]["costs"]}
    del different["costs"]
    assert different.pop("unmet_wishes") == []
    assert set(different.values()) == {0.0}
    for key in ("expected_cost", "baseline_cost", "import_kwh", "costs", "strategy", "horizon_h"):
        assert answer["current"][key] == answer["plan"][key]
    check_series(answer["plan"]["steps"])
    assert set(answer["plan"]) >= {"diagnostics", "unmet_wishes", "devices", "status", "reasons"}
    assert "steps" not in answer["current"]


async def test_a_larger_battery_is_used_and_pays(hass: HomeAssistant, add_site: AddSite) -> None:
    """Twice the size, cheap nights, dear days: it is filled further, and the plan costs less."""
    entry = await small_home(hass, add_site, stored("Cellar", 5.0, "sensor.battery"))
    battery = subentry_id(entry, "battery")
    answer = await act(hass, "simulate", battery_capacity_kwh=10)
    assert answer["changes"] == {"battery_capacity_kwh": 10}
    assert answer["difference"]["expected_cost"] < -0.1
    saved = answer["plan"]["expected_cost"] - answer["current"]["expected_cost"]
    assert answer["difference"]["expected_cost"] == pytest.approx(saved, abs=1e-3)
    rows = answer["plan"]["devices"][battery]["steps"]
    assert 5.1 < max(row["energy_kwh"] for row in rows) <= 10.001
    without = await act(hass, "simulate", battery_capacity_kwh=0)
    assert without["difference"]["expected_cost"] > 0.1
    assert {row["power_kw"] for row in without["plan"]["devices"][battery]["steps"]} == {0.0}


async def test_one_of_several_batteries_is_named(hass: HomeAssistant, add_site: AddSite) -> None:
    """By its name as people see it, or by its id; unnamed, all of them share."""
    cellar, garage = stored("Cellar", 5.0, "sensor.battery"), stored("Garage", 15.0, "sensor.battery2")
    hass.states.async_set("sensor.battery2", "0", {"unit_of_measurement": "W"})
    entry = await small_home(hass, add_site, cellar, garage)
    ids = {each.title: each.subentry_id for each in entry.subentries.values()}

    async def fullest(**change: Any) -> list[float]:
        answer = await act(hass, "simulate", battery_power_kw=40, import_price_factor=5, **change)
        devices = answer["plan"]["devices"]
        rows = (devices[ids[name]]["steps"] for name in ("Cellar", "Garage"))
        return [max(row["energy_kwh"] for row in each) for each in rows]

    for named in ("cellar", "Cellar", ids["Cellar"]):
        cellar_kwh, garage_kwh = await fullest(battery=named, battery_capacity_kwh=2)
        assert cellar_kwh <= 2.001
        assert garage_kwh > 2.5
    cellar_kwh, garage_kwh = await fullest(battery_capacity_kwh=4)
    assert (cellar_kwh <= 1.001, garage_kwh <= 3.001) == (True, True)


async def test_a_home_without_battery_and_sun_can_try_both(hass: HomeAssistant, add_site: AddSite) -> None:
    """A battery that begins empty, and modules that face noon; nobody asked for weather, so that is said."""
    await small_home(hass, add_site)
    answer = await act(hass, "simulate", battery_capacity_kwh=10, pv_peak_kw=6, battery_power_kw=3)
    assert {(each["id"], each["kind"]) for each in answer["added"]} == {
        (NEW_BATTERY, "battery"),
        (NEW_ARRAY, "pv"),
    }
    devices = answer["plan"]["devices"]
    battery, sun = devices[NEW_BATTERY]["steps"], devices[NEW_ARRAY]["steps"]
    assert max(abs(row["power_kw"]) for row in battery) <= 3.001
    assert 2 < max(row["available_kw"] for row in sun) < 6
    assert min(row["available_kw"] for row in sun) == 0
    assert answer["difference"]["expected_cost"] < -0.5
    assert answer["difference"]["import_kwh"] < 0
    assert "There is no weather forecast; the plan assumes an average sky." in answer["plan"]["reasons"]
    assert not any("weather" in reason for reason in answer["current"]["reasons"])


@pytest.mark.parametrize(("latitude", "azimuth"), [(48.2, 180.0), (0.0, 180.0), (-33.9, 0.0)])
def test_a_new_array_faces_noon(latitude: float, azimuth: float) -> None:
    """In Cape Town that is north."""
    assert _noon_deg(Place(latitude_deg=latitude, longitude_deg=18.4)) == azimuth


async def test_more_sun_is_the_same_sun_on_more_modules(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Proportionally: weather and roof stay."""
    array = subentry_id(entry, "pv")
    peak = entry.runtime_data.plan.data.outlook.problem.site.pvs[0].peak_kw
    now = entry.runtime_data.plan.data.outlook.plan.devices[array].available_kw
    answer = await act(hass, "simulate", pv_peak_kw=3 * peak)
    then = [row["available_kw"] for row in answer["plan"]["devices"][array]["steps"]]
    assert then == pytest.approx(3 * now, abs=1e-4)
    assert answer["added"] == []


async def test_prices_can_be_changed_and_replaced(hass: HomeAssistant, add_site: AddSite) -> None:
    """Factor, offset, one number, a list; instants without an offset are on the home's clock."""
    await small_home(hass, add_site)

    async def prices(**change: Any) -> dict[str, float]:
        rows = (await act(hass, "simulate", **change))["plan"]["steps"]
        ways = [key for key in ("import_price_per_kwh", "export_price_per_kwh") if key[:6] in str(change)]
        return {row["start"][:16]: row[ways[0]] for row in rows}

    at_noon, at_night = "2026-06-15T10:00", "2026-06-15T21:00"
    changed = await prices(import_price_factor=2, import_price_offset_per_kwh=0.05)
    assert (changed[at_noon], changed[at_night]) == pytest.approx((0.85, 0.45))
    changed = await prices(export_price_factor=0.5, export_price_offset_per_kwh=-0.01)
    assert changed[at_noon] == pytest.approx(0.015)
    changed = await prices(import_price_per_kwh=0.33)
    assert set(changed.values()) == {0.33}
    course = [
        {"start": "2026-06-15T14:00:00", "price": 0.10},  # Vienna: 12:00 UTC
        {"start": "2026-06-15T18:00:00Z", "price": 0.20},
    ]
    changed = await prices(import_price_per_kwh=course)
    assert [changed[f"2026-06-15T{hour}:00"] for hour in ("10", "12", "17", "18", "21")] == [
        *(0.40, 0.10, 0.10, 0.20, 0.20)
    ]
    changed = await prices(export_price_per_kwh=course)
    assert changed["2026-06-15T12:00"] == 0.10


async def test_what_was_changed_is_answered_in_json(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Instants in UTC, words as they were given."""
    course = [{"start": "2026-06-15T14:00:00", "price": 0.1}]
    answer = await act(hass, "simulate", import_price_per_kwh=course, strategy="auto", horizon=12)
    assert answer["changes"] == {
        "import_price_per_kwh": [{"start": "2026-06-15T12:00:00+00:00", "price": 0.1}],
        "strategy": "auto",
        "horizon": 12,
    }


async def test_load_and_limits_are_changed(hass: HomeAssistant, add_site: AddSite) -> None:
    """A limit that cannot be kept is an unmet wish with its price, no error."""
    await small_home(hass, add_site)
    answer = await act(hass, "simulate", load_factor=2)
    assert answer["plan"]["import_kwh"] == pytest.approx(2 * answer["current"]["import_kwh"], abs=1e-3)
    tight = await act(hass, "simulate", import_max_kw=0.05)
    (unmet,) = tight["plan"]["unmet_wishes"]
    assert unmet["wish"] == "import_limit"
    assert unmet["cost"] > 0
    assert unmet["text"].startswith("The home draws up to 0.")
    assert tight["difference"]["unmet_wishes"] == [unmet]
    assert tight["difference"]["costs"]["penalty"] > 0


async def test_only_the_changed_home_leans_elsewhere(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What it is compared with goes by the settings; the horizon is the same for both."""
    answer = await act(hass, "simulate", strategy="load_balancing", preference="comfort", horizon=24)
    assert (answer["plan"]["strategy"], answer["plan"]["preference"]) == ("load_balancing", "comfort")
    assert (answer["current"]["strategy"], answer["current"]["preference"]) == ("arbitrage", "economic")
    assert answer["plan"]["horizon_h"] == answer["current"]["horizon_h"] == answer["horizon_h"] == 24


async def test_the_longest_answer_is_far_from_a_megabyte(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Three devices over three days."""
    answer = await act(hass, "simulate", battery_capacity_kwh=20, horizon=72)
    assert len(json.dumps(answer)) < 250_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"battery": "Attic", "battery_capacity_kwh": 5},
            "battery is Attic, which EMS does not know: use one",
        ),
        ({"battery": "Battery"}, "nothing is to be different about it: give battery_capacity_kwh"),
        (
            {"import_price_per_kwh": [{"start": NOON, "price": 0.1}, {"start": NOON, "price": 0.2}]},
            "start does not run forward at value 2",
        ),
    ],
)
async def test_what_no_home_can_be_is_said_in_words(
    hass: HomeAssistant, entry: MockConfigEntry, change: dict[str, Any], said: str
) -> None:
    """With the field and what to do about it; not with a trace."""
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "simulate", **change)
    assert said in str(refused.value)


async def test_a_battery_s_power_needs_a_battery(hass: HomeAssistant, add_site: AddSite) -> None:
    """In a home that has none; nor can one be named."""
    await small_home(hass, add_site)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "simulate", battery_power_kw=5)
    assert "give battery_capacity_kwh as well" in str(refused.value)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "simulate", battery="Cellar", battery_capacity_kwh=5)
    assert "battery names Cellar, which is no device of this site" in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("battery_capacity_kwh", -1),
        ("battery_capacity_kwh", float("nan")),
        ("battery_power_kw", "a lot"),
        ("pv_peak_kw", 1e9),
        ("load_factor", -0.5),
        ("import_price_factor", float("inf")),
        ("import_price_offset_per_kwh", "cheap"),
        ("import_price_per_kwh", []),
        ("import_price_per_kwh", [{"start": "yesterday", "price": 0.1}]),
        ("import_price_per_kwh", [{"price": 0.1}]),
        ("export_price_per_kwh", [{"start": "2026-06-15T14:00:00", "price": float("nan")}]),
        ("export_price_per_kwh", {"start": "2026-06-15T14:00:00", "price": 0.1}),
        ("export_max_kw", -1),
        ("strategy", "greed"),
        ("horizon", 100),
        ("colour", "red"),
    ],
)
async def test_what_is_no_value_is_refused_by_name(
    hass: HomeAssistant, entry: MockConfigEntry, field: str, value: Any
) -> None:
    with pytest.raises(probatio.Invalid, match=field):
        await act(hass, "simulate", **{field: value})


async def test_without_prices_there_is_nothing_to_compare(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence that the plan's status would show."""
    reason = Reason(key="setup_invalid", placeholders={"detail": "capacity_kwh is -1"})
    monkeypatch.setattr(entry.runtime_data.plan, "_collect", lambda: reason)
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, "simulate")
    assert str(refused.value).startswith("The set-up contradicts itself: capacity_kwh is -1")


async def test_sources_that_fail_are_told_in_full(
    hass: HomeAssistant, entry: MockConfigEntry, home: Any
) -> None:
    """With their particulars, for both plans."""
    home.faults.set("http", "exception")
    await act(hass, "optimize")
    answer = await act(hass, "simulate")
    for plan in (answer["plan"], answer["current"]):
        assert plan["status"] == "degraded"
        assert any("price service" in reason for reason in plan["reasons"])
        assert not any("{" in reason for reason in plan["reasons"])
