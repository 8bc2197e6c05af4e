"""From what was measured to what the home does: grid, consumption, production, and who is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .meters import DeviceKind
from .terms import Terms, added, valued, without_repeats
from .tree import MeterTree

type Powers = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Balance:
    """A home in one moment, in W. None is unknown, and never 0.

    grid_w : + import.
    consumption_w : Everything that consumes. Below 0 for a moment, where meters are not read in the same one.
    grid_is_derived : Nobody measures the connection: it is what buildings take less what sources give.
    consumption_is_derived : It is the sum of grid and sources, rather than measured by buildings.
    unknown_because : Keys of the meters and devices whose silence leaves grid or consumption unknown.
    untracked_w : By meter with others below it, what nobody else measures.
    """

    grid_w: float | None
    consumption_w: float | None
    pv_w: float | None
    battery_w: float | None
    charger_w: float | None
    loads_w: Powers = field(default_factory=dict)
    untracked_w: Powers = field(default_factory=dict)
    grid_is_derived: bool = False
    consumption_is_derived: bool = False
    unknown_because: tuple[str, ...] = ()


def balance(tree: MeterTree, meter_w: Powers, device_w: Powers, inverter_w: Powers | None = None) -> Balance:
    """Return what the home does.

    Parameters
    ----------
    meter_w, device_w : What each of them counts now, by key, each in its own sign. [W]
    inverter_w : AC power of inverters that measure it, + into the home. It beats adding up their DC sides, whose
        conversion losses would count as consumption. [W]
    """
    at_ac = {
        key: power_w
        for key, power_w in (inverter_w or {}).items()
        if power_w is not None or _has_its_say(tree, key)
    }
    known = {**meter_w, **_helped_out(tree, meter_w, device_w), **at_ac}
    grid_w, grid_lacks = _at_ac(tree, tree.grid, known, at_ac)
    consumption_w, home_lacks = _at_ac(tree, tree.consumption, known, at_ac)
    return Balance(
        grid_w=grid_w,
        consumption_w=consumption_w,
        pv_w=valued(tree.of_kind[DeviceKind.PV], known)[0],
        battery_w=valued(tree.of_kind[DeviceKind.BATTERY], known)[0],
        charger_w=valued(tree.of_kind[DeviceKind.CHARGER], known)[0],
        loads_w={key: valued(terms, known)[0] for key, terms in tree.loads.items()},
        untracked_w={key: _at_ac(tree, terms, known, at_ac)[0] for key, terms in tree.untracked.items()},
        grid_is_derived=tree.grid_is_derived,
        consumption_is_derived=tree.grid is not None and not tree.grid_is_derived,
        unknown_because=without_repeats((*grid_lacks, *home_lacks)),
    )


def _helped_out(tree: MeterTree, meter_w: Powers, device_w: Powers) -> Powers:
    """Return the devices' powers; for one that is silent speaks the meter that measures it alone."""
    found = dict(device_w)
    for key in tree.named:
        if found.get(key) is None and (meter := tree.speaks_for(key)):
            found[key] = meter_w.get(meter.key)
    return found


def _has_its_say(tree: MeterTree, inverter: str) -> bool:
    """Tell whether an inverter has devices behind it, and no meter speaks for it while it is silent."""
    behind = tree.behind.get(inverter, ())
    return any(tree.speaks_for(key) is None for key in behind)


def _at_ac(
    tree: MeterTree, terms: Terms | None, known: Powers, at_ac: Powers
) -> tuple[float | None, tuple[str, ...]]:
    """Return a sum with the AC power of inverters in the place of the devices behind them, and who is missing."""
    if terms is None:
        return None, ()
    swapped: Terms = terms
    for inverter in at_ac:
        behind = tree.behind.get(inverter, ())
        counts = {swapped[key] for key in behind if key in swapped}
        if len(counts) == 1:
            (count,) = counts
            rest = {key: times for key, times in swapped.items() if key not in behind}
            swapped = added(rest, {inverter: count})
    return valued(swapped, known)
