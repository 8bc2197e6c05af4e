"""From stored circuits to a tree: every removal, circle and contradiction leaves one that holds."""

from typing import Any, cast

from homeassistant.core import HomeAssistant
from hypothesis import given, strategies as st
import pytest

from custom_components.ems.adapters.circuits import CONNECTION, HOME_SHARE, SiteCircuits, make_tree
from custom_components.ems.adapters.device_wiring import (
    BatteryWiring,
    ChargerWiring,
    battery_wiring,
    charger_wiring,
)
from custom_components.ems.adapters.meter_tree import meters_of
from custom_components.ems.const import DOMAIN
from custom_components.ems.engine.control.charger import ChargerSpec
from custom_components.ems.engine.control.circuit import Circuit
from custom_components.ems.engine.control.setup import Setup
from custom_components.ems.settings import SiteSettings
from tests.ha.sites import circuit, entity_device, home_of_entities


def meter(key: str, position: str = "zone") -> dict[str, Any]:
    """Return a meter."""
    found = entity_device("meter", key.title(), {"position": position}, power_entity=f"sensor.{key}")
    return {**found, "subentry_id": key}


def tree_of(*subentries: dict[str, Any], phases: int = 3, **options: Any) -> SiteCircuits:
    """Return the circuits of a home with a fuse of 25 A."""
    site = home_of_entities(*subentries)
    site.data["grid"]["phases"] = phases
    site.options = options
    entry = site.entry(DOMAIN)
    settings = SiteSettings(cast("HomeAssistant", None), entry)  # it is only read
    return make_tree(entry, settings, meters_of(entry.subentries.values()))


def test_a_home_without_circuits_is_its_connection() -> None:
    """Fuse, phases and the limit in force; half the fuse stays free for the home where its meter is silent."""
    circuits = tree_of(meter("grid", "grid"), import_max_kw=9.5)
    assert circuits.tree.circuits == (
        Circuit(key=CONNECTION, name="Home", limit_a=25, limit_kw=9.5, allowance_a=HOME_SHARE * 25),
    )
    assert circuits.meters == {CONNECTION: ("grid",)}
    assert circuits.lost == ()


def test_a_connection_that_nobody_measures_says_so() -> None:
    """It is then held by what is commanded, not believed to be empty."""
    circuits = tree_of(meter("flat"))
    assert circuits.meters == {CONNECTION: ()}
    assert not circuits.at(None).is_metered


def test_the_buildings_measure_a_connection_that_has_no_meter() -> None:
    """What is derived stands on them."""
    circuits = tree_of(meter("front", "building"), meter("back", "building"))
    assert circuits.meters[CONNECTION] == ("front", "back")
    assert circuits.at(None).is_metered


def test_circuits_hang_where_their_forms_say() -> None:
    """A garage with two sub-circuits, one of them on a single phase."""
    circuits = tree_of(
        *(meter("grid", "grid"), meter("cellar")),
        circuit("garage", 20, meter="cellar", limit_kw=11, allowance_a=2),
        circuit("left", 16, above="garage", phases="2"),
        circuit("socket", 10, above="left"),
    )
    garage, left, socket = circuits.tree.circuits[1:]
    assert garage == Circuit(
        key="garage", name="Garage", limit_a=20, above=CONNECTION, limit_kw=11, allowance_a=2
    )
    assert (left.above, left.phases, left.is_metered) == ("garage", (2,), False)
    assert (socket.phases, socket.limit_kw) == ((2,), None)
    assert circuits.tree.path("socket") == ("socket", "left", "garage", CONNECTION)
    assert circuits.meters == {CONNECTION: ("grid",), "garage": ("cellar",), "left": (), "socket": ()}
    assert circuits.lost == ()


GONE = [
    (circuit("a", above="gone"), CONNECTION, (1, 2, 3)),  # what fed it was removed
    (circuit("a", above="a"), CONNECTION, (1, 2, 3)),  # nobody feeds himself
    (circuit("a", above="b", phases="3"), "b", (2,)),  # its feeder has another phase
    (circuit("a", meter="gone"), CONNECTION, (1, 2, 3)),
    (circuit("a", meter="grid"), CONNECTION, (1, 2, 3)),  # that of the home shows room the circuit has not
    (circuit("a", meter="roof"), CONNECTION, (1, 2, 3)),  # it counts the other way
    (circuit("a", meter="cellar"), CONNECTION, (1, 2, 3)),  # the first one keeps it
]


@pytest.mark.parametrize(("stored", "above", "phases"), GONE)
def test_what_cannot_be_counts_as_not_said_and_is_told(
    stored: dict[str, Any], above: str, phases: tuple[int, ...]
) -> None:
    """A site starts whatever was removed; its meter is then none, and its place the connection."""
    circuits = tree_of(
        *(meter("grid", "grid"), meter("roof", "solar"), meter("cellar")),
        *(circuit("b", phases="2", meter="cellar"), stored),
    )
    found = circuits.tree.by_key["a"]
    assert (found.above, found.phases, found.is_metered) == (above, phases, False)
    assert circuits.meters["b"] == ("cellar",)
    assert circuits.lost == ("A",)


def test_a_circle_is_broken_and_what_hangs_below_it_stays_there() -> None:
    """Everybody in it is told; who only hangs below one of them has not lost anything."""
    circuits = tree_of(
        circuit("a", above="b"), circuit("b", above="a"), circuit("c", above="a"), circuit("d", above="gone")
    )
    above = {each.key: each.above for each in circuits.tree.circuits}
    assert above == {CONNECTION: None, "a": CONNECTION, "b": CONNECTION, "c": "a", "d": CONNECTION}
    assert circuits.lost == ("A", "B", "D")


