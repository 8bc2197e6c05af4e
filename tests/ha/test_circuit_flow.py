"""Circuits: added, changed, refused in words, and asked of what hangs below them; a home with one works as before."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.ems.adapters.circuits import CONNECTION, make_tree
from custom_components.ems.demo import DemoHome
from tests.ha.clock import settle
from tests.ha.conftest import AddSite
from tests.ha.flows import Flow, add_device, change_device
from tests.ha.foreign import read_home, set_sensor
from tests.ha.sites import (
    BATTERY_PARAMS,
    CHARGER_PARAMS,
    Site,
    circuit,
    entity_device,
    home_of_entities,
    subentry_id,
)
from tests.ha.test_device_flow import at_connection, link
from tests.ha.test_diagnostics import download

CELLS = {
    **entity_device("battery", "Cells", BATTERY_PARAMS, power_entity="sensor.cells", soc_entity="sensor.soc"),
    "subentry_id": "cells",
}
WALLBOX = {
    **entity_device(
        "charger",
        "Wallbox",
        CHARGER_PARAMS,
        power_entity="sensor.wallbox",
        connected_entity="binary_sensor.plug",
    ),
    "subentry_id": "wallbox",
}


def meter(key: str, position: str = "zone", **place: str) -> dict[str, Any]:
    """Return a meter."""
    params = {"position": position, **place}
    return {
        **entity_device("meter", key.title(), params, power_entity=f"sensor.{key}"),
        "subentry_id": key,
    }


@pytest.fixture(autouse=True)
def powers(hass: HomeAssistant, vienna: None) -> None:
    """Everything that is named here says something."""
    read_home(hass)
    for name in ("grid", "cellar", "attic", "roof"):
        set_sensor(hass, f"sensor.{name}", 500, "W")


def fields(flow: Flow) -> dict[str, Any]:
    """Return the fields of the form by name."""
    return {str(key): field for key, field in flow.result["data_schema"].schema.items()}


def labels(field: Any) -> list[str]:
    """Return what a drop-down lists by names of the home."""
    return [each["label"] for each in field.config["options"]]


async def refused(flow: Flow, field: str, error: str, detail: str = "", **answers: Any) -> None:
    """Fill a garage in, and find the error at its field."""
    await flow.submit(**{"name": "Garage", "limit_a": 16, "allowance_a": 0, **answers})
    assert (flow.errors, flow.shown["detail"]) == ({field: error}, detail)
    assert flow.said[field]


async def test_the_first_circuit_is_asked_for_no_more_than_there_is(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """Without other circuits and meters there is nothing to choose; on one phase nothing about phases."""
    site = home_of_entities()
    site.data["grid"]["phases"] = 1
    entry = await add_site(site)
    flow = await add_device(hass, entry, "circuit")
    assert list(fields(flow)) == ["name", "limit_a", "limit_kw", "allowance_a"]
    await flow.submit(name=" Garage ", limit_a=16, allowance_a=2.5)
    assert flow.created
    await settle(hass)
    (stored,) = entry.subentries.values()
    assert (stored.title, stored.unique_id, stored.subentry_type) == ("Garage", "circuit:garage", "circuit")
    assert stored.data == {"name": "Garage", "params": {"limit_a": 16, "allowance_a": 2.5}}
    assert entry.state is ConfigEntryState.LOADED


async def test_a_circuit_hangs_below_another_on_one_phase_behind_a_meter(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """What is stored is the tree that real-time control gets."""
    entry = await add_site(home_of_entities(meter("grid", "grid"), meter("cellar"), circuit("garage", 20)))
    flow = await add_device(hass, entry, "circuit")
    asked = fields(flow)
    assert labels(asked["above"]) == ["connection", "Garage"]
    assert labels(asked["meter"]) == ["Grid", "Cellar"]
    assert asked["phases"].config["options"] == ["all", "1", "2", "3"]
    await flow.submit(
        name="Socket", limit_a=10, above="garage", meter="cellar", phases="2", limit_kw=2, allowance_a=1
    )
    assert flow.created
    await settle(hass)
    data = entry.runtime_data
    circuits = make_tree(entry, data.settings, data.site.meters)
    socket = circuits.tree.circuits[-1]
    assert (socket.name, socket.limit_a, socket.above, socket.phases) == ("Socket", 10, "garage", (2,))
    assert (socket.limit_kw, socket.allowance_a, socket.is_metered) == (2, 1, True)
    assert circuits.meters[socket.key] == ("cellar",)
    assert circuits.lost == ()


async def test_what_no_circuit_can_be_is_refused_at_its_field(hass: HomeAssistant, add_site: AddSite) -> None:
    """In words: a form that takes a fuse of nothing would stop everything below it for ever."""
    entry = await add_site(home_of_entities(circuit("cellar")))
    flow = await add_device(hass, entry, "circuit")
    await refused(flow, "name", "name_missing", name="  ")
    await refused(flow, "name", "circuit_name_taken", name="cellar")
    await flow.submit(name="Garage", allowance_a=0)
    assert flow.errors == {"limit_a": "value_missing"}
    await refused(flow, "limit_a", "limit_not_above_zero", limit_a=0)
    await refused(flow, "limit_a", "limit_not_above_zero", limit_a=-16)
    await refused(flow, "limit_kw", "limit_not_above_zero", limit_kw=0)
    await refused(flow, "allowance_a", "allowance_fills_limit", allowance_a=16)
    await flow.submit(name="Garage", limit_a=16, allowance_a=15)
    assert flow.created


async def test_a_meter_measures_one_circuit_and_not_the_home(hass: HomeAssistant, add_site: AddSite) -> None:
    """Counted twice, or read the other way round, it would show room that is not there."""
    entry = await add_site(
        home_of_entities(
            *(meter("grid", "grid"), meter("roof", "solar"), meter("cellar"), meter("attic")),
            circuit("cellar_circuit", meter="cellar"),
        )
    )
    flow = await add_device(hass, entry, "circuit")
    await refused(flow, "meter", "circuit_meter_of_home", meter="grid")
    await refused(flow, "meter", "circuit_meter_of_source", meter="roof")
    await refused(flow, "meter", "circuit_meter_taken", "Cellar_Circuit", meter="cellar")
    await flow.submit(name="Garage", limit_a=16, allowance_a=0, meter="attic")
    assert flow.created
    await settle(hass)
    # Its own meter is not taken by anybody else.
    flow = await change_device(hass, entry, "cellar_circuit")
    assert flow.suggested["meter"] == "cellar"
    await flow.submit(name="Cellar", limit_a=20, allowance_a=0, meter="cellar")
    assert flow.aborted == "reconfigure_successful"


async def test_meters_that_contradict_each_other_come_first(hass: HomeAssistant, add_site: AddSite) -> None:
    """Nobody could say which of them is the one of the home."""
    twice = [meter("grid", "zone", above="cellar"), meter("cellar", "zone", above="grid")]
    entry = await add_site(home_of_entities(*twice), expect=ConfigEntryState.SETUP_ERROR)
    assert (await add_device(hass, entry, "circuit")).aborted == "meters_contradict"


async def test_a_circuit_cannot_feed_itself(hass: HomeAssistant, add_site: AddSite) -> None:
    """It is not offered itself, and what hangs below it is refused."""
    entry = await add_site(
        home_of_entities(circuit("garage"), circuit("left", above="garage"), circuit("socket", above="left"))
    )
    flow = await change_device(hass, entry, "garage")
    assert labels(fields(flow)["above"]) == ["connection", "Left", "Socket"]
    await refused(flow, "above", "circuit_feeds_itself", "Socket", above="socket")
    await flow.submit(name="Garage", limit_a=32, allowance_a=0, above=CONNECTION)
    # 32 A below 25 A, see below.
    await flow.submit(name="Garage", limit_a=32, allowance_a=0, above=CONNECTION)
    assert flow.aborted == "reconfigure_successful"


async def test_a_phase_has_to_come_from_above_and_is_kept_for_what_hangs_below(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """A circuit on L2 is not fed from one on L1."""
    entry = await add_site(
        home_of_entities(
            circuit("garage"), circuit("left", above="garage", phases="2"), circuit("attic", phases="1")
        )
    )
    flow = await add_device(hass, entry, "circuit")
    await refused(flow, "phases", "phase_not_above", name="New", above="left", phases="1")
    flow = await change_device(hass, entry, "garage")
    await refused(flow, "phases", "phase_needed_below", "Left", phases="3")
    await flow.submit(name="Garage", limit_a=16, allowance_a=0, phases="2")
    assert flow.aborted == "reconfigure_successful"


@pytest.mark.parametrize(("language", "said"), [("en", "Garage, 12.5 A"), ("de", "Garage, 12,5 A")])
async def test_a_limit_above_the_feeder_is_pointed_out_once(
    hass: HomeAssistant, add_site: AddSite, language: str, said: str
) -> None:
    """160 for 16 is a typing error; 16 below 12.5 is a house as it is, and the tightest counts."""
    hass.config.language = language
    entry = await add_site(home_of_entities(circuit("garage", 12.5)))
    flow = await add_device(hass, entry, "circuit")
    await refused(flow, "limit_a", "limit_above_feeder", said, name="Left", limit_a=160, above="garage")
    await refused(flow, "limit_a", "limit_above_feeder", said, name="Left", limit_a=16, above="garage")
    await flow.submit(name="Left", limit_a=16, allowance_a=0, above="garage")
    assert flow.created


async def test_a_circuit_gets_another_name_and_leaves_its_own_to_others(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """It goes by its subentry, so nothing that hangs below it is lost."""
    entry = await add_site(home_of_entities(circuit("garage"), circuit("left", above="garage")))
    flow = await change_device(hass, entry, "garage")
    assert flow.suggested["name"] == "Garage"
    await flow.submit(name="Carport", limit_a=16, allowance_a=0)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert (entry.subentries["garage"].title, entry.subentries["garage"].unique_id) == (
        "Carport",
        "circuit:carport",
    )
    flow = await add_device(hass, entry, "circuit")
    await flow.submit(name="Garage", limit_a=16, allowance_a=0)
    assert flow.created


async def test_what_was_removed_is_asked_for_anew(hass: HomeAssistant, add_site: AddSite) -> None:
    """A drop-down that holds what it does not offer cannot be sent."""
    entry = await add_site(home_of_entities(meter("cellar"), circuit("attic"), circuit("left", above="gone")))
    hass.config_entries.async_update_subentry(
        entry,
        entry.subentries["left"],
        data={"name": "Left", "params": {"limit_a": 16, "above": "gone", "meter": "gone"}},
    )
    await settle(hass)
    flow = await change_device(hass, entry, "left")
    assert (flow.suggested["above"], flow.suggested["meter"], flow.suggested["limit_a"]) == (
        CONNECTION,
        None,
        16,
    )


# Where chargers and batteries hang.


async def confirm(hass: HomeAssistant, entry: MockConfigEntry, device: str) -> Flow:
    """Go to the last form of a device that is there."""
    flow = await change_device(hass, entry, device)
    return await flow.submit(**entry.subentries[device].data["source"]["entities"])


def wiring(flow: Flow) -> dict[str, Any]:
    """Return the fields of the section by name."""
    found = fields(flow).get("wiring")
    return {str(key): field for key, field in found.schema.schema.items()} if found else {}


async def test_a_charger_says_where_it_hangs(hass: HomeAssistant, add_site: AddSite) -> None:
    """The usual answers are filled in, and the section is folded."""
    entry = await add_site(home_of_entities(WALLBOX, circuit("garage")))
    flow = await confirm(hass, entry, "wallbox")
    assert fields(flow)["wiring"].options == {"collapsed": True}
    assert labels(wiring(flow)["circuit"]) == ["connection", "Garage"]
    usual = {"circuit": CONNECTION, "rotation": "unknown", "safe_a": 6, "priority": 0}
    assert flow.suggested["wiring"] == usual
    said = {"circuit": "garage", "rotation": "l2_l3_l1", "safe_a": 0, "priority": 3}
    await flow.submit(name="Wallbox", **CHARGER_PARAMS, wiring=said)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    assert entry.subentries["wallbox"].data["params"] == {**CHARGER_PARAMS, "wiring": said}
    assert (await confirm(hass, entry, "wallbox")).suggested["wiring"] == said


async def test_a_battery_says_where_it_hangs(hass: HomeAssistant, add_site: AddSite) -> None:
    """Circuit and phases, and nothing that only chargers have."""
    entry = await add_site(home_of_entities(CELLS, circuit("garage")))
    flow = await confirm(hass, entry, "cells")
    assert flow.suggested["wiring"] == {"circuit": CONNECTION, "on": "all"}
    await flow.submit(name="Cells", **BATTERY_PARAMS, wiring={"circuit": "garage", "on": "2"})
    assert flow.aborted == "reconfigure_successful"
    assert entry.subentries["cells"].data["params"]["wiring"] == {"circuit": "garage", "on": "2"}


async def test_a_home_on_one_phase_without_circuits_is_asked_what_is_left(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """No circuit, no phases: a battery has nothing to be asked."""
    site = home_of_entities(CELLS, WALLBOX)
    site.data["grid"]["phases"] = 1
    entry = await add_site(site)
    assert list(wiring(await confirm(hass, entry, "wallbox"))) == ["safe_a", "priority"]
    assert wiring(await confirm(hass, entry, "cells")) == {}


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"rotation": "l2"}, "rotation_incomplete"),  # three phases on one wire
        ({"circuit": "socket", "rotation": "l1_l2_l3"}, "phase_not_there"),
        ({"safe_a": 20}, "safe_above_maximum"),
    ],
)
async def test_a_charger_that_cannot_be_wired_so_is_refused_above_the_section(
    hass: HomeAssistant, add_site: AddSite, said: dict[str, Any], error: str
) -> None:
    """Errors inside a folded section are not seen."""
    entry = await add_site(home_of_entities(WALLBOX, circuit("socket", phases="2")))
    flow = await confirm(hass, entry, "wallbox")
    await flow.submit(name="Wallbox", **CHARGER_PARAMS, wiring=said)
    assert flow.errors == {"wiring": error}
    one_phase = {**CHARGER_PARAMS, "phases": "1"}
    await flow.submit(name="Wallbox", **one_phase, wiring={"circuit": "socket", "rotation": "l2"})
    assert flow.aborted == "reconfigure_successful"


async def test_a_battery_on_a_phase_that_its_circuit_lacks_is_refused(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    entry = await add_site(home_of_entities(CELLS, circuit("socket", phases="2")))
    flow = await confirm(hass, entry, "cells")
    await flow.submit(name="Cells", **BATTERY_PARAMS, wiring={"circuit": "socket", "on": "1"})
    assert flow.errors == {"wiring": "phase_not_there"}
    await flow.submit(name="Cells", **BATTERY_PARAMS, wiring={"circuit": "socket", "on": "2"})
    assert flow.aborted == "reconfigure_successful"


async def test_a_device_whose_circuit_was_removed_is_asked_for_it_anew(
    hass: HomeAssistant, add_site: AddSite
) -> None:
    """What it said besides stays."""
    said = {"circuit": "gone", "rotation": "l2_l3_l1", "safe_a": 8.0, "priority": 2}
    moved = {**WALLBOX, "data": {**WALLBOX["data"], "params": {**CHARGER_PARAMS, "wiring": said}}}
    entry = await add_site(home_of_entities(moved, circuit("garage")))
    flow = await confirm(hass, entry, "wallbox")
    assert flow.suggested["wiring"] == {**said, "circuit": CONNECTION}
    await flow.submit(name="Wallbox", **CHARGER_PARAMS, wiring=flow.suggested["wiring"])
    assert flow.aborted == "reconfigure_successful"


async def test_a_station_tells_its_own_safe_current(
    hass: HomeAssistant, home: DemoHome, add_site: AddSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its installer chose holds when EMS is gone, whatever a form says."""
    monkeypatch.setattr("custom_components.ems.demo.maps.alfen.SAFE_CURRENT_A", 8.0)
    entry = await add_site(home_of_entities())
    flow = await at_connection(hass, entry, "charger", "alfen_eve")
    await flow.submit(**link(home, "charger"))
    assert flow.step == "confirm"
    assert flow.suggested["wiring"]["safe_a"] == 8.0


