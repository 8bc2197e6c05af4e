"""What a tree of meters must fulfil before anything is added up."""

from collections.abc import Mapping, Sequence
import itertools

from .errors import MeterError
from .meters import BESIDE, KIND_OF, Device, Meter, MeterRole


def check_meters(meters: Sequence[Meter], devices: Mapping[str, Device]) -> None:
    """Refuse meters that contradict each other. Raises MeterError."""
    by_key = {meter.key: meter for meter in meters}
    for meter in meters:
        _check_above(meter, by_key)
        _check_measured(meter, devices)
    for meter in meters:
        _refuse_cycle(meter, by_key)
    _refuse_twice(meters, devices)


def _check_above(meter: Meter, meters: Mapping[str, Meter]) -> None:
    if meter.above in (None, BESIDE):
        return
    above = meters.get(str(meter.above))
    if above is None:
        raise MeterError("unknown_parent", meter=meter.label, other=str(meter.above))
    if meter.role is MeterRole.GRID:
        raise MeterError("grid_below", meter=meter.label, other=above.label)


def _refuse_cycle(meter: Meter, meters: Mapping[str, Meter]) -> None:
    seen = [meter.key]
    while (above := meters[seen[-1]].above) not in (None, BESIDE):
        if above == meter.key:
            raise MeterError("cycle", meter=meter.label, other=meters[seen[-1]].label)
        if above in seen:
            return  # a cycle above it, found by those that are in it
        seen.append(str(above))


def _check_measured(meter: Meter, devices: Mapping[str, Device]) -> None:
    if meter.measures is None:
        return
    device = devices.get(meter.measures)
    if device is None:
        raise MeterError("unknown_device", meter=meter.label, other=meter.measures)
    if KIND_OF.get(meter.role) is not device.kind:
        raise MeterError("wrong_kind", meter=meter.label, device=device.label)


def _refuse_twice(meters: Sequence[Meter], devices: Mapping[str, Device]) -> None:
    for one, other in itertools.combinations(meters, 2):
        if one.key == other.key or (one.serial is not None and one.serial == other.serial):
            serial = one.serial or one.key
            raise MeterError("same_meter", meter=one.label, other=other.label, serial=serial)
        if one.measures is not None and one.measures == other.measures:
            device = devices[one.measures].label
            raise MeterError("measured_twice", meter=one.label, other=other.label, device=device)
