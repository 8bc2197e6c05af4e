"""What a circuit still leaves, whether its meter is believed, and for how long it was above its limit."""

from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfElectricCurrent, UnitOfTime
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.util import dt as dt_util

from .engine.control.circuit import Circuit
from .engine.control.freshness import Trust
from .engine.control.headroom import Headroom, headroom
from .engine.control.overload import Overload
from .guard_entity import CircuitEntity, News
from .guard_tracker import OverloadTracker, is_believed
from .publishing import Noise, Publisher
from .runtime import EmsConfigEntry

# A kettle is four ampere; what is less moves all the time.
_NOISE: Final = Noise(absolute=1.0)


class FreeCurrent(CircuitEntity, SensorEntity):
    """How much more current the tightest phase carries. Below 0 the fuse is overloaded."""

    _attr_device_class = SensorDeviceClass.CURRENT
    _attr_native_unit_of_measurement = UnitOfElectricCurrent.AMPERE
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 1
    _unrecorded_attributes = frozenset({"l1_a", "l2_a", "l3_a", "power_kw", "limit_a"})

    def __init__(self, entry: EmsConfigEntry, circuit: Circuit) -> None:
        """Initialize the sensor."""
        super().__init__(entry, circuit, "free_current")
        self._publisher = Publisher(_NOISE)

    @override
    def _look(self) -> bool:
        return self._publisher.is_worth_it(self.native_value, available=self.available)

    @property
    def _room(self) -> Headroom | None:
        state, circuit = self.state_now, self.circuit
        if circuit is None or state.snapshot is None:
            return None
        return headroom(state.setup, state.snapshot, circuit, is_believed=is_believed(state, circuit.key))

    @property
    @override
    def native_value(self) -> float | None:
        """Return the room of the tightest phase; unknown while nobody knows what flows."""
        room = self._room
        return None if room is None or room.least_a is None else round(room.least_a, 1)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return each phase, the fuse, what a limit on power leaves, and whether the meter is believed."""
        room, circuit = self._room, self.circuit
        phases = room.phases if room else {}
        return {
            **{f"l{phase}_a": None if amps is None else round(amps, 1) for phase, amps in phases.items()},
            "limit_a": circuit.limit_a if circuit else None,
            "power_kw": None if room is None or room.power_kw is None else round(room.power_kw, 2),
            "trust": self.state_now.trusts.get(self.key) if circuit and circuit.is_metered else None,
        }


class MeterTrust(CircuitEntity, SensorEntity):
    """How far the word of a circuit's meter counts."""

    _attr_device_class = SensorDeviceClass.ENUM
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry, circuit: Circuit) -> None:
        """Initialize the sensor."""
        super().__init__(entry, circuit, "meter_trust")
        self._attr_options = [trust.value for trust in Trust]
        self._written: str | None = None

    @override
    def _look(self) -> bool:
        before, self._written = self._written, self.native_value
        return before != self._written

    @property
    @override
    def native_value(self) -> str | None:
        """Return what the guard thinks of it."""
        return self.state_now.trusts.get(self.key)


class OverloadTime(CircuitEntity, RestoreEntity, SensorEntity):
    """Seconds above the limit since midnight."""

    _attr_device_class = SensorDeviceClass.DURATION
    _attr_native_unit_of_measurement = UnitOfTime.SECONDS
    _attr_state_class = SensorStateClass.TOTAL_INCREASING
    _attr_suggested_display_precision = 0
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: EmsConfigEntry, circuit: Circuit) -> None:
        """Initialize the sensor."""
        super().__init__(entry, circuit, "overload_time")
        self._tracker, self._news = OverloadTracker(circuit.key), News()

    @override
    async def async_added_to_hass(self) -> None:
        """Go on with today's seconds."""
        await super().async_added_to_hass()
        last, today = await self.async_get_last_state(), dt_util.now().date().isoformat()
        if last is None or last.attributes.get("day") != today:
            return
        try:
            seconds = float(last.state)
        except ValueError:
            return  # it was unknown
        most_a = last.attributes.get("most_a")
        self._tracker.overload = Overload(day=today, seconds=seconds, most_a=most_a)

    @override
    def _look(self) -> bool:
        self._tracker.look(self.state_now)
        found, now_s = self._tracker.overload, self.state_now.at.timestamp()
        return self._news.is_there((found.day, found.is_over), (found.seconds,), now_s)

    @property
    @override
    def native_value(self) -> float | None:
        """Return today's seconds; unknown until the guard has looked."""
        found = self._tracker.overload
        return round(found.seconds, 1) if found.day else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return which day that is, and how far above at the worst."""
        found = self._tracker.overload
        return {"day": found.day, "most_a": None if found.most_a is None else round(found.most_a, 1)}


def circuit_sensors(entry: EmsConfigEntry, circuit: Circuit) -> list[SensorEntity]:
    """Return the sensors of a circuit."""
    trust = [MeterTrust(entry, circuit)] if circuit.is_metered else []
    return [FreeCurrent(entry, circuit), *trust, OverloadTime(entry, circuit)]
