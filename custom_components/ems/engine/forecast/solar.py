"""Solar: what an array will produce, from the sun, the weather and its own past."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import Ints
from ..site import PvArray
from ..steps import Bools, Floats, Steps
from .irradiance import plane_irradiance
from .module import power_max_kw, unclipped_kw
from .result import Forecast
from .series import closed_series
from .sky import Place, Sky, Source, sky_over
from .weather import Weather

SCHEMA = 1
# What became of a forecast of irradiance: quantiles of the measured share of the clear sky's power, by the
# share that was forecast. Measured (docs/forecasts.md); clouds are most uncertain in the middle.
SHARES = np.array([0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.05])
SHARE_QUANTILES = np.array([
    [0.01, 0.02, 0.05, 0.07, 0.11, 0.13, 0.16, 0.21, 0.26, 0.30, 0.35, 0.40],
    [0.04, 0.07, 0.15, 0.23, 0.31, 0.41, 0.49, 0.58, 0.65, 0.73, 0.86, 0.95],
    [0.15, 0.24, 0.42, 0.55, 0.69, 0.82, 0.88, 0.93, 0.96, 0.98, 1.02, 1.10],
])  # fmt: skip
# What becomes of a clear sky about which nobody has said anything, likewise measured.
NO_WEATHER_MEAN, NO_WEATHER_QUANTILES = 0.57, np.array([0.10, 0.52, 0.97])
# Cloud cover says less than irradiance: its band is moved this far towards that of knowing nothing.
CLOUD_COVER_DOUBT = 0.4

# The learned factor: production over forecast, by energy. It starts from 1 with the weight of five hours at
# the nameplate, so one odd day cannot move it far, and stays where dirt, shading and a wrong nameplate can
# explain it.
FACTOR_HALF_LIFE_S = 14 * 86400.0
FACTOR_PRIOR_H = 5.0
FACTOR_MIN, FACTOR_MAX = 0.5, 1.3
# An inverter at its limit says nothing about what the modules could do.
CLIPPED_SHARE = 0.97


def _band(share: Floats, source: Ints) -> Floats:
    """Return the quantiles of the clear sky's share by the forecast share and its source, shape (3, n)."""
    given = np.stack([np.interp(share, SHARES, row) for row in SHARE_QUANTILES])
    doubt = np.choose(source, [1.0, CLOUD_COVER_DOUBT, 0.0])
    return np.asarray((1 - doubt) * given + doubt * NO_WEATHER_QUANTILES[:, None])


