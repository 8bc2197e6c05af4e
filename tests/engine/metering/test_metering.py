"""Homes and their meters, worked by hand: what flows where, what is added up, who is missing."""

import pytest

from custom_components.ems.engine.metering import (
    BESIDE,
    Balance,
    Device,
    DeviceKind,
    Meter,
    MeterError,
    MeterRole,
    MeterTree,
    balance,
)

ROOF = Device(key="roof", kind=DeviceKind.PV, name="Roof")
STORE = Device(key="store", kind=DeviceKind.BATTERY, name="Store")
CAR = Device(key="car", kind=DeviceKind.CHARGER, name="Car")
GRID = Meter(key="grid", role=MeterRole.GRID, name="Grid")
HOUSE = Meter(key="house", role=MeterRole.BUILDING, name="House")


def meter(key: str, role: MeterRole, above: str | None = None, measures: str | None = None) -> Meter:
    """Return a meter."""
    return Meter(key=key, role=role, name=key.title(), above=above, measures=measures)


def home(*parts: Meter | Device, **watts: float | None) -> Balance:
    """Return what a home does, of which so much was measured."""
    meters = tuple(part for part in parts if isinstance(part, Meter))
    devices = tuple(part for part in parts if isinstance(part, Device))
    return balance(
        MeterTree(meters, devices),
        {each.key: watts.get(each.key) for each in meters},
        {each.key: watts.get(each.key) for each in devices},
        {key: value for key, value in watts.items() if key.startswith("inverter")},
    )


def test_a_grid_meter_and_what_the_home_makes_itself_are_the_consumption() -> None:
    """500 from the grid + 2000 sun - 1000 into the battery = 1500."""
    found = home(GRID, ROOF, STORE, grid=500, roof=2000, store=-1000)
    assert (found.grid_w, found.consumption_w, found.pv_w, found.battery_w) == (500, 1500, 2000, -1000)
    assert not found.grid_is_derived
    assert found.consumption_is_derived


def test_buildings_are_the_consumption_where_nobody_measures_the_grid() -> None:
    """1200 + 300 consumed, 2000 sun, 1000 into the battery: 500 from the grid, derived."""
    flat = meter("flat", MeterRole.BUILDING)
    found = home(HOUSE, flat, ROOF, STORE, house=1200, flat=300, roof=2000, store=-1000)
    assert (found.grid_w, found.consumption_w) == (500, 1500)
    assert found.grid_is_derived
    assert not found.consumption_is_derived


def test_several_connections_side_by_side_are_added_up() -> None:
    """Two meters at the grid: 500 and -200."""
    found = home(GRID, meter("second", MeterRole.GRID), grid=500, second=-200)
    assert (found.grid_w, found.consumption_w) == (300, 300)


def test_without_a_meter_at_grid_or_building_nobody_knows_the_consumption() -> None:
    """What a roof gives is known all the same."""
    found = home(meter("sun", MeterRole.SOLAR), meter("room", MeterRole.ZONE), sun=700, room=50)
    assert (found.grid_w, found.consumption_w, found.pv_w) == (None, None, 700)
    assert found.unknown_because == ()


@pytest.mark.parametrize(
    ("above", "consumption_w"),
    [
        (None, 800),  # nobody says: behind the connection
        ("grid", 800),  # the same, said
        (BESIDE, 1100),  # beside it: a second connection that only this meter sees
    ],
)
def test_a_building_adds_only_where_it_is_not_below_a_grid_meter(
    above: str | None, consumption_w: float
) -> None:
    """500 from the grid, 300 sun, 300 in the annexe."""
    annexe = meter("annexe", MeterRole.BUILDING, above)
    found = home(GRID, annexe, ROOF, grid=500, annexe=300, roof=300)
    assert found.consumption_w == consumption_w
    assert found.grid_w == consumption_w - 300


