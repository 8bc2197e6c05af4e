"""Solar: what an installation will produce, from the sun, the weather, others' forecasts and its own past."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from ..local_time import Ints
from ..sampling import samples_of
from ..site import PvArray
from ..steps import Floats, Steps
from .expected import SLICES, Expected, expected_power
from .given_power import HOUR_S, GivenPower, hour_span, hourly_means
from .learned import Learned, filled, learn_from
from .panels import Panels, panels_of
from .production import CLEAR, MEASURED, ProductionRecord
from .result import Forecast
from .sky import SLICE_S, Place, Source
from .weather import Weather

SCHEMA: Final = 2
# An inverter at its limit says nothing about what the modules could do.
CLIPPED_SHARE: Final = 0.97
# The whole day of every step is looked at, and the hours beside it.
AROUND_H: Final = 27
NO_GIVEN: Final[Mapping[str, GivenPower]] = {}


class SolarForecaster:
    """Forecast of one installation: physics, corrected by what its own production has taught.

    Parameters
    ----------
    array : An array of the site, or several planes behind one inverter.
    place : Where it stands.
    """

    def __init__(self, array: PvArray | Panels, place: Place) -> None:
        """Begin with the physics alone."""
        self._panels = array if isinstance(array, Panels) else panels_of(array)
        self._place = place
        self._record = ProductionRecord()
        self._last: tuple[object, Learned] | None = None

    @property
    def factor(self) -> float:
        """Learned production over computed production, by energy; 1 before anything is learned."""
        return self._learned(self._record.end_hour, tuple(self._record.names())).factor

    @property
    def hours_learned(self) -> int:
        """How many hours of daylight there are to learn from."""
        return int(np.sum(np.isfinite(self._record.column(MEASURED)) & (self._record.column(CLEAR) > 0)))

    @property
    def place(self) -> Place:
        """Where the installation stands."""
        return self._place

    @property
    def panels(self) -> Panels:
        """What is forecast."""
        return self._panels

    @property
    def learned_until_s(self) -> float | None:
        """End of the last hour that was handed in; None before the first. [s since epoch]."""
        return self._record.end_hour * HOUR_S if self._record.columns else None

    def is_for(self, other: SolarForecaster) -> bool:
        """Tell whether another forecaster is for the same modules at the same place."""
        return self._panels == other.panels and self._place == other.place

    def forecast(
        self,
        issued_at_s: float,
        steps: Steps,
        weather: Weather,
        given: Mapping[str, GivenPower] = NO_GIVEN,
    ) -> Forecast:
        """Answer with mean and band of AC power before curtailment, shape (n,) each. [kW].

        Parameters
        ----------
        given : Forecasts that others have made of the same installation, by name. What each is worth here is
            learned; before that they count alike.

        `basis` names what most of it was computed from: "irradiance", "given", "cloud_cover" or "clear_sky".
        """
        first = int(steps.edges_s[0] // HOUR_S) - AROUND_H
        count = int(-(-steps.edges_s[-1] // HOUR_S)) + AROUND_H - first
        expected = expected_power(self._panels, self._place, first, count, weather, given)
        near = slice(AROUND_H, count - AROUND_H)
        names = tuple(name for name, kw in expected.series_kw.items() if np.isfinite(kw[near]).any())
        # Where nobody knows the weather, what was learned of level and shading still holds.
        learned = self._learned(int(issued_at_s // HOUR_S), names or self._best_known())
        quality = _quality(expected, names)
        rows = self._rows(expected, names, learned, quality)
        mean, p10, p50, p90 = self._over(steps, expected, learned.late_h, rows)
        return Forecast(
            issued_at_s=issued_at_s,
            steps=steps,
            mean=mean,
            p10=p10,
            p50=p50,
            p90=p90,
            basis=_basis(expected, quality),
        )

    def _rows(self, expected: Expected, names: tuple[str, ...], learned: Learned, quality: Ints) -> Floats:
        """Return mean, p10, p50 and p90 of each hour before the limit, shape (4, n). [kW]."""
        peak_kw = max(self._panels.peak_kw, 1e-9)
        clear = expected.clear_mean_kw / peak_kw
        series = {name: expected.series_kw[name] / peak_kw for name in names}
        power = learned.power(filled(expected.first_hour, clear, series, self._place, learned.habits))
        p10, p50, p90 = learned.band.quantiles(power, clear, quality)
        # A plane that faces away gets more from clouds than from a clear sky: the band holds that too.
        return np.stack([power, np.minimum(p10, power), p50, np.maximum(p90, power)]) * peak_kw

    def _over(self, steps: Steps, expected: Expected, late_h: float, rows: Floats) -> Floats:
        """Spread hours over their slices as the light is, limit them, and take means over steps."""
        courses = np.where((expected.source > Source.CLEAR_SKY)[:, None], expected.lit_kw, expected.clear_kw)
        courses = np.roll(courses.ravel(), round(late_h * SLICES)).reshape(-1, SLICES)
        level = courses.mean(axis=1)
        course = np.divide(courses, level[:, None], out=np.zeros_like(courses), where=level[:, None] > 1e-9)
        slices = np.clip(rows[:, :, None] * course[None], 0, self._panels.max_kw).reshape(len(rows), -1)
        samples = samples_of(steps, SLICE_S)
        index = ((samples.at_s - HOUR_S * expected.first_hour) // SLICE_S).astype(np.int64)
        return np.stack([samples.mean(row) for row in slices[:, index]])

    def learn(
        self,
        starts_s: ArrayLike,
        values_kw: ArrayLike,
        weather: Weather,
        given: Mapping[str, GivenPower] = NO_GIVEN,
        *,
        interval_s: float | None = None,
    ) -> None:
        """Remember measured production beside what the weather of those hours should have given.

        Give NaN where production was curtailed. Whole UTC hours are learned; an hour that is not known as a whole
        is not. Hours may come in any order and again, and the later word counts.
        """
        starts, values = np.asarray(starts_s, dtype=np.float64), np.asarray(values_kw, dtype=np.float64)
        first, count = hour_span(starts, interval_s)
        peak_kw = self._panels.peak_kw
        if count == 0 or peak_kw == 0:
            return
        measured = hourly_means(starts, values, interval_s, first, count)
        expected = expected_power(self._panels, self._place, first, count, weather, given)
        columns = {name: kw / peak_kw for name, kw in expected.series_kw.items()}
        clear = expected.clear_mean_kw / peak_kw
        columns |= {CLEAR: clear, MEASURED: np.where(self._clipped(expected), np.nan, measured) / peak_kw}
        self._record.add(first, columns)

    def _clipped(self, expected: Expected) -> Any:
        """Return the hours in which the inverter's limit was in the way, or should have been."""
        most = np.where(expected.source > Source.CLEAR_SKY, expected.lit_kw.max(axis=1), 0)
        for power in expected.series_kw.values():
            most = np.fmax(most, power)
        return most >= CLIPPED_SHARE * self._panels.max_kw

    def _learned(self, before_hour: int, names: tuple[str, ...]) -> Learned:
        """Return what was learned by an hour; once for all forecasts that know the same."""
        key = (self._record.changes, min(before_hour, self._record.end_hour), names)
        if self._last is None or self._last[0] != key:
            self._last = key, learn_from(self._record, before_hour, names, self._place)
        return self._last[1]

    def _best_known(self) -> tuple[str, ...]:
        """Return the source that most was learned with."""
        known = {name: np.isfinite(self._record.column(name)).sum() for name in self._record.names()}
        return (max(known, key=lambda name: known[name]),) if known else ()

    def state(self) -> dict[str, Any]:
        """Return everything learned in a form that JSON can hold."""
        return {"schema": SCHEMA, "panels": self._panels.fingerprint(), **self._record.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a stored state. Raises `ValueError` for one of another version or another roof."""
        if state.get("schema") != SCHEMA:
            raise ValueError(f"schema: {state.get('schema')!r} is not one this version can read")
        if state["panels"] != self._panels.fingerprint():
            raise ValueError("panels: what is stored was learned of other modules")
        self._record.restore(state)


def _quality(expected: Expected, names: tuple[str, ...]) -> Ints:
    """Return how good the best is that is known of each hour, as a `Source`; a given forecast counts as irradiance."""
    quality = np.full(len(expected.source), int(Source.CLEAR_SKY))
    cloudy = Source.CLOUD_COVER.name.lower()
    for name in names:
        kind = Source.CLOUD_COVER if name == cloudy else Source.IRRADIANCE
        quality = np.where(np.isfinite(expected.series_kw[name]), np.maximum(quality, int(kind)), quality)
    return quality


def _basis(expected: Expected, quality: Ints) -> str:
    """Return what most of the light was computed from, by day; at night, most of the time."""
    weight = expected.clear_mean_kw + 1e-6
    best = Source(int(np.argmax(np.bincount(quality, weights=weight, minlength=len(Source)))))
    if best == Source.IRRADIANCE and Source.IRRADIANCE.name.lower() not in expected.series_kw:
        return "given"
    return best.name.lower()
