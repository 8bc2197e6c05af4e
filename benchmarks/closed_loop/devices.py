"""The demo home's devices as EMS has them in Home Assistant: readings by the profile's words, hands that write."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final, cast, override

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from benchmarks.closed_loop.clock import WrongClock
from custom_components.ems.demo.direct import Direct, InverterReading, MeterReading
from custom_components.ems.demo.inverter import CommandMode, ControlMode
from custom_components.ems.devices import DeviceCommand, Profile, Quality, Reading, Value, load_profiles
from custom_components.ems.flows.demo import _DEVICES
from custom_components.ems.site_device import Actuator, SetpointWrite, SiteDevice

CHARGERS: Final = ("charger", "charger_2", "charger_3")
METER, BATTERY, ROOF, INVERTER = "meter", "battery", "pv", "inverter"
type Points = dict[str, float | str | bool]
type Writes = Counter[str]


class Link:
    """What a device said last, and whether it answered the last time it was asked."""

    def __init__(self, read: Callable[[], dict[str, Points] | None], clock: WrongClock) -> None:
        """Have heard nothing yet."""
        self._read, self._clock = read, clock
        self.data: Reading | None = None
        self.last_update_success = False

    def poll(self) -> None:
        """Ask."""
        roles = self._read()
        self.last_update_success = roles is not None
        if roles is not None:
            at_s = self._clock.now_s
            self.data = Reading(
                at_s=at_s, roles={role: _values(points, at_s) for role, points in roles.items()}
            )


def _values(points: Points, at_s: float) -> dict[str, Value]:
    return {key: Value(value=value, quality=Quality.GOOD, at_s=at_s) for key, value in points.items()}


class Hands(Actuator):
    """Writes as a profile says, and counts by register. Its numbers are the profile's own."""

    def __init__(self, profile: str, role: str, writes: Writes) -> None:
        """Take what the profile declares."""
        found = load_profiles()[profile]
        control = found.roles[role].control if isinstance(found, Profile) else None
        if control is None:
            raise ValueError(f"{profile} has no hands")
        self.modes = tuple(control.commands)
        self.renew_s, self.lease_s, self.on_expiry = control.renew_s, control.lease_s, control.on_expiry
        self.keeps, self.min_write_interval_s = control.keeps, control.min_write_interval_s
        self._writes = writes
        self._found: list[SetpointWrite] = []

    def _write(self, register: str, before: float, written: float, *, taken: bool) -> None:
        """Count a write and remember it. Raises where the device did not answer."""
        if not taken:
            raise HomeAssistantError(f"{register}: no answer")
        self._writes[register] += 1
        self._found.append(
            SetpointWrite(
                entity_id=None, register=register, unit=None, before=before, written=written,
                read_back=written, at=dt_util.utcnow(),
            )
        )  # fmt: skip

    def _taken(self) -> list[SetpointWrite]:
        found, self._found = self._found, []
        return found


class ChargerHands(Hands):
    """A box: its current is written to renew it too, its phases only where they differ and nothing flows."""

    amounts = {"charge": "current_a"}  # noqa: RUF012  (the Actuator's own is a read-only mapping)

    def __init__(self, direct: Direct, key: str, writes: Writes) -> None:
        """Take one of the home's boxes."""
        super().__init__("alfen_eve", "charger", writes)
        self._direct, self._key = direct, key
        self._point = next(point for point in direct.home.points if point.spec.key == key)

    @property
    @override
    def switches_phases(self) -> bool:
        return self._point.spec.box.switches

    @override
    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        amps = 0.0 if command.mode == "off" else (command.current_a or 0.0)
        if command.mode != "off":
            self._change_phases(command.phases)
        before = self._point.charger.setpoint_a
        self._write(
            f"{self._key}.current_setpoint", before, amps, taken=self._direct.set_current(self._key, amps)
        )
        if command.mode == "off":
            self._change_phases(command.phases)
        return self._taken()

    def _change_phases(self, phases: int | None) -> None:
        before = self._point.charger.phases
        if phases in (None, before) or not self.switches_phases or self._point.charger.charging:
            return
        taken = self._direct.set_phases(self._key, phases)
        self._write(f"{self._key}.phases", before, float(phases or 0), taken=taken)

    @override
    async def async_release(self) -> list[SetpointWrite]:
        return []  # its lease runs out


