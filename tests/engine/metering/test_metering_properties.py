"""Whatever hangs below whatever: the tree finds what a simulated wiring really does, and counts nothing twice."""

from dataclasses import dataclass, replace

from hypothesis import given, strategies as st
import pytest

from custom_components.ems.engine.metering import (
    BESIDE,
    Balance,
    Device,
    DeviceKind,
    Meter,
    MeterRole,
    MeterTree,
    balance,
)

CONSUMERS = (MeterRole.BUILDING, MeterRole.ZONE, MeterRole.LOAD)
WATTS = st.integers(0, 5000).map(float)


@dataclass(frozen=True)
class Wire:
    """A meter in the wiring: what hangs directly below it, in W."""

    meter: Meter
    parent: int  # index of the wire above, -1 at the connection
    takes_w: float
    device: Device | None  # a source or a car right behind this meter
    device_w: float


@st.composite
def wirings(draw: st.DrawFn, *, top: MeterRole) -> list[Wire]:
    """Return a wiring below one meter; parents come before children."""
    wires = [
        Wire(Meter(key="m0", role=top, above=BESIDE if top is MeterRole.BUILDING else None), -1, 0, None, 0)
    ]
    for number in range(1, draw(st.integers(1, 7))):
        role = draw(st.sampled_from([*CONSUMERS, MeterRole.SOLAR, MeterRole.BATTERY, MeterRole.CHARGER]))
        may_be_above = [i for i, wire in enumerate(wires) if wire.device is None]
        parent = draw(st.sampled_from(may_be_above))
        key = f"m{number}"
        device, watts = None, draw(WATTS)
        if role not in CONSUMERS:
            kind = {"solar": "pv", "battery": "battery", "charger": "charger"}[role]
            device = Device(key=f"d{number}", kind=DeviceKind(kind), measures_itself=draw(st.booleans()))
            watts *= draw(st.sampled_from([1, -1])) if role is MeterRole.BATTERY else 1
        meter = Meter(
            key=key, role=role, above=wires[parent].meter.key, measures=device.key if device else None
        )
        takes_w = 0.0 if device else watts
        wires.append(Wire(meter, parent, takes_w, device, watts if device else 0.0))
    return wires


def flows_w(wires: list[Wire]) -> list[float]:
    """Return what flows down through each meter."""
    flows = [0.0] * len(wires)
    for i in reversed(range(len(wires))):
        wire = wires[i]
        flows[i] += wire.takes_w + wire.meter.sign * wire.device_w
        if wire.parent >= 0:
            flows[wire.parent] += flows[i]
    return flows


def found_in(wires: list[Wire], extra_w: float = 0.0, roof_w: float | None = None) -> Balance:
    """Return what the tree makes of the readings; `roof_w` is an array beside all meters but the grid's."""
    flows = flows_w(wires)
    flows[0] += extra_w
    roofs = [] if roof_w is None else [Device(key="roof", kind=DeviceKind.PV)]
    devices = [wire.device for wire in wires if wire.device] + roofs
    return balance(
        MeterTree(tuple(wire.meter for wire in wires), tuple(devices)),
        {wire.meter.key: wire.meter.sign * flow for wire, flow in zip(wires, flows, strict=True)},
        {wire.device.key: wire.device_w for wire in wires if wire.device and wire.device.measures_itself}
        | {roof.key: roof_w for roof in roofs},
    )


def total_w(wires: list[Wire], *kinds: DeviceKind) -> float:
    """Return what the devices of some kinds really do."""
    return sum(wire.device_w for wire in wires if wire.device and wire.device.kind in kinds)


@given(wires=wirings(top=MeterRole.GRID), other_w=WATTS, roof_w=WATTS)
def test_a_home_with_a_grid_meter_is_found_as_it_is_wired(
    wires: list[Wire], other_w: float, roof_w: float
) -> None:
    """Consumption is what the consumers take, wherever sources and meters hang."""
    found = found_in(wires, other_w - roof_w, roof_w)
    taken_w = sum(wire.takes_w for wire in wires) + total_w(wires, DeviceKind.CHARGER) + other_w
    assert found.consumption_w == pytest.approx(taken_w)
    assert found.pv_w == pytest.approx(total_w(wires, DeviceKind.PV) + roof_w)
    assert found.charger_w == pytest.approx(total_w(wires, DeviceKind.CHARGER))
    assert found.grid_w == pytest.approx(flows_w(wires)[0] + other_w - roof_w)


