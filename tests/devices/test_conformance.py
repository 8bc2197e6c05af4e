"""What every profile has to keep, whoever wrote it."""

from pathlib import Path

import pytest

from custom_components.ems.devices.blocks import plan_blocks
from custom_components.ems.devices.document_identity import wanted_origins
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.points import MODES, POINTS, POSITIVE, UNIT_OF, Direction, Kind
from custom_components.ems.devices.profile import DocumentProfile, Placeholder, Profile
from custom_components.ems.devices.profile.placing import Place, placed

PROFILES = [pytest.param(profile, id=profile.id) for profile in load_profiles().values()]
REGISTERS = [param for param in PROFILES if isinstance(param.values[0], Profile)]
DOCUMENTS = [param for param in PROFILES if isinstance(param.values[0], DocumentProfile)]
ROLES = [
    pytest.param(role, id=f"{profile.id}:{role.role}")
    for profile in load_profiles().values()
    for role in profile.roles.values()
]
CONTROLLED = [param for param in ROLES if param.values[0].control]


def _layouts(profile):
    """Return a profile as it is on devices: once per layout where devices differ, each base far from the next."""
    if not profile.bases:
        return [profile]
    lines = [point for role in profile.roles.values() for point in role.readings.values() if point.otherwise]
    chosen = dict.fromkeys(layout.register.base for line in lines for layout in (line, *line.otherwise))
    places = {name: Place(start=500 * n, end=500 * n + 400) for n, name in enumerate(profile.bases, 1)}
    rest = {name: place for name, place in places.items() if name not in chosen}
    return [placed(profile, {**rest, name: places[name]}) for name in chosen] or [placed(profile, places)]


LAYOUTS = [
    pytest.param(layout, id=f"{profile.id}-{n}" if n else profile.id)
    for profile in load_profiles().values()
    if isinstance(profile, Profile)
    for n, layout in enumerate(_layouts(profile))
]

PAGES = Path(__file__).parents[2] / "docs" / "devices"


def _page_of(profile):
    """Return the one page that describes a profile."""
    (page,) = [page for page in PAGES.glob("*.md") if f"`{profile.id}`" in page.read_text(encoding="utf-8")]
    return page


# Requests per fast poll, all roles together. More than these and a device on a slow gateway falls behind.
REQUESTS_MAX = {
    "abb_b23": 2,
    "abb_terra_ac": 1,
    "alfen_eve": 2,
    "carlo_gavazzi_em100": 1,
    "carlo_gavazzi_em24": 6,  # 11 registers per request are its maker's limit
    "carlo_gavazzi_em300": 2,
    "deye_lp1": 2,
    "deye_lp3": 3,
    "e3dc": 1,
    "eastron_sdm230": 1,
    "eastron_sdm630": 1,
    "eastron_sdm72": 1,
    "fronius_gen24": 3,
    "goe_modbus": 4,
    "goodwe_et": 5,
    "growatt_sph": 4,
    "growatt_tlxh": 2,
    "heidelberg_energy_control": 2,
    "huawei_sun2000": 4,
    "janitza_umg": 1,
    "janitza_umg604": 3,
    "keba_p30": 8,  # its maker allows one value per request
    "keba_p40": 8,  # its maker allows one value per request
    "kostal_ksem": 3,
    "kostal_plenticore": 4,
    "mennekes_compact": 4,
    "mennekes_hcc3": 2,
    "mennekes_professional": 3,
    "openwb2": 1,
    "phoenix_charx": 2,
    "phoenix_eem_ma370": 2,
    "phoenix_eem_ma600": 1,
    "phoenix_ev_eth": 3,
    "schneider_iem3000": 2,
    "shelly_pro3em": 2,
    "siemens_pac1600": 3,
    "siemens_pac2200": 2,
    "sma_smart_energy": 8,  # SMA scatters what belongs together over a thousand registers
    "solaredge_storedge": 3,
    "sungrow_sh": 4,
    "sunspec_battery": 1,
    "sunspec_inverter": 1,
    "sunspec_meter": 1,
    "victron_gx": 2,
    "wallbe_eco": 3,
    "webasto_next": 1,
    "webasto_unite": 2,
}

