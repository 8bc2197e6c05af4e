"""What a device can be told. The same words from the plan to the register."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DeviceCommand:
    """One instruction for one role of a device.

    mode : "automatic", "hold", "charge", "discharge" (battery); "off", "charge", "discharge" (charger);
        "automatic", "limit" (pv); "off", "on", "stay_on" (load).
    power_w : Magnitude for charge, discharge, limit and on, ≥ 0. [W]
    current_a : Per-phase limit for chargers. [A]
    phases : On how many phases a charger is to charge, for those that can choose; None leaves them as they are.
    """

    role: str
    mode: str
    power_w: float | None = None
    current_a: float | None = None
    phases: int | None = None


@dataclass(frozen=True, kw_only=True)
class RegisterWrite:
    """One register or field that was written, as proof: what was there, what was sent, what came back."""

    point: str
    address: int | str
    unit: str | None
    before: float | None
    written: float
    read_back: float | None