@given(wires=wirings(top=MeterRole.BUILDING), roof_w=WATTS)
def test_a_home_without_a_grid_meter_is_found_as_it_is_wired(wires: list[Wire], roof_w: float) -> None:
    """The array beside the building flows out through a connection that nobody measures."""
    found = found_in(wires, roof_w=roof_w)
    taken_w = sum(wire.takes_w for wire in wires) + total_w(wires, DeviceKind.CHARGER)
    assert found.grid_is_derived
    assert found.consumption_w == pytest.approx(taken_w)
    assert found.grid_w == pytest.approx(flows_w(wires)[0] - roof_w)


@given(wires=wirings(top=MeterRole.GRID))
def test_what_is_untracked_is_what_hangs_there_without_a_meter(wires: list[Wire]) -> None:
    """The rest of a meter is what its own wire takes."""
    found = found_in(wires)
    by_key = {wire.meter.key: i for i, wire in enumerate(wires)}
    for key, rest_w in found.untracked_w.items():
        assert rest_w == pytest.approx(wires[by_key[key]].takes_w)


@given(top=st.sampled_from([MeterRole.GRID, MeterRole.BUILDING]), data=st.data())
def test_a_zone_meter_in_or_out_of_the_tree_never_changes_a_sum(top: MeterRole, data: st.DataObject) -> None:
    """It informs: what hung below it hangs below the one above it."""
    wires = data.draw(wirings(top=top))
    zones = [i for i, wire in enumerate(wires) if wire.meter.role is MeterRole.ZONE]
    readings = {
        wire.meter.key: wire.meter.sign * flow for wire, flow in zip(wires, flows_w(wires), strict=True)
    }
    devices = tuple(wire.device for wire in wires if wire.device)
    device_w = {
        wire.device.key: wire.device_w for wire in wires if wire.device and wire.device.measures_itself
    }
    before = balance(MeterTree(tuple(wire.meter for wire in wires), devices), readings, device_w)
    for zone in zones:
        key, above = wires[zone].meter.key, wires[zone].meter.above
        wires = [
            replace(wire, meter=replace(wire.meter, above=above)) if wire.meter.above == key else wire
            for wire in wires
        ]
    left = tuple(wire.meter for i, wire in enumerate(wires) if i not in zones)
    after = balance(MeterTree(left, devices), readings, device_w)
    assert (after.grid_w, after.consumption_w) == pytest.approx((before.grid_w, before.consumption_w))
    assert (after.pv_w, after.battery_w, after.charger_w) == pytest.approx(
        (before.pv_w, before.battery_w, before.charger_w)
    )


@given(top=st.sampled_from([MeterRole.GRID, MeterRole.BUILDING]), data=st.data())
def test_nothing_counts_twice_and_silence_is_never_zero(top: MeterRole, data: st.DataObject) -> None:
    """Every meter and device is in a sum once or not at all; one that is in it and silent leaves it unknown."""
    wires = data.draw(wirings(top=top))
    meters, devices = tuple(w.meter for w in wires), tuple(w.device for w in wires if w.device)
    tree = MeterTree(meters, devices)
    for terms in (tree.grid, tree.consumption, tree.sources):
        assert terms is not None
        assert set(terms.values()) <= {-1, 1}
    silent = data.draw(st.sampled_from(sorted(tree.consumption or {})))
    meter_w = {meter.key: None if meter.key == silent else 1.0 for meter in meters}
    device_w = dict.fromkeys((device.key for device in devices), 1.0)
    helper = tree.named.get(silent)
    found = balance(tree, meter_w, {key: None if key == silent else w for key, w in device_w.items()})
    if helper is None:
        assert found.consumption_w is None
        assert silent in found.unknown_because
    else:
        assert found.consumption_w is not None, "the meter that names it speaks for it"
