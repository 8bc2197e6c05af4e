"""The demo home as one object: start it, read where it listens, stop it, and take its memory along."""

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import tzinfo
import logging
from typing import Any
from zoneinfo import ZoneInfo

from .charging_point import point_truth
from .clock import Clock, real_clock
from .conditions import Condition
from .faults import Fault, Faults
from .home import Home
from .http_server import HttpServer
from .maps.abb_b23 import UNIT as METER_UNIT, abb_b23
from .maps.alfen import SOCKET, alfen
from .maps.solaredge import UNIT as INVERTER_UNIT, solaredge
from .modbus_server import DeviceServer
from .pv import PvPlane

_LOGGER = logging.getLogger(__name__)

TICK_S = 1.0
_BREATH = 60  # steps between two looks at the rest of the event loop; about 3 ms
_REMEMBERED_S = 7 * 86_400  # a longer absence is skipped: the home slept


@dataclass(frozen=True, kw_only=True)
class DemoPorts:
    """Where to listen. 0 takes a free port; None does without this charger and its car."""

    meter: int = 15021
    inverter: int = 15022
    charger: int = 15023
    charger_2: int | None = 15024
    charger_3: int | None = 15025
    http: int = 15080

    @classmethod
    def free(cls) -> DemoPorts:
        """Return ports that are surely free."""
        return cls(meter=0, inverter=0, charger=0, charger_2=0, charger_3=0, http=0)

    @classmethod
    def counted_from(cls, first: int, http: int | None = None) -> DemoPorts:
        """Return a block: meter, inverter and chargers behind `first`, http sixty above it unless named."""
        return cls(
            meter=first + 1, inverter=first + 2, charger=first + 3, charger_2=first + 4, charger_3=first + 5,
            http=first + 60 if http is None else http,
        )  # fmt: skip

    def named(self) -> dict[str, int]:
        """Return the port of every Modbus device that is there."""
        wanted = {name: port for name, port in asdict(self).items() if name != "http"}
        return {name: port for name, port in wanted.items() if port is not None}


@dataclass(frozen=True, kw_only=True)
class DeviceAddress:
    """Where a device answers."""

    host: str
    port: int
    unit_id: int


@dataclass(frozen=True, kw_only=True)
class DemoAddresses:
    """Where everything answers."""

    meter: DeviceAddress
    inverter: DeviceAddress
    charger: DeviceAddress
    charger_2: DeviceAddress | None = None
    charger_3: DeviceAddress | None = None
    http: str

    def as_dict(self) -> dict[str, Any]:
        """Return the addresses as JSON."""
        return asdict(self)


