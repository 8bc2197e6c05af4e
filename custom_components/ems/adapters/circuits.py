"""From what people said about circuits to the tree that real-time control keeps: fuses, feeders, and meters."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_NAME

from ..const import CIRCUIT, CONF_FUSE_A, CONF_GRID, CONF_IMPORT_MAX_KW, CONF_PARAMS, CONF_PHASES
from ..engine.control.circuit import Circuit, CircuitTree, Phases
from ..settings import SiteSettings
from .meter_tree import SiteMeters

# Key of the circuit that only the network feeds; the others go by their subentry.
CONNECTION: Final = "connection"
# A circuit with all phases of what feeds it.
ALL: Final = "all"
# What a home itself may draw on one phase while nobody measures its connection: of a fuse of 25 A an oven or a
# kettle, and what is always on. Without it, cars would keep their safe currents in a house that fills its fuse alone.
HOME_SHARE: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class ToldCircuit:
    """A circuit as its form described it.

    phases : `ALL`, or the number of the one it has.
    """

    key: str
    name: str
    limit_a: float
    above: str = CONNECTION
    meter: str | None = None
    phases: str = ALL
    limit_kw: float | None = None
    allowance_a: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SiteCircuits:
    """The circuits of a home.

    meters : By circuit, the subentries of the meters that measure it; none where nobody does.
    lost : Names of circuits that were said to hang below a circuit, on a phase or behind a meter that is not there.
    """

    tree: CircuitTree
    meters: Mapping[str, tuple[str, ...]]
    lost: tuple[str, ...] = ()

    def at(self, key: str | None) -> Circuit:
        """Return the circuit of a device; the connection where nobody said one, or it was removed."""
        by_key = self.tree.by_key
        return by_key.get(key or CONNECTION, by_key[CONNECTION])


def make_tree(entry: ConfigEntry[Any], settings: SiteSettings, meters: SiteMeters) -> SiteCircuits:
    """Return the circuits of what is stored. Whatever was removed since, there is a tree."""
    home = connection(entry, meters, settings.grid(CONF_IMPORT_MAX_KW))
    return make_circuits(home, told_circuits(entry.subentries.values()), meters)


def connection(
    entry: ConfigEntry[Any], meters: SiteMeters | None = None, limit_kw: float | None = None
) -> Circuit:
    """Return the main fuse."""
    grid = entry.data[CONF_GRID]
    fuse_a = float(grid[CONF_FUSE_A])
    return Circuit(
        key=CONNECTION,
        name=entry.title,
        limit_a=fuse_a,
        phases=tuple(range(1, int(grid[CONF_PHASES]) + 1)),
        limit_kw=limit_kw,
        allowance_a=HOME_SHARE * fuse_a,
        is_metered=meters is not None and bool(meters.tree.connection_meters),
    )


def told_circuits(subentries: Iterable[ConfigSubentry]) -> list[ToldCircuit]:
    """Return the circuits as their forms described them."""
    return [
        told_circuit(each.subentry_id, each.data[CONF_NAME], each.data[CONF_PARAMS])
        for each in subentries
        if each.subentry_type == CIRCUIT
    ]


def told_circuit(key: str, name: str, params: Mapping[str, Any]) -> ToldCircuit:
    """Return a circuit as its form described it."""
    limit_kw = params.get("limit_kw")
    return ToldCircuit(
        key=key,
        name=name,
        limit_a=float(params["limit_a"]),
        above=params.get("above", CONNECTION),
        meter=params.get("meter"),
        phases=params.get("phases", ALL),
        limit_kw=None if limit_kw is None else float(limit_kw),
        allowance_a=float(params.get("allowance_a", 0)),
    )


def make_circuits(home: Circuit, told: Sequence[ToldCircuit], meters: SiteMeters) -> SiteCircuits:
    """Return the tree below a connection. Raises PlanError where a limit is none."""
    found = mended(home, told, meters)
    phases = _phases(home, found)
    circuits = [
        Circuit(
            key=each.key,
            name=each.name,
            limit_a=each.limit_a,
            above=each.above,
            phases=phases[each.key],
            limit_kw=each.limit_kw,
            allowance_a=each.allowance_a,
            is_metered=each.meter is not None,
        )
        for each in found
    ]
    measured_by = {each.key: (each.meter,) if each.meter is not None else () for each in found}
    return SiteCircuits(
        tree=CircuitTree(circuits=(home, *circuits)),
        meters={CONNECTION: meters.tree.connection_meters, **measured_by},
        lost=tuple(one.name for one, other in zip(told, found, strict=True) if one != other),
    )


def mended(home: Circuit, told: Sequence[ToldCircuit], meters: SiteMeters) -> tuple[ToldCircuit, ...]:
    """Return circuits that make a tree, in their order; what cannot be counts as if it had not been said.

    Nobody feeds itself, nobody hangs on a phase that its feeder has not, and no meter speaks for two circuits.
    """
    fed = [replace(each, above=_feeder(each, told)) for each in told]
    phases = _phases(home, fed)
    found: list[ToldCircuit] = []
    for each in fed:
        there = each.phases == ALL or phases[each.key] == (int(each.phases),)
        is_free = each.meter not in {other.meter for other in found}
        meter = each.meter if is_free and each.meter in usable_meters(meters) else None
        found.append(replace(each, phases=each.phases if there else ALL, meter=meter))
    return tuple(found)


def usable_meters(meters: SiteMeters) -> frozenset[str]:
    """Return the meters that may measure a circuit: those that count what flows into it, and not into the home."""
    tree = meters.tree
    inward = {meter.key for meter in tree.meters if meter.sign > 0}
    return frozenset(inward - set(tree.connection_meters))


def _feeder(circuit: ToldCircuit, told: Sequence[ToldCircuit]) -> str:
    """Return what feeds a circuit; the connection where that was removed, or would be the circuit itself."""
    above = {each.key: each.above for each in told}
    seen, at = set[str](), circuit.above
    while at in above and at not in seen:
        seen.add(at)
        at = above[at]
    is_known = circuit.above in above
    return circuit.above if is_known and circuit.key not in seen else CONNECTION


def _phases(home: Circuit, told: Sequence[ToldCircuit]) -> dict[str, Phases]:
    """Return the phases of every circuit: its feeder's, or the one of them that it has."""
    by_key = {each.key: each for each in told}

    def of(key: str) -> Phases:
        if key == CONNECTION:
            return home.phases
        above, said = of(by_key[key].above), by_key[key].phases
        return (int(said),) if said != ALL and int(said) in above else above

    return {key: of(key) for key in by_key}
