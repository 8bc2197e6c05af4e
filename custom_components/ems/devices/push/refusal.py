"""Why a report was not taken: in words that name the field and the remedy."""

from enum import StrEnum

from ..errors import DeviceError


class Refusal(StrEnum):
    """What kind of fault it is; it decides the status of the answer."""

    INVALID = "invalid"  # it cannot be understood, or no home has such values
    REPEATED = "repeated"  # it was here before, or is older than what was here


class PushRefusedError(DeviceError):
    """A report that was not taken. Nothing of it was kept."""

    def __init__(
        self, message: str, *, remedy: str, field: str | None = None, kind: Refusal = Refusal.INVALID
    ) -> None:
        """Keep what the answer says."""
        super().__init__(message)
        self.field, self.remedy, self.kind = field, remedy, kind
