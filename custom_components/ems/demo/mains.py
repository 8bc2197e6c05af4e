"""The street: voltages, frequency, and the meter at the connection."""

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from .noise import smooth

type Floats = NDArray[np.float64]
type Phases = tuple[float, float, float]

HOUR_S = 3600.0
NOMINAL_V = 230.0
NOMINAL_HZ = 50.0
_VOLTAGE, _FREQUENCY, _ERROR = 50, 60, 65  # channels of the noise


def voltages_v(seed: int, at_s: Floats) -> list[Floats]:
    """Return the three voltages, each shape (n,). [V]."""
    common = 1.8 * smooth(seed, _VOLTAGE, at_s, 5400.0)
    return [NOMINAL_V + 1.5 + common + 0.9 * smooth(seed, _VOLTAGE + 1 + i, at_s, 600.0) for i in range(3)]


def frequency_hz(seed: int, at_s: Floats) -> Floats:
    """Return the frequency, shape (n,). [Hz]."""
    return NOMINAL_HZ + 0.015 * smooth(seed, _FREQUENCY, at_s, 120.0)


def transformer_error_w(seed: int, at_s: Floats) -> Floats:
    """Return by how much the inverter misjudges the load, so that no home ever sits at exactly zero. [W]."""
    return 12.0 * smooth(seed, _ERROR, at_s, 25.0)


@dataclass(kw_only=True)
class MeterCounters:
    """What the meter at the connection has counted; the total nets the phases, as in billing. [Wh]."""

    import_wh: float = 9_345_678.0
    export_wh: float = 7_654_321.0
    phase_import_wh: Phases = (3_600_000.0, 3_400_000.0, 3_500_000.0)
    phase_export_wh: Phases = (2_700_000.0, 2_900_000.0, 2_800_000.0)

    def count(self, phase_w: Phases, step_s: float) -> None:
        """Add one step. Import is positive."""
        hours = step_s / HOUR_S
        total_wh = sum(phase_w) * hours
        self.import_wh += max(total_wh, 0.0)
        self.export_wh += max(-total_wh, 0.0)
        self.phase_import_wh = _added(self.phase_import_wh, phase_w, hours)
        self.phase_export_wh = _added(self.phase_export_wh, (-phase_w[0], -phase_w[1], -phase_w[2]), hours)


def _added(counts: Phases, power_w: Phases, hours: float) -> Phases:
    a, b, c = (count + max(power, 0.0) * hours for count, power in zip(counts, power_w, strict=True))
    return a, b, c


def apparent_va(active_w: float, reactive_var: float) -> float:
    """Return the apparent power. [VA]."""
    return math.hypot(active_w, reactive_var)
