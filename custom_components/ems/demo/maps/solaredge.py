"""SolarEdge three-phase hybrid inverter with a battery and an export meter: SunSpec, then the storage blocks.

Sources: SolarEdge "SunSpec implementation technical note" (common block, model 103, the meter's model 203
behind it); SolarEdge "Power control open protocol" (0xE000 storage and export control, 0xE100 battery, 0xF300
dynamic power control; words swapped there).
The meter counts export as positive, against SunSpec and as the real one does.
"""

from collections.abc import Callable, Iterable
from functools import partial
import math

from ..home import Home, Snapshot
from ..inverter import CommandMode, ControlMode
from ..registers import F32, S16, U16, U32, U64, Point, Read, RegisterTable, constant, each, row, text
from .abb_b23 import ALL, PHASES, current_a, line_voltage, phase_va, power_factor

UNIT = 1
FUNCTIONS = frozenset({3, 6, 16})
MAKER, MODEL, FIRMWARE, SERIAL = "SolarEdge", "SE8K-RWS48BEN4", "0004.0018.0518", "7E1A2B3C"
METER_MODEL, METER_SERIAL = "SE-RGMTR-3D-208V-A", "4211337"
BATTERY_MODEL, BATTERY_SERIAL = "Home Battery 48V", "E48-0042-1337"
STRING_V, CELLS_V = 750.0, 51.2
_LINES = ((0, 1), (1, 2), (2, 0))

type Now = Callable[[], Snapshot]


def solaredge(home: Home, clock: Callable[[], float]) -> RegisterTable:
    """Return the inverter's registers, fed by the home."""
    points = [
        *_common(40000, MODEL, FIRMWARE, SERIAL, first=True),
        *_model_103(home),
        *_common(40121, METER_MODEL, "81", METER_SERIAL),
        *_model_203(home),
        *row(40295, U16, [lambda: 0xFFFF, lambda: 0]),  # end of the chain
        *_storage_control(home, clock),
        *_power_control(home, clock),
        *_battery(home),
    ]
    return RegisterTable(UNIT, points, FUNCTIONS)


def _common(address: int, model: str, version: str, serial: str, *, first: bool = False) -> list[Point]:
    """Model 1, at the head of the chain behind the word "SunS"."""
    start = address + 2 if first else address
    head = [Point(address=address, codec=text(2), read=lambda: "SunS")] if first else []
    return [
        *head,
        *row(start, U16, [lambda: 1, lambda: 65]),
        Point(address=start + 2, codec=text(16), read=lambda: MAKER),
        Point(address=start + 18, codec=text(16), read=lambda: model),
        Point(address=start + 34, codec=text(8), read=lambda: "" if first else "Export+Import"),
        Point(address=start + 42, codec=text(8), read=lambda: version),
        Point(address=start + 50, codec=text(16), read=lambda: serial),
        Point(address=start + 66, codec=U16, read=lambda: UNIT if first else 2),
    ]


def scale_of(values: Iterable[float]) -> int:
    """Return the exponent that gives signed words the most digits; it moves with the values."""
    most = max(abs(value) for value in values)
    return next((exponent for exponent in (-3, -2, -1, 0) if most / 10**exponent < 32_000), 1)


def _scaled(address: int, quantities: list[Callable[[], float]]) -> list[Point]:
    """Return signed words followed by the scale factor they share."""

    def factor() -> int:
        return scale_of(quantity() for quantity in quantities)

    words = each(lambda quantity: quantity() / 10 ** factor(), quantities)
    return row(address, S16, [*words, factor])


def _phases(now: Now, of: Callable[[Snapshot, int], float]) -> list[Callable[[], float]]:
    return [partial(lambda i: of(now(), i), i) for i in PHASES]


def _with_total(now: Now, of: Callable[[Snapshot, int], float]) -> list[Callable[[], float]]:
    return [lambda: sum(of(now(), i) for i in PHASES), *_phases(now, of)]


def _volts(snapshot: Snapshot, phase: int) -> float:
    return snapshot.voltage_v[phase]


def _line_volts(snapshot: Snapshot, line: int) -> float:
    return line_voltage(*(snapshot.voltage_v[i] for i in _LINES[line]))