def test_a_building_below_a_building_never_counts_twice() -> None:
    """The flat's 300 are in the house's 1200."""
    found = home(HOUSE, meter("flat", MeterRole.BUILDING, "house"), house=1200, flat=300)
    assert (found.consumption_w, found.untracked_w) == (1200, {"house": 900})


def test_a_building_with_its_own_roof_below_it_shows_the_difference() -> None:
    """The meter shows -400 while 1000 are made below it: 600 are consumed, 400 flow out."""
    sun = meter("sun", MeterRole.SOLAR, "house")
    found = home(HOUSE, sun, house=-400, sun=1000)
    assert (found.grid_w, found.consumption_w, found.pv_w) == (-400, 600, 1000)
    named = meter("sun", MeterRole.SOLAR, "house", "roof")
    assert home(HOUSE, named, ROOF, house=-400, sun=990, roof=1000).consumption_w == 600


def test_a_solar_meter_beside_the_grid_meter_is_full_feed_in() -> None:
    """All 3000 go out by their own meter, the home draws 700."""
    sun = meter("sun", MeterRole.SOLAR, BESIDE)
    found = home(GRID, sun, grid=700, sun=3000)
    assert (found.grid_w, found.consumption_w, found.pv_w) == (-2300, 700, 3000)


def test_a_solar_meter_stands_in_for_an_array_without_power_and_only_for_it() -> None:
    """The roof measures itself; the barn does not."""
    barn = Device(key="barn", kind=DeviceKind.PV, measures_itself=False)
    sun = meter("sun", MeterRole.SOLAR)
    found = home(GRID, sun, ROOF, barn, grid=0, sun=500, roof=2000)
    assert (found.pv_w, found.consumption_w) == (2500, 2500)
    assert home(GRID, sun, ROOF, grid=0, sun=500, roof=2000).pv_w == 2000, "it informs"
    named = meter("sun", MeterRole.SOLAR, None, "barn")
    assert home(GRID, named, ROOF, barn, grid=0, sun=500, roof=2000).pv_w == 2500
    assert home(GRID, ROOF, barn, grid=0, roof=2000).unknown_because == ("barn",)


def test_a_solar_meter_that_names_its_array_never_counts_with_it() -> None:
    """The array's own word counts, and the meter's where the array is silent."""
    sun = meter("sun", MeterRole.SOLAR, None, "roof")
    assert home(GRID, sun, ROOF, grid=100, sun=1950, roof=2000).consumption_w == 2100
    assert home(GRID, sun, ROOF, grid=100, sun=1950, roof=None).consumption_w == 2050
    assert home(GRID, sun, ROOF, grid=100, sun=None, roof=2000).consumption_w == 2100


def test_a_sum_meter_above_two_solar_meters_counts_once() -> None:
    """3000 in all, 1000 and 2000 below it."""
    total, east, west = (
        meter("total", MeterRole.SOLAR),
        meter("east", MeterRole.SOLAR, "total"),
        meter("west", MeterRole.SOLAR, "total"),
    )
    found = home(GRID, total, east, west, grid=0, total=3000, east=1000, west=2000)
    assert (found.pv_w, found.consumption_w) == (3000, 3000)
    barn = Device(key="barn", kind=DeviceKind.PV, measures_itself=False)
    other = Device(key="other", kind=DeviceKind.PV, measures_itself=False)
    named = meter("east", MeterRole.SOLAR, "total", "barn")
    split = home(GRID, total, named, barn, other, grid=0, total=3000, east=1000)
    assert (split.pv_w, split.consumption_w) == (3000, 3000), "2000 of the other, 1000 of the barn"


