"""From light on the modules to AC power."""

import numpy as np

from ..steps import Floats

STANDARD_W_M2, STANDARD_C = 1000.0, 25.0
POWER_PER_K = -0.0037  # crystalline silicon of the last ten years, per kelvin above 25 °C
# A. P. Dobos, "PVWatts Version 5 Manual", NREL/TP-6A20-62641, 2014: soiling, mismatch, wiring, ageing … 14 %,
# of which its 3 % for shading are left to what is learned; and its nominal inverter.
LOSS_SHARE = 1 - (1 - 0.14) / (1 - 0.03)
INVERTER_EFFICIENCY = 0.96
# That inverter was fitted to one of this efficiency.
_REFERENCE_EFFICIENCY = 0.9637
WIND_M_S = 1.0  # at the modules; weather services report it ten metres up, over open land


def cell_temperature(outdoor_c: Floats, plane_w_m2: Floats, wind_m_s: float = WIND_M_S) -> Floats:
    """Return the cells' temperature. [°C].

    References
    ----------
    D. Faiman, "Assessing the outdoor operating temperature of photovoltaic modules", Progress in
    Photovoltaics 16(4), 2008: u₀ = 25 W/(m²·K), u₁ = 6.84 W·s/(m³·K).
    """
    return np.asarray(outdoor_c + plane_w_m2 / (25.0 + 6.84 * wind_m_s))


def dc_kw(peak_kw: float, plane_w_m2: Floats, outdoor_c: Floats, loss_share: float = LOSS_SHARE) -> Floats:
    """Return what modules deliver at the inverter's DC side. [kW].

    P = peak · G/1000 · (1 + γ·(T - 25)) · (1 - losses), with the linear temperature coefficient of PVWatts.
    """
    warm = 1 + POWER_PER_K * (cell_temperature(outdoor_c, plane_w_m2) - STANDARD_C)
    return np.asarray(np.maximum(peak_kw * plane_w_m2 / STANDARD_W_M2 * warm * (1 - loss_share), 0))


def inverted_kw(direct_kw: Floats, inverter_kw: float, efficiency: float = INVERTER_EFFICIENCY) -> Floats:
    """Return an inverter's AC power before its limit, which is `inverter_kw`. [kW].

    Beyond the limit the efficiency stays that of full load, so that what is cut off can be told.

    References
    ----------
    A. P. Dobos, PVWatts Version 5, equation 11: η = η_nom/0.9637 · (-0.0162·ζ - 0.0059/ζ + 0.9858) with ζ the
    DC power over that of full load.
    """
    full_kw = inverter_kw / efficiency
    load = np.minimum(direct_kw / max(full_kw, 1e-9), 1.0)
    spread = -0.0162 * load - 0.0059 / np.maximum(load, 1e-6) + 0.9858
    return np.asarray(np.maximum(direct_kw * efficiency / _REFERENCE_EFFICIENCY * spread, 0))