KEYS = ("a", "b", "c", "d")
ABOVE = st.sampled_from((CONNECTION, "gone", *KEYS))


@given(
    above=st.tuples(*(ABOVE for _ in KEYS)),
    phases=st.tuples(*(st.sampled_from(("all", "1", "2", "3")) for _ in KEYS)),
    meters=st.tuples(*(st.sampled_from((None, "grid", "cellar", "roof", "gone")) for _ in KEYS)),
)
def test_any_storage_makes_a_tree(
    above: tuple[str, ...], phases: tuple[str, ...], meters: tuple[str | None, ...]
) -> None:
    """The engine refuses circles and unknown feeders, so that it comes out at all says that there are none."""
    stored = [
        circuit(key, above=up, phases=on, meter=by)
        for key, up, on, by in zip(KEYS, above, phases, meters, strict=True)
    ]
    circuits = tree_of(meter("grid", "grid"), meter("roof", "solar"), meter("cellar"), *stored)
    by_key = circuits.tree.by_key
    for key in KEYS:
        assert circuits.tree.path(key)[-1] == CONNECTION
        assert set(by_key[key].phases) <= set(by_key[by_key[key].above or ""].phases)
    used = [each for key in KEYS for each in circuits.meters[key]]
    assert used in ([], ["cellar"])


CIRCUITS = tree_of(circuit("garage"), circuit("socket", phases="2"))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        # Chargers that were stored before anybody was asked.
        (None, ChargerWiring(circuit=CONNECTION, rotation=(), safe_a=6, priority=0)),
        (
            {"circuit": "garage", "rotation": "l2_l3_l1", "safe_a": 0, "priority": 7},
            ChargerWiring(circuit="garage", rotation=(2, 3, 1), safe_a=0, priority=7),
        ),
        ({"circuit": "gone"}, ChargerWiring(circuit=CONNECTION, rotation=(), safe_a=6, priority=0)),
        ({"rotation": "l3"}, ChargerWiring(circuit=CONNECTION, rotation=(3,), safe_a=6, priority=0)),
        # All its terminals can only hang on the one phase there is, whatever the form says.
        (
            {"circuit": "socket", "rotation": "l1_l2_l3"},
            ChargerWiring(circuit="socket", rotation=(2, 2, 2), safe_a=6, priority=0),
        ),
    ],
)
def test_a_charger_hangs_where_it_was_said(said: dict[str, Any] | None, found: ChargerWiring) -> None:
    """What nobody said is the safe answer."""
    assert charger_wiring({} if said is None else {"wiring": said}, CIRCUITS) == found


def test_a_rotation_that_the_connection_does_not_have_is_not_believed() -> None:
    """A home that went from three phases to two: the third would be a row that nobody guards."""
    circuits = tree_of(phases=2)
    assert charger_wiring({"wiring": {"rotation": "l3"}}, circuits).rotation == ()
    assert charger_wiring({"wiring": {"rotation": "l2"}}, circuits).rotation == (2,)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, BatteryWiring(circuit=CONNECTION, on=(1, 2, 3))),
        ({"circuit": "garage", "on": "3"}, BatteryWiring(circuit="garage", on=(3,))),
        ({"circuit": "gone", "on": "all"}, BatteryWiring(circuit=CONNECTION, on=(1, 2, 3))),
        ({"circuit": "socket", "on": "1"}, BatteryWiring(circuit="socket", on=(2,))),
    ],
)
def test_a_battery_hangs_where_it_was_said(said: dict[str, Any] | None, found: BatteryWiring) -> None:
    """Evenly on all phases that are there."""
    assert battery_wiring({} if said is None else {"wiring": said}, CIRCUITS) == found


@pytest.mark.parametrize(
    ("allowance_a", "right_a", "given"),
    [
        (0, 6, {"left": 6, "right": 6}),  # 12 A of 16
        (5, 6, {"left": 0, "right": 0}),  # a workbench makes it 17 A
        (5, 0, {"left": 6, "right": 0}),  # one of them is set to pause
    ],
)
def test_two_wallboxes_in_a_garage_get_their_safe_currents_where_they_fit(
    allowance_a: float, right_a: float, given: dict[str, float]
) -> None:
    """The example of the page, as the guard computes it when the garage's meter is silent."""
    circuits = tree_of(
        *(meter("grid", "grid"), meter("cellar")),
        circuit("garage", 16, meter="cellar", allowance_a=allowance_a),
    )
    boxes = []
    for key, safe_a in (("left", 6), ("right", right_a)):
        said = charger_wiring({"wiring": {"circuit": "garage", "safe_a": safe_a}}, circuits)
        boxes.append(
            ChargerSpec(key=key, name=key, circuit=said.circuit, rotation=said.rotation, safe_a=said.safe_a)
        )
    setup = Setup(tree=circuits.tree, chargers=tuple(boxes))
    assert setup.connection.key == CONNECTION
    assert setup.untrusted_a["garage"] == given


def test_a_battery_of_a_home_on_one_phase_is_on_that_phase() -> None:
    """Spread over three it would count a third of what the fuse feels."""
    assert battery_wiring({}, tree_of(phases=1)).on == (1,)