def test_a_charger_without_power_has_its_meters() -> None:
    """The car's 3600 are known by its meter, and are part of the home's 4000."""
    bare = Device(key="car", kind=DeviceKind.CHARGER, measures_itself=False)
    plug = meter("plug", MeterRole.CHARGER, None, "car")
    found = home(GRID, plug, bare, grid=4000, plug=3600)
    assert (found.charger_w, found.consumption_w, found.untracked_w) == (3600, 4000, {"grid": 400})
    assert home(GRID, meter("plug", MeterRole.CHARGER), bare, grid=4000, plug=3600).charger_w == 3600
    assert home(GRID, bare, grid=4000).charger_w is None
    assert home(GRID, plug, CAR, grid=4000, plug=3590, car=3600).charger_w == 3600


def test_a_car_that_nobody_steers_stays_part_of_the_home() -> None:
    """Its meter informs: what EMS does not plan must stay in what nobody can move."""
    found = home(GRID, meter("plug", MeterRole.CHARGER), grid=4000, plug=3600)
    assert (found.charger_w, found.consumption_w, found.untracked_w["grid"]) == (0, 4000, 400)


def test_a_charger_beside_the_building_adds_and_one_inside_does_not() -> None:
    """1000 in the house; the car's 3600 are on the same connection, or among the 1000."""
    inside = home(HOUSE, meter("plug", MeterRole.CHARGER, None, "car"), CAR, house=1000, car=600)
    assert (inside.grid_w, inside.consumption_w) == (1000, 1000)
    beside = home(HOUSE, meter("plug", MeterRole.CHARGER, BESIDE, "car"), CAR, house=1000, car=3600)
    assert (beside.grid_w, beside.consumption_w) == (4600, 4600)


def test_a_hybrid_inverters_terminal_counts_for_all_behind_it() -> None:
    """2100 from the modules, 1000 into the battery, 1050 at the terminal: 50 were lost and nobody consumed them."""
    roof = Device(key="roof", kind=DeviceKind.PV, inverter="inverter")
    store = Device(key="store", kind=DeviceKind.BATTERY, inverter="inverter")
    found = home(GRID, roof, store, grid=0, roof=2100, store=-1000, inverter=1050)
    assert (found.consumption_w, found.pv_w, found.battery_w) == (1050, 2100, -1000)
    derived = home(HOUSE, roof, store, house=1500, roof=2100, store=-1000, inverter=1050)
    assert (derived.grid_w, derived.consumption_w) == (450, 1500)
    below = home(
        HOUSE, meter("sun", MeterRole.SOLAR, "house", "roof"), roof, store, house=-50, sun=1050, inverter=1050
    )
    assert (below.grid_w, below.consumption_w) == (-50, 1000), "the battery hangs where its inverter hangs"


def test_a_meter_speaks_for_a_silent_inverter_only_where_it_measures_nothing_else() -> None:
    """What a battery behind the same inverter takes is in the meter, and in its own word."""
    roof = Device(key="roof", kind=DeviceKind.PV, inverter="inverter")
    store = Device(key="store", kind=DeviceKind.BATTERY, inverter="inverter")
    sun = meter("sun", MeterRole.SOLAR, None, "roof")
    watts = {"grid": 100.0, "sun": 1950.0, "roof": None, "inverter": None}
    assert home(GRID, sun, roof, **watts).consumption_w == 2050
    shared = home(GRID, sun, roof, store, store=-1000, **watts)
    assert (shared.consumption_w, shared.unknown_because) == (None, ("inverter",))


def test_half_a_sum_is_none_and_says_who_is_missing() -> None:
    """An unknown power is not 0."""
    found = home(GRID, ROOF, STORE, grid=500, roof=None, store=-1000)
    assert (found.grid_w, found.consumption_w, found.pv_w, found.unknown_because) == (
        *(500, None, None),
        ("roof",),
    )
    both = home(GRID, meter("second", MeterRole.GRID), ROOF, grid=500, second=None, roof=None)
    assert (both.grid_w, both.unknown_because) == (None, ("second", "roof"))


def test_a_silent_roof_does_not_hide_what_buildings_measure() -> None:
    """The grid is unknown, the consumption is not."""
    found = home(HOUSE, ROOF, house=900, roof=None)
    assert (found.grid_w, found.consumption_w, found.unknown_because) == (None, 900, ("roof",))


