"""Meters that hang below each other, and what is to be added up for the grid, the home and its devices.

A power f flows from the connection down through every meter: what it counts, and of a source the opposite. A meter that
is *opaque* stands for everything below it; through one that only informs (a zone, a solar meter of arrays that measure
themselves) one looks at what hangs below it. So nothing below a meter ever counts a second time:

    grid        = Σ f over what is seen from the connection              with a meter at the grid,
                = that, less the sources that hang below no meter         without one, where a building is metered
    consumption = grid + Σ sources
    untracked   = f(meter) - Σ f over what is seen from it
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from .checks import check_meters
from .meters import BESIDE, KIND_OF, SOURCES, Device, DeviceKind, Meter, MeterRole
from .terms import Terms, added, less, times

# Meters whose rest says something: what is consumed below them and nobody else measures.
_WITH_REST = (MeterRole.GRID, MeterRole.BUILDING, MeterRole.ZONE, MeterRole.LOAD)
# A load that has no meter is estimated; a meter that names none may be anybody's fridge.
_STOOD_IN_FOR = frozenset({DeviceKind.PV, DeviceKind.BATTERY, DeviceKind.CHARGER})


@dataclass(frozen=True)
class MeterTree:
    """The meters of a home and the devices they may measure. Raises MeterError where they contradict each other."""

    meters: tuple[Meter, ...]
    devices: tuple[Device, ...] = ()

    def __post_init__(self) -> None:
        """Check before anything is added up."""
        check_meters(self.meters, self._device)

    @cached_property
    def _meter(self) -> Mapping[str, Meter]:
        return {meter.key: meter for meter in self.meters}

    @cached_property
    def _device(self) -> Mapping[str, Device]:
        return {device.key: device for device in self.devices}

    def label(self, key: str) -> str:
        """Return what people call a meter or a device."""
        found = self._meter.get(key) or self._device.get(key)
        return key if found is None else found.label

    # Who hangs where.

    def _of_role(self, role: MeterRole) -> list[Meter]:
        return [meter for meter in self.meters if meter.role is role]

    @cached_property
    def _usually_above(self) -> list[Meter]:
        """Return what meters hang below of which nobody says where they hang."""
        tops = [meter for meter in self._of_role(MeterRole.BUILDING) if meter.above in (None, BESIDE)]
        return self._of_role(MeterRole.GRID) or tops

    def above(self, meter: Meter) -> str | None:
        """Return the key of the meter above, None at the connection."""
        if meter.above is not None:
            return None if meter.above == BESIDE else meter.above
        if meter.role is MeterRole.GRID or not self._usually_above:
            return None
        usual = self._usually_above[0]
        is_beside = meter.role is MeterRole.BUILDING or meter.sign < 0
        return None if is_beside and usual.role is MeterRole.BUILDING else usual.key

    def _hangs_for_sure(self, meter: Meter) -> bool:
        """Tell whether there is no other place: one of two connections is only guessed, and has no effect on sums."""
        return meter.above is not None or len(self._usually_above) <= 1

    @cached_property
    def _below(self) -> Mapping[str | None, list[Meter]]:
        found: dict[str | None, list[Meter]] = {}
        for meter in self.meters:
            found.setdefault(self.above(meter), []).append(meter)
        return found

    def _path(self, meter: Meter) -> Iterator[Meter]:
        """Yield the meters above, the nearest first."""
        while (key := self.above(meter)) is not None:
            meter = self._meter[key]
            yield meter

    # Who measures what.

    @cached_property
    def named(self) -> Mapping[str, Meter]:
        """Return by device the meter that names it."""
        return {meter.measures: meter for meter in self.meters if meter.measures is not None}

    def speaks_for(self, device: str) -> Meter | None:
        """Return the meter that measures a device and nothing else; none where other things hang there, too."""
        meter = self.named.get(device)
        inverter = self._device[device].inverter
        has_company = inverter is not None and len(self.behind[inverter]) > 1
        return None if meter is None or has_company or self._below.get(meter.key) else meter

    @cached_property
    def stand_ins(self) -> frozenset[str]:
        """Return the meters that name no device and count for those of their kind which nobody else measures."""
        return frozenset(key for role, kind in KIND_OF.items() for key in self._stand_ins(role, kind))

    def _stand_ins(self, role: MeterRole, kind: DeviceKind) -> list[str]:
        ours = [device for device in self.devices if device.kind is kind]
        bare = [device for device in ours if not device.measures_itself and device.key not in self.named]
        wanted = kind in _STOOD_IN_FOR and (bare or (kind in SOURCES and not ours))
        unnamed = [meter for meter in self._of_role(role) if wanted and meter.measures is None]
        return [meter.key for meter in unnamed if not any(above in unnamed for above in self._path(meter))]

    def _is_opaque(self, meter: Meter) -> bool:
        if meter.role in (MeterRole.GRID, MeterRole.BUILDING):
            return True
        if meter.role is MeterRole.ZONE:
            return False
        if meter.measures is not None:
            return not self._device[meter.measures].measures_itself
        return meter.sign > 0 or meter.key in self.stand_ins

    @cached_property
    def _hanging(self) -> Mapping[str, str]:
        """Return by device that measures itself the meter at which it hangs; an inverter's devices hang together."""
        by_inverter = {
            self._device[key].inverter: meter.key
            for key, meter in reversed(list(self.named.items()))
            if self._device[key].inverter is not None
        }
        places = {
            device.key: self.named[device.key].key
            if device.key in self.named
            else by_inverter.get(device.inverter)
            for device in self.devices
            if device.measures_itself
        }
        return {key: place for key, place in places.items() if place is not None}

    # What is to be added up.

    def _seen_from(self, key: str | None, *, with_zones: bool = False) -> Terms:
        """Return Σ f over what is seen from a meter; zones hide what is below them where they are asked for."""
        parts: list[Terms] = []
        for meter in self._below.get(key, []):
            if with_zones and not self._hangs_for_sure(meter):
                continue
            if self._is_opaque(meter) or (with_zones and meter.role is MeterRole.ZONE):
                parts.append({meter.key: meter.sign})
            else:
                here = [device for device, place in self._hanging.items() if place == meter.key]
                parts.append({device: self._sign(device) for device in here})
                parts.append(self._seen_from(meter.key, with_zones=with_zones))
        return added(*parts)

    def _sign(self, device: str) -> int:
        return -1 if self._device[device].kind in SOURCES else 1

    def _own(self, meter: Meter) -> Terms:
        """Return what a meter measures for itself: its count less what hangs below it."""
        return less({meter.key: 1}, times(meter.sign, self._seen_from(meter.key)))

    def power_of(self, device: Device) -> Terms:
        """Return a device's power: its own word, else that of the meter which names it."""
        meter = self.named.get(device.key)
        return {device.key: 1} if device.measures_itself or meter is None else self._own(meter)

    @cached_property
    def of_kind(self) -> Mapping[DeviceKind, Terms]:
        """Return the power of all devices of each kind."""
        return {kind: self._of_kind(kind) for kind in DeviceKind}

    @cached_property
    def loads(self) -> Mapping[str, Terms]:
        """Return the power of every flexible load."""
        return {
            device.key: self.power_of(device) for device in self.devices if device.kind is DeviceKind.LOAD
        }

    @cached_property
    def behind(self) -> Mapping[str, tuple[str, ...]]:
        """Return by inverter the devices behind it."""
        inverters = dict.fromkeys(device.inverter for device in self.devices if device.inverter is not None)
        return {
            inverter: tuple(device.key for device in self.devices if device.inverter == inverter)
            for inverter in inverters
        }

    def _of_kind(self, kind: DeviceKind) -> Terms:
        standing_in = [self._meter[key] for key in sorted(self.stand_ins)]
        ours = [self._own(meter) for meter in standing_in if KIND_OF[meter.role] is kind]
        devices = [device for device in self.devices if device.kind is kind]
        # Those that a meter stands in for are in what it measures.
        counted = [
            device for device in devices if not ours or device.measures_itself or device.key in self.named
        ]
        return added(*map(self.power_of, counted), *ours)

    @cached_property
    def sources(self) -> Terms:
        """Return what everything that gives power gives."""
        return added(*(self.of_kind[kind] for kind in sorted(SOURCES)))

    @cached_property
    def _beside_meters(self) -> Terms:
        """Return the power of the sources that hang below no meter."""
        metered = {*self._hanging, *self._meter}
        return {key: count for key, count in self.sources.items() if key not in metered}

    @property
    def grid_is_derived(self) -> bool:
        """Tell whether nobody measures the connection itself, but something that it can be derived from."""
        return bool(self._of_role(MeterRole.BUILDING)) and not self._of_role(MeterRole.GRID)

    @cached_property
    def grid(self) -> Terms | None:
        """Return what flows in from the grid; None where nothing tells."""
        if not self._of_role(MeterRole.GRID) and not self.grid_is_derived:
            return None
        seen = self._seen_from(None)
        return less(seen, self._beside_meters) if self.grid_is_derived else seen

    @cached_property
    def consumption(self) -> Terms | None:
        """Return what everything consumes, chargers included; None where nothing tells."""
        return None if self.grid is None else added(self.grid, self.sources)

    @cached_property
    def untracked(self) -> Mapping[str, Terms]:
        """Return, by meter with others below it, what is consumed there and nobody else measures."""
        return {
            meter.key: rest
            for meter in self.meters
            if meter.role in _WITH_REST and (rest := self._rest(meter)) is not None
        }

    def _rest(self, meter: Meter) -> Terms | None:
        below = self._seen_from(meter.key, with_zones=True)
        if not any(self._hangs_for_sure(each) for each in self._below.get(meter.key, [])):
            return None
        rest = less({meter.key: 1}, below)
        if meter.role is not MeterRole.GRID:
            return rest
        # Behind which of several connections a source is, nobody says.
        if len(self._of_role(MeterRole.GRID)) > 1:
            return None if self.sources else rest
        return added(rest, self._beside_meters)

    @cached_property
    def connection_meters(self) -> tuple[str, ...]:
        """Return the meters on which the flow at the connection stands."""
        return tuple(key for key in self.grid or {} if key in self._meter)
