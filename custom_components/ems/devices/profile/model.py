"""What a profile says, after checking: frozen, in our units and signs, ready for reader and writer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal, override

from ..points import Kind
from ..reading import Scalar
from .announcements import Announcement

type Space = Literal["holding", "input", "coil"]
type WordOrder = Literal["big", "little"]
type Coding = Literal["plain", "four_quadrant"]
type Transport = Literal["modbus_tcp", "modbus_rtu", "modbus_rtu_over_tcp"]
type Parity = Literal["none", "even", "odd"]
type PointName = tuple[str, str]  # (role, key)


class Placeholder(StrEnum):
    """Values a command fills in when it is given."""

    POWER_W = "power_w"
    MINUS_POWER_W = "-power_w"  # for one signed setpoint that serves both directions
    CURRENT_A = "current_a"
    LEASE_S = "lease_s"
    MAX = "max"  # the highest value the setting allows: "no limit"


# A number in the point's own unit (for enums the code), or something known only when the command is given.
type Amount = float | Placeholder


@dataclass(frozen=True, kw_only=True)
class Base:
    """A group of registers whose place differs from device to device: a SunSpec model, found in the chain.

    models : Numbers of models with this one layout (201 to 204 differ in how many phases are filled).
    nth : Which of them, where a device has several (the second meter behind one inverter), counted from 1.
    """

    models: frozenset[int]
    nth: int = 1
    space: Space = "holding"


@dataclass(frozen=True, kw_only=True)
class Register:
    """Where a raw value lives and how its bits are to be read.

    address : As sent on the wire; with a `base` the offset from that base's first register.
    base : Name of one of the profile's `bases`; None where the address is the same on every device.
    absent : Raw bit patterns (unsigned) that mean "not available".
    bits : Lowest and highest bit of the number, where a register holds several; None for all of it.
    values : Raw value or text → our word, or our number of something counted; None for numbers and plain texts.
    """

    address: int
    count: int
    type: str
    base: str | None = None
    space: Space = "holding"
    word_order: WordOrder = "big"
    order_is_set: bool = False  # the order is a setting of the device, see `Profile.word_order_at`
    byte_order: WordOrder = "big"  # within each register; Modbus wants big, a few makers swap their texts
    absent: frozenset[int] = frozenset()
    bit: int | None = None
    bits: tuple[int, int] | None = None
    values: Mapping[int | str, str | int] | None = None

    @property
    def end(self) -> int:
        """Return the first address behind the value."""
        return self.address + self.count


@dataclass(frozen=True, kw_only=True)
class Write:
    """What may be written, in the point's unit and our sign.

    limit : Point of the role that bounds the magnitude further.
    tolerance : How far a device may round what it was told.
    step : Powers are rounded to multiples of this, so that small changes do not wear a register out.
    percent_of, amps_at : Point with the rating [W] or voltage [V] that turns a command's power into % or A.
    plus : Readings that are added to a command's power: a setpoint at the grid carries the house with it.
    read_back : False where the register can only be written; then the acknowledgement is all the proof there is.
    """

    low: float
    high: float
    limit: str | None = None
    tolerance: float = 0.0
    step: float | None = None
    percent_of: str | None = None
    amps_at: str | None = None
    plus: Mapping[PointName, float] = field(default_factory=dict)
    read_back: bool = True


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One value of a device, wherever it is kept.

    factor : Raw × factor = value in our unit and with our sign.
    valid : What is physically possible, in our unit and sign; None for texts and flags.
    """

    role: str
    key: str
    kind: Kind
    unit: str | None
    factor: Fraction = Fraction(1)
    valid: tuple[float, float] | None = None
    write: Write | None = None
    line: int = 0

    @property
    def name(self) -> PointName:
        """Return the role and key by which readings know this point."""
        return (self.role, self.key)

    @property
    def codes(self) -> Mapping[int | str, str | int] | None:
        """Return raw value → our word, None for numbers and plain texts."""
        return None

    @property
    def place(self) -> int | str:
        """Return where on the device it is, as the proof of a write names it."""
        return self.key