# Batteries that EMS cannot make do everything, and why; the plan leaves them to themselves in the mode they lack.
LACKING = {
    "sma_smart_energy": {"discharge"},  # its discharge mode covers the house and no more
    "fronius_gen24": {"discharge"},  # a negative charging rate: seen by few, confirmed by nobody
    "deye_lp3": {"discharge"},  # would change how the inverter sells, which nobody confirmed
}


@pytest.mark.parametrize("profile", LAYOUTS)
def test_a_poll_takes_few_requests(profile):
    points = [point for role in profile.roles.values() for point in role.terms.values()]
    blocks = plan_blocks(points, max_registers=profile.link.max_registers, gap=profile.link.gap)
    assert len(blocks) == REQUESTS_MAX[profile.id], [block.name for block in blocks]


@pytest.mark.parametrize("profile", LAYOUTS)
def test_no_register_has_two_meanings(profile):
    """Overlapping points are a slip of the pen, unless they read one value in two ways (state and car)."""
    points = [p for role in profile.roles.values() for p in (*role.terms.values(), *role.settings.values())]
    for n, one in enumerate(points):
        for other in points[n + 1 :]:
            a, b = one.register, other.register
            if a.space != b.space or a.end <= b.address or b.end <= a.address:
                continue
            same_place = (a.address, a.count, a.type, a.word_order) == (
                b.address,
                b.count,
                b.type,
                b.word_order,
            )
            assert same_place, f"{one.name} and {other.name} share registers"
            assert a.values, f"{one.name} and {other.name} are the same number"
            assert b.values, f"{one.name} and {other.name} are the same number"


@pytest.mark.parametrize("role", ROLES)
def test_every_flow_says_how_the_device_counts(role):
    """The sign of a factor is the device's way of counting; a flow without one is a guess."""
    flows = [key for key, spec in POINTS[role.role].items() if spec.direction is Direction.MUST]
    for key in flows:
        if key in role.readings:
            assert abs(role.readings[key].factor) > 0
    assert set(POSITIVE[role.role].values()) == {1, -1}


@pytest.mark.parametrize("role", ROLES)
def test_readings_are_canonical_and_in_our_units(role):
    for key, point in {**role.readings, **role.derived}.items():
        assert point.kind is POINTS[role.role][key].kind
        assert point.unit == UNIT_OF[point.kind]


@pytest.mark.parametrize("role", ROLES)
def test_every_number_has_a_range_beyond_which_it_is_garbage(role):
    for point in role.terms.values():
        # A number that stands for a code is one of few.
        assert point.kind in {Kind.TEXT, Kind.FLAG} or point.valid or point.codes, point.name


@pytest.mark.parametrize("profile", DOCUMENTS)
def test_a_poll_asks_for_few_documents(profile):
    """Small web servers answer one request at a time, and each costs them a tenth of a second."""
    asked = {
        origin for role in profile.roles.values() for p in role.readings.values() for origin in p.origins
    }
    assert asked
    if profile.link.transport == "http":
        assert len(asked) <= 2


@pytest.mark.parametrize("profile", DOCUMENTS)
def test_every_request_and_topic_is_of_use(profile):
    points = [
        p for role in profile.roles.values() for p in (*role.readings.values(), *role.settings.values())
    ]
    used = {origin for point in points for origin in point.origins} | set(wanted_origins(profile))
    assert used == set(profile.link.requests if profile.link.transport == "http" else profile.link.topics)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_says_who_it_is_for_and_where_it_comes_from(profile):
    assert profile.identity.expect
    assert profile.source
    assert profile.confidence in {"A", "B", "C"}
    assert profile.roles


