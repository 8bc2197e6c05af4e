"""Few requests, nothing torn apart."""

from hypothesis import given, settings, strategies as st

from custom_components.ems.devices.blocks import plan_blocks, split_block
from custom_components.ems.devices.points import Kind
from custom_components.ems.devices.profile import Point, Register

WIDTH = {1: "u16", 2: "u32", 4: "u64"}


def point(key, address, count=1, *, space="holding", scale=None):
    register = Register(address=address, count=count, type=WIDTH[count], space=space)
    exponent = None if scale is None else Register(address=scale, count=1, type="s16", space=space)
    return Point(
        role="meter", key=key, kind=Kind.COUNT, unit=None, register=register, scale_register=exponent
    )


def spans(blocks):
    return [(block.space, block.address, block.count) for block in blocks]


def test_neighbours_share_a_request_and_strangers_do_not():
    points = [point("a", 10, 2), point("b", 12), point("c", 20), point("d", 40)]
    assert spans(plan_blocks(points, max_registers=125, gap=8)) == [("holding", 10, 11), ("holding", 40, 1)]


def test_input_and_holding_registers_are_two_worlds():
    points = [point("a", 10), point("b", 11, space="input")]
    assert spans(plan_blocks(points, max_registers=125, gap=8)) == [("holding", 10, 1), ("input", 11, 1)]


def test_a_value_stays_with_its_scale_even_where_others_lie_between():
    points = [point("w", 14, scale=30), point("hz", 20)]
    assert spans(plan_blocks(points, max_registers=125, gap=0)) == [("holding", 14, 17)]


def test_a_request_never_outgrows_the_device():
    points = [point(str(n), 2 * n, 2) for n in range(20)]
    blocks = plan_blocks(points, max_registers=11, gap=8)
    assert all(block.count <= 11 for block in blocks)
    assert all(block.count % 2 == 0 for block in blocks)


def test_a_refused_block_is_split_at_its_holes_first_and_then_point_by_point():
    points = [point("a", 10), point("b", 11), point("c", 14)]
    (block,) = plan_blocks(points, max_registers=125, gap=8)
    pieces = split_block(block, max_registers=125)
    assert spans(pieces) == [("holding", 10, 2), ("holding", 14, 1)]
    assert spans(split_block(pieces[0], max_registers=125)) == [("holding", 10, 1), ("holding", 11, 1)]
    assert split_block(pieces[1], max_registers=125) == (pieces[1],)


POINTS = st.builds(
    lambda key, address, count, space, distance: point(
        key, address, count, space=space, scale=None if distance is None else address + count + distance
    ),
    st.uuids().map(str),
    st.integers(0, 400),
    st.sampled_from([1, 2, 4]),
    st.sampled_from(["holding", "input"]),
    st.none() | st.integers(0, 10),
)


@settings(max_examples=150, deadline=None)
@given(points=st.lists(POINTS, max_size=40), max_registers=st.integers(15, 125), gap=st.integers(0, 40))
def test_every_point_is_whole_in_one_block(points, max_registers, gap):
    blocks = plan_blocks(points, max_registers=max_registers, gap=gap)

    assert sorted(p.key for block in blocks for p in block.points) == sorted(p.key for p in points)
    for block in blocks:
        assert block.count <= max_registers
        for member in block.points:
            assert member.register.space == block.space
            assert block.address <= member.low
            assert member.high <= block.address + block.count