class DemoHome:
    """A simulated home with real wires.

    Parameters
    ----------
    seed : Chooses the weather, the people and the prices. The same seed lives the same life.
    timezone : A tzinfo, or a name (which reads a file: not in an event loop that minds).
    clock : Seconds since the epoch; real time by default.
    state : What `state()` returned before a restart. ValueError where it is not ours.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        latitude: float = 48.21,
        longitude: float = 16.37,
        timezone: tzinfo | str = "Europe/Vienna",
        clock: Clock = real_clock,
        state: dict[str, Any] | None = None,
        plane: PvPlane | None = None,
    ) -> None:
        """Build the home; nothing listens yet."""
        zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
        self.clock = clock
        self.home = Home(
            seed=seed, latitude=latitude, longitude=longitude, zone=zone, start_s=clock(), plane=plane
        )
        self._zone = zone
        self._addresses: DemoAddresses | None = None
        self._living: asyncio.Task[None] | None = None
        if state is not None:
            self.restore(state)
        tables = {"meter": [abb_b23(self.home)], "inverter": [solaredge(self.home, clock)]}
        tables |= {point.spec.key: alfen(self.home, point, clock, zone) for point in self.home.points}
        self._devices = {name: DeviceServer(name, units, self.faults, seed) for name, units in tables.items()}
        self._http: HttpServer | None = None

    @property
    def faults(self) -> Faults:
        """What the devices suffer from."""
        return self.home.faults

    @property
    def addresses(self) -> DemoAddresses:
        """Where the devices answer; only while started."""
        if self._addresses is None:
            raise RuntimeError("demo home: not started")
        return self._addresses

    async def async_start(self, host: str = "127.0.0.1", ports: DemoPorts | None = None) -> None:
        """Open all ports and begin to live.

        Raises PortError, which names the port, when one is taken; nothing stays open then.
        """
        if self._addresses is not None:
            raise RuntimeError("demo home: already started")
        wanted = ports or DemoPorts()
        named = wanted.named()
        self.home.keep_points(named)
        await self._catch_up()
        self._http = HttpServer(self.home, self.clock, self._zone, self.faults, self.truth, self.play)
        try:
            opened = {name: await self._devices[name].start(host, port) for name, port in named.items()}
            http_port = await self._http.start(host, wanted.http)
        except BaseException:
            await self.async_stop()
            raise
        units = {"meter": METER_UNIT, "inverter": INVERTER_UNIT}
        found = {
            name: DeviceAddress(host=host, port=port, unit_id=units.get(name, SOCKET))
            for name, port in opened.items()
        }
        self._addresses = DemoAddresses(**found, http=f"http://{host}:{http_port}")
        self._living = asyncio.create_task(self._live(), name="demo home")

    async def async_stop(self) -> None:
        """Close every port and connection and wait until nothing is left. Stopping twice is fine."""
        self._addresses = None
        living, self._living = self._living, None
        if living is not None:
            living.cancel()
            with suppress(asyncio.CancelledError):
                await living
        for device in self._devices.values():
            await device.stop()
        http, self._http = self._http, None
        if http is not None:
            await http.stop()

    @property
    def condition(self) -> Condition:
        """What the street does to the home; kept by nobody, so that a restart heals."""
        return self.home.condition

    def play(self, condition: Condition) -> None:
        """Let the street do something else from now on; of the meter's faults, only the one played is healed."""
        if self.home.condition is Condition.METER_OFFLINE:
            self.faults.clear("meter")
        self.home.condition = condition
        if condition is Condition.METER_OFFLINE:
            self.faults.set("meter", Fault.REFUSE)

    def advance(self) -> None:
        """Live up to now at once. The running home does it by itself every second."""
        self.home.advance(self.clock())

    async def _live(self) -> None:
        """Keep up with the clock."""
        try:
            while True:
                await self._catch_up()
                await asyncio.sleep(TICK_S)
        except Exception:
            # Nobody awaits this task before the home stops: unsaid, the values would stand still unnoticed.
            _LOGGER.exception("Demo home: the simulation broke off, all values stand still from now on")

    async def _catch_up(self) -> None:
        """Live up to now, coming up for air where there is much to catch up with."""
        now_s = self.clock()
        while not self.home.advance(now_s, at_most=_BREATH):  # noqa: ASYNC110  (it is work, not waiting)
            await asyncio.sleep(0)

    def state(self) -> dict[str, Any]:
        """Return what has to survive a restart, as JSON."""
        return self.home.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a stored life. What happened since is caught up with on starting, or by `advance`.

        The people went on living while nobody looked, so counters never run backwards and the battery is not
        where it was. An absence of more than a week is skipped but for its last week.
        """
        self.home.restore(state)
        now_s = self.clock()
        self.home.skip_to(max(self.home.at_s, int(now_s) - _REMEMBERED_S))
        if self.home.at_s >= now_s:
            self.home.skip_to(int(now_s) - 1)  # the clock was set back

    def truth(self) -> dict[str, Any]:
        """Return what really is, as JSON, for tests and the curious."""
        home = self.home
        now_s, snapshot = self.clock(), home.snapshot
        flows = snapshot.flows
        points = {point.spec.key: point_truth(point, now_s) for point in home.points}
        return {
            "now_s": now_s,
            "seed": home.seed,
            "addresses": self._addresses.as_dict() if self._addresses else None,
            **{key: value for key, value in asdict(snapshot).items() if key not in {"flows", "order"}},
            "grid_total_w": snapshot.grid_total_w,
            "household_total_w": sum(snapshot.household_w),
            "car_total_w": sum(snapshot.car_w),
            "pv_dc_w": flows.pv_w,
            "battery_dc_w": flows.battery_w,
            "inverter_ac_w": flows.ac_w,
            "battery": {"energy_wh": home.battery.energy_wh, "soc_pct": 100 * home.battery.soc},
            "inverter": {
                "mode": snapshot.order.mode.name.lower(),
                "lease_remaining_s": home.inverter.remaining_s(now_s),
                "limit_w": home.inverter.limit_w(now_s),
            },
            **points,
            "energy_wh": self._energies(),
            "faults": self.faults.as_dict(),
            "condition": self.condition,
        }

    def _energies(self) -> dict[str, float]:
        home = self.home
        return {
            "grid_import": home.meter.import_wh,
            "grid_export": home.meter.export_wh,
            "household": home.household_wh,
            **{point.spec.key: sum(point.charger.energy_wh) for point in home.points},
            "pv": home.inverter.pv_wh,
            "battery_in": home.inverter.battery_in_wh,
            "battery_out": home.inverter.battery_out_wh,
            "inverter_out": home.inverter.ac_out_wh,
        }
