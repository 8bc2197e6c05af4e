"""What entities about the guard have in common: whose they are, and that they write only what is news."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .adapters.decision_view import as_told
from .channel import Channel
from .const import DOMAIN, OPERATION_ACTIVE
from .coordinators.guard import GuardCoordinator, GuardState
from .engine.control.circuit import Circuit
from .engine.control.decision import Decision
from .entity import device_info, site_device_info
from .runtime import EmsConfigEntry
from .site_device import SiteDevice

# A power that follows the load moves with every look; a chart needs no more of it than this. [s]
NUMBERS_APART_S: Final = 30.0
# Nobody would miss less. [kW, s]
_NOISE: Final = 0.1
_NOISE_SHARE: Final = 0.05


class News:
    """What was written last. Words are news at once, numbers now and then."""

    def __init__(self) -> None:
        """Nothing was written yet."""
        self._words: Hashable = None
        self._numbers: tuple[float | None, ...] = ()
        self._at_s = float("-inf")

    def is_there(self, words: Hashable, numbers: Iterable[float | None], now_s: float) -> bool:
        """Tell whether to write, and remember what was written. The same words have the same numbers of numbers."""
        given = tuple(numbers)
        if words == self._words and not self._have_moved(given, now_s):
            return False
        self._words, self._numbers, self._at_s = words, given, now_s
        return True

    def _have_moved(self, numbers: tuple[float | None, ...], now_s: float) -> bool:
        if self._at_s <= now_s < self._at_s + NUMBERS_APART_S:
            return False
        return any(_differ(before, now) for before, now in zip(self._numbers, numbers, strict=True))


def _differ(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is not now
    return abs(now - before) > max(_NOISE, _NOISE_SHARE * abs(before))


class GuardEntity(CoordinatorEntity[GuardCoordinator]):
    """Follows the guard, which looks every two seconds: not every look is a state."""

    _attr_has_entity_name = True

    def __init__(self, entry: EmsConfigEntry, key: str, owner: str, device: DeviceInfo) -> None:
        """Identify by what the entity is about."""
        super().__init__(entry.runtime_data.guard)
        self.entry = entry
        self._attr_translation_key = key
        self._attr_unique_id = f"{owner}_{key}"
        self._attr_device_info = device

    @property
    def state_now(self) -> GuardState:
        """Return what the guard saw and decided last."""
        return self.coordinator.data

    @property
    def is_active(self) -> bool:
        """Tell whether devices are told what is decided."""
        return self.entry.runtime_data.settings.operation == OPERATION_ACTIVE

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._look():
            self.async_write_ha_state()

    def _look(self) -> bool:
        """Take note of the guard's look, and tell whether there is news to show."""
        raise NotImplementedError


class SteeredEntity(GuardEntity):
    """About one device that the guard steers."""

    def __init__(self, entry: EmsConfigEntry, device: SiteDevice, key: str) -> None:
        """Belong to the device."""
        super().__init__(entry, key, device.subentry_id, device_info(entry, device))
        self.device = device

    @property
    def channel(self) -> Channel:
        """Return the device's channel."""
        return self.entry.runtime_data.dispatcher.channels[self.device.subentry_id]

    @property
    def decision(self) -> Decision | None:
        """Return what was decided last."""
        found = self.state_now.decisions.get(self.device.subentry_id)
        return None if found is None else as_told(found, self.channel)


class CircuitEntity(GuardEntity):
    """About one circuit: the connection is the home's, others have a device of their own."""

    def __init__(self, entry: EmsConfigEntry, circuit: Circuit, key: str) -> None:
        """Belong to the circuit."""
        has_own = circuit.key in entry.subentries
        owner = circuit.key if has_own else entry.entry_id
        device = _circuit_device(entry, circuit) if has_own else site_device_info(entry)
        super().__init__(entry, key, owner, device)
        self.key = circuit.key

    @property
    def circuit(self) -> Circuit | None:
        """Return the circuit as it is set up now."""
        return self.state_now.setup.tree.by_key.get(self.key)


def _circuit_device(entry: EmsConfigEntry, circuit: Circuit) -> DeviceInfo:
    return DeviceInfo(
        identifiers={(DOMAIN, circuit.key)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer="EMS",
        name=circuit.name,
        via_device_id=entry.runtime_data.site_device_id,
    )


def is_steered(entry: EmsConfigEntry, device: SiteDevice) -> bool:
    """Tell whether the guard decides for a device, and somebody can tell it."""
    setup = entry.runtime_data.guard.data.setup
    keys = {each.key for each in setup.chargers} | {each.key for each in setup.batteries}
    keys |= limited_arrays(entry)
    return device.actuator is not None and device.subentry_id in keys


def limited_arrays(entry: EmsConfigEntry) -> set[str]:
    """Return the arrays that can be held back."""
    return {each.key for each in entry.runtime_data.guard.data.setup.arrays if each.can_limit}


@callback
def async_add_for_circuits[E: Entity](
    entry: EmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[EmsConfigEntry, Circuit], list[E]],
) -> None:
    """Create the entities of every circuit, under its subentry where it has one."""
    for circuit in entry.runtime_data.guard.data.setup.tree.circuits:
        subentry_id = circuit.key if circuit.key in entry.subentries else None
        async_add_entities(make(entry, circuit), config_subentry_id=subentry_id)


def parted(values: Mapping[str, Any]) -> tuple[Hashable, tuple[float | None, ...]]:
    """Return words and numbers of attributes apart. A current is a word: every change of it was a command."""
    numbers = {key: value for key, value in values.items() if _is_number(key, value)}
    words = tuple((key, value) for key, value in values.items() if key not in numbers)
    return (words, tuple(numbers)), tuple(numbers.values())


def _is_number(key: str, value: object) -> bool:
    return isinstance(value, float) and not key.endswith("_a")