class BatteryHands(Hands):
    """The inverter's storage registers, in the order and with the values of its profile."""

    amounts = {"charge": "power_w", "discharge": "power_w"}  # noqa: RUF012  (as above)

    def __init__(self, direct: Direct, writes: Writes) -> None:
        """Take the home's inverter."""
        super().__init__("solaredge_storedge", "battery", writes)
        self._direct = direct

    @override
    async def async_command(self, command: DeviceCommand, *, renew: bool = False) -> list[SetpointWrite]:
        settings = self._direct.home.inverter.settings
        most_w, power_w = 5_000.0, command.power_w or 0.0
        charge_w, discharge_w, mode = {
            "automatic": (most_w, most_w, CommandMode.SELF_CONSUMPTION),
            "hold": (most_w, 0.0, CommandMode.SELF_CONSUMPTION),
            "charge": (power_w, most_w, CommandMode.PV_AND_AC),
            "discharge": (settings.charge_limit_w, power_w, CommandMode.MAX_EXPORT),
        }[command.mode]
        mode_before = settings.command_mode
        before = {
            "control_mode": (settings.control_mode, ControlMode.REMOTE),
            "command_timeout": (settings.command_timeout_s, int(self.lease_s or 60)),
            "charge_limit": (settings.charge_limit_w, charge_w),
            "discharge_limit": (settings.discharge_limit_w, discharge_w),
        }
        taken = self._direct.set_battery(mode, charge_max_w=charge_w, discharge_max_w=discharge_w)
        for register, (was, now) in before.items():
            if was != now:
                self._write(f"battery.{register}", was, now, taken=taken)
        self._write("battery.command_mode", mode_before, mode, taken=taken)
        settings.command_timeout_s = int(self.lease_s or 60)
        return self._taken()

    @override
    async def async_release(self) -> list[SetpointWrite]:
        return await self.async_command(DeviceCommand(role="battery", mode="automatic"))


# What the box says by its profile, for the demo's states.
_STATES: Final = {"A": "available", "B1": "connected", "B2": "connected", "C1": "connected", "C2": "charging"}


class DemoDevices:
    """Every device of the demo home, as its set-up describes it."""

    def __init__(self, direct: Direct, clock: WrongClock, writes: Writes) -> None:
        """Link them."""
        self._direct = direct
        self.links = {
            METER: Link(self._meter, clock),
            INVERTER: Link(self._inverter, clock),
            **{key: Link(self._charger(key), clock) for key in CHARGERS},
        }
        hands: dict[str, Actuator] = {BATTERY: BatteryHands(direct, writes)}
        hands |= {key: ChargerHands(direct, key, writes) for key in CHARGERS}
        self.by_key: dict[str, SiteDevice] = {}
        for each in _DEVICES:
            key = each.at if each.at != INVERTER else each.role
            self.by_key[key] = SiteDevice(
                subentry_id=key, role=each.role, name=each.name,
                params={"azimuth_deg": 180.0, **each.params},  # a form asks for it by the latitude
                source={"kind": "profile", "serial": key}, coordinator=cast("Any", self.links[each.at]),
                points=("power",), actuator=hands.get(key), reading_max_age_s=20.0,
            )  # fmt: skip

    def chargers(self) -> Mapping[str, SiteDevice]:
        """Return the boxes."""
        return {key: self.by_key[key] for key in CHARGERS}

    def _meter(self) -> dict[str, Points] | None:
        """Return the grid meter's word in its registers' steps: 0.01 W, 0.01 A, 0.1 V."""
        said: MeterReading | None = self._direct.meter()
        if said is None:
            return None
        found: Points = {"power": round(sum(said.power_w), 2)}
        for i in range(3):
            found[f"power_l{i + 1}"] = round(said.power_w[i], 2)
            found[f"current_l{i + 1}"] = round(said.current_a[i], 2)
            found[f"voltage_l{i + 1}"] = round(said.voltage_v[i], 1)
        return {METER: found}

    def _inverter(self) -> dict[str, Points] | None:
        said: InverterReading | None = self._direct.inverter()
        if said is None:
            return None
        return {BATTERY: {"power": said.battery_w, "soc": 100 * said.soc}, ROOF: {"power": said.pv_w}}

    def _charger(self, key: str) -> Callable[[], dict[str, Points] | None]:
        def read() -> dict[str, Points] | None:
            said = self._direct.charger(key)
            if said is None:
                return None
            found: Points = {
                "state": _STATES[said.state],
                "car_connected": said.is_connected,
                "power": sum(said.power_w),
                "energy": said.energy_wh,
                "phases": said.phases,
                "current_setpoint": said.setpoint_a,
            }
            return {"charger": found | {f"current_l{i + 1}": said.current_a[i] for i in range(3)}}

        return read
