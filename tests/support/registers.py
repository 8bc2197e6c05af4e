"""Registers as pymodbus' server holds them."""

from pymodbus.simulator import DataType, SimData

from tests.devices.images import Image


def simulated(registers: Image) -> list[SimData]:
    """Return runs of registers; what lies between them is refused, as the standard wants."""
    runs: list[tuple[int, list[int]]] = []
    for address, word in sorted(registers.items()):
        if runs and address == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(word)
        else:
            runs.append((address, [word]))
    return [SimData(start, values=values, datatype=DataType.UINT16) for start, values in runs]
