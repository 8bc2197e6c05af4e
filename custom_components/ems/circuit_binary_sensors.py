"""Whether a circuit holds something back now."""

from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity

from .adapters.decision_view import holder_of, limit_of
from .engine.control.circuit import Circuit
from .guard_entity import CircuitEntity
from .runtime import EmsConfigEntry


class Limited(CircuitEntity, BinarySensorEntity):
    """On while a device would get more if this circuit let it."""

    def __init__(self, entry: EmsConfigEntry, circuit: Circuit) -> None:
        """Initialize the sensor."""
        super().__init__(entry, circuit, "limited")
        self._written: object = None

    @override
    def _look(self) -> bool:
        before, self._written = self._written, self._held
        return before != self._written

    @property
    def _held(self) -> tuple[tuple[str, str], ...] | None:
        """Return who is held back by what; None before the guard has looked."""
        if self.state_now.snapshot is None:
            return None
        devices = self.entry.runtime_data.devices
        return tuple(
            sorted(
                (devices[key].name, limit_of(decision) or "")
                for key, decision in self.state_now.decisions.items()
                if holder_of(decision) == self.key
            )
        )

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether anything is held back."""
        return None if self._held is None else bool(self._held)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return who, and by what kind of limit."""
        return {
            "devices": [name for name, _ in self._held or ()],
            "limited_by": sorted({kind for _, kind in self._held or ()}),
        }


def circuit_binary_sensors(entry: EmsConfigEntry, circuit: Circuit) -> list[BinarySensorEntity]:
    """Return the binary sensors of a circuit."""
    return [Limited(entry, circuit)]