class SolarForecaster:
    """Forecast of one array: physics with a factor learned from its own production.

    Parameters
    ----------
    array : The array.
    place : Where it stands.
    """

    def __init__(self, array: PvArray, place: Place) -> None:
        """Begin with the physics alone."""
        self._array = array
        self._place = place
        self._measured_kwh = 0.0
        self._expected_kwh = 0.0
        self._learned_until_s = -np.inf

    @property
    def factor(self) -> float:
        """Learned production over computed production."""
        prior_kwh = self._array.peak_kw * FACTOR_PRIOR_H
        if prior_kwh == 0:
            return 1.0
        ratio = (self._measured_kwh + prior_kwh) / (self._expected_kwh + prior_kwh)
        return float(np.clip(ratio, FACTOR_MIN, FACTOR_MAX))

    def forecast(self, issued_at_s: float, steps: Steps, weather: Weather) -> Forecast:
        """Answer with mean and band of AC power before curtailment, shape (n,) each. [kW].

        `basis` names what most of the light was computed from: "irradiance", "cloud_cover" or "clear_sky".
        """
        sky = sky_over(steps, self._place, weather)
        power, clear = self._unclipped(sky)
        power = np.where(sky.source == Source.CLEAR_SKY, NO_WEATHER_MEAN * power, power)
        limit = power_max_kw(self._array)
        mean = sky.samples.mean(np.minimum(power, limit))
        clear_mean = sky.samples.mean(clear)
        share = sky.samples.mean(power) / np.maximum(clear_mean, 1e-9)
        worst = np.minimum.reduceat(sky.source, sky.samples.firsts)
        p10, p50, p90 = np.minimum(np.sort(_band(share, worst), axis=0) * clear_mean, limit)
        return Forecast(
            issued_at_s=issued_at_s,
            steps=steps,
            mean=mean,
            # A plane that faces away gets more from clouds than from a clear sky: the band holds that too.
            p10=np.minimum(p10, mean),
            p50=p50,
            p90=np.maximum(p90, mean),
            basis=_basis(sky),
        )

    def learn(
        self,
        starts_s: ArrayLike,
        values_kw: ArrayLike,
        weather: Weather,
        *,
        interval_s: float | None = None,
    ) -> None:
        """Compare measured production with what the weather of those hours should have given.

        Give NaN where production was curtailed. Time goes forward: what begins before the end of what was
        learned is not learned again, so whole histories may be handed in repeatedly.
        """
        at_s, measured = closed_series(starts_s, values_kw, interval_s)
        if len(at_s) < 2 or at_s[-1] <= self._learned_until_s:
            return
        steps = Steps(edges_s=at_s)
        sky = sky_over(steps, self._place, weather)
        expected = sky.samples.mean(self._unclipped(sky, factor=1.0)[0])
        known = np.minimum.reduceat(sky.source, sky.samples.firsts) > Source.CLEAR_SKY
        free = expected < CLIPPED_SHARE * power_max_kw(self._array)
        new = steps.starts_s >= self._learned_until_s
        self._account(steps, measured[:-1], expected, known & free & new)

    def _account(self, steps: Steps, measured: Floats, expected: Floats, usable: Bools) -> None:
        """Age the sums to the end of what is new and usable, and add it."""
        usable = usable & np.isfinite(measured) & (expected > 0)
        if not usable.any():
            return
        end_s = float(steps.edges_s[1:][usable].max())
        if np.isfinite(self._learned_until_s):
            kept = 0.5 ** ((end_s - self._learned_until_s) / FACTOR_HALF_LIFE_S)
            self._measured_kwh, self._expected_kwh = self._measured_kwh * kept, self._expected_kwh * kept
        weight = (0.5 ** ((end_s - steps.edges_s[1:]) / FACTOR_HALF_LIFE_S) * steps.hours)[usable]
        self._measured_kwh += float(weight @ measured[usable])
        self._expected_kwh += float(weight @ expected[usable])
        self._learned_until_s = end_s

    def _unclipped(self, sky: Sky, factor: float | None = None) -> tuple[Floats, Floats]:
        """Return AC power before the inverter's limit at the samples: as expected, and with a clear sky."""
        gain = self.factor if factor is None else factor
        tilt_deg, azimuth_deg = self._array.tilt_deg, self._array.azimuth_deg
        planes = (plane_irradiance(light, sky.sun, tilt_deg, azimuth_deg) for light in (sky.light, sky.clear))
        lit, clear = (gain * unclipped_kw(self._array, plane, sky.outdoor_c) for plane in planes)
        return lit, clear

    def state(self) -> dict[str, Any]:
        """Return everything learned in a form that JSON can hold."""
        until = self._learned_until_s
        return {
            "schema": SCHEMA,
            "measured_kwh": self._measured_kwh,
            "expected_kwh": self._expected_kwh,
            "learned_until_s": until if np.isfinite(until) else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a stored state."""
        if state.get("schema") != SCHEMA:
            raise ValueError(f"schema: {state.get('schema')!r} is not one this version can read")
        until = state["learned_until_s"]
        self._measured_kwh, self._expected_kwh = float(state["measured_kwh"]), float(state["expected_kwh"])
        self._learned_until_s = -np.inf if until is None else float(until)


def _basis(sky: Sky) -> str:
    """Return what most of the light was computed from, by day; at night, most of the time."""
    weight = sky.clear.ghi + 1e-6
    source = int(np.argmax(np.bincount(sky.source, weights=weight, minlength=len(Source))))
    return Source(source).name.lower()
