"""Did a setpoint arrive? What EMS says it wrote, against what an independent client read before and after."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .wires import Snapshot

# A float passes two conversions to 32 bits on its way.
TOLERANCE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Setpoint:
    """One register: EMS' word for `written`, the independent client's for `before` and `read_back`."""

    device: str
    source: str  # who wanted it: the plan, or a person's override
    entity_id: str | None
    register: str
    unit: str | None
    before: float
    written: float
    read_back: float

    @property
    def proves(self) -> bool:
        """Return whether it shows a command that arrived: changed, not zero, and on the wire."""
        changed = abs(self.written - self.before) > TOLERANCE
        arrived = abs(self.written - self.read_back) <= TOLERANCE * max(1.0, abs(self.written))
        return changed and arrived and self.written != 0

    def as_dict(self) -> dict[str, Any]:
        """Return it for the summary."""
        return asdict(self)


def compare(
    device: str, source: str, writes: Iterable[Mapping[str, Any]], before: Snapshot, after: Snapshot
) -> list[Setpoint]:
    """Return the last write to each register that the independent client knows too."""
    latest = {write["register"]: write for write in writes}
    found = []
    for register, write in latest.items():
        address = int(register.rpartition("@")[2])
        if address in after:
            found.append(
                Setpoint(
                    device=device,
                    source=source,
                    entity_id=write["entity_id"],
                    register=register,
                    unit=write["unit"],
                    before=before[address],
                    written=float(write["written"]),
                    read_back=after[address],
                )
            )
    return found
