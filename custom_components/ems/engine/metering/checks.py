"""What a tree of meters must fulfil before anything is added up."""

from collections.abc import Mapping

from .errors import MeterError
from .meters import BESIDE, KIND_OF, Device, Meter, MeterRole


def check_meters(meters: Mapping[str, Meter], devices: Mapping[str, Device]) -> None:
    """Refuse meters that contradict each other. Raises MeterError."""
    for meter in meters.values():
        _check_above(meter, meters)
        _check_measured(meter, devices)
    for meter in meters.values():
        _refuse_cycle(meter, meters)
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


def _refuse_twice(meters: Mapping[str, Meter], devices: Mapping[str, Device]) -> None:
    measured: dict[str, Meter] = {}
    hardware: dict[str, Meter] = {}
    for meter in meters.values():
        if meter.measures is not None:
            other = measured.setdefault(meter.measures, meter)
            if other is not meter:
                device = devices[meter.measures].label
                raise MeterError("measured_twice", meter=other.label, other=meter.label, device=device)
        if meter.serial is not None:
            other = hardware.setdefault(meter.serial, meter)
            if other is not meter:
                raise MeterError("same_meter", meter=other.label, other=meter.label, serial=str(meter.serial))
