"""From points to few read requests."""

from collections.abc import Iterable
from dataclasses import dataclass

from .profile.model import Point, Space


@dataclass(frozen=True, kw_only=True)
class Block:
    """One read request and the points that live in it, each whole and together with its scale register."""

    space: Space
    address: int
    count: int
    points: tuple[Point, ...]

    @property
    def name(self) -> str:
        """Return what diagnostics call this block."""
        return f"{self.space} {self.address}+{self.count}"


def plan_blocks(points: Iterable[Point], *, max_registers: int, gap: int) -> tuple[Block, ...]:
    """Merge points into blocks of at most `max_registers`, reading at most `gap` unneeded registers in a row.

    A negative gap leaves every point alone.
    """
    ordered = sorted(points, key=lambda p: (p.register.space, p.low, p.high))
    groups: list[list[Point]] = []
    for point in ordered:
        if groups and _fits(groups[-1], point, max_registers, gap):
            groups[-1].append(point)
        else:
            groups.append([point])
    return tuple(_block(group) for group in groups)


def split_block(block: Block, *, max_registers: int) -> tuple[Block, ...]:
    """Return smaller blocks for one that was refused: first without holes, then point by point."""
    for gap in (0, -1):
        pieces = plan_blocks(block.points, max_registers=max_registers, gap=gap)
        if len(pieces) > 1:
            return pieces
    return (block,)


def _fits(group: list[Point], point: Point, max_registers: int, gap: int) -> bool:
    low, high = group[0].low, max(member.high for member in group)
    return (
        gap >= 0
        and point.register.space == group[0].register.space
        and point.low - high <= gap
        and max(high, point.high) - low <= max_registers
    )


def _block(group: list[Point]) -> Block:
    low = group[0].low
    high = max(member.high for member in group)
    return Block(space=group[0].register.space, address=low, count=high - low, points=tuple(group))