def test_what_a_zone_has_left_is_what_nobody_below_it_measures() -> None:
    """Of the flat's 900, the fridge takes 100 and the room 250; of the house's 1500, the flat's 900 are known."""
    flat, fridge = meter("flat", MeterRole.ZONE), meter("fridge", MeterRole.LOAD, "flat")
    room = meter("room", MeterRole.ZONE, "flat")
    found = home(GRID, flat, fridge, room, ROOF, grid=500, roof=1000, flat=900, fridge=100, room=250)
    assert found.consumption_w == 1500
    assert found.untracked_w == {"grid": 600, "flat": 550}


def test_behind_which_of_two_connections_something_hangs_is_not_guessed() -> None:
    """Both grid meters would claim the zone: neither shows a rest until somebody says."""
    second = meter("second", MeterRole.GRID)
    watts = {"grid": 500.0, "second": 300.0, "room": 100.0}
    assert home(GRID, second, meter("room", MeterRole.ZONE), **watts).untracked_w == {}
    room = meter("room", MeterRole.ZONE, "second")
    assert home(GRID, second, room, **watts).untracked_w == {"second": 200}
    assert home(GRID, second, room, ROOF, **watts, roof=50).untracked_w == {}, "nor behind which the roof is"


@pytest.mark.parametrize(
    ("parts", "key", "said"),
    [
        (
            [meter("one", MeterRole.ZONE, "two"), meter("two", MeterRole.ZONE, "one")],
            "cycle",
            "One stands below itself, by way of Two",
        ),
        ([meter("one", MeterRole.ZONE, "one")], "cycle", "One stands below itself"),
        ([meter("one", MeterRole.ZONE, "gone")], "unknown_parent", "none of this home (gone)"),
        ([meter("one", MeterRole.GRID, "house"), HOUSE], "grid_below", "One is at the grid connection"),
        (
            [meter("one", MeterRole.SOLAR, None, "roof"), meter("two", MeterRole.SOLAR, None, "roof"), ROOF],
            *("measured_twice", "measure one device, Roof"),
        ),
        ([meter("one", MeterRole.SOLAR, None, "gone")], "unknown_device", "One measures a device"),
        ([meter("one", MeterRole.SOLAR, None, "store"), STORE], "wrong_kind", "One cannot measure Store"),
        ([meter("one", MeterRole.ZONE, None, "roof"), ROOF], "wrong_kind", "One cannot measure Roof"),
        (
            [Meter(key=key, role=MeterRole.BUILDING, serial="0815") for key in ("one", "two")],
            *("same_meter", "one and the same meter, 0815"),
        ),
        ([GRID, GRID], "same_meter", "Grid and Grid are one and the same meter, grid"),
    ],
)
def test_meters_that_contradict_each_other_are_refused_by_name(
    parts: list[Meter | Device], key: str, said: str
) -> None:
    """Each says what to do about it."""
    with pytest.raises(MeterError, match=said.replace("(", r"\(").replace(")", r"\)")) as err:
        home(*parts)
    assert err.value.key == key
    assert ": " in str(err.value)


def test_a_meter_below_a_cycle_is_not_blamed_for_it() -> None:
    """The two that turn in a circle are."""
    loop = [meter("one", MeterRole.ZONE, "two"), meter("two", MeterRole.ZONE, "one")]
    with pytest.raises(MeterError, match="One stands below itself"):
        home(meter("three", MeterRole.ZONE, "one"), *loop)


def test_a_zone_above_the_only_building_is_no_circle() -> None:
    """Nobody says where the zone hangs, and below its own building it cannot."""
    found = home(meter("part", MeterRole.ZONE), meter("flat", MeterRole.BUILDING, "part"), part=700, flat=400)
    assert (found.consumption_w, found.untracked_w) == (400, {"part": 300})
