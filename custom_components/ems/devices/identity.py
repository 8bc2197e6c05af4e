"""Who a device says it is."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a device reported about itself. None where its map has no such point.

    roles : Which of the profile's roles are there: an inverter may have no battery and no meter wired to it.
    """

    manufacturer: str
    model: str | None
    serial: str | None
    firmware: str | None
    roles: tuple[str, ...]
