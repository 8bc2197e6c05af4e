"""What every profile has to keep, whoever wrote it."""

from pathlib import Path

import pytest

from custom_components.ems.devices.blocks import plan_blocks
from custom_components.ems.devices.document_identity import wanted_origins
from custom_components.ems.devices.loader import load_profiles
from custom_components.ems.devices.points import MODES, POINTS, POSITIVE, UNIT_OF, Direction, Kind
from custom_components.ems.devices.profile import DocumentProfile, Placeholder, Profile

PROFILES = [pytest.param(profile, id=profile.id) for profile in load_profiles().values()]
REGISTERS = [param for param in PROFILES if isinstance(param.values[0], Profile)]
DOCUMENTS = [param for param in PROFILES if isinstance(param.values[0], DocumentProfile)]
ROLES = [
    pytest.param(role, id=f"{profile.id}:{role.role}")
    for profile in load_profiles().values()
    for role in profile.roles.values()
]
CONTROLLED = [param for param in ROLES if param.values[0].control]

# Requests per fast poll, all roles together. More than these and a device on a slow gateway falls behind.
REQUESTS_MAX = {"abb_b23": 2, "alfen_eve": 2, "solaredge_storedge": 3}


@pytest.mark.parametrize("profile", REGISTERS)
def test_a_poll_takes_few_requests(profile):
    points = [point for role in profile.roles.values() for point in role.readings.values()]
    blocks = plan_blocks(points, max_registers=profile.link.max_registers, gap=profile.link.gap)
    assert len(blocks) == REQUESTS_MAX[profile.id], [block.name for block in blocks]


@pytest.mark.parametrize("profile", REGISTERS)
def test_no_register_has_two_meanings(profile):
    """Overlapping points are a slip of the pen, unless they read one value in two ways (state and car)."""
    points = [
        p for role in profile.roles.values() for p in (*role.readings.values(), *role.settings.values())
    ]
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
    for point in role.readings.values():
        assert point.kind in {Kind.TEXT, Kind.FLAG} or point.valid, point.name


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


@pytest.mark.parametrize("role", CONTROLLED)
def test_a_role_that_is_steered_is_safe_without_us(role):
    """Either its command expires by itself, or a safe one can be written; and somebody wrote down which."""
    control = role.control
    assert control.on_expiry
    # A command, settings that hand it back to its own rule, or a lease that runs out by itself.
    assert control.safe in control.commands or control.give_back or (control.safe is None and control.lease_s)
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
    for assignments in role.control.commands.values():
        assert not role.control.wears & set(assignments)


@pytest.mark.parametrize("role", CONTROLLED)
def test_a_battery_or_charger_knows_every_mode_the_plan_uses(role):
    assert set(role.commands) == set(MODES[role.role])


@pytest.mark.parametrize("profile", PROFILES)
def test_every_device_has_a_page(profile):
    """One page per family; relatives share it."""
    pages = (Path(__file__).parents[2] / "docs" / "devices").glob("*.md")
    texts = [" ".join(page.read_text(encoding="utf-8").split()) for page in pages]
    (text,) = [text for text in texts if f"`{profile.id}`" in text]
    for model in profile.models:
        assert model in text
    for role in profile.roles.values():
        if role.control:
            assert role.control.on_expiry in text
