"""Everything that goes wrong with devices in real homes, on demand."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
import math

DEVICES = ("meter", "inverter", "charger", "charger_2", "charger_3", "http")
REBOOT_S = 30.0


class Fault(StrEnum):
    """Ways to fail."""

    SILENT = "silent"  # accepts the connection and the request, never answers
    SLOW = "slow"  # answers after `seconds`
    GARBAGE = "garbage"  # answers with random registers (HTTP: with something that is not JSON)
    EXCEPTION = "exception"  # answers every request with exception `code` (HTTP: with status `code`)
    FROZEN = "frozen"  # answers, but measured values no longer change
    REFUSE = "refuse"  # closes every connection
    INVERTED = "inverted"  # the meter shows import as export and export as import
    IGNORES = "ignores"  # takes commands and goes on with what it did
    REBOOTS = "reboots"  # is gone for a while and forgets what it was told


_ONLY = {
    Fault.INVERTED: ("meter",),
    Fault.IGNORES: ("inverter", "charger", "charger_2", "charger_3"),
    Fault.REBOOTS: ("charger", "charger_2", "charger_3"),
}


@dataclass(frozen=True, kw_only=True)
class ActiveFault:
    """A fault with its particulars. Without an end it lasts until it is cleared."""

    kind: Fault
    seconds: float = 5.0
    code: int = 4
    lasts_s: float | None = None
    ends_s: float = math.inf

    @property
    def is_gone(self) -> bool:
        """Whether the device takes no connection."""
        return self.kind in {Fault.REFUSE, Fault.REBOOTS}


type Listener = Callable[[str, ActiveFault | None], None]


class Faults:
    """Which device suffers from what.

    Parameters
    ----------
    now : The home's time, by which faults end. [s since the epoch]
    """

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        """Begin healthy."""
        self.next_end_s = math.inf
        self._now = now
        self._active: dict[str, ActiveFault] = {}
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every change."""
        self._listeners.append(listener)

    def set(
        self,
        device: str,
        kind: Fault,
        *,
        seconds: float = 5.0,
        code: int | None = None,
        lasts_s: float | None = None,
    ) -> None:
        """Make a device fail, until it is cleared or for a while.

        Parameters
        ----------
        device : One of `DEVICES`; ValueError where it is not, or where it cannot fail like this.
        seconds : Delay of a slow device. [s]
        code : Modbus exception (default 4, device failure) or HTTP status (default 503).
        lasts_s : After how long it heals by itself. A reboot takes 30 s where nothing else is said. [s]
        """
        kind = Fault(kind)
        if device not in DEVICES:
            raise ValueError(f"device: {device!r} is none of {', '.join(DEVICES)}")
        if device not in _ONLY.get(kind, DEVICES):
            raise ValueError(f"fault: {kind} happens only to {', '.join(_ONLY[kind])}, not to {device}")
        if lasts_s is not None and not lasts_s > 0:
            raise ValueError(f"lasts_s: {lasts_s!r} is not above 0")
        if code is None:
            code = 503 if device == "http" else 4
        if kind is Fault.REBOOTS and lasts_s is None:
            lasts_s = REBOOT_S
        ends_s = math.inf if lasts_s is None else self._now() + lasts_s
        fault = ActiveFault(kind=kind, seconds=seconds, code=code, lasts_s=lasts_s, ends_s=ends_s)
        self._change(device, fault)

    def clear(self, device: str | None = None) -> None:
        """Heal one device, or all."""
        for name in [device] if device else list(self._active):
            if name in self._active:
                self._change(name, None)

    def expire(self, now_s: float) -> None:
        """Heal whatever has lasted long enough."""
        for name, fault in list(self._active.items()):
            if fault.ends_s <= now_s:
                self._change(name, None)

    def get(self, device: str) -> ActiveFault | None:
        """Return what a device suffers from."""
        return self._active.get(device)

    def is_on(self, device: str, kind: Fault) -> bool:
        """Return whether a device suffers from just this."""
        fault = self._active.get(device)
        return fault is not None and fault.kind is kind

    def as_dict(self) -> dict[str, str]:
        """Return device → fault, for /demo/state."""
        return {device: fault.kind.value for device, fault in self._active.items()}

    def _change(self, device: str, fault: ActiveFault | None) -> None:
        if fault is None:
            del self._active[device]
        else:
            self._active[device] = fault
        self.next_end_s = min((each.ends_s for each in self._active.values()), default=math.inf)
        for listener in self._listeners:
            listener(device, fault)