def _model_103(home: Home) -> list[Point]:
    """Three-phase inverter with scale factors, 40069 to 40120."""
    base = 40069

    def now() -> Snapshot:
        return home.snapshot

    def ac_w() -> float:
        return now().flows.ac_w

    def dc_w() -> float:
        return now().flows.pv_w + now().flows.battery_w

    def factor_pct() -> float:
        return math.copysign(100.0, ac_w()) if ac_w() else 0.0

    def heat_cc() -> float:
        return 100 * (now().temperature_c + 10 + abs(ac_w()) / 300)

    amps = _with_total(now, lambda s, i: abs(s.inverter_w[i]) / s.voltage_v[i])
    return [
        *row(base, U16, [lambda: 103, lambda: 50]),
        *_scaled(base + 2, amps),
        *_scaled(base + 7, [*_phases(now, _line_volts), *_phases(now, _volts)]),
        *_scaled(base + 14, [ac_w]),
        *_scaled(base + 16, [lambda: now().frequency_hz]),
        *_scaled(base + 18, [lambda: abs(ac_w())]),
        *_scaled(base + 20, [lambda: 0.0]),
        *_scaled(base + 22, [factor_pct]),
        Point(address=base + 24, codec=U32, read=lambda: math.floor(home.inverter.ac_out_wh)),
        Point(address=base + 26, codec=S16, read=lambda: 0),
        *_scaled(base + 27, [lambda: abs(dc_w()) / STRING_V]),
        *_scaled(base + 29, [lambda: STRING_V]),
        *_scaled(base + 31, [dc_w]),
        *row(base + 33, S16, [*constant(None), heat_cc, *constant(None, 2), *constant(-2)]),
        Point(address=base + 38, codec=U16, read=lambda: _status(now())),
        Point(address=base + 39, codec=U16, read=lambda: 0),
        *row(base + 40, U32, constant(0, 6)),
    ]


def _status(snapshot: Snapshot) -> int:
    """Return SunSpec's operating state: 2 sleeping, 4 tracking, 5 throttled."""
    flows = snapshot.flows
    if flows.pv_w < snapshot.pv_available_w - 1:
        return 5
    return 4 if flows.pv_w > 0 or flows.battery_w != 0 else 2


def _model_203(home: Home) -> list[Point]:
    """Three-phase meter with scale factors, 40188 to 40294. Export is positive here."""
    base = 40188

    def now() -> Snapshot:
        return home.snapshot

    def mean(of: Callable[[Snapshot, int], float]) -> Callable[[], float]:
        return lambda: sum(of(now(), i) for i in PHASES) / 3

    def factor_pct(phase: int | None) -> float:
        return -100 * power_factor(now(), phase)

    amps = _with_total(now, lambda s, i: math.copysign(current_a(s, i), -s.grid_w[i]))
    volts = [mean(_volts), *_phases(now, _volts), mean(_line_volts), *_phases(now, _line_volts)]
    return [
        *row(base, U16, [lambda: 203, lambda: 105]),
        *_scaled(base + 2, amps),
        *_scaled(base + 7, volts),
        *_scaled(base + 16, [lambda: now().frequency_hz]),
        *_scaled(base + 18, _with_total(now, lambda s, i: -s.grid_w[i])),
        *_scaled(base + 23, _with_total(now, phase_va)),
        *_scaled(base + 28, _with_total(now, lambda s, i: -s.reactive_var[i])),
        *_scaled(base + 33, [partial(factor_pct, which) for which in ALL]),
        *_meter_energies(home, base + 38),
    ]


def _meter_energies(home: Home, address: int) -> list[Point]:
    """Exported and imported energy in Wh with their phases; apparent and reactive energy are not counted."""
    exported: list[Read] = [
        lambda: math.floor(home.meter.export_wh),
        *each(lambda i: math.floor(home.meter.phase_export_wh[i]), PHASES),
    ]
    imported: list[Read] = [
        lambda: math.floor(home.meter.import_wh),
        *each(lambda i: math.floor(home.meter.phase_import_wh[i]), PHASES),
    ]
    return [
        *row(address, U32, [*exported, *imported]),
        Point(address=address + 16, codec=S16, read=lambda: 0),
        *row(address + 17, U32, constant(0, 8)),
        Point(address=address + 33, codec=S16, read=lambda: None),
        *row(address + 34, U32, constant(0, 16)),
        Point(address=address + 66, codec=S16, read=lambda: None),
        *row(address + 67, U32, constant(0)),
    ]


def _setting(
    home: Home,
    address: int,
    name: str,
    accepts: Callable[[float], bool],
    lease: Callable[[], None] | None = None,
) -> Point:
    """Return a register that is one of the inverter's settings; writing it renews a lease where it has one."""
    kind = float if _CODEC_OF[address] is F32.little else int

    def write(value: float) -> None:
        setattr(home.inverter.settings, name, kind(value))
        if lease:
            lease()

    return Point(
        address=address,
        codec=_CODEC_OF[address],
        read=lambda: float(getattr(home.inverter.settings, name)),
        write=write,
        accepts=accepts,
    )


