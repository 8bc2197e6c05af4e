"""From light on the modules to AC power."""

import numpy as np

from ..site import PvArray
from ..steps import Floats

STANDARD_W_M2, STANDARD_C = 1000.0, 25.0
POWER_PER_K = -0.0037  # crystalline silicon of the last ten years, per kelvin above 25 °C
# A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014: soiling, mismatch, wiring, ageing … 14 %,
# of which its 3 % for shading are left to what is learned; and its nominal inverter.
SYSTEM_EFFICIENCY = (1 - 0.14) / (1 - 0.03)
INVERTER_EFFICIENCY = 0.96
WIND_M_S = 1.0  # at the modules; weather services report it ten metres up, over open land


def cell_temperature(outdoor_c: Floats, plane_w_m2: Floats, wind_m_s: float = WIND_M_S) -> Floats:
    """Return the cells' temperature. [°C].

    References
    ----------
    D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules", Progress in
    Photovoltaics 16(4), 2008: u₀ = 25 W/(m²·K), u₁ = 6.84 W·s/(m³·K).
    """
    return np.asarray(outdoor_c + plane_w_m2 / (25.0 + 6.84 * wind_m_s))


def power_max_kw(array: PvArray) -> float:
    """Return what an array can deliver at most: its nameplate or its inverter. [kW]."""
    return array.peak_kw if array.inverter_max_kw is None else min(array.peak_kw, array.inverter_max_kw)


def unclipped_kw(array: PvArray, plane_w_m2: Floats, outdoor_c: Floats) -> Floats:
    """Return AC power before the inverter's limit. [kW].

    P = peak · G/1000 · (1 + γ·(T - 25)) · η, with the linear temperature coefficient of PVWatts.
    """
    warm = 1 + POWER_PER_K * (cell_temperature(outdoor_c, plane_w_m2) - STANDARD_C)
    efficiency = SYSTEM_EFFICIENCY * INVERTER_EFFICIENCY
    return np.maximum(array.peak_kw * plane_w_m2 / STANDARD_W_M2 * warm * efficiency, 0)
