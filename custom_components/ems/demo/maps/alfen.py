"""Alfen Eve Single, platform NG9xx: station on unit 200, its socket on unit 1.

Source: Alfen "Modbus Slave TCP/IP for NG9xx", v2.3. Reserved or unavailable registers read as not-a-number; a
number must be written whole.
"""

from collections.abc import Callable
from datetime import datetime, tzinfo
import math

from ..charger import HARDWARE_MAX_A, SAFE_CURRENT_A, Charger
from ..charging_point import ChargingPoint
from ..home import Home, Snapshot
from ..registers import F32, F64, S16, U16, U32, U64, Point, Read, RegisterTable, constant, each, row, text
from .abb_b23 import PHASES, line_voltage

STATION, SOCKET = 200, 1
FUNCTIONS = frozenset({3, 6, 16})
NAME, MAKER, FIRMWARE, PLATFORM = "ALF_1000", "Alfen NV", "6.4.0-4210", "NG910"


type Box = Callable[[], Charger]


def alfen(home: Home, point: ChargingPoint, clock: Callable[[], float], zone: tzinfo) -> list[RegisterTable]:
    """Return the registers of a station and its socket, fed by one of the home's places to charge."""

    def box() -> Charger:
        return point.charger  # another one after a restored life

    station = [*_identity(box), *_date_and_time(home, clock, zone), *_station(home, box), *_network(box)]
    socket = [*_meter(home, box), *_energies(box), *_control(box, clock)]
    return [RegisterTable(STATION, station, FUNCTIONS), RegisterTable(SOCKET, socket, FUNCTIONS)]


def _identity(box: Box) -> list[Point]:
    return [
        Point(address=100, codec=text(17), read=lambda: NAME),
        Point(address=117, codec=text(5), read=lambda: MAKER),
        Point(address=122, codec=S16, read=lambda: 1),
        Point(address=123, codec=text(17), read=lambda: FIRMWARE),
        Point(address=140, codec=text(17), read=lambda: PLATFORM),
        Point(address=157, codec=text(11), read=lambda: box().spec.serial),
    ]


def _date_and_time(home: Home, clock: Callable[[], float], zone: tzinfo) -> list[Point]:
    begun_s = clock()

    def local() -> datetime:
        return datetime.fromtimestamp(home.at_s, zone)

    def offset_min() -> float:
        offset = local().utcoffset()
        return 0 if offset is None else offset.total_seconds() / 60

    names = ("year", "month", "day", "hour", "minute", "second")
    return [
        *row(168, S16, each(lambda name: float(getattr(local(), name)), names)),
        Point(address=174, codec=U64, read=lambda: max(0.0, clock() - begun_s) * 1000),
        Point(address=178, codec=S16, read=offset_min),
    ]


def _station(home: Home, box: Box) -> list[Point]:
    return [
        Point(address=1100, codec=F32, read=lambda: box().spec.station_max_a),
        Point(address=1102, codec=F32, read=lambda: home.snapshot.temperature_c + 12),
        Point(address=1104, codec=U16, read=lambda: 0),
        Point(address=1105, codec=U16, read=lambda: 1),
    ]


def _network(box: Box) -> list[Point]:
    """The smart charging network of this one station, which is not under remote control."""
    return [
        Point(address=1400, codec=text(4), read=lambda: "HOME"),
        Point(address=1404, codec=U16, read=lambda: 1),
        *row(1405, F32, each(lambda i: box().terminal_a[i], PHASES)),
        *row(1411, F32, each(lambda _: box().spec.station_max_a, range(6))),
        *row(1423, U32, constant(0, 3)),
        Point(address=1429, codec=F32, read=lambda: SAFE_CURRENT_A),
        Point(address=1431, codec=U16, read=lambda: 0),
    ]


def _meter(home: Home, box: Box) -> list[Point]:
    """Registers 300 to 361: the socket's own meter. The car's charger draws at a power factor of one."""

    def now() -> Snapshot:
        return home.snapshot

    def volt(terminal: int) -> float:
        spec = box().spec
        return now().voltage_v[spec.rotation[terminal]] if terminal < spec.phases else 0.0

    def line(pair: tuple[int, int]) -> float:
        one_v, other_v = volt(pair[0]), volt(pair[1])
        return line_voltage(one_v, other_v) if one_v and other_v else 0.0

    def neutral() -> float:
        return box().terminal_a[0] - box().terminal_a[2]  # three equal phases cancel, one alone does not

    volts, lines = each(volt, PHASES), each(line, ((0, 1), (1, 2), (2, 0)))
    amps: list[Read] = [*each(lambda i: box().terminal_a[i], PHASES), lambda: sum(box().terminal_a)]
    watts: list[Read] = [*each(lambda i: box().terminal_w[i], PHASES), lambda: sum(box().terminal_w)]
    factors = each(lambda i: 1.0 if box().terminal_a[i] else 0.0, (0, 1, 2, 0))
    return [
        Point(address=300, codec=U16, read=lambda: 3),  # initialised and updated
        Point(address=301, codec=U64, read=lambda: 450),
        Point(address=305, codec=U16, read=lambda: 0),
        *row(306, F32, [*volts, *lines, neutral, *amps]),
        *row(328, F32, factors),
        Point(address=336, codec=F32, read=lambda: now().frequency_hz),
        *row(338, F32, [*watts, *watts, *constant(0.0, 4)]),  # active, apparent, reactive
    ]


def _energies(box: Box) -> list[Point]:
    """Registers 362 to 425, in Wh. "Delivered" goes to the car."""
    phases = each(lambda i: box().energy_wh[i], PHASES)
    wh: list[Read] = [*phases, lambda: sum(box().energy_wh)]
    return row(362, F64, [*wh, *constant(0.0, 4), *wh, *constant(None, 4)])


def _control(box: Box, clock: Callable[[], float]) -> list[Point]:
    """Registers 1200 to 1215: the state of the socket and the lease on its current."""
    return [
        Point(address=1200, codec=U16, read=lambda: 1),
        Point(address=1201, codec=text(5), read=lambda: box().mode3_state(clock())),
        Point(address=1206, codec=F32, read=lambda: box().applied_a(clock())),
        Point(address=1208, codec=U32, read=lambda: math.ceil(box().remaining_s(clock()))),
        Point(
            address=1210,
            codec=F32,
            read=lambda: box().setpoint_a,
            write=lambda current_a: box().set_current(current_a, clock()),
            accepts=lambda current_a: 0 <= current_a <= HARDWARE_MAX_A,
        ),
        Point(address=1212, codec=F32, read=lambda: SAFE_CURRENT_A),
        Point(address=1214, codec=U16, read=lambda: int(box().remaining_s(clock()) > 0)),
        Point(
            address=1215,
            codec=U16,
            read=lambda: box().phases,
            write=lambda phases: box().set_phases(int(phases), clock()),
            accepts=lambda phases: box().accepts_phases(phases),
        ),
    ]
