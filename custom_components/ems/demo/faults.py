"""Everything that goes wrong with devices in real homes, on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

DEVICES = ("meter", "inverter", "charger", "http")


class Fault(StrEnum):
    """Ways to fail."""

    SILENT = "silent"  # accepts the connection and the request, never answers
    SLOW = "slow"  # answers after `seconds`
    GARBAGE = "garbage"  # answers with random registers (HTTP: with something that is not JSON)
    EXCEPTION = "exception"  # answers every request with exception `code` (HTTP: with status `code`)
    FROZEN = "frozen"  # answers, but measured values no longer change
    REFUSE = "refuse"  # closes every connection


@dataclass(frozen=True, kw_only=True)
class ActiveFault:
    """A fault with its particulars."""

    kind: Fault
    seconds: float = 5.0
    code: int = 4


class Faults:
    """Which device suffers from what."""

    def __init__(self) -> None:
        """Begin healthy."""
        self._active: dict[str, ActiveFault] = {}
        self._listeners: list[Callable[[str, ActiveFault | None], None]] = []

    def listen(self, listener: Callable[[str, ActiveFault | None], None]) -> None:
        """Tell `listener` of every change."""
        self._listeners.append(listener)

    def set(self, device: str, kind: Fault, *, seconds: float = 5.0, code: int | None = None) -> None:
        """Make a device fail until it is cleared.

        Parameters
        ----------
        device : "meter", "inverter", "charger" or "http".
        seconds : Delay of a slow device. [s]
        code : Modbus exception (default 4, device failure) or HTTP status (default 503).
        """
        if device not in DEVICES:
            raise ValueError(f"device: {device!r} is none of {', '.join(DEVICES)}")
        default = 503 if device == "http" else 4
        self._change(
            device, ActiveFault(kind=Fault(kind), seconds=seconds, code=default if code is None else code)
        )

    def clear(self, device: str | None = None) -> None:
        """Heal one device, or all."""
        for name in [device] if device else list(self._active):
            if name in self._active:
                self._change(name, None)

    def get(self, device: str) -> ActiveFault | None:
        """Return what a device suffers from."""
        return self._active.get(device)

    def as_dict(self) -> dict[str, str]:
        """Return device → fault, for /demo/state."""
        return {device: fault.kind.value for device, fault in self._active.items()}

    def _change(self, device: str, fault: ActiveFault | None) -> None:
        if fault is None:
            del self._active[device]
        else:
            self._active[device] = fault
        for listener in self._listeners:
            listener(device, fault)