@pytest.mark.parametrize("profile", PROFILES)
def test_a_map_nobody_confirmed_writes_nothing(profile):
    if profile.confidence == "C":
        assert not profile.writable
        assert not [point for role in profile.roles.values() for point in role.points if point.write]


@pytest.mark.parametrize("role", CONTROLLED)
def test_a_role_that_is_steered_is_safe_without_us(role):
    """Either its command expires by itself, or a safe one can be written; and somebody wrote down which."""
    control = role.control
    assert control.on_expiry
    # A command, settings that hand it back to its own rule, or a lease that runs out by itself.
    assert control.safe in control.commands or (
        control.safe is None and (control.give_back or control.lease_s)
    )
    if control.lease_s is not None:
        assert 0 < control.renew_s <= control.lease_s / 2
    assert control.wears <= set(role.settings) | set(role.readings)
    assert control.min_write_interval_s > 0


@pytest.mark.parametrize("role", CONTROLLED)
def test_everything_a_command_writes_lies_within_bounds(role):
    control = role.control
    for assignments in (control.prepare, control.give_back, *control.commands.values()):
        for key, amount in assignments.items():
            point = role.point(key)
            if not isinstance(amount, Placeholder):
                assert point.write.low <= amount <= point.write.high
                assert point.codes is None or amount in point.codes


@pytest.mark.parametrize("role", CONTROLLED)
def test_commands_never_cycle_what_wears(role):
    """Where there is no other way to steer, how often a day is bounded: 200 are 100 000 writes in 16 months."""
    cycled = {key for assigned in role.control.commands.values() for key in assigned} & role.control.wears
    assert bool(cycled) == (role.control.wear_writes_per_day is not None)
    assert (role.control.wear_writes_per_day or 0) <= 200


@pytest.mark.parametrize("role", CONTROLLED)
def test_a_safe_command_needs_nothing_that_could_be_unknown(role):
    """On unload nobody can wait for a rating, a voltage or a reading."""
    assigned = role.control.commands.get(role.control.safe, role.control.give_back)
    told = {Placeholder.POWER_W, Placeholder.MINUS_POWER_W, Placeholder.CURRENT_A}
    assert not told & set(assigned.values())


@pytest.mark.parametrize("role", CONTROLLED)
def test_a_mode_undoes_what_another_mode_restricts(role):
    """Else the battery stays as the last mode left it: automatic has to touch what hold closed."""
    if "hold" not in role.commands:
        return
    closed = {key for key, amount in role.control.commands["hold"].items() if amount in (0, 10)}
    opened = set(role.control.commands["automatic"])
    assert {key for key in closed if key.endswith(("limit", "max", "discharge_current"))} <= opened


@pytest.mark.parametrize("profile", PROFILES)
def test_a_battery_or_charger_knows_every_mode_the_plan_uses(profile):
    for role in profile.roles.values():
        if role.control:
            # Where nothing expires, `on` stays by itself.
            spare = {"stay_on"} if role.control.lease_s is None else set()
            # The plan knows of no car that feeds back, and hardly any charger can.
            spare |= {"discharge"} - set(role.commands) if role.role == "charger" else set()
            assert set(role.commands) == set(MODES[role.role]) - LACKING.get(profile.id, set()) - spare


@pytest.mark.parametrize("profile", PROFILES)
def test_every_device_is_in_the_list_with_its_confidence(profile):
    page = (PAGES / "README.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if f"({_page_of(profile).name})" in line]
    assert any(
        f"| {profile.confidence} |" in row and all(model in row for model in profile.models) for row in rows
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_every_device_has_a_page(profile):
    """One page per family; relatives share it."""
    text = " ".join(_page_of(profile).read_text(encoding="utf-8").split())
    assert f"confidence **{profile.confidence}**" in text
    for model in profile.models:
        assert model in text
    for role in profile.roles.values():
        if role.control:
            assert role.control.on_expiry in text
