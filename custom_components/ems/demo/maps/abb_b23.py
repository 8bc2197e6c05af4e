"""ABB B23 three-phase energy meter behind an RS-485 gateway.

Source: ABB "B23/B24 user manual" 2CMC485003M0201, Modbus mapping; addresses go on the wire unchanged.
The Bronze model (212) is simulated, because the Steel model (112) does not count exported energy.
"""

from collections.abc import Callable
import math

from ..home import Home, Snapshot
from ..mains import apparent_va
from ..registers import S16, S32, S64, U16, U32, U64, Point, Read, RegisterTable, constant, each, row, text

UNIT = 1
FUNCTIONS = frozenset({3, 6, 16})
PHASES = (0, 1, 2)
ALL = (None, 0, 1, 2)  # the total, then the phases
SERIAL = 21_405_519
FIRMWARE = "B3.27.0"
TYPE = "B23 212-100"


type Now = Callable[[], Snapshot]


def abb_b23(home: Home) -> RegisterTable:
    """Return the meter's registers, fed by the home."""

    def now() -> Snapshot:
        return home.metered

    points = [*_identity(), *_energies(home), *_voltages(now), *_currents(now), *_powers(now), *_angles(now)]
    return RegisterTable(UNIT, points, FUNCTIONS)


def _identity() -> list[Point]:
    return [
        Point(address=0x8900, codec=U32, read=lambda: SERIAL),
        Point(address=0x8908, codec=text(8), read=lambda: FIRMWARE),
        Point(address=0x8910, codec=U16, read=lambda: 0x0101),
        Point(address=0x8960, codec=text(6), read=lambda: TYPE),
    ]


def _energies(home: Home) -> list[Point]:
    """Counters of 0.01 kWh, which is 10 Wh. A counter shows whole units passed, it does not round up."""

    def net_wh(phase: int) -> float:
        return home.meter.phase_import_wh[phase] - home.meter.phase_export_wh[phase]

    return [
        Point(address=0x5000, codec=U64, read=lambda: _units(home.meter.import_wh)),
        Point(address=0x5004, codec=U64, read=lambda: _units(home.meter.export_wh)),
        Point(address=0x5008, codec=S64, read=lambda: _units(home.meter.import_wh - home.meter.export_wh)),
        *row(0x5460, U64, each(lambda i: _units(home.meter.phase_import_wh[i]), PHASES)),
        *row(0x546C, U64, each(lambda i: _units(home.meter.phase_export_wh[i]), PHASES)),
        *row(0x5478, S64, each(lambda i: _units(net_wh(i)), PHASES)),
    ]


def _units(wh: float) -> int:
    return math.floor(wh / 10)


def _voltages(now: Now) -> list[Point]:
    """Phase to neutral, then L1-L2, L3-L2, L1-L3. [0.1 V]."""

    def between(pair: tuple[int, int]) -> float:
        return 10 * line_voltage(now().voltage_v[pair[0]], now().voltage_v[pair[1]])

    to_neutral = each(lambda i: 10 * now().voltage_v[i], PHASES)
    return row(0x5B00, U32, [*to_neutral, *each(between, ((0, 1), (1, 2), (0, 2)))])


def _currents(now: Now) -> list[Point]:
    """L1 L2 L3 and neutral, unsigned. [0.01 A]."""
    phases = each(lambda i: 100 * current_a(now(), i), PHASES)
    return row(0x5B0C, U32, [*phases, lambda: 100 * neutral_a(now())])


def _powers(now: Now) -> list[Point]:
    """Active, reactive, apparent: total and L1 L2 L3. [0.01 W, var, VA]."""
    active = each(lambda i: 100 * _active_reactive(now(), i)[0], ALL)
    reactive = each(lambda i: 100 * _active_reactive(now(), i)[1], ALL)
    apparent: list[Read] = [
        lambda: 100 * apparent_va(*_active_reactive(now(), None)),
        *each(lambda i: 100 * phase_va(now(), i), PHASES),
    ]
    return [*row(0x5B14, S32, active), *row(0x5B1C, S32, reactive), *row(0x5B24, S32, apparent)]


def _angles(now: Now) -> list[Point]:
    """Frequency, phase angles of power, voltage and current, power factors and current quadrants."""
    return [
        Point(address=0x5B2C, codec=U16, read=lambda: 100 * now().frequency_hz),
        *row(0x5B2D, S16, each(lambda i: 10 * _angle_deg(now(), i), ALL)),
        *row(0x5B31, S16, [*constant(0), *constant(-1200), *constant(1200)]),
        *row(0x5B34, U16, constant(None, 3)),  # reserved: all ones
        *row(0x5B37, S16, each(lambda i: 10 * _angle_deg(now(), i), PHASES)),
        *row(0x5B3A, S16, each(lambda i: 1000 * power_factor(now(), i), ALL)),
        *row(0x5B3E, U16, each(lambda i: _quadrant(now(), i), ALL)),
    ]


def line_voltage(a_v: float, b_v: float) -> float:
    """Return the voltage between two phases 120° apart. [V]."""
    return math.sqrt(a_v * a_v + b_v * b_v + a_v * b_v)


def phase_va(snapshot: Snapshot, phase: int) -> float:
    """Return a phase's apparent power at the meter. [VA]."""
    return apparent_va(snapshot.grid_w[phase], snapshot.reactive_var[phase])


def current_a(snapshot: Snapshot, phase: int) -> float:
    """Return a phase's current at the meter, unsigned. [A]."""
    return phase_va(snapshot, phase) / snapshot.voltage_v[phase]


def neutral_a(snapshot: Snapshot) -> float:
    """Return the current in the neutral: the sum of three phasors. [A]."""
    total = 0j
    for i in range(3):
        turn = complex(math.cos(-2 * math.pi * i / 3), math.sin(-2 * math.pi * i / 3))
        power = complex(snapshot.grid_w[i], -snapshot.reactive_var[i])
        total += power / snapshot.voltage_v[i] * turn
    return abs(total)


def _active_reactive(snapshot: Snapshot, phase: int | None) -> tuple[float, float]:
    if phase is None:
        return sum(snapshot.grid_w), sum(snapshot.reactive_var)
    return snapshot.grid_w[phase], snapshot.reactive_var[phase]


def power_factor(snapshot: Snapshot, phase: int | None) -> float:
    """Return P/S, negative while exporting; 1 where nothing flows."""
    active, reactive = _active_reactive(snapshot, phase)
    apparent = apparent_va(active, reactive)
    return active / apparent if apparent > 0 else 1.0


def _angle_deg(snapshot: Snapshot, phase: int | None) -> float:
    active, reactive = _active_reactive(snapshot, phase)
    return math.degrees(math.atan2(reactive, active))


def _quadrant(snapshot: Snapshot, phase: int | None) -> int:
    active, reactive = _active_reactive(snapshot, phase)
    if active >= 0:
        return 1 if reactive >= 0 else 4
    return 2 if reactive >= 0 else 3