def _power(watts: float) -> bool:
    return 0 <= watts <= 1_000_000


def _percent(share: float) -> bool:
    return 0 <= share <= 100


def _seconds(seconds: float) -> bool:
    return 0 <= seconds <= 86_400


def _storage_control(home: Home, clock: Callable[[], float]) -> list[Point]:
    """Registers 0xE000 to 0xE011. Command mode and limits renew the lease."""
    modes = {mode.value for mode in CommandMode}

    def renew() -> None:
        home.inverter.commanded_s = clock()

    setting = partial(_setting, home)
    return [
        setting(0xE000, "export_control", lambda v: 0 <= v <= 7),
        setting(0xE001, "export_per_phase", lambda v: v in {0, 1}),
        setting(0xE002, "export_limit_w", _power),
        setting(0xE004, "control_mode", lambda v: v in {mode.value for mode in ControlMode}),
        setting(0xE005, "ac_charge_policy", lambda v: v in {0, 1}),
        setting(0xE006, "ac_charge_limit", _power),
        setting(0xE008, "backup_reserve_pct", _percent),
        setting(0xE00A, "default_mode", lambda v: v in modes),
        setting(0xE00B, "command_timeout_s", _seconds),
        setting(0xE00D, "command_mode", lambda v: v in modes, renew),
        setting(0xE00E, "charge_limit_w", _power, renew),
        setting(0xE010, "discharge_limit_w", _power, renew),
    ]


def _power_control(home: Home, clock: Callable[[], float]) -> list[Point]:
    """Registers 0xF300 to 0xF323. The limit on the power counts for a timeout, then the fallback does."""

    def renew() -> None:
        home.inverter.limited_s = clock()

    setting = partial(_setting, home)
    return [
        setting(0xF300, "power_control", lambda v: v in {0, 1}),
        Point(address=0xF304, codec=F32.little, read=lambda: home.inverter.spec.ac_max_w),
        setting(0xF310, "power_timeout_s", _seconds),
        setting(0xF312, "fallback_pct", _percent),
        setting(0xF322, "limit_pct", _percent, renew),
    ]


_CODEC_OF = {
    0xE000: U16, 0xE001: U16, 0xE002: F32.little, 0xE004: U16, 0xE005: U16, 0xE006: F32.little,
    0xE008: F32.little, 0xE00A: U16, 0xE00B: U32.little, 0xE00D: U16, 0xE00E: F32.little, 0xE010: F32.little,
    0xF300: U16, 0xF310: U32.little, 0xF312: F32.little, 0xF322: F32.little,
}  # fmt: skip


def _battery(home: Home) -> list[Point]:
    """Registers 0xE100 to 0xE199. The battery counts charging as positive."""
    spec = home.battery.spec
    floats, counter = F32.little, U64.little

    def charging_w() -> float:
        return -home.snapshot.flows.battery_w

    def temperature() -> float:
        return 20 + 0.3 * home.snapshot.temperature_c + abs(charging_w()) / 1000

    def status() -> int:
        """Return 3 charging, 4 discharging, 7 idle."""
        return 3 if charging_w() > 0 else 4 if charging_w() < 0 else 7

    return [
        Point(address=0xE100, codec=text(16), read=lambda: MAKER),
        Point(address=0xE110, codec=text(16), read=lambda: BATTERY_MODEL),
        Point(address=0xE120, codec=text(16), read=lambda: "3.21"),
        Point(address=0xE130, codec=text(16), read=lambda: BATTERY_SERIAL),
        *row(0xE140, U16, [lambda: 15, lambda: 0]),
        *row(0xE142, floats, [lambda: spec.capacity_wh, *constant(spec.power_max_w, 4)]),
        *row(0xE14C, U16, constant(0, 32)),
        *row(0xE16C, floats, [temperature, temperature, lambda: CELLS_V]),
        *row(0xE172, floats, [lambda: charging_w() / CELLS_V, charging_w]),
        Point(address=0xE176, codec=counter, read=lambda: math.floor(home.inverter.battery_out_wh)),
        Point(address=0xE17A, codec=counter, read=lambda: math.floor(home.inverter.battery_in_wh)),
        *row(0xE17E, floats, [lambda: spec.capacity_wh, lambda: home.battery.energy_wh]),
        *row(0xE182, floats, [lambda: 98.0, lambda: 100 * home.battery.soc]),
        *row(0xE186, U32.little, [status, status]),
        *row(0xE18A, U16, constant(0, 16)),
    ]