# A home with circuits goes on as before.


async def test_everything_that_looks_at_devices_passes_circuits_by(
    hass: HomeAssistant, home: DemoHome, demo_site: Site, add_site: AddSite
) -> None:
    """A circuit has no source, no device and no entities; the demo home may have one, too."""
    demo_site.subentries.append(circuit("garage"))
    entry = await add_site(demo_site)
    assert "garage" not in entry.runtime_data.devices
    found = await download(hass, entry)
    assert [each["subentry_type"] for each in found["entry"]["subentries"]].count("circuit") == 1
    # Moving a device takes all others on its line along, of which a circuit is none.
    flow = await change_device(hass, entry, subentry_id(entry, "battery"))
    await flow.submit(**link(home, "inverter"))
    await flow.submit(name="Battery", **BATTERY_PARAMS)
    assert flow.aborted == "reconfigure_successful"
    await settle(hass)
    flow = await add_device(hass, entry, "circuit")
    await flow.submit(name="Cellar", limit_a=16, allowance_a=0)
    assert flow.created


async def test_a_removed_circuit_reloads_a_home_that_starts(hass: HomeAssistant, add_site: AddSite) -> None:
    """What hung below it hangs at the connection, and is told."""
    entry = await add_site(home_of_entities(circuit("garage"), circuit("left", above="garage")))
    before = entry.runtime_data
    hass.config_entries.async_remove_subentry(entry, "garage")
    await settle(hass)
    data = entry.runtime_data
    assert data is not before
    circuits = make_tree(entry, data.settings, data.site.meters)
    assert (circuits.tree.by_key["left"].above, circuits.lost) == (CONNECTION, ("Left",))


async def test_a_circuit_is_no_device_that_a_meter_measures(hass: HomeAssistant, add_site: AddSite) -> None:
    """It is measured the other way round: the circuit names its meter."""
    entry = await add_site(home_of_entities(WALLBOX, meter("grid", "grid"), circuit("garage")))
    flow = await confirm(hass, entry, "grid")
    assert labels(fields(flow)["measures"]) == ["Wallbox"]