@dataclass(frozen=True, kw_only=True)
class Point(Quantity):
    """One value of a register map: raw × factor × 10^scale_register.

    coding : How the number is to be understood; see `codec` for the four-quadrant power factor.
    when_absent : What "not available" means here, where the maker says so: a string that sleeps gives 0 W.
    otherwise : The same value in other layouts (integers or floats); the first whose base is there counts.
    """

    register: Register
    scale_register: Register | None = None
    coding: Coding = "plain"
    when_absent: float | None = None
    otherwise: tuple[Point, ...] = ()

    @property
    @override
    def codes(self) -> Mapping[int | str, str | int] | None:
        """Return raw value → our word, None for numbers and plain texts."""
        return self.register.values

    @property
    @override
    def place(self) -> int | str:
        """Return the register's address."""
        return self.register.address

    @property
    def low(self) -> int:
        """Return the first register needed to read this point."""
        return min(self.register.address, self.scale_register.address if self.scale_register else 0xFFFF)

    @property
    def high(self) -> int:
        """Return the address behind the last register needed to read this point."""
        return max(self.register.end, self.scale_register.end if self.scale_register else 0)


@dataclass(frozen=True, kw_only=True)
class DerivedPoint:
    """A value computed from others: Σ weight · point, all in our unit and sign.

    floor : Values below become this; two measurements' noise is no physical quantity.
    """

    role: str
    key: str
    kind: Kind
    unit: str | None
    terms: Mapping[PointName, float]
    valid: tuple[float, float] | None = None
    floor: float | None = None

    @property
    def name(self) -> PointName:
        """Return the role and key by which readings know this point."""
        return (self.role, self.key)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Something a register must hold: proof that this is the device, or that a part of it is there."""

    register: Register
    means: str
    equals: frozenset[int] | None = None
    matches: str | None = None
    above: float | None = None
    between: tuple[float, float] | None = None  # of the raw number, for devices that tell no name


@dataclass(frozen=True, kw_only=True)
class IdentityMap:
    """Where a device says who it is.

    unit_id : The Modbus unit that answers these, None for the device's own.
    serial_per_unit : True where the serial names a station with several units: see `Profile.unique_serial`.
    """

    manufacturer: str | Register
    model: Register | None = None
    serial: Register | None = None
    firmware: Register | None = None
    expect: tuple[Expectation, ...] = ()
    unit_id: int | None = None
    serial_per_unit: bool = False


@dataclass(frozen=True, kw_only=True)
class SerialLine:
    """How a device talks on RS-485 as it leaves the factory. All devices on one line have to agree."""

    baudrate: int = 9600
    parity: Parity = "none"
    stop_bits: Literal[1, 2] = 1


@dataclass(frozen=True, kw_only=True)
class Link:
    """How to talk to the device, and how often.

    transport : What the device itself speaks. A gateway may turn RTU into TCP: then `port` is the gateway's.
    serial : For RTU on a line; also of devices that have both a line and a network. None: it has no line.
    poll_s : Asked no more often than this, whatever anybody wishes: the device has nothing newer to say.
    gap : Unneeded registers worth reading along to save a request.
    single_write : True for devices that want function 6 for one register; the rest get function 16.
    write_pause_s : Quiet time between two writes, where a device is slower to take than to answer.
    """

    transport: Transport = "modbus_tcp"
    serial: SerialLine | None = None
    port: int = 502
    unit_id: int = 1
    max_registers: int = 125
    gap: int = 8
    pause_s: float = 0.0
    single_write: bool = False
    write_pause_s: float = 0.0
    poll_s: float = 5.0
    settings_poll_s: float = 300.0


@dataclass(frozen=True, kw_only=True)
class Confirm:
    """A point in which the device says that it acts on what was written."""

    key: str
    value: bool
    within_s: float


@dataclass(frozen=True, kw_only=True)
class Control:
    """How a role is steered, and what happens when nobody steers it any more.

    prepare : Settings that have to stand before the first command; written only where they differ.
    commands : Mode → settings in the order of writing.
    phases : Number of phases → settings that make a charger use so many. They go out before a command that lets
        it charge and behind one that stops it, and only where something else is set.
    phases_need : What has to stand in other points for that to work: a contactor that somebody wired, a switch
        in the charger's own settings. Point → value.
    safe : Command given on unload and stop; None where the device is safe by letting its lease lapse, or
        where `give_back` says what to write.
    give_back : Settings that hand the device back to its own rule, where no command does.
    lease_s, renew_s : How long a command lives, how often it is repeated. None: it lives for ever.
    keeps : Modes that live for ever although others expire.
    together : Groups of neighbouring settings that only go out in one request.
    wears : Settings kept in memory that wears out: written only where they differ, never to renew.
    wear_writes_per_day : How often a day commands may write one of those. None: commands do not touch them.
    wears_by_change : A relay wears when it moves, not when it is told again what it does: repeating is free.
    """

    commands: Mapping[str, Mapping[str, Amount]]
    phases: Mapping[int, Mapping[str, Amount]] = field(default_factory=dict)
    phases_need: Mapping[str, Scalar] = field(default_factory=dict)
    prepare: Mapping[str, Amount] = field(default_factory=dict)
    confirm: Confirm | None = None
    safe: str | None = None
    give_back: Mapping[str, Amount] = field(default_factory=dict)
    lease_s: float | None = None
    renew_s: float | None = None
    on_expiry: str = ""
    keeps: frozenset[str] = frozenset()
    together: tuple[tuple[str, ...], ...] = ()
    wears: frozenset[str] = frozenset()
    wear_writes_per_day: int | None = None
    wears_by_change: bool = False
    min_write_interval_s: float = 5.0
    current_min_a: float | None = None
    current_max_a: float | None = None

    @property
    def phase_keys(self) -> frozenset[str]:
        """Return the settings that the number of phases is made of."""
        return frozenset(key for assigned in self.phases.values() for key in assigned)


@dataclass(frozen=True, kw_only=True)
class RoleProfile[P: Quantity = Point]:
    """One role of a device: what it tells quickly, what it tells slowly, and what it can be told.

    parts : Numbers that only sums are made of (two tariffs, import beside export). Read like readings, not shown.
    """

    role: str
    readings: Mapping[str, P]
    settings: Mapping[str, P] = field(default_factory=dict)
    derived: Mapping[str, DerivedPoint] = field(default_factory=dict)
    parts: Mapping[str, P] = field(default_factory=dict)
    present: Expectation | None = None
    control: Control | None = None

    @property
    def commands(self) -> tuple[str, ...]:
        """Return the modes this role can be commanded to."""
        return tuple(self.control.commands) if self.control else ()

    @property
    def capabilities(self) -> frozenset[str]:
        """Return everything this role can tell."""
        return frozenset((*self.readings, *self.settings, *self.derived))

    @property
    def terms(self) -> Mapping[str, P]:
        """Return everything a sum may be made of."""
        return {**self.readings, **self.parts}

    @property
    def points(self) -> tuple[P, ...]:
        """Return every line of the role, each in its first layout."""
        return (*self.readings.values(), *self.parts.values(), *self.settings.values())

    def point(self, key: str) -> P | None:
        """Return a point that is read from the device, from either rhythm."""
        return self.readings.get(key) or self.settings.get(key) or self.parts.get(key)


@dataclass(frozen=True, kw_only=True)
class Family[P: Quantity]:
    """One device family, whatever it speaks.

    discovery : How its devices make themselves known in the network; empty where nobody knows.
    """

    id: str
    manufacturer: str
    models: tuple[str, ...]
    confidence: str
    source: str
    roles: Mapping[str, RoleProfile[P]]
    discovery: tuple[Announcement, ...] = ()

    @property
    def label(self) -> str:
        """Return the name a person picks it by."""
        return f"{self.manufacturer} {', '.join(self.models)}"

    @property
    def writable(self) -> bool:
        """Return whether anything can be commanded."""
        return any(role.commands for role in self.roles.values())


@dataclass(frozen=True, kw_only=True)
class Profile(Family[Point]):
    """One device family with registers.

    word_order_at : Where a device tells the word order it was set to.
    """

    link: Link
    identity: IdentityMap
    bases: Mapping[str, Base] = field(default_factory=dict)
    word_order_at: Register | None = None

    def unique_serial(self, serial: str, unit_id: int) -> str:
        """Return what tells this device from every other: its serial, with the unit where they share one."""
        return f"{serial}-{unit_id}" if self.identity.serial_per_unit else serial
